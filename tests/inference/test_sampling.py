"""Draws: independent of what was compiled and of the cores; all that were asked for, or none."""

import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from builds import dataset

from mmm_bayes.data.design import make_design
from mmm_bayes.errors import InputError
from mmm_bayes.inference.sampling import (
    Settings,
    check_draws,
    check_settings,
    compile_model,
    sample,
    to_unconstrained,
)
from mmm_bayes.model.family import load_member

SETTINGS = Settings(draws=100, tune=100, chains=2, seed=5)


def largest_difference(first_tree: xr.DataTree, second_tree: xr.DataTree) -> float:
    first, second = first_tree["posterior"].to_dataset(), second_tree["posterior"].to_dataset()
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)


@pytest.mark.slow
def test_draws_do_not_depend_on_what_was_compiled_or_on_cores(tmp_path: Path) -> None:
    data = dataset(tmp_path, mediators=None)
    first, second = make_design(data, weeks=slice(0, 26)), make_design(data, weeks=slice(4, 30))
    elsewhere = compile_model(load_member("no_mediation"), first)
    draws = sample(elsewhere, second, SETTINGS)
    assert largest_difference(draws, sample(elsewhere, first, SETTINGS)) > 0.1
    assert largest_difference(draws, sample(elsewhere, second, SETTINGS, cores=1)) == 0
    at_home = compile_model(load_member("no_mediation"), second)
    assert largest_difference(draws, sample(at_home, second, SETTINGS)) == 0

    posterior = draws["posterior"].to_dataset()
    points = to_unconstrained(at_home, posterior)
    assert points.shape == (200, at_home.sampler.n_dim)
    flat = {name: values.values.reshape(200, -1) for name, values in posterior.items()}
    alpha, sigma = flat["adstock_alpha"], flat["sigma"]
    columns = iter(points.T)
    for name in at_home.free:
        width = flat[name].shape[1]
        block = np.stack([next(columns) for _ in range(width)], axis=1)
        if name == "adstock_alpha":
            np.testing.assert_allclose(block, np.log(alpha / (1 - alpha)), rtol=1e-6)
        if name == "sigma":
            np.testing.assert_allclose(block, np.log(sigma), rtol=1e-6)
        if name in ("intercept", "log_beta"):
            np.testing.assert_allclose(block, flat[name])


def test_draws_that_are_missing_or_not_finite_are_refused() -> None:
    whole = xr.Dataset({"beta": (("chain", "draw"), np.ones((2, 100)))})
    check_draws(whole, SETTINGS)
    padded = whole.copy(deep=True)
    padded["beta"][1, 60:] = np.nan
    with pytest.raises(InputError, match=r"2 x 100 draws .* \(draws of beta are not finite\)"):
        check_draws(padded, SETTINGS)
    with pytest.raises(InputError, match=r"there are 2 x 60"):
        check_draws(whole.isel(draw=slice(60)), SETTINGS)
    with pytest.raises(InputError, match=r"there are 1 x 100"):
        check_draws(whole.isel(chain=[0]), SETTINGS)


@pytest.mark.parametrize("seed", [-1, 10**20])
def test_an_impossible_seed_is_refused(seed: int) -> None:
    with pytest.raises(InputError, match=f"--seed {seed} is not between 0 and"):
        check_settings(Settings(seed=seed))


@pytest.mark.slow
def test_a_stopped_sampler_returns_nothing(tmp_path: Path) -> None:
    """Ctrl-C while nutpie samples: no draws come back that were never made."""
    data = dataset(tmp_path, mediators=None)
    arranged = make_design(data)
    compiled = compile_model(load_member("no_mediation"), arranged)
    timer = threading.Timer(2.0, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        sample(compiled, arranged, Settings(draws=2_000_000, tune=100, chains=2))
    timer.join()
