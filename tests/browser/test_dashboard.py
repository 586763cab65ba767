"""The dashboard in a browser: sliders answer, tables come out whole, nothing leaves the machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

import pages
import pandas as pd
import pytest

WAIT = 120  # seconds, on a busy machine


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return pages.save(tmp_path_factory.mktemp("runs") / "weekly", "partial_mediation")


@pytest.fixture(scope="module")
def address(page, tmp_path_factory):
    """Where the command serves the run, with an empty home that it must leave so."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from mmm_bayes.cli import main; main()", "dashboard"]
    served = subprocess.Popen(
        [*command, str(page.folder), "--port", str(port), "--headless"],
        env=os.environ | {"HOME": str(home)},
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: served.poll() is not None or healthy(port))
        assert served.poll() is None, served.communicate()[0]
        yield f"http://localhost:{port}/"
    finally:
        served.send_signal(signal.SIGTERM)
        output, _ = served.communicate(timeout=WAIT)
    line = f"{page.folder} is served at http://localhost:{port}/ until stopped with Ctrl+C"
    assert output.splitlines() == [line, "  Stopping..."]
    assert not (home / ".streamlit").exists()


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health") as answer:
            return answer.status == 200
    except OSError:
        return False


def until(condition):
    """Wait until a condition is true; returns its value."""
    end = time.monotonic() + WAIT
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)
    return value


def text(browser, selector):
    """Texts of all elements at a selector, at once."""
    script = "return [...document.querySelectorAll(arguments[0])].map(one => one.innerText)"
    return browser.execute_script(script, selector)


def change_of_sales(browser):
    metrics = text(browser, '[data-testid="stMetric"]')
    return next((metric for metric in metrics if "Change of sales" in metric), "")


def test_a_slider_answers_and_a_table_comes_out_whole(browser, address, page, tmp_path):
    browser.get_log("performance")
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    browser.get(f"{address}?page=Budget")
    until(lambda: change_of_sales(browser))
    until(lambda: "Small steps" in " ".join(text(browser, "h3")))
    assert "90% interval" not in change_of_sales(browser)  # as today, nothing changes

    before = press_arrow(browser, 3)
    first = until(lambda: "90% interval" in change_of_sales(browser) and change_of_sales(browser))
    assert press_arrow(browser, 5) > before
    until(lambda: change_of_sales(browser) not in ("", first))

    # The page's own table of the plan, and the whole data.
    press(browser, "Download budget.csv")
    plan = pd.read_csv(until(lambda: finished(tmp_path / "budget.csv")))
    now = page.built.design.dataset.data["spend"].values[:, 0].mean(0)
    assert list(plan["spend_now"]) == pytest.approx(list(now))
    assert plan["spend_plan"][0] > plan["spend_now"][0]
    press(browser, "Data")
    until(lambda: text(browser, "h2") == ["Data"])
    until(lambda: "Download data.csv" in " ".join(text(browser, "button")))
    press(browser, "Download data.csv")
    downloaded = pd.read_csv(until(lambda: finished(tmp_path / "data.csv")))
    written = pd.read_csv(page.built.design.dataset.path.parent / "weekly.csv")
    pd.testing.assert_frame_equal(downloaded, written[list(downloaded)], check_dtype=False)

    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requested = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    } | {
        event["params"]["url"] for event in events if event["method"] == "Network.webSocketCreated"
    }
    hosts = {urlsplit(url).hostname for url in requested if not url.startswith(("data:", "blob:"))}
    assert hosts == {"localhost"}
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def press_arrow(browser, times):
    """Move the first slider to the right by keyboard; returns its value before."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    slider = browser.find_elements(By.CSS_SELECTOR, '[role="slider"], input[type="range"]')[0]
    before = float(slider.get_attribute("aria-valuenow") or slider.get_attribute("value"))
    browser.execute_script("arguments[0].focus()", slider)
    ActionChains(browser).send_keys(Keys.ARROW_RIGHT * times).perform()
    return before


def press(browser, label):
    """Press the first button of that name."""
    pressed = browser.execute_script(
        "const one = [...document.querySelectorAll('button')]"
        ".find(one => one.innerText.trim() === arguments[0]); if (one) one.click(); return !!one",
        label,
    )
    assert pressed, label


def finished(path):
    return path if path.exists() and path.stat().st_size else None


@pytest.mark.parametrize(
    "name",
    ["Data", "Effects", "Response curves", "Budget", "Posterior and checks", "Rolling stability"],
)
def test_no_page_is_wider_than_a_phone(browser, address, name):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get(f"{address}?page={name.replace(' ', '%20')}")
        until(lambda: text(browser, "h2") == [name])
        until(lambda: not text(browser, '[data-testid="stStatusWidget"]'))
        widest = browser.execute_script(
            "return Math.max(document.documentElement.scrollWidth,"
            " document.querySelector('[data-testid=\"stMain\"]').scrollWidth)"
        )
        assert widest <= 390
        assert not text(browser, '[data-testid="stException"]')
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
