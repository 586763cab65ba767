"""Changes with new weeks: posteriors that share data, and tables that cannot be a refresh."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from builds import CHANNELS, Built, dataset, description, table, write

from mmm_bayes.data import load
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import joint_effect, summed_effects
from mmm_bayes.inference.refresh import (
    _revision_note,
    _shared_weeks,
    _with_joint,
    change_sentences,
    change_table,
)
from mmm_bayes.model.counterfactual import abduct

WEEKS, MORE, MARKETS = 100, 20, 400


def posteriors(shift: float, seed: int = 1) -> tuple[dict, dict]:
    """Exact posteriors of a normal mean given the first weeks, and given all, in many markets.

    A market is a channel here. The new weeks' mean is off by `shift` standard deviations of a week.
    """
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, MARKETS)  # from the prior
    weekly = truth + rng.normal(0, 2, (WEEKS + MORE, MARKETS))
    weekly[WEEKS:] += 2 * shift
    results = []
    for number in (WEEKS, WEEKS + MORE):
        variance = 1 / (1 + number / 4)
        mean = variance * weekly[:number].sum(0) / 4
        draws = mean + np.sqrt(variance) * rng.normal(size=(4, 1000, 1, MARKETS))
        results.append(
            xr.DataArray(
                draws,
                dims=("chain", "draw", "unit", "channel"),
                coords={"unit": ["all"], "channel": [f"c{market}" for market in range(MARKETS)]},
            )
        )
    return {"total": results[0]}, {"total": results[1]}


def test_changes_of_an_unchanged_market_have_the_variance_removed() -> None:
    changes = change_table(*posteriors(0.0), old_weeks=WEEKS, new_weeks=MORE)
    step = changes["change"] / changes["change_sd"]
    assert len(step) == MARKETS
    assert step.std() == pytest.approx(1.0, abs=0.1)
    assert step.mean() == pytest.approx(0.0, abs=0.15)
    # Variances that were added would make the same steps look like nothing.
    added = np.hypot(changes["before_sd"], changes["after_sd"])
    assert (changes["change"] / added).std() < 0.5
    assert changes["surprising"].sum() <= 1
    if not changes["surprising"].any():
        assert "None of 400 estimates changed more" in change_sentences(changes)[0]


def test_a_market_that_changed_is_found() -> None:
    changes = change_table(*posteriors(1.5), old_weeks=WEEKS, new_weeks=MORE)
    assert changes["surprising"].mean() > 0.9
    assert "more than new weeks of the same market should change it" in change_sentences(changes)[0]


def test_effects_that_are_zero_by_construction_have_no_row() -> None:
    before, after = posteriors(0.0)
    nothing = xr.zeros_like(before["total"])
    changes = change_table(
        before | {"indirect": nothing}, after | {"indirect": nothing}, old_weeks=1, new_weeks=1
    )
    assert set(changes["estimand"]) == {"total"}


def test_all_media_together_are_one_more_total(build: Callable[..., Built]) -> None:
    """In a panel with mediation it is the sum of the direct effects, in each unit and in all."""
    built = build("partial_mediation", units=2)
    fitted = abduct(built.model, built.design, built.draws)
    channels = summed_effects(fitted)
    effects = _with_joint(channels, joint_effect(fitted))
    assert effects["total"]["channel"].values.tolist() == [*CHANNELS, "all_media"]
    joint = effects["total"].sel(channel="all_media")
    np.testing.assert_allclose(joint, channels["direct"].sum("channel"))
    assert effects["direct"]["channel"].values.tolist() == list(CHANNELS)
    moved = {name: values + 1e6 for name, values in effects.items()}
    table = change_table(effects, moved, old_weeks=WEEKS, new_weeks=MORE)
    rows = table[table["channel"] == "all_media"]
    assert rows["estimand"].tolist() == ["total"] * 3
    assert rows["unit"].tolist() == ["r0", "r1", "all"]
    np.testing.assert_allclose(rows["before"], joint.mean(("chain", "draw")))
    np.testing.assert_allclose(rows["change"], 1e6)
    (sentence,) = change_sentences(rows.assign(surprising=[False, False, True]))
    assert sentence.startswith("all media together: their total changed from")
    # A run that was saved without them is compared without them.
    before = _with_joint(channels, None)
    table = change_table(before, effects, old_weeks=WEEKS, new_weeks=MORE)
    assert "all_media" not in set(table["channel"])


class TestTables:
    def test_weeks_that_are_added(self, tmp_path: Path) -> None:
        whole = dataset(tmp_path)
        old = replace(whole, data=whole.data.isel(time=slice(3, 27)))
        assert _shared_weeks(old, whole) == slice(3, 27)
        assert _revision_note(old, whole, slice(3, 27)) == ""

    def test_revised_numbers_are_reported(self, tmp_path: Path) -> None:
        whole = dataset(tmp_path)
        old = replace(whole, data=whole.data.isel(time=slice(0, 25)).copy(deep=True))
        old.data["outcome"][3:5] += 1.0
        assert "2 of outcome" in _revision_note(old, whole, slice(0, 25))

    @pytest.mark.parametrize(
        "first, last, message",
        [
            (0, 30, "has no week after 2023-07-24"),
            (2, 30, "does not have all the weeks that were fitted, 2023-01-02 to 2023-07-24"),
        ],
    )
    def test_no_new_weeks(self, tmp_path: Path, first: int, last: int, message: str) -> None:
        whole = dataset(tmp_path)
        new = replace(whole, data=whole.data.isel(time=slice(first, last)))
        with pytest.raises(InputError, match=message):
            _shared_weeks(whole, new)

    def test_another_model(self, tmp_path: Path) -> None:
        old = dataset(tmp_path / "a")
        toml = description(calendar={"fourier": 2, "trend": "linear"})
        new = load(write(tmp_path / "b", table(), toml))
        with pytest.raises(InputError, match="calendar is not as it was fitted"):
            _shared_weeks(old, new)
