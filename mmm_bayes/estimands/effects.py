"""Total, direct and indirect effect of every channel, and its average and marginal return.

With ``Y(x, M)`` the outcome of the fitted weeks under a channel's spending and a mediator's
history, ``x`` and ``M`` as observed, and ``M0`` what the mediator would have been without
the channel:

    total    = Y(x, M)  - Y(0, M0)
    direct   = Y(x, M0) - Y(0, M0)          natural direct effect, mediator at its zero-spend value
    indirect = Y(x, M)  - Y(x, M0)          total - direct

Zero means never: what earlier weeks carry into the span is taken away too. Source: Pearl
(2001), *Direct and indirect effects*; Imai, Keele, Yamamoto (2010).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.counterfactual import (
    World,
    change,
    expected,
    mediator_under,
    observed_location,
    outcome_location,
    with_mediator,
)
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.evaluation import SAMPLE

Array = NDArray[Any]

#: A marginal return is that of one per cent more spend.
MARGIN = 0.01
EFFECTS = ("total", "direct", "indirect")


@dataclass(frozen=True)
class Effects:
    """Effects of every channel.

    Attributes
    ----------
    draws : xarray.Dataset
        total, direct, indirect, contribution_share, roas, mroas, each (chain, draw, unit,
        channel), summed over the fitted weeks; a panel's sum over units is the unit "all".
    weekly : xarray.Dataset
        total, direct, indirect (statistic, time, unit, channel), and the baseline
        (statistic, time, unit): the outcome's location with every channel off.
    together : xarray.DataArray
        (chain, draw, unit): what all channels added together, against none of them ever, summed
        over the fitted weeks; the mediator is then off too.
    """

    draws: xr.Dataset
    weekly: xr.Dataset
    together: xr.DataArray


def channel_effects(world: World) -> Effects:
    """Effects and returns by counterfactual, on all draws.

    Parameters
    ----------
    world : World

    Returns
    -------
    Effects
    """
    data = world.design.dataset.data.isel(time=world.design.weeks)
    fact = observed_location(world)
    spend = _with_sum(data["spend"].sum("time").values[None])[0]  # (unit, channel)
    outcome = _with_sum(data["outcome"].sum("time").values[None])[0]  # (unit,)
    money = np.where(spend > 0, spend, np.nan)

    summed, weekly, margins = [], [], []
    for at, effect in enumerate(weekly_effects(world)):
        summed.append({name: _with_sum(values.sum(1)) for name, values in effect.items()})
        weekly.append({name: summarise(values) for name, values in effect.items()})
        margins.append(_with_sum(_more(world, fact, at).sum(1)))
    draws = {name: np.stack([effect[name] for effect in summed], -1) for name in EFFECTS}
    draws |= {
        "contribution_share": draws["total"] / outcome[:, None],
        "roas": draws["total"] / money,
        "mroas": np.stack(margins, -1) / (MARGIN * money),
    }
    bands: dict[str, Any] = {
        name: (
            ("statistic", "time", "unit", "channel"),
            np.stack([effect[name] for effect in weekly], -1),
        )
        for name in EFFECTS
    }
    baseline = outcome_location(world, np.zeros_like(world.observed_path))
    bands["baseline"] = (("statistic", "time", "unit"), summarise(expected(world, baseline)))
    coords = {
        "statistic": list(STATISTICS),
        "time": data["time"].values,
        "unit": data["unit"].values,
        "channel": list(world.design.dataset.channels),
    }
    labelled = _labelled(world, draws)
    together = _with_sum(change(world, fact, baseline).sum(1))
    return Effects(
        labelled,
        xr.Dataset(bands, coords=coords),
        labelled["total"]
        .isel(channel=0, drop=True)
        .copy(data=together.reshape(labelled["total"].shape[:3])),
    )


def summed_effects(world: World) -> xr.Dataset:
    """Total, direct and indirect effect alone, as in `Effects.draws`."""
    summed = [
        {name: _with_sum(values.sum(1)) for name, values in effect.items()}
        for effect in weekly_effects(world)
    ]
    return _labelled(
        world, {name: np.stack([effect[name] for effect in summed], -1) for name in EFFECTS}
    )


def weekly_effects(world: World) -> Iterator[dict[str, Array]]:
    """Each channel's effects by week, against the world in which it never was.

    Yields
    ------
    dict of str to array, shape (sample, time, unit)
        total, direct and indirect, in the outcome's units; channels in their order.
    """
    fact = observed_location(world)
    for at, _ in enumerate(world.design.dataset.channels):
        yield _off(world, fact, at)


def _off(world: World, fact: Array, at: int) -> dict[str, Array]:
    path = world.observed_path
    without = _scaled(path, at, 0.0)
    if world.mediator is None or at not in world.design.causes_at:
        total = change(world, fact, outcome_location(world, without))
        return {"total": total, "direct": total, "indirect": np.zeros_like(total)}
    mediator = mediator_under(world, without)
    held = outcome_location(world, with_mediator(world, path, mediator))
    none = outcome_location(world, with_mediator(world, without, mediator))
    return {
        "total": change(world, fact, none),
        "direct": change(world, held, none),
        "indirect": change(world, fact, held),
    }


def _more(world: World, fact: Array, at: int) -> Array:
    """Weekly gain of one per cent more of a channel, the mediator following."""
    more = _scaled(world.observed_path, at, 1 + MARGIN)
    if world.mediator is None or at not in world.design.causes_at:
        return change(world, outcome_location(world, more), fact)
    follows = with_mediator(world, more, mediator_under(world, more))
    return change(world, outcome_location(world, follows), fact)


def _scaled(path: Array, at: int, factor: float) -> Array:
    scaled = path.copy()
    scaled[..., at] *= factor
    return scaled


def _labelled(world: World, draws: dict[str, Array]) -> xr.Dataset:
    units = list(world.design.arrays["unit"].values)
    shape = (world.draws.sizes["chain"], world.draws.sizes["draw"])
    return xr.Dataset(
        {
            name: ((*SAMPLE, "unit", "channel"), values.reshape(shape + values.shape[1:]))
            for name, values in draws.items()
        },
        coords={
            "unit": units if len(units) == 1 else [*units, WHOLE],
            "channel": list(world.design.dataset.channels),
        },
    )


def _with_sum(values: Array) -> Array:
    """Append the sum over units, on axis 1, where there are several."""
    if values.shape[1] == 1:
        return values
    return np.concatenate([values, values.sum(1, keepdims=True)], axis=1)
