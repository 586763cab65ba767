"""The same weeks for every model: blocked folds, rolling windows, and the last fifth."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.model_selection import TimeSeriesSplit

from mmm_bayes.baselines.estimators import TwoStage
from mmm_bayes.diagnostics.scores import scores
from mmm_bayes.errors import InputError
from mmm_bayes.evaluation import SAMPLE
from mmm_bayes.fitting import FEWEST, HOLDOUT
from mmm_bayes.splits import Split, blocked

Array = NDArray[np.float64]

BLOCKED, ROLLING, LAST = "blocked", "rolling", "holdout"
FOLDS = 5
#: Draws of a predictive distribution.
DRAWS = 1000
POINT = ("r2", "rmse", "mape")
DISTRIBUTION = ("crps", "coverage_90")


def splits(weeks: int) -> dict[str, Split]:
    """Every split by name: ``blocked_1`` to ``blocked_5``, ``rolling_1`` and on, ``holdout``.

    Blocked folds are scikit-learn's `TimeSeriesSplit` with test blocks of a tenth of the table, so
    that the first fold learns from half of it.

    Parameters
    ----------
    weeks : int
        Of the table.

    Raises
    ------
    InputError
        If the first fold would have too few weeks.
    """
    test = weeks // 10
    if weeks - FOLDS * test < FEWEST:
        raise InputError(
            f"{weeks} weeks are too few to compare models by their forecasts: the first of {FOLDS} "
            f"blocked folds would learn from {weeks - FOLDS * test}, and {FEWEST} are needed"
        )
    found = {}
    for at, (before, after) in enumerate(
        TimeSeriesSplit(FOLDS, test_size=test).split(range(weeks))
    ):
        found[f"{BLOCKED}_{at + 1}"] = Split(
            slice(0, int(before[-1]) + 1), slice(int(after[0]), int(after[-1]) + 1)
        )
    step = max(test, weeks // 8)
    windows = [
        one
        for one in blocked(weeks, window=max(FEWEST, weeks // 2), step=step, horizon=test)
        if one.test.stop - one.test.start == test
    ]
    found |= {f"{ROLLING}_{at + 1}": one for at, one in enumerate(windows)}
    first = weeks - round(HOLDOUT * weeks)
    found[LAST] = Split(slice(0, first), slice(first, weeks))
    return found


def score(model: Any, X: Array, y: Array, units: int, *, seed: int) -> dict[str, float | None]:
    """Score the predictions of some rows, by the definitions that the Bayesian fits are scored by.

    Parameters
    ----------
    model : InShares or TwoStage
        Fitted.
    X, y : array, shape (row, column) and (row,)
        Rows of consecutive weeks, all units of each.
    units : int
    seed : int

    Returns
    -------
    dict
        r2, rmse and mape; crps and coverage_90 where the model has a distribution; mediator_r2
        where it predicts a mediator.
    """
    found = points(model, X, y, units)
    draws = model.draws(X, DRAWS, seed)
    if draws is not None:
        spread = scored(y, draws, units)
        found |= {name: spread[name] for name in DISTRIBUTION}
    return found


def points(model: Any, X: Array, y: Array, units: int) -> dict[str, float | None]:
    """The scores of a model's point predictions alone; arguments as for `score`.

    Parameters
    ----------
    model : fitted
    X : array, shape (row, column)
        As `rows_of` gives it.
    y : array, shape (row,)
    units : int
        Of the table.
    """
    found = scored(y, np.stack([model.predict(X)] * 2), units)
    found = {name: found[name] for name in POINT}
    if isinstance(model, TwoStage):
        mediator = model.mediator(X)
        found["mediator_r2"] = scored(model.observed(X), np.stack([mediator] * 2), units)["r2"]
    return found


def scored(y: Array, draws: Array, units: int) -> dict[str, float | None]:
    """`mmm_bayes.diagnostics.scores` of arrays: values (row,) and draws (sample, row).

    Parameters
    ----------
    y : array, shape (row,)
    draws : array, shape (sample, row)
    units : int
        Of the table.
    """
    observed = xr.DataArray(y.reshape(-1, units), dims=("time", "unit"))
    return scores(
        observed,
        xr.DataArray(draws.reshape(1, len(draws), -1, units), dims=(*SAMPLE, "time", "unit")),
    )
