"""Blocked splits against windows counted week by week."""

import pytest

from mmm_bayes.data.splits import Split, blocked_splits
from mmm_bayes.errors import InputError


def counted(weeks: int, window: int, step: int, horizon: int, expanding: bool) -> list[Split]:
    """Splits found from the table's end backwards, while a whole window is left."""
    splits = []
    end = weeks
    while end >= window:
        test_end = end
        while test_end < weeks and test_end - end < horizon:
            test_end += 1
        splits.insert(0, Split(slice(0 if expanding else end - window, end), slice(end, test_end)))
        end -= step
    return splits


@pytest.mark.parametrize("expanding", [False, True])
@pytest.mark.parametrize("weeks, window, step", [(104, 52, 13), (100, 30, 7), (60, 26, 34)])
@pytest.mark.parametrize("horizon", [1, 13, 200])
def test_windows(weeks: int, window: int, step: int, horizon: int, expanding: bool) -> None:
    splits = blocked_splits(weeks, window=window, step=step, horizon=horizon, expanding=expanding)
    assert splits == counted(weeks, window, step, horizon, expanding)
    assert len(splits) >= 2
    assert splits[-1].train.stop == weeks


def test_no_window_sees_what_it_predicts() -> None:
    for split in blocked_splits(156):
        assert split.train.stop == split.test.start
        assert split.test.stop <= 156


@pytest.mark.parametrize("weeks, window, windows", [(104, 52, 9), (156, 78, 9), (300, 104, 16)])
def test_defaults(weeks: int, window: int, windows: int) -> None:
    splits = blocked_splits(weeks)
    assert splits[0].train.stop - splits[0].train.start == window
    assert len(splits) == windows


@pytest.mark.parametrize(
    "options, message",
    [
        ({"window": 25}, "--window 25 is too small; take 26 weeks or more"),
        ({"step": 0}, "--step 0 is too small"),
        ({"horizon": 0}, "--horizon 0 is too small"),
        ({"window": 100, "step": 5}, "leave one window in 104 weeks"),
    ],
)
def test_refusals(options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        blocked_splits(104, **options)
