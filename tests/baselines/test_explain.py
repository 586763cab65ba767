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
from mmm_bayes.baselines.effects import Question, refits, remembered
from mmm_bayes.baselines.members import KINDS, make
from mmm_bayes.baselines.rows import layout_of, rows_of

WEEKS = 80


def fitted(data, model):
    X, y = rows_of(data), data.data["outcome"].values.ravel()
    choice = STRAIGHT | KINDS[model.removeprefix("two_stage_")].usual
    return make(model, layout_of(data), choice, link="identity", seed=1).fit(X, y), X, y


def test_coefficients_and_inflation_are_those_of_statsmodels(tmp_path):
    model, X, y = fitted(dataset(tmp_path), "ols")
    again = list(refits(model, X, y, number=30, seed=1))
    found = explain.coefficients("ols", model, again, X, 1).set_index("feature")
    *_, (_, stage, rows) = explain.stages(model, X)
    table_ = sm.add_constant(explain.columns(stage, rows))
    other = sm.OLS(y / y.mean(), table_).fit()
    for at, name in enumerate(table_.columns[1:]):
        assert found.loc[name, "value"] == pytest.approx(other.params[name], rel=1e-6)
        inflation = variance_inflation_factor(table_.to_numpy(), at + 1)
        assert found.loc[name, "vif"] == pytest.approx(inflation, rel=1e-6)
    assert (found["lower"] <= found["upper"]).all()
    assert found.loc["tv", "lower"] > 0


@pytest.mark.parametrize("kind", ["ols", "random_forest"])
def test_partial_dependence_is_scikit_learns_where_a_channel_is_one_column(tmp_path, kind):
    data = dataset(tmp_path, model={"max_lag": 1})
    model, X, _ = fitted(data, kind)
    question, layout = Question(data, slice(0, WEEKS), "identity"), layout_of(data)
    found = explain.partial_dependence(kind, model, question, layout, remembered(question))
    curve = found.query("channel == 'tv' and row == 'mean'")
    (column,) = layout.lags(["tv"])
    other = sklearns(
        model, X, [column], custom_values={column: curve["exposure"].to_numpy()}, kind="both"
    )
    np.testing.assert_allclose(curve["outcome"], other["average"][0])
    for row in found.query("channel == 'tv' and row != 'mean'")["row"].unique():
        one = found.query("channel == 'tv' and row == @row")
        np.testing.assert_allclose(one["outcome"], other["individual"][0][int(row)])


def test_a_mediator_that_is_set_moves_the_second_stage(tmp_path):
    data = dataset(tmp_path)
    model, _, _ = fitted(data, "two_stage_ols")
    question, layout = Question(data, slice(0, WEEKS), "identity"), layout_of(data)
    found = explain.partial_dependence("m", model, question, layout, remembered(question))
    curve = found.query("channel == 'search' and row == 'mean'")["outcome"].to_numpy()
    assert curve[-1] > curve[0] + 1


@pytest.mark.parametrize("kind", ["ols", "random_forest", "lightgbm"])
def test_shapley_values_add_up_to_the_prediction(tmp_path, kind):
    model, X, _ = fitted(dataset(tmp_path), kind)
    *_, (_, stage, rows) = explain.stages(model, X)
    columns = explain.columns(stage, rows).to_numpy()
    regressor = stage.regression_[-1]
    values = explain.shapley(regressor, columns, np.arange(len(columns)))
    total = values.sum(1)
    told = regressor.predict(columns)
    np.testing.assert_allclose(total - total.mean(), told - told.mean(), atol=1e-6)


def test_what_matters_is_important_in_unseen_weeks(tmp_path):
    data = dataset(tmp_path)
    X, y = rows_of(data), data.data["outcome"].values.ravel()
    trained = make("ols", layout_of(data), STRAIGHT, link="identity", seed=1).fit(X[:60], y[:60])
    whole, _, _ = fitted(data, "ols")
    lost, single = explain.importance("ols", trained, X[60:], y[60:], whole, X, seed=1)
    found = lost.set_index("feature")["permutation"]
    assert found["tv"] > 0.2
    assert found["tv"] > 10 * abs(found["season_sin_1"])
    assert set(single["feature"]) == set(lost["feature"])


WANTED = ["shapiro_wilk", "breusch_pagan", "ljung_box"]
EXPECTED = np.linspace(1, 2, 300)


def test_residual_tests_let_good_residuals_pass():
    p = np.array(
        [
            residuals.tests("m", np.random.default_rng(seed).normal(size=300), EXPECTED, 1)
            .set_index("test")
            .loc[WANTED, "p"]
            for seed in range(100)
        ]
    )
    # Each objects in 5 of 100; 13 or more have a chance of about 1 in 600.
    assert ((p < 0.05).sum(0) <= 12).all()


def test_residual_tests_object_to_what_is_wrong():
    rng = np.random.default_rng(1)
    fine = rng.normal(size=300)
    kept = fine.copy()
    for week in range(1, 300):
        kept[week] += 0.7 * kept[week - 1]
    wrong = {
        "ljung_box": kept,
        "shapiro_wilk": rng.standard_t(1.5, 300),
        "breusch_pagan": fine * (EXPECTED - 0.9) * 3,
    }
    for name, left in wrong.items():
        found = residuals.tests("m", left, EXPECTED, 1).set_index("test")
        assert found.loc[name, "p"] < 1e-4
    acf = residuals.tests("m", kept, EXPECTED, 1).set_index("test").loc["acf_1", "statistic"]
    centred = kept - kept.mean()
    assert acf == pytest.approx((centred[1:] * centred[:-1]).sum() / (centred**2).sum())


def test_a_panels_residuals_are_tested_unit_by_unit():
    rng = np.random.default_rng(2)
    left = rng.normal(size=(200, 3))
    for week in range(1, 200):
        left[week, 2] += 0.8 * left[week - 1, 2]
    found = residuals.tests("m", left.ravel(), rng.normal(size=600), 3).set_index("test")
    assert found.loc["ljung_box", "p"] < 1e-4
    assert isinstance(found, pd.DataFrame)


def test_residuals_are_shares_of_the_mean(tmp_path):
    model, X, y = fitted(dataset(tmp_path, table(weeks=WEEKS)), "ols")
    left = residuals.residuals(model, X, y)
    np.testing.assert_allclose(left, (y - model.predict(X)) / y.mean())
