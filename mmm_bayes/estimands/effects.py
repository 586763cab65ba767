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
    outcome = append_total(data["outcome"].sum("time").values[None])[0]  # (unit,)
    outcome = _positive(outcome)  # no share of a loss
    spend = _spend(counterfactual)

    summed, weekly = [], []
    for effect in weekly_effects(counterfactual):
        summed.append({name: append_total(values.sum(1)) for name, values in effect.items()})
        weekly.append({name: summarise(values) for name, values in effect.items()})
    draws = {name: np.stack([effect[name] for effect in summed], -1) for name in EFFECTS}
    draws |= {
        "contribution_share": draws["total"] / outcome[:, None],
        "roas": draws["total"] / _positive(spend),
        "mroas": _marginal_returns(counterfactual),
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
    joint = append_total(outcome_change(counterfactual, fact, baseline).sum(1))
    combined = {
        "total": joint,
        "contribution_share": joint / outcome,
        "roas": joint / _positive(spend.sum(-1)),
    }
    return Effects(
        label_draws(counterfactual, draws),
        xr.Dataset(bands, coords=coords),
        label_draws(counterfactual, combined),
    )


def joint_effect(counterfactual: Counterfactual) -> xr.Dataset:
    """Total effect of all channels together, as in `Effects.combined`."""
    total = joint_contrast(counterfactual, np.zeros_like(counterfactual.observed_path), None)
    return label_draws(counterfactual, {"total": total})


def joint_contrast(counterfactual: Counterfactual, low: Array | None, high: Array | None) -> Array:
    """Outcome at one history of all channels less that at another, shape (sample, unit).

    Parameters
    ----------
    low, high : array, shape (max_lag - 1 + time, unit, channel), or None
        Histories of exposure, the mediator's included, in active means; None for the observed one.
    """
    bottom, top = (
        observed_location(counterfactual) if path is None else location_under(counterfactual, path)
        for path in (low, high)
    )
    return append_total(outcome_change(counterfactual, top, bottom).sum(1))


def summed_effects(counterfactual: Counterfactual) -> xr.Dataset:
    """Total, direct and indirect effect of each channel, as in `Effects.draws`."""
    summed = [
        {name: append_total(values.sum(1)) for name, values in effect.items()}
        for effect in weekly_effects(counterfactual)
    ]
    return label_draws(
        counterfactual,
        {name: np.stack([effect[name] for effect in summed], -1) for name in EFFECTS},
    )


def marginal_returns(counterfactual: Counterfactual) -> xr.DataArray:
    """Marginal return of each channel, as in `Effects.draws`."""
    return label_draws(counterfactual, {"mroas": _marginal_returns(counterfactual)})["mroas"]


def weekly_effects(counterfactual: Counterfactual) -> Iterator[dict[str, Array]]:
    """Effects of each channel by week, in the order of the channels.

    Yields
    ------
    dict of str to array, shape (sample, time, unit)
        total, direct and indirect, in the outcome's units.
    """
    never = np.zeros(counterfactual.observed_path.shape[:-1])
    for index, _ in enumerate(counterfactual.design.dataset.channels):
        yield contrast(counterfactual, index, never, None)


def contrast(
    counterfactual: Counterfactual, index: int, low: Array | None, high: Array | None
) -> dict[str, Array]:
    """Effects by week of a channel's exposure at one history against another.

    Parameters
    ----------
    index : int
        Position of the channel.
    low, high : array, shape (max_lag - 1 + time, unit), or None
        Histories of the channel's exposure, in active means; None for the observed one.

    Returns
    -------
    dict of str to array, shape (sample, time, unit)
        total, direct and indirect, in the outcome's units: at `high` less at `low`. The direct
        effect is with the mediator as it follows from `low`.
    """
    before, after = _mediator(counterfactual, index, low), _mediator(counterfactual, index, high)
    bottom = _location(counterfactual, index, low, before)
    top = _location(counterfactual, index, high, after)
    total = outcome_change(counterfactual, top, bottom)
    if before is None and after is None:
        return {"total": total, "direct": total, "indirect": np.zeros_like(total)}
    held = _location(counterfactual, index, high, before)
    return {
        "total": total,
        "direct": outcome_change(counterfactual, held, bottom),
        "indirect": outcome_change(counterfactual, top, held),
    }


def _mediator(counterfactual: Counterfactual, index: int, history: Array | None) -> Array | None:
    """History of the mediator that follows from a channel's; None for the observed one."""
    causes = () if counterfactual.mediator is None else counterfactual.design.cause_indices
    if history is None or index not in causes:
        return None
    return mediator_under(counterfactual, _with_channel(counterfactual, index, history))


def _location(
    counterfactual: Counterfactual, index: int, history: Array | None, mediator: Array | None
) -> Array:
    """Location of the outcome with a channel's and the mediator's history; None: as observed."""
    if history is None and mediator is None:
        return observed_location(counterfactual)
    path = _with_channel(counterfactual, index, history)
    if mediator is None:
        return location_under(counterfactual, path)
    return location_under(counterfactual, path_with_mediator(counterfactual, path, mediator))


def _with_channel(counterfactual: Counterfactual, index: int, history: Array | None) -> Array:
    path = counterfactual.observed_path.copy()
    if history is not None:
        path[..., index] = history
    return path


def _spend(counterfactual: Counterfactual) -> Array:
    """Money of each channel, summed over the fitted weeks, shape (unit, channel)."""
    design = counterfactual.design
    table = design.dataset.data["spend"].isel(time=design.weeks)
    return append_total(table.sum("time").values[None])[0]


def _positive(amounts: Array) -> Array:
    """Amounts with NaN in place of what is not positive."""
    return np.where(amounts > 0, amounts, np.nan)


def _marginal_returns(counterfactual: Counterfactual) -> Array:
    """Gain per unit of money from one per cent more of each channel, (sample, unit, channel)."""
    fact, gains = observed_location(counterfactual), []
    for index, _ in enumerate(counterfactual.design.dataset.channels):
        more = (1 + MARGIN) * counterfactual.observed_path[..., index]
        follows = _mediator(counterfactual, index, more)
        location = _location(counterfactual, index, more, follows)
        gains.append(append_total(outcome_change(counterfactual, location, fact).sum(1)))
    return np.asarray(np.stack(gains, -1) / (MARGIN * _positive(_spend(counterfactual))))


def label_draws(counterfactual: Counterfactual, draws: dict[str, Array]) -> xr.Dataset:
    """Draws of effects as a labelled dataset, dims (chain, draw, unit, channel).

    Parameters
    ----------
    draws : dict of str to array, shape (sample, unit, channel)
        Of all channels together, shape (sample, unit).
    """
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


def append_total(values: Array) -> Array:
    """Values with the sum over units appended, if there are several.

    Parameters
    ----------
    values : array, shape (sample, unit, ...)
    """
    if values.shape[1] == 1:
        return values
    return np.concatenate([values, values.sum(1, keepdims=True)], axis=1)
