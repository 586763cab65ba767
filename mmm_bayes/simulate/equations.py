"""The structural equations of a market, with every number known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from mmm_bayes.simulate.curves import HILL, Curve
from mmm_bayes.transforms import carry_over, geometric_weights, lagged

Array = NDArray[np.float64]

MAX_LAG = 13


@dataclass(frozen=True)
class Mechanism:
    """How advertising works, apart from its parameters.

    Attributes
    ----------
    curve : Curve
        Saturation of the exposure with its carryover.
    memory : int
        Weeks that feel a week's advertising, its own included.
    """

    curve: Curve = HILL
    memory: int = MAX_LAG

    @property
    def history(self) -> int:
        """Weeks that carry over into a span and are not in it."""
        return self.memory - 1

    def response(self, path: Array, alpha: Array, kappa: Array, second: Array) -> Array:
        """Share of each channel's full effect, by week.

        Parameters
        ----------
        path : array, shape (history + time, unit, channel)
        alpha : array, shape (channel,) or (unit, channel)
            Retention.
        second : array, shape (channel,)
            The curve's second parameter.
        kappa : array, shape (unit, channel)
            Half-saturation point, in the exposure's units.

        Returns
        -------
        array, shape (time, unit, channel)
        """
        weights = geometric_weights(alpha, self.memory)
        return self.curve.respond(carry_over(lagged(path, self.memory), weights), kappa, second)


#: What the models assume.
USUAL = Mechanism()


@dataclass(frozen=True)
class Equation:
    """``other_t + effectiveness_t sum_c changed_ct ceiling_c curve(adstock(x_c)_t)``, in shares.

    Attributes
    ----------
    alpha : array, shape (channel,) or (unit, channel)
        Retention.
    second : array, shape (channel,)
        The curve's second parameter.
    kappa : array, shape (unit, channel)
        Half-saturation point, in the exposure's units.
    ceiling : array, shape (unit, channel)
        Contribution at full saturation and full effectiveness.
    other : array, shape (time, unit)
        Everything that is not media.
    effectiveness : array, shape (time,)
        What is left of the media's effect, by week.
    mechanism : Mechanism
    changed : array, shape (time, unit, channel), or 1
        What interactions make of each channel, by week.
    """

    alpha: Array
    kappa: Array
    second: Array
    ceiling: Array
    other: Array
    effectiveness: Array
    mechanism: Mechanism = USUAL
    changed: Array | float = 1.0

    def __call__(self, path: Array) -> Array:
        """Location by week.

        Parameters
        ----------
        path : array, shape (history + time, unit, channel)

        Returns
        -------
        array, shape (time, unit)
        """
        response = self.mechanism.response(path, self.alpha, self.kappa, self.second)
        response = self.changed * response
        return self.other + self.effectiveness[:, None] * (self.ceiling * response).sum(-1)


def equation(
    mechanism: Mechanism,
    shape: tuple[Array, Array, Array],
    share: Array,
    path: Array,
    other: Array,
    effectiveness: Array | None = None,
    changed: Array | float = 1.0,
) -> Equation:
    """An equation whose channels contribute given shares of the mean over the weeks of `path`.

    Parameters
    ----------
    mechanism : Mechanism
    shape : tuple of array, shape (channel,)
        Retention, half-saturation as a multiple of the mean exposure when on (either of shape
        (unit, channel) where units differ), and the curve's second parameter.
    share : array, shape (unit, channel)
        Mean contribution over the last ``time`` weeks.
    path : array, shape (history + time, unit, channel)
    other : array, shape (time, unit)
        What is not media, around the mean of an average week; the mean contributions are
        taken off it, so that media are part of that mean.
    effectiveness : array, shape (time,), optional
        What is left of the media's effect, by week; all of it if left out.
    changed : array, shape (time, unit, channel), optional
        What interactions make of each channel, by week.
    """
    alpha, relative, second = shape
    span = path[mechanism.history :]
    kappa = relative * span.sum(0) / np.maximum((span > 0).sum(0), 1)
    effectiveness = np.ones(len(span)) if effectiveness is None else effectiveness
    response = changed * mechanism.response(path, alpha, kappa, second)
    mean = (effectiveness[:, None, None] * response).mean(0)
    ceiling = share / mean * np.ones_like(share)
    other = other - share.sum(-1)
    return Equation(alpha, kappa, second, ceiling, other, effectiveness, mechanism, changed)


@dataclass(frozen=True)
class NormalMediator:
    """Mediator ``max(0, location(causes) + disturbance)``; the disturbance is each week's own.

    Attributes
    ----------
    location : Equation
        In shares of the mean.
    scale : array, shape (unit,)
        The mean, money a week.
    sigma : float
        Standard deviation of the disturbance, in shares of the mean.
    """

    location: Equation
    scale: Array  # (unit,)
    sigma: float

    def draw(self, rng: np.random.Generator, causes: Array) -> Array:
        """Spend by week, shape (time, unit).

        Parameters
        ----------
        rng : numpy.random.Generator
        causes : array, shape (history + time, unit, cause)
            Money a week.
        """
        location = self.location(causes)
        noise = self.sigma * rng.normal(size=location.shape)
        return self.scale * np.maximum(location + noise, 0.0)

    def counterfactual(self, observed: Array, causes: Array, other: Array) -> Array:
        """The observed spend less the change of its location, floored at zero.

        Parameters
        ----------
        observed : array, shape (time, unit)
            Money a week.
        causes, other : array, shape (history + time, unit, cause)
            Spends as they were, and as they might have been.
        """
        change = self.location(causes) - self.location(other)
        return np.maximum(observed - self.scale * change, 0.0)


@dataclass(frozen=True)
class HurdleMediator:
    """Mediator that is off, or log-normal: each week keeps its own quantile.

    Attributes
    ----------
    on : Equation
        Log odds of being on.
    level : Equation
        Mean of the logarithm when on, in multiples of the scale.
    scale : array, shape (unit,)
        Money a week.
    sigma : float
        Standard deviation of the logarithm when on.
    quantile : array, shape (time, unit)
        Each week's own chance, uniform between 0 and 1.
    """

    on: Equation
    level: Equation
    scale: Array  # (unit,)
    sigma: float
    quantile: Array  # (time, unit), uniform

    def at(self, causes: Array) -> Array:
        """Spend by week, shape (time, unit).

        Parameters
        ----------
        causes : array, shape (history + time, unit, cause)
            Money a week.
        """
        probability = expit(self.on(causes))
        given_on = (self.quantile - (1 - probability)) / probability
        score = ndtri(np.clip(given_on, 1e-12, 1 - 1e-12))
        spend = self.scale * np.exp(self.level(causes) + self.sigma * score)
        return np.where(given_on > 0, spend, 0.0)

    def draw(self, rng: np.random.Generator, causes: Array) -> Array:
        """Spend by week; all chance is in `quantile` already.

        Parameters
        ----------
        rng : numpy.random.Generator
            Not used.
        causes : array, shape (history + time, unit, cause)
            Money a week.
        """
        return self.at(causes)

    def counterfactual(self, observed: Array, causes: Array, other: Array) -> Array:
        """Spend by week under other causes, shape (time, unit).

        Parameters
        ----------
        observed : array, shape (time, unit)
            Not used: it follows from the quantile.
        causes : array, shape (history + time, unit, cause)
            Not used.
        other : array, shape (history + time, unit, cause)
            Spends as they might have been, money a week.
        """
        return self.at(other)
