"""Tables of a page: cells that carry their number beside the text that shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mmm_bayes.text import MISSING, Summary, mean_and_interval, number


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text : str
        First line.
    value : float, optional
        The number that the text shows, by which a column sorts; None for a cell of words.
    below : tuple of str
        Smaller lines below the text: intervals.
    """

    text: str
    value: float | None = None
    below: tuple[str, ...] = ()


#: A row as `make_table` takes it: a string becomes a cell without a number.
Row = list[str | Cell]


@dataclass(frozen=True)
class Table:
    """A table of a page; empty names in the head mean that it has none."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def make_table(head: Iterable[str], rows: Iterable[Iterable[str | Cell]]) -> Table:
    """A table of rows; a string becomes a cell without a number."""
    return Table(
        tuple(head),
        tuple(tuple(Cell(cell) if isinstance(cell, str) else cell for cell in row) for row in rows),
    )


def number_cell(value: float | None, form: Callable[[float], str] = number, *below: str) -> Cell:
    """A cell of one number, an en dash where there is none.

    Parameters
    ----------
    value : float or None
        None and NaN mean that there is no such number.
    form : callable
        Formatter of `mmm_bayes.text`.
    *below : str
        Smaller lines below the number.
    """
    if value is None or math.isnan(value):
        return Cell(MISSING)
    return Cell(form(value), float(value), below)


def estimate_cell(summary: Summary, *, unit: str = "") -> Cell:
    """A cell of a mean with its interval below, an en dash where it does not exist.

    Parameters
    ----------
    summary : Summary
        In any unit.
    unit : str
        Written after every number: "%" or nothing.
    """
    mean, interval = mean_and_interval(summary, unit=unit)
    value = summary.mean if math.isfinite(summary.mean) and mean != MISSING else None
    return Cell(mean, value, (interval,) if interval else ())
