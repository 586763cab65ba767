"""Carryover of advertising: exposure as a weighted mean over lags, one form of weights per file.

    adstock(x)_t = sum_l w_l x_{t-l},   l = 0 .. max_lag-1,   sum_l w_l = 1

Lag 0 is the week itself. The weights sum to one, so a constant exposure is unchanged by carryover,
whatever its form.
"""

from __future__ import annotations

from typing import Any

Array = Any


def carry_over(lags: Array, weights: Array) -> Array:
    """Exposure after carryover.

    Parameters
    ----------
    lags : array, shape (..., channel, max_lag)
        Exposure by lag, as `lag_matrix` returns it.
    weights : array, shape (channel, max_lag)
        Weights of the lags, lag 0 first.

    Returns
    -------
    array, shape (..., channel)
        Weighted mean exposure of the last ``max_lag`` weeks, in the exposure's units.

    Examples
    --------
    A week's spend of 7 with nothing before it, and the week after:

    >>> from mmm_bayes.data.lags import lag_matrix
    >>> carry_over(lag_matrix(np.array([0, 0, 7, 0]), 3), np.array([4, 2, 1]) / 7).round(3).tolist()
    [4.0, 2.0]
    """
    return (lags * weights).sum(-1)
