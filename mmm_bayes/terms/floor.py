"""An outcome with a floor: weeks that stand at exactly the lowest value there is.

Two ways in which a week can come to stand there, with ``y*`` the outcome that the likelihood
describes:

    censored    y = max(floor, y*)
    hurdle      y = floor + y* with probability on, else floor
                logit on = intercept + covariates . theta + slope predictor

Censoring (Tobin 1958, *Estimation of relationships for limited dependent variables*) has one
equation for how often and how much. A hurdle (Cragg 1971, *Some statistical models for limited
dependent variables with application to the demand for durable goods*) has a second one for how
often: the covariates have effects of their own in it, and what media add to the predictor counts
through one slope, of either sign, since few weeks at a floor can't tell channels apart.

The density of a week is a probability at the floor and a density above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.design import Design, Form
from mmm_bayes.terms.baseline import baseline
from mmm_bayes.terms.priors import prior

#: Points of the quadrature over what a floor hides.
POINTS = 16
TINY = 1e-300


def probability_above(design: Design, predictor: Any) -> Any:
    """Declare the hurdle's equation; nodes ``outcome_on_...``.

    Parameters
    ----------
    design : Design
    predictor : TensorVariable, shape (time, unit)
        Of the outcome, in log points around its typical week.

    Returns
    -------
    TensorVariable, shape (time, unit)
        Probability of being above the floor.
    """
    slope = prior(design, "outcome_on_slope")
    return pt.sigmoid(baseline(design, "outcome_on_") + slope * predictor)


@dataclass(frozen=True)
class Floored:
    """Density and random numbers of a floored outcome, as `pymc.CustomDist` wants them.

    Both take the parameters: centre and scale of ``y*`` (of its logarithm if disturbances
    multiply), the degrees of freedom of a Student-t, and the probability ``on`` of a hurdle.

    Attributes
    ----------
    form : Form
    """

    form: Form

    def logp(self, value: Any, *parameters: Any) -> Any:
        """Logarithm of the probability at the floor, of the density above it.

        Parameters
        ----------
        value : TensorVariable
            Outcome in the model's units.
        *parameters : TensorVariable
            As above.
        """
        form = self.form
        at_floor = value <= form.floor
        shape, on = self._parted(parameters)
        latent = latent_distribution(form, *shape)
        above = value - form.floor if form.hurdle else value
        if form.multiplies:
            logs = pt.log(pt.switch(at_floor, 1.0, above))
            density = pm.logp(latent, logs) - logs
        else:
            density = pm.logp(latent, above)
        if form.hurdle:
            return pt.switch(at_floor, pt.log1p(-on), pt.log(on) + density)
        edge = pt.full_like(value, latent_floor(form))
        return pt.switch(at_floor, pm.logcdf(latent, edge), density)

    def random(self, *parameters: Any, rng: Any = None, size: Any = None) -> Any:
        """Predictive draws.

        Parameters
        ----------
        *parameters : array
            As above.
        rng : numpy.random.Generator
        size : tuple of int, optional
        """
        form, floor = self.form, self.form.floor
        assert floor is not None
        (centre, scale, *nu), on = self._parted(parameters)
        standard = rng.standard_t(nu[0], size) if nu else rng.standard_normal(size)
        latent = centre + scale * standard
        if form.multiplies:
            # Tails this heavy overflow: infinity is then the honest draw.
            with np.errstate(over="ignore"):
                latent = np.exp(latent)
        if form.hurdle:
            return floor + np.where(rng.random(size) < on, latent, 0.0)
        return np.maximum(latent, floor)

    def _parted(self, parameters: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        return (parameters[:-1], parameters[-1]) if self.form.hurdle else (parameters, None)


def latent_distribution(form: Form, centre: Any, scale: Any, nu: Any = None) -> Any:
    """Distribution of ``y*``, or of its logarithm if disturbances multiply.

    Parameters
    ----------
    form : Form
    centre, scale : TensorVariable
    nu : TensorVariable, optional
        Degrees of freedom, of a Student-t.
    """
    if form.likelihood == "student_t":
        return pm.StudentT.dist(nu=nu, mu=centre, sigma=scale)
    return pm.Normal.dist(mu=centre, sigma=scale)


def latent_floor(form: Form) -> float:
    """Where censoring begins, on the scale of `latent_distribution`."""
    assert form.floor is not None
    return float(np.log(form.floor)) if form.multiplies else form.floor


def hurdle_change(
    form: Form, model: pm.Model, rows: Any, observed: Any, fact: list[Any], other: list[Any]
) -> Any:
    """Mean change of a hurdle's weeks that a test moved, over what the floor hides of them.

    A week above the floor stays there with probability ``min(1, on' / on)`` and keeps its own
    disturbance. One at the floor leaves it with probability ``max(0, on' - on) / (1 - on)``, for
    the mean of what then lies above it (the median, if its tails are so heavy that it has none).

    Parameters
    ----------
    form : Form
    model : pymc.Model
    rows : TensorVariable of int, shape (row,)
    observed : TensorVariable, shape (row, unit)
    fact, other : list of TensorVariable, shape (row, unit)
        Probability of being above the floor and median there, as it was and as it would have been.

    Returns
    -------
    TensorVariable, shape (row, unit)
    """
    (on, level), (on_other, level_other) = fact, other
    excess = observed - form.floor
    room = pt.switch(excess > 0, 1.0, 1 - on)
    stayed = excess * (pt.minimum(on_other / on, 1.0) * level_other / level - 1)
    centre, scale = model["outcome_centre"][rows], model["outcome_noise"][rows]
    log_disturbance = centre - pt.log(level)  # what the mediator's disturbance shares with it
    if form.likelihood != "student_t":
        log_disturbance = log_disturbance + scale**2 / 2
    left = pt.maximum(on_other - on, 0.0) / room * level_other * pt.exp(log_disturbance)
    return pt.switch(excess > 0, stayed, left)


def censored_change(
    form: Form, model: pm.Model, rows: Any, observed: Any, fact: Any, other: Any
) -> Any:
    """Mean change of a censored outcome's weeks that a test moved.

    A week at the floor rises above it only if its hidden outcome lay within the move of it: the
    mean is an integral over that stretch of its distribution, by Gauss-Legendre quadrature.

    Parameters
    ----------
    form : Form
    model : pymc.Model
    rows : TensorVariable of int, shape (row,)
    observed : TensorVariable, shape (row, unit)
    fact, other : TensorVariable, shape (row, unit)
        Location as it was and as it would have been.

    Returns
    -------
    TensorVariable, shape (row, unit)
    """
    floor, edge = form.floor, latent_floor(form)
    multiplied, at_floor = form.link == "log", observed <= floor
    moved = observed * other / fact if multiplied else observed + other - fact
    seen = pt.maximum(moved, floor) - observed

    # A value above the floor has no part in the integral, and must not spoil its gradient.
    centre = pt.switch(at_floor, model["outcome_centre"][rows], edge)[..., None]
    shape = [centre, model["outcome_noise"][rows][..., None]]
    latent = latent_distribution(form, *shape, *([model["nu"]] if "nu" in model.named_vars else []))
    # How far below the floor the move still leads above it: in log points, or the outcome's units.
    stretch = pt.maximum(pt.log(other / fact) if multiplied else other - fact, 0.0)[..., None]
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    below = stretch * (nodes + 1) / 2
    rise = floor * pt.expm1(stretch - below) if multiplied else stretch - below
    if form.multiplies and not multiplied:  # the location adds, the disturbance multiplies
        hidden = pt.maximum(floor - below, TINY)
        log_density = pm.logp(latent, pt.log(hidden)) - pt.log(hidden)
        log_density = pt.switch(below < floor, log_density, -np.inf)
    else:
        log_density = pm.logp(latent, edge - below)
    share = pt.exp(log_density - pm.logcdf(latent, pt.full_like(centre, edge)))
    mean = (stretch * weights / 2 * rise * share).sum(-1)
    return pt.switch(at_floor, mean, seen)
