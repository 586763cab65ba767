"""Equation of the outcome: its location, and its distribution around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.errors import InputError
from mmm_bayes.model.terms.autoregression import given_the_past
from mmm_bayes.model.terms.demand import given_demand, revealing_disturbances
from mmm_bayes.model.terms.floor import FlooredOutcome, probability_above
from mmm_bayes.model.terms.parameters import Declare, prior
from mmm_bayes.model.terms.pooling import pooled_prior
from mmm_bayes.model.terms.shared import shared_normal

#: Width of the softplus that keeps an additive location positive, as a share of the mean outcome.
BEND = 0.05


def outcome(
    design: Design,
    predictor: Any,
    mediator_disturbance: Any = None,
    *,
    declare: Declare = prior,
) -> None:
    """Declare ``outcome_location``, ``sigma`` and the observed ``outcome``, in original units.

    ============  =============  ==========================================================
    link          likelihood     outcome
    ============  =============  ==========================================================
    identity      normal         Normal(m, sigma s)
    identity      student_t      StudentT(nu, m, sigma s)
    identity      lognormal      LogNormal(log m, sigma), m kept positive by a softplus
    log           normal         LogNormal(log m, sigma)
    log           lognormal      the same
    log           student_t      exp(StudentT(nu, log m, sigma))
    ============  =============  ==========================================================

    with ``m = outcome_location``: under the identity link the mean outcome plus the predictor times
    the outcome's scale ``s``, under the log link the exponential of the predictor times the
    geometric mean. Under the log link, and for a log-normal, `outcome_location` is the median of
    the outcome, on which multiplicative disturbances act. With autoregressive disturbances sigma is
    that of the whole disturbance, the density is that of each row given the row before
    (`mmm_bayes.model.terms.autoregression`).

    With a floor the table describes ``y*`` of `mmm_bayes.model.terms.floor`. The location of a
    censored outcome is `outcome_location`. That of a hurdle is ``outcome_level``, the median excess
    over the floor; ``outcome_on`` is the probability of being above it, and `outcome_location` the
    floor plus their product.

    The outcome's disturbance may be correlated with those of the mediator and of channels that are
    set by demand (`mmm_bayes.model.terms.demand`), and the density is that of the outcome given
    these. The centre of a density that is not at `outcome_location` is ``outcome_centre``: on the
    log scale if disturbances multiply.

    Parameters
    ----------
    predictor : TensorVariable, shape (time, unit)
        Sum of the terms, in the model's units.
    mediator_disturbance : TensorVariable, shape (time, unit), optional
        As `mediator` returns it.
    declare : callable
        `prior`, or `pooled_prior` if each unit has its own noise, and all units share a shock in
        each week (`shared_normal`) with scale ``shared_sigma``.

    Raises
    ------
    InputError
        For units that share a shock and an outcome with a floor, which is not modelled.
    """
    data = pm.modelcontext(None)
    dims = ("time", "unit")
    scale, observed = data["outcome_scale"], data["outcome_observed"]
    form = design.form
    sigma = prior(design, "sigma", dims="unit" if declare is pooled_prior else None)
    if form.link == "log":
        location = scale * pt.exp(predictor)
    else:
        location = data["mean_outcome"] + scale * predictor
        if form.likelihood == "lognormal":
            bend = BEND * data["mean_outcome"]
            location = bend * pt.softplus(location / bend)
    if form.hurdle:
        on = pm.Deterministic("outcome_on", probability_above(design, predictor), dims=dims)
        location = pm.Deterministic("outcome_level", location, dims=dims)
        pm.Deterministic("outcome_location", form.floor + on * location, dims=dims)
    else:
        location = pm.Deterministic("outcome_location", location, dims=dims)
    if form.link == "log":
        centre = pt.log(scale) + predictor
    else:
        centre = pt.log(location) if form.multiplicative else location
    unit = 1.0 if form.multiplicative else scale
    values = pt.log(observed) if form.multiplicative else observed
    centre, share = given_the_past(design, centre, values)
    noise = sigma * share * unit
    shock = prior(design, "shared_sigma") * share * unit if declare is pooled_prior else None
    revealing = revealing_disturbances(design, mediator_disturbance)
    if revealing is not None:
        mean, deviation = given_demand(design, revealing)
        centre = centre + mean * (noise if shock is None else pt.sqrt(noise**2 + shock**2))
        noise = noise * deviation
        shock = None if shock is None else shock * deviation
    conditional = revealing is not None and form.demand == "unseen"
    # Counterfactuals draw the latent outcome of weeks at the floor from it.
    if conditional or form.errors == "ar1" or form.floor is not None:
        centre = pm.Deterministic("outcome_centre", centre, dims=dims)
    shape = [prior(design, "nu")] if form.likelihood == "student_t" else []
    if shock is not None:
        if form.floor is not None:
            raise InputError(
                f"{design.dataset.path}: the shock that units share in a "
                f"{design.dataset.step.noun} is not modelled for an outcome with a floor; use "
                "partial_mediation or no_mediation, or leave 'floor' out"
            )
        shared_normal(
            "outcome", centre, noise, shock,
            nu=shape[0] if shape else None, log=form.multiplicative, observed=observed, dims=dims,
        )  # fmt: skip
    elif form.floor is not None:
        noise = pm.Deterministic("outcome_noise", noise + pt.zeros_like(centre), dims=dims)
        floored = FlooredOutcome(form)
        pm.CustomDist(
            "outcome", centre, noise, *shape, *([on] if form.hurdle else []),
            logp=floored.logp, random=floored.random, observed=observed, dims=dims,
        )  # fmt: skip
    elif shape and form.multiplicative:
        pm.CustomDist(
            "outcome", *shape, centre, noise,
            logp=_log_student_t_logp, random=_log_student_t_random, observed=observed, dims=dims,
        )  # fmt: skip
    elif shape:
        pm.StudentT("outcome", nu=shape[0], mu=centre, sigma=noise, observed=observed, dims=dims)
    else:
        distribution = pm.LogNormal if form.multiplicative else pm.Normal
        distribution("outcome", mu=centre, sigma=noise, observed=observed, dims=dims)


def _log_student_t_logp(value: Any, nu: Any, mu: Any, sigma: Any) -> Any:
    """Log-density of a variable whose logarithm is Student-t, on its own scale."""
    log = pt.log(value)
    return pm.logp(pm.StudentT.dist(nu=nu, mu=mu, sigma=sigma), log) - log


def _log_student_t_random(nu: Any, mu: Any, sigma: Any, rng: Any = None, size: Any = None) -> Any:
    # Heavy tails may overflow; infinity is then the correct draw.
    with np.errstate(over="ignore"):
        return np.exp(mu + sigma * rng.standard_t(nu, size))
