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


def channel(**changes):
    known = {
        "name": "facebook", "outcome": "revenue", "total": Summary(120.0, 80.0, 160.0),
        "direct": Summary(100.0, 70.0, 130.0),
        "share": Summary(12.0, 8.0, 16.0),
        "roas": Summary(2.0, 1.4, 2.6),
    }  # fmt: skip
    return Channel(**{**known, **changes})


def said(**changes):
    return " ".join(channel_sentences(channel(**changes)))


def test_the_evidence_is_repeated_word_for_word():
    assert "(1.40 to 2.60). No evidence." in said(evidence=("No evidence.",))


def test_limits_are_said():
    assert "positive by prior" in said(direct=Summary(100.0, 5.0, 200.0))
    assert "positive by prior" not in said()
    fixed = said(direct=Summary(0.0, 0.0, 0.0), direct_fixed=True)
    assert "because this model assumes so" in fixed
    assert "never on" in said(total=Summary(0.0, 0.0, 0.0))
    assert "took away 20" in said(total=Summary(-20.0, -40.0, -5.0))


def test_only_the_table_warns():
    assert "model passed" in verdict_sentence("warn", only_data=True)
    assert "model passed" not in verdict_sentence("warn")
    assert "must not be used" in verdict_sentence("fail", only_data=True)


def test_a_sign_is_not_rounded_away():
    assert spread(Summary(361e3, -37e3, 1130e3)) == ("0.36M", "−0.04M to 1.13M")
