"""What the windows support, in sentences."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.report.rolling.folder import Rolled
from mmm_bayes.report.words import listed
from mmm_bayes.rolling.stability import CLASSES

#: Posterior probability from which a class is said without a doubt beside it.
SURE = 0.9
#: The answers that are shown, and what they are called.
SHOWN = {
    "contribution": "contribution per week",
    "contribution_share": "share",
    "direct": "direct effect",
    "indirect": "indirect effect",
    "roas": "ROAS",
    "retention": "carryover",
    "half_saturation": "half-saturation",
}


def span(fits: list[dict[str, Any]]) -> str:
    """How many windows there are, and when they are.

    Parameters
    ----------
    fits : list of dict
        As ``rolling.json`` has them.
    """
    return (
        f"{len(fits)} windows, the first from {fits[0]['window_start']} to "
        f"{fits[0]['window_end']}, the last from {fits[-1]['window_start']} to "
        f"{fits[-1]['window_end']}."
    )


def rule() -> str:
    """What the classes mean."""
    stable, moderate = CLASSES["stable"], CLASSES["moderate"]
    return (
        f"Below {stable:g} is stable: what is a fifth larger in one half of the windows than in "
        f"the other has {stable:g}. From {moderate:g} on is volatile: what is nearly twice as "
        f"large has {moderate:g}. Between them is moderate."
    )


def sentences(rolled: Rolled, channel: str) -> list[str]:
    """What the windows support about a channel, and what they don't."""
    said = []
    for estimand in ("contribution", "indirect", "roas"):
        mine = rolled.stability
        rows = mine[(mine["channel"] == channel) & (mine["estimand"] == estimand)]
        if rows.empty:
            continue
        said.append(_varied(SHOWN[estimand], rows.iloc[0]))
        if estimand == "contribution":
            said.append(_drift(rows.iloc[0]))
    return said or ["It was never on."]


def _varied(what: str, row: pd.Series) -> str:
    what = what if what == "ROAS" else what[0].upper() + what[1:]
    if row["near_zero"]:
        return (
            f"{what}: its mean over the windows can't be told from 0, so how much it varies "
            "relative to that says little."
        )
    told = (
        f"coefficient of variation {row['cv']:.2f}, 90% interval {row['cv_lower']:.2f} to "
        f"{row['cv_upper']:.2f}"
    )
    share = float(row[f"p_{row['class']}"])
    if share >= SURE:
        return f"{what}: {row['class']} ({told})."
    chances = listed([f"{name} {row[f'p_{name}']:.0%}" for name in CLASSES])
    return f"{what}: the windows don't settle it ({chances}; {told})."


def _drift(row: pd.Series) -> str:
    inside = (
        "The last window's median lies within the first window's interval"
        if row["held"]
        else "The last window's median lies outside the first window's interval"
    )
    change = (
        f"{percent(row['change'])} of its mean ({percent(row['change_lower'])} to "
        f"{percent(row['change_upper'])})"
    )
    if row["change_lower"] > 0:
        return f"{inside}; from the first to the last window it rose: {change}."
    if row["change_upper"] < 0:
        return f"{inside}; from the first to the last window it fell: {change}."
    return (
        f"{inside}, and its change from the first to the last, {change}, can't be told from none."
    )


def percent(value: float) -> str:
    """Write a change in percent: +12%, −3%.

    Parameters
    ----------
    value : float
        Of one.
    """
    rounded = round(100 * value)
    return f"{rounded:+d}%".replace("-", "−") if rounded else "0%"


def forecast_says(rolled: Rolled) -> str:
    """The same in a sentence; empty without forecasts."""
    if rolled.scores.empty:
        return ""
    one = rolled.scores[rolled.scores["horizon"].astype(str) == WHOLE].iloc[0]
    return (
        f"Each window predicted the weeks after it, their spends and controls given (those of "
        f"channels in the middle too): {one['coverage_90']:.0%} of {int(one['values'])} forecasts "
        "lie in their 90% predictive intervals. Forecasts of neighbouring windows are of the same "
        "weeks and by nearly the same data, so they count as fewer than they are."
    )
