"""Outcome with a floor: some weeks are at exactly the lowest possible value.

A week can come to be at the floor in two ways, with ``y*`` the outcome that the likelihood
describes:

    censored    y = max(floor, y*)
    hurdle      y = floor + y* with probability on, else floor
                logit on = intercept + covariates . theta + slope predictor

Censoring (Tobin 1958, *Estimation of relationships for limited dependent variables*) has one
equation for the probability and the amount. A hurdle (Cragg 1971, *Some statistical models for
limited dependent variables with application to the demand for durable goods*) has a second equation
for the probability: covariates have separate effects in it, and media enter through the outcome's
predictor with a single slope, of either sign, since few weeks at a floor cannot identify the
channels separately.

The likelihood of a week is a probability at the floor and a density above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.data.form import Form
from mmm_bayes.model.abduction import counterfactual_outcome
from mmm_bayes.model.terms.baseline import baseline
from mmm_bayes.model.terms.parameters import prior

#: Points of the quadrature over the latent outcome at the floor.
POINTS = 16


def probability_above(design: Design, predictor: Any) -> Any:
    """Declare the hurdle's equation, with parameters named ``outcome_on_...``.

    Parameters
    ----------
    predictor : TensorVariable, shape (time, unit)
        Predictor of the outcome, in log points around a typical week.

    Returns
    -------
    TensorVariable, shape (time, unit)
        Probability of being above the floor.
    """
    slope = prior(design, "outcome_on_slope")
    return pt.sigmoid(baseline(design, "outcome_on_") + slope * predictor)


@dataclass(frozen=True)
class FlooredOutcome:
    """Log-density and random draws of an outcome with a floor, for `pymc.CustomDist`.

    Both take the distribution's parameters: centre and scale of ``y*`` (of its logarithm if
    disturbances are multiplicative), degrees of freedom for a Student-t, and the probability ``on``
    for a hurdle.
    """

    form: Form

    def logp(self, value: Any, *parameters: Any) -> Any:
        """Log-probability at the floor, log-density above it.

        Parameters
        ----------
        value : TensorVariable, shape (time, unit)
            Outcome in its own units.
        *parameters : TensorVariable
            Parameters of the distribution.
        """
        form = self.form
        at_floor = value <= form.floor
        shape, on = self._split(parameters)
        latent = latent_distribution(form, *shape)
        above = value - form.floor if form.hurdle else value
        if form.multiplicative:
            logs = pt.log(pt.switch(at_floor, 1.0, above))
            density = pm.logp(latent, logs) - logs
        else:
            density = pm.logp(latent, above)
        if form.hurdle:
            return pt.switch(at_floor, pt.log1p(-on), pt.log(on) + density)
        edge = pt.full_like(value, latent_floor(form))
        return pt.switch(at_floor, pm.logcdf(latent, edge), density)

    def random(self, *parameters: Any, rng: Any = None, size: Any = None) -> Any:
        """Random draws.

        Parameters
        ----------
        *parameters : array
            Parameters of the distribution.
        rng : numpy.random.Generator
            Source of random numbers.
        size : tuple of int
            Shape of the draws.
        """
        form, floor = self.form, self.form.floor
        assert floor is not None
        (centre, scale, *nu), on = self._split(parameters)
        standard = rng.standard_t(nu[0], size) if nu else rng.standard_normal(size)
        latent = centre + scale * standard
        if form.multiplicative:
            # Heavy tails may overflow; infinity is then the correct draw.
            with np.errstate(over="ignore"):
                latent = np.exp(latent)
        if form.hurdle:
            return floor + np.where(rng.random(size) < on, latent, 0.0)
        return np.maximum(latent, floor)

    def _split(self, parameters: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        """Parameters of ``y*``, and the probability of being above the floor of a hurdle."""
        return (parameters[:-1], parameters[-1]) if self.form.hurdle else (parameters, None)


def latent_distribution(form: Form, centre: Any, scale: Any, nu: Any = None) -> Any:
    """Distribution of ``y*``, or of its logarithm if disturbances are multiplicative.

    Parameters
    ----------
    centre, scale : TensorVariable, shape (..., unit)
        Location and scale, on the scale of the distribution.
    nu : TensorVariable, optional
        Degrees of freedom of a Student-t.
    """
    if form.likelihood == "student_t":
        return pm.StudentT.dist(nu=nu, mu=centre, sigma=scale)
    return pm.Normal.dist(mu=centre, sigma=scale)


def latent_floor(form: Form) -> float:
    """The floor on the scale of `latent_distribution`."""
    assert form.floor is not None
    return float(np.log(form.floor)) if form.multiplicative else form.floor


def hurdle_change(
    form: Form, model: pm.Model, rows: Any, observed: Any, fact: list[Any], other: list[Any]
) -> Any:
    """Expected change of a hurdle outcome in some weeks, averaged over the unknown disturbances.

    A week above the floor stays there with probability ``min(1, on' / on)`` and keeps its own
    disturbance. A week at the floor leaves it with probability ``max(0, on' - on) / (1 - on)``,
    with the mean excess above it (the median for a Student-t, whose exponential has no mean).

    Parameters
    ----------
    rows : TensorVariable of int, shape (row,)
        Positions among the model's weeks.
    observed : TensorVariable, shape (row, unit)
        Outcome in its own units.
    fact, other : list of TensorVariable, shape (row, unit)
        Probability of being above the floor and median excess, factual and counterfactual.

    Returns
    -------
    TensorVariable, shape (row, unit)
    """
    (on, level), (on_other, level_other) = fact, other
    excess = observed - form.floor
    probability_at_floor = pt.switch(excess > 0, 1.0, 1 - on)
    above = excess * (pt.minimum(on_other / on, 1.0) * level_other / level - 1)
    centre, scale = model["outcome_centre"][rows], model["outcome_noise"][rows]
    log_disturbance = centre - pt.log(level)  # the part shared with the mediator's disturbance
    if form.likelihood != "student_t":
        log_disturbance = log_disturbance + scale**2 / 2
    leaves = pt.maximum(on_other - on, 0.0) / probability_at_floor
    return pt.switch(excess > 0, above, leaves * level_other * pt.exp(log_disturbance))


def censored_change(
    form: Form, model: pm.Model, rows: Any, observed: Any, fact: Any, other: Any
) -> Any:
    """Expected change of a censored outcome in some weeks, averaged over the unknown disturbances.

    A week at the floor rises above it only if its latent outcome is within the change of location
    of it: the mean is an integral of the latent distribution over that range, by Gauss-Legendre
    quadrature.

    Parameters
    ----------
    rows : TensorVariable of int, shape (row,)
        Positions among the model's weeks.
    observed : TensorVariable, shape (row, unit)
        Outcome in its own units.
    fact, other : TensorVariable, shape (row, unit)
        Factual and counterfactual location.

    Returns
    -------
    TensorVariable, shape (row, unit)
    """
    floor, edge = form.floor, latent_floor(form)
    multiplicative, at_floor = form.multiplicative, observed <= floor
    above = pt.maximum(counterfactual_outcome(form, observed, fact, other), floor) - observed

    # A week above the floor has no part in the integral, and must not spoil its gradient.
    centre = pt.switch(at_floor, model["outcome_centre"][rows], edge)[..., None]
    shape = [centre, model["outcome_noise"][rows][..., None]]
    latent = latent_distribution(form, *shape, *([model["nu"]] if "nu" in model.named_vars else []))
    # Range below the floor from which the change leads above it: log points, or outcome units.
    width = pt.maximum(pt.log(other / fact) if multiplicative else other - fact, 0.0)[..., None]
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    depth = width * (nodes + 1) / 2
    rise = floor * pt.expm1(width - depth) if multiplicative else width - depth
    log_density = pm.logp(latent, edge - depth)
    density = pt.exp(log_density - pm.logcdf(latent, pt.full_like(centre, edge)))
    mean = (width * weights / 2 * rise * density).sum(-1)
    return pt.switch(at_floor, mean, above)
