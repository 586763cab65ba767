"""Cells of a csv, xlsx or parquet table, exactly as written.

Nothing is guessed, renamed or filled here, which is why the csv and xlsx readers of pandas are not
used: they rename a repeated header, turn a division called NA into a missing value, and shift the
row numbers after blank lines. The cells are parsed and checked in `values` and `dates`.

What offices add to a table is read where the table's own columns settle it: the sign between the
columns of a csv file, and lines of title above the header.
"""

import csv
import hashlib
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.errors import InputError

#: Signs between the columns of a csv file.
_SEPARATORS = ",;\t"
#: Rows of a sheet, whatever is above the header included.
Rows = list[Sequence[Any]]


@dataclass(frozen=True)
class Formula:
    """A cell of a workbook whose formula was saved without its value."""

    text: str


def read_cells(
    path: Path,
    source: str = "'file' in the description",
    *,
    columns: Collection[str] = (),
    sheet: str | None = None,
    sheet_remedy: str = "put that sheet first",
) -> tuple[pd.DataFrame, str]:
    """Cells of a table, and the digest of its file.

    Parameters
    ----------
    path : pathlib.Path
        A .csv (UTF-8; commas, semicolons or tabs between columns), .xlsx or .parquet file.
    source : str
        Where the user gave the path, for messages.
    columns : collection of str
        Columns that the table needs. The header is the first row that has them all; the first row
        with anything in it if there is none.
    sheet : str, optional
        Sheet of a workbook; the first if left out.
    sheet_remedy : str
        What to do if another sheet has the columns, with ``{sheet}`` for its name.

    Returns
    -------
    cells : DataFrame of objects, shape (row, column)
        One row per non-empty row of the file. The index is the row number that a spreadsheet
        shows, the header being row 1. A repeated header stays repeated.
    sha256 : str
        Hex digest of the file's bytes.

    Raises
    ------
    InputError
        If the file is missing, of another format, not readable, or empty, or if the columns are
        on another sheet.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"a table's name ends in {', '.join(_READERS)}, not '{path.suffix}'; convert the table"
        )
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no such table; correct {source}") from None
    except OSError as error:
        raise InputError(f"the table cannot be read ({error.strerror})") from None
    try:
        sheets = reader(content, columns)
    except InputError:
        raise
    except Exception as error:  # each format's library fails in its own ways on a broken file
        raise InputError(f"not a readable {path.suffix} file ({error}); save it again") from error
    cells = _frame(_select_sheet(sheets, sheet, columns, sheet_remedy), columns)
    cells = cells[~cells.map(is_blank).all(axis="columns")]
    if cells.empty:
        sheets_text = (
            f" (its sheets are {', '.join(map(repr, sheets))}; the first is read, unless the "
            "description names another under sheet)"
            if len(sheets) > 1
            else ""
        )
        raise InputError(f"the table is empty; it needs a header and rows{sheets_text}")
    return cells, hashlib.sha256(content).hexdigest()


def is_blank(cell: Any) -> bool:
    """True if a cell is empty: None, an empty string, NaN or NaT.

    Parameters
    ----------
    cell : object
        As returned by the file's reader.
    """
    return (
        cell is None
        or cell is pd.NaT
        or (isinstance(cell, float) and isnan(cell))
        or (isinstance(cell, str) and not cell)
    )


def _csv(content: bytes, columns: Collection[str]) -> dict[str, Rows]:
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start} is not UTF-8 text; save the table as UTF-8 csv"
        ) from None
    return {"": _split(text, columns)}


def _split(text: str, columns: Collection[str]) -> Rows:
    """Rows of a csv text at the separator that gives it its columns, or else equally long rows."""
    announced = re.match(r"sep=(.)\r?\n", text)
    if announced:  # a line for spreadsheet programs
        rows = _split_at(text, announced[1])
        return [[], *rows[1:]]
    splits = [_split_at(text, sign) for sign in _SEPARATORS]
    return max(splits, key=lambda rows: (_header_row(rows, columns) is not None, _widths(rows)))


def _split_at(text: str, separator: str) -> Rows:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def _widths(rows: Rows) -> tuple[int, int]:
    """Number of rows of the most frequent width above one field, and that width."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return max(((number, width) for width, number in widths.items()), default=(0, 0))


def _xlsx(content: bytes, _columns: Collection[str]) -> dict[str, Rows]:
    from openpyxl import load_workbook

    def sheets(*, data_only: bool) -> dict[str, Rows]:
        workbook = load_workbook(io.BytesIO(content), data_only=data_only)
        return {
            sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in workbook.worksheets
        }

    values = sheets(data_only=True)
    if not any(cell is None for rows in values.values() for row in rows for cell in row):
        return values
    formulas = sheets(data_only=False)
    return {
        title: [
            [
                Formula(formula)
                if value is None and isinstance(formula, str) and formula.startswith("=")
                else value
                for value, formula in zip(row, texts, strict=True)
            ]
            for row, texts in zip(rows, formulas[title], strict=True)
        ]
        for title, rows in values.items()
    }


def _parquet(content: bytes, _columns: Collection[str]) -> dict[str, Rows]:
    from pyarrow import BufferReader
    from pyarrow.parquet import read_table

    # The pandas metadata would turn a date column into the index.
    table = read_table(BufferReader(content))
    frame = table.to_pandas(ignore_metadata=True).astype(object)
    return {"": [list(table.column_names), *frame.itertuples(index=False, name=None)]}


def _select_sheet(
    sheets: dict[str, Rows], sheet: str | None, columns: Collection[str], remedy: str
) -> Rows:
    """Rows of the sheet that is asked for, or of the first."""
    names = ", ".join(map(repr, sheets))
    if sheet is not None:
        if "" in sheets:
            raise InputError(
                f"the description names the sheet {sheet!r}, but only xlsx files have sheets; "
                "remove the key sheet"
            )
        if sheet not in sheets:
            raise InputError(f"there is no sheet {sheet!r}; the sheets are {names}")
        return sheets[sheet]
    if not sheets:
        raise InputError("the workbook has no sheet with cells; it needs a header and rows")
    first, *others = sheets
    if others and _header_row(sheets[first], columns) is None:
        found = [name for name in others if _header_row(sheets[name], columns) is not None]
        if found:
            raise InputError(
                f"the first sheet, {first!r}, lacks some of the table's columns, and "
                f"{found[0]!r} has them all; {remedy.format(sheet=found[0])} (the sheets are "
                f"{names})"
            )
    return sheets[first]


def _header_row(rows: Rows, columns: Collection[str]) -> int | None:
    """Position of the first row that has all of some columns."""
    if not columns:
        return None
    named = ({cell for cell in row if isinstance(cell, str)} for row in rows)
    return next((i for i, names in enumerate(named) if set(columns) <= names), None)


def _frame(rows: Rows, columns: Collection[str]) -> pd.DataFrame:
    """Cells below the header as a DataFrame."""
    first = next((i for i, row in enumerate(rows) if not all(map(is_blank, row))), 0)
    start = _header_row(rows, columns)
    start = first if start is None else start
    header, *body = rows[start:] or [()]
    for number, row in enumerate(body, start=start + 2):
        if row and len(row) != len(header):
            raise InputError(
                f"row {number} has {len(row)} fields and the header has {len(header)}; complete "
                "the row, or quote text and numbers that hold the sign between the columns, such "
                "as a decimal comma"
            )
    body = [row or [None] * len(header) for row in body]
    return pd.DataFrame(
        body,
        index=pd.RangeIndex(start + 2, start + 2 + len(body)),
        columns=pd.Index(header, dtype=object),
        dtype=object,
    )


_READERS: dict[str, Callable[[bytes, Collection[str]], dict[str, Rows]]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".parquet": _parquet,
}
