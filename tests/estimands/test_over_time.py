"""The course of an effect, its return by quarter and its change, against loops."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
import xarray as xr
from builds import CHANNELS, Built

from mmm_bayes.counterfactual import world
from mmm_bayes.estimands import late_over_early, over_time
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.estimands.over_time import _begins


@pytest.fixture(scope="module")
def built(build: Callable[..., Built]) -> Built:
    return build("time_varying", units=2)


def test_it_is_what_loops_make_of_the_draws(built: Built) -> None:
    seen = world(built.model, built.design, built.draws)
    found = over_time(seen)
    paths = np.array([oracle.walked(built, sample) for sample in built.samples])
    weeks = paths.shape[1]
    relative = np.array([[path[t] / np.mean(path, 0) for t in range(weeks)] for path in paths])
    np.testing.assert_allclose(
        found["effectiveness"].sel(statistic="mean"), relative.mean(0), rtol=1e-8
    )
    quarter = round(weeks / 4)
    change = [path[weeks - quarter :].mean(0) / path[:quarter].mean(0) for path in paths]
    np.testing.assert_allclose(found["change"].sel(statistic="mean"), np.mean(change, 0), rtol=1e-8)
    # 30 weeks: a first period of 17 and one of 13.
    assert list(found["roas"].shape) == [5, 2, len(CHANNELS)]
    spend = built.design.dataset.data["spend"].values.sum(1)
    for at, effect in enumerate(weekly_effects(seen)):
        for period, rows in enumerate((slice(0, 17), slice(17, 30))):
            returns = [one[rows].sum() / spend[rows, at].sum() for one in effect["total"]]
            got = found["roas"].sel(statistic="mean")[period, at]
            assert float(got) == pytest.approx(np.mean(returns), rel=1e-8)
    time = built.design.arrays["time"].values
    np.testing.assert_array_equal(found["begins"], time[[0, 17]])
    np.testing.assert_array_equal(found["ends"], time[[16, 29]])


def test_a_constant_model_has_none(build: Callable[..., Built]) -> None:
    built = build("partial_mediation")
    assert not over_time(world(built.model, built.design, built.draws))


@pytest.mark.parametrize(
    "weeks, step, begins",
    [(26, 7, [0, 13]), (27, 7, [0, 14]), (10, 7, [0]), (24, 30, [*range(0, 24, 3)])],
)
def test_periods_end_with_the_table(weeks: int, step: int, begins: list[int]) -> None:
    assert _begins(weeks, step).tolist() == begins


def test_late_over_early_by_hand() -> None:
    path = xr.DataArray([2.0, 4.0, 1.0, 1.0, 1.0, 1.0, 9.0, 3.0], dims="time")
    assert float(late_over_early(path)) == 2.0
