"""Spans of weeks to learn from, each with the weeks after it to predict: blocked splits in time.

A span never sees a week after its own last one, so every score on its test weeks is that of a
real forecast. The last span ends with the table; up to a step of the oldest weeks may stand before
the first one. Source: Bergmeir, Benítez (2012), *On the use of cross-validation for time series
predictor evaluation*.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmm_bayes.errors import InputError

#: The fewest weeks that a window may have: half a year.
FEWEST = 26
#: A window is two years long, or half of the table where that is shorter.
LONGEST = 104
#: Windows between one and the next without a common week.
STEPS = 8
#: Weeks that each window predicts: a quarter.
HORIZON = 13


@dataclass(frozen=True)
class Split:
    """Rows of the table to learn from, and the rows to predict from them.

    Attributes
    ----------
    train, test : slice
        With start and stop; `test` begins where `train` ends, and is empty at the table's end.
    """

    train: slice
    test: slice


def blocked(
    weeks: int,
    *,
    window: int | None = None,
    step: int | None = None,
    horizon: int = HORIZON,
    expanding: bool = False,
) -> list[Split]:
    """Windows over a table, oldest first.

    Parameters
    ----------
    weeks : int
        Rows of the table's time axis.
    window : int, optional
        Weeks of a window, of the first one if they expand; `LONGEST`, or half of the table.
    step : int, optional
        Weeks from the end of a window to the end of the next; an eighth of the window if left out.
    horizon : int
        Most weeks that a window predicts.
    expanding : bool
        Every window begins with the table's first week.

    Returns
    -------
    list of Split
        At least two.

    Raises
    ------
    InputError

    Examples
    --------
    Windows of a year, half a year apart; the last one has nothing left to predict:

    >>> splits = blocked(104, window=52, step=26)
    >>> [(one.train.start, one.train.stop, one.test.stop) for one in splits]
    [(0, 52, 65), (26, 78, 91), (52, 104, 104)]
    """
    window = min(LONGEST, weeks // 2) if window is None else window
    step = max(1, window // STEPS) if step is None else step
    for name, value, least in (
        ("window", window, FEWEST),
        ("step", step, 1),
        ("horizon", horizon, 1),
    ):
        if value < least:
            raise InputError(f"--{name} {value} is too small; take {least} or more")
    if window + step > weeks:
        raise InputError(
            f"--window {window} and --step {step} leave one window in {weeks} weeks, and two are "
            "needed to see a change; take a shorter window or a smaller step"
        )
    ends = range(weeks, window - 1, -step)[::-1]
    return [
        Split(slice(0 if expanding else end - window, end), slice(end, min(end + horizon, weeks)))
        for end in ends
    ]
