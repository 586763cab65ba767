"""Numbers as people write them: the text of a cell as a float, or why it is none.

Text is read in one way only, which the description may state (`decimal`, `thousands`). Where two
ways would give two numbers, as for 1.298 next to 987, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

#: Spaces that spreadsheets put between thousands.
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"})


@dataclass(frozen=True)
class NumberFormat:
    """Notation of the numbers in a table.

    Attributes
    ----------
    decimal : {".", ","}, optional
        Decimal sign. If it is left out, a point, unless points separate thousands.
    thousands : {".", ",", " ", "'"}, optional
        Sign between groups of three digits; none if left out.
    """

    decimal: str | None = None
    thousands: str | None = None

    @property
    def sign(self) -> str:
        """Decimal sign that holds."""
        return self.decimal or ("," if self.thousands == "." else ".")

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Text of a number."""
        groups = rf"\d{{1,3}}(?:{re.escape(self.thousands)}\d{{3}})+|" if self.thousands else ""
        sign = re.escape(self.sign)
        return re.compile(rf"[+-]?(?:(?:{groups}\d+)(?:{sign}\d*)?|{sign}\d+)(?:[eE][+-]?\d+)?")

    def fits(self, text: str) -> bool:
        """True if a text is a number in this format."""
        return self.pattern.fullmatch(_plain(text)) is not None

    def parse(self, text: str) -> float:
        """The number that a text stands for.

        Raises
        ------
        ValueError
            If it stands for none in this format.
        """
        text = _plain(text)
        if self.pattern.fullmatch(text) is None:
            if self.sign == "." and re.fullmatch(r"[+-]?(inf|infinity)", text.lower()):
                return float(text)
            raise ValueError(text)
        if self.thousands:
            text = text.replace(self.thousands, "")
        return float(text.replace(self.sign, "."))


#: Numbers of a table whose description states nothing.
PLAIN = NumberFormat()
#: Ways of writing that a description can state, the plainest first.
_WAYS = tuple(
    NumberFormat(decimal, thousands)
    for decimal, thousands in (
        (".", None), (",", None), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"),
    )
)  # fmt: skip


def number_remedy(texts: Iterable[str], written: NumberFormat) -> str | None:
    """Advice on texts that are not numbers in the table's format.

    Parameters
    ----------
    texts : iterable of str
        Texts of a column's rejected cells.
    written : NumberFormat
        What the description states.

    Returns
    -------
    str or None
        None if no way of writing numbers fits all of them.
    """
    texts = list(texts)
    if written != PLAIN:
        stated = _keys(written)
        for sign in (".", ",", " ", "'"):
            more = NumberFormat(written.sign, sign)
            if sign != written.sign and all(map(more.fits, texts)):
                return f"the description says {stated}; write {_keys(more)} there"
        return f"the description says {stated}; correct that, or write all numbers in that way"
    readings: dict[tuple[float, ...], NumberFormat] = {}
    for way in _WAYS:
        if all(map(way.fits, texts)):
            readings.setdefault(tuple(map(way.parse, texts)), way)
    if not readings:
        return None
    keys = " or ".join(map(_keys, readings.values()))
    if len(readings) > 1:
        problem = "the comma may be a decimal sign or separate thousands"
    elif any("," in text for text in texts) and next(iter(readings.values())).sign == ",":
        problem = "these are decimal commas, as in csv files that separate columns with semicolons"
    else:
        problem = "the thousands are separated"
    return f"{problem}; write {keys} in the description, or save plain numbers such as 1298.5"


def points_are_ambiguous(texts: Iterable[str]) -> bool:
    """True if the points in a column's numbers may as well separate thousands.

    In a column of 987 and 1.298 every point is followed by three digits, and the numbers without
    one have at most three.

    Parameters
    ----------
    texts : iterable of str
        Texts of a column's numbers.
    """
    texts = [_plain(text) for text in texts]
    pointed = [text for text in texts if "." in text]
    short = [text for text in texts if "." not in text]
    return (
        bool(pointed)
        and bool(short)
        and all(re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", text) for text in pointed)
        and all(re.fullmatch(r"[+-]?\d{1,3}", text) for text in short)
    )


def _plain(text: str) -> str:
    return text.strip().translate(_SPACES)


def _keys(written: NumberFormat) -> str:
    keys = {"decimal": written.decimal, "thousands": written.thousands}
    if written.decimal == "." and written.thousands:
        del keys["decimal"]  # a point is what holds without the key
    return " and ".join(f'{key} = "{sign}"' for key, sign in keys.items() if sign is not None)
