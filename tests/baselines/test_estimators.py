"""Regressions in shares, week after week and in two stages, against loops and closed forms."""

import numpy as np
import pytest
import statsmodels.api as sm
from baselines.markets import CHANNELS, STRAIGHT, dataset, table
from scipy.stats import t as student

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from sklearn.linear_model import LinearRegression

from mmm_bayes.baselines.estimators import CROSS_FIT_FOLDS, OLS
from mmm_bayes.baselines.members import make_model
from mmm_bayes.baselines.rows import UNIT, WEEK, build_rows, row_layout

RNG = np.random.default_rng(5)


@pytest.fixture
def market(tmp_path):
    data = dataset(tmp_path, controls={"price": {"column": "price"}}, calendar={"fourier": 0})
    return data, build_rows(data), row_layout(data), data.data["outcome"].values.ravel()


def test_least_squares_draws_from_its_t_distribution():
    X, y = RNG.normal(size=(30, 2)), RNG.normal(size=30)
    fitted = OLS().fit(X, y)
    new = RNG.normal(size=(3, 2))
    draws = fitted.draws(new, 40_000, 1)
    design = np.column_stack([np.ones(30), X])
    beta = np.linalg.solve(design.T @ design, design.T @ y)
    variance = ((y - design @ beta) ** 2).sum() / 27
    for index, row in enumerate(np.column_stack([np.ones(3), new])):
        scale = np.sqrt(variance * (1 + row @ np.linalg.inv(design.T @ design) @ row))
        ends = row @ beta + scale * student.ppf([0.05, 0.95], 27)
        np.testing.assert_allclose(np.quantile(draws[:, index], [0.05, 0.95]), ends, atol=0.05)


def test_a_column_that_never_varied_has_no_effect():
    X = np.column_stack([RNG.normal(size=20), np.zeros(20)])
    fitted = OLS().fit(X, X[:, 0] + RNG.normal(size=20))
    assert abs(fitted.coef_[1]) < 1e-12
    assert np.isfinite(fitted.draws(X, 10, 1)).all()


@pytest.mark.parametrize("link", ["identity", "log"])
def test_units_are_measured_by_their_own_mean(tmp_path, link):
    data = dataset(tmp_path, table(units=2))
    X, y = build_rows(data), data.data["outcome"].values.ravel()
    fitted = make_model("ols", row_layout(data), STRAIGHT, link=link, seed=1).fit(X, y)
    for unit in (0, 1):
        own = y[X[:, UNIT] == unit]
        mean = np.exp(np.log(own).mean()) if link == "log" else own.mean()
        share = fitted.to_shares(X, y)[X[:, UNIT] == unit]
        expected = np.log(own / mean) if link == "log" else own / mean
        np.testing.assert_allclose(share, expected)
    np.testing.assert_allclose(np.median(fitted.draws(X, 4000, 1), 0), fitted.predict(X), rtol=0.02)


def test_last_weeks_outcome_is_the_prediction_once_it_is_not_known(market):
    _, X, layout, y = market
    before, after = X[:, WEEK] < 60, X[:, WEEK] >= 60
    fitted = make_model("lagged_ridge", layout, STRAIGHT, link="identity", seed=1)
    fitted.fit(X[before], y[before])
    predictions = fitted.predict(X[after])
    pipeline, mean = fitted.regression_, y[before].mean()
    names = list(pipeline[0].get_feature_names_out())
    previous = y[59] / mean
    for row, value in zip(X[after], predictions, strict=True):
        columns = pipeline[0].transform(row[None])
        columns[0, names.index("last week")] = previous
        previous = pipeline[2].predict(pipeline[1].transform(columns))[0]
        assert value == pytest.approx(mean * previous)


def test_two_stages_by_hand(market):
    """Without carryover and saturation both stages are ordinary regressions."""
    data, X, layout, y = market
    params = STRAIGHT | {"half_saturation": dict.fromkeys(CHANNELS, 1e6)}
    fitted = make_model("two_stage_ols", layout, params, link="identity", seed=1).fit(X, y)
    exposure, price = data.data["exposure"].values[:, 0], data.data["controls"].values[:, 0]
    trend = np.arange(len(y))[:, None]
    social, search, tv = exposure.T
    first = np.column_stack([social, price, trend])
    weeks = np.arange(len(y))
    predicted = np.empty(len(y))
    for block in np.array_split(weeks, CROSS_FIT_FOLDS):
        others = np.setdiff1d(weeks, block)
        stage = LinearRegression().fit(first[others], search[others])
        predicted[block] = np.maximum(stage.predict(first[block]), 0)
    second = LinearRegression().fit(np.column_stack([predicted, tv, price, trend]), y)
    whole = np.maximum(LinearRegression().fit(first, search).predict(first), 0)
    np.testing.assert_allclose(fitted.predicted_mediator(X), whole, rtol=1e-3)
    expected = second.predict(np.column_stack([whole, tv, price, trend]))
    np.testing.assert_allclose(fitted.predict(X), expected, rtol=1e-3)


def test_the_predicted_mediator_is_carried_over(market):
    """Lags of a row are predictions where these rows or those learned from have the week."""
    _, X, layout, y = market
    before, after = X[:, WEEK] < 60, X[:, WEEK] >= 60
    fitted = make_model("two_stage_ols", layout, STRAIGHT, link="identity", seed=1)
    fitted.fit(X[before], y[before])
    replaced = fitted.with_predicted_mediator(X[after])
    columns = layout.lags(["search"])
    predicted = fitted.predicted_mediator(X[after])
    for row in range(5):
        for lag, column in enumerate(columns):
            week = 60 + row - lag
            expected = predicted[week - 60] if week >= 60 else fitted.cross_fitted_[week, 0]
            assert replaced[row, column] == pytest.approx(expected)
    assert not np.allclose(replaced[:, columns[0]], X[after][:, columns[0]])


def test_the_intercept_is_that_of_statsmodels():
    X, y = RNG.normal(size=(20, 2)), RNG.normal(size=20) + 4
    fitted = OLS().fit(X, y)
    expected = sm.OLS(y, sm.add_constant(X)).fit().predict(sm.add_constant(X))
    np.testing.assert_allclose(fitted.predict(X), expected)
