"""Refits of unreliable weeks give the exact values, which are known.

A linear regression under the reference prior predicts a week left out by a Student-t with n - 1 - p
degrees of freedom, located at the fit to the other weeks.
"""

import arviz_stats as azs
import conjugate
import numpy as np
import pandas as pd
import pytest
import scipy.stats
import xarray as xr

from mmm_bayes.comparison.files import pointwise_table
from mmm_bayes.comparison.loo import leave_one_out, refit_unreliable_weeks

WEEKS, BAD = 60, (20, 45)


@pytest.fixture(scope="module")
def data():
    """Two weeks that decide the slope almost alone."""
    rng = np.random.default_rng(8)
    x = np.column_stack([np.ones(WEEKS), rng.standard_normal((WEEKS, 2))])
    y = x @ [30.0, 1.0, -1.0] + rng.standard_normal(WEEKS)
    x[BAD, 2] = 10.0, -12.0
    y[list(BAD)] = x[list(BAD)] @ [30.0, 1.0, -1.0] + 5  # against the slope that the others show
    return x, y


@pytest.fixture(scope="module")
def known(data):
    x, y = data
    densities = []
    for week in range(WEEKS):
        rest = np.arange(WEEKS) != week
        inverse = np.linalg.inv(x[rest].T @ x[rest])
        estimate = inverse @ x[rest].T @ y[rest]
        degrees = WEEKS - 1 - x.shape[1]
        variance = ((y[rest] - x[rest] @ estimate) ** 2).sum() / degrees
        scale = np.sqrt(variance * (1 + x[week] @ inverse @ x[week]))
        densities.append(scipy.stats.t.logpdf(y[week], degrees, x[week] @ estimate, scale))
    return np.array(densities)


class Exact(azs.SamplingWrapper):
    """Draws from the exact posterior of all weeks but those left out."""

    def __init__(self, x, y, tree):
        super().__init__(None, tree)
        self.x, self.y, self.calls = x, y, []

    def sel_observations(self, idx):
        week = int(idx)
        self.calls.append(week)
        return np.arange(WEEKS) != week, week

    def sample(self, modified_observed_data):
        kept = modified_observed_data
        return conjugate.fit(self.y[kept], self.x[kept], np.random.default_rng(1), draws=10_000)

    def get_inference_data(self, fitted_model):
        return fitted_model

    def log_likelihood__i(self, excluded_obs, idata__i):
        draws = idata__i["posterior"].to_dataset()
        mean = (draws["beta"] * xr.DataArray(self.x[excluded_obs], dims="column")).sum("column")
        density = scipy.stats.norm.logpdf(self.y[excluded_obs], mean, draws["sigma"])
        return draws["sigma"].copy(data=density)


@pytest.fixture(scope="module")
def tree(data):
    return conjugate.fit(data[1], data[0], np.random.default_rng(2), draws=1000)


@pytest.fixture(scope="module")
def loo(tree):
    return leave_one_out(tree)


@pytest.fixture(scope="module")
def refitted(data, tree, loo):
    refits = Exact(*data, tree)
    result = refit_unreliable_weeks(loo, refits)
    assert refits.calls == list(BAD)
    return result


def test_influential_weeks_need_a_refit(loo):
    weeks = loo.pareto_k["time"].values
    assert loo.elpd.good_k == pytest.approx(0.7)
    np.testing.assert_array_equal(loo.weeks_to_refit, weeks[list(BAD)])
    assert loo.unresolved == 2
    assert not loo.refitted.any()


def test_without_a_refit_they_are_wrong(loo, known):
    off = np.abs(loo.elpd.elpd_i.values - known)
    assert off[list(BAD)].max() > 1.5


def test_every_value_is_exact_after_the_refits(refitted, known):
    values = refitted.elpd.elpd_i.values
    # Five standard deviations out, 40,000 draws know a density to a third; the refit is off by
    # less than that, importance sampling by three.
    np.testing.assert_allclose(values[list(BAD)], known[list(BAD)], atol=0.6)
    np.testing.assert_allclose(np.delete(values, BAD), np.delete(known, BAD), atol=0.05)
    assert refitted.elpd.elpd == pytest.approx(values.sum())
    assert refitted.elpd.se == pytest.approx(np.sqrt(WEEKS) * values.std())
    assert refitted.unresolved == 0
    assert refitted.weeks_to_refit.size == 0


def test_the_estimate_before_the_refits_is_kept(refitted, loo):
    xr.testing.assert_identical(refitted.pareto_k, loo.pareto_k)
    assert list(np.flatnonzero(refitted.refitted.values)) == list(BAD)
    assert loo.unresolved == 2  # and the first result is left as it was


def test_every_value_is_written(refitted, loo):
    table = pointwise_table({"after": refitted, "before": loo})
    assert list(table.columns) == ["run", "date", "elpd", "pareto_k", "refitted"]
    assert list(table["run"].unique()) == ["after", "before"]
    after = table[table["run"] == "after"]
    np.testing.assert_array_equal(after["elpd"], refitted.elpd.elpd_i.values)
    assert pd.api.types.is_datetime64_dtype(after["date"])
    assert after["refitted"].sum() == 2
    assert (after["pareto_k"] > 0.7).sum() == 2
