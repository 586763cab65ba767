import math

import numpy as np
import pytest

from mmm_bayes.report.words import (
    Channel,
    Summary,
    channel_sentences,
    listed,
    number,
    spread,
    value,
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


@pytest.mark.parametrize(
    "text, number_",
    [
        ("1.23M, 12%", 1.23e6), ("−0.5", -0.5), ("12%", 12), ("1,230,000", 1230000),
        ("+14.5%", 14.5), ("9.8k", 9800), ("4 × 1000", 4), ("5 of 7", 5), ("4.00e−7", 4e-7),
        ("more than 52", 52), ("∞", math.inf), ("−∞", -math.inf), ("950 impressions", 950),
        ("–", None), ("", None), ("no spend", None), ("2024-01-01 to 2024-02-05", None),
        ("2go", None), ("stable (93%)", None), ("facebook", None), ("1,23", None),
    ],
)  # fmt: skip
def test_the_number_that_a_cell_begins_with(text, number_):
    assert value(text) == (None if number_ is None else pytest.approx(number_))


def test_below_a_bound_comes_before_the_bound():
    assert value("< 0.001") < 0.001
    assert value("< 0.001") == pytest.approx(0.001)
    assert value("< 0") < value("0%") == 0


def test_numbers_are_read_as_they_were_written():
    rng = np.random.default_rng(1)
    for one in rng.normal(size=300) * 10 ** rng.uniform(-6, 13, 300):
        assert value(number(one)) == pytest.approx(one, rel=0.006)
        ends = Summary(one, one - abs(one) / 9, one + abs(one) / 9)
        shown = value(spread(ends)[0])
        assert shown == pytest.approx(one, rel=0.06, abs=1e-6)


def test_what_all_digits_leave_at_zero_is_zero():
    assert spread(Summary(1e-12, -1e-13, 1e-11)) == ("0", "")


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
    weak = Summary(100.0, 5.0, 200.0)
    assert "positive by prior" in said(direct=weak, positive=True)
    assert "positive by prior" not in said(direct=weak, positive=False)
    assert "positive by prior" not in said(positive=True)
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
