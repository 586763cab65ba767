"""Optuna over blocked folds of the training weeks: features and regressor tuned together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.model_selection import TimeSeriesSplit

from mmm_bayes.baselines.members import KINDS, Choice, make, media_space, usual
from mmm_bayes.baselines.rows import UNIT, WEEK, Layout

Array = NDArray[np.float64]

#: Blocks of the training weeks, the last ones, that a choice is judged by.
FOLDS = 3


def tuned(
    kind: str, layout: Layout, X: Array, y: Array, *, link: str, trials: int, seed: int
) -> Choice:
    """The best of some choices, by the error in later weeks of those that are learned from.

    Parameters
    ----------
    kind : str
        Of regressor. A model with two stages takes what its kind takes with one.
    layout : Layout
    X, y : array, shape (row, column) and (row,)
        The training weeks, and nothing else.
    link : {"identity", "log"}
    trials : int
        Choices tried; the first is the usual one.
    seed : int
        The same seed gives the same choice.

    Returns
    -------
    dict
    """

    def loss(trial: Any) -> float:
        choice = media_space(layout, trial) | KINDS[kind].space(trial)
        model = make(kind, layout, choice, link=link, seed=seed)
        return float(np.mean([_error(model, X, y, *fold) for fold in folds(X)]))

    with _quiet():
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        study.enqueue_trial(usual(layout, kind))
        study.optimize(loss, n_trials=trials)
        best = study.best_trial
        return media_space(layout, best) | KINDS[kind].space(best)


def folds(X: Array) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Blocks of weeks, each with the weeks before it; all units of a week stay together.

    Parameters
    ----------
    X : array, shape (row, column)
        As `rows_of` gives it.
    """
    weeks = np.unique(X[:, WEEK])
    split = TimeSeriesSplit(FOLDS, test_size=max(1, len(weeks) // (2 * FOLDS)))
    for before, after in split.split(weeks):
        yield np.isin(X[:, WEEK], weeks[before]), np.isin(X[:, WEEK], weeks[after])


def _error(model: Any, X: Array, y: Array, before: NDArray[Any], after: NDArray[Any]) -> float:
    """Root mean squared error in shares of each unit's mean in the weeks before."""
    fitted = model.fit(X[before], y[before])
    unit = X[:, UNIT]
    scale = {u: np.abs(y[before & (unit == u)]).mean() or 1.0 for u in np.unique(unit)}
    error = (fitted.predict(X[after]) - y[after]) / np.array([scale[u] for u in unit[after]])
    with np.errstate(over="ignore"):  # infinitely wrong, and never the best
        return float(np.sqrt((error**2).mean()))


@contextmanager
def _quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
