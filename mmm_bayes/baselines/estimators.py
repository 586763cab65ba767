"""The three shapes of a model: in shares of the unit's mean, with one stage or with two."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import KFold
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from mmm_bayes.baselines.rows import FACTOR, PREVIOUS, UNIT, WEEK, Layout

Array = NDArray[np.float64]

#: Blocks of weeks of which each is predicted from the others, for the second stage to learn from.
OUT_OF_FOLD = 4


class OLS(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """statsmodels' least squares, as scikit-learn would call it."""

    def fit(self, X: Array, y: Array) -> Self:
        """Fit with an intercept."""
        self.n_features_in_ = X.shape[1]
        with warnings.catch_warnings():
            # A control that did not vary in these weeks is left at the least-norm solution, 0.
            warnings.simplefilter("ignore", SingularMatrixWarning)
            self.results_ = sm.OLS(y, sm.add_constant(X, has_constant="add")).fit()
        return self

    @property
    def coef_(self) -> Array:
        """The coefficients without the intercept."""
        return np.asarray(self.results_.params[1:])

    @property
    def intercept_(self) -> float:
        """The intercept."""
        return float(self.results_.params[0])

    def predict(self, X: Array) -> Array:
        """The expected value."""
        return np.asarray(self.intercept_ + X @ self.coef_)

    def draws(self, X: Array, number: int, seed: int) -> Array:
        """Draws of new observations (sample, row), from their t distribution row by row."""
        found = self.results_.get_prediction(sm.add_constant(X, has_constant="add"))
        noise = np.random.default_rng(seed).standard_t(
            max(self.results_.df_resid, 1), (number, len(X))
        )
        return np.asarray(found.predicted_mean + found.se_obs * noise)


class InShares(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regression of the outcome in shares of its unit's mean, or of the logarithm of that share.

    Parameters
    ----------
    regression : scikit-learn pipeline
        From rows to the share.
    link : {"identity", "log"}
    lagged : bool
        Whether the share of the week before is one of its columns. The regression is then linear.
        In weeks that are predicted together each follows from the prediction of the week before,
        because the outcome of a week to come, or of a week that never was, is not known.
    """

    def __init__(self, regression: Any, link: str = "identity", lagged: bool = False) -> None:
        self.regression = regression
        self.link = link
        self.lagged = lagged

    def fit(self, X: Array, y: Array) -> Self:
        """Learn the units' means, and the regression."""
        unit = X[:, UNIT].astype(int)
        usual = _mean(y, self.link)
        self.means_ = np.full(unit.max() + 1, usual)
        for u in set(unit):
            self.means_[u] = _mean(y[unit == u], self.link)
        self.means_[self.means_ == 0] = usual or 1.0
        self.regression_ = clone(self.regression).fit(self.seen(X), self.shares(X, y))
        return self

    def seen(self, X: Array) -> Array:
        """The rows as the regression sees them, the outcome of the week before as a share."""
        if not self.lagged:
            return X
        changed = X.copy()
        changed[:, PREVIOUS] = self.shares(X, X[:, PREVIOUS])
        return changed

    def shares(self, X: Array, y: Array) -> Array:
        """The outcome as the regression sees it."""
        share = y / self._mean_of(X)
        return np.log(share) if self.link == "log" else share

    def predict(self, X: Array) -> Array:
        """The outcome, in its own units; under the log link its median."""
        if self.lagged:
            return self._back(X, self._followed(X))
        return self._back(X, self.regression_.predict(X))

    def _followed(self, X: Array) -> Array:
        """Shares week after week, each from the one before."""
        seen = self.seen(X)
        without, with_one = seen.copy(), seen.copy()
        without[:, PREVIOUS], with_one[:, PREVIOUS] = 0.0, 1.0
        share = self.regression_.predict(without)
        kept = self.regression_.predict(with_one) - share  # what is left of the week before
        week, unit = X[:, [WEEK, UNIT]].astype(int).T
        known = np.full((week.max() + 1, unit.max() + 1), np.nan)
        for now in np.unique(week):
            at = np.flatnonzero(week == now)
            before = known[now - 1, unit[at]] if now else np.full(len(at), np.nan)
            before = np.where(np.isnan(before), seen[at, PREVIOUS], before)
            share[at] += kept[at] * before
            known[now, unit[at]] = share[at]
        return np.asarray(share)

    def draws(self, X: Array, number: int, seed: int) -> Array | None:
        """Predictive draws (sample, row), None where the regression has no distribution."""
        last = self.regression_[-1]
        if not hasattr(last, "draws"):
            return None
        columns = self.regression_[:-1].transform(self.seen(X))
        return self._back(X, last.draws(columns, number, seed))

    def _back(self, X: Array, share: Array) -> Array:
        # A week that follows the one before by more than all of it explodes: infinitely wrong, and
        # the scores say so.
        with np.errstate(over="ignore"):
            return self._mean_of(X) * (np.exp(share) if self.link == "log" else share)

    def _mean_of(self, X: Array) -> Array:
        return np.asarray(self.means_[X[:, UNIT].astype(int)])


class TwoStage(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Causes to mediator, and the predicted mediator to the outcome.

    The causes have no other path. The second stage learns from predictions of weeks that the first
    did not learn from; a mediator that was fitted to its own week would look better than it ever
    can in a week to come.

    Parameters
    ----------
    first, second : InShares
        The mediator's regression, and the outcome's, which knows the causes through it alone.
    layout : Layout
        Of a table with a mediator.
    """

    def __init__(self, first: Any, second: Any, layout: Layout) -> None:
        self.first = first
        self.second = second
        self.layout = layout

    def fit(self, X: Array, y: Array) -> Self:
        """Fit both stages; the rows in the order of their weeks."""
        mediator = self.observed(X)
        weeks = np.unique(X[:, WEEK])
        predicted = np.empty_like(mediator)
        for kept, left in KFold(min(OUT_OF_FOLD, len(weeks))).split(weeks):
            train, test = (np.isin(X[:, WEEK], weeks[part]) for part in (kept, left))
            predicted[test] = self._first(clone(self.first).fit(X[train], mediator[train]), X[test])
        self.known_ = _path(X, predicted)
        self.first_ = clone(self.first).fit(X, mediator)
        self.second_ = clone(self.second).fit(self._replaced(X, predicted), y)
        return self

    def predict(self, X: Array) -> Array:
        """The outcome, the mediator following from the causes."""
        return np.asarray(self.second_.predict(self.followed(X)))

    def draws(self, X: Array, number: int, seed: int) -> Array | None:
        """Predictive draws (sample, row), which take the predicted mediator as known."""
        found: Array | None = self.second_.draws(self.followed(X), number, seed)
        return found

    def observed(self, X: Array) -> Array:
        """What the mediator was in these rows."""
        return np.asarray(X[:, self.layout.lags([str(self.layout.mediator)])[0]])

    def mediator(self, X: Array) -> Array:
        """What the first stage says that it was."""
        return self._first(self.first_, X)

    def followed(self, X: Array) -> Array:
        """The same rows with the mediator that the first stage predicts in its place."""
        return self._replaced(X, self.mediator(X))

    @staticmethod
    def _first(fitted: Any, X: Array) -> Array:
        return np.asarray(np.maximum(fitted.predict(X), 0.0) * X[:, FACTOR])

    def _replaced(self, X: Array, predicted: Array) -> Array:
        # A lag is a week of these rows, or one learned from, or else what was observed.
        week, unit = X[:, [WEEK, UNIT]].astype(int).T
        path = _path(X, predicted)
        changed = X.copy()
        for lag, column in enumerate(self.layout.lags([str(self.layout.mediator)])):
            for known in (self.known_, path):
                at = week - lag
                there = (at >= 0) & (at < known.shape[0]) & (unit < known.shape[1])
                value = np.full(len(X), np.nan)
                value[there] = known[at[there], unit[there]]
                changed[:, column] = np.where(np.isnan(value), changed[:, column], value)
        return changed


def _path(X: Array, values: Array) -> Array:
    """Values of some rows by week and unit, NaN elsewhere."""
    week, unit = X[:, [WEEK, UNIT]].astype(int).T
    path = np.full((week.max() + 1, unit.max() + 1), np.nan)
    path[week, unit] = values
    return path


def _mean(y: Array, link: str) -> float:
    return float(np.exp(np.log(y).mean()) if link == "log" else y.mean())
