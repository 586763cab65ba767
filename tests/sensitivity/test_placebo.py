"""Placebo designs, and the checks of their intervals."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builds import MAX_LAG, WEEKS, Built, dataset
from scipy import stats

from mmm_bayes.data.design import make_design
from mmm_bayes.model.family import load_member
from mmm_bayes.sensitivity.placebo import placebo_checks, placebo_design, plan_placebos
from mmm_bayes.sensitivity.sign_free import sign_free_design

Build = Callable[..., Built]


def test_a_placebo_is_one_more_channel_with_a_shifted_history(build: Build) -> None:
    real = build("partial_mediation").design
    design = placebo_design(real, "tv", 7)
    assert design.dataset.channels == (*real.dataset.channels, "placebo")
    assert design.causes == (*real.causes, "placebo")
    spend, original = design.dataset.data["spend"], real.dataset.data["spend"]
    shifted = spend.sel(channel="placebo").values[:, 0]
    for week in range(WEEKS):
        assert shifted[(week + 7) % WEEKS] == original.sel(channel="tv").values[week, 0]
    for name in real.dataset.channels:
        np.testing.assert_array_equal(spend.sel(channel=name), original.sel(channel=name))
        np.testing.assert_array_equal(
            design.arrays["exposure_lags"].sel(channel=name),
            real.arrays["exposure_lags"].sel(channel=name),
        )
    np.testing.assert_array_equal(
        design.arrays["outcome_observed"], real.arrays["outcome_observed"]
    )


def test_a_placebo_mediator_is_shifted_and_the_channels_are_not(build: Build) -> None:
    real = build("partial_mediation").design
    design = placebo_design(real, "search", 9, mediator=True)
    shifted = np.roll(real.arrays["mediator_observed"].values[:, 0], 9)
    np.testing.assert_array_equal(design.arrays["mediator_observed"].values[:, 0], shifted)
    np.testing.assert_array_equal(
        design.arrays["exposure_lags"].sel(channel="video"),
        real.arrays["exposure_lags"].sel(channel="video"),
    )


def test_its_effects_are_sign_free(build: Build) -> None:
    design = placebo_design(build("partial_mediation").design, "tv", 7)
    model = load_member("partial_mediation").build(design)
    names = {rv.name: rv.owner.op.name for rv in model.free_RVs}
    assert names["beta"] == names["gamma"] == "normal"
    real = build("partial_mediation").model
    names = {rv.name: rv.owner.op.name for rv in real.free_RVs}
    assert "beta" not in names
    assert "log_beta" in names
    assert names["gamma"] == "normal"


def test_shifts_keep_away_from_the_real_history(build: Build) -> None:
    real = build("partial_mediation").design
    placebos = plan_placebos(real, 3, np.random.default_rng(1), mediated=True)
    assert [source for _, source, _ in placebos] == [
        name for name in (*real.dataset.channels, "search") for _ in range(3)
    ]
    assert [kind for kind, _, _ in placebos[-3:]] == ["mediator"] * 3
    smallest = 2 * MAX_LAG
    assert all(smallest <= shift <= WEEKS - smallest for _, _, shift in placebos)
    placebos = plan_placebos(real, 3, np.random.default_rng(1), mediated=False)
    assert {kind for kind, _, _ in placebos} == {"channel"}


def rows(held: list[bool], kind: str = "channel", together: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": kind,
            "source": "tv",
            "shift": [row // together for row in range(len(held))],
            "contains_zero": held,
        }
    )


@pytest.mark.parametrize("missed, status", [(0, "pass"), (4, "pass"), (5, "warn"), (8, "fail")])
def test_more_misses_than_expected_by_chance_warn(missed: int, status: str) -> None:
    (check,) = placebo_checks(rows([False] * missed + [True] * (20 - missed)))
    assert check.status == status
    assert check.value == pytest.approx(stats.binom(20, 0.1).sf(missed - 1))
    assert f"{20 - missed} of 20" in check.message


def test_intervals_of_one_fit_count_once() -> None:
    """Three causes of one shifted mediator that all miss are one failed fit, not three."""
    (check,) = placebo_checks(rows([False] * 3 + [True] * 6, "mediator", together=3))
    assert check.value == pytest.approx(stats.binom(3, 1 - 0.9**3).sf(0))
    assert check.status == "pass"


@pytest.mark.parametrize("name", ["beta", "media_share"])
def test_priors_of_contributions_in_the_description_are_ignored(tmp_path: Path, name: str) -> None:
    own = {"dist": "HalfNormal", "sigma": 0.1}
    channels = {
        "social": {"spend": "social_spend", "priors": {"roas": own, "saturation_slope": own}},
        "video": {"spend": "video_spend", "priors": {"sign": "positive"}},
        "search": {"spend": "search_spend"},
    }
    real = make_design(dataset(tmp_path, priors={name: own, "sigma": own}, channels=channels))
    free = sign_free_design(real)
    assert list(free.dataset.description.priors) == ["sigma"]
    stated = {
        channel: described.priors.model_dump(exclude_none=True)
        for channel, described in free.dataset.description.channels.items()
    }
    assert stated == {"social": {"saturation_slope": own}, "video": {}, "search": {}}
    assert free.form.sign == "free"
    assert real.form.sign == "positive"
    np.testing.assert_array_equal(free.arrays["exposure_lags"], real.arrays["exposure_lags"])
