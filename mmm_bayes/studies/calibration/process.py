"""Data-generating process of every member of the family.

A model that simulated its own tables would appear calibrated even if its code were wrong. So the
tables of a calibration are simulated here: parameters from the stated priors, a mediator, an
outcome, the lifts of tests, and the true effects by the definition of the estimands. The equations
share no code with `terms`, `transforms` or `counterfactual`. The planned exposures, the controls
and the scaling are those of a reference table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mmm_bayes.data.design import Design
from mmm_bayes.data.lifts import lift_arrays
from mmm_bayes.studies.calibration.contrasts import interaction_contrasts
from mmm_bayes.studies.calibration.equations import (
    Equations,
    direct_channels,
    exposure_path,
    outcome_location,
    with_mediator,
)
from mmm_bayes.studies.calibration.parameters import (
    draw_parameters,
    named_parameters,
    unit_values,
)
from mmm_bayes.studies.calibration.truths import (
    Disturbances,
    World,
    has_known_gain,
    recorded_outcome,
    true_control_effects,
    true_effects,
    true_gain,
    true_lifts,
)

Array = NDArray[np.float64]

MEMBERS = ("no_mediation", "full_mediation", "partial_mediation", "time_varying", "panel")


@dataclass(frozen=True)
class SimulatedTable:
    """A simulated table with its truth.

    Attributes
    ----------
    design : Design
        The reference design with the simulated mediator and outcome.
    truth : dict of str to float
        Effects and parameters, named as in `quantities.posterior_quantities`.
    parameters : dict of str to array
        The parameters that made it, named as in the model.
    """

    design: Design
    truth: dict[str, float]
    parameters: dict[str, Array]


def simulate_tables(
    member: str, reference: Design, number: int, seed: int
) -> Iterator[SimulatedTable]:
    """Draw tables from the joint distribution that a member of the family states.

    The first tables do not depend on `number`.

    Parameters
    ----------
    member : {"no_mediation", "full_mediation", "partial_mediation", "time_varying", "panel"}
    reference : Design
        Its exposures, controls and scaling are those of every table.
    number : int
        Number of tables.

    Yields
    ------
    SimulatedTable
    """
    drawn = draw_parameters(member, reference, number, seed)
    for index in range(number):
        rng = np.random.default_rng([seed, index])
        table_parameters = {name: values[index] for name, values in drawn.items()}
        yield _simulate_table(member, reference, table_parameters, rng)


def _simulate_table(
    member: str, reference: Design, drawn: dict[str, Array], rng: Any
) -> SimulatedTable:
    values = unit_values(reference, drawn) if member == "panel" else drawn
    equations = Equations(member, reference, values)
    path, design = exposure_path(reference), reference
    mediator, quantile, revealed = np.zeros(0), np.zeros(0), None
    if equations.mediated:
        shape = reference.arrays["mediator_observed"].shape
        quantile = rng.random(shape)
        own, shock = values["mediator_sigma"], 0.0
        if reference.form.mediator_likelihood == "hurdle":
            revealed = equations.revealed(path, quantile)
        else:
            revealed = ndtri(quantile)
        if "mediator_phi" in values:
            quantile = ndtr(_remembered(ndtri(quantile), values["mediator_phi"]))
        if "mediator_shared_sigma" in values:
            common = values["mediator_shared_sigma"]
            chance = rng.standard_normal((shape[0], 1))
            revealed = (own * revealed + common * chance) / np.hypot(own, common)
            if "mediator_phi" in values:
                chance = _remembered(chance, values["mediator_phi"])
            shock = common * chance
        mediator = equations.mediator(path, path, quantile, shock)
        path = with_mediator(reference, path, mediator)
        design = _with_observations(reference, path, mediator)
    predictor = equations.predictor(path, path)
    latent = _draw_outcome(equations, predictor, rng, revealed)
    disturbances = Disturbances(latent, rng.random(predictor.shape), quantile)
    recorded = recorded_outcome(equations, predictor, predictor, disturbances)
    design = _with_observations(design, path, None, recorded)
    world = World(equations, design, path, mediator, disturbances)
    if "lift_observed" in design.arrays:
        design = _with_lifts(world, rng)

    def location(other: Array, level: dict[str, Array] | None = None) -> Array:
        return outcome_location(equations, equations.predictor(other, path, level))

    truth = (
        named_parameters(equations, drawn)
        | true_effects(world)
        | true_control_effects(design, drawn)
        | interaction_contrasts(design, drawn, path, location)
    )
    if has_known_gain(design):
        truth["gain"] = true_gain(world)
    parameters = dict(drawn)
    if member == "full_mediation":
        parameters["beta_direct"] = drawn["beta"][direct_channels(member, reference)]
    return SimulatedTable(design, truth, parameters)


def _with_lifts(world: World, rng: Any) -> Design:
    """The design with tests of the simulated table, each with its stated standard error."""
    design = world.design
    arrays = lift_arrays(
        design.dataset, design.arrays["exposure_lags"].values, design.scaling.exposure
    )
    error = design.arrays["lift_error"].values
    lifts = true_lifts(world) + error * rng.standard_normal(len(error))
    arrays["lift_observed"] = arrays["lift_observed"].copy(data=lifts)
    return replace(design, arrays=design.arrays.assign(arrays.data_vars))


def _draw_outcome(
    equations: Equations, predictor: Array, rng: Any, revealed: Array | None
) -> Array:
    """The outcome before its floor, given what the mediator's disturbances reveal."""
    form, drawn = equations.design.form, equations.drawn
    shape = predictor.shape
    student_t = form.likelihood == "student_t"
    if equations.member == "panel":  # a shared shock, a shock of each unit, and one weight a week
        noise = drawn["sigma"] * rng.standard_normal(shape)
        noise = noise + drawn["shared_sigma"] * rng.standard_normal((shape[0], 1))
        if student_t:
            noise /= np.sqrt(rng.chisquare(drawn["nu"], (shape[0], 1)) / drawn["nu"])
    elif student_t:
        noise = drawn["sigma"] * rng.standard_t(drawn["nu"], shape)
    else:
        noise = drawn["sigma"] * rng.standard_normal(shape)
    if revealed is not None and "rho" in drawn:
        size = np.hypot(drawn["sigma"], drawn.get("shared_sigma", 0.0))
        noise = _with_demand(noise, size, revealed, drawn["rho"], drawn["demand_delay"])
    if "phi" in drawn:
        noise = _remembered(noise, drawn["phi"])
    with np.errstate(over="ignore"):
        return _disturbed(equations, predictor, noise)


def _with_demand(noise: Array, size: Array, revealed: Array, rho: Array, delay: Array) -> Array:
    """Disturbances of the same size, partly those of the mediator in this week and the last."""
    disturbance = noise.copy()
    for week in range(len(noise)):
        left = np.ones(noise.shape[1])
        explained = np.zeros(noise.shape[1])
        for source, part in ((week, 1 - delay), (week - 1, delay)):
            if source >= 0:
                explained += np.sqrt(part) * revealed[source]
                left -= rho**2 * part * (revealed[source] != 0)
        disturbance[week] = rho * size * explained + np.sqrt(left) * noise[week]
    return disturbance


def _remembered(noise: Array, phi: Array) -> Array:
    """Disturbances that keep a share of the week before's, as large as the independent `noise`."""
    disturbance = noise.copy()
    for week in range(1, len(noise)):
        disturbance[week] = phi * disturbance[week - 1] + np.sqrt(1 - phi**2) * noise[week]
    return disturbance


def _disturbed(equations: Equations, predictor: Array, noise: Array) -> Array:
    form, arrays = equations.design.form, equations.design.arrays
    if form.link == "log":
        return np.asarray(arrays["outcome_scale"].values * np.exp(predictor + noise))
    if form.likelihood == "lognormal":
        return np.asarray(outcome_location(equations, predictor) * np.exp(noise))
    return np.asarray(outcome_location(equations, predictor + noise))


def _with_observations(
    design: Design, path: Array, mediator: Array | None, outcome: Array | None = None
) -> Design:
    """The design with a simulated mediator or outcome in place of the observed one."""
    data, arrays = design.dataset.data.copy(), design.arrays
    if mediator is not None:
        index, memory = design.mediator_index, design.form.max_lag
        weeks = arrays.sizes["time"]
        lags = arrays["exposure_lags"].copy(deep=True)
        for lag in range(memory):
            begin = memory - 1 - lag
            lags.values[:, :, index, lag] = path[begin : begin + weeks, :, index]
        paid = design.mediator in design.dataset.paid
        for name in ("spend", "exposure") if paid else ("exposure",):
            values = data[name].copy(deep=True)
            values.values[design.weeks, :, index] = np.maximum(mediator, 0.0)
            data[name] = values
        arrays = arrays.assign(
            exposure_lags=lags, mediator_observed=arrays["mediator_observed"].copy(data=mediator)
        )
    if outcome is not None:
        values = data["outcome"].copy(deep=True)
        values.values[design.weeks] = outcome
        data["outcome"] = values
        arrays = arrays.assign(outcome_observed=arrays["outcome_observed"].copy(data=outcome))
    return replace(design, dataset=replace(design.dataset, data=data), arrays=arrays)
