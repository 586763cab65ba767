"""Exponential saturation: every further unit reaches the same share of what is left.

    curve(x) = 1 - 2^(-x / kappa)

Source: Hanssens, Parsons, Schultz (2001), *Market response models: econometric and time series
analysis*, on the modified exponential.
"""

from __future__ import annotations

import math
from typing import Any

from mmm_bayes.model.transforms.namespace import array_namespace

Array = Any

PRIORS = {"kappa": ("LogNormal", {"mu": 0.0, "sigma": 0.7})}


def curve(x: Array, kappa: Array) -> Array:
    """Share of a channel's maximal effect at an exposure.

    Parameters
    ----------
    x : array, shape (..., channel)
        Exposure, zero or more, in any unit.
    kappa : array, shape (channel,)
        Half-saturation point, in the unit of `x`.

    Returns
    -------
    array, shape (..., channel)
        In [0, 1), and concave.

    Examples
    --------
    Half-saturation, and twice as much:

    >>> curve(np.array([2.0, 4.0]), 2.0).tolist()
    [0.5, 0.75]
    """
    return -array_namespace(x, kappa).expm1(-math.log(2) * x / kappa)
