"""Explanation of a classical model: coefficients, collinearity, importance, partial dependence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance

from mmm_bayes.baselines.effects import CounterfactualWeeks
from mmm_bayes.baselines.estimators import ShareRegression, TwoStageRegression
from mmm_bayes.baselines.rows import UNIT, Layout
from mmm_bayes.data.shape import variance_inflation
from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

#: Points on a curve of partial dependence, and rows whose individual curves are kept.
POINTS, ICE_CURVES = 15, 20
#: Rows for which Shapley values are computed.
SHAPLEY_ROWS = 300


def stages(model: Any, X: Array) -> Iterator[tuple[str, ShareRegression, Array]]:
    """Regressions of a model, each with its name and its rows.

    Parameters
    ----------
    model : ShareRegression or TwoStageRegression
        Fitted.
    X : array, shape (row, column)
        Rows of `build_rows`.
    """
    if isinstance(model, TwoStageRegression):
        yield "mediator", model.first_, model.first_.regression_rows(X)
        yield (
            "outcome",
            model.second_,
            model.second_.regression_rows(model.with_predicted_mediator(X)),
        )
    else:
        yield "outcome", model, model.regression_rows(X)


def regressor_columns(stage: ShareRegression, X: Array) -> pd.DataFrame:
    """Scaled columns of the regressor of a stage, by name.

    Parameters
    ----------
    stage : ShareRegression
        Fitted.
    X : array, shape (row, column)
        Rows of `build_rows`.
    """
    values = stage.regression_[:-1].transform(X)
    names = stage.regression_[0].get_feature_names_out()
    return pd.DataFrame(values, columns=[str(name) for name in names])


def coefficient_table(
    name: str, model: Any, refits: list[Any], X: Array, units: int
) -> pd.DataFrame:
    """Coefficients of a linear model with bootstrap intervals and variance inflation factors.

    Parameters
    ----------
    name : str
        Name of the model.
    model : ShareRegression or TwoStageRegression
        Fitted, with a linear regressor.
    refits : list
        The model fitted to bootstrap samples; a control that does not vary in a sample has no
        coefficient there.
    X : array, shape (row, column)
        Rows of the fit.
    units : int
        Number of units of the table.

    Returns
    -------
    pandas.DataFrame
        Columns model, stage, feature, value, lower, upper, vif. A coefficient is the change of the
        outcome, as a share of the unit's mean (of its logarithm under the log link), for one unit
        of the scaled column.
    """
    parts = []
    for index, (stage, fitted, rows) in enumerate(stages(model, X)):
        table = regressor_columns(fitted, rows)
        refitted = [named_coefficients(list(stages(refit, X))[index][1]) for refit in refits]
        sample = pd.DataFrame(refitted).reindex(columns=table.columns)
        part = pd.DataFrame(
            {
                "model": name,
                "stage": stage,
                "feature": table.columns,
                "value": named_coefficients(fitted).to_numpy(),
                "lower": sample.quantile(INTERVAL[0]).to_numpy(),
                "upper": sample.quantile(INTERVAL[1]).to_numpy(),
                "vif": variance_inflation(table.to_numpy().reshape(-1, units, table.shape[1])),
            }
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def named_coefficients(stage: ShareRegression) -> pd.Series:
    """Coefficients of a linear regression, by the names of its columns."""
    names = [str(name) for name in stage.regression_[0].get_feature_names_out()]
    return pd.Series(np.ravel(stage.regression_[-1].coef_), index=names)


def feature_importance(
    name: str, trained: Any, held_out: Array, y: Array, model: Any, X: Array, *, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Permutation importance in held-out weeks, and Shapley values in the weeks of the fit.

    Parameters
    ----------
    name : str
        Name of the model.
    trained : ShareRegression or TwoStageRegression
        Fitted without the held-out weeks.
    held_out : array, shape (row, column)
        Rows of the held-out weeks.
    y : array, shape (row,)
        Their outcome.
    model : ShareRegression or TwoStageRegression
        Fitted to all weeks.
    X : array, shape (row, column)
        Rows of all weeks.

    Returns
    -------
    importances : pandas.DataFrame
        Columns model, feature, permutation (decrease of R² when the column is shuffled), sd,
        shapley (mean absolute value, as a share of the unit's mean).
    values : pandas.DataFrame
        Columns model, feature, row, value (of the scaled column), shapley.
    """
    *_, (_, stage, rows) = stages(trained, held_out)
    permuted = permutation_importance(
        stage.regression_[-1],
        regressor_columns(stage, rows).to_numpy(),
        stage.to_shares(held_out, y),
        scoring="r2",
        n_repeats=10,
        random_state=seed,
    )
    importances = pd.DataFrame(
        {"permutation": permuted.importances_mean, "sd": permuted.importances_std},
        index=[str(name) for name in stage.regression_[0].get_feature_names_out()],
    )
    *_, (_, stage, rows) = stages(model, X)
    table = regressor_columns(stage, rows)
    explained = np.unique(np.linspace(0, len(X) - 1, min(SHAPLEY_ROWS, len(X))).astype(int))
    values = shapley_values(stage.regression_[-1], table.to_numpy(), explained)
    importances = importances.reindex(table.columns)
    importances["shapley"] = np.abs(values).mean(0)
    by_row = pd.DataFrame(
        {
            "model": name,
            "feature": np.repeat(table.columns.to_numpy(), len(explained)),
            "row": np.tile(explained, table.shape[1]),
            "value": table.to_numpy()[explained].T.ravel(),
            "shapley": values.T.ravel(),
        }
    )
    importances.insert(0, "model", name)
    return importances.rename_axis("feature").reset_index(), by_row


def shapley_values(regressor: Any, table: Array, rows: NDArray[np.intp]) -> Array:
    """Shapley values of some rows, shape (row, column), from shap's exact explainers.

    Parameters
    ----------
    regressor : scikit-learn regressor
        Fitted; linear, or an ensemble of trees.
    table : array, shape (row, column)
        Columns of its fit.
    rows : array of int, shape (row,)
        Positions of the rows that are explained.
    """
    with warnings.catch_warnings():  # from shap's imports, and its notes to callers
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
    name: str, model: Any, weeks: CounterfactualWeeks, layout: Layout, rows: Any
) -> pd.DataFrame:
    """Predicted outcome at a constant exposure of a channel, in the week itself and all before.

    Everything else stays as observed. The mean over rows is the partial dependence, and the curve
    of each row its individual conditional expectation. Sources: Friedman (2001), *Greedy function
    approximation*; Goldstein, Kapelner, Bleich, Pitkin (2015), *Peeking inside the black box*.

    Parameters
    ----------
    name : str
        Name of the model, in the table.
    model : ShareRegression or TwoStageRegression
        Fitted.
    rows : callable
        `cached_rows` of the weeks.

    Returns
    -------
    pandas.DataFrame
        Columns model, channel, exposure (of a week, mean over units), row ("mean", or the position
        of a row), outcome.
    """
    fact = rows({})
    shown = np.unique(np.linspace(0, len(fact) - 1, min(ICE_CURVES, len(fact))).astype(int))
    parts = []
    for channel in layout.channels:
        lags = layout.lags([channel])
        typical = _typical(fact[:, lags[0]], fact[:, UNIT])
        most = float((fact[:, lags[0]] / typical).max())
        for multiple in np.linspace(0, most, POINTS):
            constant = fact.copy()
            constant[:, lags] = (multiple * typical)[:, None]
            outcome = _predicted_outcome(model, constant, channel == layout.mediator)
            exposure = multiple * float(typical.mean())
            parts.append((name, channel, exposure, "mean", float(outcome.mean())))
            parts += [(name, channel, exposure, str(row), float(outcome[row])) for row in shown]
    return pd.DataFrame(parts, columns=["model", "channel", "exposure", "row", "outcome"])


def _predicted_outcome(model: Any, X: Array, fixed_mediator: bool) -> Array:
    """Predicted outcome; with a fixed mediator, that of a two-stage model's second stage."""
    second_only = fixed_mediator and isinstance(model, TwoStageRegression)
    return np.asarray((model.second_ if second_only else model).predict(X))


def _typical(exposure: Array, unit: Array) -> Array:
    """Mean exposure when on in the unit of each row, shape (row,)."""
    overall = exposure[exposure > 0].mean() if (exposure > 0).any() else 1.0
    means = pd.Series(np.where(exposure > 0, exposure, np.nan)).groupby(unit).transform("mean")
    return np.asarray(means.fillna(overall).to_numpy())
