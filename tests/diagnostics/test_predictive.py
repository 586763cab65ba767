"""Posterior predictive checks fail at their nominal rate, and name what is wrong."""

import numpy as np
import pytest
import xarray as xr
from conjugate import arrange, fit, regressors
from scipy.stats import norm

from mmm_bayes.diagnostics import compare_statistics, ppc_statistics
from mmm_bayes.diagnostics.predictive import (
    STATISTICS,
    autocorrelation,
    autocorrelation_sentence,
    predictive_checks,
    two_sided_p_value,
)
from mmm_bayes.diagnostics.residuals import residual_checks, standardised_residuals


def regression(rng, weeks=104, columns=15):
    x = regressors(weeks, columns, seed=int(rng.integers(1 << 30)))
    return x, x @ np.r_[10, rng.normal(size=columns - 1)]


def status(tree):
    return {check.name: check.status for check in predictive_checks(tree)}


@pytest.fixture(scope="module")
def p_values():
    """Of the checks on 120 tables that their model generated; (table, statistic) and adjusted."""
    found = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        x, mean = regression(rng)
        tree = fit(mean + 1.5 * rng.normal(size=len(mean)), x, rng, draws=125)
        comparisons = compare_statistics(ppc_statistics(tree, "outcome"))
        found.append([(c.p_value, c.p_adjusted) for c in comparisons])
    return np.array(found)


def test_false_alarms_of_a_whole_table_are_bounded(p_values):
    adjusted = p_values[..., 1].min(axis=1)
    assert (adjusted < 0.05).sum() <= 12  # nominally at most 6 of 120; 12 is the 99% point
    assert (adjusted < 0.01).sum() <= 5


@pytest.mark.parametrize("name", ["minimum", "maximum", "skewness", "autocorrelation"])
def test_a_statistics_p_value_is_near_uniform(p_values, name):
    p = p_values[:, STATISTICS.index(name), 0]
    assert (p < 0.1).mean() <= 0.2  # 10% and three standard errors
    assert 0.33 <= (p < 0.5).mean() <= 0.67


def test_a_normal_fit_to_heavy_tails_fails_by_name():
    failed = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, mean = regression(rng, weeks=208, columns=12)
        tree = fit(mean + rng.standard_t(2.5, len(mean)), x, rng, draws=125)
        failed += status(tree)["kurtosis"] == "fail"
    assert failed >= 9


def test_an_additive_fit_to_multiplicative_data_fails_by_name_and_the_log_link_mends_it():
    failed = mended = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x = regressors(156, 8, seed=seed)
        y = np.exp(2 + x[:, 1:] @ rng.normal(0, 0.3, 7) + rng.normal(0, 0.3, 156))
        failed += status(fit(y, x, rng, draws=125))["heteroscedasticity"] == "fail"
        mended += "fail" not in status(fit(y, x, rng, link="log", draws=125)).values()
    assert failed >= 5
    assert mended >= 7


def test_a_missing_slow_wave_fails_as_autocorrelation():
    rng = np.random.default_rng(1)
    x, mean = regression(rng, weeks=156, columns=8)
    y = mean + rng.normal(size=156) + 1.5 * np.sin(np.arange(156) / 4)
    assert status(fit(y, x, rng))["autocorrelation"] == "fail"


def mediator_tree(y, x, rng):
    """A normal fit to a mediator, with the nodes that a mediator has."""
    tree = fit(y, x, rng, draws=125)
    for group in ("posterior_predictive", "observed_data"):
        tree[group] = xr.DataTree(tree[group].to_dataset().assign(mediator=tree[group]["outcome"]))
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = xr.DataTree(
        posterior.assign(
            mediator_location=posterior["outcome_location"], mediator_sigma=posterior["sigma"]
        )
    )
    tree.attrs["mediator_likelihood"] = "normal"
    return tree


def test_a_normal_mediator_that_is_off_in_40_percent_of_weeks_fails_by_name():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = regressors(156, 8, seed=seed)
        y = np.exp(5 + x[:, 1:] @ rng.normal(0, 0.2, 7) + rng.normal(0, 0.4, 156))
        y[rng.permutation(156)[:62]] = 0.0
        checks = {c.name: c for c in predictive_checks(mediator_tree(y, x, rng))
                  if c.group == "mediator_ppc"}  # fmt: skip
        assert checks["share_near_zero"].status == "fail"
        assert "0.3974" in checks["share_near_zero"].message  # 62 of 156


def hurdle_tree(seed, *, persistent=False):
    """A mediator of known parameters: on in 60% of weeks, log-normal when on."""
    rng = np.random.default_rng(seed)
    shape, weeks = (4, 125), 156
    level = np.exp(4 + 0.5 * np.sin(np.arange(weeks) / 8))
    sigma = 0.3

    def draw(size, persistent):
        noise = sigma * rng.standard_normal((*size, weeks))
        if persistent:
            for t in range(1, weeks):
                noise[..., t] += 0.7 * noise[..., t - 1]
        return np.where(rng.random((*size, weeks)) < 0.6, level * np.exp(noise), 0.0)

    y = draw((), persistent)
    levels = np.broadcast_to(level, (*shape, weeks))
    tree = arrange(y, levels, draw(shape, False), variable="mediator",
                   attrs={"mediator_likelihood": "hurdle", "mediator": "google"})  # fmt: skip
    posterior = tree["posterior"].to_dataset().rename(mediator_location="mediator_level")
    posterior["mediator_sigma"] = (("chain", "draw"), np.full(shape, sigma))
    tree["posterior"] = xr.DataTree(posterior)
    return tree


def test_a_hurdle_is_checked_where_it_is_on():
    failed = sum("fail" in status(hurdle_tree(seed)).values() for seed in range(20))
    assert failed <= 2
    assert status(hurdle_tree(1, persistent=True))["autocorrelation"] in {"warn", "fail"}


def test_autocorrelation_is_told_of_equations_whose_disturbances_can_remember():
    rng = np.random.default_rng(5)
    x, mean = regression(rng, weeks=156)
    noise = rng.normal(size=156)
    tree = fit(mean + noise, x, rng)
    assert autocorrelation_sentence(tree) is None
    for t in range(1, 156):
        noise[t] += 0.6 * noise[t - 1]
    sentence = autocorrelation_sentence(fit(mean + noise, x, rng))
    assert sentence.startswith("independent disturbances leave residuals that are autocorrelated")
    assert "outcome (0." in sentence
    flipped = noise * (-1) ** np.arange(156)  # a week is unlike the last: no memory
    assert autocorrelation_sentence(fit(mean + flipped, x, rng)) is None
    hurdle = hurdle_tree(1, persistent=True)
    assert status(hurdle)["autocorrelation"] != "pass"
    assert autocorrelation_sentence(hurdle) is None


def floored_tree(seed, at_floor, *, floor_known=True, floor=6.0, weeks=104, columns=8):
    """The exact fit of the weeks above the floor, in a tree of all weeks at known truth.

    Weeks reach the floor as in the model. Its location and scale are the true ones, so nothing is
    fitted and replicated tables have the distribution of the observed one.
    """
    rng = np.random.default_rng(seed)
    mean = 1.5 + regressors(weeks, columns, seed) @ np.r_[0.7, 0.5 * rng.normal(size=columns - 1)]
    above = 1 / (1 + np.exp(-(2 + mean - mean.mean())))

    def simulate(size):
        value = np.exp(mean + 0.3 * rng.normal(size=(*size, weeks)))
        if at_floor == "censored":
            return np.maximum(value, floor)
        return np.where(rng.random((*size, weeks)) < above, floor + value, floor)

    y, shape = simulate(()), (4, 250, weeks)
    attrs = {"link": "log"} | ({"floor": floor, "at_floor": at_floor} if floor_known else {})
    location = np.broadcast_to(np.exp(mean), shape)
    plain = np.exp(mean + 0.3 * rng.normal(size=shape))
    tree = arrange(y, location, simulate(shape[:2]) if floor_known else plain, attrs=attrs)
    posterior = tree["posterior"].to_dataset()
    posterior["sigma"] = (("chain", "draw"), np.full(shape[:2], 0.3))
    if at_floor == "hurdle":
        posterior["outcome_level"] = posterior["outcome_location"]
    tree["posterior"] = xr.DataTree(posterior)
    return tree


@pytest.mark.parametrize("at_floor", ["censored", "hurdle"])
def test_an_outcome_with_a_floor_is_checked_above_it(at_floor):
    failed = 0
    for seed in range(20):
        tree = floored_tree(seed, at_floor)
        failed += "fail" in status(tree).values()
        found = ppc_statistics(tree, "outcome")
        y = tree["observed_data"]["outcome"].values.ravel()
        share = float(found["observed"].sel(statistic="share_near_zero"))
        assert share == np.mean(y == 6.0) > 0
        assert np.isfinite(found["replicated"]).all()
    assert failed <= 2


def censored_fit(seed, floor=7.5, weeks=104, draws=500):
    """A fitted censored regression, by Gibbs sampling (Chib 1992, *Bayes inference in the Tobit
    censored regression model*): what lies below the floor is drawn, and then all is conjugate."""
    rng = np.random.default_rng(seed)
    x, mean = regression(rng, weeks)
    y = np.maximum(mean + 1.5 * rng.normal(size=weeks), floor)
    off, q, r = y == floor, *np.linalg.qr(x)
    beta, sigma, kept = np.linalg.solve(r, q.T @ y), 1.5, []
    for _ in range(draws + 100):
        edge = (floor - x @ beta) / sigma
        hidden = x @ beta + sigma * norm.ppf(rng.uniform(size=weeks) * norm.cdf(edge))
        value = np.where(off, hidden, y)
        estimate = np.linalg.solve(r, q.T @ value)
        rss = ((value - x @ estimate) ** 2).sum()
        sigma = np.sqrt(rss / rng.chisquare(weeks - x.shape[1]))
        beta = estimate + sigma * np.linalg.solve(r, rng.standard_normal(x.shape[1]))
        kept.append((x @ beta, sigma))
    location, scale = (np.array(part)[None, 100:] for part in zip(*kept, strict=True))
    tables = np.maximum(location + scale[..., None] * rng.normal(size=location.shape), floor)
    tree = arrange(y, location, tables, attrs={"floor": floor, "at_floor": "censored"})
    sigmas = {"sigma": (("chain", "draw"), scale)}
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(sigmas))
    return tree


def test_a_fitted_share_at_the_floor_is_neither_too_high_nor_too_low():
    lower, small, at = 0, 0, STATISTICS.index("share_near_zero")
    for seed in range(60):
        found = compare_statistics(ppc_statistics(censored_fit(seed), "outcome"))[at]
        lower += (found.observed < found.median) + (found.observed == found.median) / 2
        small += found.p_value < 0.1
    assert 18 <= lower <= 42  # 30 and three standard deviations
    assert small <= 13  # 6 and three of them


def test_a_fit_without_the_floor_fails_by_name():
    for seed in range(5):
        found = status(floored_tree(seed, "censored", floor_known=False))
        assert found["minimum"] == "fail"


def test_residuals_are_those_of_the_weeks_above_the_floor():
    for at_floor in ("censored", "hurdle"):
        tree = floored_tree(3, at_floor)
        y = tree["observed_data"]["outcome"].values[:, 0]
        location = tree["posterior"]["outcome_location"].values[0, 0, :, 0]
        expected = np.log(y - 6.0 if at_floor == "hurdle" else y, where=y > 6.0, out=y * np.nan)
        expected = expected - np.log(location)
        fit = standardised_residuals(tree)
        residual = fit["residual"].values[:, 0]
        np.testing.assert_allclose(residual, expected / np.sqrt(np.nanmean(expected**2)))
        assert np.isfinite(fit["acf"]).all()
        assert len(residual_checks(tree)) == 3


def test_predictions_that_overflow_are_survived():
    rng = np.random.default_rng(3)
    x = regressors(100, 6)
    y = np.exp(1 + 0.3 * x[:, 4] + 0.3 * rng.normal(size=100))
    tree = fit(y, x, rng, link="log")
    values = tree["posterior_predictive"]["outcome"].values
    values[0, :5, 3], values[1, :5, 4] = np.inf, 0.0
    found = compare_statistics(ppc_statistics(tree, "outcome"))
    assert all(np.isfinite([c.median, c.lower, c.upper, c.p_value]).all() for c in found)
    assert "fail" not in status(tree).values()


def test_the_statistics_of_one_table_by_hand():
    rng = np.random.default_rng(4)
    x = regressors(60, 4)
    y = 5 + rng.normal(size=60)
    y[:3] = [0.0, 0.02, -0.04]
    tree = fit(y, x, rng)
    observed = ppc_statistics(tree, "outcome")["observed"]
    mean = tree["posterior"]["outcome_location"].values.reshape(-1, 60).mean(axis=0)
    r = y - mean
    z = r / np.sqrt(np.mean(r**2))
    draws = tree["posterior_predictive"]["outcome"].values.reshape(-1, 60)
    inside = [np.quantile(d, 0.05) <= v <= np.quantile(d, 0.95) for d, v in zip(draws.T, y)]  # noqa: B905
    expected = {
        "minimum": -0.04,
        "maximum": y.max(),
        "share_near_zero": 3 / 60,
        "coverage_90": np.mean(inside),
        "skewness": sum(v**3 for v in z) / 60,
        "autocorrelation": sum(z[t] * z[t + 1] for t in range(59)) / 59,
        "kurtosis": sum(v**4 for v in z) / 60,
        "heteroscedasticity": np.corrcoef(abs(z), mean)[0, 1],
    }
    assert {str(k): float(observed.sel(statistic=k)) for k in observed["statistic"].values} == (
        pytest.approx(expected)
    )


def test_autocorrelation_skips_pairs_with_a_gap():
    z = np.array([1.0, 2.0, np.nan, -1.0, -2.0, 1.0])[:, None]
    power = (1 + 4 + 1 + 4 + 1) / 5
    assert autocorrelation(z)[0] == pytest.approx((2 + 2 - 2) / 3 / power)


def test_p_value_counts_both_sides_and_ties():
    draws = np.arange(99.0)
    assert two_sided_p_value(49.0, draws) == 1.0
    assert two_sided_p_value(97.0, draws) == pytest.approx(2 * (1 + 2) / 100)
    assert two_sided_p_value(1.0, draws) == pytest.approx(2 * (1 + 2) / 100)
    assert two_sided_p_value(0.0, np.zeros(99)) == 1.0  # a statistic that never varies and agrees
    assert two_sided_p_value(0.4, np.zeros(99)) == 0.0  # and one that does not
    assert two_sided_p_value(np.nan, draws) == 1.0


def test_far_beyond_all_draws_is_rarer_than_one_in_their_number():
    draws = np.random.default_rng(5).exponential(size=1000)
    assert two_sided_p_value(14.0, draws) == pytest.approx(2 * np.exp(-14), rel=3)
    assert two_sided_p_value(14.0, draws) > 2 * np.exp(-14) / 30
