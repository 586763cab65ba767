"""Weibull density adstock: an effect that rises and falls, or falls at once.

    w_l ∝ d(l + 1) - min_k d(k + 1),   d(t) ∝ t^(shape - 1) exp(-(t / scale)^shape)

Source: Robyn (Meta, 2021), its Weibull PDF adstock, in which the smallest weight is zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any

#: Default priors of a weekly table; a shape above 1 puts the peak after the start.
PRIORS = {
    "scale": ("LogNormal", {"mu": 0.7, "sigma": 0.7}),
    "shape": ("LogNormal", {"mu": 0.4, "sigma": 0.4}),
}
#: Parameters in steps, whose priors stay the same in days.
IN_STEPS = ("scale",)


def weights(scale: Array, shape: Array, max_lag: int) -> Array:
    """Normalised weights of lags 0 .. max_lag-1.

    Parameters
    ----------
    scale, shape : array, shape (...)
        Of the Weibull distribution of the steps to an effect, the advertising's own step being the
        first; above 0.
    max_lag : int
        Number of steps over which advertising acts, its own included, 2 or more.

    Returns
    -------
    array, shape (..., max_lag)
        Weights that sum to one over the last axis; lag 0 first.

    Examples
    --------
    >>> weights(np.array(2.0), np.array(2.0), 4).round(3).tolist()
    [0.438, 0.411, 0.151, 0.0]
    """
    step = np.arange(1, max_lag + 1)
    log_density = (shape[..., None] - 1) * np.log(step) - (step / scale[..., None]) ** shape[
        ..., None
    ]
    # Relative to the largest, so that not all vanish where the scale is short.
    density = np.e ** (log_density - log_density.max(-1)[..., None])
    above = density - density.min(-1)[..., None]
    return above / above.sum(-1)[..., None]
