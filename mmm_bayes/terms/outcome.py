"""The outcome's location and its distribution around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.design import Design
from mmm_bayes.errors import InputError
from mmm_bayes.terms.floor import Floored, probability_above
from mmm_bayes.terms.pooling import pooled
from mmm_bayes.terms.priors import Declare, prior
from mmm_bayes.terms.shared import shared_normal

#: Where a positive outcome's additive location bends away from zero, in shares of the mean.
BEND = 0.05


def outcome(
    design: Design,
    predictor: Any,
    mediator_disturbance: Any = None,
    *,
    declare: Declare = prior,
) -> None:
    """Declare ``outcome_mean``, ``sigma`` and the observed ``outcome``, in original units.

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

    with ``m = outcome_mean``: the predictor times the outcome's mean ``s`` under the identity
    link, its exponential times the geometric mean under the log link. Under the log link, and
    for a log-normal, `outcome_mean` is the median of the outcome, the location that
    multiplicative disturbances act upon.

    With a floor the table holds for what `mmm_bayes.terms.floor` calls ``y*``. A censored outcome
    keeps `outcome_mean` as its location. Of a hurdle the location is ``outcome_level``, the median
    above the floor; ``outcome_on`` is the probability of being above it, and `outcome_mean` the
    floor plus their product.

    Given the mediator's disturbance ``z``, the outcome's own may be correlated with it by the data
    node ``rho``, which is 0 unless a sensitivity analysis sets it (Imai, Keele, Yamamoto 2010):
    it is ``sigma (rho z + sqrt(1 - rho^2) e)``, and the table holds for ``e``.

    Parameters
    ----------
    design : Design
    predictor : TensorVariable, shape (time, unit)
        The sum of the terms, in the model's units.
    mediator_disturbance : TensorVariable, shape (time, unit), optional
        As `mediator` returns it.
    declare : callable
        `prior`, or `pooled` for units that are not equally noisy, and that share a shock in each
        week (`shared_normal`) whose scale is ``shared_sigma``.
    """
    data = pm.modelcontext(None)
    dims = ("time", "unit")
    scale, observed = data["outcome_scale"], data["outcome_observed"]
    form = design.form
    sigma = prior(design, "sigma", dims="unit" if declare is pooled else None)
    if form.link == "log":
        location = scale * pt.exp(predictor)
    elif form.likelihood == "lognormal":
        location = scale * BEND * pt.softplus(predictor / BEND)
    else:
        location = scale * predictor
    if form.hurdle:
        on = pm.Deterministic("outcome_on", probability_above(design, predictor), dims=dims)
        location = pm.Deterministic("outcome_level", location, dims=dims)
        pm.Deterministic("outcome_mean", form.floor + on * location, dims=dims)
    else:
        location = pm.Deterministic("outcome_mean", location, dims=dims)
    noise, shared = sigma, 0.0
    if mediator_disturbance is not None:
        rho = data["rho"] * pt.neq(mediator_disturbance, 0.0)
        noise, shared = sigma * pt.sqrt(1 - rho**2), rho * sigma * mediator_disturbance
    if form.link == "log":
        centre = pt.log(scale) + predictor + shared
    elif form.multiplies:
        centre = pt.log(location) + shared
    else:
        centre, noise = location + shared * scale, noise * scale
    shape = [prior(design, "nu")] if form.likelihood == "student_t" else []
    if declare is pooled:
        if form.floor is not None:
            raise InputError(
                f"{design.dataset.path}: the shock that units share in a week is not modelled for "
                "an outcome with a floor; take partial_mediation or direct, or leave 'floor' out"
            )
        shock = prior(design, "shared_sigma") * (1.0 if form.multiplies else scale)
        shared_normal(
            "outcome", centre, noise, shock,
            nu=shape[0] if shape else None, log=form.multiplies, observed=observed, dims=dims,
        )  # fmt: skip
    elif form.floor is not None:
        # What a week at the floor leaves unknown is drawn from these (`counterfactual`).
        centre = pm.Deterministic("outcome_centre", centre, dims=dims)
        noise = pm.Deterministic("outcome_noise", noise + pt.zeros_like(centre), dims=dims)
        floored = Floored(form)
        pm.CustomDist(
            "outcome", centre, noise, *shape, *([on] if form.hurdle else []),
            logp=floored.logp, random=floored.random, observed=observed, dims=dims,
        )  # fmt: skip
    elif shape and form.multiplies:
        pm.CustomDist(
            "outcome", *shape, centre, noise,
            logp=_log_student_t_logp, random=_log_student_t_random, observed=observed, dims=dims,
        )  # fmt: skip
    elif shape:
        pm.StudentT("outcome", nu=shape[0], mu=centre, sigma=noise, observed=observed, dims=dims)
    else:
        distribution = pm.LogNormal if form.multiplies else pm.Normal
        distribution("outcome", mu=centre, sigma=noise, observed=observed, dims=dims)


def _log_student_t_logp(value: Any, nu: Any, mu: Any, sigma: Any) -> Any:
    """Log-density of a variable whose logarithm is Student-t, on its own scale."""
    log = pt.log(value)
    return pm.logp(pm.StudentT.dist(nu=nu, mu=mu, sigma=sigma), log) - log


def _log_student_t_random(nu: Any, mu: Any, sigma: Any, rng: Any = None, size: Any = None) -> Any:
    # Tails this heavy overflow: infinity is then the honest draw.
    with np.errstate(over="ignore"):
        return np.exp(mu + sigma * rng.standard_t(nu, size))
