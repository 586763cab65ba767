"""Michaelis-Menten saturation: a hyperbola, the Hill curve with a slope of one.

    curve(x) = x / (kappa + x)

Source: Michaelis, Menten (1913), *Die Kinetik der Invertinwirkung*. Meridian's Hill curve has this
form by default, with its slope fixed at one.
"""

from __future__ import annotations

from typing import Any

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
    Half-saturation, and three times as much:

    >>> curve(np.array([2.0, 6.0]), 2.0).tolist()
    [0.5, 0.75]
    """
    return x / (kappa + x)
