"""Validation splits and scores, common to all models: blocked folds, rolling windows, a holdout."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.model_selection import TimeSeriesSplit

from mmm_bayes.baselines.estimators import TwoStageRegression
from mmm_bayes.data.splits import Split, blocked_splits
from mmm_bayes.data.step import Wording
from mmm_bayes.diagnostics.scores import predictive_scores
from mmm_bayes.errors import InputError
from mmm_bayes.inference.fit import HOLDOUT_SHARE, MINIMUM_TRAINING_WEEKS
from mmm_bayes.model.evaluation import SAMPLE_DIMS

Array = NDArray[np.float64]

WEEKLY = Wording()
BLOCKED, ROLLING, HOLDOUT = "blocked", "rolling", "holdout"
FOLDS = 5
#: Draws of a predictive distribution.
PREDICTIVE_DRAWS = 1000
POINT_SCORES = ("r2", "rmse", "mape")
DISTRIBUTION_SCORES = ("crps", "coverage_90")


def validation_splits(weeks: int, words: Wording = WEEKLY) -> dict[str, Split]:
    """Splits by name: ``blocked_1`` to ``blocked_5``, ``rolling_1`` and on, ``holdout``.

    Blocked folds are those of scikit-learn's `TimeSeriesSplit` with test blocks of a tenth of the
    table, so that the first fold trains on half of it. The holdout is the last fifth.

    Parameters
    ----------
    weeks : int
        Weeks of the table.
    words : Wording, optional
        Words of the table, for an error.

    Raises
    ------
    InputError
        If the first fold would have too few weeks.
    """
    test = weeks // 10
    if weeks - FOLDS * test < MINIMUM_TRAINING_WEEKS:
        raise InputError(
            words(
                f"{weeks} weeks are too few to compare models by their forecasts: the first of "
                f"{FOLDS} blocked folds would train on {weeks - FOLDS * test} weeks, and it needs "
                f"{MINIMUM_TRAINING_WEEKS}"
            )
        )
    splits = {}
    for number, (before, after) in enumerate(
        TimeSeriesSplit(FOLDS, test_size=test).split(range(weeks)), start=1
    ):
        splits[f"{BLOCKED}_{number}"] = Split(
            slice(0, int(before[-1]) + 1), slice(int(after[0]), int(after[-1]) + 1)
        )
    step = max(test, weeks // 8)
    windows = [
        split
        for split in blocked_splits(
            weeks, window=max(MINIMUM_TRAINING_WEEKS, weeks // 2), step=step, horizon=test
        )
        if split.test.stop - split.test.start == test
    ]
    splits |= {f"{ROLLING}_{number}": split for number, split in enumerate(windows, start=1)}
    first = weeks - round(HOLDOUT_SHARE * weeks)
    splits[HOLDOUT] = Split(slice(0, first), slice(first, weeks))
    return splits


def prediction_scores(
    model: Any, X: Array, y: Array, units: int, *, seed: int
) -> dict[str, float | None]:
    """Scores of the predictions of some rows, with the definitions of the Bayesian models.

    Parameters
    ----------
    model : ShareRegression or TwoStageRegression
        Fitted.
    X, y : array, shape (row, column) and (row,)
        Rows of consecutive weeks, all units of each.
    units : int
        Number of units of the table.

    Returns
    -------
    dict
        r2, rmse and mape; crps and coverage_90 if the model has a predictive distribution;
        mediator_r2 if it predicts a mediator.
    """
    scores = point_scores(model, X, y, units)
    draws = model.draws(X, PREDICTIVE_DRAWS, seed)
    if draws is not None:
        of_draws = array_scores(y, draws, units)
        scores |= {name: of_draws[name] for name in DISTRIBUTION_SCORES}
    return scores


def point_scores(model: Any, X: Array, y: Array, units: int) -> dict[str, float | None]:
    """Scores of the point predictions of some rows.

    Parameters
    ----------
    model : ShareRegression or TwoStageRegression
        Fitted.
    X, y : array, shape (row, column) and (row,)
        Rows of consecutive weeks, all units of each.
    units : int
        Number of units of the table.

    Returns
    -------
    dict
        r2, rmse and mape; mediator_r2 if the model predicts a mediator.
    """
    all_scores = array_scores(y, np.stack([model.predict(X)] * 2), units)
    scores = {name: all_scores[name] for name in POINT_SCORES}
    if isinstance(model, TwoStageRegression):
        observed, predicted = model.observed_mediator(X), model.predicted_mediator(X)
        scores["mediator_r2"] = array_scores(observed, np.stack([predicted] * 2), units)["r2"]
    return scores


def array_scores(y: Array, draws: Array, units: int) -> dict[str, float | None]:
    """Scores of `mmm_bayes.diagnostics.predictive_scores`, from plain arrays.

    Parameters
    ----------
    y : array, shape (row,)
    draws : array, shape (sample, row)
    units : int
        Number of units of the table.
    """
    observed = xr.DataArray(y.reshape(-1, units), dims=("time", "unit"))
    return predictive_scores(
        observed,
        xr.DataArray(draws.reshape(1, len(draws), -1, units), dims=(*SAMPLE_DIMS, "time", "unit")),
    )
