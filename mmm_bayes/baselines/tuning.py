"""Joint tuning of features and regressor by Optuna, on blocked folds of the training weeks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.model_selection import TimeSeriesSplit

from mmm_bayes.baselines.members import (
    REGRESSORS,
    Params,
    default_params,
    feature_space,
    make_model,
)
from mmm_bayes.baselines.rows import UNIT, WEEK, Layout

Array = NDArray[np.float64]

#: Blocks at the end of the training weeks on which hyperparameters are compared.
FOLDS = 3


def tune(
    regressor: str, layout: Layout, X: Array, y: Array, *, link: str, trials: int, seed: int
) -> Params:
    """Hyperparameters with the smallest forecast error within the training weeks.

    Parameters
    ----------
    regressor : str
        Key of `REGRESSORS`; its one-stage model is tuned, and a two-stage model takes the same.
    X, y : array, shape (row, column) and (row,)
        Rows and outcome of the training weeks.
    link : {"identity", "log"}
    trials : int
        Number of sets of hyperparameters; the first is the default.
    seed : int
        The same seed gives the same hyperparameters.
    """

    def loss(trial: Any) -> float:
        params = feature_space(layout, trial) | REGRESSORS[regressor].space(trial)
        model = make_model(regressor, layout, params, link=link, seed=seed)
        return float(np.mean([_relative_rmse(model, X, y, *fold) for fold in blocked_folds(X)]))

    with _quiet_optuna():
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        study.enqueue_trial(default_params(layout, regressor))
        study.optimize(loss, n_trials=trials)
        best = study.best_trial
        return feature_space(layout, best) | REGRESSORS[regressor].space(best)


def blocked_folds(X: Array) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Masks of the weeks before a block, and of the block; all units of a week stay together.

    Parameters
    ----------
    X : array, shape (row, column)
        Rows of `build_rows`.
    """
    weeks = np.unique(X[:, WEEK])
    split = TimeSeriesSplit(FOLDS, test_size=max(1, len(weeks) // (2 * FOLDS)))
    for before, after in split.split(weeks):
        yield np.isin(X[:, WEEK], weeks[before]), np.isin(X[:, WEEK], weeks[after])


def _relative_rmse(
    model: Any, X: Array, y: Array, before: NDArray[Any], after: NDArray[Any]
) -> float:
    """Root mean squared error, relative to each unit's mean in the weeks before."""
    fitted = model.fit(X[before], y[before])
    unit = X[:, UNIT]
    scale = {u: np.abs(y[before & (unit == u)]).mean() or 1.0 for u in np.unique(unit)}
    error = (fitted.predict(X[after]) - y[after]) / np.array([scale[u] for u in unit[after]])
    with np.errstate(over="ignore"):  # an infinite error is never the smallest
        return float(np.sqrt((error**2).mean()))


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
