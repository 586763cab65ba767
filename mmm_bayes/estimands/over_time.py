"""Effects over time: effectiveness by week, ROAS by quarter, change from early to late weeks."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.step import QUARTER_DAYS, step_of
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.model.counterfactual import Counterfactual
from mmm_bayes.model.evaluation import flatten_draws

#: Share of the fitted weeks at either end whose mean effectiveness is compared.
QUARTER = 0.25
#: Days of a ROAS period: that of a single week would mostly reflect other weeks' carryover.
PERIOD = QUARTER_DAYS


def effects_over_time(counterfactual: Counterfactual) -> xr.Dataset:
    """Effectiveness of each channel over time, for a model in which it varies.

    Returns
    -------
    xarray.Dataset
        ``effectiveness`` (statistic, time, channel), as a multiple of its mean over the weeks;
        ``change`` (statistic, channel), its mean in the last quarter of the weeks over that in the
        first; ``roas`` (statistic, period, channel), the total effect in a quarter of a year
        over the spend in it, summed over units, NaN where nothing was spent; and the coordinates
        ``begins`` and ``ends`` (period), the first and the last week. Empty for a model with
        constant effects.
    """
    if "effectiveness" not in counterfactual.draws:
        return xr.Dataset()
    effectiveness = counterfactual.draws["effectiveness"].transpose(
        "chain", "draw", "time", "channel"
    )
    data = counterfactual.design.dataset.data.isel(time=counterfactual.design.weeks)
    time = data["time"].values
    starts = _period_starts(len(time), step_of(time).within(PERIOD))
    spend = np.add.reduceat(data["spend"].sum("unit").values, starts, axis=0)
    total = np.stack(
        [
            np.add.reduceat(effect["total"].sum(-1), starts, axis=1)
            for effect in weekly_effects(counterfactual)
        ],
        -1,
    )  # (sample, period, channel)
    roas = summarise(total / np.where(spend > 0, spend, 1.0))
    dims: tuple[str, ...] = ("statistic", "period", "channel")
    return xr.Dataset(
        {
            "effectiveness": (
                ("statistic", "time", "channel"),
                summarise(flatten_draws(relative_effectiveness(effectiveness))),
            ),
            "change": (
                ("statistic", "channel"),
                summarise(flatten_draws(late_early_ratio(effectiveness))),
            ),
            "roas": (dims, np.where(spend > 0, roas, np.nan)),
        },
        coords={
            "statistic": list(STATISTICS),
            "time": time,
            "channel": list(counterfactual.design.dataset.channels),
            "begins": ("period", time[starts]),
            "ends": ("period", time[[*(starts[1:] - 1), -1]]),
        },
    )


def relative_effectiveness(effectiveness: xr.DataArray) -> xr.DataArray:
    """Effectiveness as a multiple of its mean over the weeks.

    Parameters
    ----------
    effectiveness : xarray.DataArray, dims (..., time, ...)
    """
    return effectiveness / effectiveness.mean("time")


def late_early_ratio(effectiveness: xr.DataArray) -> xr.DataArray:
    """Mean effectiveness of the last quarter of the weeks over that of the first.

    Parameters
    ----------
    effectiveness : xarray.DataArray, dims (..., time, ...)

    Returns
    -------
    xarray.DataArray, dims (...)
        1 if nothing changed, 0.5 if half of the effect remains.
    """
    weeks = max(1, round(QUARTER * effectiveness.sizes["time"]))
    late, early = slice(-weeks, None), slice(0, weeks)
    return effectiveness.isel(time=late).mean("time") / effectiveness.isel(time=early).mean("time")


def _period_starts(weeks: int, length: int) -> NDArray[Any]:
    """First row of each period; the last ends with the table, the first has the remaining weeks."""
    return np.r_[0, np.arange(weeks % length + length, weeks, length)].astype(int)
