"""Binomial adstock: an effect that falls to nothing at the end of the carryover, in any curve.

    w_l ∝ (1 - l / (max_lag + 1))^(1 / alpha - 1),   l = 0 .. max_lag-1

Source: Google Meridian (2025), *Media saturation and lagging*, its binomial decay.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any

#: The whole carryover is `max_lag`, so the priors do not depend on the step: half of an effect is
#: left after a share of it between a hundredth and a half (90%).
PRIORS = {"alpha": ("Beta", {"alpha": 1.0, "beta": 4.0})}


def weights(alpha: Array, max_lag: int) -> Array:
    """Normalised weights of lags 0 .. max_lag-1.

    Parameters
    ----------
    alpha : array, shape (...)
        In (0, 1]: near 0 all weight is on lag 0, at 1/2 the weights fall along a line, at 1 they
        are all the same.
    max_lag : int
        Number of steps over which advertising acts, its own included.

    Returns
    -------
    array, shape (..., max_lag)
        Weights that sum to one over the last axis; lag 0 first.

    Examples
    --------
    >>> weights(np.array(0.5), 3).round(3).tolist()
    [0.444, 0.333, 0.222]
    """
    left = 1 - np.arange(max_lag) / (max_lag + 1)
    powers = left ** (1 / alpha[..., None] - 1)
    return powers / powers.sum(-1)[..., None]
