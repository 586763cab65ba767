"""Lift tests as evidence: what a test measured, against the model's own counterfactual.

    lift_e ~ Normal(sum_t Y_t(x + change_e) - Y_t(x), standard_error_e)       t: weeks of test e

``Y`` is the outcome by the abduction of `mmm_bayes.counterfactual`: each week keeps its own
disturbance, the mediator follows its causes, and the carryover of both begins with the test. No
member of the family need know of it: the model's graph is cut at its named nodes and computed once
more on the weeks of the tests.

Measuring a response model by experiments: Zhang, Wurm, Wakim, Li, Liu (2023), *Media mix model
calibration with Bayesian priors*, who turn them into priors on returns; here they are observations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors

from mmm_bayes.design import Design, Form
from mmm_bayes.terms.floor import censored_change, hurdle_change

#: Probabilities are kept this far from 0 and 1 before their quantile is taken.
LOWEST, HIGHEST = 1e-100, 1 - 1e-15


def lift(design: Design, model: pm.Model) -> None:
    """Add ``lift_mean`` and the observed ``lift`` to a model that is otherwise complete.

    Parameters
    ----------
    design : Design
        With experiments.
    model : pymc.Model
        Built on this design; it names ``outcome_mean`` and, if mediated, ``mediator_mean``.
    """
    lags, counts = model["lift_lags"], model["lift_counts"]
    rows, shape = model["lift_rows"].ravel(), counts.type.shape
    if "mediator_mean" in model.named_vars:
        moved = _mediator_change(model, rows, _by_week(lags)).reshape(shape)
        is_mediator = np.arange(len(design.dataset.channels)) == design.mediator_at
        moved_lags = _lagged(moved, design.form.max_lag)
        lags = lags + moved_lags[..., None, :] * is_mediator[:, None]
    names = ["outcome_on", "outcome_level"] if design.form.hurdle else ["outcome_mean"]
    fact = [model[name][rows] for name in names]
    other = _under(model, names, rows, _by_week(lags))
    change = _outcome_change(design.form, model, rows, fact, other)
    with model:
        mean = pm.Deterministic(
            "lift_mean", (counts * change.reshape(shape)).sum((0, 2)), dims="experiment"
        )
        pm.Normal(
            "lift",
            mu=mean,
            sigma=model["lift_error"],
            observed=model["lift_observed"],
            dims="experiment",
        )


def _outcome_change(
    form: Form, model: pm.Model, rows: Any, fact: list[Any], other: list[Any]
) -> Any:
    """Counterfactual less observed outcome, each week with its own disturbance.

    What the outcome's floor hides of a disturbance is averaged over, which needs no random number
    and has a gradient.

    Parameters
    ----------
    form : Form
    model : pymc.Model
    rows : TensorVariable of int, shape (row,)
    fact, other : list of TensorVariable, shape (row, unit)
        Location as it was and as it would have been; of a hurdle, probability and median above.

    Returns
    -------
    TensorVariable, shape (row, unit)
    """
    observed = model["outcome_observed"][rows]
    if form.hurdle:
        return hurdle_change(form, model, rows, observed, fact, other)
    (here,), (there,) = fact, other
    if form.floor is not None:
        return censored_change(form, model, rows, observed, here, there)
    return observed * (there - here) / here if form.link == "log" else there - here


def _under(model: pm.Model, names: list[str], rows: Any, lags: Any) -> list[Any]:
    """Nodes of a model on some of its weeks, under another exposure.

    What depends on exposure and has no time axis is a yardstick of the fitted weeks (the ceiling
    of a channel) and stays; what does not depend on exposure stays what it was in those weeks.

    Parameters
    ----------
    model : pymc.Model
    names : list of str
        Nodes with a time axis that depend on exposure.
    rows : TensorVariable of int, shape (row,)
        Places among the model's weeks.
    lags : TensorVariable, shape (row, unit, channel, lag)

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
    # Unlike `clone_replace` it leaves the ancestors of what stays alone.
    return vectorize_graph([model[name] for name in names], kept)


def _mediator_change(model: pm.Model, rows: Any, lags: Any) -> Any:
    """Counterfactual less observed mediator, in active means.

    Parameters
    ----------
    model : pymc.Model
    rows : TensorVariable of int, shape (row,)
    lags : TensorVariable, shape (row, unit, channel, lag)

    Returns
    -------
    TensorVariable, shape (row, unit)
    """
    observed = model["mediator_observed"][rows]
    if "mediator_on" in model.named_vars:
        names = ["mediator_on", "mediator_level"]
        fact = [model[name][rows] for name in names]
        changed = _hurdle(observed, model["mediator_sigma"], fact, _under(model, names, rows, lags))
    else:
        (mean,) = _under(model, ["mediator_mean"], rows, lags)
        changed = pt.maximum(observed + mean - model["mediator_mean"][rows], 0.0)
    return (changed - observed) / model["mediator_active"]


def _hurdle(observed: Any, sigma: Any, fact: list[Any], other: list[Any]) -> Any:
    """A hurdle mediator under another probability of being on, and another median when on.

    A week that was on keeps its quantile. One that was off could have any quantile of the point
    mass: it has its mean over them, which needs no random number and has a gradient.

    Parameters
    ----------
    observed : TensorVariable, shape (row, unit)
    sigma : TensorVariable
        Standard deviation of the logarithm when on.
    fact, other : list of TensorVariable, shape (row, unit)
        Probability of being on and median when on, as it was and as it would have been.
    """
    (on, level), (on_other, level_other) = fact, other
    amount = pt.switch(observed > 0, observed, level)
    exceeding = on * _ndtr((pt.log(level) - pt.log(amount)) / sigma) / on_other
    was_on = level_other * pt.exp(-sigma * _ndtri(exceeding))
    # The weeks that come on have the lowest quantiles of those that would then be on.
    mean = level_other * pt.exp(sigma**2 / 2) * _ndtr(_ndtri(1 - on / on_other) - sigma)
    was_off = mean * on_other / (1 - on)
    return pt.switch(observed > 0, was_on, was_off)


def _lagged(moved: Any, max_lag: int) -> Any:
    """The change of each week and of the weeks before it, none before the test.

    Parameters
    ----------
    moved : TensorVariable, shape (test_week, experiment, unit)
    max_lag : int

    Returns
    -------
    TensorVariable, shape (test_week, experiment, unit, max_lag)
    """
    weeks, tests, units = moved.type.shape
    week = np.arange(weeks)[:, None] - np.arange(max_lag)
    after_nothing = pt.concatenate([pt.zeros((1, tests, units)), moved])
    by_lag = after_nothing[np.maximum(week + 1, 0).ravel()]
    return by_lag.reshape((weeks, max_lag, tests, units)).transpose(0, 2, 3, 1)


def _by_week(lags: Any) -> Any:
    """Tests and their weeks as one axis of rows."""
    weeks, tests, *rest = lags.type.shape
    return lags.reshape((weeks * tests, *rest))


def _ndtr(score: Any) -> Any:
    """Distribution function of the standard normal."""
    return pt.erfc(-score / np.sqrt(2)) / 2


def _ndtri(probability: Any) -> Any:
    """Quantile function of the standard normal."""
    return -np.sqrt(2) * pt.erfcinv(2 * pt.clip(probability, LOWEST, HIGHEST))
