"""Pooling factors in cases with a known degree of pooling."""

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.estimands import pooling_factors
from mmm_bayes.estimands.units import extreme_units

RNG = np.random.default_rng(7)


def draws(offset: np.ndarray, spread: float = 0.5) -> xr.Dataset:
    """Draws (chain, draw, unit, channel) of offsets with a fixed spread."""
    return xr.Dataset(
        {
            "beta_offset": (("chain", "draw", "unit", "channel"), offset),
            "beta_spread": (("chain", "draw"), np.full(offset.shape[:2], spread)),
        }
    )


def test_units_with_prior_draws_are_completely_pooled() -> None:
    factors = pooling_factors(draws(RNG.standard_normal((4, 1000, 6, 2))))
    np.testing.assert_allclose(factors["beta"], 1.0, atol=0.01)


def test_exactly_known_units_are_not_pooled() -> None:
    offset = np.broadcast_to(RNG.standard_normal((6, 2)), (4, 1000, 6, 2))
    np.testing.assert_allclose(pooling_factors(draws(offset))["beta"], 0.0, atol=1e-12)


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_pooling_is_the_shrinkage_of_a_normal_model(noise: float) -> None:
    """With units' means known up to normal noise, shrinkage is n² / (1 + n²)."""
    units, number = 400, 500
    truth = RNG.standard_normal(units)
    estimate = truth + noise * RNG.standard_normal(units)
    weight = 1 / (1 + noise**2)
    sd = noise * np.sqrt(weight)
    posterior = weight * estimate + sd * RNG.standard_normal((4, number, units))
    factor = float(pooling_factors(draws(posterior[..., None]))["beta"].item())
    assert factor == pytest.approx(1 - weight, abs=0.05)


def test_a_model_without_pooling_has_none() -> None:
    assert not pooling_factors(xr.Dataset({"beta": ("channel", [0.1])}))


def test_the_extreme_units_are_named_with_the_probability_that_they_differ() -> None:
    values = RNG.standard_normal((2, 500, 3)) + np.array([1.0, 3.0, 0.5])
    effect = xr.DataArray(
        values, dims=("chain", "draw", "unit"), coords={"unit": ["north", "south", "west"]}
    )
    low, high, larger = extreme_units(effect)
    assert (low, high) == ("west", "south")
    assert larger == (values[..., 1] > values[..., 2]).mean()
