"""A real browser: Chromium without a window, driven by Selenium, for the pages that people open.

Both programs come from the system, never from the network: on Debian
``apt-get install chromium chromium-driver``. Without them these tests are skipped, or fail where
the environment says ``MMM_BAYES_BROWSER=require``, as ``.ci/run`` does.
"""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

# What would speak to the network, ask a question or need a screen is off. Only this machine has a
# name: a request that a page makes elsewhere is recorded, and goes nowhere.
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--window-size=1280,900",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Chrome]":
    """One browser for all tests, with a fresh profile; it records its console and its requests.

    A test opens its own address and leaves no emulation (of a screen, of print) behind:
    ``browser.get_log("browser")`` is the console, ``browser.get_log("performance")`` the events
    of the developer tools, among them ``Network.requestWillBeSent``; each call empties its log.
    """
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        reason = "needs chromium and chromedriver (Debian: apt-get install chromium-driver)"
        if os.environ.get("MMM_BAYES_BROWSER") == "require":
            pytest.fail(reason)
        pytest.skip(reason)

    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(executable_path=driver))
    try:
        chrome.get("about:blank")  # away from the new tab's page, which makes requests of its own
        chrome.get_log("performance")
        yield chrome
    finally:
        chrome.quit()
