"""Days that cells of dates stand for: an ISO day, or a calendar month or quarter.

In the main table a month is its first day. In tables that belong to it (plans, experiments) it is
the date that the main table has in that month.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from mmm_bayes.data.step import MONTH_END, Step

Form = Literal["day", "month", "quarter"]
_FORMS: dict[Form, re.Pattern[str]] = {
    "month": re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])"),
    "quarter": re.compile(r"([0-9]{4})-?[Qq]([1-4])"),
}
#: Months of a form.
MONTHS = {"month": 1, "quarter": 3}


def form_of(cell: Any) -> Form:
    """Notation of a cell's date: a month ("2016-01"), a quarter ("2016Q1", "2016-Q1"), or else.

    Parameters
    ----------
    cell : object
        As `cells.read_cells` returns it.
    """
    if isinstance(cell, str):
        for form, pattern in _FORMS.items():
            if pattern.fullmatch(cell.strip()):
                return form
    return "day"


def day_of(cell: Any, step: Step | None = None) -> np.datetime64:
    """Day of an ISO string, of a date or datetime at midnight without a time zone, or of a month.

    Parameters
    ----------
    cell : object
        As `cells.read_cells` returns it.
    step : Step, optional
        Step of the main table, if the cell is of another one.

    Raises
    ------
    TypeError, ValueError
        For a cell that is none of them, and for a month or quarter where the main table has other
        steps.
    """
    form = form_of(cell)
    if form != "day":
        match = _FORMS[form].fullmatch(cell.strip())
        assert match is not None
        year, number = int(match[1]), int(match[2])
        return _in_range(datetime(year, MONTHS[form] * (number - 1) + 1, 1), form, step)
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = cell.isoformat()
    moment = datetime.fromisoformat(cell.strip()) if isinstance(cell, str) else cell
    if not isinstance(moment, datetime) or moment.timetz() != datetime.min.time():
        raise TypeError
    return _in_range(moment)


def _in_range(moment: datetime, form: Form = "day", step: Step | None = None) -> np.datetime64:
    # A year outside the range of datetime64[ns] would wrap around.
    if not 1900 <= moment.year < 2200:
        raise ValueError
    if form == "day" or step is None:
        return np.datetime64(moment.date(), "ns")
    if step.days or step.months % MONTHS[form]:
        raise ValueError(f"no {form} is a date of a {step.adjective} table")
    month = pd.Period(moment, freq="M")
    if step.day == MONTH_END:
        month += MONTHS[form] - 1
    day = min(step.day, month.days_in_month)
    return (month.to_timestamp() + pd.Timedelta(days=day - 1)).to_datetime64()
