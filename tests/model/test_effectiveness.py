"""Random walk of effectiveness: continuous, centred, and less certain further ahead."""

from collections.abc import Callable

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from builds import CHANNELS, WEEKS, Built

from mmm_bayes.data.design import arrange, data_names
from mmm_bayes.model.evaluation import graph_function

STEPS, AHEAD, DRAWS = 8, 6, 4000
FIRST = 17  # weeks of the fit; those after it reach beyond the grid


@pytest.fixture(scope="module")
def built(build: Callable[..., Built]) -> Built:
    return build("time_varying", weeks=(0, FIRST))


def walks(built: Built, drift: float, own_drift: float) -> np.ndarray:
    """Log effectiveness in all weeks of the table, drawn from the prior (draw, time, channel)."""
    rng = np.random.default_rng(1)
    grid = STEPS + AHEAD
    draws = xr.Dataset(
        {
            "effectiveness_step": (
                ("chain", "draw", "s"),
                rng.normal(0, drift, (1, DRAWS, grid)),
            ),
            "effectiveness_own_step": (
                ("chain", "draw", "c", "s"),
                rng.normal(0, own_drift, (1, DRAWS, len(CHANNELS), grid)),
            ),
        }
    )
    design = arrange(built.design.dataset, built.design.form, built.design.scaling)
    data = {name: design.arrays[name].values for name in data_names(design)}
    path = graph_function(built.model, inputs=list(map(str, draws)), outputs=["effectiveness"])
    return np.log(path(draws, data)["effectiveness"])


def test_a_walk_is_centred_over_the_fitted_weeks_and_has_the_stated_spread(built: Built) -> None:
    path = walks(built, 0.5, 0.0)
    assert path.shape == (DRAWS, WEEKS, len(CHANNELS))
    np.testing.assert_allclose(path[..., :1], path[..., 1:2], atol=1e-12)  # one for all channels
    within = path[:, :FIRST, 0]
    # A knot in every other week: the trapezoid over the weeks is the integral over the walk.
    mean = (within[:, 1:] + within[:, :-1]).mean(1) / 2
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    change = within[:, -1] - within[:, 0]
    assert change.std() == pytest.approx(0.5, rel=0.05)


def test_a_channels_own_walk_is_its_own(built: Built) -> None:
    path = walks(built, 0.3, 0.4)
    change = path[:, FIRST - 1] - path[:, 0]
    correlation = np.corrcoef(change.T)
    off_diagonal = ~np.eye(len(CHANNELS), dtype=bool)
    np.testing.assert_allclose(change.std(0), 0.5, rtol=0.05)
    np.testing.assert_allclose(correlation[off_diagonal], 0.3**2 / 0.5**2, atol=0.06)


def test_a_forecast_starts_from_the_last_level_with_growing_uncertainty(built: Built) -> None:
    path = walks(built, 0.5, 0.0)[..., 0]
    last = path[:, FIRST - 1]
    for ahead in range(1, AHEAD + 1):  # a step takes two weeks
        week = FIRST - 1 + 2 * ahead
        change = path[:, week] - last
        assert change.mean() == pytest.approx(0, abs=0.03)
        assert change.std() == pytest.approx(0.5 * np.sqrt(ahead / STEPS), rel=0.05)
        # What comes does not depend on what was.
        assert abs(np.corrcoef(change, last - path[:, 0])[0, 1]) < 0.06
    end = FIRST - 1 + 2 * AHEAD
    np.testing.assert_array_equal(path[:, end:], np.repeat(path[:, [end]], WEEKS - end, 1))


def test_the_prior_expects_small_changes_and_allows_a_fall_to_a_half(built: Built) -> None:
    path = np.log(pm.draw(built.model["effectiveness"], 2000, random_seed=1, mode="FAST_COMPILE"))
    change = path[:, -1, 0] - path[:, 0, 0]
    assert 0.15 < np.median(np.abs(change)) < 0.45
    assert 0.03 < (change < np.log(0.5)).mean() < 0.20
