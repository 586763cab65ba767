"""Counterfactual outcome and mediator of the fitted weeks under other histories of exposure.

By abduction, draw by draw: each week keeps the disturbance that the draw implies for it, and only
the locations change with exposure (`mmm_bayes.model.abduction`). A mediator that is off in many
weeks keeps its randomised quantile of the hurdle distribution.

A week at the outcome's floor reveals its disturbance only in part; the rest is drawn once for each
draw of the posterior, and the counterfactual outcome has the same floor. In a censored week the
disturbance kept the outcome below the floor. A hurdle has two disturbances: the first decides
whether the week is above the floor, and is known up to the side of the probability on which it
fell; the second determines the excess over the floor, and a week at the floor reveals nothing of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import norm
from scipy.stats import t as student_t

from mmm_bayes.data.design import Design, data_names
from mmm_bayes.data.lags import lag_matrix
from mmm_bayes.model.abduction import counterfactual_mediator, counterfactual_outcome
from mmm_bayes.model.evaluation import (
    GraphFunction,
    flatten_draws,
    graph_function,
    static_nodes,
    thin_draws,
    thinned_positions,
)

if TYPE_CHECKING:
    import pymc as pm

Array = NDArray[Any]

#: Bound on draws of a heavy tail on the log scale, so that their products stay finite.
LOG_HUGE = 300.0
_MEDIATOR_NODES = ("mediator_location", "mediator_on", "mediator_level")


@dataclass(frozen=True)
class Counterfactual:
    """A posterior prepared for counterfactuals, with what abduction revealed of each week.

    Attributes
    ----------
    design : Design
        The weeks of the counterfactuals.
    draws : xarray.Dataset
        The posterior, with its deterministics.
    outcome, mediator : GraphFunction
        Locations of the outcome and the mediator as functions of exposure; `mediator` is None
        in a model without mediation.
    quantile : array, shape (sample, time, unit), or None
        Randomised quantile of each week of a hurdle mediator, as an exceedance probability.
    threshold : array, shape (sample, time, unit), or None
        A week of a hurdle outcome is above the floor if its probability of being so exceeds this
        threshold; None for any other outcome.
    latent : array, shape (sample, time, unit), or None
        Outcome of each week without the floor (for a hurdle, the excess over it): observed above
        the floor, drawn at it; None without a floor.
    """

    model: pm.Model
    design: Design
    draws: xr.Dataset
    outcome: GraphFunction
    mediator: GraphFunction | None
    quantile: Array | None
    threshold: Array | None = None
    latent: Array | None = None

    @property
    def observed_path(self) -> Array:
        """Observed exposure, shape (max_lag - 1 + time, unit, channel), in active means."""
        return self.design.observed_path


def abduct(model: pm.Model, design: Design, draws: xr.Dataset, *, seed: int = 0) -> Counterfactual:
    """Counterfactuals of a posterior, by abduction of each week's disturbances.

    Parameters
    ----------
    design : Design
        The weeks of the counterfactuals; its form must be the model's.
    draws : xarray.Dataset
        Posterior with its deterministics.
    seed : int
        For a hurdle mediator's quantile in the weeks when it is off, and for the part of a
        disturbance that a week at the outcome's floor does not reveal.
    """
    inputs = static_nodes(model)
    nodes = ["outcome_on", "outcome_level"] if design.form.hurdle else ["outcome_location"]
    outcome = graph_function(model, inputs=inputs, outputs=nodes, per_draw=["exposure_lags"])
    mediator = quantile = threshold = latent = None
    nodes = [name for name in _MEDIATOR_NODES if name in model.named_vars]
    if nodes:
        mediator = graph_function(model, inputs=inputs, outputs=nodes, per_draw=["exposure_lags"])
    if "mediator_on" in nodes:
        quantile = _quantile(draws, design.arrays["mediator_observed"].values, seed)
    if design.form.floor is not None:
        threshold, latent = _latent_outcome(draws, design, seed)
    return Counterfactual(model, design, draws, outcome, mediator, quantile, threshold, latent)


def take_draws(counterfactual: Counterfactual, number: int) -> Counterfactual:
    """The counterfactual at equally spaced draws; at all if there are no more than `number`."""
    samples = counterfactual.draws.sizes["chain"] * counterfactual.draws.sizes["draw"]
    if samples <= number:
        return counterfactual
    kept = thinned_positions(samples, number)
    quantile, threshold, latent = (
        None if values is None else values[kept]
        for values in (counterfactual.quantile, counterfactual.threshold, counterfactual.latent)
    )
    return replace(
        counterfactual,
        draws=thin_draws(counterfactual.draws, number),
        quantile=quantile,
        threshold=threshold,
        latent=latent,
    )


def location_under(counterfactual: Counterfactual, path: Array | Callable[[slice], Array]) -> Array:
    """Location of the outcome under a history of exposure.

    Parameters
    ----------
    path : array, shape (max_lag - 1 + time, unit, channel), or callable
        In active means; a callable returns the paths for a slice of the samples.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units. For a hurdle it is the excess over the floor, 0 in the weeks that
        are at the floor under this history.
    """
    nodes = counterfactual.outcome(counterfactual.draws, _model_data(counterfactual, path))
    if counterfactual.threshold is None:
        return nodes["outcome_location"]
    return np.where(nodes["outcome_on"] > counterfactual.threshold, nodes["outcome_level"], 0.0)


def observed_location(counterfactual: Counterfactual) -> Array:
    """Location of the outcome under the observed exposure, as for `location_under`."""
    if counterfactual.threshold is None:
        return flatten_draws(counterfactual.draws["outcome_location"])
    on, level = (
        flatten_draws(counterfactual.draws["outcome_on"]),
        flatten_draws(counterfactual.draws["outcome_level"]),
    )
    return np.where(on > counterfactual.threshold, level, 0.0)


def apply_floor(counterfactual: Counterfactual, location: Array) -> Array:
    """Outcome at a location without disturbance: the location, or the floor where it is higher.

    Parameters
    ----------
    location : array, shape (sample, time, unit)
        As `location_under` returns it.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units.
    """
    form = counterfactual.design.form
    if form.floor is None:
        return location
    return location + form.floor if form.hurdle else np.maximum(location, form.floor)


def typical_outcome(
    counterfactual: Counterfactual, draws: xr.Dataset, data: dict[str, Any]
) -> Array:
    """Typical outcome of hypothetical weeks, which have no disturbance to keep.

    Parameters
    ----------
    draws : xarray.Dataset
        Some of the posterior's draws.
    data : dict
        Every data node of the model, as `GraphFunction` takes them.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units; for a hurdle, the floor plus the probability of being above it times
        the median excess.
    """
    nodes = counterfactual.outcome(draws, data)
    if counterfactual.threshold is None:
        return apply_floor(counterfactual, nodes["outcome_location"])
    return apply_floor(counterfactual, nodes["outcome_on"] * nodes["outcome_level"])


def mediator_under(counterfactual: Counterfactual, path: Array) -> Array:
    """Counterfactual history of the mediator when the other channels follow a path.

    Parameters
    ----------
    path : array, shape (max_lag - 1 + time, unit, channel)
        In active means.

    Returns
    -------
    array, shape (sample, max_lag - 1 + time, unit)
        In active means. The weeks before the span, for which the equation is not evaluated, change
        by as much as the average week of the span.
    """
    assert counterfactual.mediator is not None
    design, index = counterfactual.design, counterfactual.design.mediator_index
    arrays = design.arrays
    observed = arrays["mediator_observed"].values
    nodes = counterfactual.mediator(counterfactual.draws, _model_data(counterfactual, path))
    if counterfactual.quantile is None:
        fact = flatten_draws(counterfactual.draws["mediator_location"])
        changed = counterfactual_mediator(observed, fact, nodes["mediator_location"])
    else:
        sigma = _sigma(counterfactual.draws)
        changed = _hurdle(
            nodes["mediator_on"], nodes["mediator_level"], sigma, counterfactual.quantile
        )
    changed = changed / design.scaling.exposure[:, index]
    before = counterfactual.observed_path[: design.form.max_lag - 1, :, index]
    change = (changed - arrays["exposure_lags"].values[:, :, index, 0]).mean(1, keepdims=True)
    return np.concatenate([np.maximum(before + change, 0.0), changed], axis=1)


def path_with_mediator(
    counterfactual: Counterfactual, path: Array, mediator: Array
) -> Callable[[slice], Array]:
    """Path of exposure in which the mediator has its own history in each draw.

    Parameters
    ----------
    path : array, shape (max_lag - 1 + time, unit, channel)
        In active means.
    mediator : array, shape (sample, max_lag - 1 + time, unit)
        In active means.

    Returns
    -------
    callable
        From a slice of the samples to paths (sample, max_lag - 1 + time, unit, channel).
    """

    def paths(rows: slice) -> Array:
        histories = mediator[rows]
        repeated = np.broadcast_to(path, (len(histories), *path.shape)).copy()
        repeated[..., counterfactual.design.mediator_index] = histories
        return repeated

    return paths


def outcome_change(counterfactual: Counterfactual, fact: Array, other: Array) -> Array:
    """Outcome at one location less outcome at another, each week with its own disturbance.

    Parameters
    ----------
    fact, other : array, shape (sample, time, unit)
        Locations, as `location_under` returns them.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units.
    """
    form = counterfactual.design.form
    draws = counterfactual.draws
    if form.hurdle:
        assert counterfactual.latent is not None
        return counterfactual.latent * ((fact - other) / flatten_draws(draws["outcome_level"]))
    latent = counterfactual.latent
    if latent is None:
        latent = counterfactual.design.arrays["outcome_observed"].values
    observed = flatten_draws(draws["outcome_location"])
    first, second = (
        counterfactual_outcome(form, latent, observed, location) for location in (fact, other)
    )
    if form.floor is None:
        return first - second
    return np.maximum(first, form.floor) - np.maximum(second, form.floor)


def _model_data(
    counterfactual: Counterfactual, path: Array | Callable[[slice], Array]
) -> dict[str, Any]:
    design = counterfactual.design
    data: dict[str, Any] = {name: design.arrays[name].values for name in data_names(design)}
    max_lag = design.form.max_lag

    def lags(rows: slice) -> Array:
        if callable(path):
            return lag_matrix(path(rows), max_lag, axis=1)
        view = lag_matrix(path, max_lag)
        return np.broadcast_to(view, (rows.stop - rows.start, *view.shape))

    return data | {"exposure_lags": lags}


def _quantile(draws: xr.Dataset, observed: Array, seed: int) -> Array:
    """Randomised quantile of each observed week in its hurdle distribution.

    As an exceedance probability, which keeps its precision far out in the upper tail; at random
    within the point mass in the weeks when the mediator is off.
    """
    on, level = flatten_draws(draws["mediator_on"]), flatten_draws(draws["mediator_level"])
    sigma = _sigma(draws)
    with np.errstate(divide="ignore"):
        exceedance = on * ndtr((np.log(level) - np.log(observed)) / sigma)
    off = 1 - np.random.default_rng(seed).random(on.shape) * (1 - on)
    return np.where(observed > 0, exceedance, off)


def _sigma(draws: xr.Dataset) -> Array:
    """Scale of the mediator's disturbance, shape (sample, 1, 1 or unit)."""
    sigma = flatten_draws(draws["mediator_sigma"])
    return sigma.reshape(len(sigma), 1, -1)


def _latent_outcome(draws: xr.Dataset, design: Design, seed: int) -> tuple[Array | None, Array]:
    """Threshold and latent outcome of every week, drawn at random where the floor hides them."""
    form = design.form
    assert form.floor is not None
    observed = design.arrays["outcome_observed"].values
    at_floor = observed <= form.floor
    # A separate stream from that of the mediator's quantiles.
    rng = np.random.default_rng([seed, 1])
    centre, scale = (
        flatten_draws(draws[name])[:, at_floor] for name in ("outcome_centre", "outcome_noise")
    )
    standard: Any = norm
    if form.likelihood == "student_t":
        standard = student_t(flatten_draws(draws["nu"])[:, None])
    rank = rng.random(centre.shape)
    threshold = None
    if form.hurdle:
        on = flatten_draws(draws["outcome_on"])
        side = rng.random(on.shape)
        threshold = np.where(at_floor, on + side * (1 - on), side * on)
        observed = observed - form.floor
    else:
        edge = np.log(form.floor) if form.multiplicative else form.floor
        rank = rank * standard.cdf((edge - centre) / scale)
    drawn = centre + scale * standard.ppf(rank)
    latent = np.broadcast_to(observed, (len(centre), *observed.shape)).copy()
    latent[:, at_floor] = np.exp(np.minimum(drawn, LOG_HUGE)) if form.multiplicative else drawn
    return threshold, latent


def _hurdle(on: Array, level: Array, sigma: Array, exceedance: Array) -> Array:
    """Quantile function of the hurdle log-normal, from the exceedance probability."""
    conditional = np.clip(exceedance / on, np.finfo(float).tiny, 1 - np.finfo(float).eps)
    return np.where(exceedance < on, level * np.exp(-sigma * ndtri(conditional)), 0.0)
