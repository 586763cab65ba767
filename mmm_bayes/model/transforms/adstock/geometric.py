"""Geometric adstock: a constant share of the effect is retained from week to week.

    w_l = alpha^l / sum_k alpha^k,   l, k = 0 .. max_lag-1

Source: Jin, Wang, Sun, Chan, Koehler (2017), *Bayesian methods for media mix modeling with
carryover and shape effects*, eq. 1-2 with the delay at zero.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

# NumPy array or PyTensor variable: the operators used here mean the same on both.
Array = Any

#: Of a weekly table: retention is anywhere between 0 and 1. The half-life of an effect has a median
#: of 7 days and lies between the days of `HALF_LIFE` with a probability of 90%.
PRIORS = {"alpha": ("Beta", {"alpha": 2.0, "beta": 2.0})}
HALF_LIFE = (2.43, 33.3)


@cache
def priors_at(step_days: float) -> dict[str, tuple[str, dict[str, float]]]:
    """Prior of the retention rate over another step than a week, with the same half-lives.

    It is the Beta distribution whose 5% and 95% quantiles are those of `HALF_LIFE`. Over a month or
    longer, where short half-lives leave nothing, its density falls from 0 on, and only the 95%
    quantile is matched.

    Parameters
    ----------
    step_days : float
        Days of a step.

    Returns
    -------
    dict
        As `PRIORS`.
    """
    if step_days == 7:
        return PRIORS
    from scipy.optimize import brentq
    from scipy.stats import beta

    lower, upper = (0.5 ** (step_days / days) for days in HALF_LIFE)

    def matching(a: float) -> float:
        """The second parameter, given the first, from the 95% quantile."""
        return float(np.exp(brentq(lambda b: beta.cdf(upper, a, np.exp(b)) - 0.95, -7, 7)))

    def miss(a: float) -> float:
        return float(beta.cdf(lower, a, matching(a)) - 0.05)

    a = brentq(miss, 1.0, 100.0) if miss(1.0) > 0 else 1.0
    return {"alpha": ("Beta", {"alpha": round(a, 2), "beta": round(matching(a), 2)})}


def weights(alpha: Array, max_lag: int) -> Array:
    """Normalised geometric weights of lags 0 .. max_lag-1.

    Parameters
    ----------
    alpha : array, shape (...)
        Retention rate, in [0, 1): the share of the effect that remains a week later.
    max_lag : int
        Number of weeks over which a week's advertising acts, its own included.

    Returns
    -------
    array, shape (..., max_lag)
        Weights that sum to one over the last axis; lag 0 first. At ``alpha = 0`` all weight is on
        lag 0 and the gradient is finite.

    Examples
    --------
    Half of the effect remains a week later, a quarter two weeks later:

    >>> weights(np.array(0.5), 3).round(3).tolist()
    [0.571, 0.286, 0.143]
    """
    lag = np.arange(max_lag)
    # alpha^0 has no finite derivative at alpha = 0: keep the base away from it at lag 0 only.
    base = alpha[..., None] * (lag > 0) + (lag == 0)
    powers = base**lag
    return powers / powers.sum(-1)[..., None]
