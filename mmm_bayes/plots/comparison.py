"""Runs against each other: how far each is behind the best, and in which weeks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, PALE, dates, few, subtitle

BEST, WORSE = OKABE_ITO[0], OKABE_ITO[4]
#: Characters of a run's name that there is room for.
ROOM = 34


def differences(ax: Axes, table: pd.DataFrame, *, tie: float) -> None:
    """Draw each run's ELPD less that of the best, with one and two standard errors.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns run, elpd_diff (to the best, zero or negative), diff_se and verdict, in a word or
        two; a "worse" run is coloured. Best first.
    tie : float
        Differences below this are shaded: too small to count.
    """
    ax.axvspan(-tie, 0, color=PALE, alpha=0.5, linewidth=0)
    ax.axvline(0, color=GREY, linewidth=1)
    places = blended_transform_factory(ax.transAxes, ax.transData)
    rows: Any = table.itertuples(index=False)
    for at, row in enumerate(rows):
        colour = BEST if at == 0 else WORSE if row.verdict == "worse" else GREY
        for errors, width in ((2, 1.2), (1, 3.0)):
            ends = row.elpd_diff + errors * row.diff_se * np.array([-1, 1])
            ax.plot(ends, [at, at], color=colour, linewidth=width, solid_capstyle="butt")
        ax.plot(row.elpd_diff, at, marker="o", color=colour, markersize=6)
        ax.annotate(
            f"{shortened(str(row.run))}: {row.verdict}", (0.01, at),
            xycoords=places, xytext=(0, 7), textcoords="offset points", va="bottom", fontsize=8,
            color=INK if colour == GREY else colour,
        )  # fmt: skip
    ax.set_ylim(len(table) - 0.5, -0.75)
    ax.set_yticks([])
    ax.grid(axis="y", visible=False)
    few(ax.xaxis, 6)
    ax.set_xlabel("behind the best, log units (bars: 1 and 2 standard errors)")
    ax.set_title("How well unseen weeks are predicted\n")
    subtitle(ax, f"inside the grey strip (less than {tie:.0f}) nobody is ahead")


def lead_over_time(
    ax: Axes, lead: xr.DataArray, refitted: xr.DataArray, *, best: str, second: str, tie: float
) -> None:
    """Draw by how much one run predicts each week better than another, and the running total.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    lead : xarray.DataArray, dims (time,)
        Log predictive density of the best less that of the second, each week unseen.
    refitted : xarray.DataArray of bool, dims (time,)
        Weeks that a refit was made for.
    best, second : str
    tie : float
        A total lead below this is shaded: too small to count. The axis shows it whole.
    """
    when, values = lead["time"].values, lead.values
    total = np.cumsum(values)
    ax.axhspan(-tie, tie, color=PALE, alpha=0.5, linewidth=0)
    ax.axhline(0, color=GREY, linewidth=1)
    for mine, colour in ((values >= 0, BEST), (values < 0, WORSE)):
        ax.vlines(when[mine], 0, values[mine], color=colour, linewidth=1.6)
    ax.plot(when, total, color=INK, linewidth=1.4)
    marks = ""
    if refitted.any():
        marked, marks = refitted.values, "; diamonds: refitted"
        ax.plot(
            when[marked], values[marked], linestyle="", marker="D", markersize=4, color=INK,
            markerfacecolor="white",
        )  # fmt: skip
    seen = np.concatenate([values, total, [-tie, tie]])
    room = 0.08 * np.ptp(seen)
    ax.set_ylim(seen.min() - room, seen.max() + room)
    dates(ax, most=6)
    ax.set_ylabel("lead, log units")
    ax.set_title(f"{shortened(best)} against {shortened(second)}\n")
    subtitle(ax, f"bars: each week's lead, orange where behind; line: added up{marks}")


def shortened(name: str) -> str:
    """A run's name, cut in its middle if there is no room for it."""
    return name if len(name) <= ROOM else f"{name[: ROOM // 2 - 1]}…{name[-ROOM // 2 :]}"
