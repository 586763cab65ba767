"""Root response: a percentage more exposure always brings the same percentage more.

    curve(x) = x^exponent

It has no maximum, so an effect "at full saturation" is that of an average active week's exposure.

Source: Hanssens, Parsons, Schultz (2001), *Market response models: econometric and time series
analysis*, on constant elasticities.
"""

from __future__ import annotations

from typing import Any

from mmm_bayes.model.transforms.namespace import array_namespace

Array = Any

PRIORS = {"exponent": ("Beta", {"alpha": 2.0, "beta": 2.0})}


def curve(x: Array, exponent: Array) -> Array:
    """Response to an exposure, relative to that of an exposure of one.

    Parameters
    ----------
    x : array, shape (..., channel)
        Exposure, zero or more, in multiples of the mean of active weeks.
    exponent : array, shape (channel,)
        Elasticity, in (0, 1).

    Returns
    -------
    array, shape (..., channel)
        Exactly 0 at ``x = 0``, with a finite gradient there.

    Examples
    --------
    Four times the exposure, at an elasticity of one half:

    >>> curve(np.array([0.0, 1.0, 4.0]), 0.5).tolist()
    [0.0, 1.0, 2.0]
    """
    xp = array_namespace(x, exponent)
    on = x > 0
    return xp.where(on, xp.exp(exponent * xp.log(xp.where(on, x, 1.0))), 0.0)
