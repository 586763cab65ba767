"""Linear response: no saturation, every unit of exposure brings the same.

    curve(x) = x

It has no maximum, so an effect "at full saturation" is that of an average active week's exposure.
"""

from __future__ import annotations

from typing import Any

Array = Any

PRIORS: dict[str, tuple[str, dict[str, float]]] = {}


def curve(x: Array) -> Array:
    """Response to an exposure: the exposure itself.

    Parameters
    ----------
    x : array, shape (..., channel)
        Exposure, zero or more, in any unit.

    Returns
    -------
    array, shape (..., channel)
    """
    return x
