"""Response and carryover curves with their bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.counterfactual import World, typical_outcome
from mmm_bayes.design import Design, data_names
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.evaluation import flat
from mmm_bayes.transforms import geometric_weights

Array = NDArray[Any]

POINTS = 25
#: Curves go beyond the largest spend seen, so that extrapolation can be seen for what it is.
BEYOND = 1.25
DRAWS = 1000


def response_curves(world: World) -> xr.Dataset:
    """What a constant weekly spend adds to an average week, once carryover has built up.

    Of a channel that is not paid, a constant weekly exposure. The spend is split over units as in
    the weeks when they spend, and all other channels stay at their means; in the total the mediator
    follows its causes, in the direct effect it stays where the channel's zero spend leaves it.
    Where effects change over the weeks, they are those of the last one.

    Returns
    -------
    xarray.Dataset
        ``direct`` and ``total`` (statistic, channel, point), outcome per week summed over
        units; coordinates ``spend`` (channel, point) per week summed over units, and ``measure``
        (channel), what that is: "spend", or the column of an unpaid channel's exposure; and
        ``observed_max``, ``observed_mean`` (channel), the mean over weeks with spend.
    """
    design = world.design
    seen = typical_amounts(design)
    amounts = BEYOND * seen.highest[:, None] * np.linspace(0, 1, POINTS)

    keep = np.linspace(0, flat(world.draws["outcome_mean"]).shape[0] - 1, DRAWS).astype(int)
    draws = world.draws.stack(sample=("chain", "draw")).isel(sample=np.unique(keep))
    draws = draws.reset_index("sample", drop=True).rename(sample="draw").expand_dims("chain")
    draws = draws.assign_coords(chain=[0], draw=np.arange(draws.sizes["draw"]))

    curves: dict[str, list[Array]] = {"direct": [], "total": []}
    for at, grid in enumerate(amounts):
        level = levels(design, seen, at, grid)
        held = follows = _steady(world, level)
        if world.mediator is not None and at in design.causes_at:
            mediator = world.mediator(draws, held)["mediator_mean"]
            mediator = mediator / design.scaling.exposure[:, design.mediator_at]
            held = _steady(world, level, np.repeat(mediator[:, :1], POINTS, axis=1))
            follows = _steady(world, level, mediator)
        for name, data_ in (("direct", held), ("total", follows)):
            location = typical_outcome(world, draws, data_).sum(-1)
            curves[name].append(summarise(location - location[:, :1]))
    return xr.Dataset(
        {name: (("statistic", "channel", "point"), np.stack(v, 1)) for name, v in curves.items()}
        | {"observed_max": ("channel", seen.highest), "observed_mean": ("channel", seen.mean)},
        coords={
            "statistic": list(STATISTICS),
            "channel": list(design.dataset.channels),
            "spend": (("channel", "point"), amounts),
            "measure": (
                "channel",
                [
                    "spend" if one.paid else str(one.exposure)
                    for one in design.dataset.description.channels.values()
                ],
            ),
        },
    )


@dataclass(frozen=True)
class Amounts:
    """What was spent on a channel in a week; of one that is not paid, its exposure.

    Attributes
    ----------
    mean, highest : array, shape (channel,)
        Summed over units: of the weeks with any, and of the largest week.
    cost : array, shape (unit, channel)
        What an exposure of one active mean costs in each unit; 0 where it never ran.
    """

    mean: Array
    highest: Array
    cost: Array


def typical_amounts(design: Design) -> Amounts:
    """What was spent on each channel in the fitted weeks."""
    data = design.dataset.data.isel(time=design.weeks)
    paid = data["channel"].isin(design.dataset.paid)
    amount = data["spend"].where(paid, data["exposure"])  # (time, unit, channel)
    whole = amount.sum("unit")
    return Amounts(
        whole.where(whole > 0).mean("time").fillna(0.0).values,
        whole.max("time").values,
        amount.where(amount > 0).mean("time").fillna(0.0).values,
    )


def levels(design: Design, seen: Amounts, at: int, amounts: Array) -> Array:
    """Exposures if a channel's weekly amount is constant and all other channels are at their means.

    Parameters
    ----------
    design : Design
    seen : Amounts
    at : int
        The channel.
    amounts : array, shape (point,)
        Summed over units, over which it is split as in the weeks when they have any.

    Returns
    -------
    array, shape (point, unit, channel)
        In active means.
    """
    average = design.arrays["exposure_lags"].values.mean(0)[..., 0]  # (unit, channel)
    level = np.broadcast_to(average, (len(amounts), *average.shape)).copy()
    together = seen.cost[:, at].sum()
    level[..., at] = np.outer(amounts / (together or 1.0), seen.cost[:, at] > 0)
    return level


def adstock_curves(world: World) -> xr.Dataset:
    """Weights of the lags.

    Returns
    -------
    xarray.Dataset
        ``weight`` (statistic, channel, lag) and, with mediation parameters of its own,
        ``mediation_weight`` (statistic, cause, lag): the share of a week's effect that is felt
        `lag` weeks later.
    """
    names = {
        "weight": ("adstock_alpha", "channel"),
        "mediation_weight": ("mediation_alpha", "cause"),
    }
    max_lag = world.design.form.max_lag
    return xr.Dataset(
        {
            name: (
                ("statistic", dim, "lag"),
                summarise(geometric_weights(flat(world.draws[alpha]), max_lag)),
            )
            for name, (alpha, dim) in names.items()
            if alpha in world.draws
        },
        coords={
            "statistic": list(STATISTICS),
            "lag": np.arange(max_lag),
            "channel": list(world.design.dataset.channels),
        }
        | ({"cause": list(world.design.causes)} if "mediation_alpha" in world.draws else {}),
    )


def _steady(world: World, level: Array, mediator: Array | None = None) -> dict[str, Any]:
    """Data of weeks that each lie in a steady state of their own.

    Parameters
    ----------
    level : array, shape (point, unit, channel)
        Exposure, the same in all lags.
    mediator : array, shape (sample, point, unit), optional
        The mediator's exposure in each draw.
    """
    design = world.design
    max_lag = design.form.max_lag
    points = len(level)
    data: dict[str, Any] = {name: design.arrays[name].values for name in data_names(design)}
    for name in {"covariates", "modulators", "hinges"} & data.keys():
        data[name] = np.zeros((points, *data[name].shape[1:]))
    data["elapsed"] = np.repeat(data["elapsed"][-1], points)
    for name in ("outcome_observed", "mediator_observed"):
        if name in data:
            data[name] = np.ones((points, *data[name].shape[1:]))

    def lags(rows: slice) -> Array:
        batch = np.broadcast_to(level, (rows.stop - rows.start, *level.shape)).copy()
        if mediator is not None:
            batch[..., design.mediator_at] = mediator[rows]
        return np.broadcast_to(batch[..., None], (*batch.shape, max_lag))

    return data | {"exposure_lags": lags}
