"""Blocked splits in time: windows of training weeks, each followed by the weeks to predict.

Training never uses a week after the window, so every score on the test weeks is that of a genuine
forecast. The last window ends with the table; up to a step of the oldest weeks may precede the
first window.

Source: Bergmeir, Benítez (2012), *On the use of cross-validation for time series predictor
evaluation*.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmm_bayes.data.dates import MINIMUM_DATES
from mmm_bayes.data.step import DAYS_PER_YEAR, QUARTER_DAYS, WEEK, Step
from mmm_bayes.errors import InputError

#: Fewest days of a window: half a year. A window has no fewer dates than a table, either.
MINIMUM_WINDOW_DAYS = 182
#: Default days of a window: two years, or half of the table if that is less.
DEFAULT_WINDOW_DAYS = 2 * DAYS_PER_YEAR
#: By default, windows begin an eighth of a window apart.
WINDOWS_PER_WINDOW = 8


@dataclass(frozen=True)
class Split:
    """Training rows and test rows of a table.

    Attributes
    ----------
    train, test : slice
        With start and stop; `test` begins where `train` ends, and is empty at the table's end.
    """

    train: slice
    test: slice


def blocked_splits(
    weeks: int,
    *,
    window: int | None = None,
    step: int | None = None,
    horizon: int | None = None,
    expanding: bool = False,
    spacing: Step = WEEK,
) -> list[Split]:
    """Splits of a table's weeks, oldest first.

    Parameters
    ----------
    weeks : int
        Rows of the table's time axis.
    window : int, optional
        Weeks of a window (of the first one if they expand); two years, or half of the table if that
        is less.
    step : int, optional
        Weeks from the end of one window to the end of the next; an eighth of the window if left
        out.
    horizon : int, optional
        Most weeks that a window predicts; a quarter of a year if left out.
    expanding : bool
        Whether every window begins with the table's first week.
    spacing : Step
        The table's step, in which all of these are counted, in place of weeks.

    Returns
    -------
    list of Split
        At least two.

    Raises
    ------
    InputError
        If the window, step or horizon is too small, or the weeks allow only one window.

    Examples
    --------
    Windows of a year, half a year apart; the last one has nothing left to predict:

    >>> splits = blocked_splits(104, window=52, step=26)
    >>> [(split.train.start, split.train.stop, split.test.stop) for split in splits]
    [(0, 52, 65), (26, 78, 91), (52, 104, 104)]
    """
    minimum = max(MINIMUM_DATES, spacing.within(MINIMUM_WINDOW_DAYS))
    longest = spacing.within(DEFAULT_WINDOW_DAYS)
    window = max(minimum, min(longest, weeks // 2)) if window is None else window
    step = max(1, window // WINDOWS_PER_WINDOW) if step is None else step
    horizon = spacing.within(QUARTER_DAYS) if horizon is None else horizon
    for name, value, least in (
        ("window", window, minimum),
        ("step", step, 1),
        ("horizon", horizon, 1),
    ):
        if value < least:
            raise InputError(f"--{name} {value} is too small; take {spacing.count(least)} or more")
    if window + step > weeks:
        raise InputError(
            f"--window {window} and --step {step} leave one window in {spacing.count(weeks)}, but "
            "two are needed to see a change; take a shorter window or a smaller step"
        )
    ends = range(weeks, window - 1, -step)[::-1]
    return [
        Split(slice(0 if expanding else end - window, end), slice(end, min(end + horizon, weeks)))
        for end in ends
    ]
