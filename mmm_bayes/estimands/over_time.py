"""How an effect changed: its course, its return by quarter, and late against early."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.counterfactual import World
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.evaluation import flat

#: The weeks at either end whose mean effectiveness is compared, as a share of the fitted weeks.
QUARTER = 0.25
#: Days over which a return is taken: by the week it would be that of other weeks' carryover.
PERIOD = 91


def over_time(world: World) -> xr.Dataset:
    """The course of each channel's effect, for a model in which it may change.

    Parameters
    ----------
    world : World

    Returns
    -------
    xarray.Dataset
        ``effectiveness`` (statistic, time, channel), as a multiple of its mean over the weeks;
        ``change`` (statistic, channel), its mean in the last quarter of the weeks over that in the
        first; ``roas`` (statistic, period, channel), the total effect felt in about 13 weeks over
        what was spent in them, summed over units, NaN where nothing was; and the coordinates
        ``begins``, ``ends`` (period), the first and the last week. Empty for a model without.
    """
    if "effectiveness" not in world.draws:
        return xr.Dataset()
    found = world.draws["effectiveness"].transpose("chain", "draw", "time", "channel")
    data = world.design.dataset.data.isel(time=world.design.weeks)
    time = data["time"].values
    begins = _begins(len(time), int(data.attrs["step_days"]))
    spend = np.add.reduceat(data["spend"].sum("unit").values, begins, axis=0)
    felt = np.stack(
        [
            np.add.reduceat(effect["total"].sum(-1), begins, axis=1)
            for effect in weekly_effects(world)
        ],
        -1,
    )  # (sample, period, channel)
    roas = summarise(felt / np.where(spend > 0, spend, 1.0))
    dims: tuple[str, ...] = ("statistic", "period", "channel")
    return xr.Dataset(
        {
            "effectiveness": (
                ("statistic", "time", "channel"),
                summarise(flat(relative_effectiveness(found))),
            ),
            "change": (("statistic", "channel"), summarise(flat(late_over_early(found)))),
            "roas": (dims, np.where(spend > 0, roas, np.nan)),
        },
        coords={
            "statistic": list(STATISTICS),
            "time": time,
            "channel": list(world.design.dataset.channels),
            "begins": ("period", time[begins]),
            "ends": ("period", time[[*(begins[1:] - 1), -1]]),
        },
    )


def relative_effectiveness(effectiveness: xr.DataArray) -> xr.DataArray:
    """Effectiveness as a multiple of its mean over the weeks.

    Parameters
    ----------
    effectiveness : xarray.DataArray, dims (..., time, ...)
    """
    return effectiveness / effectiveness.mean("time")


def late_over_early(effectiveness: xr.DataArray) -> xr.DataArray:
    """Mean effectiveness of the last quarter of the weeks over that of the first.

    Parameters
    ----------
    effectiveness : xarray.DataArray, dims (..., time, ...)

    Returns
    -------
    xarray.DataArray, dims (...)
        1 if nothing changed, 0.5 if half of the effect is left.
    """
    weeks = max(1, round(QUARTER * effectiveness.sizes["time"]))
    late, early = slice(-weeks, None), slice(0, weeks)
    return effectiveness.isel(time=late).mean("time") / effectiveness.isel(time=early).mean("time")


def _begins(weeks: int, step_days: int) -> NDArray[Any]:
    """First rows of the periods; all end with the table, and the first has what is left over."""
    length = max(1, round(PERIOD / step_days))
    return np.r_[0, np.arange(weeks % length + length, weeks, length)].astype(int)
