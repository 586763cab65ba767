"""Pooling factors where it is known how far units are pooled."""

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.estimands import pooling_factors

RNG = np.random.default_rng(7)


def draws(offset: np.ndarray, spread: float = 0.5) -> xr.Dataset:
    """Draws (chain, draw, unit, channel) of offsets with a fixed spread."""
    return xr.Dataset(
        {
            "beta_offset": (("chain", "draw", "unit", "channel"), offset),
            "beta_spread": (("chain", "draw"), np.full(offset.shape[:2], spread)),
        }
    )


def test_units_that_are_the_priors_alone_are_wholly_pooled() -> None:
    found = pooling_factors(draws(RNG.standard_normal((4, 1000, 6, 2))))
    np.testing.assert_allclose(found["beta"], 1.0, atol=0.01)


def test_units_that_are_known_exactly_are_not_pooled() -> None:
    offset = np.broadcast_to(RNG.standard_normal((6, 2)), (4, 1000, 6, 2))
    np.testing.assert_allclose(pooling_factors(draws(offset))["beta"], 0.0, atol=1e-12)


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_it_is_the_shrinkage_of_a_normal_model(noise: float) -> None:
    """Units' means known up to normal noise: each is drawn to the typical one by n² / (1 + n²)."""
    units, number = 400, 500
    truth = RNG.standard_normal(units)
    estimate = truth + noise * RNG.standard_normal(units)
    left = 1 / (1 + noise**2)
    sd = noise * np.sqrt(left)
    posterior = left * estimate + sd * RNG.standard_normal((4, number, units))
    found = float(pooling_factors(draws(posterior[..., None]))["beta"].item())
    assert found == pytest.approx(1 - left, abs=0.05)


def test_a_model_without_pooling_has_none() -> None:
    assert not pooling_factors(xr.Dataset({"beta": ("channel", [0.1])}))
