"""Numbers and lists of names as readers see them: one formatter for each kind of number.

A quantity by itself has three significant digits, an estimate as many as its interval supports,
both with a prefix for thousands, millions and so on: money may be in any unit. Every minus is a
minus sign, and what is not a number is an en dash.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MISSING = "–"
#: Smaller numbers are rounding errors.
TINY = 1e-12
#: Most decimals of an estimate, whose interval may be very narrow.
DECIMALS = 6
_PREFIXES = {12: "tn", 9: "bn", 6: "M", 3: "k", 0: ""}


@dataclass(frozen=True)
class Summary:
    """Posterior mean and 90% equal-tailed interval of a quantity.

    Attributes
    ----------
    mean, lower, upper : float
        Posterior mean and ends of the interval, in any unit; NaN for a quantity that does not
        exist.
    """

    mean: float
    lower: float
    upper: float

    @property
    def exists(self) -> bool:
        """True if the quantity is finite and not zero by construction."""
        values = (self.mean, self.lower, self.upper)
        return all(map(math.isfinite, values)) and any(values)

    @property
    def negated(self) -> Summary:
        """The same quantity with the opposite sign."""
        return Summary(-self.mean, -self.upper, -self.lower)

    def times(self, factor: float) -> Summary:
        """The same quantity in another unit.

        Parameters
        ----------
        factor : float
            New units in one old unit.
        """
        return Summary(self.mean * factor, self.lower * factor, self.upper * factor)


#: Summary of a quantity that does not exist.
UNKNOWN = Summary(math.nan, math.nan, math.nan)


def number(value: float | None, *, digits: int = 3, signed: bool = False) -> str:
    """A quantity by itself.

    Parameters
    ----------
    value : float or None
        In any unit; an en dash for None and NaN.
    digits : int
        Significant digits.
    signed : bool
        Whether a positive number has a plus sign, as a change has.

    Examples
    --------
    >>> [number(value) for value in (1_234_567, 987.6, 12.345, 0.4, 0.012345, -5, 0.0000123)]
    ['1.23M', '988', '12.3', '0.4', '0.0123', '−5', '12.3e−6']
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < TINY:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    power, prefix = _prefix(rounded)
    decimals = max(0, digits - 1 - _exponent(rounded) + power)
    sign = "+" if signed and value > 0 else ""
    text = _without_zeros(f"{rounded / 10.0**power:,.{decimals}f}")
    return _minus(f"{sign}{text}{prefix}")


def percent(share: float, *, signed: bool = False) -> str:
    """A share in percent: two significant digits, at most one decimal.

    Parameters
    ----------
    share : float
        Of one.
    signed : bool
        Whether a positive share has a plus sign, as a change has.

    Examples
    --------
    >>> [percent(share) for share in (0.874, 0.032, 0.0004, 1.5)]
    ['87%', '3.2%', '0%', '150%']
    >>> percent(-0.031, signed=True), percent(0.124, signed=True)
    ('−3.1%', '+12%')
    """
    if not math.isfinite(share):
        return MISSING
    points = 100 * share
    text = _without_zeros(f"{points:,.{1 if abs(points) < 9.95 else 0}f}")
    if text in ("0", "-0"):
        return "0%"
    return _minus(f"{'+' if signed and points > 0 else ''}{text}%")


def probability(value: float) -> str:
    """A posterior probability: some thousand draws can't tell 99.9% from certainty.

    Parameters
    ----------
    value : float
        From 0 to 1.

    Examples
    --------
    >>> [probability(value) for value in (0.87, 0.999, 0.001)]
    ['87%', 'above 99%', 'below 1%']
    """
    if value > 0.995:
        return "above 99%"
    return "below 1%" if value < 0.005 else f"{value:.0%}"


def p_value(p: float) -> str:
    """A p-value to two significant digits, or "< 0.001".

    Parameters
    ----------
    p : float
        From 0 to 1.
    """
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def fixed(value: float, places: int = 2) -> str:
    """A number on a scale that all share (R², correlations, R-hat), to so many decimals.

    Parameters
    ----------
    value : float
        NaN is an en dash.
    places : int
        Decimals.

    Examples
    --------
    >>> fixed(-0.0011), fixed(0.956), fixed(1.0049, 3)
    ('0.00', '0.96', '1.005')
    """
    return _minus(f"{_rounded(value, places):,.{places}f}") if math.isfinite(value) else MISSING


def log_units(value: float) -> str:
    """An ELPD, a difference of two or their standard error: plain, to one decimal.

    Differences of a few log units decide, whatever the size of the ELPD itself.

    Parameters
    ----------
    value : float
        NaN is an en dash.

    Examples
    --------
    >>> log_units(-1687.38), log_units(8.31)
    ('−1,687.4', '8.3')
    """
    return fixed(value, 1)


def count(value: float) -> str:
    """A whole number, thousands separated.

    Parameters
    ----------
    value : float
        Zero or more; rounded to the nearest.
    """
    return f"{value:,.0f}"


def mean_and_interval(summary: Summary, *, unit: str = "") -> tuple[str, str]:
    """The mean and the interval, to two or three digits of the interval's width.

    Parameters
    ----------
    summary : Summary
        In any unit.
    unit : str
        Written after every number: "%" or nothing.

    Returns
    -------
    tuple of str
        For example ``("1.23M", "0.91M to 1.56M")``; an en dash and nothing for what is not finite.
    """
    values = (summary.mean, summary.lower, summary.upper)
    if not all(map(math.isfinite, values)):
        return MISSING, ""
    largest = max(map(abs, values))
    if largest < TINY:
        return f"0{unit}", ""
    power, prefix = (0, "") if unit else _prefix(largest)
    # A width of 0 shows three digits of the number itself.
    finest = (summary.upper - summary.lower) / 1.5 or largest / 10
    decimals = min(DECIMALS, max(0, 1 - _exponent(finest / 10.0**power)))
    mean, lower, upper = (
        _minus(f"{_rounded(value / 10.0**power, decimals):,.{decimals}f}{prefix}{unit}")
        for value in values
    )
    return mean, f"{lower} to {upper}"


def estimate(summary: Summary, *, unit: str = "") -> str:
    """The mean and its interval as one phrase: ``1.23M (90% interval 0.91M to 1.56M)``.

    Parameters
    ----------
    summary : Summary
        In any unit.
    unit : str
        Written after every number: "%" or nothing.
    """
    mean, interval = mean_and_interval(summary, unit=unit)
    return f"{mean} (90% interval {interval})" if interval else mean


def join_names(names: Sequence[str]) -> str:
    """Names as in a sentence: ``a, b and c``; "none" without any."""
    if not names:
        return "none"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def capitalised(sentence: str) -> str:
    """The sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def _exponent(value: float) -> int:
    """Power of ten of a number's first digit."""
    return math.floor(math.log10(abs(value)) + 1e-12)


def _prefix(value: float) -> tuple[int, str]:
    """Power of ten by which a number is divided, and what is written after it for that."""
    exponent = _exponent(value)
    if -4 <= exponent < 0:  # 0.0123 is read more easily than 12.3e−3
        return 0, ""
    power = 3 * (exponent // 3)
    return power, _PREFIXES.get(power, f"e{power}")


def _rounded(value: float, decimals: int) -> float:
    """Rounded, without a negative zero."""
    return round(value, decimals) + 0.0


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _minus(text: str) -> str:
    return text.replace("-", "−")
