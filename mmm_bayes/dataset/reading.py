"""Read a table's cells, exactly as they stand, from csv, xlsx or parquet.

Nothing is guessed, renamed or filled here, which is why the csv and xlsx readers of pandas are not
used: they rename a repeated header, turn a division called NA into a missing value, and shift the
row numbers past blank lines. What the cells say is judged in `values` and `dates`.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.errors import InputError


def read(path: Path, named: str = "'file'") -> tuple[pd.DataFrame, str]:
    """Read the cells of a table.

    Parameters
    ----------
    path
        A .csv (UTF-8, comma-separated), .xlsx (first sheet) or .parquet file.
    named
        The key of the description that names it.

    Returns
    -------
    cells : DataFrame of objects, shape (row, column)
        One row per row of the file that holds anything. The index is the row's number as a
        spreadsheet shows it, the header being row 1. A repeated header stays repeated.
    sha256 : str
        Hex digest of the file's bytes.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"a table ends in {', '.join(_READERS)}, not '{path.suffix}'; convert it")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no such table; mend {named} in the description") from None
    except OSError as error:
        raise InputError(f"the table cannot be read ({error.strerror})") from None
    try:
        cells = reader(content)
    except InputError:
        raise
    except Exception as error:  # each format's library fails in its own ways on a broken file
        raise InputError(f"not a readable {path.suffix} file ({error}); save it again") from error
    cells = cells[~cells.map(is_blank).all(axis="columns")]
    if cells.empty:
        raise InputError("the table is empty; it needs a header and rows")
    return cells, hashlib.sha256(content).hexdigest()


def is_blank(cell: Any) -> bool:
    """Whether a cell holds nothing: no object, no text, or the NaN and NaT that stand for none.

    Parameters
    ----------
    cell : object
        As the reader of the file gave it.
    """
    return (
        cell is None
        or cell is pd.NaT
        or (isinstance(cell, float) and isnan(cell))
        or (isinstance(cell, str) and not cell)
    )


def _csv(content: bytes) -> pd.DataFrame:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start} is not UTF-8 text; save the table as UTF-8 csv"
        ) from None
    return _frame(list(csv.reader(io.StringIO(text, newline=""))))


def _xlsx(content: bytes) -> pd.DataFrame:
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(content), data_only=True).worksheets[0]
    return _frame(list(sheet.iter_rows(values_only=True)))


def _parquet(content: bytes) -> pd.DataFrame:
    from pyarrow import BufferReader
    from pyarrow.parquet import read_table

    # The pandas metadata would hide a date column away in the index.
    table = read_table(BufferReader(content))
    frame = table.to_pandas(ignore_metadata=True).astype(object)
    frame.columns = frame.columns.astype(object)
    frame.index = frame.index + 2
    return frame


def _frame(rows: list[Sequence[Any]]) -> pd.DataFrame:
    """Put rows under the header, which is the first of them."""
    header, *body = rows or [()]
    for number, row in enumerate(body, start=2):
        if row and len(row) != len(header):
            raise InputError(
                f"row {number} has {len(row)} fields and the header has {len(header)}; "
                "quote text that holds commas, or complete the row"
            )
    body = [row or [None] * len(header) for row in body]
    return pd.DataFrame(
        body,
        index=pd.RangeIndex(2, len(body) + 2),
        columns=pd.Index(header, dtype=object),
        dtype=object,
    )


_READERS: dict[str, Callable[[bytes], pd.DataFrame]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".parquet": _parquet,
}
