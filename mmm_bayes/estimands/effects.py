"""Total, direct and indirect effect of each channel, and its average and marginal return.

With ``Y(x, M)`` the outcome of the fitted weeks under a channel's exposure and a history of the
mediator, ``x`` and ``M`` as observed, and ``M0`` the mediator without the channel:

    total    = Y(x, M)  - Y(0, M0)
    direct   = Y(x, M0) - Y(0, M0)          natural direct effect, with the mediator at M0
    indirect = Y(x, M)  - Y(x, M0)          total - direct

Zero means never: carryover from the weeks before the span is removed, too.

Source: Pearl (2001), *Direct and indirect effects*; Imai, Keele, Yamamoto (2010).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.model.counterfactual import (
    Counterfactual,
    apply_floor,
    location_under,
    mediator_under,
    observed_location,
    outcome_change,
    path_with_mediator,
)
from mmm_bayes.model.evaluation import SAMPLE_DIMS

Array = NDArray[Any]

#: Relative increase of spend behind a marginal return.
MARGIN = 0.01
EFFECTS = ("total", "direct", "indirect")


@dataclass(frozen=True)
class Effects:
    """Effects of each channel, and of all channels combined.

    Attributes
    ----------
    draws : xarray.Dataset
        total, direct, indirect, contribution_share, roas, mroas, each (chain, draw, unit,
        channel), summed over the fitted weeks; the sum over a panel's units is the unit "all".
    weekly : xarray.Dataset
        total, direct, indirect (statistic, time, unit, channel); baseline (statistic, time, unit),
        the outcome's location with every channel off; and summed_baseline (statistic, time), that
        of the sum over units.
    combined : xarray.Dataset, dims (chain, draw, unit)
        total, contribution_share and roas of all channels together, the mediator included: the
        change of the outcome if none of them had ever been on. It is not the sum of the channels'
        totals, as what a cause brings through the mediator is also a part of the mediator's.
    """

    draws: xr.Dataset
    weekly: xr.Dataset
    combined: xr.Dataset


def channel_effects(counterfactual: Counterfactual) -> Effects:
    """Effects and returns of each channel by counterfactual, on all draws."""
    data = counterfactual.design.dataset.data.isel(time=counterfactual.design.weeks)
    fact = observed_location(counterfactual)
    spend = _append_total(data["spend"].sum("time").values[None])[0]  # (unit, channel)
    outcome = _append_total(data["outcome"].sum("time").values[None])[0]  # (unit,)
    outcome = np.where(outcome > 0, outcome, np.nan)  # no share of a loss
    money = np.where(spend > 0, spend, np.nan)

    summed, weekly, margins = [], [], []
    for index, effect in enumerate(weekly_effects(counterfactual)):
        summed.append({name: _append_total(values.sum(1)) for name, values in effect.items()})
        weekly.append({name: summarise(values) for name, values in effect.items()})
        margins.append(_append_total(_marginal_gain(counterfactual, fact, index).sum(1)))
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
    baseline = location_under(counterfactual, np.zeros_like(counterfactual.observed_path))
    expected = apply_floor(counterfactual, baseline)
    bands["baseline"] = (("statistic", "time", "unit"), summarise(expected))
    bands["summed_baseline"] = (("statistic", "time"), summarise(expected.sum(-1)))
    coords = {
        "statistic": list(STATISTICS),
        "time": data["time"].values,
        "unit": data["unit"].values,
        "channel": list(counterfactual.design.dataset.channels),
    }
    joint = _append_total(outcome_change(counterfactual, fact, baseline).sum(1))
    money_on_all = np.where(spend.sum(-1) > 0, spend.sum(-1), np.nan)
    combined = {
        "total": joint,
        "contribution_share": joint / outcome,
        "roas": joint / money_on_all,
    }
    return Effects(
        _as_dataset(counterfactual, draws),
        xr.Dataset(bands, coords=coords),
        _as_dataset(counterfactual, combined),
    )


def joint_effect(counterfactual: Counterfactual) -> xr.Dataset:
    """Total effect of all channels together, as in `Effects.combined`."""
    fact = observed_location(counterfactual)
    without = location_under(counterfactual, np.zeros_like(counterfactual.observed_path))
    total = _append_total(outcome_change(counterfactual, fact, without).sum(1))
    return _as_dataset(counterfactual, {"total": total})


def summed_effects(counterfactual: Counterfactual) -> xr.Dataset:
    """Total, direct and indirect effect of each channel, as in `Effects.draws`."""
    summed = [
        {name: _append_total(values.sum(1)) for name, values in effect.items()}
        for effect in weekly_effects(counterfactual)
    ]
    return _as_dataset(
        counterfactual,
        {name: np.stack([effect[name] for effect in summed], -1) for name in EFFECTS},
    )


def weekly_effects(counterfactual: Counterfactual) -> Iterator[dict[str, Array]]:
    """Effects of each channel by week, in the order of the channels.

    Yields
    ------
    dict of str to array, shape (sample, time, unit)
        total, direct and indirect, in the outcome's units.
    """
    fact = observed_location(counterfactual)
    for index, _ in enumerate(counterfactual.design.dataset.channels):
        yield _channel_effect(counterfactual, fact, index)


def _channel_effect(counterfactual: Counterfactual, fact: Array, index: int) -> dict[str, Array]:
    """Effects by week of the channel at a position."""
    path = counterfactual.observed_path
    without = _scale_channel(path, index, 0.0)
    if counterfactual.mediator is None or index not in counterfactual.design.cause_indices:
        total = outcome_change(counterfactual, fact, location_under(counterfactual, without))
        return {"total": total, "direct": total, "indirect": np.zeros_like(total)}
    mediator = mediator_under(counterfactual, without)
    held = location_under(counterfactual, path_with_mediator(counterfactual, path, mediator))
    none = location_under(counterfactual, path_with_mediator(counterfactual, without, mediator))
    return {
        "total": outcome_change(counterfactual, fact, none),
        "direct": outcome_change(counterfactual, held, none),
        "indirect": outcome_change(counterfactual, fact, held),
    }


def _marginal_gain(counterfactual: Counterfactual, fact: Array, index: int) -> Array:
    """Gain by week from one per cent more of a channel, with the mediator following."""
    increased = _scale_channel(counterfactual.observed_path, index, 1 + MARGIN)
    if counterfactual.mediator is None or index not in counterfactual.design.cause_indices:
        return outcome_change(counterfactual, location_under(counterfactual, increased), fact)
    follows = path_with_mediator(
        counterfactual, increased, mediator_under(counterfactual, increased)
    )
    return outcome_change(counterfactual, location_under(counterfactual, follows), fact)


def _scale_channel(path: Array, index: int, factor: float) -> Array:
    scaled = path.copy()
    scaled[..., index] *= factor
    return scaled


def _as_dataset(counterfactual: Counterfactual, draws: dict[str, Array]) -> xr.Dataset:
    """Draws (sample, unit, channel), or (sample, unit) for all channels together, with labels."""
    units = list(counterfactual.design.arrays["unit"].values)
    shape = (counterfactual.draws.sizes["chain"], counterfactual.draws.sizes["draw"])
    coords = {
        "unit": units if len(units) == 1 else [*units, ALL_UNITS],
        "channel": list(counterfactual.design.dataset.channels),
    }
    dims = ("unit", "channel")
    arrays = {
        name: ((*SAMPLE_DIMS, *dims[: values.ndim - 1]), values.reshape(shape + values.shape[1:]))
        for name, values in draws.items()
    }
    return xr.Dataset(arrays).assign_coords(
        {dim: coords[dim] for dim in dims if any(dim in named for named, _ in arrays.values())}
    )


def _append_total(values: Array) -> Array:
    """Values with the sum over units (axis 1) appended, if there are several."""
    if values.shape[1] == 1:
        return values
    return np.concatenate([values, values.sum(1, keepdims=True)], axis=1)
