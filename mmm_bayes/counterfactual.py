"""What would have been: the same weeks and the same chance, another history of spending.

By abduction, draw by draw (Pearl 2009, *Causality*, section 7.1): each week keeps the
disturbance that the draw implies for it, and only what the changed spending moves changes.
Under the identity link the disturbance adds, so the outcome changes as its location does;
under the log link it multiplies, so week t changes by ``y_t (m'_t / m_t - 1)``. The mediator
likewise: its observed value less the change of its location, floored at zero, or the same
randomised quantile of its hurdle distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mmm_bayes.design import Design
from mmm_bayes.evaluation import Evaluation, evaluation, flat, own_values
from mmm_bayes.sampling import parameters
from mmm_bayes.terms.data import data_names
from mmm_bayes.transforms import lagged

Array = NDArray[Any]

_MEDIATOR_NODES = ("mediator_mean", "mediator_on", "mediator_level")


@dataclass(frozen=True)
class World:
    """A fitted model that answers to other histories of spending.

    Attributes
    ----------
    design : Design
    draws : xarray.Dataset
        The posterior, deterministics included.
    outcome, mediator : Evaluation
        The outcome's and the mediator's location as functions of exposure; `mediator` is None
        in a model without mediation.
    quantile : array, shape (sample, time, unit), or None
        Randomised quantile of each week of a hurdle mediator, as the probability of exceeding.
    """

    design: Design
    draws: xr.Dataset
    outcome: Evaluation
    mediator: Evaluation | None
    quantile: Array | None

    @property
    def observed_path(self) -> Array:
        """Exposure as it was, shape (max_lag - 1 + time, unit, channel), in active means."""
        lags = self.design.arrays["exposure_lags"].values
        return np.concatenate([lags[0, :, :, :0:-1].transpose(2, 0, 1), lags[..., 0]])


def world(model: pm.Model, design: Design, draws: xr.Dataset, *, seed: int = 0) -> World:
    """Prepare the counterfactuals of a posterior.

    Parameters
    ----------
    model : pymc.Model
    design : Design
        The weeks to look at; its form must be the model's.
    draws : xarray.Dataset
        Posterior with its deterministics.
    seed : int
        Breaks the ties of a hurdle mediator's quantile in the weeks when it is off.
    """
    given = parameters(model)
    outcome = evaluation(model, given=given, wanted=["outcome_mean"], per_draw=["exposure_lags"])
    nodes = [name for name in _MEDIATOR_NODES if name in model.named_vars]
    if not nodes:
        return World(design, draws, outcome, None, None)
    mediator = evaluation(model, given=given, wanted=nodes, per_draw=["exposure_lags"])
    quantile = None
    if "mediator_on" in nodes:
        quantile = _quantile(draws, design.arrays["mediator_observed"].values, seed)
    return World(design, draws, outcome, mediator, quantile)


def outcome_location(world: World, path: Array | Callable[[slice], Array]) -> Array:
    """The outcome's location under a history of exposure.

    Parameters
    ----------
    world : World
    path : array, shape (max_lag - 1 + time, unit, channel), or function
        In active means; a function from a slice of samples gives a path for each of them.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units.
    """
    return world.outcome(world.draws, _data(world, path))["outcome_mean"]


def mediator_under(world: World, path: Array) -> Array:
    """The mediator's counterfactual history when the other channels follow a path.

    Parameters
    ----------
    world : World
    path : array, shape (max_lag - 1 + time, unit, channel)

    Returns
    -------
    array, shape (sample, max_lag - 1 + time, unit)
        In the units of the path. Weeks before the span, whose equation is not evaluated,
        change as the average week of the span does.
    """
    assert world.mediator is not None
    design, at = world.design, world.design.mediator_at
    arrays = design.arrays
    observed = arrays["mediator_observed"].values
    nodes = world.mediator(world.draws, _data(world, path))
    if world.quantile is None:
        fact = flat(world.draws["mediator_mean"])
        changed = np.maximum(observed - (fact - nodes["mediator_mean"]), 0.0)
    else:
        sigma = _sigma(world.draws)
        changed = _hurdle(nodes["mediator_on"], nodes["mediator_level"], sigma, world.quantile)
    changed = changed / design.scaling.exposure[:, at]
    before = world.observed_path[: design.form.max_lag - 1, :, at]
    change = (changed - arrays["exposure_lags"].values[:, :, at, 0]).mean(1, keepdims=True)
    return np.concatenate([np.maximum(before + change, 0.0), changed], axis=1)


def with_mediator(world: World, path: Array, mediator: Array) -> Callable[[slice], Array]:
    """A path whose mediator has its own history in each draw.

    Parameters
    ----------
    world : World
    path : array, shape (max_lag - 1 + time, unit, channel)
    mediator : array, shape (sample, max_lag - 1 + time, unit)

    Returns
    -------
    callable
        From a slice of samples to paths (sample, max_lag - 1 + time, unit, channel).
    """

    def paths(rows: slice) -> Array:
        chosen = mediator[rows]
        repeated = np.broadcast_to(path, (len(chosen), *path.shape)).copy()
        repeated[..., world.design.mediator_at] = chosen
        return repeated

    return paths


def change(world: World, fact: Array, other: Array) -> Array:
    """Outcome at one location less outcome at another, each week with its own disturbance.

    Parameters
    ----------
    world : World
    fact, other : array, shape (sample, time, unit)
        Locations, as `outcome_location` gives them.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units.
    """
    if world.design.form.link == "identity":
        return fact - other
    observed = world.design.arrays["outcome_observed"].values
    return observed * ((fact - other) / flat(world.draws["outcome_mean"]))


def _data(world: World, path: Array | Callable[[slice], Array]) -> dict[str, Any]:
    design = world.design
    data: dict[str, Any] = {name: design.arrays[name].values for name in data_names(design)}
    max_lag = design.form.max_lag

    def lags(rows: slice) -> Array:
        if callable(path):
            return lagged(path(rows), max_lag, axis=1)
        view = lagged(path, max_lag)
        return np.broadcast_to(view, (rows.stop - rows.start, *view.shape))

    return data | {"exposure_lags": lags}


def _quantile(draws: xr.Dataset, observed: Array, seed: int) -> Array:
    """Where each observed week stands in its hurdle distribution, at random where it is off.

    As the probability of exceeding it, which keeps its precision far out in the upper tail.
    """
    on, level = flat(draws["mediator_on"]), flat(draws["mediator_level"])
    sigma = _sigma(draws)
    with np.errstate(divide="ignore"):
        exceeding = on * ndtr((np.log(level) - np.log(observed)) / sigma)
    off = 1 - np.random.default_rng(seed).random(on.shape) * (1 - on)
    return np.where(observed > 0, exceeding, off)


def _sigma(draws: xr.Dataset) -> Array:
    """Scale of the mediator's disturbance, shape (sample, 1, 1 or unit)."""
    sigma = flat(own_values(draws, "mediator_sigma"))
    return sigma.reshape(len(sigma), 1, -1)


def _hurdle(on: Array, level: Array, sigma: Array, exceeding: Array) -> Array:
    """Quantile function of the hurdle log-normal, from the probability of exceeding."""
    given_on = np.clip(exceeding / on, np.finfo(float).tiny, 1 - np.finfo(float).eps)
    return np.where(exceeding < on, level * np.exp(-sigma * ndtri(given_on)), 0.0)
