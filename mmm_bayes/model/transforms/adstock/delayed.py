"""Delayed adstock: the effect peaks some steps after the advertising.

    w_l = alpha^((l - theta)^2) / sum_k alpha^((k - theta)^2),   l, k = 0 .. max_lag-1

Source: Jin, Wang, Sun, Chan, Koehler (2017), *Bayesian methods for media mix modeling with
carryover and shape effects*, eq. 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmm_bayes.model.transforms.namespace import array_namespace

Array = Any

#: An alpha below it counts as this one.
SMALLEST = 1e-300
#: Default priors of a weekly table, with the peak within two weeks (68%) or four (95%).
PRIORS = {
    "alpha": ("Beta", {"alpha": 2.0, "beta": 2.0}),
    "theta": ("HalfNormal", {"sigma": 2.0}),
}
#: Parameters in steps, whose priors stay the same in days.
IN_STEPS = ("theta",)


def weights(alpha: Array, theta: Array, max_lag: int) -> Array:
    """Normalised weights of lags 0 .. max_lag-1.

    Parameters
    ----------
    alpha : array, shape (...)
        Share of the peak's effect that remains a step before and after it, in [0, 1).
    theta : array, shape (...)
        Steps from the advertising to the peak, zero or more.
    max_lag : int
        Number of steps over which advertising acts, its own included.

    Returns
    -------
    array, shape (..., max_lag)
        Weights that sum to one over the last axis; lag 0 first.

    Examples
    --------
    A peak a step later:

    >>> weights(np.array(0.5), np.array(1.0), 3).round(3).tolist()
    [0.25, 0.5, 0.25]
    """
    xp = array_namespace(alpha, theta)
    distance = (np.arange(max_lag) - theta[..., None]) ** 2
    # Only differences matter: the nearest lag has a power of one, so that not all are lost as alpha
    # goes to 0, whose logarithm is kept finite.
    beyond = distance - distance.min(-1)[..., None]
    powers = xp.exp(beyond * xp.log(xp.maximum(alpha, SMALLEST))[..., None])
    return powers / powers.sum(-1)[..., None]
