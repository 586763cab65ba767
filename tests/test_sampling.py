"""The draws of a design are its own, whatever the model was compiled on and wherever it runs."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from builds import dataset

from mmm_bayes.design import design
from mmm_bayes.family import member
from mmm_bayes.sampling import Settings, compile_model, sample, unconstrained

SETTINGS = Settings(draws=100, tune=100, chains=2, seed=5)


def largest_difference(one: xr.DataTree, other: xr.DataTree) -> float:
    first, second = one["posterior"].to_dataset(), other["posterior"].to_dataset()
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)


@pytest.mark.slow
def test_draws_do_not_depend_on_what_was_compiled_or_on_cores(tmp_path: Path) -> None:
    data = dataset(tmp_path, mediation=None)
    first, second = design(data, weeks=slice(0, 26)), design(data, weeks=slice(4, 30))
    elsewhere = compile_model(member("direct"), first)
    draws = sample(elsewhere, second, SETTINGS)
    assert largest_difference(draws, sample(elsewhere, first, SETTINGS)) > 0.1
    assert largest_difference(draws, sample(elsewhere, second, SETTINGS, cores=1)) == 0
    at_home = compile_model(member("direct"), second)
    assert largest_difference(draws, sample(at_home, second, SETTINGS)) == 0

    posterior = draws["posterior"].to_dataset()
    points = unconstrained(at_home, posterior)
    assert points.shape == (200, at_home.sampler.n_dim)
    moved = {name: values.values.reshape(200, -1) for name, values in posterior.items()}
    alpha, beta = moved["adstock_alpha"], moved["beta"]
    columns = iter(points.T)
    for name in at_home.free:
        width = moved[name].shape[1]
        block = np.stack([next(columns) for _ in range(width)], axis=1)
        if name == "adstock_alpha":
            np.testing.assert_allclose(block, np.log(alpha / (1 - alpha)), rtol=1e-6)
        if name == "beta":
            np.testing.assert_allclose(block, np.log(beta), rtol=1e-6)
        if name == "intercept":
            np.testing.assert_allclose(block, moved[name])
