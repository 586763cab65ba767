"""Hill saturation: diminishing returns of exposure.

    hill(x) = x^s / (kappa^s + x^s)

Source: Jin, Wang, Sun, Chan, Koehler (2017), *Bayesian methods for media mix modeling with
carryover and shape effects*, eq. 3.
"""

from __future__ import annotations

from typing import Any

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
    """
    # x^slope has no derivative in slope at x = 0: step aside there and mask the result.
    on = x > 0
    ratio = ((x + (1 - on)) / kappa) ** slope
    return on * ratio / (1 + ratio)
