"""Pages and figures of a table that is not weekly speak of its own step."""

import re

import pytest
from matplotlib.figure import Figure
from synthetic import Market

from mmm_bayes.data.step import Step, Wording
from mmm_bayes.plots.wording import figure_in_steps
from mmm_bayes.report import render
from mmm_bayes.report.wording import page_in_steps

DAILY = Wording(Step(days=1), ("week of promo", "a & week"))


@pytest.fixture(scope="module", params=["D", "QS"])
def page(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("steps") / "run"
    market = Market(mediated=True, units=["all"], link="identity", freq=request.param)
    return request.param, render(market.save(folder)).read_text("utf-8"), folder


def test_a_page_has_no_weeks_but_in_the_name_of_the_table(page):
    freq, text, _ = page
    spoken = re.findall(r'(?:alt|aria-label)="([^"]*)"', text)
    text = re.sub(r"<(script|style|code)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    for sentence in (text.replace("weekly.csv", ""), *spoken):
        assert not re.search(r".*\b[Ww]eek(s|ly)?\b.*", sentence)
    noun, adjective = {"D": ("day", "daily"), "QS": ("quarter", "quarterly")}[freq]
    assert f"{noun}s, 2023-" in text
    assert f"What a constant {adjective} spend adds per {noun}" in text


def test_names_in_tags_and_code_are_left_alone():
    page = (
        '<p id="week" aria-label="by week">a week of <code>--week</code>, week of promo, '
        "a &amp; week and &#39;week&#39;<script>week</script></p>"
    )
    assert page_in_steps(page, DAILY) == (
        '<p id="week" aria-label="by day">a day of <code>--week</code>, week of promo, '
        "a &amp; week and &#39;week&#39;<script>week</script></p>"
    )


def test_every_text_of_a_figure():
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, 1], label="week of promo")
    axes.set_xlabel("spend a week")
    axes.set_yticks([0, 1], labels=["weekly", "other"])
    axes.legend(title="By week")
    figure.suptitle("Weeks")
    figure_in_steps(figure, DAILY)
    figure.draw_without_rendering()
    legend = axes.get_legend()
    assert axes.get_xlabel() == "spend a day"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["daily", "other"]
    assert legend.get_title().get_text() == "By day"
    assert [text.get_text() for text in legend.get_texts()] == ["week of promo"]
    assert figure.get_suptitle() == "Days"
