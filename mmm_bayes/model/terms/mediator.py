"""Equation of the mediator: its exposure given that of its causes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.errors import InputError
from mmm_bayes.model.terms.autoregression import given_the_past
from mmm_bayes.model.terms.baseline import baseline
from mmm_bayes.model.terms.data import check_mediated
from mmm_bayes.model.terms.media import contribution
from mmm_bayes.model.terms.parameters import Declare, prior
from mmm_bayes.model.terms.pooling import pooled_prior
from mmm_bayes.model.terms.shared import shared_normal


def mediator(design: Design, response: Any, *, declare: Declare = prior) -> Any:
    """Declare the mediator given its causes, in original units.

    A mediator that is always on is Normal(m, sigma s) with

        m / s = intercept + sum_c gamma_c (response_c / mean(response_c) - 1) + covariates

    and one that is off in many weeks is a hurdle of two parts, each with an equation of that form:

        P(on) = logit^-1(...),        log mediator | on ~ Normal(log s + ..., sigma).

    Shifters of the mediator's spend are covariates of this equation alone. In the weeks in which a
    test set the mediator its location is what it was, whatever its causes do, and the weeks have no
    density (the potential ``designed_weeks`` cancels it).

    The effects ``gamma`` (and ``gamma_on``) may have either sign, so that "no mediation" is a
    possible answer. The disturbances of a mediator that is always on may be autoregressive
    (`mmm_bayes.model.terms.autoregression`; then there is a node ``mediator_centre``); those of a
    hurdle are independent, as a week that is off does not reveal its own. Nodes:
    ``mediator_location`` and, for a hurdle, ``mediator_on`` (probability)
    and ``mediator_level`` (median when on), all ``(time, unit)``.

    Parameters
    ----------
    response : TensorVariable, shape (time, unit, cause)
        Response of the causes, as `saturated_media` returns it.
    declare : callable
        `prior`, or `pooled_prior` if each unit has its own parameters. A mediator that is always on
        then has a shared shock of all units in each week.

    Returns
    -------
    TensorVariable, shape (time, unit)
        Disturbance of each week in standard deviations (of autoregressive ones the innovation); 0
        in the weeks when a hurdle mediator is off, or a test set it, which reveal nothing of it.

    Raises
    ------
    InputError
        If the description names no mediator, or tests set one that is off in many weeks or in a
        panel, which is not modelled.
    """
    check_mediated(design)
    _check_tests(design, pooled=declare is pooled_prior)
    data, dims = pm.modelcontext(None), ("time", "unit")
    scale, observed = data["mediator_scale"], data["mediator_observed"]
    predictor = baseline(design, "mediator_", declare=declare) + contribution(
        design, response, declare(design, "gamma", dims="cause"), "mediation_ceiling", dim="cause"
    )
    if "mediator_shifters" in data.named_vars:
        shifter_effect = prior(design, "mediator_shifter_effect", dims="mediator_shift")
        predictor = predictor + (data["mediator_shifters"] * shifter_effect).sum(-1)
    sigma = prior(design, "mediator_sigma", dims="unit" if declare is pooled_prior else None)
    if design.form.mediator_likelihood == "normal":
        designed = data.named_vars.get("mediator_designed")
        mean = scale * predictor
        if designed is not None:
            mean = pt.switch(designed > 0, observed, mean)
        mean = pm.Deterministic("mediator_location", mean, dims=dims)
        centre, share = given_the_past(design, mean, observed, "mediator_", designed=designed)
        noise = sigma * share * scale
        if design.form.errors == "ar1":
            centre = pm.Deterministic("mediator_centre", centre, dims=dims)
        if declare is pooled_prior:
            shock = prior(design, "mediator_shared_sigma") * share * scale
            shared_normal("mediator", centre, noise, shock, log=False, observed=observed, dims=dims)
            noise = pt.sqrt(noise**2 + shock**2)
        else:
            pm.Normal("mediator", mu=centre, sigma=noise, observed=observed, dims=dims)
        if designed is not None:
            density = pm.logp(pm.Normal.dist(centre, noise), observed)
            pm.Potential("designed_weeks", -(designed * density).sum())
        return (observed - centre) / noise
    logit = baseline(design, "mediator_on_", declare=declare) + contribution(
        design, response, declare(design, "gamma_on", dims="cause"), "mediation_on_ceiling",
        dim="cause",
    )  # fmt: skip
    on = pm.Deterministic("mediator_on", pt.sigmoid(logit), dims=dims)
    level = pm.Deterministic("mediator_level", scale * pt.exp(predictor), dims=dims)
    pm.Deterministic("mediator_location", on * level * pt.exp(sigma**2 / 2), dims=dims)
    pm.CustomDist(
        "mediator", on, pt.log(scale) + predictor, sigma,
        logp=_hurdle_logp, random=_hurdle_random, observed=observed, dims=dims,
    )  # fmt: skip
    amount = pt.switch(observed > 0, observed / scale, 1.0)
    return pt.switch(observed > 0, (pt.log(amount) - predictor) / sigma, 0.0)


def _check_tests(design: Design, *, pooled: bool) -> None:
    """Refuse a column of tests where the mediator's equation cannot leave their weeks out."""
    hurdle = design.form.mediator_likelihood == "hurdle"
    if "mediator_designed" in design.arrays and (hurdle or pooled):
        where = "that is off in many rows" if hurdle else "of a panel"
        raise InputError(
            f"{design.dataset.path}: [channels.{design.mediator}] designed: the "
            f"{design.dataset.step.plural} in which a test set a mediator {where} are not "
            "modelled; leave designed out, and enter the test under [experiments]"
        )


def _hurdle_logp(value: Any, on: Any, mu: Any, sigma: Any) -> Any:
    """Log-likelihood: a point mass at zero, a log-normal density above it."""
    positive = value > 0
    amount = pm.logp(pm.LogNormal.dist(mu=mu, sigma=sigma), pt.switch(positive, value, 1.0))
    return pt.switch(positive, pt.log(on) + amount, pt.log1p(-on))


def _hurdle_random(on: Any, mu: Any, sigma: Any, rng: Any = None, size: Any = None) -> Any:
    return np.where(rng.random(size) < on, rng.lognormal(mu, sigma, size), 0.0)
