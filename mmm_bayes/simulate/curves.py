"""How the response to advertising bends: Hill, and a curve that Hill cannot follow.

    threshold(x) = max(0, 1 - 2^-u),   u = (x / kappa - theta) / (1 - theta)

Nothing happens up to ``theta kappa``; above it the response rises by the negative exponential
of media planning, through one half at ``kappa``. From 0 to 3 kappa the Hill curve closest to it,
its ceiling, half-saturation and slope all free, is 5 to 6% of the full effect away somewhere for
theta from 0.4 to 0.6, and takes slopes of 3.4 to 5.4 for it; with slopes up to 1.6 it is 11 to
18% away. (Without the threshold a Hill curve comes within 0.5%: the exponential alone would
be no departure.)

Source: Vakratsas, Feinberg, Bass, Kalyanaram (2004), *The shape of advertising response
functions revisited: a model of dynamic probabilistic thresholds*, for thresholds; Hanssens,
Parsons, Schultz (2001), *Market Response Models*, for the exponential above one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.transforms import hill

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A family of saturation curves.

    Attributes
    ----------
    respond : callable
        From exposure (..., channel), half-saturation point in the same unit, and the second
        parameter to the share of the full effect, 0 at exposure 0.
    second : str
        Name of the second parameter.
    span : tuple of float
        Range that a market's second parameters are drawn from.
    """

    respond: Callable[[Array, Array, Array], Array]
    second: str
    span: tuple[float, float]


def threshold(x: Array, kappa: Array, theta: Array) -> Array:
    """Share of a channel's full effect that an exposure reaches.

    Parameters
    ----------
    x : array, shape (..., channel)
        Exposure, zero or more, in any unit.
    kappa : array, shape (channel,)
        Half-saturation point, in the unit of `x`.
    theta : array, shape (channel,)
        Threshold as a share of `kappa`, in [0, 1).

    Returns
    -------
    array, shape (..., channel)
        In [0, 1): exactly 0 up to the threshold, 1/2 at `kappa`.
    """
    halvings = (x / kappa - theta) / (1 - theta)
    return np.maximum(0.0, 1 - 2**-halvings)


HILL = Curve(hill, "slope", (0.8, 1.6))
THRESHOLD = Curve(threshold, "threshold", (0.4, 0.6))
