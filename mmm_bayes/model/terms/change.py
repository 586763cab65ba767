"""Change of the mediator and the outcome of some weeks under another exposure, on graphs.

By abduction, as in `mmm_bayes.model.counterfactual`: each week keeps its own disturbance. Where a
hurdle or a floor hides part of the disturbance, the change is averaged over it, which needs no
random numbers and has a gradient. Lift tests and plans are both such changes: the finished model's
graph is cut at its named nodes and evaluated once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors

from mmm_bayes.data.form import Form
from mmm_bayes.model.abduction import counterfactual_mediator, counterfactual_outcome
from mmm_bayes.model.terms.floor import censored_change, hurdle_change

#: Bounds on probabilities before their quantile is taken.
LOWEST, HIGHEST = 1e-100, 1 - 1e-15


def outcome_change(form: Form, model: pm.Model, rows: Any, lags: Any) -> Any:
    """Counterfactual less observed outcome.

    Parameters
    ----------
    rows : slice or TensorVariable of int
        Positions of the weeks among those of the model.
    lags : TensorVariable, shape (row, unit, channel, lag)
        Counterfactual exposure, in active means.

    Returns
    -------
    TensorVariable, shape (row, unit)
        In the outcome's units.
    """
    names = ["outcome_on", "outcome_level"] if form.hurdle else ["outcome_location"]
    fact = [model[name][rows] for name in names]
    other = nodes_under(model, names, rows, lags)
    observed = model["outcome_observed"][rows]
    if form.hurdle:
        return hurdle_change(form, model, rows, observed, fact, other)
    (location,), (other_location,) = fact, other
    if form.floor is not None:
        return censored_change(form, model, rows, observed, location, other_location)
    return counterfactual_outcome(form, observed, location, other_location) - observed


def mediator_change(model: pm.Model, rows: Any, lags: Any) -> Any:
    """Counterfactual less observed mediator.

    Parameters
    ----------
    rows, lags
        As for `outcome_change`.

    Returns
    -------
    TensorVariable, shape (row, unit)
        In the mediator's units.
    """
    observed = model["mediator_observed"][rows]
    if "mediator_on" in model.named_vars:
        names = ["mediator_on", "mediator_level"]
        fact = [model[name][rows] for name in names]
        other = nodes_under(model, names, rows, lags)
        changed = _hurdle(observed, model["mediator_sigma"], fact, other)
    else:
        (location,) = nodes_under(model, ["mediator_location"], rows, lags)
        changed = counterfactual_mediator(observed, model["mediator_location"][rows], location)
    # Simulated tables alone have a mediator below zero, whose exposure is then 0.
    return changed - pt.maximum(observed, 0.0)


def lagged_change(change: Any, max_lag: int) -> Any:
    """Lags of a change that is zero before its first week.

    Parameters
    ----------
    change : TensorVariable, shape (week, ...)
    max_lag : int
        Number of lags, lag 0 included.

    Returns
    -------
    TensorVariable, shape (week, ..., max_lag)
        Lag 0 is the same week.
    """
    weeks, *rest = change.type.shape
    padded = pt.concatenate([pt.zeros((max_lag - 1, *rest)), change])
    starts = range(max_lag - 1, -1, -1)
    return pt.stack([padded[start : start + weeks] for start in starts], -1)


def nodes_under(model: pm.Model, names: list[str], rows: Any, lags: Any) -> list[Any]:
    """Nodes of a model on some of its weeks, under another exposure.

    Nodes without a time axis stay as they are, even where they depend on the exposure of the fitted
    weeks (a channel's ceiling); nodes that do not depend on exposure keep those weeks' values.

    Parameters
    ----------
    names : list of str
        Nodes with a time axis that depend on exposure.
    rows : slice or TensorVariable of int
        Positions of the weeks among those of the model.
    lags : TensorVariable, shape (row, unit, channel, lag)
        Exposure, in active means.

    Returns
    -------
    list of TensorVariable, shape (row, ...)
    """
    exposure = model["exposure_lags"]
    kept = {exposure: lags}
    for variable in (*model.data_vars, *model.free_RVs, *model.deterministics):
        if "time" not in model.named_vars_to_dims.get(variable.name, ()):
            kept[variable] = variable
        elif exposure not in ancestors([variable]):
            kept[variable] = variable[rows]
    # Unlike `clone_replace` it does not touch the ancestors of the nodes that are kept.
    return vectorize_graph([model[name] for name in names], kept)


def _hurdle(observed: Any, sigma: Any, fact: list[Any], other: list[Any]) -> Any:
    """Hurdle mediator under another probability of being on, and another median when on.

    A week that was on keeps its quantile. A week that was off may have any quantile within the
    point mass, and is averaged over them, which needs no random numbers and has a gradient.

    Parameters
    ----------
    observed : TensorVariable, shape (row, unit)
    sigma : TensorVariable
        Standard deviation of the logarithm when on.
    fact, other : list of TensorVariable, shape (row, unit)
        Probability of being on and median when on, factual and counterfactual.
    """
    (on, level), (on_other, level_other) = fact, other
    amount = pt.switch(observed > 0, observed, level)
    exceedance = on * _ndtr((pt.log(level) - pt.log(amount)) / sigma) / on_other
    was_on = level_other * pt.exp(-sigma * _ndtri(exceedance))
    # Weeks that switch on have the lowest quantiles of the weeks that would then be on.
    mean = level_other * pt.exp(sigma**2 / 2) * _ndtr(_ndtri(1 - on / on_other) - sigma)
    was_off = mean * on_other / (1 - on)
    return pt.switch(observed > 0, was_on, was_off)


def _ndtr(score: Any) -> Any:
    """Distribution function of the standard normal."""
    return pt.erfc(-score / np.sqrt(2)) / 2


def _ndtri(probability: Any) -> Any:
    """Quantile function of the standard normal."""
    return -np.sqrt(2) * pt.erfcinv(2 * pt.clip(probability, LOWEST, HIGHEST))
