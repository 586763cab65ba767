"""Tables, figures and numbers of a run as Streamlit shows them, with downloads."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable

import pandas as pd
import streamlit as st

from mmm_bayes.data.step import Wording
from mmm_bayes.plots.letters import complete_fonts, missing_letters_sentence
from mmm_bayes.plots.style import figure_style
from mmm_bayes.report.cells import Cell, Table
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.wording import picture_in_steps
from mmm_bayes.text import Summary, mean_and_interval

#: Pixels of an inch of a figure where there is room for them. A figure wider than NARROW inches is
#: not shrunk to a phone's screen, where it would be illegible, but scrolled.
PIXELS, NARROW = 78, 6.0
_WIDE = '[class*="st-key-figure"][class*="-wide"]'
SCROLL = f"""<style>@media (max-width: 640px) {{
{_WIDE} [data-testid="stImage"] {{ overflow-x: auto; }}
{_WIDE} img {{ max-width: none !important; width: 620px !important; }}
}}</style>"""
#: Matplotlib's settings are global in the process, and every reader's page is a thread.
_DRAWING = threading.RLock()


def use_words(wording: Wording) -> None:
    """Choose the words of all that a reader sees: those of the run's table."""
    st.session_state["wording"] = wording


def words() -> Wording:
    """Words of the run's table."""
    chosen: Wording = st.session_state.get("wording", Wording())
    return chosen


def show_picture(make: Callable[[], Picture | None]) -> None:
    """Show a figure with its caption below, if there is one."""
    show_pictures(lambda: [picture for picture in [make()] if picture is not None])


def show_pictures(make: Callable[[], Iterable[Picture]]) -> None:
    """Show figures, each with its caption below."""
    with _DRAWING, figure_style():
        for drawn in make():
            picture = picture_in_steps(drawn, words())
            inches = picture.figure.get_figwidth()
            missing = missing_letters_sentence(complete_fonts(picture.figure))
            width = "wide" if inches > NARROW else "narrow"
            with st.container(key=f"figure-{picture.name}-{width}"):
                st.pyplot(picture.figure, width=round(PIXELS * inches))
            st.caption(escape_markdown(f"{picture.caption} {missing}".rstrip()))


def show_table(table: Table) -> None:
    """Show a table, the smaller lines of a cell below its text."""
    # An interval is not broken: on a narrow screen the table is wider than the screen.
    rows = [["\n\n".join(_lines(cell)) for cell in row] for row in table.rows]
    frame = pd.DataFrame(rows, columns=[escape_markdown(head) for head in table.head])
    if len(table.head):
        frame = frame.set_index(frame.columns[0])
    st.table(frame)


def _lines(cell: Cell) -> list[str]:
    space = "\N{NO-BREAK SPACE}" if cell.below else " "
    return [escape_markdown(line).replace(" ", space) for line in (cell.text, *cell.below)]


def show_download(frame: pd.DataFrame, name: str) -> None:
    """Show a button that downloads a table as CSV.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any columns; the index is left out.
    name : str
        Name of the file.
    """
    st.download_button(
        f"Download {name}",
        frame.to_csv(index=False, lineterminator="\n").encode(),
        file_name=name,
        mime="text/csv",
        on_click="ignore",
        key=f"download {name}",
    )


def show_estimate(label: str, summary: Summary, *, unit: str = "") -> None:
    """Show a number with its 90% interval.

    Parameters
    ----------
    unit : str
        Written after the number: "%" or nothing.
    """
    mean, interval = mean_and_interval(summary, unit=unit)
    st.metric(escape_markdown(label), mean, f"90% interval {interval}" if interval else None,
              delta_color="off", delta_arrow="off")  # fmt: skip


def show_list(sentences: Iterable[str]) -> None:
    """Show sentences as a bulleted list."""
    st.markdown("\n".join(f"- {escape_markdown(message)}" for message in sentences))


def round_step(step: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a step.

    Parameters
    ----------
    step : float
        Of a slider, in any unit; above 0.
    """
    power = 10.0 ** math.floor(math.log10(step))
    return max(times * power for times in (1, 2, 5) if times * power <= step * (1 + 1e-9))


def step_format(step: float) -> str:
    """Format of a slider's value, without digits that one step would not change.

    Parameters
    ----------
    step : float
        Of the slider, in any unit; above 0.
    """
    return f"%.{max(0, -math.floor(math.log10(step)))}f"


def escape_markdown(text: str) -> str:
    """Text in the words of the run's table, with Markdown's special characters escaped.

    Names come from the user's files.
    """
    text = words()(text)
    for mark in "\\`*_[]$#<>:|~":
        text = text.replace(mark, f"\\{mark}")
    return text
