"""Classical estimators: regressions in shares of the unit's mean, in one or two stages."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import KFold
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from mmm_bayes.baselines.rows import MEDIATOR_FACTOR, PREVIOUS_OUTCOME, UNIT, WEEK, Layout

Array = NDArray[np.float64]

#: Blocks of weeks of the cross-fitting: each is predicted from the others.
CROSS_FIT_FOLDS = 4


class OLS(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Least squares of statsmodels, with the interface of scikit-learn."""

    def fit(self, X: Array, y: Array) -> Self:
        """Fit with an intercept."""
        self.n_features_in_ = X.shape[1]
        with warnings.catch_warnings():
            # A control that did not vary in these weeks has the minimum-norm coefficient, 0.
            warnings.simplefilter("ignore", SingularMatrixWarning)
            self.results_ = sm.OLS(y, sm.add_constant(X, has_constant="add")).fit()
        return self

    @property
    def coef_(self) -> Array:
        """Coefficients without the intercept, shape (column,)."""
        return np.asarray(self.results_.params[1:])

    @property
    def intercept_(self) -> float:
        """The intercept."""
        return float(self.results_.params[0])

    def predict(self, X: Array) -> Array:
        """Expected value, shape (row,)."""
        return np.asarray(self.intercept_ + X @ self.coef_)

    def draws(self, X: Array, number: int, seed: int) -> Array:
        """Draws of new observations (sample, row), each row from its own t distribution."""
        prediction = self.results_.get_prediction(sm.add_constant(X, has_constant="add"))
        noise = np.random.default_rng(seed).standard_t(
            max(self.results_.df_resid, 1), (number, len(X))
        )
        return np.asarray(prediction.predicted_mean + prediction.se_obs * noise)


class ShareRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Regression of the outcome as a share of its unit's mean, or of the logarithm of that share.

    Parameters
    ----------
    regression : scikit-learn pipeline
        From rows to the share.
    link : {"identity", "log"}
    lagged : bool
        Whether the share of the week before is one of its columns; the regression must then be
        linear. Consecutive weeks are predicted recursively, each from the prediction of the week
        before, because future and counterfactual outcomes are unknown.
    """

    def __init__(self, regression: Any, link: str = "identity", lagged: bool = False) -> None:
        self.regression = regression
        self.link = link
        self.lagged = lagged

    def fit(self, X: Array, y: Array) -> Self:
        """Fit the units' means, and the regression."""
        unit = X[:, UNIT].astype(int)
        overall = _typical_value(y, self.link)
        self.means_ = np.full(unit.max() + 1, overall)
        for u in set(unit):
            self.means_[u] = _typical_value(y[unit == u], self.link)
        self.means_[self.means_ == 0] = overall or 1.0
        self.regression_ = clone(self.regression).fit(self.regression_rows(X), self.to_shares(X, y))
        return self

    def regression_rows(self, X: Array) -> Array:
        """Rows for the regression, with the outcome of the week before as a share."""
        if not self.lagged:
            return X
        changed = X.copy()
        changed[:, PREVIOUS_OUTCOME] = self.to_shares(X, X[:, PREVIOUS_OUTCOME])
        return changed

    def to_shares(self, X: Array, y: Array) -> Array:
        """Outcome as a share of the unit's mean; under the log link, the logarithm of the share."""
        share = y / self._unit_means(X)
        return np.log(share) if self.link == "log" else share

    def predict(self, X: Array) -> Array:
        """Predicted outcome, in its own units; under the log link its median."""
        if self.lagged:
            return self._from_shares(X, self._recursive_shares(X))
        return self._from_shares(X, self.regression_.predict(X))

    def _recursive_shares(self, X: Array) -> Array:
        """Shares predicted recursively, each week from the week before."""
        rows = self.regression_rows(X)
        at_zero, at_one = rows.copy(), rows.copy()
        at_zero[:, PREVIOUS_OUTCOME], at_one[:, PREVIOUS_OUTCOME] = 0.0, 1.0
        share = self.regression_.predict(at_zero)
        persistence = self.regression_.predict(at_one) - share
        weeks, unit = X[:, [WEEK, UNIT]].astype(int).T
        predicted = np.full((weeks.max() + 1, unit.max() + 1), np.nan)
        for week in np.unique(weeks):
            index = np.flatnonzero(weeks == week)
            previous = predicted[week - 1, unit[index]] if week else np.full(len(index), np.nan)
            previous = np.where(np.isnan(previous), rows[index, PREVIOUS_OUTCOME], previous)
            share[index] += persistence[index] * previous
            predicted[week, unit[index]] = share[index]
        return np.asarray(share)

    def draws(self, X: Array, number: int, seed: int) -> Array | None:
        """Predictive draws (sample, row); None if the regressor has no predictive distribution."""
        regressor = self.regression_[-1]
        if not hasattr(regressor, "draws"):
            return None
        columns = self.regression_[:-1].transform(self.regression_rows(X))
        return self._from_shares(X, regressor.draws(columns, number, seed))

    def _from_shares(self, X: Array, share: Array) -> Array:
        # With a persistence above 1 the recursion explodes; the scores are then infinitely bad.
        with np.errstate(over="ignore"):
            return self._unit_means(X) * (np.exp(share) if self.link == "log" else share)

    def _unit_means(self, X: Array) -> Array:
        return np.asarray(self.means_[X[:, UNIT].astype(int)])


class TwoStageRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Two regressions: of the mediator on its causes, and of the outcome on the predicted mediator.

    The causes have no direct effect. The second stage is fitted to cross-fitted predictions of the
    first, because predictions of weeks that the first was fitted to are better than those of any
    new week.

    Parameters
    ----------
    first, second : ShareRegression
        Regression of the mediator, and of the outcome, whose channels are all but the causes.
    layout : Layout
        Layout of a table with a mediator.
    """

    def __init__(self, first: Any, second: Any, layout: Layout) -> None:
        self.first = first
        self.second = second
        self.layout = layout

    def fit(self, X: Array, y: Array) -> Self:
        """Fit both stages; the rows must be in the order of their weeks."""
        mediator = self.observed_mediator(X)
        weeks = np.unique(X[:, WEEK])
        predicted = np.empty_like(mediator)
        for inside, outside in KFold(min(CROSS_FIT_FOLDS, len(weeks))).split(weeks):
            train, test = (np.isin(X[:, WEEK], weeks[part]) for part in (inside, outside))
            first = clone(self.first).fit(X[train], mediator[train])
            predicted[test] = self._predict_mediator(first, X[test])
        self.cross_fitted_ = _by_week_and_unit(X, predicted)
        self.first_ = clone(self.first).fit(X, mediator)
        self.second_ = clone(self.second).fit(self._with_mediator_lags(X, predicted), y)
        return self

    def predict(self, X: Array) -> Array:
        """Predicted outcome, given the mediator that the first stage predicts."""
        return np.asarray(self.second_.predict(self.with_predicted_mediator(X)))

    def draws(self, X: Array, number: int, seed: int) -> Array | None:
        """Predictive draws (sample, row), which treat the predicted mediator as known."""
        draws: Array | None = self.second_.draws(self.with_predicted_mediator(X), number, seed)
        return draws

    def observed_mediator(self, X: Array) -> Array:
        """Observed mediator of these rows, shape (row,)."""
        return np.asarray(X[:, self.layout.lags([str(self.layout.mediator)])[0]])

    def predicted_mediator(self, X: Array) -> Array:
        """Mediator that the first stage predicts, shape (row,)."""
        return self._predict_mediator(self.first_, X)

    def with_predicted_mediator(self, X: Array) -> Array:
        """Rows with the mediator replaced by the prediction of the first stage."""
        return self._with_mediator_lags(X, self.predicted_mediator(X))

    @staticmethod
    def _predict_mediator(fitted: Any, X: Array) -> Array:
        return np.asarray(np.maximum(fitted.predict(X), 0.0) * X[:, MEDIATOR_FACTOR])

    def _with_mediator_lags(self, X: Array, predicted: Array) -> Array:
        # Each lag is the prediction for its week: of these rows, else of the fit, else observed.
        week, unit = X[:, [WEEK, UNIT]].astype(int).T
        path = _by_week_and_unit(X, predicted)
        replaced = X.copy()
        for lag, column in enumerate(self.layout.lags([str(self.layout.mediator)])):
            for known in (self.cross_fitted_, path):
                lagged = week - lag
                inside = (lagged >= 0) & (lagged < known.shape[0]) & (unit < known.shape[1])
                value = np.full(len(X), np.nan)
                value[inside] = known[lagged[inside], unit[inside]]
                replaced[:, column] = np.where(np.isnan(value), replaced[:, column], value)
        return replaced


def _by_week_and_unit(X: Array, values: Array) -> Array:
    """Values of some rows as an array (week, unit), NaN elsewhere."""
    week, unit = X[:, [WEEK, UNIT]].astype(int).T
    path = np.full((week.max() + 1, unit.max() + 1), np.nan)
    path[week, unit] = values
    return path


def _typical_value(y: Array, link: str) -> float:
    """Arithmetic mean, or geometric mean under the log link."""
    return float(np.exp(np.log(y).mean()) if link == "log" else y.mean())
