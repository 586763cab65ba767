"""Predictive intervals of fitted and of held-out weeks against the observed outcome."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import (
    GREY,
    INK,
    OKABE_ITO,
    date_axis,
    legend,
    needs_log_scale,
    number_axis,
)
from mmm_bayes.text import percent


def fit_over_time(
    ax: Axes,
    intervals: xr.DataArray,
    observed: xr.DataArray,
    *,
    coverage: float,
    name: str = "outcome",
    colour: str = OKABE_ITO[0],
) -> None:
    """Draw predictive intervals and the observed weeks, both summed over units.

    Parameters
    ----------
    intervals : xarray.DataArray, dims (inside, end, time)
        Of `mmm_bayes.estimands.intervals.predictive_intervals`: the noise is in them, so 90% of
        the weeks should be inside the wide one.
    observed : xarray.DataArray, dims (time,)
        In the unit of the intervals.
    coverage : float
        Share of the weeks inside the 90% interval.
    name : str
        Name of what is predicted.
    colour : str
        Of the intervals.
    """
    _predictive_bands(ax, intervals, colour)
    ax.plot(
        observed["time"], observed, linestyle="", marker="o", markersize=2.6, color=INK,
        label="observed",
    )  # fmt: skip
    cut = _set_limits(ax, observed.values, intervals)
    ax.set_title(f"{name}: {percent(coverage)} of weeks inside the 90% band{cut}")
    date_axis(ax)
    legend(ax)


def holdout_forecast(
    ax: Axes, fitted: xr.DataArray, intervals: xr.DataArray, observed: xr.DataArray,
    *, coverage: float, name: str = "outcome",
) -> None:  # fmt: skip
    """Draw the forecast of the weeks held out, after the weeks that were fitted.

    Parameters
    ----------
    fitted : xarray.DataArray, dims (time,)
        Observed outcome of all weeks; those before the forecast are drawn.
    intervals : xarray.DataArray, dims (inside, end, time)
        Predictive intervals of the weeks held out.
    observed : xarray.DataArray, dims (time,)
        Outcome of the weeks held out.
    coverage : float
        Share of the weeks inside the 90% interval.
    name : str
        Name of the outcome.
    """
    before = fitted.sel(time=fitted["time"] < observed["time"][0])
    ax.plot(before["time"], before, color=GREY, linewidth=1.1, label="fitted weeks")
    _predictive_bands(ax, intervals, OKABE_ITO[4])
    ax.plot(
        observed["time"], observed, color=INK, marker="o", markersize=2.6, lw=0.8, label="observed"
    )
    ax.axvline(observed["time"].values[0], color=GREY, linewidth=1, linestyle=":")
    cut = _set_limits(ax, np.concatenate([before.values, observed.values]), intervals)
    ax.set_title(f"{name}: {percent(coverage)} of {observed.size} weeks inside the 90% band{cut}")
    date_axis(ax)
    legend(ax, columns=4)


def _predictive_bands(ax: Axes, intervals: xr.DataArray, colour: str) -> None:
    """Draw the intervals over time, the wide one pale."""
    for inside, alpha in zip(intervals["inside"].values, (0.18, 0.32), strict=True):
        lower, upper = intervals.sel(inside=inside).transpose("end", "time").values
        ax.fill_between(
            intervals["time"].values, lower, upper, color=colour, alpha=alpha, linewidth=0,
            label=f"{percent(float(inside))} predictive",
        )  # fmt: skip


def _set_limits(ax: Axes, observed: np.ndarray, intervals: xr.DataArray) -> str:
    """Keep the observed weeks readable however far the intervals reach, and say if they are cut."""
    lowest, highest = float(intervals.min()), float(intervals.max())
    least, most = float(observed.min()), float(observed.max())
    if needs_log_scale(observed):
        ax.set_yscale("log")
        low = max(least / 10, min(lowest, least)) * 0.8
        high = min(most * 10, max(highest, most)) * 1.2
    else:
        range_ = most - least or 1.0
        low = max(min(lowest, least), least - range_)
        high = min(max(highest, most), most + range_)
        low, high = low - 0.05 * (high - low), high + 0.05 * (high - low)
    ax.set_ylim(low, high)
    number_axis(ax.yaxis)
    return " (cut at the frame)" if lowest < low or highest > high else ""
