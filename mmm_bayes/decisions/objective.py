"""What a plan is judged by: a weighted mean of its gain's ordered draws.

    objective = sum_i w_i gain_(i)           gain_(1) <= gain_(2) <= ...

Equal weights give the mean; all weight on the lowest draws gives the conditional value at risk, the
mean of the worst cases (Rockafellar, Uryasev 2000); weights around one rank give that quantile by
the estimator of Harrell and Davis (1982), which is smooth where a single order statistic is not.
Each has the gradient ``sum_i w_i slope_(i)`` wherever no two draws tie.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Array = NDArray[Any]

Objective = Literal["mean", "quantile", "cvar"]
OBJECTIVES: tuple[str, ...] = get_args(Objective)


def weights(objective: Objective, samples: int, level: float) -> Array:
    """Weights of the ordered draws, lowest first.

    Parameters
    ----------
    objective : {"mean", "quantile", "cvar"}
    samples : int
    level : float
        Probability of the quantile, or of the worst cases; the mean has none.

    Returns
    -------
    array, shape (sample,)
        Zero or more, of sum 1.
    """
    edges = np.arange(samples + 1) / samples
    match objective:
        case "mean":
            return np.full(samples, 1 / samples)
        case "cvar":
            return np.diff(np.minimum(edges / level, 1.0))
        case "quantile":
            ends = beta.cdf(edges, (samples + 1) * level, (samples + 1) * (1 - level))
            return np.asarray(np.diff(ends))


def judged(gain: Array, ordered: Array) -> tuple[float, Array]:
    """An objective, and the weight that each draw has in it.

    Parameters
    ----------
    gain : array, shape (sample,)
    ordered : array, shape (sample,)
        As `weights` gives them.

    Returns
    -------
    tuple of float and array, shape (sample,)
    """
    of_draw = np.empty_like(ordered)
    of_draw[np.argsort(gain, kind="stable")] = ordered
    return float(of_draw @ gain), of_draw
