"""Interactions in a report: effects at each level of the other variable, and their differences."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmm_bayes.inference import runs
from mmm_bayes.report.cells import Row, Table, estimate_cell, make_table
from mmm_bayes.report.run import View, row_summary
from mmm_bayes.text import estimate, join_names, number

_UNITS = {"lift": "%", "effect": "%", "elasticity": "%", "roas": "", "per_exposure": ""}
_HEADS = {
    "lift": "when on",
    "effect": "for +1 sd",
    "elasticity": "for +1%",
    "roas": "per unit of money",
    "per_exposure": "per unit of {measure}",
}
#: In the level of a row that is a difference of two levels.
_LESS = " less "
_SUBJECTS = {
    "lift": "Effect of {effect} on {outcome} when on",
    "effect": "Effect on {outcome} of one standard deviation more of {effect}",
    "elasticity": "Effect on {outcome} of 1% more of {effect}",
    "roas": "Direct effect on {outcome} of a unit of money on {effect}",
    "per_exposure": "Direct effect on {outcome} of a unit of {measure} ({effect})",
}


def interactions_table(run: View) -> Table | None:
    """Every effect at every level, and the differences; None without interactions."""
    rows: list[Row] = []
    for _, record in run.extra_table(runs.INTERACTIONS).iterrows():
        effect, quantity = str(record["of"]), record["quantity"]
        head = _HEADS[quantity].format(measure=run.exposure_name(effect))
        difference = _LESS in record["level"]
        rows.append(
            [
                str(record["interaction"]),
                f"{effect}, {head}",
                str(record["level"]) if difference else _level(record),
                estimate_cell(row_summary(record), unit=_UNITS[quantity]),
            ]
        )
    columns = ("interaction", f"effect on {run.outcome} of", "with", "mean, 90% interval")
    return make_table(columns, rows) if rows else None


def interaction_sentences(run: View) -> list[str]:
    """Effects at each level of each interaction, and whether the table shows a difference."""
    table = run.extra_table(runs.INTERACTIONS)
    if table.empty:
        return []
    groups = table.groupby(["interaction", "of", "at"], sort=False)
    return [_sentence(rows, run) for _, rows in groups]


def _sentence(rows: pd.DataFrame, run: View) -> str:
    effect, modifier, quantity = (str(rows.iloc[0][key]) for key in ("of", "at", "quantity"))
    if not rows[["mean", "lower", "upper"]].any(axis=None):
        return (
            f"This model gives {effect} no direct effect, so there is none that {modifier} could "
            "change."
        )
    is_difference = rows["level"].str.contains(_LESS, regex=False)
    differences, unit = rows[is_difference], _UNITS[quantity]
    subject = _SUBJECTS[quantity].format(
        effect=effect, outcome=run.outcome, measure=run.exposure_name(effect)
    )
    levels = "; ".join(
        f"{_level(row)}, {estimate(row_summary(row), unit=unit)}"
        for _, row in rows[~is_difference].iterrows()
    )
    finding = (
        _season_finding(differences, effect)
        if len(differences) > 1
        else _level_finding(differences.iloc[0], effect, modifier, unit)
    )
    return f"{subject}: {levels}. {finding}"


def _level_finding(difference: Any, effect: str, modifier: str, unit: str) -> str:
    text = f"The difference is {estimate(row_summary(difference), unit=unit)}"
    if difference["lower"] <= 0 <= difference["upper"]:
        return (
            f"{text}, which contains 0: this table does not show that {modifier} changes the "
            f"effect of {effect}."
        )
    return f"{text}, which excludes 0: the effect of {effect} depends on {modifier}."


def _season_finding(differences: pd.DataFrame, effect: str) -> str:
    clear = differences[(differences["lower"] > 0) | (differences["upper"] < 0)]
    if clear.empty:
        return (
            "No season's interval of the difference from their mean excludes 0: this table does "
            f"not show that the effect of {effect} changes with the season."
        )
    seasons = [
        f"{row['level'].partition(_LESS)[0]} ({'more' if row['mean'] > 0 else 'less'})"
        for _, row in clear.iterrows()
    ]
    return (
        f"The 90% interval of the difference from their mean excludes 0 in {join_names(seasons)}."
    )


def _level(row: Any) -> str:
    """A level in words: ``price low (19.2)``, ``promotion on``, ``mid-May``."""
    if row["at"] == "season":
        return str(row["level"])
    if row["level"] in ("off", "on"):
        return f"{row['at']} {row['level']}"
    return f"{row['at']} {row['level']} ({number(float(row['value']))})"
