"""True effects, returns and gains in a simulated table, by the definition of the estimands.

This file shares no code with `estimands`, `decisions` and `counterfactual`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mmm_bayes.data.design import Design
from mmm_bayes.studies.calibration.equations import (
    Equations,
    has_hurdle,
    outcome_location,
    percent_of_outcome,
    with_mediator,
)

Array = NDArray[np.float64]

#: Share of the weeks in which a channel's exposure is no larger than its lowest tenth.
LOWEST_TENTH = 0.1
#: Relative increase of spend behind a marginal return.
MARGIN = 0.01
#: Weeks of a plan, and the factors by which it multiplies the spends of channels in turn.
PLAN_WEEKS, PLAN_FACTORS = 52, (1.2, 0.8)


@dataclass(frozen=True)
class Disturbances:
    """Random parts of the observed weeks, which counterfactuals keep.

    Attributes
    ----------
    latent : array, shape (time, unit)
        Outcome before its floor; of a hurdle, above it.
    uniform : array, shape (time, unit)
        Decides, for a hurdle, whether the outcome is above the floor.
    quantile : array, shape (time, unit)
        Of the mediator's own disturbance; empty without a mediator.
    """

    latent: Array
    uniform: Array
    quantile: Array


@dataclass(frozen=True)
class World:
    """A simulated table with its equations and its disturbances.

    Attributes
    ----------
    equations : Equations
        Of the member at the parameters that made the table.
    design : Design
        The table.
    path : array, shape (history + time, unit, channel)
        Observed exposure, in multiples of the active mean.
    mediator : array, shape (time, unit)
        In original units, not floored; empty without one.
    disturbances : Disturbances
        Of the observed weeks.
    """

    equations: Equations
    design: Design
    path: Array
    mediator: Array
    disturbances: Disturbances

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return self.design.dataset.channels

    @property
    def units(self) -> list[str]:
        """Names of the units."""
        return [str(unit) for unit in self.design.arrays["unit"].values]

    @cached_property
    def spend(self) -> Array:
        """Money of each channel, summed over weeks and units."""
        return np.asarray(self.design.dataset.data["spend"].values[self.design.weeks].sum((0, 1)))

    @cached_property
    def fact(self) -> Array:
        """Recorded outcome, shape (time, unit)."""
        return self.outcome(self.path)

    @cached_property
    def _predictor(self) -> Array:
        return self.equations.predictor(self.path, self.path)

    def outcome(self, path: Array) -> Array:
        """Recorded outcome, shape (time, unit).

        Parameters
        ----------
        path : array, shape (history + time, unit, channel)
            Exposure, in multiples of the active mean.
        """
        predictor = self.equations.predictor(path, self.path)
        return recorded_outcome(self.equations, self._predictor, predictor, self.disturbances)

    def with_mediator_under(self, path: Array, causes: Array, *, never: bool = False) -> Array:
        """A path on which the mediator is what its causes on another path make of it.

        Parameters
        ----------
        path, causes : array, shape (history + time, unit, channel)
            Exposure with the observed mediator, and the exposure that the mediator follows.
        never : bool
            Whether the causes differ before the span, too: the mediator of those weeks changes by
            the mean change within the span.
        """
        if not self.equations.mediated:
            return path
        quantile, mediator = self.disturbances.quantile, self.equations.mediator
        if self.design.form.mediator_likelihood == "normal":
            median = np.full(quantile.shape, 0.5)
            change = mediator(self.path, self.path, median) - mediator(causes, self.path, median)
            changed = np.maximum(self.mediator - change, 0.0)
        else:
            changed = mediator(causes, self.path, quantile)
        return with_mediator(self.design, path, changed, shifted=never)


def recorded_outcome(
    equations: Equations, observed: Array, predictor: Array, disturbances: Disturbances
) -> Array:
    """The recorded outcome with the disturbances of the observed weeks, shape (time, unit).

    Parameters
    ----------
    observed, predictor : array, shape (time, unit)
        Predictor of the observed weeks, and the one at which the outcome is asked for.
    """
    form = equations.design.form
    before, after = outcome_location(equations, observed), outcome_location(equations, predictor)
    if form.link == "log" or form.likelihood == "lognormal":  # the disturbance is a factor
        latent = disturbances.latent * after / before
    else:
        latent = disturbances.latent + after - before
    if form.floor is None:
        return np.asarray(latent)
    if not has_hurdle(equations.design):
        return np.where(latent > form.floor, latent, form.floor)
    slope = equations.drawn["outcome_on_slope"]
    on = expit(equations.non_media("outcome_on_") + slope * predictor)
    return np.where(disturbances.uniform < on, form.floor + latent, form.floor)


def true_effects(world: World) -> dict[str, float]:
    """Effects and returns of each channel, and the effect of all of them together.

    Returns
    -------
    dict of str to float
        ``total[channel]``, ``direct[channel]``, ``indirect[channel]``; the same against the
        channel's lowest tenth, as ``total_observed[channel]``; ``joint``; where money was spent,
        ``roas[channel]`` and ``mroas[channel]``; and for a pooled panel
        ``unit_total[unit, channel]``.
    """
    truth = {"joint": float((world.fact - world.outcome(np.zeros_like(world.path))).sum())}
    fact, weeks = world.fact.sum(0), len(world.fact)
    for index, channel in enumerate(world.channels):
        exposure = np.sort(world.path[-weeks:, :, index], axis=0)
        lowest_tenth = exposure[int(LOWEST_TENTH * (weeks - 1))]
        for suffix, least in (("", np.zeros_like(lowest_tenth)), ("_observed", lowest_tenth)):
            held, none = (world.outcome(path).sum(0) for path in _without(world, index, least))
            truth[f"total{suffix}[{channel}]"] = float((fact - none).sum())
            truth[f"direct{suffix}[{channel}]"] = float((held - none).sum())
            truth[f"indirect{suffix}[{channel}]"] = float((fact - held).sum())
            if world.equations.member == "panel" and not suffix:
                for unit, value in zip(world.units, fact - none, strict=True):
                    truth[f"unit_total[{unit}, {channel}]"] = float(value)
        if (money := world.spend[index]) > 0:
            truth[f"roas[{channel}]"] = truth[f"total[{channel}]"] / money
            truth[f"mroas[{channel}]"] = _marginal_gain(world, index) / (MARGIN * money)
    return truth


def _without(world: World, channel: int, least: Array) -> tuple[Array, Array]:
    """Paths with the mediator alone as if the channel had been at its least, and with both so.

    Parameters
    ----------
    least : array, shape (unit,)
        Constant exposure of the channel, before the span, too.
    """
    without = world.path.copy()
    without[..., channel] = least
    if channel not in world.design.cause_indices:
        return world.path, without
    held = world.with_mediator_under(world.path, without, never=True)
    none = held.copy()
    none[..., channel] = least
    return held, none


def _marginal_gain(world: World, channel: int) -> float:
    """Gain from one per cent more of a channel in every week, with the mediator following."""
    more = world.path.copy()
    more[..., channel] *= 1 + MARGIN
    if channel in world.design.cause_indices:
        more = world.with_mediator_under(more, more, never=True)
    return float((world.outcome(more) - world.fact).sum())


def true_gain(world: World) -> float:
    """Gain of a plan that spends more on the first channel, less on the second, and so on.

    The mediator is not planned: it follows from its causes.
    """
    weeks = min(PLAN_WEEKS, len(world.fact))
    spend = world.design.dataset.data["spend"].values[world.design.weeks][-weeks:].sum(0)
    planned = world.path.copy()
    planned[-weeks:] *= np.where(spend > 0, plan_factors(len(world.channels)), 1.0)
    if world.equations.mediated:
        planned[..., world.design.mediator_index] = world.path[..., world.design.mediator_index]
    planned = world.with_mediator_under(planned, planned)
    return float((world.outcome(planned) - world.fact).sum())


def has_known_gain(design: Design) -> bool:
    """True if a week reveals its disturbances, so that the gain of a plan follows from them."""
    return design.form.floor is None and design.form.mediator_likelihood == "normal"


def plan_factors(channels: int) -> Array:
    """Factors on the spends of the channels, shape (channel,).

    Parameters
    ----------
    channels : int
        Number of channels.
    """
    return np.resize(PLAN_FACTORS, channels)


def true_lifts(world: World) -> Array:
    """Lift of each of the table's tests, without its error, shape (experiment,)."""
    tests, data = world.design.dataset.experiments, world.design.dataset.data
    days = data["time"].values
    history = len(world.path) - len(world.fact)
    lifts = []
    for row in range(tests.sizes["experiment"]):
        test = {name: tests[name].values[row] for name in tests.data_vars}
        weeks = np.flatnonzero((days >= test["start"]) & (days <= test["end"]))
        unit = world.units.index(str(test["tested_unit"]))
        channel = world.channels.index(str(test["tested_channel"]))
        spent = float(data["spend"].values[weeks, unit, channel].sum())
        tested = world.path.copy()
        if spent > 0:
            tested[history + weeks, unit, channel] *= 1 + test["spend_change"] / spent
        else:  # evenly, at the average price
            bought = data["exposure"].values[:, unit, channel].sum()
            paid = data["spend"].values[:, unit, channel].sum()
            change = test["spend_change"] / len(weeks) * bought / paid
            tested[history + weeks, unit, channel] += (
                change / world.design.scaling.exposure[unit, channel]
            )
        if channel in world.design.cause_indices:
            tested = world.with_mediator_under(tested, tested)
        lifts.append((world.outcome(tested) - world.fact)[weeks, unit].sum())
    return np.array(lifts)


def true_control_effects(design: Design, drawn: dict[str, Array]) -> dict[str, float]:
    """Effect of one standard deviation more of each control, in per cent of the outcome.

    Parameters
    ----------
    drawn : dict of str to array
        The parameters by name.

    Returns
    -------
    dict of str to float
        ``control_effect[name]``; of the mean outcome under the identity link.
    """
    columns, controls = list(design.scaling.columns), design.dataset.description.controls
    effects = {}
    for name in controls:
        change = float(design.scaling.r_inverse[columns.index(name)] @ drawn["covariate_effect"])
        effects[f"control_effect[{name}]"] = percent_of_outcome(design, change)
    return effects
