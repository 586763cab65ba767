"""Means and equal-tailed intervals of labelled draws, and sums over the units of a panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.model.evaluation import SAMPLE_DIMS
from mmm_bayes.text import UNKNOWN, Summary

#: Probability inside the two predictive intervals of a figure.
INSIDE = (0.90, 0.50)
HUGE = 1e100


def sum_units(values: xr.DataArray) -> xr.DataArray:
    """Sum over the units: a panel as one market.

    Parameters
    ----------
    values : xarray.DataArray, dims (..., unit, ...)
        Returned as it is if it has no units.
    """
    return values.sum("unit") if "unit" in values.dims else values


def all_units(values: xr.DataArray) -> xr.DataArray:
    """The value for all units together.

    Parameters
    ----------
    values : xarray.DataArray, dims (..., unit, ...)
        With the unit "all" if there is more than one; returned as it is if it has no units.
    """
    if "unit" not in values.dims:
        return values
    names = [str(name) for name in values["unit"].values]
    return values.isel(unit=names.index(ALL_UNITS) if ALL_UNITS in names else 0, drop=True)


def interval(draws: xr.DataArray, inside: float = INSIDE[0]) -> xr.DataArray:
    """Lower and upper end of the equal-tailed interval that holds a share of the draws.

    Parameters
    ----------
    draws : xarray.DataArray, dims (chain, draw, ...)
    inside : float
        Probability inside.

    Returns
    -------
    xarray.DataArray, dims (quantile, ...)
    """
    tail = (1 - inside) / 2
    cut = draws.clip(-HUGE, HUGE)  # heavy tails overflow to infinity, which has no quantiles
    return cut.quantile([tail, 1 - tail], dim=SAMPLE_DIMS)


def predictive_intervals(draws: xr.DataArray) -> xr.DataArray:
    """The 90% and the 50% equal-tailed interval of predictive draws.

    Parameters
    ----------
    draws : xarray.DataArray, dims (chain, draw, ...)

    Returns
    -------
    xarray.DataArray, dims (inside, end, ...)
        With the coordinates `inside` (0.9, 0.5) and `end` ("lower", "upper").
    """
    ends = [
        interval(draws, inside).rename(quantile="end").assign_coords(end=["lower", "upper"])
        for inside in INSIDE
    ]
    return xr.concat(ends, "inside").assign_coords(inside=list(INSIDE))


def share_inside(observed: xr.DataArray, intervals: xr.DataArray) -> float:
    """Share of the observed values inside their 90% intervals.

    Parameters
    ----------
    observed : xarray.DataArray, dims (time,)
    intervals : xarray.DataArray, dims (inside, end, time)
        Of `predictive_intervals`.
    """
    lower, upper = (intervals.sel(inside=INSIDE[0], end=end).values for end in ("lower", "upper"))
    return float(np.mean((observed.values >= lower) & (observed.values <= upper)))


def mean_and_ends(draws: xr.DataArray) -> xr.DataArray:
    """Mean and 90% equal-tailed interval of labelled draws.

    Parameters
    ----------
    draws : xarray.DataArray, dims (chain, draw, ...)

    Returns
    -------
    xarray.DataArray, dims (statistic, ...)
        With the statistics "mean", "lower" and "upper".
    """
    lower, upper = interval(draws).drop_vars("quantile")
    table = xr.concat([draws.mean(SAMPLE_DIMS), lower, upper], "statistic")
    return table.assign_coords(statistic=["mean", "lower", "upper"])


def summary_of(draws: NDArray[Any]) -> Summary:
    """Mean and 90% equal-tailed interval of one quantity; NaN if a draw is not finite.

    Parameters
    ----------
    draws : array of any shape
    """
    if not np.isfinite(draws).all():
        return UNKNOWN
    lower, upper = np.quantile(draws, INTERVAL)
    return Summary(float(draws.mean()), float(lower), float(upper))
