"""What would have been: the same weeks and the same chance, another history of spending.

By abduction, draw by draw (Pearl 2009, *Causality*, section 7.1): each week keeps the
disturbance that the draw implies for it, and only what the changed spending moves changes.
Under the identity link the disturbance adds, so the outcome changes as its location does;
under the log link it multiplies, so week t changes by ``y_t (m'_t / m_t - 1)``. The mediator
likewise: its observed value less the change of its location, floored at zero, or the same
randomised quantile of its hurdle distribution.

A week that stands at a floor of the outcome tells its disturbance only in part; the rest is drawn
once for each draw of the posterior, and the counterfactual outcome has the same floor. A censored
week has a disturbance that kept it below the floor. A hurdle has two: one decides whether there is
anything above the floor, and is known up to the side of the probability on which it fell; the other
is that of how much, of which a week at the floor tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import norm
from scipy.stats import t as student_t

from mmm_bayes.design import Design, data_names
from mmm_bayes.evaluation import Evaluation, evaluation, flat, parameters
from mmm_bayes.transforms import lagged

if TYPE_CHECKING:
    import pymc as pm

Array = NDArray[Any]

#: Draws of a heavy tail on the log scale are cut here, so that their products are numbers.
LOG_HUGE = 300.0
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
    threshold : array, shape (sample, time, unit), or None
        A week of a hurdle outcome is above the floor where its probability of being so exceeds
        this; None for any other outcome.
    latent : array, shape (sample, time, unit), or None
        What a week's outcome was (of a hurdle: was above the floor), or would have been had it not
        been held at the floor; None without a floor.
    """

    design: Design
    draws: xr.Dataset
    outcome: Evaluation
    mediator: Evaluation | None
    quantile: Array | None
    threshold: Array | None = None
    latent: Array | None = None

    @property
    def observed_path(self) -> Array:
        """Exposure as it was, shape (max_lag - 1 + time, unit, channel), in active means."""
        return self.design.observed_path


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
        Breaks the ties of a hurdle mediator's quantile in the weeks when it is off, and draws what
        a week at the outcome's floor does not tell.
    """
    given = parameters(model)
    located = ["outcome_on", "outcome_level"] if design.form.hurdle else ["outcome_mean"]
    outcome = evaluation(model, given=given, wanted=located, per_draw=["exposure_lags"])
    mediator = quantile = threshold = latent = None
    nodes = [name for name in _MEDIATOR_NODES if name in model.named_vars]
    if nodes:
        mediator = evaluation(model, given=given, wanted=nodes, per_draw=["exposure_lags"])
    if "mediator_on" in nodes:
        quantile = _quantile(draws, design.arrays["mediator_observed"].values, seed)
    if design.form.floor is not None:
        threshold, latent = _held(draws, design, seed)
    return World(design, draws, outcome, mediator, quantile, threshold, latent)


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
        In the outcome's units. Of a hurdle it is how far above the floor: 0 in the weeks that this
        history leaves there.
    """
    nodes = world.outcome(world.draws, _data(world, path))
    if world.threshold is None:
        return nodes["outcome_mean"]
    return np.where(nodes["outcome_on"] > world.threshold, nodes["outcome_level"], 0.0)


def observed_location(world: World) -> Array:
    """The outcome's location under the spending that was, as `outcome_location` has it."""
    if world.threshold is None:
        return flat(world.draws["outcome_mean"])
    on, level = flat(world.draws["outcome_on"]), flat(world.draws["outcome_level"])
    return np.where(on > world.threshold, level, 0.0)


def expected(world: World, location: Array) -> Array:
    """A week's typical outcome at a location: the same, or the floor where that is higher.

    Parameters
    ----------
    world : World
    location : array, shape (sample, time, unit)
    """
    form = world.design.form
    if form.floor is None:
        return location
    return location + form.floor if form.hurdle else np.maximum(location, form.floor)


def typical_outcome(world: World, draws: xr.Dataset, data: dict[str, Any]) -> Array:
    """Typical outcome of weeks that nobody observed, whose chance is therefore averaged over.

    Parameters
    ----------
    world : World
    draws : xarray.Dataset
        Some draws of the world's.
    data : dict
        Every data node of the model, as `Evaluation` takes them.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units; of a hurdle, the floor plus the probability of being above it times
        the median above it.
    """
    nodes = world.outcome(draws, data)
    if world.threshold is None:
        return expected(world, nodes["outcome_mean"])
    return expected(world, nodes["outcome_on"] * nodes["outcome_level"])


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
    form = world.design.form
    if form.floor is not None and not form.hurdle:
        return np.maximum(_moved(world, fact), form.floor) - np.maximum(
            _moved(world, other), form.floor
        )
    if form.link == "identity":
        return fact - other
    if form.hurdle:
        assert world.latent is not None
        return world.latent * ((fact - other) / flat(world.draws["outcome_level"]))
    observed = world.design.arrays["outcome_observed"].values
    return observed * ((fact - other) / flat(world.draws["outcome_mean"]))


def _moved(world: World, location: Array) -> Array:
    """What a censored week's outcome would be at a location, were there no floor."""
    assert world.latent is not None
    fact = flat(world.draws["outcome_mean"])
    if world.design.form.link == "identity":
        return world.latent + (location - fact)
    return world.latent * (location / fact)


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
    sigma = flat(draws["mediator_sigma"])
    return sigma.reshape(len(sigma), 1, -1)


def _held(draws: xr.Dataset, design: Design, seed: int) -> tuple[Array | None, Array]:
    """Threshold and latent outcome of every week, at random where the floor hides them."""
    form = design.form
    assert form.floor is not None
    observed = design.arrays["outcome_observed"].values
    at_floor = observed <= form.floor
    # Another stream than the one that breaks the mediator's ties.
    rng = np.random.default_rng([seed, 1])
    centre, scale = (flat(draws[name])[:, at_floor] for name in ("outcome_centre", "outcome_noise"))
    standard: Any = norm
    if form.likelihood == "student_t":
        standard = student_t(flat(draws["nu"])[:, None])
    rank = rng.random(centre.shape)
    threshold = None
    if form.hurdle:
        on = flat(draws["outcome_on"])
        side = rng.random(on.shape)
        threshold = np.where(at_floor, on + side * (1 - on), side * on)
        observed = observed - form.floor
    else:
        edge = np.log(form.floor) if form.multiplies else form.floor
        rank = rank * standard.cdf((edge - centre) / scale)
    hidden = centre + scale * standard.ppf(rank)
    latent = np.broadcast_to(observed, (len(centre), *observed.shape)).copy()
    latent[:, at_floor] = np.exp(np.minimum(hidden, LOG_HUGE)) if form.multiplies else hidden
    return threshold, latent


def _hurdle(on: Array, level: Array, sigma: Array, exceeding: Array) -> Array:
    """Quantile function of the hurdle log-normal, from the probability of exceeding."""
    given_on = np.clip(exceeding / on, np.finfo(float).tiny, 1 - np.finfo(float).eps)
    return np.where(exceeding < on, level * np.exp(-sigma * ndtri(given_on)), 0.0)
