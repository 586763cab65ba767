"""Hill saturation: diminishing returns of exposure.

    hill(x) = x^s / (kappa^s + x^s)

Source: Jin, Wang, Sun, Chan, Koehler (2017), *Bayesian methods for media mix modeling with
carryover and shape effects*, eq. 3.
"""

from __future__ import annotations

from typing import Any

from mmm_bayes.transforms.namespace import logistic, namespace

Array = Any


def hill(x: Array, kappa: Array, slope: Array) -> Array:
    """Share of a channel's full effect that an exposure reaches.

    Parameters
    ----------
    x : array, shape (..., channel)
        Exposure, zero or more, in any unit.
    kappa : array, shape (channel,)
        Half-saturation point, in the unit of `x`: half of the full effect is reached there.
    slope : array, shape (channel,)
        Steepness; above 1 the curve is S-shaped, at or below 1 it is concave.

    Returns
    -------
    array, shape (..., channel)
        In [0, 1): exactly 0 at ``x = 0``, with finite gradients there too.

    Examples
    --------
    Nothing, half-saturation, and three times as much:

    >>> hill(np.array([0.0, 2.0, 6.0]), 2.0, 1.0).round(6).tolist()
    [0.0, 0.5, 0.75]
    """
    # log(0) has no derivative: step aside at x = 0 and mask the result. The logistic form of
    # the curve costs one log and one exponential an element, reused by the gradients, and
    # overflows nowhere; powers would be computed anew for each gradient.
    xp = namespace(x, kappa, slope)
    on = x > 0
    logit = slope * (xp.log(xp.where(on, x, 1.0)) - xp.log(kappa))
    return xp.where(on, logistic(logit), 0.0)
