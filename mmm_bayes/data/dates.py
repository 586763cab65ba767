"""Checks of a table's dates: each unit has each date once, at a fixed step."""

from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.data.step import Step, step_of
from mmm_bayes.data.values import row_numbers, shortlist
from mmm_bayes.errors import InputError

MINIMUM_DATES = 20  # carryover over a quarter uses 13 of them before anything is learned


def check_dates(date: "pd.Series[Any]", unit: "pd.Series[Any] | None") -> Step:
    """Step of a table, after checking the dates of every unit.

    Parameters
    ----------
    date : Series of datetime64, shape (row,)
        In any order; the index numbers the rows for messages.
    unit : Series of str, shape (row,), or None
        Unit of each row, or None for a single market.

    Raises
    ------
    InputError
        For a repeated (unit, date), too few dates, a gap or an irregular step, and a unit that
        lacks some dates.
    """
    if unit is None:
        _check_unrepeated(date)
    else:
        _check_unrepeated_in_units(date, unit)
    dates = pd.DatetimeIndex(date.unique()).sort_values()
    if len(dates) < MINIMUM_DATES:
        raise InputError(
            f"the table has {len(dates)} dates; add more, at least {MINIMUM_DATES} are needed"
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
        where = row_numbers(repeated.index[repeated == first])
        raise InputError(
            f"date {first:%Y-%m-%d} is in {where}{others}; "
            "remove or aggregate the repeated rows (duplicates = 'sum' or 'mean' aggregates them), "
            "or name the column of units if the table is a panel"
        )


def _check_unrepeated_in_units(date: "pd.Series[Any]", unit: "pd.Series[Any]") -> None:
    repeated = pd.DataFrame({"unit": unit, "date": date}).duplicated(keep=False)
    if not repeated.any():
        return
    first, *others = sorted(unit[repeated].unique())
    in_first = unit == first
    total, counts = date[in_first].nunique(), date[in_first].value_counts()
    frequency = (
        f"every date {counts.min()} times"
        if counts.nunique() == 1
        else f"{(counts > 1).sum()} of them repeated"
    )
    more = f", and unit {shortlist(map(repr, others))} has repeated dates too" if others else ""
    raise InputError(
        f"unit {first!r} has {in_first.sum()} rows for {total} dates, {frequency} "
        f"({row_numbers(date.index[in_first & repeated])}){more}; "
        "remove or aggregate the repeated rows (duplicates = 'sum' or 'mean' aggregates them), or "
        "give them a distinct unit name, or leave the unit out (units = [...])"
    )


def _fixed_step(dates: pd.DatetimeIndex) -> Step:
    step = step_of(dates)
    days = np.diff(dates.to_numpy()) // np.timedelta64(1, "D")
    months = np.diff(12 * dates.year.to_numpy() + dates.month.to_numpy())
    _check_day_of_month(dates, step, days)
    irregular = np.flatnonzero(days % step.days if step.days else months % step.months)
    if len(irregular):
        before = irregular[0]
        others = f" (one of {len(irregular)} such places)" if len(irregular) > 1 else ""
        raise InputError(
            f"{dates[before + 1]:%Y-%m-%d} is {days[before]} days after {dates[before]:%Y-%m-%d} "
            f"where the step is {step.with_article}{others}; give the dates one fixed step"
        )
    number = days.sum() // step.days if step.days else months.sum() // step.months
    absent = step.dates(dates[0], int(number) + 1).difference(dates)
    if len(absent):
        raise InputError(
            f"no row for {_days(absent)} (the step is {step.with_article}); add the missing dates, "
            "because nothing is filled in for you"
        )
    return step


def _check_day_of_month(dates: pd.DatetimeIndex, step: Step, days: np.ndarray) -> None:
    """Refuse dates of consecutive months or quarters that are not on one day of the month."""
    if step.months or (days == step.days).mean() > 0.8:
        return
    for noun, longest in (("month", 31), ("quarter", 92)):
        if ((days >= longest - 3) & (days <= longest)).mean() > 0.5:
            raise InputError(
                f"the dates are about a {noun} apart, but not on the same day of the month "
                f"({shortlist(dates.strftime('%Y-%m-%d'))}); give every {noun} its first day"
            )


def _check_complete(
    date: "pd.Series[Any]", unit: "pd.Series[Any]", dates: pd.DatetimeIndex
) -> None:
    counts = unit.value_counts().sort_index()
    short = counts.index[counts < len(dates)]
    if len(short):
        own = pd.DatetimeIndex(date[unit == short[0]])
        absent = dates.difference(own)
        more = (
            f", and unit {shortlist(map(repr, short[1:]))} lacks some too" if len(short) > 1 else ""
        )
        if len(absent) == (dates < own.min()).sum():
            raise InputError(
                f"unit {short[0]!r} starts on {own.min():%Y-%m-%d}, but the table on "
                f"{dates[0]:%Y-%m-%d}{more}; units of a panel share their dates, so leave such "
                f"units out (units = [...]), or remove the rows of all units before "
                f"{own.min():%Y-%m-%d}"
            )
        if len(absent) == (dates > own.max()).sum():
            raise InputError(
                f"unit {short[0]!r} ends on {own.max():%Y-%m-%d}, but the table on "
                f"{dates[-1]:%Y-%m-%d}{more}; units of a panel share their dates, so leave such "
                f"units out (units = [...]), or remove the rows of all units after "
                f"{own.max():%Y-%m-%d}"
            )
        raise InputError(
            f"unit {short[0]!r} lacks {len(absent)} of {len(dates)} dates ({_days(absent)}){more}; "
            "add the missing rows or leave such units out (units = [...])"
        )


def _days(dates: pd.DatetimeIndex) -> str:
    return shortlist(dates.strftime("%Y-%m-%d"))
