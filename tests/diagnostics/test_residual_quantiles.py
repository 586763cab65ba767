"""Residuals of replicated tables, standardised and ordered."""

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.residual_quantiles import (
    mean_autocorrelation,
    residual_quantiles,
    standardise,
)


def test_residuals_stand_against_those_of_replicated_tables():
    rng = np.random.default_rng(0)
    residuals = standardise(rng.normal(size=(50, 40, 1)))
    np.testing.assert_allclose((residuals**2).mean(1), 1)
    quantiles = residual_quantiles(residuals[0], residuals)
    np.testing.assert_allclose(quantiles["observed"], np.sort(residuals[0].ravel()))
    ordered = np.sort(residuals[..., 0], axis=1)
    lower, median, upper = np.quantile(ordered, [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_allclose(quantiles["lower"], lower)
    np.testing.assert_allclose(quantiles["median"], median)
    np.testing.assert_allclose(quantiles["upper"], upper)


def test_residuals_of_weeks_at_a_floor_are_left_out():
    rng = np.random.default_rng(0)
    gaps = np.where(rng.random((50, 40, 1)) < 0.2, np.nan, rng.normal(size=(50, 40, 1)))
    residuals = standardise(gaps)
    np.testing.assert_allclose(np.nanmean(residuals**2, axis=1), 1)
    quantiles = residual_quantiles(residuals[0], residuals)
    present = residuals[0][~np.isnan(residuals[0])]
    np.testing.assert_allclose(quantiles["observed"], np.sort(present))
    assert np.isfinite(quantiles["median"]).all()


def test_replicated_tables_without_any_residual_are_left_out():
    rng = np.random.default_rng(0)
    residuals = standardise(rng.normal(size=(50, 40, 1)))
    empty = np.full((3, 40, 1), np.nan)
    expected = residual_quantiles(residuals[0], residuals)
    with_empty = residual_quantiles(residuals[0], np.concatenate([residuals, empty]))
    np.testing.assert_array_equal(with_empty, expected)
    nothing = residual_quantiles(residuals[0], empty)
    np.testing.assert_array_equal(nothing["observed"], expected["observed"])
    assert nothing[["lower", "median", "upper"]].isna().all(axis=None)


def test_the_autocorrelation_of_a_panel_is_the_mean_over_its_units():
    acf = xr.DataArray([[1.0, 1.0], [0.4, 0.2]], dims=("lag", "unit"), coords={"lag": [0, 1]})
    mean, half_width = mean_autocorrelation(acf, xr.DataArray([0.2, 0.2], dims="unit"))
    np.testing.assert_allclose(mean, [0.3])
    assert list(mean["lag"].values) == [1]
    np.testing.assert_allclose(half_width, 0.2 / np.sqrt(2))
