"""Lag matrix of a history of exposure, and whether there was one before the table."""

from __future__ import annotations

import numpy as np


def lag_matrix(path: np.ndarray, max_lag: int, *, axis: int = 0) -> np.ndarray:
    """Exposure of each week and of the weeks before it, along a last axis of lags.

    Parameters
    ----------
    path : array, shape (..., max_lag - 1 + time, ...)
        Exposure, with ``max_lag - 1`` weeks of history before the first week of the result.
    max_lag : int
        Number of lags, lag 0 included.
    axis : int
        Time axis of `path`.

    Returns
    -------
    array, shape (..., time, ..., max_lag)
        Element ``[t, ..., l]`` is the exposure `l` weeks before week `t`; a view of `path`.

    Examples
    --------
    Two weeks of history, then three weeks:

    >>> lag_matrix(np.array([1, 2, 3, 4, 5]), 3).tolist()
    [[3, 2, 1], [4, 3, 2], [5, 4, 3]]
    """
    return np.lib.stride_tricks.sliding_window_view(path, max_lag, axis=axis)[..., ::-1]


def starts_inside(exposure: np.ndarray, max_lag: int) -> np.ndarray:
    """True where a channel starts inside a table, so that it did not run before the table.

    It is off in the first weeks, for longer than in any later pause or for all of `max_lag`. One
    that pauses as long later may have run before.

    Parameters
    ----------
    exposure : array, shape (time, ...)
        In any unit, from the table's first week on.
    max_lag : int
        Number of lags, lag 0 included.

    Returns
    -------
    array, shape (...)
        Of bool.

    Examples
    --------
    >>> starts_inside(np.array([[0, 0], [0, 2], [3, 0], [0, 0], [4, 1]]), 13).tolist()
    [True, False]
    """
    first, pause, longest = (np.zeros(exposure.shape[1:], dtype=int) for _ in range(3))
    started = np.zeros(exposure.shape[1:], dtype=bool)
    for on in exposure > 0:
        longest = np.where(on & started, np.maximum(longest, pause), longest)
        pause = np.where(on, 0, pause + 1)
        started = started | on
        first = first + ~started
    return np.asarray((first > longest) | (first >= max_lag))
