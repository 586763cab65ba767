"""Numbers and lists of names as readers see them."""

import math

import pytest

from mmm_bayes.text import (
    Summary,
    count,
    estimate,
    fixed,
    join_names,
    mean_and_interval,
    number,
    p_value,
    percent,
    probability,
)


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0"), (1234567, "1.23M"), (12.345, "12.3"), (0.012345, "0.0123"), (0.4, "0.4"),
        (-5, "−5"), (950, "950"), (12_500, "12.5k"), (-3.24e6, "−3.24M"), (1e9, "1bn"),
        (1e12, "1tn"),
        (math.nan, "–"), (None, "–"), (math.inf, "∞"), (-math.inf, "−∞"), (999.6, "1k"),
        (0.0001, "0.0001"), (0.0000999, "99.9e−6"), (1e-9, "1e−9"), (1e99, "1e99"), (1e-15, "0"),
    ],
)  # fmt: skip
def test_a_quantity_has_three_significant_digits(value, text):
    assert number(value) == text


def test_a_change_of_a_quantity_has_its_sign():
    assert [number(value, signed=True) for value in (1500, 0, -1500)] == ["+1.5k", "0", "−1.5k"]


@pytest.mark.parametrize("unit", [1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("value", [1.0, 7.31, 96.4, -0.825])
def test_money_in_any_unit_keeps_its_digits(unit, value):
    """What a reader takes from the text is the number, to three digits."""
    prefixes = {"k": "e3", "M": "e6", "bn": "e9", "tn": "e12"}

    def read(text):
        for prefix, power in prefixes.items():
            text = text.replace(prefix, power)
        return float(text.replace("−", "-").replace(",", ""))

    assert read(number(value * unit)) == pytest.approx(value * unit, rel=0.005)
    summary = Summary(value * unit, value * unit - 0.4 * unit, value * unit + 0.9 * unit)
    mean, interval = mean_and_interval(summary)
    ends = [read(end) for end in interval.split(" to ")]
    width = 1.3 * unit
    assert read(mean) == pytest.approx(summary.mean, abs=0.05 * width)
    assert ends == pytest.approx([summary.lower, summary.upper], abs=0.05 * width)


@pytest.mark.parametrize(
    "share, text",
    [
        (0.874, "87%"), (0.0345, "3.5%"), (0.05, "5%"), (0.0996, "10%"), (1.504, "150%"),
        (12.5, "1,250%"), (0.0004, "0%"), (-0.0004, "0%"), (-0.031, "−3.1%"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_shares_are_in_percent(share, text):
    assert percent(share) == text


def test_a_change_has_its_sign_unless_it_is_none():
    texts = [percent(value, signed=True) for value in (0.124, -0.031, 0.0004, -0.0004, -1.5)]
    assert texts == ["+12%", "−3.1%", "0%", "0%", "−150%"]


def test_a_probability_is_never_certain():
    assert [probability(p) for p in (1.0, 0.874, 0.0)] == ["above 99%", "87%", "below 1%"]


def test_small_p_values_are_only_bounded():
    assert [p_value(p) for p in (1.0, 0.0341, 0.0004)] == ["1", "0.034", "< 0.001"]


def test_numbers_on_a_common_scale_have_the_same_decimals():
    assert [fixed(value) for value in (0.956, -0.0011, -0.2, math.nan)] == [
        "0.96", "0.00", "−0.20", "–",
    ]  # fmt: skip
    assert fixed(1.0049, 3) == "1.005"
    assert fixed(-1234.56, 1) == "−1,234.6"
    assert count(1234.4) == "1,234"


@pytest.mark.parametrize(
    "values, unit, texts",
    [
        ((1234567, 910000, 1560000), "", ("1.23M", "0.91M to 1.56M")),
        ((5.61, 3.9, 7.2), "%", ("5.6%", "3.9% to 7.2%")),
        ((-0.001, -20, 20), "", ("0", "−20 to 20")),
        ((0, 0, 0), "", ("0", "")),
        ((math.nan, 0, 0), "", ("–", "")),
        ((1e-13, -1e-14, 9e-13), "", ("0", "")),
        ((2e-5, 1e-5, 3e-5), "", ("20e−6", "10e−6 to 30e−6")),
        ((0.001, 0.001, 0.001), "", ("0.00100", "0.00100 to 0.00100")),
        ((1500, 1400, 1600), "%", ("1,500%", "1,400% to 1,600%")),
        ((361e3, -37e3, 1130e3), "", ("0.36M", "−0.04M to 1.13M")),
    ],
)
def test_digits_follow_the_interval(values, unit, texts):
    assert mean_and_interval(Summary(*values), unit=unit) == texts


def test_phrases():
    assert estimate(Summary(2.0, 1.0, 3.0)) == "2.0 (90% interval 1.0 to 3.0)"
    assert estimate(Summary(0.0, 0.0, 0.0)) == "0"
    assert join_names(["a"]) == "a"
    assert join_names(["a", "b", "c"]) == "a, b and c"
    assert join_names([]) == "none"


def test_a_summary_in_another_unit():
    assert Summary(1.0, 0.5, 2.0).times(100) == Summary(100.0, 50.0, 200.0)
    assert not Summary(0.0, 0.0, 0.0).exists
    assert not Summary(math.nan, 0.0, 1.0).exists
    assert Summary(0.0, -1.0, 1.0).exists
