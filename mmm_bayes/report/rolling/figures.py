"""The figures of a rolling job's page: what each shows, and what to see in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pandas as pd

from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.plots import windows as draw
from mmm_bayes.plots.style import figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.rolling.folder import Rolled
from mmm_bayes.report.words import listed
from mmm_bayes.rolling.stability import CLASSES

COLUMNS = 5
BANDS = (
    "Dots: each window's median at its last week; band: its 90% interval. The grey strip is "
    "the first window's interval, from end to end."
)


def pictures(rolled: Rolled) -> Iterator[Picture]:
    """Draw the figures of a rolling job, one after the other.

    Yields
    ------
    Picture
        Those that the job has the tables for.
    """
    outcome = rolled.outcome
    drawers: tuple[Callable[[Rolled], Picture | None], ...] = (
        variation,
        partial(
            answer, "windows", "contribution_share", f"% of {outcome}", times=100.0,
            words=f"Share of {outcome} that each channel's total effect is, window by window.",
        ),
        partial(
            answer, "roas", "roas", "ROAS",
            words=f"{outcome} per unit of money spent, window by window.",
        ),
        partial(
            answer, "retention", "retention", "carryover",
            words="Share of an effect that is kept from week to week.",
        ),
        partial(
            answer, "saturation", "half_saturation", "exposure", log=True,
            words="Exposure of a week at which half of the greatest effect is reached "
            "(logarithmic).",
        ),
        paths, forecasts, horizons, subsets,
    )  # fmt: skip
    for drawer in drawers:
        drawn = drawer(rolled)
        if drawn is not None:
            yield drawn


def variation(rolled: Rolled) -> Picture:
    """How much each channel's contribution varied over the windows."""
    channels = rolled.channels
    made, axes = figure(width=9.5, height=1.4 + 0.62 * len(channels))
    draw.variation_bars(axes[0, 0], rolled.stability, channels, CLASSES)
    return Picture(
        "variation",
        "Coefficient of variation of each channel's contribution over the windows: "
        + listed([f"{name} {_cv(rolled, name)}" for name in channels])
        + ".",
        "How much each channel's contribution, and its direct and indirect part, varied over the "
        "windows, noise taken out; the upright mark is what the windows' estimates show with their "
        "noise. An interval that crosses a limit leaves the class open; one that reaches the right "
        "edge goes on.",
        made, vector=True,
    )  # fmt: skip


def answer(
    name: str,
    estimand: str,
    label: str,
    rolled: Rolled,
    *,
    words: str,
    times: float = 1.0,
    log: bool = False,
) -> Picture | None:
    """One answer about every channel, window by window.

    Parameters
    ----------
    name, estimand, label : str
        Of the picture, of the rows, and of the axis.
    rolled : Rolled
    words : str
        What is shown.
    times : float
        The values are multiplied by this.
    log : bool
        Whether the axis is logarithmic.
    """
    rows = rolled.answer(estimand)
    if rows.empty:
        return None
    made, panels = _panels(rolled)
    draw.over_windows(panels, rows, rolled.channels, label=label, times=times, log=log)
    return Picture(name, f"{words} Channels: {listed(rolled.channels)}.", f"{words} {BANDS}", made)


def paths(rolled: Rolled) -> Picture | None:
    """Direct and indirect effects per week; nothing without a mediation path."""
    rows = rolled.rolling[rolled.rolling["estimand"].isin(["direct", "indirect"])]
    if not rows.loc[rows["estimand"] == "indirect", ["lower", "upper"]].to_numpy().any():
        return None
    weeks = (rows["window_end"] - rows["window_start"]).dt.days / rolled.record["step_days"] + 1
    values = ["median", "lower", "upper"]
    shared = rows.assign(**rows[values].div(weeks, axis=0))
    made, panels = _panels(rolled)
    draw.paths_over_windows(
        panels, shared, rolled.channels, label=f"{rolled.outcome} per week", times=1.0
    )
    return Picture(
        "paths",
        f"Direct and indirect effects per week, window by window, of {listed(rolled.channels)}.",
        "Effect per week by path. An indirect band that reaches 0 is a window that gives no "
        "evidence of mediation.",
        made,
    )


def forecasts(rolled: Rolled) -> Picture | None:
    """Each window's forecast, and what came."""
    if rolled.forecast.empty:
        return None
    observed = rolled.forecast.drop_duplicates("date").set_index("date")["observed"].sort_index()
    made, axes = figure(width=9.5, height=3.4)
    draw.forecasts(axes[0, 0], rolled.forecast, observed, name=rolled.outcome)
    return Picture(
        "forecasts",
        f"Forecasts of {rolled.outcome} by each window, and what came.",
        "Each window's forecast of the weeks after it, which it had not seen; colours take turns "
        "so that neighbours can be told apart.",
        made,
    )


def horizons(rolled: Rolled) -> Picture | None:
    """Error and coverage of the forecasts by how far ahead they are."""
    if rolled.forecast.empty:
        return None
    rows = rolled.scores[rolled.scores["horizon"].astype(str) != WHOLE]
    made, axes = figure(1, 2, width=9.5, height=2.8, top=0.65)
    rows = rows.assign(horizon=rows["horizon"].astype(int))
    draw.horizon_scores(list(axes[0]), rows, name=rolled.outcome)
    return Picture(
        "horizons",
        "Error and coverage of the forecasts by the number of weeks ahead.",
        "How far ahead the forecasts can be trusted. Few forecasts make each point, so single "
        "points jump.",
        made, vector=True,
    )  # fmt: skip


def subsets(rolled: Rolled) -> Picture | None:
    """Contribution per week where a control is off or low, and where it is on or high."""
    if rolled.subsets.empty:
        return None
    told = rolled.subsets
    rows: pd.DataFrame = told[(told["estimand"] == "total") & (told["subset"] != "difference")]
    controls, channels = list(dict.fromkeys(rows["control"])), rolled.channels
    made, parts = figure(
        1, len(controls), width=9.5, height=1.2 + 0.5 * len(channels), left=1.0, across=1.0
    )
    draw.subset_means(list(parts[0]), rows, channels, label=f"{rolled.outcome} per week")
    return Picture(
        "subsets",
        f"Contribution per week within subsets of the weeks by {listed(controls)}.",
        "Contribution per week, mean and 90% interval, where the control is off (low) and on "
        "(high).",
        made, vector=True,
    )  # fmt: skip


def _panels(rolled: Rolled, height: float = 2.2) -> tuple[Any, list[Any]]:
    """A figure with an axes for each channel."""
    columns = min(COLUMNS, len(rolled.channels))
    rows = -(-len(rolled.channels) // columns)
    made, axes = figure(rows, columns, width=9.5, height=0.6 + height * rows, across=0.45)
    for spare in axes.ravel()[len(rolled.channels) :]:
        spare.set_visible(False)
    return made, list(axes.ravel())


def _cv(rolled: Rolled, channel: str) -> str:
    mine = rolled.stability
    rows = mine[(mine["channel"] == channel) & (mine["estimand"] == "contribution")]
    return "none" if rows.empty else f"{rows.iloc[0]['cv']:.2f} ({rows.iloc[0]['class']})"
