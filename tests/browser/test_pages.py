"""Every kind of page, opened in a browser: what a reader sees, presses, prints and hears."""

import base64
import json
import shutil
import sys
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, str(Path(__file__).parent.parent / "studies" / "rolling"))

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="module")
def changing_report(mediated_run, tmp_path_factory):
    """Effects that change over time have sections of their own."""
    from synthetic import changing

    from mmm_bayes.report import render

    folder = shutil.copytree(mediated_run, tmp_path_factory.mktemp("runs") / "changing")
    changing(folder)
    return render(folder)


@pytest.fixture(scope="module")
def rolling_report(tmp_path_factory):
    from fakes import fake_roll

    from mmm_bayes.report.rolling import render_rolling

    return render_rolling(fake_roll(tmp_path_factory.mktemp("rolled"), units=1))


@pytest.fixture(scope="module")
def baselines_report(tmp_path_factory):
    pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")
    from baselines.markets import table, write

    from mmm_bayes.baselines.job import run_baselines
    from mmm_bayes.report.baselines import render_baselines

    folder = tmp_path_factory.mktemp("market")
    description = write(folder, table(weeks=82))
    models = ("ols", "two_stage_ols", "lightgbm")
    done = run_baselines(
        description, folder / "out", models=models, trials=1, bootstrap=20, say=lambda _: None
    )
    return render_baselines(done)


@pytest.fixture(scope="module")
def side_by_side(mediated_report, changing_report, panel_report, tmp_path_factory):
    """Two runs of one table, and one of another."""
    from mmm_bayes.report.side_by_side import render_side_by_side

    panel = shutil.copytree(panel_report.parent, tmp_path_factory.mktemp("runs") / "panel")
    record = json.loads((panel / "run.json").read_text())
    (panel / "run.json").write_text(json.dumps(record | {"data_sha256": "cd" * 32}))
    folders = [mediated_report.parent, changing_report.parent, panel]
    return render_side_by_side(folders, tmp_path_factory.mktemp("pages") / "runs.html")


PAGES = (
    "mediated_report", "panel_report", "changing_report", "rolling_report", "baselines_report",
    "side_by_side",
)  # fmt: skip


@pytest.fixture(scope="module", params=PAGES)
def page(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def opened(browser, page):
    """The page in a wide window, in light, its logs empty before and all emulation gone after."""
    browser.get_log("browser")
    browser.get_log("performance")
    emulate(browser)
    browser.get(page.as_uri())
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def emulate(browser, media="", **features):
    """Another medium, or other wishes of the reader; scrolling takes no time."""
    features |= {"prefers_reduced_motion": "reduce"}
    wishes = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": wishes})


def events(browser):
    return [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]


def test_it_needs_nothing_else_and_nothing_goes_wrong(opened, page):
    requested = [
        event["params"]["request"]["url"]
        for event in events(opened)
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert requested
    assert {url for url in requested if not url.startswith("data:")} == {page.as_uri()}
    assert opened.get_log("browser") == []
    assert page.stat().st_size < 5e6


def test_every_figure_is_there_and_described(opened):
    figures = opened.execute_script(
        "return [...document.querySelectorAll('figure')].map(figure => {"
        " const image = figure.querySelector('img');"
        " return [image.naturalWidth, image.clientWidth, image.clientHeight, image.alt,"
        "  figure.querySelector('figcaption').textContent]; })"
    )
    assert figures
    for natural, width, height, alt, caption in figures:
        assert natural > 0
        assert width > 300
        assert height > 80
        assert len(alt) > 20
        assert len(caption) > 20
    assert len({alt for *_, alt, _ in figures}) == len(figures)


def test_its_parts_have_names(opened):
    """Landmarks, one title, headings that skip no level, unique ids, links that lead somewhere."""
    parts = opened.execute_script(
        "const all = selector => [...document.querySelectorAll(selector)];"
        "return {"
        " lang: document.documentElement.lang,"
        " landmarks: ['header', 'nav', 'main'].map(tag => all(tag).length),"
        " levels: all('h1, h2, h3, h4').map(head => Number(head.tagName[1])),"
        " ids: all('[id]').map(one => one.id),"
        " targets: all('a[href^=\"#\"]').map(link => link.hash.slice(1)),"
        " unnamed: all('section, nav').filter(one =>"
        "   !document.getElementById(one.getAttribute('aria-labelledby'))?.textContent).length,"
        " headless: all('table').filter(table => !table.caption?.textContent.trim()).length,"
        " scopeless: all('th').filter(head => !head.scope || !head.textContent.trim()).length,"
        " first: document.querySelector('a').hash,"
        "}"
    )
    assert parts["lang"] == "en"
    assert parts["landmarks"] == [1, 1, 1]
    levels = parts["levels"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(set(parts["ids"])) == len(parts["ids"])
    assert set(parts["targets"]) <= set(parts["ids"])
    assert len(parts["targets"]) > 5
    assert (parts["unnamed"], parts["headless"], parts["scopeless"]) == (0, 0, 0)
    assert parts["first"] == "#main"


def test_the_contents_name_every_section_in_its_order(opened):
    listed, there = opened.execute_script(
        "const texts = selector => [...document.querySelectorAll(selector)]"
        "  .map(one => one.textContent.trim());"
        "return [texts('nav li'), texts('main > section > details > summary > h2')]"
    )
    assert listed == there
    assert len(there) >= 5


@pytest.mark.parametrize("width", [390, 768])
def test_it_fits_a_small_screen(opened, width):
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE | {"width": width})
    wide, visible, beyond = opened.execute_script(
        "const visible = document.documentElement.clientWidth;"
        "const beyond = [...document.querySelectorAll('body *')].filter(one =>"
        "  !one.closest('.scroll, pre, .skip') && one.getBoundingClientRect().right > visible + 1);"
        "return [document.documentElement.scrollWidth, visible, beyond.map(one => one.outerHTML)]"
    )
    assert beyond == []
    assert wide == visible == width


def test_sections_fold_by_keyboard_and_a_link_unfolds_its_own(opened):
    section = opened.find_elements(By.CSS_SELECTOR, "main > section")[-1]
    details = section.find_element(By.TAG_NAME, "details")
    summary = section.find_element(By.TAG_NAME, "summary")
    assert details.get_property("open")
    summary.send_keys(Keys.ENTER)
    assert not details.get_property("open")
    assert opened.execute_script("return document.activeElement === arguments[0]", summary)
    link = opened.find_element(By.CSS_SELECTOR, f"nav a[href='#{section.get_attribute('id')}']")
    link.send_keys(Keys.ENTER)
    assert details.get_property("open")


def test_all_sections_fold_at_once(opened):
    button = opened.find_element(By.CSS_SELECTOR, "nav button")
    every = opened.find_elements(By.CSS_SELECTOR, "main details")
    assert button.text == "Fold all"
    button.send_keys(Keys.SPACE)
    assert not any(one.get_property("open") for one in every)
    WebDriverWait(opened, 10).until(lambda _: button.text == "Unfold all")
    button.send_keys(Keys.SPACE)
    assert all(one.get_property("open") for one in every)


def test_the_keyboard_comes_to_the_content_first_and_is_seen(opened):
    opened.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = opened.switch_to.active_element
    assert skip.text == "Skip to the content"
    assert skip.rect["y"] >= 0
    assert skip.value_of_css_property("outline-style") == "solid"
    skip.send_keys(Keys.ENTER)
    assert opened.switch_to.active_element.get_attribute("id") == "main"


def column(browser, table, at):
    return browser.execute_script(
        "return [...arguments[0].tBodies[0].rows].map(row => row.cells[arguments[1]].firstChild"
        "  .textContent)",
        table,
        at,
    )


def size(text):
    """What a cell's first line says, as a reader takes it; None if it is no number."""
    word = text.split()[0].rstrip(",").replace("−", "-").rstrip("%").replace(",", "")
    scales = {"k": 1e3, "M": 1e6, "bn": 1e9}
    for letter, times in scales.items():
        if word.endswith(letter) and word != letter:
            return float(word.removesuffix(letter)) * times
    return None if word in ("–", "no") else float(word)


def test_a_table_sorts_by_a_column_of_numbers(opened):
    """Up, down and back; what is no number last; rows stay whole."""
    match = None
    for table in opened.find_elements(By.CSS_SELECTOR, "table.sorts.numbers"):
        for at, head in enumerate(table.find_elements(By.CSS_SELECTOR, "thead th")):
            cells = column(opened, table, at)
            if at and len(set(cells)) > 2 and all(c[0].isdigit() or c[0] in "−–" for c in cells):
                match = table, at, head
        if match:
            break
    assert match, "no table with a column of numbers"
    table, at, head = match
    given = list(zip(column(opened, table, 0), column(opened, table, at), strict=True))
    button = head.find_element(By.TAG_NAME, "button")

    def pressed():
        button.send_keys(Keys.ENTER)
        return list(zip(column(opened, table, 0), column(opened, table, at), strict=True))

    known = [size(cell) for _, cell in given if size(cell) is not None]
    assert [head.get_attribute("aria-sort")] == [None]
    for way, expected in (("ascending", sorted(known)), ("descending", sorted(known)[::-1])):
        rows = pressed()
        assert head.get_attribute("aria-sort") == way
        assert sorted(rows) == sorted(given)
        sizes = [size(cell) for _, cell in rows]
        assert sizes == expected + [None] * (len(rows) - len(known))
    assert pressed() == given
    assert head.get_attribute("aria-sort") is None


def test_a_table_sorts_by_names_and_one_column_at_a_time(opened):
    table = opened.find_element(By.CSS_SELECTOR, "table.sorts")
    first, second = table.find_elements(By.CSS_SELECTOR, "thead th")[:2]
    second.find_element(By.TAG_NAME, "button").click()
    assert second.get_attribute("aria-sort") == "ascending"
    button = first.find_element(By.TAG_NAME, "button")
    button.click()
    names = column(opened, table, 0)
    assert names == sorted(names, key=str.lower)
    assert first.get_attribute("aria-sort") == "ascending"
    assert second.get_attribute("aria-sort") is None
    button.click()
    assert column(opened, table, 0) == names[::-1]


def test_print_shows_everything_and_nothing_to_press(opened):
    opened.find_element(By.CSS_SELECTOR, "nav button").click()
    folded = opened.find_elements(By.CSS_SELECTOR, "main details:not([open])")
    assert len(folded) >= 5
    emulate(opened, "print")
    hidden = (
        "return [...document.querySelectorAll("
        "  'main p, main li, main figure, main img, main figcaption, main tr')]"
        "  .filter(one => !one.checkVisibility({contentVisibilityAuto: true})"
        "    || one.getClientRects().length === 0).length"
    )
    WebDriverWait(opened, 10).until(lambda _: opened.execute_script(hidden) == 0)
    counts = opened.execute_script(
        "const all = selector => [...document.querySelectorAll(selector)];"
        "return {"
        " controls: all('nav button, .skip').filter(one => one.getClientRects().length).length,"
        " arrows: all('th button').filter(one => !['none', 'normal']"
        "   .includes(getComputedStyle(one, '::after').content)).length,"
        " broken: all('figure')"
        "   .filter(one => getComputedStyle(one).breakInside !== 'avoid').length,"
        " ground: getComputedStyle(document.body).backgroundColor,"
        "}"
    )
    assert counts == {"controls": 0, "arrows": 0, "broken": 0, "ground": "rgb(255, 255, 255)"}


def test_a_pdf_has_every_figure_though_all_is_folded(opened):
    figures = len(opened.find_elements(By.CSS_SELECTOR, "img[src^='data:image/png']"))
    unfolded = pages_and_pictures(opened)
    opened.find_element(By.CSS_SELECTOR, "nav button").click()
    folded = pages_and_pictures(opened)
    assert folded == unfolded
    pages, pictures = folded
    assert pictures >= figures
    assert 1 < pages < 60


def pages_and_pictures(browser):
    """Pages of the page's PDF, and raster pictures in it."""
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    content = base64.b64decode(printed["data"])
    streams = content.split(b"stream")
    text = content + b"".join(map(inflated, streams))
    pages = text.count(b"/Type /Page\n") + text.count(b"/Type /Page ")
    return pages, text.count(b"/Subtype /Image") - text.count(b"/SMask")


def inflated(stream):
    try:
        return zlib.decompress(stream.strip(b"\r\n"))
    except zlib.error:
        return b""


CONTRAST = """
const channel = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
const parts = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) =>
  0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
const ground = one => {
  for (; one; one = one.parentElement) {
    const colour = parts(getComputedStyle(one).backgroundColor);
    if ((colour[3] ?? 1) > 0) return colour;
  }
  return [255, 255, 255];
};
const contrasts = [];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const one = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !one.checkVisibility()
      || one.closest('script, style')) continue;
  const style = getComputedStyle(one);
  const [ink, paper] = [light(parts(style.color)), light(ground(one))];
  const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
  const required = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
  contrasts.push([ratio, required, texts.currentNode.data.trim().slice(0, 60)]);
}
return contrasts;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(opened, scheme):
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5, of 3 for large text."""
    emulate(opened, prefers_color_scheme=scheme)
    contrasts = opened.execute_script(CONTRAST)
    assert len(contrasts) > 50
    assert [one for one in contrasts if one[0] < one[1]] == []
    paper = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_figures_keep_their_white_ground_in_the_dark(opened):
    emulate(opened, prefers_color_scheme="dark")
    grounds = opened.execute_script(
        "return [...document.querySelectorAll('figure .scroll')]"
        "  .map(one => getComputedStyle(one).backgroundColor)"
    )
    assert set(grounds) == {"rgb(255, 255, 255)"}


def test_a_page_of_several_runs_leads_to_each(browser, side_by_side):
    browser.get(side_by_side.as_uri())
    links = browser.find_elements(By.CSS_SELECTOR, ".verdict a")
    assert [link.text for link in links] == ["mediated", "changing", "panel"]
    for at, title in enumerate(["revenue", "revenue", "revenue"]):
        browser.get(side_by_side.as_uri())
        browser.find_elements(By.CSS_SELECTOR, ".verdict a")[at].click()
        assert browser.find_element(By.TAG_NAME, "h1").text == f"What drives {title}?"


def test_cells_without_a_number_come_last_either_way(browser, tmp_path):
    """In every form in which a page writes numbers."""
    from mmm_bayes.report.cells import Cell, estimate_cell, make_table, number_cell
    from mmm_bayes.report.page import _environment
    from mmm_bayes.text import Summary, p_value, percent

    ascending = [
        Cell("−∞", float("-inf")),
        estimate_cell(Summary(-1.2e6, -1.5e6, -0.9e6)),
        number_cell(-5.0),
        Cell("< 0", -0.3),
        number_cell(0.0),
        number_cell(0.0004, p_value),
        number_cell(0.5),
        number_cell(0.62, percent),
        number_cell(9800.0),
        estimate_cell(Summary(1.23e6, 1.1e6, 1.4e6)),
        Cell("more than 52", float("inf")),
    ]
    shuffled = [Cell("–"), *ascending[::-2], Cell("no spend"), *ascending[1::2]]
    rows = [[f"row {index}", cell] for index, cell in enumerate(shuffled)]
    source = (
        '{% extends "page.html.j2" %}'
        '{% from "macros.html.j2" import grid, section with context %}'
        '{% block sections %}{% call section("one", "One") %}{{ grid(rows, "Sizes") }}{% endcall %}'
        "{% endblock %}"
    )
    filled = _environment().from_string(source)
    page = tmp_path / "page.html"
    table = make_table(("name", "size"), rows)
    page.write_text(filled.render(rows=table, figures={}, contents=[]))
    browser.get(page.as_uri())
    sized = browser.find_element(By.TAG_NAME, "table")
    button = sized.find_elements(By.TAG_NAME, "button")[1]
    for expected in (ascending, ascending[::-1]):
        button.send_keys(Keys.ENTER)
        assert column(browser, sized, 1) == [*(cell.text for cell in expected), "–", "no spend"]
    # Rows by name, as a reader counts: 2 before 10.
    sized.find_elements(By.TAG_NAME, "button")[0].send_keys(Keys.ENTER)
    assert column(browser, sized, 0) == [name for name, _ in rows]
