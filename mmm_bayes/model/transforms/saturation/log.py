"""Logarithmic response: diminishing returns without a maximum.

    curve(x) = log(1 + x / kappa)

An effect "at full saturation" is that of an exposure of 1.7 kappa, where the curve is one.

Source: Hanssens, Parsons, Schultz (2001), *Market response models: econometric and time series
analysis*, on the semilogarithmic response.
"""

from __future__ import annotations

from typing import Any

from mmm_bayes.model.transforms.namespace import array_namespace

Array = Any

PRIORS = {"kappa": ("LogNormal", {"mu": 0.0, "sigma": 0.7})}


def curve(x: Array, kappa: Array) -> Array:
    """Response to an exposure.

    Parameters
    ----------
    x : array, shape (..., channel)
        Exposure, zero or more, in any unit.
    kappa : array, shape (channel,)
        Exposure at which a further unit brings half of what the first one brought, in the unit of
        `x`.

    Returns
    -------
    array, shape (..., channel)
        0 at ``x = 0``.

    Examples
    --------
    >>> curve(np.array([0.0, 2.0, 6.0]), 2.0).round(3).tolist()
    [0.0, 0.693, 1.386]
    """
    return array_namespace(x, kappa).log1p(x / kappa)
