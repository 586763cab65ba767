"""Structural equations of a simulated market, with every parameter known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from mmm_bayes.data.lags import lag_matrix
from mmm_bayes.model.transforms.adstock import carry_over, geometric
from mmm_bayes.studies.simulate.curves import HILL, Curve

Array = NDArray[np.float64]

MAX_LAG = 13


@dataclass(frozen=True)
class Mechanism:
    """Functional form of the response to advertising.

    Attributes
    ----------
    curve : Curve
        Saturation, applied to the exposure after carryover.
    memory : int
        Weeks over which a week's exposure acts, its own week included.
    """

    curve: Curve = HILL
    memory: int = MAX_LAG

    @property
    def history(self) -> int:
        """Weeks before a span whose exposure carries over into it."""
        return self.memory - 1

    def response(self, path: Array, alpha: Array, kappa: Array, shape: Array) -> Array:
        """Share of each channel's full effect, by week.

        Parameters
        ----------
        path : array, shape (history + time, unit, channel)
        alpha : array, shape (channel,) or (unit, channel)
            Retention.
        kappa : array, shape (unit, channel)
            Half-saturation point, in the exposure's units.
        shape : array, shape (channel,)
            Shape parameter of the curve.

        Returns
        -------
        array, shape (time, unit, channel)
        """
        weights = geometric.weights(alpha, self.memory)
        return self.curve.respond(carry_over(lag_matrix(path, self.memory), weights), kappa, shape)


#: The mechanism that the models assume.
STANDARD = Mechanism()


@dataclass(frozen=True)
class Equation:
    """Location of the outcome or the mediator, as a share of its mean.

        location_t = non_media_t
                     + effectiveness_t sum_c modulation_ct ceiling_c curve(adstock(x_c)_t)

    Attributes
    ----------
    alpha : array, shape (channel,) or (unit, channel)
        Retention.
    kappa : array, shape (unit, channel)
        Half-saturation point, in the exposure's units.
    shape : array, shape (channel,)
        Shape parameter of the curve.
    ceiling : array, shape (unit, channel)
        Contribution at full saturation and full effectiveness.
    non_media : array, shape (time, unit)
        Sum of all terms other than media.
    effectiveness : array, shape (time,)
        Factor on the effects of media, by week.
    modulation : array, shape (time, unit, channel), or 1
        Factor on each channel's response from interactions, by week.
    """

    alpha: Array
    kappa: Array
    shape: Array
    ceiling: Array
    non_media: Array
    effectiveness: Array
    mechanism: Mechanism = STANDARD
    modulation: Array | float = 1.0

    def __call__(self, path: Array) -> Array:
        """Location by week on an exposure path.

        Parameters
        ----------
        path : array, shape (history + time, unit, channel)

        Returns
        -------
        array, shape (time, unit)
        """
        response = self.mechanism.response(path, self.alpha, self.kappa, self.shape)
        response = self.modulation * response
        return self.non_media + self.effectiveness[:, None] * (self.ceiling * response).sum(-1)


def equation_from_shares(
    mechanism: Mechanism,
    parameters: tuple[Array, Array, Array],
    share: Array,
    path: Array,
    non_media: Array,
    effectiveness: Array | None = None,
    modulation: Array | float = 1.0,
) -> Equation:
    """Equation whose channels contribute given shares of the mean over the weeks of `path`.

    Parameters
    ----------
    parameters : tuple of array, shape (channel,)
        Retention, half-saturation as a multiple of the mean exposure when on (both may have shape
        (unit, channel) where units differ), and the shape parameter of the curve.
    share : array, shape (unit, channel)
        Mean contribution over the last ``time`` weeks.
    path : array, shape (history + time, unit, channel)
    non_media : array, shape (time, unit)
        Sum of all other terms in an average week of media; the mean contributions are subtracted
        from it, so that media are part of the mean.
    effectiveness : array, shape (time,), optional
        Factor on the effects of media, by week; 1 by default.
    modulation : array, shape (time, unit, channel), optional
        Factor on each channel's response from interactions, by week.
    """
    alpha, relative, shape = parameters
    span = path[mechanism.history :]
    kappa = relative * span.sum(0) / np.maximum((span > 0).sum(0), 1)
    effectiveness = np.ones(len(span)) if effectiveness is None else effectiveness
    response = modulation * mechanism.response(path, alpha, kappa, shape)
    mean = (effectiveness[:, None, None] * response).mean(0)
    ceiling = share / mean * np.ones_like(share)
    non_media = non_media - share.sum(-1)
    return Equation(alpha, kappa, shape, ceiling, non_media, effectiveness, mechanism, modulation)


def autoregression(
    rng: np.random.Generator, shape: tuple[int, ...], sd: float, persistence: float
) -> Array:
    """Stationary first-order autoregression along the first axis.

    Parameters
    ----------
    shape : tuple of int
        Of the array; the other axes are independent series.
    sd : float
        Standard deviation of the values.
    persistence : float
        Correlation of neighbours, between 0 and 1.
    """
    shock = rng.normal(0.0, sd * np.sqrt(1 - persistence**2), shape)
    path = np.empty(shape)
    path[0] = rng.normal(0.0, sd, shape[1:])
    for t in range(1, shape[0]):
        path[t] = persistence * path[t - 1] + shock[t]
    return path


@dataclass(frozen=True)
class NormalMediator:
    """Mediator ``max(0, location(causes) + disturbance)``, with normal disturbances.

    Attributes
    ----------
    location : Equation
        Location as a share of the mean.
    scale : array, shape (unit,)
        The mean, money a week.
    sigma : float
        Standard deviation of the disturbance, as a share of the mean.
    memory : float
        Correlation of a week's disturbance with the last week's.
    """

    location: Equation
    scale: Array
    sigma: float
    memory: float = 0.0

    def draw(self, rng: np.random.Generator, causes: Array) -> Array:
        """Spend by week, shape (time, unit).

        Parameters
        ----------
        causes : array, shape (history + time, unit, cause)
            Money a week.
        """
        location = self.location(causes)
        if self.memory:
            noise = autoregression(rng, location.shape, self.sigma, self.memory)
        else:
            noise = self.sigma * rng.normal(size=location.shape)
        return self.scale * np.maximum(location + noise, 0.0)

    def abduct(self, observed: Array, causes: Array, counterfactual: Array) -> Array:
        """Counterfactual spend: the observed one less the change of its location, at least zero.

        Parameters
        ----------
        observed : array, shape (time, unit)
            Money a week.
        causes, counterfactual : array, shape (history + time, unit, cause)
            Observed and counterfactual spends of the causes, money a week.
        """
        change = self.location(causes) - self.location(counterfactual)
        return np.maximum(observed - self.scale * change, 0.0)


@dataclass(frozen=True)
class HurdleMediator:
    """Mediator that is off or log-normal; each week has a fixed quantile.

    Attributes
    ----------
    log_odds : Equation
        Log odds of being on.
    level : Equation
        Mean of the logarithm when on, in multiples of the scale.
    scale : array, shape (unit,)
        Money a week.
    sigma : float
        Standard deviation of the logarithm when on.
    quantile : array, shape (time, unit)
        Quantile of each week's spend in its distribution, uniform between 0 and 1.
    """

    log_odds: Equation
    level: Equation
    scale: Array
    sigma: float
    quantile: Array

    def spend(self, causes: Array) -> Array:
        """Spend by week, shape (time, unit).

        Parameters
        ----------
        causes : array, shape (history + time, unit, cause)
            Money a week.
        """
        probability = expit(self.log_odds(causes))
        given_on = (self.quantile - (1 - probability)) / probability
        score = ndtri(np.clip(given_on, 1e-12, 1 - 1e-12))
        spend = self.scale * np.exp(self.level(causes) + self.sigma * score)
        return np.where(given_on > 0, spend, 0.0)

    def draw(self, rng: np.random.Generator, causes: Array) -> Array:
        """Spend by week, which `quantile` determines.

        Parameters
        ----------
        rng : numpy.random.Generator
            Not used.
        causes : array, shape (history + time, unit, cause)
            Money a week.
        """
        return self.spend(causes)

    def abduct(self, observed: Array, causes: Array, counterfactual: Array) -> Array:
        """Counterfactual spend by week, shape (time, unit).

        Parameters
        ----------
        observed : array, shape (time, unit)
            Not used: it follows from the quantile.
        causes : array, shape (history + time, unit, cause)
            Not used.
        counterfactual : array, shape (history + time, unit, cause)
            Counterfactual spends of the causes, money a week.
        """
        return self.spend(counterfactual)
