"""What a classical model rests on: coefficients, collinearity, importance, partial dependence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance

from mmm_bayes.baselines.effects import Question
from mmm_bayes.baselines.estimators import InShares, TwoStage
from mmm_bayes.baselines.rows import UNIT, Layout
from mmm_bayes.dataset.shape import variance_inflation
from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

#: Places on a curve, and weeks whose own curves are kept.
POINTS, SINGLE = 15, 20
#: Rows that Shapley values are taken of.
ROWS = 300


def stages(model: Any, X: Array) -> Iterator[tuple[str, InShares, Array]]:
    """The regressions of a model, each with its name and the rows as it sees them.

    Parameters
    ----------
    model : fitted
    X : array, shape (row, column)
        As `rows_of` gives it.
    """
    if isinstance(model, TwoStage):
        yield "mediator", model.first_, model.first_.seen(X)
        yield "outcome", model.second_, model.second_.seen(model.followed(X))
    else:
        yield "outcome", model, model.seen(X)


def columns(stage: InShares, X: Array) -> pd.DataFrame:
    """What the regressor of a stage is given: its columns, by name, scaled.

    Parameters
    ----------
    stage : InShares
        Fitted.
    X : array, shape (row, column)
        As `rows_of` gives it.
    """
    found = stage.regression_[:-1].transform(X)
    names = stage.regression_[0].get_feature_names_out()
    return pd.DataFrame(found, columns=[str(name) for name in names])


def coefficients(name: str, model: Any, again: list[Any], X: Array, units: int) -> pd.DataFrame:
    """Coefficients of a linear model with bootstrap intervals, and its columns' inflation.

    Parameters
    ----------
    name : str
    model : fitted
    again : list of fitted
        To resampled weeks; a control without variation in some of them has no coefficient there.
    X : array
        The rows that it was fitted to.
    units : int

    Returns
    -------
    pandas.DataFrame
        Columns model, stage, feature, value, lower, upper, vif. A coefficient is the change of the
        outcome, in shares of the unit's mean (of its logarithm under the log link), for one step of
        the scaled column; the inflation is the variance inflation factor of that column.
    """
    parts = []
    for at, (stage, fitted, rows) in enumerate(stages(model, X)):
        table = columns(fitted, rows)
        refitted = [own(list(stages(one, X))[at][1]) for one in again]
        sample = pd.DataFrame(refitted).reindex(columns=table.columns)
        found = pd.DataFrame(
            {
                "model": name,
                "stage": stage,
                "feature": table.columns,
                "value": own(fitted).to_numpy(),
                "lower": sample.quantile(INTERVAL[0]).to_numpy(),
                "upper": sample.quantile(INTERVAL[1]).to_numpy(),
                "vif": variance_inflation(table.to_numpy().reshape(-1, units, table.shape[1])),
            }
        )
        parts.append(found)
    return pd.concat(parts, ignore_index=True)


def own(stage: InShares) -> pd.Series:
    """A linear regression's coefficients, by the names of its columns."""
    names = [str(name) for name in stage.regression_[0].get_feature_names_out()]
    return pd.Series(np.ravel(stage.regression_[-1].coef_), index=names)


def importance(
    name: str, trained: Any, unseen: Array, y: Array, model: Any, X: Array, *, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Permutation importance in unseen weeks, and Shapley values in those fitted.

    Parameters
    ----------
    name : str
    trained : fitted
        Without the weeks of `unseen`.
    unseen, y : array
        Rows, and their outcome.
    model : fitted
        To all weeks.
    X : array
        Its rows.
    seed : int

    Returns
    -------
    importances : pandas.DataFrame
        Columns model, feature, permutation (what R² loses when the column is shuffled), sd,
        shapley (mean absolute value, in shares of the unit's mean).
    values : pandas.DataFrame
        Columns model, feature, row, value (of the scaled column), shapley.
    """
    *_, (_, stage, rows) = stages(trained, unseen)
    found = permutation_importance(
        stage.regression_[-1],
        columns(stage, rows).to_numpy(),
        stage.shares(unseen, y),
        scoring="r2",
        n_repeats=10,
        random_state=seed,
    )
    lost = pd.DataFrame(
        {"permutation": found.importances_mean, "sd": found.importances_std},
        index=[str(one) for one in stage.regression_[0].get_feature_names_out()],
    )
    *_, (_, stage, rows) = stages(model, X)
    table = columns(stage, rows)
    kept = np.unique(np.linspace(0, len(X) - 1, min(ROWS, len(X))).astype(int))
    values = shapley(stage.regression_[-1], table.to_numpy(), kept)
    lost = lost.reindex(table.columns)
    lost["shapley"] = np.abs(values).mean(0)
    single = pd.DataFrame(
        {
            "model": name,
            "feature": np.repeat(table.columns.to_numpy(), len(kept)),
            "row": np.tile(kept, table.shape[1]),
            "value": table.to_numpy()[kept].T.ravel(),
            "shapley": values.T.ravel(),
        }
    )
    lost.insert(0, "model", name)
    return lost.rename_axis("feature").reset_index(), single


def shapley(regressor: Any, table: Array, rows: NDArray[np.intp]) -> Array:
    """Shapley values of some rows, shape (row, column), of shap's exact explainers.

    Parameters
    ----------
    regressor : fitted regressor
    table : array, shape (row, column)
        What it was fitted to.
    rows : array of int
        Those that are explained.
    """
    with warnings.catch_warnings():  # of shap's own imports and of its notes to its callers
        warnings.simplefilter("ignore")
        import shap

        if hasattr(regressor, "coef_"):
            linear = (np.ravel(regressor.coef_), float(np.ravel(regressor.intercept_)[0]))
            masker = shap.maskers.Independent(table, max_samples=len(table))
            explainer = shap.LinearExplainer(linear, masker)
        else:
            explainer = shap.TreeExplainer(regressor)
        return np.asarray(explainer.shap_values(table[rows]), dtype=float)


def partial_dependence(
    name: str, model: Any, question: Question, layout: Layout, rows: Any
) -> pd.DataFrame:
    """The outcome of a week in which a channel had one exposure, then and in all weeks before.

    Everything else is left as it was, week by week: the mean over weeks is the partial dependence,
    and each week's own curve its individual conditional expectation. Carryover makes this a
    question about a steady exposure; sources: Friedman (2001), *Greedy function approximation*;
    Goldstein, Kapelner, Bleich, Pitkin (2015), *Peeking inside the black box*.

    Parameters
    ----------
    name : str
        Of the model, in the table.
    model : fitted
    question : Question
    layout : Layout
    rows : callable
        As `remembered` gives it.

    Returns
    -------
    pandas.DataFrame
        Columns model, channel, exposure (a week's, of the mean unit), row ("mean", or the row of a
        week and unit), outcome.
    """
    fact = rows({})
    shown = np.unique(np.linspace(0, len(fact) - 1, min(SINGLE, len(fact))).astype(int))
    parts = []
    for channel in layout.channels:
        lags = layout.lags([channel])
        typical = _typical(fact[:, lags[0]], fact[:, UNIT])
        most = float((fact[:, lags[0]] / typical).max())
        for multiple in np.linspace(0, most, POINTS):
            changed = fact.copy()
            changed[:, lags] = (multiple * typical)[:, None]
            found = _expected(model, changed, channel == layout.mediator)
            exposure = multiple * float(typical.mean())
            parts.append((name, channel, exposure, "mean", float(found.mean())))
            parts += [(name, channel, exposure, str(at), float(found[at])) for at in shown]
    return pd.DataFrame(parts, columns=["model", "channel", "exposure", "row", "outcome"])


def _expected(model: Any, X: Array, mediator: bool) -> Array:
    """The prediction; of a two-stage model whose mediator is set, that of its second stage."""
    set_by_hand = mediator and isinstance(model, TwoStage)
    return np.asarray((model.second_ if set_by_hand else model).predict(X))


def _typical(exposure: Array, unit: Array) -> Array:
    """Each row's unit's mean exposure when on."""
    usual = exposure[exposure > 0].mean() if (exposure > 0).any() else 1.0
    means = pd.Series(np.where(exposure > 0, exposure, np.nan)).groupby(unit).transform("mean")
    return np.asarray(means.fillna(usual).to_numpy())
