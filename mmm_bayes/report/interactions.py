"""Interactions in a report: an effect at each level of the other, and whether the levels differ."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmm_bayes import runs
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.words import Summary, listed, number, spread, with_interval

_UNITS = {"lift": "%", "effect": "%", "elasticity": "%", "roas": "", "per_exposure": ""}
_HEADS = {
    "lift": "when on",
    "effect": "for +1 sd",
    "elasticity": "for +1%",
    "roas": "per unit of money",
    "per_exposure": "per unit of {measure}",
}
_LESS = " less "


def interactions(run: View) -> Table | None:
    """Every effect at every level, and the differences; None without interactions."""
    found = run.added(runs.INTERACTIONS)
    rows = []
    for _, one in found.iterrows():
        head = _HEADS[one["quantity"]].format(measure=run.measure(one["of"]))
        where = _level(one) if _LESS not in one["level"] else one["level"]
        mean = spread(_summary(one), unit=_UNITS[one["quantity"]])
        rows.append([str(one["interaction"]), f"{one['of']}, {head}", where, mean])
    columns = ("interaction", f"effect on {run.outcome} of", "with", "mean, 90% interval")
    return table(columns, rows) if rows else None


def interaction_sentences(run: View) -> list[str]:
    """What each interaction does to the outcome, and whether the table shows it."""
    found = run.added(runs.INTERACTIONS)
    if found.empty:
        return []
    return [
        _sentence(rows, run) for _, rows in found.groupby(["interaction", "of", "at"], sort=False)
    ]


def _sentence(rows: pd.DataFrame, run: View) -> str:
    first = rows.iloc[0]
    of, at, quantity = str(first["of"]), str(first["at"]), str(first["quantity"])
    if not rows[["mean", "lower", "upper"]].any(axis=None):
        return f"This model gives {of} no effect of its own, so {at} can change nothing of it."
    contrast = rows["level"].str.contains(_LESS, regex=False)
    unit, subject = _UNITS[quantity], _SUBJECTS[quantity]
    told = "; ".join(
        f"{_level(one)}, {with_interval(_summary(one), unit=unit)}"
        for _, one in rows[~contrast].iterrows()
    )
    said = f"{subject.format(of=of, outcome=run.outcome, measure=run.measure(of))}: {told}."
    if contrast.sum() > 1:
        return f"{said} {_of_seasons(rows[contrast], of)}"
    return f"{said} {_of_levels(rows[contrast].iloc[0], of, at, unit)}"


_SUBJECTS = {
    "lift": "What {of} moves {outcome} by",
    "effect": "What one standard deviation more of {of} moves {outcome} by",
    "elasticity": "What 1% more of {of} moves {outcome} by",
    "roas": "What a unit of money on {of} brings of {outcome} by its own path",
    "per_exposure": "What a unit of {measure} ({of}) brings of {outcome} by its own path",
}


def _of_levels(one: Any, of: str, at: str, unit: str) -> str:
    said = f"The difference is {with_interval(_summary(one), unit=unit)}"
    if one["lower"] <= 0 <= one["upper"]:
        return (
            f"{said}, which contains 0: this table does not show that {at} changes what {of} does."
        )
    return f"{said}, which excludes 0: what {of} does depends on {at}."


def _of_seasons(rows: pd.DataFrame, of: str) -> str:
    apart = rows[(rows["lower"] > 0) | (rows["upper"] < 0)]
    if apart.empty:
        return (
            "None of them can be told from their mean: this table does not show that what "
            f"{of} does changes with the season."
        )
    named = [
        f"{one['level'].partition(_LESS)[0]} ({'more' if one['mean'] > 0 else 'less'})"
        for _, one in apart.iterrows()
    ]
    return f"Told from their mean, by 90% intervals: {listed(named)}."


def _level(one: Any) -> str:
    """A level in words: ``price low (19.2)``, ``promotion on``, ``mid-May``."""
    if one["at"] == "season":
        return str(one["level"])
    if one["level"] in ("off", "on"):
        return f"{one['at']} {one['level']}"
    return f"{one['at']} {one['level']} ({number(float(one['value']))})"


def _summary(one: Any) -> Summary:
    return Summary(float(one["mean"]), float(one["lower"]), float(one["upper"]))
