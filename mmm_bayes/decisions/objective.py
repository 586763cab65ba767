"""Objective of a plan: a weighted mean of the ordered draws of its gain.

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

Criterion = Literal["mean", "quantile", "cvar"]
CRITERIA: tuple[str, ...] = get_args(Criterion)


def weights(objective: Criterion, samples: int, level: float) -> Array:
    """Weights of the ordered draws, lowest first.

    Parameters
    ----------
    objective : {"mean", "quantile", "cvar"}
    samples : int
        Number of draws.
    level : float
        Probability of the quantile, or of the worst cases; not used by the mean.

    Returns
    -------
    array, shape (sample,)
        Non-negative, with sum 1.
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


def objective_value(gain: Array, ordered: Array) -> tuple[float, Array]:
    """Value of an objective, and the weight of each draw in it.

    Parameters
    ----------
    gain : array, shape (sample,)
        Gain of a plan, outcome units.
    ordered : array, shape (sample,)
        Weights of the ordered draws, as `weights` returns them.

    Returns
    -------
    value : float
        Outcome units.
    weight : array, shape (sample,)
    """
    by_draw = np.empty_like(ordered)
    by_draw[np.argsort(gain, kind="stable")] = ordered
    return float(by_draw @ gain), by_draw
