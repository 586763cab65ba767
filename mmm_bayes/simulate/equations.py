"""The structural equations of a market, with every number known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from mmm_bayes.transforms import carry_over, geometric_weights, hill, lagged

Array = NDArray[np.float64]

MAX_LAG = 13
#: Weeks that carry over into a span and are not in it.
HISTORY = MAX_LAG - 1


@dataclass(frozen=True)
class Equation:
    """``other_t + sum_c ceiling_c hill(adstock(x_c)_t)``, in shares of the mean.

    Attributes
    ----------
    alpha, slope : array, shape (channel,)
    kappa : array, shape (unit, channel)
        Half-saturation point, in the exposure's units.
    ceiling : array, shape (unit, channel)
        Contribution at full saturation.
    other : array, shape (time, unit)
        Everything that is not media.
    """

    alpha: Array
    kappa: Array
    slope: Array
    ceiling: Array
    other: Array

    def __call__(self, path: Array) -> Array:
        """Location by week.

        Parameters
        ----------
        path : array, shape (HISTORY + time, unit, channel)

        Returns
        -------
        array, shape (time, unit)
        """
        weights = geometric_weights(self.alpha, MAX_LAG)
        exposure = carry_over(lagged(path, MAX_LAG), weights)
        return self.other + (self.ceiling * hill(exposure, self.kappa, self.slope)).sum(-1)


def equation(
    shape: tuple[Array, Array, Array], share: Array, path: Array, other: Array
) -> Equation:
    """An equation whose channels contribute given shares of the mean over the weeks of `path`.

    Parameters
    ----------
    shape : tuple of array, shape (channel,)
        Retention, half-saturation as a multiple of the mean exposure when on, and slope.
    share : array, shape (unit, channel)
        Mean contribution over the last ``time`` weeks.
    path : array, shape (HISTORY + time, unit, channel)
    other : array, shape (time, unit)
        What is not media, around the mean of an average week; the mean contributions are
        taken off it, so that media are part of that mean.
    """
    alpha, relative, slope = shape
    span = path[HISTORY:]
    kappa = relative * span.sum(0) / np.maximum((span > 0).sum(0), 1)
    unit = np.ones_like(share)
    weights = geometric_weights(alpha, MAX_LAG)
    mean = hill(carry_over(lagged(path, MAX_LAG), weights), kappa, slope).mean(0)
    return Equation(alpha, kappa, slope, share / mean * unit, other - share.sum(-1))


@dataclass(frozen=True)
class NormalMediator:
    """Mediator ``max(0, location(causes) + disturbance)``; the disturbance is each week's own."""

    location: Equation
    scale: Array  # (unit,)
    sigma: float

    def draw(self, rng: np.random.Generator, causes: Array) -> Array:
        """Spend by week, shape (time, unit)."""
        location = self.location(causes)
        noise = self.sigma * rng.normal(size=location.shape)
        return self.scale * np.maximum(location + noise, 0.0)

    def counterfactual(self, observed: Array, causes: Array, other: Array) -> Array:
        """The observed spend less the change of its location, floored at zero."""
        change = self.location(causes) - self.location(other)
        return np.maximum(observed - self.scale * change, 0.0)


@dataclass(frozen=True)
class HurdleMediator:
    """Mediator that is off, or log-normal: each week keeps its own quantile."""

    on: Equation
    level: Equation
    scale: Array  # (unit,)
    sigma: float
    quantile: Array  # (time, unit), uniform

    def at(self, causes: Array) -> Array:
        """Spend by week, shape (time, unit)."""
        probability = expit(self.on(causes))
        given_on = (self.quantile - (1 - probability)) / probability
        score = ndtri(np.clip(given_on, 1e-12, 1 - 1e-12))
        spend = self.scale * np.exp(self.level(causes) + self.sigma * score)
        return np.where(given_on > 0, spend, 0.0)

    def draw(self, rng: np.random.Generator, causes: Array) -> Array:
        """Spend by week; all chance is in `quantile` already."""
        return self.at(causes)

    def counterfactual(self, observed: Array, causes: Array, other: Array) -> Array:
        """Spend by week under other causes, shape (time, unit)."""
        return self.at(other)
