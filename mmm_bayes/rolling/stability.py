"""How much a quantity really varies over windows, apart from the noise of its estimates.

The estimates ``m_w`` of a quantity in windows ``w``, posterior means with standard deviation ``s``,
vary for two reasons: the quantity changes, and each fit errs. The sample variance of the estimates
counts both, and calls a stable channel volatile where the data are weak. Here the true values have
their own model,

    m_w     = theta_w + e_w          e      ~ N(0, s^2 R)       R: share of weeks in common
    theta_w = mu + change_w          change ~ N(0, tau^2 C)
    p(mu)   = 1                      tau    ~ 0.25 |mean| half-t_3

and the coefficient of variation is that of the ``theta_w``: draws of it, not a number.

* Windows share weeks, and so the errors of their fits: two means over n_v and n_w weeks with n_vw
  in common have errors correlated by ``n_vw / sqrt(n_v n_w)``. Taken to be independent, they would
  be expected to differ more than they can, and real change would pass for noise.
* ``s`` is the root mean square over the windows. A window's own would be taken for knowledge: small
  estimates have small standard deviations, and with correlated errors the level would then be put
  below all of them (Peelle's puzzle).
* ``C`` is that of a random walk of the weeks averaged over the windows, scaled to a mean sample
  variance of 1: what changes drifts, and what jumps from window to window is noise.

Every window's posterior leans on the same prior, which makes windows alike where the data are weak.
There ``s`` is large as well, so the interval says that the windows don't know. Before any data the
three classes are about equally probable. Related: DerSimonian, Laird (1986), *Meta-analysis in
clinical trials*; Gelman (2006), *Prior distributions for variance parameters in hierarchical
models*; Peelle's puzzle: Chiba, Smith (1991), ANL/NDM-121.
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
#: Share of the errors' variance that windows never have in common: Monte Carlo error, and what the
#: normal approximation leaves out.
OWN = 0.05


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
    mean: Array, sd: Array, windows: Windows, *, draws: int = DRAWS, seed: int = 0
) -> Array:
    """Draws of the true values of a quantity in every window.

    Parameters
    ----------
    mean, sd : array, shape (window,)
        Of the posterior of each window.
    windows : Windows
    draws, seed : int

    Returns
    -------
    array, shape (draw, window)
    """
    noise = (sd**2).mean() * ((1 - OWN) * windows.shared + OWN * np.eye(len(mean)))
    level, error = _level(mean, noise)
    typical = TYPICAL * np.hypot(level, error)
    # Quantiles of the prior stand for it: each is as probable as any other before the data.
    taus = typical * stats.t.ppf(0.5 + (np.arange(GRID) + 0.5) / (2 * GRID), TAIL)
    logs = np.empty(GRID)
    parts = []
    for at, tau in enumerate(taus):
        change = tau**2 * windows.changes
        whole = change + noise
        level, error = _level(mean, whole)
        precision = np.linalg.inv(whole)
        away = mean - level
        logs[at] = (
            -0.5 * away @ precision @ away - 0.5 * np.linalg.slogdet(whole)[1] + np.log(error)
        )
        gain = change @ precision
        # The level is not known either: what is not explained of it stays with the level.
        rest = 1 - gain.sum(1)
        covariance = change - gain @ change + error**2 * np.outer(rest, rest)
        parts.append((level + gain @ away, covariance))
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
    """The class that a coefficient of variation falls into.

    Parameters
    ----------
    cv : float
    """
    return next(name for name, end in CLASSES.items() if cv < end)


def _level(values: Array, covariance: Array) -> tuple[float, float]:
    """Generalised least-squares mean of values that have one level, and its standard error."""
    weight = np.linalg.solve(covariance, np.ones(len(values)))
    return float(weight @ values / weight.sum()), float(weight.sum() ** -0.5)


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
