"""Hill saturation: diminishing returns of exposure.

    curve(x) = x^s / (kappa^s + x^s)

Source: Jin, Wang, Sun, Chan, Koehler (2017), *Bayesian methods for media mix modeling with
carryover and shape effects*, eq. 3.
"""

from __future__ import annotations

from typing import Any

from mmm_bayes.model.transforms.namespace import array_namespace, logistic

Array = Any

PRIORS = {
    "kappa": ("LogNormal", {"mu": 0.0, "sigma": 0.7}),
    "slope": ("LogNormal", {"mu": 0.18, "sigma": 0.3}),
}


def curve(x: Array, kappa: Array, slope: Array) -> Array:
    """Share of a channel's maximal effect at an exposure.

    Parameters
    ----------
    x : array, shape (..., channel)
        Exposure, zero or more, in any unit.
    kappa : array, shape (channel,)
        Half-saturation point, in the unit of `x`, where half of the maximal effect is reached.
    slope : array, shape (channel,)
        Steepness; above 1 the curve is S-shaped, at or below 1 it is concave.

    Returns
    -------
    array, shape (..., channel)
        In [0, 1): exactly 0 at ``x = 0``, with finite gradients there too.

    Examples
    --------
    No exposure, half-saturation, and three times as much:

    >>> curve(np.array([0.0, 2.0, 6.0]), 2.0, 1.0).round(6).tolist()
    [0.0, 0.5, 0.75]
    """
    # log(0) has no derivative: replace x = 0 and mask the result. The logistic form of the curve
    # costs one log and one exponential per element, which the gradients reuse, and never overflows;
    # powers would be recomputed for each gradient.
    xp = array_namespace(x, kappa, slope)
    on = x > 0
    logit = slope * (xp.log(xp.where(on, x, 1.0)) - xp.log(kappa))
    return xp.where(on, logistic(logit), 0.0)
