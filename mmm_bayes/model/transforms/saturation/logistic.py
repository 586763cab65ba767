"""Logistic saturation: the upper half of a logistic curve, which is a hyperbolic tangent.

    curve(x) = (1 - e^(-b x)) / (1 + e^(-b x)) = tanh(b x / 2),   b = log(3) / kappa

Source: Hanssens, Parsons, Schultz (2001), *Market response models: econometric and time series
analysis*, on logistic response. PyMC-Marketing has it as its logistic and its tanh saturation,
with b and 2 / b as the parameters.
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
    No exposure, half-saturation, and three times as much:

    >>> curve(np.array([0.0, 2.0, 6.0]), 2.0).round(3).tolist()
    [0.0, 0.5, 0.929]
    """
    return array_namespace(x, kappa).tanh(math.log(3) / 2 * x / kappa)
