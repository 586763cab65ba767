"""Placebos: how they are made, and how their intervals are judged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builds import MAX_LAG, WEEKS, Built, dataset
from scipy import stats

from mmm_bayes.design import design
from mmm_bayes.family import member
from mmm_bayes.sensitivity.free import sign_free
from mmm_bayes.sensitivity.placebo import placebo_checks, placebo_design, plan

Build = Callable[..., Built]


def test_a_placebo_is_one_more_channel_with_a_history_moved_in_time(build: Build) -> None:
    real = build("partial_mediation").design
    made = placebo_design(real, "tv", 7)
    assert made.dataset.channels == (*real.dataset.channels, "placebo")
    assert made.causes == (*real.causes, "placebo")
    spend, before = made.dataset.data["spend"], real.dataset.data["spend"]
    moved = spend.sel(channel="placebo").values[:, 0]
    for week in range(WEEKS):
        assert moved[(week + 7) % WEEKS] == before.sel(channel="tv").values[week, 0]
    for name in real.dataset.channels:
        np.testing.assert_array_equal(spend.sel(channel=name), before.sel(channel=name))
        np.testing.assert_array_equal(
            made.arrays["exposure_lags"].sel(channel=name),
            real.arrays["exposure_lags"].sel(channel=name),
        )
    np.testing.assert_array_equal(made.arrays["outcome_observed"], real.arrays["outcome_observed"])


def test_a_placebo_mediator_is_moved_and_all_else_stays(build: Build) -> None:
    real = build("partial_mediation").design
    made = placebo_design(real, "search", 9, mediator=True)
    before = real.arrays["mediator_observed"].values[:, 0]
    np.testing.assert_array_equal(made.arrays["mediator_observed"].values[:, 0], np.roll(before, 9))
    np.testing.assert_array_equal(
        made.arrays["exposure_lags"].sel(channel="video"),
        real.arrays["exposure_lags"].sel(channel="video"),
    )


def test_its_effects_are_sign_free(build: Build) -> None:
    made = placebo_design(build("partial_mediation").design, "tv", 7)
    model = member("partial_mediation").build(made)
    names = {rv.name: rv.owner.op.name for rv in model.free_RVs}
    assert names["beta"] == names["gamma"] == "normal"
    assert build("partial_mediation").model["beta"].owner.op.name == "halfnormal"


def test_shifts_keep_away_from_the_real_history(build: Build) -> None:
    real = build("partial_mediation").design
    made = plan(real, 3, np.random.default_rng(1), mediated=True)
    assert [source for _, source, _ in made] == [
        name for name in (*real.dataset.channels, "search") for _ in range(3)
    ]
    assert [kind for kind, _, _ in made[-3:]] == ["mediator"] * 3
    least = 2 * MAX_LAG
    assert all(least <= shift <= WEEKS - least for _, _, shift in made)
    assert {kind for kind, _, _ in plan(real, 3, np.random.default_rng(1), mediated=False)} == {
        "channel"
    }


def rows(held: list[bool], kind: str = "channel", together: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": kind,
            "source": "tv",
            "shift": [at // together for at in range(len(held))],
            "contains_zero": held,
        }
    )


@pytest.mark.parametrize("missed, status", [(0, "pass"), (4, "pass"), (5, "warn"), (8, "fail")])
def test_more_misses_than_chance_explains_are_told(missed: int, status: str) -> None:
    (check,) = placebo_checks(rows([False] * missed + [True] * (20 - missed)))
    assert check.status == status
    assert check.value == pytest.approx(stats.binom(20, 0.1).sf(missed - 1))
    assert f"{20 - missed} of 20" in check.says


def test_intervals_of_one_fit_count_once() -> None:
    """Three causes of one moved mediator that all miss are one fit that failed, not three."""
    (check,) = placebo_checks(rows([False] * 3 + [True] * 6, "mediator", together=3))
    assert check.value == pytest.approx(stats.binom(3, 1 - 0.9**3).sf(0))
    assert check.status == "pass"


def test_a_prior_of_ones_own_on_beta_is_set_aside(tmp_path: Path) -> None:
    own = {"dist": "HalfNormal", "sigma": 0.1}
    real = design(dataset(tmp_path, priors={"beta": own, "sigma": own}))
    free = sign_free(real)
    assert list(free.dataset.description.priors) == ["sigma"]
    assert free.form.sign == "free"
    assert real.form.sign == "positive"
    np.testing.assert_array_equal(free.arrays["exposure_lags"], real.arrays["exposure_lags"])
