"""Response curves and carryover curves, summarised over draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.data.form import Form
from mmm_bayes.estimands.effects import MARGIN
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.model.counterfactual import Counterfactual, take_draws, typical_outcome
from mmm_bayes.model.evaluation import flatten_draws
from mmm_bayes.model.transforms import load_transform
from mmm_bayes.model.weeks import hypothetical_weeks, mean_week

Array = NDArray[Any]

POINTS = 25
#: End of a curve's grid, as a multiple of the highest observed amount: past it is extrapolation.
GRID_END = 1.25
DRAWS = 1000


@dataclass(frozen=True)
class AddedOutcome:
    """Outcome added to an average week by constant weekly amounts of a channel, against none.

    Attributes
    ----------
    total, direct : array, shape (sample, point)
        Outcome per week, summed over units: with the mediator following its causes, or held at its
        value without the channel.
    """

    total: Array
    direct: Array


def response_curves(fitted: Counterfactual) -> xr.Dataset:
    """Response curves of all channels, up to 1.25 times the highest observed weekly spend.

    The curve of an unpaid channel is over weekly exposures. See `added_outcome`.

    Returns
    -------
    xarray.Dataset
        ``direct`` and ``total`` (statistic, channel, point), outcome per week summed over units;
        coordinates ``spend`` (channel, point), the amount per week summed over units, and
        ``measure`` (channel), its meaning: "spend", or the exposure column of an unpaid channel;
        and ``observed_max`` and ``observed_mean`` (channel), the latter over weeks with any.
    """
    design = fitted.design
    observed = observed_amounts(design)
    amounts = GRID_END * observed.highest[:, None] * np.linspace(0, 1, POINTS)
    thinned = take_draws(fitted, DRAWS)
    curves: dict[str, list[Array]] = {"direct": [], "total": []}
    for channel, grid in zip(design.dataset.channels, amounts, strict=True):
        effect = added_outcome(thinned, channel, grid)
        for name, values in curves.items():
            values.append(summarise(getattr(effect, name)))
    return xr.Dataset(
        {name: (("statistic", "channel", "point"), np.stack(v, 1)) for name, v in curves.items()}
        | {
            "observed_max": ("channel", observed.highest),
            "observed_mean": ("channel", observed.mean),
        },
        coords={
            "statistic": list(STATISTICS),
            "channel": list(design.dataset.channels),
            "spend": (("channel", "point"), amounts),
            "measure": (
                "channel",
                [
                    "spend" if channel.paid else str(channel.exposure)
                    for channel in design.dataset.description.channels.values()
                ],
            ),
        },
    )


def added_outcome(fitted: Counterfactual, channel: str, amounts: Array) -> AddedOutcome:
    """Outcome added by constant weekly amounts of a channel, in the steady state of carryover.

    The amount is split over units in proportion to their means over weeks with any, and all other
    channels are at their means. In the total effect the mediator follows its causes; in the direct
    effect it is held at its value without the channel. Effects that change over time are those of
    the last week.

    Parameters
    ----------
    amounts : array, shape (point,)
        Money per week (exposure, for an unpaid channel), summed over units.
    """
    design = fitted.design
    index, max_lag = design.dataset.channels.index(channel), design.form.max_lag
    level = exposure_levels(design, observed_amounts(design), index, np.append(0.0, amounts))
    week, number = mean_week(design), len(level)

    def weeks(mediator: Array | None = None) -> dict[str, Any]:
        """Data nodes of weeks that are each in a steady state."""

        def exposure(rows: slice) -> Array:
            batch = np.broadcast_to(level, (rows.stop - rows.start, *level.shape)).copy()
            if mediator is not None:
                batch[..., design.mediator_index] = mediator[rows]
            return np.broadcast_to(batch[..., None], (*batch.shape, max_lag))

        return hypothetical_weeks(design, week, exposure, number)

    def added(data: dict[str, Any]) -> Array:
        outcome = typical_outcome(fitted, fitted.draws, data).sum(-1)
        return outcome[:, 1:] - outcome[:, :1]

    if fitted.mediator is None or index not in design.cause_indices:
        total = added(weeks())
        return AddedOutcome(total, total)
    mediator = fitted.mediator(fitted.draws, weeks())["mediator_location"]
    mediator = mediator / design.scaling.exposure[:, design.mediator_index]
    held = np.broadcast_to(mediator[:, :1], mediator.shape)
    return AddedOutcome(added(weeks(mediator)), added(weeks(held)))


def marginal_return(fitted: Counterfactual, channel: str, amount: float) -> Array:
    """Outcome added by one per cent more of a constant weekly amount, per unit of the increase.

    Parameters
    ----------
    amount : float
        Money per week (exposure, for an unpaid channel).

    Returns
    -------
    array, shape (sample,)
        NaN at an amount of zero.
    """
    total = added_outcome(fitted, channel, amount * np.array([1.0, 1 + MARGIN])).total
    return (total[:, 1] - total[:, 0]) / (MARGIN * amount or np.nan)


@dataclass(frozen=True)
class ObservedAmounts:
    """Observed weekly spend of each channel; exposure, for an unpaid channel.

    Attributes
    ----------
    mean, highest : array, shape (channel,)
        Mean over the weeks with any, and highest week, both summed over units.
    cost : array, shape (unit, channel)
        Amount of one active mean of exposure in each unit; 0 where the channel never ran.
    """

    mean: Array
    highest: Array
    cost: Array


def observed_amounts(design: Design) -> ObservedAmounts:
    """Observed weekly amounts of each channel in the fitted weeks."""
    data = design.dataset.data.isel(time=design.weeks)
    paid = data["channel"].isin(design.dataset.paid)
    amount = data["spend"].where(paid, data["exposure"])  # (time, unit, channel)
    total = amount.sum("unit")
    return ObservedAmounts(
        total.where(total > 0).mean("time").fillna(0.0).values,
        total.max("time").values,
        amount.where(amount > 0).mean("time").fillna(0.0).values,
    )


def exposure_levels(design: Design, observed: ObservedAmounts, index: int, amounts: Array) -> Array:
    """Constant exposures with a channel at some amounts and all other channels at their means.

    Parameters
    ----------
    index : int
        Position of the channel.
    amounts : array, shape (point,)
        Amounts per week, summed over units; split over them in proportion to `observed.cost`.

    Returns
    -------
    array, shape (point, unit, channel)
        In active means.
    """
    average = design.arrays["exposure_lags"].values.mean(0)[..., 0]  # (unit, channel)
    level = np.broadcast_to(average, (len(amounts), *average.shape)).copy()
    cost = observed.cost[:, index]
    level[..., index] = np.outer(amounts / (cost.sum() or 1.0), cost > 0)
    return level


def carryover_weights(draws: xr.Dataset, form: Form, path: str | None = None) -> Array | None:
    """Carryover weights of the lags at draws of a posterior.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, ...)
        Parameters of a fit.
    path : str, optional
        "mediation" for the mediator's equation; the outcome's by default.

    Returns
    -------
    array, shape (sample, channel or cause, lag), or None
        None for a model without these parameters.
    """
    adstock = load_transform("adstock", form.adstock)
    nodes = adstock.node_names(path)
    if any(node not in draws for node in nodes):
        return None
    parameters = [flatten_draws(draws[node]) for node in nodes]
    return np.asarray(adstock.function(*parameters, form.max_lag))


def adstock_curves(fitted: Counterfactual) -> xr.Dataset:
    """Carryover weights of the lags.

    Returns
    -------
    xarray.Dataset
        ``weight`` (statistic, channel, lag) and, for a model with separate carryover in the
        mediator's equation, ``mediation_weight`` (statistic, cause, lag): the share of a week's
        effect that occurs `lag` weeks later.
    """
    design = fitted.design
    paths = {"weight": (None, "channel"), "mediation_weight": ("mediation", "cause")}
    curves = {}
    for name, (path, dim) in paths.items():
        weights = carryover_weights(fitted.draws, design.form, path)
        if weights is not None:
            curves[name] = (("statistic", dim, "lag"), summarise(weights))
    return xr.Dataset(
        curves,
        coords={
            "statistic": list(STATISTICS),
            "lag": np.arange(design.form.max_lag),
            "channel": list(design.dataset.channels),
        }
        | ({"cause": list(design.causes)} if "mediation_weight" in curves else {}),
    )
