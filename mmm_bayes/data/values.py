"""Types and value checks of the columns that the description names.

The rules form a pandera schema, so that all of them are checked before the first violation is
reported.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from mmm_bayes.data.cells import Formula, is_blank
from mmm_bayes.data.days import day_of, form_of
from mmm_bayes.data.description import Description, is_printable_name, suggestion
from mmm_bayes.data.numbers import PLAIN, NumberFormat, number_remedy, points_are_ambiguous
from mmm_bayes.data.step import Step
from mmm_bayes.errors import InputError

_MISSING_WORDS = {"", "na", "n/a", "nan", "null", "none"}

# Each rule is described as "what is wrong; how to correct it".
_MISSING = "a missing value; fill it in{hint}, because nothing is filled in for you"
FINITE = pa.Check(np.isfinite, error="a value that is not finite; write the number itself")
#: Squares and cubes of such values neither overflow nor vanish.
SIZED = pa.Check(
    lambda x: ~np.isfinite(x) | (x == 0) | ((abs(x) > 1e-50) & (abs(x) < 1e50)),
    error="a value that is too large or too small to calculate with (beyond 1e50, or within 1e-50 "
    "of 0); give the column in another unit",
)
_NOT_NEGATIVE = pa.Check(
    lambda x: x >= 0,
    error="a negative value; spend and exposure are at least 0, correct these rows",
)
_SOMETIMES_ON = pa.Check(
    lambda x: bool((x != 0).any()),
    error="0 in every row; a channel that never ran has no effect to estimate, leave it out",
)
_ONE_OR_ZERO = pa.Check(
    lambda x: (x == 0) | (x == 1),
    error="a value that is neither 0 nor 1; write 1 where a test set the spend, and 0 elsewhere",
)
_SOMETIMES_ZERO = pa.Check(
    lambda x: bool((x == 0).any()),
    error="1 in every row; what demand does to a spend shows where no test set it, correct the "
    "column or remove designed",
)
_VARIES = pa.Check(
    lambda x: bool((x != x.iloc[0]).any()),
    error="the same value in every row; it moves nothing, remove it from shifters",
)
_TRANSFORM = {
    "none": [],
    "log": [pa.Check(lambda x: x > 0, error="a value whose log is not defined; use log1p or none")],
    "log1p": [pa.Check(lambda x: x > -1, error="a value whose log1p is not defined; use none")],
    "growth": [
        pa.Check(
            lambda x: x > -1,
            error="a value whose growth, the change of log1p, is not defined; use none",
        )
    ],
}


def parse_table(cells: pd.DataFrame, description: Description) -> pd.DataFrame:
    """Columns that the description names, typed and checked.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `cells.read_cells` returns; the index numbers the rows for messages.

    Returns
    -------
    DataFrame, shape (row, named column)
        In the order of the description, with the index of `cells`: the date as datetime64, the unit
        as str and everything else as float64, all present and finite.

    Raises
    ------
    InputError
        For a column that is absent or repeated, a cell of the wrong type, and a value that violates
        a rule.
    """
    kinds = {name: KINDS.get(key, NUMBER) for key, name in description.columns()}
    return parse_columns(cells, kinds, table_schema(description), description.numbers)


def parse_columns(
    cells: pd.DataFrame,
    kinds: dict[str, "Kind"],
    rules: pa.DataFrameSchema,
    written: NumberFormat = PLAIN,
) -> pd.DataFrame:
    """Some columns of a table, typed and checked.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `cells.read_cells` returns.
    kinds : dict of str to Kind
        Columns to take, and the kind of each.
    written : NumberFormat
        How the table writes numbers.

    Returns
    -------
    DataFrame, shape (row, named column)
        With the index of `cells`.

    Raises
    ------
    InputError
        As for `parse_table`.
    """
    _check_header(list(cells.columns), list(kinds))
    frame = pd.DataFrame({name: kind(cells[name], written) for name, kind in kinds.items()})
    try:
        rules.validate(frame, lazy=True)
    except SchemaErrors as errors:
        raise InputError(_rule_message(errors.failure_cases, rules)) from None
    return frame


def table_schema(description: Description, *, plan: bool = False) -> pa.DataFrameSchema:
    """Rules on the values of a table's columns, as a pandera schema.

    Parameters
    ----------
    plan : bool
        Whether the table is a plan of future weeks: it has no outcome, and a channel may be off
        throughout.
    """
    media = [FINITE, SIZED, _NOT_NEGATIVE, *([] if plan else [_SOMETIMES_ON])]
    rules: dict[str, list[pa.Check]] = {description.date: []}
    if not plan:
        rules[description.outcome] = [FINITE, SIZED]
    if description.unit is not None:
        reserved = pa.Check(
            lambda x: x != "all",
            error="the unit 'all'; that name is reserved for the total, choose another",
        )
        printable = pa.Check(
            lambda x: is_printable_name(x),
            element_wise=True,
            error="a unit that cannot be shown as a name; leave out line breaks and control "
            "characters, and spaces at its ends",
        )
        rules[description.unit] = [reserved, printable]
    for channel in description.channels.values():
        if channel.spend is not None:
            rules[channel.spend] = media
        if channel.exposure is not None:
            rules[channel.exposure] = media
        if channel.designed is not None and not plan:
            rules[channel.designed] = [FINITE, _ONE_OR_ZERO, _SOMETIMES_ZERO]
        if not plan:
            rules |= {shifter: [FINITE, SIZED, _VARIES] for shifter in channel.shifters}
    for control in description.controls.values():
        rules[control.column] = [FINITE, SIZED, *_TRANSFORM[control.transform]]
    hints = {
        column: hint
        for channel in description.channels.values()
        for column, hint in (
            (channel.spend, "0 where nothing was spent"),
            (channel.exposure, "0 where there was none"),
        )
    }
    return pa.DataFrameSchema(
        {
            name: pa.Column(checks=checks, description=hints.get(name))
            for name, checks in rules.items()
        }
    )


def row_numbers(numbers: Iterable[Any]) -> str:
    """Row numbers as text, the first five of them.

    >>> row_numbers([2, 3, 4, 5, 6, 7, 8])
    'rows 2, 3, 4, 5, 6 and 2 more'

    Parameters
    ----------
    numbers : iterable of int
        As in a spreadsheet: the header is row 1.
    """
    numbers = sorted(numbers)
    return f"row{'s' * (len(numbers) > 1)} {shortlist(numbers)}"


def shortlist(items: Iterable[Any]) -> str:
    """The first five items as text, and how many more there are.

    Parameters
    ----------
    items : iterable
        Anything that has a text.
    """
    items = list(items)
    more = f" and {len(items) - 5} more" if len(items) > 5 else ""
    return ", ".join(map(str, items[:5])) + more


def _check_header(header: list[Any], required: list[str]) -> None:
    if repeated := [name for name in required if header.count(name) > 1]:
        raise InputError(
            f"the header names column {repeated[0]!r} more than once; rename or remove one of them"
        )
    if absent := [name for name in required if name not in header]:
        columns = [str(name) for name in header if name not in (None, "")]
        if len(columns) == 1:
            raise InputError(
                f"the header is the single column {columns[0]!r}; put the names of the columns "
                "into one row, each in a cell of its own (in csv separated by commas or semicolons)"
            )
        names = ", ".join(repr(name) + suggestion(name, columns) for name in absent)
        raise InputError(
            f"column{'s' * (len(absent) > 1)} {names} not found; the table has {', '.join(columns)}"
        )


@dataclass(frozen=True)
class Kind:
    """Kind of a column.

    Attributes
    ----------
    parser : callable
        From a cell to its value; raises TypeError or ValueError for one that it rejects.
    instruction : callable
        From the rejected cells to what to write instead.
    check : callable, optional
        Refuses a column whose cells are valid one by one, but not together.
    """

    parser: Callable[[Any, NumberFormat], Any]
    instruction: Callable[[list[Any], NumberFormat], str]
    check: Callable[["pd.Series[Any]", NumberFormat], None] | None = None

    def __call__(self, cells: "pd.Series[Any]", written: NumberFormat) -> "pd.Series[Any]":
        """The column with its cells parsed.

        Raises
        ------
        InputError
            It names the rejected cells.
        """
        values: list[Any] = []
        rejected: dict[Any, Any] = {}
        for row, cell in cells.items():
            try:
                values.append(self.parser(cell, written))
            except (TypeError, ValueError):
                rejected[row] = cell
        if rejected:
            example = next(iter(rejected.values()))
            instruction = _spreadsheet_remedy(example) or self.instruction(
                list(rejected.values()), written
            )
            raise InputError(
                f"column {cells.name!r} holds {_shown(example)} in {row_numbers(rejected)}; "
                f"{instruction}"
            )
        if self.check is not None:
            self.check(cells, written)
        return pd.Series(values, index=cells.index)


def _shown(cell: Any) -> str:
    """A cell as a spreadsheet shows it."""
    if isinstance(cell, Formula):
        return f"the formula {cell.text!r} without a value"
    if isinstance(cell, datetime) and cell.timetz() == datetime.min.time():
        cell = cell.date()
    return f"the date {cell}" if isinstance(cell, date) else repr(cell)


def _spreadsheet_remedy(cell: Any) -> str | None:
    """Advice on a cell that a spreadsheet program has left without a value."""
    if isinstance(cell, Formula):
        return (
            "the program that wrote the workbook never calculated it: open the workbook in a "
            "spreadsheet program and save it there"
        )
    if isinstance(cell, str) and re.fullmatch(r"#[A-Z/0!?]+", cell.strip()):
        return "that is an error of the spreadsheet, so correct the formula"
    return None


def _check_points(cells: "pd.Series[Any]", written: NumberFormat) -> None:
    """Refuse a column of numbers whose points may separate thousands."""
    if written != PLAIN:
        return
    texts = {
        row: str(cell)
        for row, cell in cells.items()
        if isinstance(cell, str | int | np.integer) and not _is_missing(cell)
    }
    if points_are_ambiguous(texts.values()):
        pointed = [row for row, text in texts.items() if "." in text]
        raise InputError(
            f"column {cells.name!r} holds {texts[pointed[0]]!r} in {row_numbers(pointed)} beside "
            "numbers of at most three digits without a point, so the point may separate thousands; "
            "write thousands = '.' in the description if it does, or decimal = '.' if it is the "
            "decimal sign"
        )


def _is_missing(cell: Any) -> bool:
    return is_blank(cell) or (isinstance(cell, str) and cell.strip().lower() in _MISSING_WORDS)


def _number(cell: Any, written: NumberFormat) -> float:
    if _is_missing(cell):
        return float("nan")
    if isinstance(cell, str):
        return written.parse(cell)
    if isinstance(cell, bool | np.bool_):  # float() accepts it, and it is no number as written
        raise TypeError
    return float(cell)


def _check_one_form(cells: "pd.Series[Any]", _written: NumberFormat) -> None:
    """Refuse a column of dates of which some are days and others months or quarters."""
    present = cells[[not _is_missing(cell) for cell in cells]]
    forms = present.map(form_of)
    if forms.nunique() > 1:
        places = [
            f"a {form} ({_shown(present[forms == form].iloc[0])}) "
            f"in {row_numbers(present.index[forms == form])}"
            for form in forms.unique()
        ]
        raise InputError(
            f"column {cells.name!r} holds {', and '.join(places)}; write all of them as days "
            "(YYYY-MM-DD), or all as months (YYYY-MM), or all as quarters (YYYY-Q1)"
        )


def _name(cell: Any, _written: NumberFormat) -> str | None:
    """A name as written: a division may well be called NA."""
    if isinstance(cell, Formula):
        raise TypeError
    return None if is_blank(cell) else str(cell)


def _number_instruction(cells: list[Any], written: NumberFormat) -> str:
    texts = [cell for cell in cells if isinstance(cell, str)]
    if len(texts) == len(cells):
        if remedy := number_remedy(texts, written):
            return remedy
        if any(re.match(r"[^\W\d_]{2}", text.strip()) for text in texts):
            return (
                "write plain numbers; names of events become one column for each, 1 in its rows "
                "and 0 in all others"
            )
    if any(isinstance(cell, bool | np.bool_) for cell in cells):
        return "write plain numbers, 1 for true and 0 for false"
    return "write plain numbers, without units or other signs"


def date_kind(step: Step | None = None) -> Kind:
    """Kind of a column of dates.

    Parameters
    ----------
    step : Step, optional
        Step of the main table, if the column is of another table, whose months and quarters are
        then those of the main table.
    """

    def parse(cell: Any, _written: NumberFormat) -> np.datetime64:
        return np.datetime64("NaT", "ns") if _is_missing(cell) else day_of(cell, step)

    def instruction(cells: list[Any], _written: NumberFormat) -> str:
        if step is not None and form_of(cells[0]) != "day":
            return f"the table is {step.adjective}, so write its dates as they stand there"
        return (
            "write days as YYYY-MM-DD, without a time, or months as YYYY-MM, or quarters as YYYY-Q1"
        )

    return Kind(parse, instruction, _check_one_form)


NUMBER = Kind(_number, _number_instruction, _check_points)
DATE = date_kind()
NAME = Kind(_name, lambda _cells, _written: "write names")
KINDS = {"date": DATE, "unit": NAME}


def _rule_message(cases: pd.DataFrame, rules: pa.DataFrameSchema) -> str:
    """Message on the first violated rule and its rows, with the other columns that violate one."""
    column, rule = cases.loc[cases.index[0], ["column", "check"]]
    if rule == "not_nullable":
        hint = rules.columns[column].description
        rule_text = _MISSING.format(hint=f" ({hint})" if hint else "")
    else:
        rule_text = str(rule)
    problem, _, remedy = rule_text.partition("; ")
    rows = (
        cases[(cases["column"] == column) & (cases["check"] == rule)]["index"].dropna().astype(int)
    )
    where = f" in {row_numbers(rows)}" if len(rows) else ""
    others = [repr(name) for name in cases["column"].unique() if name != column]
    more = f" (other columns with problems: {shortlist(others)})" if others else ""
    return f"column {column!r} has {problem}{where}; {remedy}{more}"


def check_outcome_varies(frame: pd.DataFrame, description: Description) -> None:
    """Refuse an outcome that is constant, in the table or in one of its units.

    Parameters
    ----------
    frame : DataFrame, shape (row, named column)
        What `parse_table` returns.

    Raises
    ------
    InputError
        It names the outcome and the units.
    """
    outcome = frame[description.outcome]
    if outcome.nunique() == 1:
        raise InputError(
            f"outcome {description.outcome!r} is {outcome.iloc[0]} in every row; there is nothing "
            "to explain, name another column"
        )
    if description.unit is not None:
        values = outcome.groupby(frame[description.unit]).nunique()
        if len(constant := values.index[values == 1]):
            raise InputError(
                f"outcome {description.outcome!r} never changes in unit "
                f"{shortlist(map(repr, constant))}; leave such units out (units = [...])"
            )


def check_mediator_varies(frame: pd.DataFrame, description: Description) -> None:
    """Refuse a mediator that has one amount wherever it is on: its causes explain nothing of it.

    Parameters
    ----------
    frame : DataFrame, shape (row, named column)
        What `parse_table` returns.

    Raises
    ------
    InputError
        It names the mediator and its column.
    """
    for name in description.mediators:
        channel = description.channels[name]
        column = channel.exposure or channel.spend
        on = frame[frame[column] > 0]
        units = np.zeros(len(on)) if description.unit is None else on[description.unit]
        if on[column].groupby(units).nunique().max() == 1:
            where = "every row" if len(on) == len(frame) else "every row in which it is on"
            amount = f"{on[column].iloc[0]:.15g}" if on[column].nunique() == 1 else "one amount"
            raise InputError(
                f"the mediator {name!r} (column {column!r}) has {amount} in {where}"
                f"{'' if description.unit is None else ', within each unit'}; nothing raises it, "
                f"so remove [mediators.{name}]"
            )


def check_national(frame: pd.DataFrame, description: Description) -> None:
    """Refuse a national channel whose columns differ between the units of a date.

    Parameters
    ----------
    frame : DataFrame, shape (row, named column)
        What `parse_table` returns.

    Raises
    ------
    InputError
        It names the column and rows of one such date.
    """
    for name, channel in description.channels.items():
        for column in filter(None, (channel.spend, channel.exposure) if channel.national else ()):
            of_date = frame.groupby(description.date)[column]
            differing = frame[of_date.transform("max") > of_date.transform("min")]
            if len(differing):
                first = differing[description.date].iloc[0]
                rows = differing.index[differing[description.date] == first]
                raise InputError(
                    f"column {column!r} differs between the units on {first:%Y-%m-%d} "
                    f"({row_numbers(rows)}), but the description says that {name} is national; "
                    f"write the same amount for every unit, or remove national from "
                    f"[channels.{name}]"
                )
