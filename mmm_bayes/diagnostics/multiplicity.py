"""P-values of several tests at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values adjusted for their number, without an assumption on their dependence.

    The same as ``statsmodels.stats.multitest.multipletests(p_values, method="holm")``, which
    collects garbage at each call: up to a second where models are compiled.

    Parameters
    ----------
    p_values : array-like, shape (test,)

    Returns
    -------
    array, shape (test,)
        If those below a level are rejected, any false rejection has at most that probability.

    References
    ----------
    Holm 1979, *A simple sequentially rejective multiple test procedure*. Scandinavian Journal of
    Statistics 6, 65-70.
    """
    values = np.asarray(p_values, dtype=float)
    order = np.argsort(values)
    remaining = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * remaining), 1.0)
    return adjusted
