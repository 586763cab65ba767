"""Means and intervals of labelled draws are those of NumPy."""

import math

import numpy as np
import xarray as xr

from mmm_bayes.estimands.intervals import (
    all_units,
    interval,
    mean_and_ends,
    predictive_intervals,
    share_inside,
    sum_units,
    summary_of,
)


def test_intervals_are_equal_tailed_quantiles(panel):
    draws = panel.replicated.sum("unit")
    flat = draws.transpose("chain", "draw", "time").values.reshape(-1, draws.sizes["time"])
    intervals = predictive_intervals(draws)
    for inside, quantiles in ((0.9, (0.05, 0.95)), (0.5, (0.25, 0.75))):
        expected = np.quantile(flat, quantiles, axis=0)
        np.testing.assert_allclose(intervals.sel(inside=inside), expected)
        np.testing.assert_allclose(interval(draws, inside), expected)
    weeks = panel.observed.sum("unit")
    low, high = np.quantile(flat, (0.05, 0.95), axis=0)
    assert share_inside(weeks, intervals) == np.mean((low <= weeks) & (weeks <= high))


def test_infinite_draws_have_finite_or_huge_ends():
    draws = xr.DataArray([[1.0, 2.0, np.inf]], dims=("chain", "draw"))
    assert np.isfinite(interval(draws, 0.5)).all()


def test_the_mean_comes_with_its_interval(panel):
    draws = panel.effects_draws()["total"]
    summary = mean_and_ends(draws)
    assert list(summary["statistic"].values) == ["mean", "lower", "upper"]
    np.testing.assert_allclose(summary.sel(statistic="mean"), draws.mean(("chain", "draw")))
    one = summary_of(draws.sel(unit="north", channel="tv").values)
    np.testing.assert_allclose(
        summary.sel(unit="north", channel="tv"), [one.mean, one.lower, one.upper]
    )


def test_a_quantity_that_is_not_finite_does_not_exist():
    assert math.isnan(summary_of(np.array([1.0, np.nan])).mean)


def test_the_sum_of_a_panel_is_its_unit_all(panel):
    draws = panel.effects_draws()["total"]
    units = draws.sel(unit=["north", "south", "west"])
    np.testing.assert_allclose(all_units(draws), sum_units(units))
    without_units = draws.isel(unit=0, drop=True)
    assert sum_units(without_units) is all_units(without_units) is without_units
