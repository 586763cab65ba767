"""Figures of a rolling job's page: what each shows, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.plots import windows as draw
from mmm_bayes.plots.style import figure, panels
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.rolling.folder import RollingResults
from mmm_bayes.studies.rolling.stability import CLASSES
from mmm_bayes.text import fixed, join_names

COLUMNS = 5
BANDS = (
    "Dots: each window's median at its last week; band: its 90% interval. The grey strip is "
    "the first window's interval."
)


def pictures(results: RollingResults) -> Iterator[Picture]:
    """Draw the figures of a rolling job, one after the other.

    Yields
    ------
    Picture
        Those that the job has the tables for.
    """
    outcome = results.outcome
    drawers: tuple[Callable[[RollingResults], Picture | None], ...] = (
        variation,
        partial(
            estimates, "windows", "contribution_share", f"% of {outcome}", times=100.0,
            title=f"Share of {outcome} that each channel's total effect is, window by window.",
        ),
        partial(
            estimates, "roas", "roas", "ROAS",
            title=f"{outcome} per unit of money spent, window by window.",
        ),
        partial(
            estimates, "retention", "retention", "carryover",
            title="Share of an effect that is kept from week to week.",
        ),
        partial(
            estimates, "saturation", "half_saturation", "exposure", log=True,
            title="Weekly exposure at which half of the greatest effect is reached (logarithmic).",
        ),
        paths, forecasts, horizons, subsets,
    )  # fmt: skip
    for drawer in drawers:
        picture = drawer(results)
        if picture is not None:
            yield picture


def variation(results: RollingResults) -> Picture:
    """Variation of each channel's contribution over the windows."""
    channels = results.channels
    drawing, axes = figure(width=9.5, height=1.4 + 0.62 * len(channels))
    draw.variation_bars(axes[0, 0], results.stability, channels, CLASSES)
    return Picture(
        "variation",
        "Coefficient of variation of each channel's contribution over the windows: "
        f"{join_names([_variation_text(results, name) for name in channels])}.",
        "Variation of each channel's contribution, and of its direct and indirect part, over the "
        "windows, with the estimation noise removed; the upright mark is the variation of the "
        "windows' estimates, noise included. An interval that crosses a limit leaves the class "
        "open; one that reaches the right edge extends beyond it.",
        drawing,
        vector=True,
    )


def estimates(
    name: str,
    estimand: str,
    label: str,
    results: RollingResults,
    *,
    title: str,
    times: float = 1.0,
    log: bool = False,
) -> Picture | None:
    """Estimates of one estimand for every channel, window by window.

    Parameters
    ----------
    name, label : str
        Name of the picture, and label of the vertical axis.
    title : str
        What is shown.
    times : float
        Factor of the values.
    log : bool
        Whether the axis is logarithmic.
    """
    rows = results.estimates(estimand)
    if rows.empty:
        return None
    drawing, axes = _channel_panels(results)
    draw.estimates_over_windows(axes, rows, results.channels, label=label, times=times, log=log)
    alt = f"{title} Channels: {join_names(results.channels)}."
    return Picture(name, alt, f"{title} {BANDS}", drawing)


def paths(results: RollingResults) -> Picture | None:
    """Direct and indirect effects per week; None without a mediator."""
    rows = results.rolling[results.rolling["estimand"].isin(["direct", "indirect"])]
    if not rows.loc[rows["estimand"] == "indirect", ["lower", "upper"]].to_numpy().any():
        return None
    apart = (rows["window_end"] - rows["window_start"]).dt.days
    weeks = (apart / results.step.length).round() + 1
    values = ["median", "lower", "upper"]
    per_week = rows.assign(**rows[values].div(weeks, axis=0))
    drawing, axes = _channel_panels(results)
    draw.paths_over_windows(
        axes, per_week, results.channels, label=f"{results.outcome} per week", times=1.0
    )
    return Picture(
        "paths",
        "Direct and indirect effects per week, window by window, of "
        f"{join_names(results.channels)}.",
        "Effect per week by path. An indirect band that reaches 0 is a window without evidence of "
        "mediation.",
        drawing,
    )


def forecasts(results: RollingResults) -> Picture | None:
    """Forecasts of each window, and the observed outcome."""
    if results.forecast.empty:
        return None
    observed = results.forecast.drop_duplicates("date").set_index("date")["observed"].sort_index()
    drawing, axes = figure(width=9.5, height=3.4)
    draw.forecasts(axes[0, 0], results.forecast, observed, name=results.outcome)
    return Picture(
        "forecasts",
        f"Forecasts of {results.outcome} by each window, and the observed outcome.",
        "Each window's forecast of the weeks after it, unseen by its fit; colours alternate so "
        "that neighbours can be distinguished.",
        drawing,
    )


def horizons(results: RollingResults) -> Picture | None:
    """Error and coverage of the forecasts by the number of weeks ahead."""
    if results.forecast.empty:
        return None
    rows = results.scores[results.scores["horizon"].astype(str) != ALL_UNITS]
    rows = rows.assign(horizon=rows["horizon"].astype(int))
    drawing, axes = figure(1, 2, width=9.5, height=2.8, top=0.65)
    draw.horizon_scores(list(axes[0]), rows, name=results.outcome)
    return Picture(
        "horizons",
        "Error and coverage of the forecasts by the number of weeks ahead.",
        "How far ahead the forecasts can be trusted. Each point rests on few forecasts, so single "
        "points vary.",
        drawing,
        vector=True,
    )


def subsets(results: RollingResults) -> Picture | None:
    """Contribution per week where a control is off or low, and where it is on or high."""
    rows = results.subsets
    if rows.empty:
        return None
    rows = rows[(rows["estimand"] == "total") & (rows["subset"] != "difference")]
    controls = list(dict.fromkeys(rows["control"]))
    drawing, axes = figure(
        1, len(controls), width=9.5, height=1.2 + 0.5 * len(results.channels), left=1.0, across=1.0
    )
    label = f"{results.outcome} per week"
    draw.subset_means(list(axes[0]), rows, results.channels, label=label)
    return Picture(
        "subsets",
        f"Contribution per week within subsets of the weeks by {join_names(controls)}.",
        "Contribution per week, mean and 90% interval, where the control is off (low) and on "
        "(high).",
        drawing,
        vector=True,
    )


def _channel_panels(results: RollingResults) -> tuple[Figure, list[Axes]]:
    """A figure with an axes for each channel."""
    return panels(
        len(results.channels), columns=COLUMNS, height=2.2, margin=0.6, width=9.5, across=0.45
    )


def _variation_text(results: RollingResults, channel: str) -> str:
    row = results.variation(channel, "contribution")
    return f"{channel} none" if row is None else f"{channel} {fixed(row['cv'])} ({row['class']})"
