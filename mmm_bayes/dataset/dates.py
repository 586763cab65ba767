"""The calendar of a table: each unit has each date once, and the dates follow a fixed step."""

from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.dataset.values import listed, rows
from mmm_bayes.errors import InputError

MINIMUM_DATES = 20  # a quarter's carryover takes 13 of them before anything is learned


def step_of(date: "pd.Series[Any]", unit: "pd.Series[Any] | None") -> int:
    """Check the dates of every unit and find their common step.

    Parameters
    ----------
    date : Series of datetime64, shape (row,)
        In any order; the index numbers the rows for messages.
    unit : Series of str, shape (row,), or None
        The unit of each row, or None for a single market.

    Returns
    -------
    int
        Days from one date to the next.

    Raises
    ------
    InputError
        For a repeated (unit, date), too few dates, a gap or an irregular step, and a unit without
        some dates.
    """
    if unit is None:
        _check_unrepeated(date)
    else:
        _check_unrepeated_in_units(date, unit)
    dates = pd.DatetimeIndex(date.unique()).sort_values()
    if len(dates) < MINIMUM_DATES:
        raise InputError(
            f"the table has {len(dates)} dates; at least {MINIMUM_DATES} are needed, add more"
        )
    step = _fixed_step(dates)
    if unit is not None:
        _check_complete(date, unit, dates)
    return step


def _check_unrepeated(date: "pd.Series[Any]") -> None:
    repeated = date[date.duplicated(keep=False)]
    if len(repeated):
        first = repeated.min()
        count = repeated.nunique()
        others = f" (one of {count} repeated dates)" if count > 1 else ""
        raise InputError(
            f"date {first:%Y-%m-%d} stands in {rows(repeated.index[repeated == first])}{others}; "
            "remove or aggregate the repeated rows (duplicates = 'sum' or 'mean' aggregates them), "
            "or name the column of units if it is a panel"
        )


def _check_unrepeated_in_units(date: "pd.Series[Any]", unit: "pd.Series[Any]") -> None:
    repeated = pd.DataFrame({"unit": unit, "date": date}).duplicated(keep=False)
    if not repeated.any():
        return
    first, *others = sorted(unit[repeated].unique())
    own = unit == first
    total, times = date[own].nunique(), date[own].value_counts()
    often = (
        f"every date {times.min()} times"
        if times.nunique() == 1
        else f"{(times > 1).sum()} of them repeated"
    )
    more = f", and unit {listed(map(repr, others))} has repeated dates too" if others else ""
    raise InputError(
        f"unit {first!r} has {own.sum()} rows for {total} dates, {often} "
        f"({rows(date.index[own & repeated])}){more}; "
        "remove or aggregate the repeated rows (duplicates = 'sum' or 'mean' aggregates them), or "
        "give them a distinct unit name, or leave the unit out (units = [...])"
    )


def _fixed_step(dates: pd.DatetimeIndex) -> int:
    days = np.diff(dates.to_numpy()) // np.timedelta64(1, "D")
    lengths, counts = np.unique(days, return_counts=True)
    step = int(lengths[counts.argmax()])
    if len(lengths) == 1:
        return step
    if lengths.min() >= 28 and lengths.max() <= 31:
        raise InputError(
            "the dates are monthly, 28 to 31 days apart; "
            "a fixed step in days is needed, use weekly data"
        )
    irregular = np.flatnonzero(days % step)
    if len(irregular):
        before = irregular[0]
        others = f" (one of {len(irregular)} such places)" if len(irregular) > 1 else ""
        raise InputError(
            f"{dates[before + 1]:%Y-%m-%d} comes {days[before]} days after "
            f"{dates[before]:%Y-%m-%d} where the step is {step} days{others}; "
            "put the dates on one fixed step"
        )
    absent = pd.date_range(dates[0], dates[-1], freq=f"{step}D").difference(dates)
    raise InputError(
        f"no row for {_days(absent)} (the step is {step} days); add the absent dates, nothing is "
        "filled in for you"
    )


def _check_complete(
    date: "pd.Series[Any]", unit: "pd.Series[Any]", dates: pd.DatetimeIndex
) -> None:
    counts = unit.value_counts().sort_index()
    short = counts.index[counts < len(dates)]
    if len(short):
        absent = dates.difference(pd.DatetimeIndex(date[unit == short[0]]))
        more = f", and unit {listed(map(repr, short[1:]))} lacks some too" if len(short) > 1 else ""
        raise InputError(
            f"unit {short[0]!r} lacks {len(absent)} of {len(dates)} dates ({_days(absent)}){more}; "
            "add the absent rows or leave such units out (units = [...])"
        )


def _days(dates: pd.DatetimeIndex) -> str:
    return listed(dates.strftime("%Y-%m-%d"))
