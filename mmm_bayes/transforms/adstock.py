"""Geometric adstock: what a week's advertising still does in the weeks after it.

    adstock(x)_t = sum_l w_l x_{t-l},   w_l = alpha^l / sum_k alpha^k,   l, k = 0 .. max_lag-1

Lag 0 is the week itself. The weights sum to one, so a channel with a constant exposure has
that same exposure after carryover, whatever its retention.

Source: Jin, Wang, Sun, Chan, Koehler (2017), *Bayesian methods for media mix modeling with
carryover and shape effects*, eq. 1-2 with the delay at zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# NumPy array or PyTensor variable: the operators used here mean the same on both.
Array = Any


def geometric_weights(alpha: Array, max_lag: int) -> Array:
    """Normalised geometric weights of lags 0 .. max_lag-1.

    Parameters
    ----------
    alpha : array, shape (...)
        Retention rate, in [0, 1): the part of a week's effect that is left a week later.
    max_lag : int
        Number of weeks that feel a week's advertising, its own included.

    Returns
    -------
    array, shape (..., max_lag)
        Weights that sum to one over the last axis; lag 0 first. At ``alpha = 0`` all weight
        is on lag 0 and the gradient is finite.

    Examples
    --------
    Half of a week's effect is left a week later, a quarter two weeks later:

    >>> geometric_weights(np.array(0.5), 3).round(3).tolist()
    [0.571, 0.286, 0.143]
    """
    lag = np.arange(max_lag)
    # alpha^0 has no finite derivative at alpha = 0: keep the base away from it at lag 0 only.
    base = alpha[..., None] * (lag > 0) + (lag == 0)
    weights = base**lag
    return weights / weights.sum(-1)[..., None]


def lagged(path: np.ndarray, max_lag: int, *, axis: int = 0) -> np.ndarray:
    """Every week's own exposure and those of the weeks before it.

    Parameters
    ----------
    path : array, shape (..., max_lag - 1 + time, ...)
        Exposure with ``max_lag - 1`` weeks of history before the first week wanted.
    max_lag : int
        Number of lags, lag 0 included.
    axis : int
        The axis of `path` that is time.

    Returns
    -------
    array, shape (..., time, ..., max_lag)
        Element ``[t, ..., l]`` is the exposure `l` weeks before week `t`; a view of `path`.

    Examples
    --------
    Two weeks of history, then three weeks:

    >>> lagged(np.array([1, 2, 3, 4, 5]), 3).tolist()
    [[3, 2, 1], [4, 3, 2], [5, 4, 3]]
    """
    return np.lib.stride_tricks.sliding_window_view(path, max_lag, axis=axis)[..., ::-1]


def carry_over(lags: Array, weights: Array) -> Array:
    """Exposure with the carryover of the weeks before.

    Parameters
    ----------
    lags : array, shape (..., channel, max_lag)
        Exposures by lag, as `lagged` gives them.
    weights : array, shape (channel, max_lag)
        Weights of the lags, as `geometric_weights` gives them.

    Returns
    -------
    array, shape (..., channel)
        Weighted mean of the last ``max_lag`` weeks' exposure, in the exposure's units.

    Examples
    --------
    A week's spend of 7 with nothing before it, and the week after:

    >>> weights = geometric_weights(np.array(0.5), 3)
    >>> carry_over(lagged(np.array([0, 0, 7, 0]), 3), weights).round(3).tolist()
    [4.0, 2.0]
    """
    return (lags * weights).sum(-1)
