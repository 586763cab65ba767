"""How much a quantity really varies over windows, apart from the noise of its estimates.

The estimates ``m_w`` of a quantity in windows ``w`` (posterior means, standard deviations ``s_w``)
vary for two reasons: the quantity changes, and each fit errs. The sample variance of the estimates
counts both, and calls a stable channel volatile where the data are weak. Here the true values have
their own model,

    m_w     = theta_w + e_w          e     ~ N(0, s s' R)       R: share of weeks in common
    theta_w = mu + change_w          change ~ N(0, tau^2 C)
    mu      ~ N(m_0, s_0^2)          tau   ~ 0.25 |mean| half-t_3

and the coefficient of variation is that of the ``theta_w``: draws of it, not a number.

* Windows share weeks, and so the errors of their fits: two means over n_v and n_w weeks with n_vw
  in common have errors correlated by ``n_vw / sqrt(n_v n_w)``. Taken to be independent, they would
  be expected to differ more than they can, and real change would pass for noise.
* ``C`` is that of a random walk of the weeks averaged over the windows, scaled to a mean sample
  variance of 1: what changes drifts, and what jumps from window to window is noise.
* Every window's posterior leans on the same prior, which makes windows look alike. The prior is
  divided out of each (1 / s_w^2 = 1 / s_post^2 - 1 / s_0^2, as normals) and put back once, on `mu`.

By the prior on tau the three classes are about equally probable before any data. Related:
DerSimonian, Laird (1986), *Meta-analysis in clinical trials*; Gelman (2006), *Prior distributions
for variance parameters in hierarchical models*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mmm_bayes.splits import Split

Array = NDArray[np.float64]

#: Scale and degrees of freedom of the coefficient of variation's half-t prior: before any data the
#: three classes are about equally probable.
TYPICAL, TAIL = 0.25, 3
#: Coefficients of variation at which a class ends. A quantity that is a fifth larger in one half of
#: the windows than in the other has 0.1, one that is nearly twice as large has 0.3.
CLASSES = {"stable": 0.1, "moderate": 0.3, "volatile": np.inf}
DRAWS = 4000
GRID = 100
#: Of the prior's precision, the least that a window's own data are taken to have.
LEAST = 1e-3


@dataclass(frozen=True)
class Windows:
    """What is known of the windows' weeks.

    Attributes
    ----------
    shared : array, shape (window, window)
        Correlation of the windows' errors.
    changes : array, shape (window, window)
        Covariance of the windows' true values, with a mean sample variance of 1.
    """

    shared: Array
    changes: Array


def windows_of(splits: Sequence[Split]) -> Windows:
    """Correlation of errors and covariance of true values over windows.

    Parameters
    ----------
    splits : sequence of Split
    """
    weeks = np.arange(max(split.train.stop for split in splits))
    inside = np.array(
        [(weeks >= split.train.start) & (weeks < split.train.stop) for split in splits], float
    )
    mean = inside / inside.sum(1, keepdims=True)
    norms = np.linalg.norm(mean, axis=1)
    shared = mean @ mean.T / np.outer(norms, norms)
    walk = mean @ np.minimum.outer(weeks + 1.0, weeks + 1.0) @ mean.T
    walk -= walk.mean(0, keepdims=True)
    walk -= walk.mean(1, keepdims=True)
    # Centred, its trace is the sum of squares over windows that is expected.
    return Windows(shared, walk * (len(walk) - 1) / np.trace(walk))


def true_values(
    mean: Array,
    sd: Array,
    prior_mean: Array,
    prior_sd: Array,
    windows: Windows,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Array:
    """Draws of the true values of a quantity in every window.

    Parameters
    ----------
    mean, sd : array, shape (window,)
        Of the posterior of each window.
    prior_mean, prior_sd : array, shape (window,)
        The same of the prior.
    windows : Windows
    draws, seed : int

    Returns
    -------
    array, shape (draw, window)
    """
    centre, error = _without_prior(mean, sd, prior_mean, prior_sd)
    noise = windows.shared * np.outer(error, error)
    about, spread = prior_mean.mean(), np.sqrt((prior_sd**2).mean())

    level, level_sd = _pooled(centre, noise, about, spread)
    typical = TYPICAL * np.hypot(level, level_sd)
    # Quantiles of the prior stand for it: each is as probable as any other before the data.
    taus = typical * stats.t.ppf(0.5 + (np.arange(GRID) + 0.5) / (2 * GRID), TAIL)
    logs = np.empty(GRID)
    parts = []
    for at, tau in enumerate(taus):
        true = tau**2 * windows.changes + spread**2
        root = np.linalg.cholesky(_steady(true + noise))
        away = np.linalg.solve(root, centre - about)
        logs[at] = -0.5 * away @ away - np.log(np.diag(root)).sum()
        gain = np.linalg.solve(root, true)
        parts.append((about + gain.T @ away, true - gain.T @ gain))
    weights = np.exp(logs - logs.max())
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(draws, weights / weights.sum())
    return np.concatenate(
        [
            middle + rng.standard_normal((count, len(mean))) @ _root(covariance).T
            for count, (middle, covariance) in zip(counts, parts, strict=True)
            if count
        ]
    )


def variation(values: Array) -> Array:
    """Coefficient of variation of each draw: sample standard deviation over absolute mean.

    Parameters
    ----------
    values : array, shape (draw, window)
    """
    return np.asarray(values.std(1, ddof=1) / np.abs(values.mean(1)))


def class_of(cv: float) -> str:
    """The class that a coefficient of variation falls into."""
    return next(name for name, end in CLASSES.items() if cv < end)


def _without_prior(
    mean: Array, sd: Array, prior_mean: Array, prior_sd: Array
) -> tuple[Array, Array]:
    """Mean and standard error of what the window's own data say, as normals."""
    least = LEAST * prior_sd**-2.0
    own = sd**-2.0 - prior_sd**-2.0
    alone = (mean * sd**-2.0 - prior_mean * prior_sd**-2.0) / np.maximum(own, least)
    # Where the data said nothing, whatever stands in the middle has hardly any weight.
    return np.where(own > least, alone, mean), np.maximum(own, least) ** -0.5


def _pooled(centre: Array, noise: Array, about: float, spread: float) -> tuple[float, float]:
    """Mean and standard deviation of one value common to all windows."""
    weight = np.linalg.solve(_steady(noise), np.ones(len(centre)))
    precision = weight.sum() + spread**-2
    return float((weight @ centre + about * spread**-2) / precision), float(precision**-0.5)


def _steady(covariance: Array) -> Array:
    """Windows that share nearly all weeks leave a matrix that is nearly singular."""
    return covariance + 1e-9 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
