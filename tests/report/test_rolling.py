"""The page of a rolling job shows what its tables hold."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from mmm_bayes.errors import InputError
from mmm_bayes.report.rolling import render_rolling
from mmm_bayes.report.rolling.sentences import _drift_sentence, _variation_sentence

sys.path.insert(0, str(Path(__file__).parent.parent / "studies" / "rolling"))
from fakes import fake_roll


@pytest.fixture(scope="module", params=[1, 2])
def folder(request, tmp_path_factory):
    return fake_roll(tmp_path_factory.mktemp("rolled"), units=request.param)


def test_one_file_that_needs_no_other(folder):
    page = render_rolling(folder).read_text("utf-8")
    assert not re.search(r"(href|src)=[\"'](?!#|data:)", page)
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= set(re.findall(r'id="([^"]+)"', page))
    assert {"stability", "forecasts", "subsets", "paths"} <= links
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 9
    assert all('alt="' in image and 'src="data:' in image for image in images)
    names = {path.name for path in (folder / "figures").iterdir()}
    assert {"variation.png", "variation.svg", "windows.png", "forecasts.png"} <= names


def test_it_shows_what_the_tables_hold(folder):
    text = re.sub(r"<[^>]+>", " ", render_rolling(folder).read_text("utf-8"))
    stability = pd.read_csv(folder / "stability.csv")
    tv = stability[
        (stability["unit"] == "all")
        & (stability["channel"] == "tv")
        & (stability["estimand"] == "contribution")
    ].iloc[0]
    assert f"{tv['cv']:.2f}" in text
    assert f"{tv['cv_lower']:.2f} to {tv['cv_upper']:.2f}" in text
    scores = pd.read_csv(folder / "scores.csv")
    whole = scores[(scores["horizon"] == "all") & (scores["unit"] == "all")].iloc[0]
    assert f"{whole['coverage_90']:.0%} of {int(whole['values'])} forecasts" in text
    assert "5 of 5 windows passed" in text


def row(**changes):
    usual = {
        "cv": 0.05, "cv_lower": 0.01, "cv_upper": 0.09, "class": "stable", "p_stable": 0.96,
        "p_moderate": 0.04, "p_volatile": 0.0, "near_zero": False, "held": True, "change": 0.02,
        "change_lower": -0.1, "change_upper": 0.2,
    }  # fmt: skip
    return pd.Series(usual | changes)


def test_sentences_about_variation():
    assert _variation_sentence("contribution per week", row()) == (
        "Contribution per week: stable (coefficient of variation 0.05, 90% interval 0.01 to 0.09)."
    )
    unsettled = _variation_sentence("ROAS", row(p_stable=0.5, p_moderate=0.3, p_volatile=0.2))
    assert "do not settle it (stable 50%, moderate 30% and volatile 20%;" in unsettled
    assert "can't be distinguished from 0" in _variation_sentence("ROAS", row(near_zero=True))


def test_sentences_about_drift():
    none = _drift_sentence(row())
    assert "+2% of its mean (−10% to +20%), can't be distinguished from none" in none
    fell = _drift_sentence(row(held=False, change=-0.4, change_lower=-0.6, change_upper=-0.2))
    assert "outside the first window's interval" in fell
    assert "it fell: −40% of its mean (−60% to −20%)." in fell
    assert "it rose: " in _drift_sentence(row(change=0.4, change_lower=0.2, change_upper=0.6))


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"not a finished rolling job: it lacks rolling\.json"):
        render_rolling(tmp_path)
