"""The style of every figure: a colour-blind safe palette, sparse axes, short numbers.

Figures are made without pyplot, so no global state of Matplotlib is kept or changed.

Source of the palette: Okabe, M. and Ito, K. (2008), *Color Universal Design*.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.dates import MONTHLY, AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from mmm_bayes.plots.letters import usual_fonts
from mmm_bayes.text import number

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
INK = "#222222"
GREY = "#8A8A8A"
PALE = "#D9D9D9"

RC: Any = {
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "mmm_bayes",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a name with dollar signs is a name
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ECECEC",
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "hatch.linewidth": 0.7,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Context in which figures are drawn and saved; Matplotlib's settings are restored after it."""
    with mpl.rc_context(RC | {"font.family": usual_fonts()}), warnings.catch_warnings():
        # What no font has is found by `letters.complete_fonts`.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def figure(
    rows: int = 1, columns: int = 1, *, width: float = 9.0, height: float = 3.2,
    left: float = 0.75, right: float = 0.2, top: float = 0.5, bottom: float = 0.5,
    across: float = 0.6, down: float = 0.75, **options: Any,
) -> tuple[Figure, np.ndarray]:  # fmt: skip
    """A new figure with a grid of axes.

    A single axes is laid out around its labels. Several have fixed margins: measuring the labels
    of a dozen axes takes longer than drawing them.

    Parameters
    ----------
    rows, columns : int
        Size of the grid.
    width, height : float
        Of the whole figure, in inches.
    left, right, top, bottom, across, down : float
        Margins around several axes, and the gaps between them, in inches.
    **options
        Passed on to `matplotlib.figure.Figure.subplots`.

    Returns
    -------
    tuple of Figure and array of Axes, shape (rows, columns)
    """
    if rows * columns == 1:
        single = Figure(figsize=(width, height), layout="constrained")
        return single, single.subplots(squeeze=False, **options)
    grid = Figure(figsize=(width, height))
    each_width = (width - left - right - across * (columns - 1)) / columns
    each_height = (height - top - bottom - down * (rows - 1)) / rows
    margins = {
        "left": left / width, "right": 1 - right / width, "bottom": bottom / height,
        "top": 1 - top / height, "wspace": across / each_width, "hspace": down / each_height,
    }  # fmt: skip
    return grid, grid.subplots(rows, columns, squeeze=False, gridspec_kw=margins, **options)


def colours(channels: Sequence[str]) -> dict[str, str]:
    """Colour of each channel, the same in every figure of a report.

    Parameters
    ----------
    channels : sequence of str
        In the order of the table's description. Beyond seven the palette begins again, darker.

    Returns
    -------
    dict of str to str
        Colours as Matplotlib takes them.
    """
    return {
        str(name): _darker(OKABE_ITO[index % len(OKABE_ITO)], index // len(OKABE_ITO))
        for index, name in enumerate(channels)
    }


def panels(
    count: int, *, columns: int, height: float, margin: float = 0.0, **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure with a number of small axes, row by row; places left over are empty.

    Parameters
    ----------
    count : int
        Number of axes.
    columns : int
        Most axes in a row.
    height, margin : float
        Height of a row, and of the figure besides its rows, in inches.
    **options
        Passed on to `figure`.

    Returns
    -------
    tuple of Figure and list of Axes
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    grid, axes = figure(rows, columns, height=margin + height * rows, **options)
    flat = list(axes.ravel())
    for ax in flat[count:]:
        ax.axis("off")
    return grid, flat[:count]


def _darker(colour: str, times: int) -> str:
    red, green, blue = (part * 0.6**times for part in to_rgb(colour))
    return to_hex((red, green, blue))


def number_axis(axis: Any) -> None:
    """Label an axis with numbers of three digits.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        Horizontal or vertical, linear or logarithmic.
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())


def limit_ticks(axis: Any, most: int) -> None:
    """Limit the number of ticks of an axis.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        Linear.
    most : int
        Largest number of intervals between ticks.
    """
    axis.set_major_locator(MaxNLocator(most))


def subtitle(ax: Axes, text: str) -> None:
    """Write a small line between an axes' title, which ends with a new line, and its frame."""
    label = ax.text(0, 1.03, text, transform=ax.transAxes, fontsize=7.5, color=INK)
    label.set_in_layout(False)


def date_axis(ax: Axes, *, most: int = 9) -> None:
    """Label the horizontal axis with dates.

    Parameters
    ----------
    most : int
        Largest number of labels.
    """
    locator: Any = AutoDateLocator(minticks=2, maxticks=most)  # type: ignore[no-untyped-call]
    # Between a year and a half and two years, a label every six months is too many for four.
    locator.intervald[MONTHLY] = [1, 2, 3, 4, 6, 12]
    ax.xaxis.set_major_locator(locator)
    formatter: Any = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(formatter)
    ax.margins(x=0.01)


def needs_log_scale(values: np.ndarray) -> bool:
    """True if values are positive and span so much that only a logarithmic axis shows them.

    Parameters
    ----------
    values : array of any shape
    """
    values = np.asarray(values)
    if values.size == 0 or (values <= 0).any():
        return False
    low, high = np.quantile(values, [0.02, 0.98])
    return bool(high / low > 50)


def legend(ax: Axes, *, columns: int = 4, **options: Any) -> None:
    """Put the legend above the axes, where it covers no data.

    Parameters
    ----------
    columns : int
        Largest number of entries side by side.
    **options
        Passed on to `matplotlib.axes.Axes.legend`.
    """
    ax.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, borderaxespad=0.2,
        handlelength=1.6, columnspacing=1.2, **options,
    )  # fmt: skip
