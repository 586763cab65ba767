"""Likelihood of lift tests: the measured lift given the model's own counterfactual.

    lift_e ~ Normal(sum_t Y_t(x + change_e) - Y_t(x), standard_error_e)       t: weeks of test e

``Y`` is the outcome by the abduction of `mmm_bayes.model.counterfactual`: each week keeps its own
disturbance, the mediator follows its causes, and the carryover of both begins with the test. A
model file needs no line for it: the finished model's graph is cut at its named nodes and evaluated
once more on the weeks of the tests.

A test that was computed from the table's own weeks is the same data as their outcome. Where the
description allows such a test, the outcome of its weeks is taken out of the likelihood.

On calibrating response models with experiments: Zhang, Wurm, Wakim, Li, Liu (2023), *Media mix
model calibration with Bayesian priors*, who turn them into priors on returns; here they are
observations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.change import lagged_change, mediator_change, outcome_change


def add_lift_tests(design: Design, model: pm.Model) -> None:
    """Add ``lift_mean`` and the observed ``lift`` to an otherwise complete model.

    With tests of the table's own weeks also the potential ``replaced_weeks``, which cancels the
    log-likelihood of those weeks' outcome.

    Parameters
    ----------
    design : Design
        A design with experiments.
    model : pymc.Model
        Built on this design; it names ``outcome_location`` and, if mediated, ``mediator_location``.
    """
    lags, counts = model["lift_lags"], model["lift_counts"]
    rows, shape = model["lift_rows"].ravel(), counts.type.shape
    if "mediator_location" in model.named_vars:
        follows = mediator_change(model, rows, _stack_tests(lags)) / model["mediator_active"]
        is_mediator = np.arange(len(design.dataset.channels)) == design.mediator_index
        change_lags = lagged_change(follows.reshape(shape), design.form.max_lag)
        lags = lags + change_lags[..., None, :] * is_mediator[:, None]
    change = outcome_change(design.form, model, rows, _stack_tests(lags))
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
        if "replaced" in model.named_vars:
            density = pm.logp(model["outcome"], model["outcome_observed"])
            pm.Potential("replaced_weeks", -replaced_density(density, model["replaced"]).sum())


def replaced_density(density: Any, replaced: Any) -> Any:
    """Log-likelihood of the outcome that tests of the table's own weeks replace.

    Parameters
    ----------
    density : array, shape (..., time, unit) or (..., time)
        Log-likelihood; without units it is that of all units jointly, and a week that a test
        replaces in one unit is replaced in all.
    replaced : array, shape (time, unit)
        Data node of the design.
    """
    return density * (replaced.max(-1) if density.ndim < replaced.ndim else replaced)


def _stack_tests(lags: Any) -> Any:
    """Exposure by lag with the tests and their weeks stacked along one axis of rows."""
    weeks, tests, *rest = lags.type.shape
    return lags.reshape((weeks * tests, *rest))
