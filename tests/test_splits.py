"""Windows and the weeks after them, against windows counted out one by one."""

import pytest

from mmm_bayes.errors import InputError
from mmm_bayes.splits import Split, blocked


def counted(weeks: int, window: int, step: int, horizon: int, expanding: bool) -> list[Split]:
    """From the table's end backwards, while a whole window is left."""
    found = []
    end = weeks
    while end >= window:
        test_end = end
        while test_end < weeks and test_end - end < horizon:
            test_end += 1
        found.insert(0, Split(slice(0 if expanding else end - window, end), slice(end, test_end)))
        end -= step
    return found


@pytest.mark.parametrize("expanding", [False, True])
@pytest.mark.parametrize("weeks, window, step", [(104, 52, 13), (100, 30, 7), (60, 26, 34)])
@pytest.mark.parametrize("horizon", [1, 13, 200])
def test_windows(weeks: int, window: int, step: int, horizon: int, expanding: bool) -> None:
    made = blocked(weeks, window=window, step=step, horizon=horizon, expanding=expanding)
    assert made == counted(weeks, window, step, horizon, expanding)
    assert len(made) >= 2
    assert made[-1].train.stop == weeks


def test_no_window_sees_what_it_predicts() -> None:
    for split in blocked(156):
        assert split.train.stop == split.test.start
        assert split.test.stop <= 156


@pytest.mark.parametrize("weeks, window, windows", [(104, 52, 9), (156, 78, 9), (300, 104, 16)])
def test_what_is_usual(weeks: int, window: int, windows: int) -> None:
    made = blocked(weeks)
    assert made[0].train.stop - made[0].train.start == window
    assert len(made) == windows


@pytest.mark.parametrize(
    "options, says",
    [
        ({"window": 25}, "--window 25 is too small; take 26 or more"),
        ({"step": 0}, "--step 0 is too small"),
        ({"horizon": 0}, "--horizon 0 is too small"),
        ({"window": 100, "step": 5}, "leave one window in 104 weeks"),
    ],
)
def test_refusals(options: dict[str, int], says: str) -> None:
    with pytest.raises(InputError, match=says):
        blocked(104, **options)
