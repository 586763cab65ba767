"""Runs against each other: effects, predictive accuracy, and the lead of the best by week."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from mmm_bayes.plots.style import (
    GREY,
    INK,
    OKABE_ITO,
    PALE,
    colours,
    date_axis,
    limit_ticks,
    number_axis,
    subtitle,
)
from mmm_bayes.text import number

BEST, WORSE = OKABE_ITO[0], OKABE_ITO[4]
#: Most characters of a run's name in a figure.
LONGEST = 34
MARKERS = "osD^vPX"


def intervals_by_run(
    ax: Axes, values: np.ndarray, channels: Sequence[str], runs: Sequence[str], *, label: str
) -> None:
    """Draw an estimand of each channel, once for every run.

    Parameters
    ----------
    values : array of float, shape (channel, run, 3)
        Mean, lower and upper end; NaN where a run does not have the estimand.
    channels : sequence of str
        Rows, from the top.
    runs : sequence of str
        Names, as the legend shows them.
    label : str
        Of the axis, with its unit.
    """
    palette = colours(runs)
    step = 0.72 / max(len(runs), 2)
    for row in range(0, len(channels), 2):
        ax.axhspan(row - 0.5, row + 0.5, color=PALE, alpha=0.3, linewidth=0)
    for index, run in enumerate(runs):
        y = np.arange(len(channels)) + step * (index - (len(runs) - 1) / 2)
        mean, lower, upper = values[:, index].T
        ax.hlines(y, lower, upper, color=palette[run], linewidth=1.8)
        ax.plot(
            mean, y, linestyle="", marker=MARKERS[index % len(MARKERS)], color=palette[run],
            markersize=5, label=run,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(channels)), channels)
    ax.set_ylim(len(channels) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(label)
    number_axis(ax.xaxis)


def elpd_differences(ax: Axes, table: pd.DataFrame, *, tie: float) -> None:
    """Draw each run's ELPD less that of the best, with one and two standard errors.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns run, elpd_diff (to the best, zero or negative), diff_se and verdict, in a word or
        two; a "worse" run is coloured. Best first.
    tie : float
        Differences below this, in log units, are shaded: too small to count.
    """
    ax.axvspan(-tie, 0, color=PALE, alpha=0.5, linewidth=0)
    ax.axvline(0, color=GREY, linewidth=1)
    left_edge = blended_transform_factory(ax.transAxes, ax.transData)
    rows: Any = table.itertuples(index=False)
    for y, row in enumerate(rows):
        colour = BEST if y == 0 else WORSE if row.verdict == "worse" else GREY
        for errors, width in ((2, 1.2), (1, 3.0)):
            ends = row.elpd_diff + errors * row.diff_se * np.array([-1, 1])
            ax.plot(ends, [y, y], color=colour, linewidth=width, solid_capstyle="butt")
        ax.plot(row.elpd_diff, y, marker="o", color=colour, markersize=6)
        ax.annotate(
            f"{shorten(str(row.run))}: {row.verdict}", (0.01, y),
            xycoords=left_edge, xytext=(0, 7), textcoords="offset points", va="bottom", fontsize=8,
            color=INK if colour == GREY else colour,
        )  # fmt: skip
    ax.set_ylim(len(table) - 0.5, -0.75)
    ax.set_yticks([])
    ax.grid(axis="y", visible=False)
    limit_ticks(ax.xaxis, 6)
    ax.set_xlabel("behind the best, log units (bars: 1 and 2 standard errors)")
    ax.set_title("How well unseen weeks are predicted\n")
    subtitle(ax, f"inside the grey strip (less than {number(tie)}) nobody is ahead")


def lead_over_time(
    ax: Axes, lead: xr.DataArray, refitted: xr.DataArray, *, best: str, second: str, tie: float
) -> None:
    """Draw by how much one run predicts each week better than another, and the running total.

    Parameters
    ----------
    lead : xarray.DataArray, dims (time,)
        Log predictive density of the best less that of the second, each week unseen.
    refitted : xarray.DataArray of bool, dims (time,)
        Weeks that a refit was made for.
    best, second : str
        Names of the two runs.
    tie : float
        A total lead below this, in log units, is shaded: too small to count.
    """
    time, values = lead["time"].values, lead.values
    total = np.cumsum(values)
    ax.axhspan(-tie, tie, color=PALE, alpha=0.5, linewidth=0)
    ax.axhline(0, color=GREY, linewidth=1)
    for chosen, colour in ((values >= 0, BEST), (values < 0, WORSE)):
        ax.vlines(time[chosen], 0, values[chosen], color=colour, linewidth=1.6)
    ax.plot(time, total, color=INK, linewidth=1.4)
    marks = ""
    if refitted.any():
        marked, marks = refitted.values, "; diamonds: refitted"
        ax.plot(
            time[marked], values[marked], linestyle="", marker="D", markersize=4, color=INK,
            markerfacecolor="white",
        )  # fmt: skip
    heights = np.concatenate([values, total, [-tie, tie]])
    margin = 0.08 * np.ptp(heights)
    ax.set_ylim(heights.min() - margin, heights.max() + margin)
    date_axis(ax, most=6)
    ax.set_ylabel("lead, log units")
    ax.set_title(f"{shorten(best)} against {shorten(second)}\n")
    subtitle(ax, f"bars: each week's lead, orange where behind; line: running total{marks}")


def shorten(name: str) -> str:
    """A run's name, cut in its middle if it is too long for a figure."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2 - 1]}…{name[-LONGEST // 2 :]}"
