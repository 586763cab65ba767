"""The table of the parameters, against ArviZ on one scalar at a time."""

import arviz_stats as azs
import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics.parameters import parameter_table, scalar_draws


def test_every_free_scalar_has_a_row(mediated):
    posterior = mediated.posterior_tree()["posterior"].to_dataset()
    table = parameter_table(posterior)
    # Five of each of four channels, the media's share, and those of the mediator and the rest.
    assert len(table) == 5 * 4 + 1 + 2 + 1 + 1 + 2 + 2
    assert table["r_hat"].is_monotonic_decreasing
    row = table.set_index(["variable", "where"]).loc[("beta", "tv")]
    draws = posterior["beta"].sel(channel="tv")
    expected = {
        "mean": draws.mean(), "sd": draws.std(), "lower": draws.quantile(0.05),
        "upper": draws.quantile(0.95), "r_hat": azs.rhat(draws),
        "ess_bulk": azs.ess(draws, method="bulk"),
        "ess_tail": azs.ess(draws, method="tail", prob=0.9),
    }  # fmt: skip
    for name, value in expected.items():
        assert row[name] == pytest.approx(float(value)), name


def test_fixed_scalars_have_no_row(mediated):
    posterior = mediated.posterior_tree()["posterior"].to_dataset()[["beta", "sigma"]]
    fixed = posterior.assign(beta=posterior["beta"].where(posterior["channel"] != "tv", 0.0))
    assert set(parameter_table(fixed)["where"]) == {"facebook", "tiktok", "google", ""}
    gone = posterior.assign(beta=0 * posterior["beta"])
    assert list(parameter_table(gone)["variable"]) == ["sigma"]


def test_huge_draws_do_not_overflow(mediated):
    """Those of a sampler that wandered off; a power of two keeps every digit."""
    posterior = mediated.posterior_tree()["posterior"].to_dataset()[["beta"]]
    scale = 2.0**600
    usual, huge = parameter_table(posterior), parameter_table(posterior * scale)
    for column in ("mean", "sd", "lower", "upper"):
        np.testing.assert_allclose(huge[column], usual[column] * scale, rtol=1e-12)
    for column in ("variable", "where", "r_hat", "ess_bulk", "ess_tail"):
        assert huge[column].tolist() == usual[column].tolist()


def test_scalars_are_named_by_their_labels():
    values = xr.DataArray(
        np.arange(16.0).reshape(2, 2, 2, 2), dims=("unit", "chain", "draw", "channel"),
        coords={"unit": ["north", "south"], "channel": ["tv", "radio"]},
    )  # fmt: skip
    scalars = scalar_draws(values)
    assert list(scalars["where"].values) == [
        "north, tv", "north, radio", "south, tv", "south, radio",
    ]  # fmt: skip
    np.testing.assert_array_equal(
        scalars.sel(where="south, tv"), values.sel(unit="south", channel="tv")
    )
