"""Coefficients, dependence, Shapley values and tests of residuals, against other ways to them."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from baselines.markets import STRAIGHT, dataset, table

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from sklearn.inspection import partial_dependence as sklearns
from statsmodels.stats.outliers_influence import variance_inflation_factor

from mmm_bayes.baselines import explain, residuals
from mmm_bayes.baselines.effects import CounterfactualWeeks, bootstrap_refits, cached_rows
from mmm_bayes.baselines.members import REGRESSORS, make_model
from mmm_bayes.baselines.rows import build_rows, row_layout

WEEKS = 80


def fitted(data, model):
    X, y = build_rows(data), data.data["outcome"].values.ravel()
    params = STRAIGHT | REGRESSORS[model.removeprefix("two_stage_")].default
    return make_model(model, row_layout(data), params, link="identity", seed=1).fit(X, y), X, y


def test_coefficients_and_inflation_are_those_of_statsmodels(tmp_path):
    model, X, y = fitted(dataset(tmp_path), "ols")
    refits = list(bootstrap_refits(model, X, y, number=30, seed=1))
    coefficients = explain.coefficient_table("ols", model, refits, X, 1).set_index("feature")
    *_, (_, stage, rows) = explain.stages(model, X)
    columns = sm.add_constant(explain.regressor_columns(stage, rows))
    expected = sm.OLS(y / y.mean(), columns).fit()
    for index, name in enumerate(columns.columns[1:]):
        assert coefficients.loc[name, "value"] == pytest.approx(expected.params[name], rel=1e-6)
        inflation = variance_inflation_factor(columns.to_numpy(), index + 1)
        assert coefficients.loc[name, "vif"] == pytest.approx(inflation, rel=1e-6)
    assert (coefficients["lower"] <= coefficients["upper"]).all()
    assert coefficients.loc["tv", "lower"] > 0


@pytest.mark.parametrize("kind", ["ols", "random_forest"])
def test_partial_dependence_is_scikit_learns_where_a_channel_is_one_column(tmp_path, kind):
    data = dataset(tmp_path, model={"max_lag": 1})
    model, X, _ = fitted(data, kind)
    weeks, layout = CounterfactualWeeks(data, slice(0, WEEKS), "identity"), row_layout(data)
    curves = explain.partial_dependence(kind, model, weeks, layout, cached_rows(weeks))
    curve = curves.query("channel == 'tv' and row == 'mean'")
    (column,) = layout.lags(["tv"])
    expected = sklearns(
        model, X, [column], custom_values={column: curve["exposure"].to_numpy()}, kind="both"
    )
    np.testing.assert_allclose(curve["outcome"], expected["average"][0])
    for row in curves.query("channel == 'tv' and row != 'mean'")["row"].unique():
        row_curve = curves.query("channel == 'tv' and row == @row")
        np.testing.assert_allclose(row_curve["outcome"], expected["individual"][0][int(row)])


def test_a_mediator_that_is_set_moves_the_second_stage(tmp_path):
    data = dataset(tmp_path)
    model, _, _ = fitted(data, "two_stage_ols")
    weeks, layout = CounterfactualWeeks(data, slice(0, WEEKS), "identity"), row_layout(data)
    curves = explain.partial_dependence("m", model, weeks, layout, cached_rows(weeks))
    curve = curves.query("channel == 'search' and row == 'mean'")["outcome"].to_numpy()
    assert curve[-1] > curve[0] + 1


@pytest.mark.parametrize("kind", ["ols", "random_forest", "lightgbm"])
def test_shapley_values_add_up_to_the_prediction(tmp_path, kind):
    model, X, _ = fitted(dataset(tmp_path), kind)
    *_, (_, stage, rows) = explain.stages(model, X)
    columns = explain.regressor_columns(stage, rows).to_numpy()
    regressor = stage.regression_[-1]
    values = explain.shapley_values(regressor, columns, np.arange(len(columns)))
    total = values.sum(1)
    predicted = regressor.predict(columns)
    np.testing.assert_allclose(total - total.mean(), predicted - predicted.mean(), atol=1e-6)


def test_what_matters_is_important_in_unseen_weeks(tmp_path):
    data = dataset(tmp_path)
    X, y = build_rows(data), data.data["outcome"].values.ravel()
    trained = make_model("ols", row_layout(data), STRAIGHT, link="identity", seed=1).fit(
        X[:60], y[:60]
    )
    whole, _, _ = fitted(data, "ols")
    importances, by_row = explain.feature_importance(
        "ols", trained, X[60:], y[60:], whole, X, seed=1
    )
    permutation = importances.set_index("feature")["permutation"]
    assert permutation["tv"] > 0.2
    assert permutation["tv"] > 10 * abs(permutation["season_sin_1"])
    assert set(by_row["feature"]) == set(importances["feature"])


TESTS = ["shapiro_wilk", "breusch_pagan", "ljung_box"]
EXPECTED = np.linspace(1, 2, 300)


def test_residual_tests_let_good_residuals_pass():
    p = np.array(
        [
            residuals.residual_tests("m", np.random.default_rng(seed).normal(size=300), EXPECTED, 1)
            .set_index("test")
            .loc[TESTS, "p"]
            for seed in range(100)
        ]
    )
    # Each objects in 5 of 100; 13 or more have a chance of about 1 in 600.
    assert ((p < 0.05).sum(0) <= 12).all()


def test_residual_tests_object_to_what_is_wrong():
    rng = np.random.default_rng(1)
    white_noise = rng.normal(size=300)
    autocorrelated = white_noise.copy()
    for week in range(1, 300):
        autocorrelated[week] += 0.7 * autocorrelated[week - 1]
    wrong = {
        "ljung_box": autocorrelated,
        "shapiro_wilk": rng.standard_t(1.5, 300),
        "breusch_pagan": white_noise * (EXPECTED - 0.9) * 3,
    }
    for name, series in wrong.items():
        tests = residuals.residual_tests("m", series, EXPECTED, 1).set_index("test")
        assert tests.loc[name, "p"] < 1e-4
    acf = (
        residuals.residual_tests("m", autocorrelated, EXPECTED, 1)
        .set_index("test")
        .loc["acf_1", "statistic"]
    )
    centred = autocorrelated - autocorrelated.mean()
    assert acf == pytest.approx((centred[1:] * centred[:-1]).sum() / (centred**2).sum())


def test_a_panels_residuals_are_tested_unit_by_unit():
    rng = np.random.default_rng(2)
    series = rng.normal(size=(200, 3))
    for week in range(1, 200):
        series[week, 2] += 0.8 * series[week - 1, 2]
    tests = residuals.residual_tests("m", series.ravel(), rng.normal(size=600), 3).set_index("test")
    assert tests.loc["ljung_box", "p"] < 1e-4
    assert isinstance(tests, pd.DataFrame)


def test_residuals_are_shares_of_the_mean(tmp_path):
    model, X, y = fitted(dataset(tmp_path, table(weeks=WEEKS)), "ols")
    shares = residuals.share_residuals(model, X, y)
    np.testing.assert_allclose(shares, (y - model.predict(X)) / y.mean())
