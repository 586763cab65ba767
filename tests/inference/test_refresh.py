"""Changes with new weeks: posteriors that share data, and tables that cannot be a refresh."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from builds import dataset, description, table, write

from mmm_bayes.data import load
from mmm_bayes.errors import InputError
from mmm_bayes.inference.refresh import (
    _revision_note,
    _shared_weeks,
    change_sentences,
    change_table,
)

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
