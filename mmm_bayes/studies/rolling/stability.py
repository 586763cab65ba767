"""Variation of a quantity over windows, with the noise of its estimates taken out.

The estimates ``m_w`` of a quantity in windows ``w``, posterior means with standard deviation ``s``,
vary for two reasons: the quantity changes, and each fit has an error. The sample variance of the
estimates contains both, and makes a stable channel look volatile where the data are weak. Here the
true values have their own model,

    m_w     = theta_w + e_w          e      ~ N(0, s^2 R)       R: share of weeks in common
    theta_w = mu + change_w          change ~ N(0, tau^2 C)
    p(mu)   = 1                      tau    ~ 0.25 |mean| half-t_3

and the coefficient of variation is that of the ``theta_w``, as draws.

* Windows share weeks, and therefore errors: two means over n_v and n_w weeks with n_vw in common
  have errors correlated by ``n_vw / sqrt(n_v n_w)``. If the errors were treated as independent,
  the estimates would be expected to differ more than they can, and real change would pass for
  noise.
* ``s`` is the root mean square over the windows. Each window's own standard deviation would act as
  information: small estimates have small standard deviations, and with correlated errors the level
  would then be estimated below all of them (Peelle's puzzle).
* ``C`` is the covariance of a random walk of the weeks averaged over the windows, scaled to a mean
  sample variance of 1: real change drifts, and what jumps from window to window is noise.

Every window's posterior depends on the same prior, which makes windows alike where the data are
weak. There ``s`` is large as well, so the interval is wide. Before any data the three classes are
about equally probable. Related: DerSimonian, Laird (1986), *Meta-analysis in clinical trials*;
Gelman (2006), *Prior distributions for variance parameters in hierarchical models*; Peelle's
puzzle: Chiba, Smith (1991), ANL/NDM-121.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mmm_bayes.data.splits import Split

Array = NDArray[np.float64]

#: Scale and degrees of freedom of the coefficient of variation's half-t prior: before any data the
#: three classes are about equally probable.
PRIOR_SCALE, PRIOR_DF = 0.25, 3
#: Upper limit of the coefficient of variation in each class. A quantity that is a fifth larger in
#: one half of the windows than in the other has 0.1, one that is nearly twice as large has 0.3.
CLASSES = {"stable": 0.1, "moderate": 0.3, "volatile": np.inf}
DRAWS = 4000
GRID = 100
#: Share of the errors' variance that is independent between windows: Monte Carlo error, and the
#: error of the normal approximation.
INDEPENDENT_SHARE = 0.05


@dataclass(frozen=True)
class WindowCovariance:
    """Dependence between windows that share weeks.

    Attributes
    ----------
    error_correlation : array, shape (window, window)
        Correlation of the windows' errors.
    drift_covariance : array, shape (window, window)
        Covariance of the windows' true values, with a mean sample variance of 1.
    """

    error_correlation: Array
    drift_covariance: Array


def window_covariance(splits: Sequence[Split]) -> WindowCovariance:
    """Correlation of errors and covariance of true values over windows."""
    weeks = np.arange(max(split.train.stop for split in splits))
    inside = np.array(
        [(weeks >= split.train.start) & (weeks < split.train.stop) for split in splits], float
    )
    mean = inside / inside.sum(1, keepdims=True)
    norms = np.linalg.norm(mean, axis=1)
    error_correlation = mean @ mean.T / np.outer(norms, norms)
    walk = mean @ np.minimum.outer(weeks + 1.0, weeks + 1.0) @ mean.T
    walk -= walk.mean(0, keepdims=True)
    walk -= walk.mean(1, keepdims=True)
    # The trace of the centred covariance is the expected sum of squares over windows.
    return WindowCovariance(error_correlation, walk * (len(walk) - 1) / np.trace(walk))


def true_values(
    mean: Array, sd: Array, windows: WindowCovariance, *, draws: int = DRAWS, seed: int = 0
) -> Array:
    """Draws of the true values of a quantity in every window.

    Parameters
    ----------
    mean, sd : array, shape (window,)
        Mean and standard deviation of the posterior in each window.
    draws : int
        Number of draws.

    Returns
    -------
    array, shape (draw, window)
    """
    noise = (sd**2).mean() * (
        (1 - INDEPENDENT_SHARE) * windows.error_correlation + INDEPENDENT_SHARE * np.eye(len(mean))
    )
    level, error = _gls_mean(mean, noise)
    typical = PRIOR_SCALE * np.hypot(level, error)
    # The prior of tau is represented by its quantiles, which are equally probable before the data.
    taus = typical * stats.t.ppf(0.5 + (np.arange(GRID) + 0.5) / (2 * GRID), PRIOR_DF)
    log_weights = np.empty(GRID)
    components = []
    for index, tau in enumerate(taus):
        change = tau**2 * windows.drift_covariance
        total = change + noise
        level, error = _gls_mean(mean, total)
        precision = np.linalg.inv(total)
        residual = mean - level
        log_weights[index] = (
            -0.5 * residual @ precision @ residual
            - 0.5 * np.linalg.slogdet(total)[1]
            + np.log(error)
        )
        gain = change @ precision
        # The level is uncertain too; its uncertainty enters in proportion to 1 - gain.
        rest = 1 - gain.sum(1)
        covariance = change - gain @ change + error**2 * np.outer(rest, rest)
        components.append((level + gain @ residual, covariance))
    weights = np.exp(log_weights - log_weights.max())
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(draws, weights / weights.sum())
    return np.concatenate(
        [
            centre + rng.standard_normal((count, len(mean))) @ _matrix_square_root(covariance).T
            for count, (centre, covariance) in zip(counts, components, strict=True)
            if count
        ]
    )


def coefficient_of_variation(values: Array) -> Array:
    """Coefficient of variation of each draw: sample standard deviation over absolute mean.

    Parameters
    ----------
    values : array, shape (draw, window)
    """
    return np.asarray(values.std(1, ddof=1) / np.abs(values.mean(1)))


def stability_class(cv: float) -> str:
    """Class of a coefficient of variation `cv`: "stable", "moderate" or "volatile"."""
    return next(name for name, limit in CLASSES.items() if cv < limit)


def _gls_mean(values: Array, covariance: Array) -> tuple[float, float]:
    """Generalised least-squares estimate of a common mean, and its standard error."""
    weight = np.linalg.solve(covariance, np.ones(len(values)))
    return float(weight @ values / weight.sum()), float(weight.sum() ** -0.5)


def _matrix_square_root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
