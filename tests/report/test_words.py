import math

import pytest

from mmm_bayes.report.words import (
    Channel,
    Summary,
    channel_sentences,
    listed,
    number,
    spread,
    verdict_sentence,
    with_interval,
)


@pytest.mark.parametrize(
    "value, said",
    [
        (0, "0"), (1234567, "1,230,000"), (12.345, "12.3"), (0.012345, "0.0123"), (-5, "−5"),
        (math.nan, "–"), (math.inf, "∞"), (999.6, "1,000"), (1e-9, "1.00e−9"),
    ],
)  # fmt: skip
def test_number(value, said):
    assert number(value).replace("e−09", "e−9") == said


@pytest.mark.parametrize(
    "values, unit, said",
    [
        ((1234567, 910000, 1560000), "", ("1.23M", "0.91M to 1.56M")),
        ((5.61, 3.9, 7.2), "%", ("5.6%", "3.9% to 7.2%")),
        ((-0.001, -20, 20), "", ("0", "−20 to 20")),
        ((0, 0, 0), "", ("0", "")),
        ((math.nan, 0, 0), "", ("–", "")),
    ],
)
def test_digits_follow_the_interval(values, unit, said):
    assert spread(Summary(*values), unit=unit) == said


def test_phrases():
    assert with_interval(Summary(2.0, 1.0, 3.0)) == "2.0 (90% interval 1.0 to 3.0)"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([]) == "none"
    assert "must not be used" in verdict_sentence("fail")


def channel(**changes):
    known = {
        "name": "facebook", "outcome": "revenue", "mediator": "google",
        "total": Summary(120.0, 80.0, 160.0), "direct": Summary(100.0, 70.0, 130.0),
        "indirect": Summary(20.0, 10.0, 30.0), "share": Summary(12.0, 8.0, 16.0),
        "roas": Summary(2.0, 1.4, 2.6), "never_off": False,
    }  # fmt: skip
    return Channel(**{**known, **changes})


def said(**changes):
    return " ".join(channel_sentences(channel(**changes)))


def test_an_indirect_interval_with_zero_is_no_evidence():
    text = said(indirect=Summary(1.0, -10.0, 12.0), p_indirect_positive=0.57)
    assert "−10 to 12, contains 0: this table gives no evidence of mediation" in text
    assert "57%" in text
    assert "evidence of mediation, if" not in text


def test_an_indirect_interval_without_zero_is_evidence_under_an_assumption():
    text = said()
    assert "raises revenue through google by 20 (90% interval 10 to 30)" in text
    assert "evidence of mediation, if nothing outside" in text
    assert "no evidence" not in text
    assert "lowers revenue through google by 20 (90% interval 10 to 30)" in said(
        indirect=Summary(-20.0, -30.0, -10.0)
    )


def test_limits_are_said():
    assert "extrapolation" in said(never_off=True)
    assert "extrapolation" not in said()
    assert "positive by prior" in said(direct=Summary(100.0, 5.0, 200.0))
    assert "positive by prior" not in said()
    fixed = said(direct=Summary(0.0, 0.0, 0.0), direct_fixed=True)
    assert "because this model assumes so" in fixed
    assert "do not show an effect" in said(total=Summary(10.0, -5.0, 25.0))
    assert "never on" in said(total=Summary(0.0, 0.0, 0.0))


def test_a_channel_without_a_path_says_nothing_of_mediation():
    assert "mediation" not in said(mediator="")
