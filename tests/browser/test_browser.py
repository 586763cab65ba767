"""The browser of these tests reports what a page does."""

import json

import pytest
from selenium.common.exceptions import WebDriverException


def test_what_a_page_says_and_asks_for_is_seen(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<title>Heard</title><img src='http://elsewhere.example/x.png' alt='none'>"
        "<script>console.error('broken')</script>"
    )
    for log in ("browser", "performance"):
        browser.get_log(log)  # of pages before this one
    browser.get(page.as_uri())
    assert browser.title == "Heard"
    assert any("broken" in entry["message"] for entry in browser.get_log("browser"))
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requested = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert requested == {page.as_uri(), "http://elsewhere.example/x.png"}


def test_only_this_machine_can_be_reached(browser):
    with pytest.raises(WebDriverException, match="ERR_NAME_NOT_RESOLVED"):
        browser.get("http://debian.org/")
    browser.get("about:blank")
