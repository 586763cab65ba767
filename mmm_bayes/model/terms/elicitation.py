"""Distribution of a prior that is described by two quantiles."""

from __future__ import annotations

import numpy as np
from scipy.optimize import root
from scipy.special import betaincinv, ndtri

from mmm_bayes.model.transforms.registry import Spec

#: Standard normal quantile of 95%.
Z = float(ndtri(0.95))


def from_quantiles(q05: float, q95: float, support: tuple[float, float]) -> Spec:
    """Distribution on a range that has given 5% and 95% quantiles.

    It is a beta distribution between 0 and 1, log-normal above 0, and normal elsewhere.

    Parameters
    ----------
    q05, q95 : float
        The first is the smaller one.
    support : tuple of float
        Lowest and highest possible value.

    Raises
    ------
    ValueError
        If a quantile is not inside the range, or no such distribution is found.
    """
    low, high = support
    if not low < q05 < q95 < high:
        raise ValueError(f"q05 = {q05:g} and q95 = {q95:g} are not between {low:g} and {high:g}")
    if high == 1.0:
        alpha, beta = _beta_parameters(q05, q95)
        return "Beta", {"alpha": alpha, "beta": beta}
    if low == 0.0:
        lower, upper = np.log([q05, q95])
        return "LogNormal", {"mu": (lower + upper) / 2, "sigma": (upper - lower) / (2 * Z)}
    return "Normal", {"mu": (q05 + q95) / 2, "sigma": (q95 - q05) / (2 * Z)}


def _beta_parameters(q05: float, q95: float) -> tuple[float, float]:
    """Parameters of the beta distribution with two quantiles."""
    # Starts at the parameters of a beta distribution with about the same mean and spread.
    mean, sd = (q05 + q95) / 2, (q95 - q05) / (2 * Z)
    size = max(mean * (1 - mean) / sd**2 - 1, 0.5)
    start = np.log([mean * size, (1 - mean) * size])

    def miss(logs: np.ndarray) -> np.ndarray:
        alpha, beta = np.exp(logs)
        found = betaincinv(alpha, beta, [0.05, 0.95])
        return np.asarray(np.log(found / (1 - found)) - np.log([q05 / (1 - q05), q95 / (1 - q95)]))

    with np.errstate(all="ignore"):
        solution = root(miss, start)
    if not solution.success:
        raise ValueError(f"no beta distribution has q05 = {q05:g} and q95 = {q95:g}")
    alpha, beta = np.exp(solution.x)
    return float(alpha), float(beta)
