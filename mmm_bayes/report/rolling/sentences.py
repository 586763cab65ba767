"""Sentences of a rolling job's page: which effects are stable, and how the forecasts did."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.report.rolling.folder import RollingResults
from mmm_bayes.studies.rolling.stability import CLASSES
from mmm_bayes.text import capitalised, fixed, join_names, percent

#: Posterior probability from which a class is stated without the probabilities of the others.
CERTAIN = 0.9
#: Estimands that are shown, and their names.
NAMES = {
    "contribution": "contribution per week",
    "contribution_share": "share",
    "direct": "direct effect",
    "indirect": "indirect effect",
    "roas": "ROAS",
    "retention": "carryover",
    "half_saturation": "half-saturation",
}


def windows_sentence(fits: list[dict[str, Any]]) -> str:
    """Number and dates of the windows.

    Parameters
    ----------
    fits : list of dict
        Fits of the windows as in ``rolling.json``.
    """
    return (
        f"{len(fits)} windows, the first from {fits[0]['window_start']} to "
        f"{fits[0]['window_end']}, the last from {fits[-1]['window_start']} to "
        f"{fits[-1]['window_end']}."
    )


def classes_sentence() -> str:
    """Definition of the stability classes."""
    stable, moderate = fixed(CLASSES["stable"], 1), fixed(CLASSES["moderate"], 1)
    return (
        f"Below {stable} is stable: an effect that is a fifth larger in one half of the windows "
        f"than in the other has {stable}. From {moderate} on is volatile: one that is nearly twice "
        f"as large has {moderate}. Between them is moderate."
    )


def stability_sentences(results: RollingResults, channel: str) -> list[str]:
    """Stability of a channel's effects over the windows, in words."""
    sentences = []
    for estimand in ("contribution", "indirect", "roas"):
        variation = results.variation(channel, estimand)
        if variation is None:
            continue
        sentences.append(_variation_sentence(NAMES[estimand], variation))
        if estimand == "contribution":
            sentences.append(_drift_sentence(variation))
            number, all_windows = variation.get("windows"), len(results.record["fits"])
            if number is not None and number < all_windows:
                sentences.append(
                    f"The channel was on in {number:.0f} of {all_windows} windows, which are the "
                    "ones compared."
                )
    return sentences or ["It was on in fewer than two windows, so there is nothing to compare."]


def _variation_sentence(name: str, row: pd.Series) -> str:
    name = name if name == "ROAS" else capitalised(name)
    if row["near_zero"]:
        return (
            f"{name}: its mean over the windows can't be distinguished from 0, so its variation "
            "relative to that mean is not informative."
        )
    cv = (
        f"coefficient of variation {fixed(row['cv'])}, 90% interval {fixed(row['cv_lower'])} to "
        f"{fixed(row['cv_upper'])}"
    )
    if row[f"p_{row['class']}"] >= CERTAIN:
        return f"{name}: {row['class']} ({cv})."
    classes = join_names([f"{name_} {percent(row[f'p_{name_}'])}" for name_ in CLASSES])
    return f"{name}: the windows do not settle it ({classes}; {cv})."


def _drift_sentence(row: pd.Series) -> str:
    place = "within" if row["held"] else "outside"
    median = f"The last window's median lies {place} the first window's interval"
    change, lower, upper = (
        percent(row[key], signed=True) for key in ("change", "change_lower", "change_upper")
    )
    change = f"{change} of its mean ({lower} to {upper})"
    if row["change_lower"] > 0:
        return f"{median}; from the first to the last window it rose: {change}."
    if row["change_upper"] < 0:
        return f"{median}; from the first to the last window it fell: {change}."
    return (
        f"{median}, and its change from the first to the last, {change}, can't be distinguished "
        "from none."
    )


def forecast_sentence(results: RollingResults) -> str:
    """Coverage of the forecasts; empty without forecasts."""
    if results.scores.empty:
        return ""
    row = results.scores[results.scores["horizon"].astype(str) == ALL_UNITS].iloc[0]
    return (
        "Each window predicted the weeks after it, given their spends (those of mediators too) and "
        f"controls: {percent(row['coverage_90'])} of {int(row['values'])} forecasts lie in their "
        "90% predictive intervals. Forecasts of neighbouring windows are of the same weeks and "
        "rest on nearly the same data, so they amount to fewer independent ones."
    )
