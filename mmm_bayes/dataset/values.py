"""From cells to numbers: every column the description names, typed, and every rule on its values.

The rules are a pandera schema, so that all of them are tried before the first is told.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from mmm_bayes.dataset.description import Description, nearest
from mmm_bayes.dataset.reading import is_blank
from mmm_bayes.errors import InputError

#: How a column's cells are read, and what to write where that fails.
Kind = tuple[Callable[[Any], Any], str]

_MISSING_WORDS = {"", "na", "n/a", "nan", "null", "none"}

# Each rule is named "what is wrong; how to mend it".
_MISSING = (
    "a missing value; write it in (0 where nothing was spent), because nothing is filled in for you"
)
FINITE = pa.Check(np.isfinite, error="a value that is not finite; write the number itself")
_NOT_NEGATIVE = pa.Check(
    lambda x: x >= 0, error="a negative value; spend and exposure start at 0, correct these rows"
)
_SOMETIMES_ON = pa.Check(
    lambda x: bool((x != 0).any()),
    error="0 in every row; a channel that never ran has no effect to estimate, leave it out",
)
_TRANSFORM = {
    "none": [],
    "log": [
        pa.Check(lambda x: x > 0, error="a value its log is not defined at; use log1p or none")
    ],
    "log1p": [pa.Check(lambda x: x > -1, error="a value its log1p is not defined at; use none")],
    "growth": [
        pa.Check(
            lambda x: x > -1,
            error="a value its growth, the change of log1p, is not defined at; use none",
        )
    ],
}


def typed(cells: pd.DataFrame, description: Description) -> pd.DataFrame:
    """Type the columns the description names and check their values.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `reading.read` returns; the index numbers the rows for messages.
    description
        Which columns to take, and as what.

    Returns
    -------
    DataFrame, shape (row, named column)
        In the order of the description, with the index of `cells`: the date as datetime64, the unit
        as str and everything else as float64, all present and finite.

    Raises
    ------
    InputError
        For a column that is absent or repeated, a cell of the wrong type, and a value that breaks a
        rule.
    """
    kinds = {name: KINDS.get(key, NUMBER) for key, name in description.columns()}
    return checked(cells, kinds, schema(description))


def checked(cells: pd.DataFrame, kinds: dict[str, Kind], rules: pa.DataFrameSchema) -> pd.DataFrame:
    """Type some columns and hold them to their rules.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `reading.read` returns.
    kinds : dict of str to Kind
        The columns to take, and what each of them holds.
    rules : pandera.DataFrameSchema

    Returns
    -------
    DataFrame, shape (row, named column)
        With the index of `cells`.

    Raises
    ------
    InputError
    """
    _check_header(list(cells.columns), list(kinds))
    frame = pd.DataFrame({name: _parse(cells[name], *kind) for name, kind in kinds.items()})
    try:
        rules.validate(frame, lazy=True)
    except SchemaErrors as errors:
        raise InputError(_sentence(errors.failure_cases)) from None
    return frame


def schema(description: Description, *, ahead: bool = False) -> pa.DataFrameSchema:
    """Write the rules on the values of a table's columns as a pandera schema.

    Parameters
    ----------
    description
    ahead
        Whether it is a plan of weeks to come: no outcome yet, and a channel may be off throughout.
    """
    media = [FINITE, _NOT_NEGATIVE] if ahead else [FINITE, _NOT_NEGATIVE, _SOMETIMES_ON]
    rules: dict[str, list[pa.Check]] = {description.date: []}
    if not ahead:
        rules[description.outcome] = [FINITE]
    if description.unit is not None:
        reserved = pa.Check(
            lambda x: x != "all", error="the unit 'all'; that name means the total, choose another"
        )
        rules[description.unit] = [reserved]
    for channel in description.channels.values():
        if channel.spend is not None:
            rules[channel.spend] = media
        if channel.exposure is not None:
            rules[channel.exposure] = media
    for control in description.controls.values():
        rules[control.column] = [FINITE, *_TRANSFORM[control.transform]]
    return pa.DataFrameSchema(
        {name: pa.Column(checks=checks, nullable=False) for name, checks in rules.items()}
    )


def rows(numbers: Iterable[Any]) -> str:
    """Name rows the way a spreadsheet numbers them, the first five of them.

    >>> rows([2, 3, 4, 5, 6, 7, 8])
    'rows 2, 3, 4, 5, 6 and 2 more'

    Parameters
    ----------
    numbers : iterable of int
        As a spreadsheet counts: the header is row 1.
    """
    numbers = sorted(numbers)
    return f"row{'s' * (len(numbers) > 1)} {listed(numbers)}"


def listed(things: Iterable[Any]) -> str:
    """List the first five things and count the rest.

    Parameters
    ----------
    things : iterable
    """
    things = list(things)
    more = f" and {len(things) - 5} more" if len(things) > 5 else ""
    return ", ".join(map(str, things[:5])) + more


def _check_header(header: list[Any], wanted: list[str]) -> None:
    if repeated := [name for name in wanted if header.count(name) > 1]:
        raise InputError(
            f"the header names column {repeated[0]!r} more than once; rename or remove one of them"
        )
    if absent := [name for name in wanted if name not in header]:
        found = [str(name) for name in header if name not in (None, "")]
        if len(found) == 1:
            raise InputError(
                f"the header is the single column {found[0]!r}; separate the columns with commas"
            )
        told = ", ".join(repr(name) + nearest(name, found) for name in absent)
        raise InputError(
            f"column{'s' * (len(absent) > 1)} {told} not found; the table has {', '.join(found)}"
        )


def _parse(cells: "pd.Series[Any]", parser: Callable[[Any], Any], wanted: str) -> "pd.Series[Any]":
    values: list[Any] = []
    wrong: dict[Any, Any] = {}
    for row, cell in cells.items():
        try:
            values.append(parser(cell))
        except (TypeError, ValueError):
            wrong[row] = cell
    if wrong:
        example = next(iter(wrong.values()))
        raise InputError(f"column {cells.name!r} holds {example!r} in {rows(wrong)}; {wanted}")
    return pd.Series(values, index=cells.index)


def _is_missing(cell: Any) -> bool:
    return is_blank(cell) or (isinstance(cell, str) and cell.strip().lower() in _MISSING_WORDS)


def _number(cell: Any) -> float:
    if _is_missing(cell):
        return float("nan")
    # float() would take these two, and neither is a number as written.
    if isinstance(cell, bool | np.bool_) or (isinstance(cell, str) and "_" in cell):
        raise TypeError
    return float(cell)


def _date(cell: Any) -> np.datetime64:
    """Take a day: an ISO string, or a date or datetime at midnight without a time zone."""
    if _is_missing(cell):
        return np.datetime64("NaT", "ns")
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = cell.isoformat()
    moment = datetime.fromisoformat(cell.strip()) if isinstance(cell, str) else cell
    if not isinstance(moment, datetime) or moment.timetz() != datetime.min.time():
        raise TypeError
    # A year that datetime64[ns] cannot hold would wrap around into another.
    if not 1900 <= moment.year < 2200:
        raise ValueError
    return np.datetime64(moment.date(), "ns")


def _name(cell: Any) -> str | None:
    """Take a name as it stands: a division may well be called NA."""
    return None if is_blank(cell) else str(cell)


NUMBER: Kind = (_number, "write plain numbers")
DATE: Kind = (_date, "write days as YYYY-MM-DD, without a time")
NAME: Kind = (_name, "write names")
KINDS = {"date": DATE, "unit": NAME}


def _sentence(cases: pd.DataFrame) -> str:
    """Tell the first broken rule, with all its rows, and name the other columns that break one."""
    column, rule = cases.loc[cases.index[0], ["column", "check"]]
    what, _, mend = (_MISSING if rule == "not_nullable" else str(rule)).partition("; ")
    broken = (
        cases[(cases["column"] == column) & (cases["check"] == rule)]["index"].dropna().astype(int)
    )
    where = f" in {rows(broken)}" if len(broken) else ""
    others = [repr(name) for name in cases["column"].unique() if name != column]
    more = f" (columns with problems too: {listed(others)})" if others else ""
    return f"column {column!r} has {what}{where}; {mend}{more}"


def check_outcome_varies(frame: pd.DataFrame, description: Description) -> None:
    """Refuse an outcome that is constant, in the table or in a unit of it."""
    outcome = frame[description.outcome]
    if outcome.nunique() == 1:
        raise InputError(
            f"outcome {description.outcome!r} is {outcome.iloc[0]} in every row; there is nothing "
            "to explain, name another column"
        )
    if description.unit is not None:
        values = outcome.groupby(frame[description.unit]).nunique()
        if len(flat := values.index[values == 1]):
            raise InputError(
                f"outcome {description.outcome!r} never changes in unit "
                f"{listed(map(repr, flat))}; leave such units out (units = [...])"
            )
