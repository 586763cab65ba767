"""Weibull survival adstock: a share is retained from step to step that changes with age.

    w_l ∝ prod_{j=1..l} exp(-(j / scale)^shape),   l = 0 .. max_lag-1

Source: Robyn (Meta, 2021), its Weibull CDF adstock; the retention of a step is the survival
function of a Weibull distribution.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any

#: Default priors of a weekly table; a step at the age of the scale retains 37%.
PRIORS = {
    "scale": ("LogNormal", {"mu": 0.7, "sigma": 0.7}),
    "shape": ("LogNormal", {"mu": 0.0, "sigma": 0.4}),
}
#: Parameters in steps, whose priors stay the same in days.
IN_STEPS = ("scale",)


def weights(scale: Array, shape: Array, max_lag: int) -> Array:
    """Normalised weights of lags 0 .. max_lag-1.

    Parameters
    ----------
    scale : array, shape (...)
        Steps, above 0.
    shape : array, shape (...)
        Above 0; the larger, the more sudden is the end.
    max_lag : int
        Number of steps over which advertising acts, its own included.

    Returns
    -------
    array, shape (..., max_lag)
        Weights that sum to one over the last axis; lag 0 first.

    Examples
    --------
    >>> weights(np.array(1.0), np.array(1.0), 3).round(3).tolist()
    [0.705, 0.259, 0.035]
    """
    lag = np.arange(max_lag)
    age = np.maximum(lag, 1) / scale[..., None]
    lost = (age ** shape[..., None]) * (lag > 0)
    so_far = (lost[..., None, :] * (lag <= lag[:, None])).sum(-1)
    powers = np.e**-so_far
    return powers / powers.sum(-1)[..., None]
