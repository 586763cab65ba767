"""Tables and figures on the screen, with their words, and their numbers to take away."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable

import pandas as pd
import streamlit as st

from mmm_bayes.plots.style import styled
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.tables import Table
from mmm_bayes.report.words import Summary, spread

#: Pixels of an inch of a figure where there is room for them. What is wider than so many inches is
#: not shrunk to a phone's screen, where nobody could read it, but scrolled.
PIXELS, NARROW = 78, 6.0
_WIDE = '[class*="st-key-figure"][class*="-wide"]'
SCROLL = f"""<style>@media (max-width: 640px) {{
{_WIDE} [data-testid="stImage"] {{ overflow-x: auto; }}
{_WIDE} img {{ max-width: none !important; width: 620px !important; }}
}}</style>"""
#: Matplotlib's settings are one for the whole process, and every reader's page is a thread.
_DRAWING = threading.RLock()


def draw(make: Callable[[], Picture | None]) -> None:
    """Draw a figure in the project's style, with its caption below, if there is one to draw."""
    draw_all(lambda: [made for made in [make()] if made is not None])


def draw_all(make: Callable[[], Iterable[Picture]]) -> None:
    """Draw figures in the project's style, each with its caption below."""
    with _DRAWING, styled():
        for made in make():
            inches = made.figure.get_figwidth()
            with st.container(key=f"figure-{made.name}-{'wide' if inches > NARROW else 'narrow'}"):
                st.pyplot(made.figure, width=round(PIXELS * inches))
            st.caption(plain(made.caption))


def grid(table: Table) -> None:
    """Show a table of text; the smaller lines of a cell, its intervals, go below."""
    # An interval is not broken; where the screen is narrow the table is wider than it.
    rows = [["\n\n".join(_unbroken(cell)) for cell in row] for row in table.rows]
    frame = pd.DataFrame(rows, columns=[plain(head) for head in table.head])
    if len(table.head):
        frame = frame.set_index(frame.columns[0])
    st.table(frame)


def _unbroken(cell: tuple[str, ...]) -> list[str]:
    space = "\N{NO-BREAK SPACE}" if len(cell) > 1 else " "
    return [plain(line).replace(" ", space) for line in cell]


def download(frame: pd.DataFrame, name: str) -> None:
    """Offer a table as CSV."""
    st.download_button(
        f"Download {name}",
        frame.to_csv(index=False, lineterminator="\n").encode(),
        file_name=name,
        mime="text/csv",
        on_click="ignore",
        key=f"download {name}",
    )


def amount(label: str, summary: Summary, *, unit: str = "") -> None:
    """One number with its 90% interval.

    Parameters
    ----------
    label : str
    summary : Summary
    unit : str
        Written after the number.
    """
    mean, interval = spread(summary, unit=unit)
    st.metric(plain(label), mean, f"90% interval {interval}" if interval else None,
              delta_color="off", delta_arrow="off")  # fmt: skip


def listing(sentences: Iterable[str]) -> None:
    """Sentences as a list."""
    st.markdown("\n".join(f"- {plain(says)}" for says in sentences))


def nice(step: float) -> float:
    """The next of 1, 2 and 5 times a power of ten from below: a step that can be followed.

    Parameters
    ----------
    step : float
    """
    power = 10.0 ** math.floor(math.log10(step))
    return max(times * power for times in (1, 2, 5) if times * power <= step * (1 + 1e-9))


def digits(step: float) -> str:
    """The format of a slider's value: no digits that one step would not change.

    Parameters
    ----------
    step : float
        Of the slider.
    """
    return f"%.{max(0, -math.floor(math.log10(step)))}f"


def plain(text: str) -> str:
    """Text as it is: names come from the user's files, and Markdown has its own idea of them."""
    for mark in "\\`*_[]$#<>:|~":
        text = text.replace(mark, f"\\{mark}")
    return text
