"""Effectiveness over time, ROAS by quarter and change, against explicit loops."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
import xarray as xr
from builds import CHANNELS, Built

from mmm_bayes.estimands import effects_over_time, late_early_ratio
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.estimands.over_time import _period_starts
from mmm_bayes.model.counterfactual import abduct


@pytest.fixture(scope="module")
def built(build: Callable[..., Built]) -> Built:
    return build("time_varying", units=2)


def test_effects_over_time_are_the_loops(built: Built) -> None:
    counterfactual = abduct(built.model, built.design, built.draws)
    over_time = effects_over_time(counterfactual)
    paths = np.array([oracle.effect_walk(built, sample) for sample in built.samples])
    weeks = paths.shape[1]
    relative = np.array([[path[t] / np.mean(path, 0) for t in range(weeks)] for path in paths])
    np.testing.assert_allclose(
        over_time["effectiveness"].sel(statistic="mean"), relative.mean(0), rtol=1e-8
    )
    quarter = round(weeks / 4)
    change = [path[weeks - quarter :].mean(0) / path[:quarter].mean(0) for path in paths]
    np.testing.assert_allclose(
        over_time["change"].sel(statistic="mean"), np.mean(change, 0), rtol=1e-8
    )
    # 30 weeks: a first period of 17 and one of 13.
    assert list(over_time["roas"].shape) == [5, 2, len(CHANNELS)]
    spend = built.design.dataset.data["spend"].values.sum(1)
    for channel, effect in enumerate(weekly_effects(counterfactual)):
        for period, rows in enumerate((slice(0, 17), slice(17, 30))):
            returns = [draw[rows].sum() / spend[rows, channel].sum() for draw in effect["total"]]
            got = over_time["roas"].sel(statistic="mean")[period, channel]
            assert float(got) == pytest.approx(np.mean(returns), rel=1e-8)
    time = built.design.arrays["time"].values
    np.testing.assert_array_equal(over_time["begins"], time[[0, 17]])
    np.testing.assert_array_equal(over_time["ends"], time[[16, 29]])


def test_a_model_with_constant_effects_has_no_effects_over_time(
    build: Callable[..., Built],
) -> None:
    built = build("partial_mediation")
    assert not effects_over_time(abduct(built.model, built.design, built.draws))


@pytest.mark.parametrize(
    "weeks, length, begins",
    [(26, 13, [0, 13]), (27, 13, [0, 14]), (10, 13, [0]), (24, 3, [*range(0, 24, 3)])],
)
def test_periods_end_with_the_table(weeks: int, length: int, begins: list[int]) -> None:
    assert _period_starts(weeks, length).tolist() == begins


def test_late_early_ratio_by_hand() -> None:
    path = xr.DataArray([2.0, 4.0, 1.0, 1.0, 1.0, 1.0, 9.0, 3.0], dims="time")
    assert float(late_early_ratio(path)) == 2.0
