"""Numbers as words: digits that the uncertainty supports, and sentences that claim no more.

Pure functions of summaries. Every sentence here is decided by the draws' interval, so that the
text can't say what the tables don't.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Of a mean, below which the lower end of a positive effect's interval counts as near zero.
NEAR_ZERO = 0.2
#: The most that a mean and its interval are shown with; what they can't show is 0.
DECIMALS = 6
_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_SIZES = {letter: size for size, letter in _SCALES}


@dataclass(frozen=True)
class Summary:
    """Mean and 90% equal-tailed interval of a quantity's draws.

    Attributes
    ----------
    mean : float
    lower, upper : float
        Ends of the interval.
    """

    mean: float
    lower: float
    upper: float

    @property
    def exists(self) -> bool:
        """Whether there is anything to report: neither missing nor zero by construction."""
        finite = all(map(math.isfinite, (self.mean, self.lower, self.upper)))
        return finite and any((self.mean, self.lower, self.upper))

    def times(self, factor: float) -> Summary:
        """The same quantity in another unit.

        Parameters
        ----------
        factor : float
        """
        return Summary(self.mean * factor, self.lower * factor, self.upper * factor)


def number(value: float, *, digits: int = 3) -> str:
    """A number by itself, to some significant digits, thousands separated.

    Parameters
    ----------
    value : float
    digits : int
        Significant ones, for what is below a thousand times ten to them.
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4:
        return _minus(f"{value:.{digits - 1}e}")
    decimals = max(0, digits - 1 - size)
    text = f"{round(value, digits - 1 - size):,.{decimals}f}"
    if "." in text and size >= 0:
        text = text.rstrip("0").rstrip(".")
    return _minus(text)


def spread(summary: Summary, *, unit: str = "") -> tuple[str, str]:
    """The mean and the interval, to two or three digits of the interval's width.

    Parameters
    ----------
    summary : Summary
    unit : str
        "%" is written after every number.

    Returns
    -------
    tuple of str
        For example ``("1.23M", "0.91M to 1.56M")``; an en dash for what is not finite.
    """
    values = (summary.mean, summary.lower, summary.upper)
    if not all(map(math.isfinite, values)):
        return "–", ""
    if not any(round(value, DECIMALS) for value in values):
        return f"0{unit}", ""
    largest = max(map(abs, values))
    scale, letter = next(((s, name) for s, name in _SCALES if largest >= s), (1.0, ""))
    width = (summary.upper - summary.lower) / scale
    decimals = 2 if width <= 0 else min(DECIMALS, max(0, 1 - math.floor(math.log10(width / 1.5))))
    mean, lower, upper = (
        _minus(f"{_whole(value / scale, decimals):,.{decimals}f}{letter}{unit}") for value in values
    )
    return mean, f"{lower} to {upper}"


_VALUE = re.compile(
    r"(?:<|more than)? ?(?P<sign>[+−]?)(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<rest>\.\d+)?"
    r"(?P<power>e[+−]?\d+)?(?P<scale>k|M|bn|tn)?(?:%|(?=,? |$))(?:,? .*)?"
)


def value(text: str) -> float | None:
    """The number that a cell of a table begins with, to sort by; None if it is no number.

    The way back from `number` and `spread`, to the digits that are shown. What is below a bound
    comes just before it.

    Parameters
    ----------
    text : str
        For example ``"1.23M, 12%"``, ``"−0.5"``, ``"< 0.001"``.
    """
    if text in ("∞", "−∞"):
        return math.copysign(math.inf, 1 if text == "∞" else -1)
    found = _VALUE.fullmatch(text)
    if found is None:
        return None
    digits = found["digits"].replace(",", "") + (found["rest"] or "") + (found["power"] or "")
    size = float(digits.replace("−", "-")) * _SIZES[found["scale"] or ""]
    size = -size if found["sign"] == "−" else size
    return math.nextafter(size, -math.inf) if text.startswith("<") else size


def with_interval(summary: Summary, *, unit: str = "") -> str:
    """One phrase: ``1.23M (90% interval 0.91M to 1.56M)``."""
    mean, interval = spread(summary, unit=unit)
    return f"{mean} (90% interval {interval})" if interval else mean


def listed(names: Sequence[str]) -> str:
    """Names as in a sentence: ``a, b and c``."""
    return ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1] if names else "none"


def _whole(value: float, decimals: int) -> float:
    """Rounded, without a negative zero."""
    return round(value, decimals) + 0.0


def _minus(text: str) -> str:
    return text.replace("-", "−")


@dataclass(frozen=True)
class Channel:
    """What is known of one channel, for its sentence.

    Attributes
    ----------
    name, outcome : str
    total, direct : Summary
        In units of the outcome, over all fitted weeks.
    share : Summary
        Total in percent of the outcome.
    roas : Summary
        Outcome per unit of money spent.
    evidence : tuple of str
        What the diagnostics say of it, word for word.
    direct_fixed : bool
        Whether the model itself sets the direct effect to zero.
    positive : bool
        Whether the priors let no channel lower the outcome by itself.
    paid : bool
        Whether it costs money.
    """

    name: str
    outcome: str
    total: Summary
    direct: Summary
    share: Summary
    roas: Summary
    evidence: tuple[str, ...] = ()
    direct_fixed: bool = False
    positive: bool = False
    paid: bool = True


def channel_sentences(channel: Channel) -> list[str]:
    """What the draws support about a channel, and what they don't.

    Parameters
    ----------
    channel : Channel

    Returns
    -------
    list of str
        The finding first, then the evidence as the diagnostics put it, then limits.
    """
    said = [_finding(channel), *channel.evidence]
    if channel.direct_fixed:
        said.append("Its direct effect is 0 because this model assumes so; it was not found.")
    elif channel.positive and _near_zero(channel):
        said.append(
            f"Its direct effect's interval begins near 0, and effects on {channel.outcome} are "
            "positive by prior: the data hardly tell it from no direct effect."
        )
    return said


def _finding(channel: Channel) -> str:
    if not channel.total.exists:
        return f"It added nothing to {channel.outcome} in these weeks: it was never on."
    verb = "added" if channel.total.mean >= 0 else "took away"
    amount = channel.total if channel.total.mean >= 0 else _negated(channel.total)
    share = channel.share if channel.total.mean >= 0 else _negated(channel.share)
    text = (
        f"It {verb} {with_interval(amount)} of {channel.outcome}, "
        f"{spread(share, unit='%')[0]} of all of it"
    )
    if channel.roas.exists:
        mean, interval = spread(channel.roas)
        text += f"; for each unit of money spent, {mean} ({interval})"
    if not channel.paid:
        text += ". It has no spend, and so no return on money"
    return text + "."


def _near_zero(channel: Channel) -> bool:
    direct = channel.direct
    return direct.exists and 0 <= direct.lower < NEAR_ZERO * direct.mean


def _negated(summary: Summary) -> Summary:
    return Summary(-summary.mean, -summary.upper, -summary.lower)


def before_the_data(found: Mapping[str, Any], outcome: str) -> list[str]:
    """What the priors imply, next to what was observed.

    Parameters
    ----------
    found : mapping
        ``prior_predictive`` of the diagnostics; empty if the run has none.
    outcome : str
        What the outcome is called.
    """
    if not found:
        return []
    level, together = found["level"], found["together"]
    week = Summary(level["median"], level["lower"], level["upper"])
    return [
        f"Before the data, the priors expect a typical week's {outcome} to be {spread(week)[1]} "
        f"(90%); it was {number(level['observed'])}.",
        f"They expect all advertising together to make {together['lower']:.0%} to "
        f"{together['upper']:.0%} of {outcome}.",
    ]


def verdict_sentence(verdict: str, *, only_data: bool = False) -> str:
    """What a verdict means for the use of the numbers.

    Parameters
    ----------
    verdict : {"pass", "warn", "fail"}
    only_data : bool
        Whether nothing but the table itself gave a warning.
    """
    if verdict == "warn" and only_data:
        return (
            "The model passed its checks, but the table itself limits what any model can say. "
            "Read its warnings before the numbers."
        )
    return {
        "pass": "All checks passed. Read the numbers with their intervals and the assumptions.",
        "warn": "Usable with care: some checks gave a warning. Read them before the numbers.",
        "fail": "These numbers must not be used for decisions: the model failed checks that it "
        "has to pass.",
    }[verdict]
