"""What new weeks changed: two posteriors that share data, and the tables that are no refresh."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from builds import dataset, description, table, write

from mmm_bayes.dataset import load
from mmm_bayes.errors import InputError
from mmm_bayes.refreshing import _revised, _shared, changes, sentences

WEEKS, MORE, MARKETS = 100, 20, 400


def posteriors(shift: float, seed: int = 1) -> tuple[dict, dict]:
    """Exact posteriors of a normal mean from the first weeks, and from all, in many markets.

    A market is a channel here. The new weeks' mean is off by `shift` standard deviations of a week.
    """
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, MARKETS)  # from the prior
    weekly = truth + rng.normal(0, 2, (WEEKS + MORE, MARKETS))
    weekly[WEEKS:] += 2 * shift
    made = []
    for number in (WEEKS, WEEKS + MORE):
        variance = 1 / (1 + number / 4)
        mean = variance * weekly[:number].sum(0) / 4
        draws = mean + np.sqrt(variance) * rng.normal(size=(4, 1000, 1, MARKETS))
        made.append(
            xr.DataArray(
                draws,
                dims=("chain", "draw", "unit", "channel"),
                coords={"unit": ["all"], "channel": [f"c{at}" for at in range(MARKETS)]},
            )
        )
    return {"total": made[0]}, {"total": made[1]}


def test_the_step_of_a_market_that_stays_has_the_variance_that_was_learnt() -> None:
    found = changes(*posteriors(0.0), weeks=WEEKS, more=MORE)
    step = found["change"] / found["change_sd"]
    assert len(step) == MARKETS
    assert step.std() == pytest.approx(1.0, abs=0.1)
    assert step.mean() == pytest.approx(0.0, abs=0.15)
    # Variances that were added would make the same steps look like nothing.
    added = np.hypot(found["before_sd"], found["after_sd"])
    assert (found["change"] / added).std() < 0.5
    assert found["surprising"].sum() <= 1
    if not found["surprising"].any():
        assert "None of 400 answers moved more" in sentences(found)[0]


def test_a_market_that_changed_is_found() -> None:
    found = changes(*posteriors(1.5), weeks=WEEKS, more=MORE)
    assert found["surprising"].mean() > 0.9
    assert "more than new weeks of the same market should move it" in sentences(found)[0]


def test_what_is_zero_by_construction_has_no_row() -> None:
    before, after = posteriors(0.0)
    nothing = xr.zeros_like(before["total"])
    found = changes(before | {"indirect": nothing}, after | {"indirect": nothing}, weeks=1, more=1)
    assert set(found["estimand"]) == {"total"}


class TestTables:
    def test_weeks_that_are_added(self, tmp_path: Path) -> None:
        whole = dataset(tmp_path)
        old = replace(whole, data=whole.data.isel(time=slice(3, 27)))
        assert _shared(old, whole) == slice(3, 27)
        assert _revised(old, whole, slice(3, 27)) == ""

    def test_revised_numbers_are_told(self, tmp_path: Path) -> None:
        whole = dataset(tmp_path)
        old = replace(whole, data=whole.data.isel(time=slice(0, 25)).copy(deep=True))
        old.data["outcome"][3:5] += 1.0
        assert "2 of outcome" in _revised(old, whole, slice(0, 25))

    @pytest.mark.parametrize(
        "first, last, says",
        [
            (0, 30, "has no week after 2023-07-24"),
            (2, 30, "does not hold all weeks that were fitted, 2023-01-02 to 2023-07-24"),
        ],
    )
    def test_no_new_weeks(self, tmp_path: Path, first: int, last: int, says: str) -> None:
        whole = dataset(tmp_path)
        new = replace(whole, data=whole.data.isel(time=slice(first, last)))
        with pytest.raises(InputError, match=says):
            _shared(whole, new)

    def test_another_model(self, tmp_path: Path) -> None:
        old = dataset(tmp_path / "a")
        told = description(calendar={"fourier": 2, "trend": "linear"})
        new = load(write(tmp_path / "b", table(), told))
        with pytest.raises(InputError, match="calendar is not as it was fitted"):
            _shared(old, new)
