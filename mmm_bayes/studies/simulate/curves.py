"""Saturation curves of simulated markets: Hill, and a threshold curve that Hill cannot fit.

    threshold(x) = max(0, 1 - 2^-u),   u = (x / kappa - theta) / (1 - theta)

There is no response up to ``theta kappa``; above it the response rises by the negative exponential
of media planning, through one half at ``kappa``. From 0 to 3 kappa the closest Hill curve, with
free ceiling, half-saturation and slope, differs by at most 5 to 6% of the full effect for theta
from 0.4 to 0.6, with slopes of 3.4 to 5.4; with slopes up to 1.6 it differs by 11 to 18%. (Without
the threshold a Hill curve comes within 0.5%: the exponential alone would be no departure.)

Source: Vakratsas, Feinberg, Bass, Kalyanaram (2004), *The shape of advertising response
functions revisited: a model of dynamic probabilistic thresholds*, for thresholds; Hanssens,
Parsons, Schultz (2001), *Market Response Models*, for the exponential above a threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.model.transforms.saturation import hill

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A family of saturation curves.

    Attributes
    ----------
    respond : callable
        From exposure (..., channel), half-saturation point in the same unit, and shape parameter
        to the share of the full effect, 0 at exposure 0.
    shape_name : str
        Name of the shape parameter.
    shape_range : tuple of float
        Range from which the shape parameters of a market are drawn.
    """

    respond: Callable[[Array, Array, Array], Array]
    shape_name: str
    shape_range: tuple[float, float]


def threshold_curve(x: Array, kappa: Array, theta: Array) -> Array:
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


HILL = Curve(hill.curve, "slope", (0.8, 1.6))
THRESHOLD = Curve(threshold_curve, "threshold", (0.4, 0.6))
