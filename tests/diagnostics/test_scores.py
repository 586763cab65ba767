import numpy as np
import pytest
import xarray as xr
from conjugate import add_holdout, arrange, fit, regressors

from mmm_bayes.diagnostics import crps, predictive_scores
from mmm_bayes.diagnostics.scores import holdout_checks


def labelled(y, x):
    """y (time, unit), x (sample, time, unit) with labels."""
    return (
        xr.DataArray(y, dims=("time", "unit")),
        xr.DataArray(x[None], dims=("chain", "draw", "time", "unit")),
    )


def test_crps_is_its_definition_over_every_pair_of_draws():
    rng = np.random.default_rng(1)
    y, x = rng.normal(size=(5, 2)), rng.normal(size=(9, 5, 2))
    score = crps(y, x)
    for t in range(5):
        for u in range(2):
            draws = x[:, t, u]
            pairs = [abs(a - b) for i, a in enumerate(draws) for b in draws[i + 1 :]]
            expected = np.mean([abs(a - y[t, u]) for a in draws]) - np.mean(pairs) / 2
            assert score[t, u] == pytest.approx(expected)


def test_crps_of_few_draws_is_unbiased_for_the_normal_closed_form():
    rng = np.random.default_rng(2)
    y = np.full((40_000, 1), 0.7)
    score = crps(y, rng.normal(size=(3, 40_000, 1)))
    density, below = np.exp(-(0.7**2) / 2) / np.sqrt(2 * np.pi), 0.758036  # standard normal at 0.7
    exact = 0.7 * (2 * below - 1) + 2 * density - 1 / np.sqrt(np.pi)  # Gneiting, Raftery 2007
    assert score.mean() == pytest.approx(exact, abs=4 * score.std() / 200)


def test_scores_by_hand():
    y = np.array([[100.0], [200.0], [0.5], [300.0]])
    x = np.stack([y - 10, y, y + 10])
    x[:, 3] = [[500.0], [510.0], [520.0]]
    values = predictive_scores(*labelled(y, x))
    mean = 600.5 / 4
    deviations = sum((v - mean) ** 2 for v in y[:, 0])
    assert values["r2"] == pytest.approx(1 - 210**2 / deviations)
    assert values["rmse"] == pytest.approx(105.0)
    assert values["mape"] == pytest.approx(0.7 / 3)  # 0.5 is within 1% of the mean of zero
    assert values["mape_left_out"] == 1
    assert values["coverage_90"] == 0.75
    assert values["weeks"] == 4


def test_r2_compares_with_each_units_own_mean():
    y = np.array([[1.0, 1001.0], [3.0, 1003.0]])
    x = np.broadcast_to(np.array([2.0, 1002.0]), (4, 2, 2))  # no better than those means
    assert predictive_scores(*labelled(y, x))["r2"] == pytest.approx(0.0)


def test_draws_without_a_mean_have_no_crps_but_the_rest():
    y = np.arange(1.0, 7.0)[:, None]
    x = np.random.default_rng(3).normal(y, 1, size=(100, 6, 1))
    x[0] = np.inf
    values = predictive_scores(*labelled(y, x))
    assert values["crps"] is None
    assert values["r2"] > 0.9
    assert values["coverage_90"] is not None


def test_a_constant_outcome_has_no_r2():
    assert predictive_scores(*labelled(np.ones((4, 1)), np.ones((10, 4, 1))))["r2"] is None


def test_an_honest_forecast_is_seldom_accused():
    warned = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = regressors(110, 16, seed=seed)
        y = x @ rng.normal(size=16) + rng.normal(size=110)
        tree = fit(y[:80], x[:80], rng, future=(x[80:], y[80:]), draws=100)
        warned += {c.name: c for c in holdout_checks(tree)}["coverage_90"].status != "pass"
    assert warned <= 8  # nominally 3 of 60; 8 is beyond the 99% point of that binomial


def holdout(past, y, draws):
    """Checks of a holdout `y` with predictive draws (chain, draw, time), after weeks `past`."""
    tree = arrange(past, *[np.broadcast_to(past, (*draws.shape[:2], len(past)))] * 2)
    add_holdout(tree, arrange(y, draws, draws))
    return {check.name: check for check in holdout_checks(tree)}


def test_a_forecast_that_claims_too_much_and_is_worse_than_the_mean_of_the_past_fails():
    rng = np.random.default_rng(4)
    past, y = rng.normal(10, 1, 60), rng.normal(10, 1, 30)
    checks = holdout(past, y, rng.normal(14, 0.2, size=(4, 200, 30)))
    assert checks["coverage_90"].status == "fail"
    assert "too narrow" in checks["coverage_90"].message
    assert checks["r2"].status == "fail"
    assert "worse than the mean of the weeks before" in checks["r2"].message


def test_a_forecast_that_explodes_fails_and_its_sentence_stays_short():
    rng = np.random.default_rng(5)
    past, y = rng.normal(1400, 100, 60), rng.normal(1400, 100, 30)
    forecast = rng.normal(1400, 100, (4, 200, 30)) + 1e11 * (np.arange(30) > 20)
    check = holdout(past, y, forecast)["r2"]
    assert check.status == "fail"
    assert len(check.message) < 150


def test_a_forecast_that_is_worse_than_the_mean_of_its_own_weeks_only_warns():
    """The level rose after the past: neither knows it, and the forecast knows a part of it."""
    rng = np.random.default_rng(6)
    past, y = rng.normal(10, 1, 60), rng.normal(14, 1, 30)
    check = holdout(past, y, rng.normal(12, 2, (4, 200, 30)))["r2"]
    assert check.status == "warn"
    assert "worse than the mean of those weeks" in check.message


def test_noise_that_nothing_predicts_is_no_failure():
    """The best forecast is the mean, and the mean of the past is closer in half of the tables."""
    failed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        past, y = rng.normal(10, 1, 80), rng.normal(10, 1, 20)
        level = past.mean() + rng.normal(0, 80**-0.5, (4, 100, 1))
        failed += holdout(past, y, rng.normal(level, 1.0, (4, 100, 20)))["r2"].status == "fail"
    assert failed <= 6  # nominally 2 of 40; 6 is beyond the 99% point of that binomial


def test_no_holdout_no_check():
    x = regressors(40, 5)
    rng = np.random.default_rng(5)
    assert holdout_checks(fit(x @ np.ones(5) + rng.normal(size=40), x, rng)) == []
