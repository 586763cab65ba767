"""One look for every figure: a colour-blind safe palette, quiet axes, numbers a reader can say.

Figures are made without pyplot, so nothing is kept, shown or changed outside them.

Source of the palette: Okabe, M. and Ito, K. (2008), *Color Universal Design*.
"""

from __future__ import annotations

import math
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
    "font.family": "DejaVu Sans",
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
def styled() -> Iterator[None]:
    """Draw and save inside this; the settings outside are left as they were."""
    with mpl.rc_context(RC):
        yield


def figure(
    rows: int = 1, columns: int = 1, *, width: float = 9.0, height: float = 3.2,
    left: float = 0.75, right: float = 0.2, top: float = 0.5, bottom: float = 0.5,
    across: float = 0.6, down: float = 0.75, **options: Any,
) -> tuple[Figure, np.ndarray]:  # fmt: skip
    """A figure of its own, and its axes.

    A single axes is laid out around its labels. Several have fixed margins: measuring the labels
    of a dozen axes takes longer than drawing them.

    Parameters
    ----------
    rows, columns : int
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
        made = Figure(figsize=(width, height), layout="constrained")
        return made, made.subplots(squeeze=False, **options)
    made = Figure(figsize=(width, height))
    each_width = (width - left - right - across * (columns - 1)) / columns
    each_height = (height - top - bottom - down * (rows - 1)) / rows
    margins = {
        "left": left / width, "right": 1 - right / width, "bottom": bottom / height,
        "top": 1 - top / height, "wspace": across / each_width, "hspace": down / each_height,
    }  # fmt: skip
    return made, made.subplots(rows, columns, squeeze=False, gridspec_kw=margins, **options)


def colours(channels: Sequence[str]) -> dict[str, str]:
    """Each channel's colour, the same in every figure of a report.

    Parameters
    ----------
    channels : sequence of str
        In the order of the table's description. Beyond seven the palette begins again, darker.
    """
    return {
        str(name): _darker(OKABE_ITO[at % len(OKABE_ITO)], at // len(OKABE_ITO))
        for at, name in enumerate(channels)
    }


def _darker(colour: str, times: int) -> str:
    red, green, blue = (part * 0.6**times for part in to_rgb(colour))
    return to_hex((red, green, blue))


def compact(value: float, _: object = None) -> str:
    """A number as short as can be read aloud: 950, 12.5k, 3.2M.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> [compact(value) for value in (950, 12_480, 3_200_000, -0.25)]
    ['950', '12.5k', '3.2M', '−0.25']
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) >= 1e15 or abs(value) < 1e-4:
        return f"{value:.0e}".replace("e+", "e").replace("e-0", "e-").replace("-", "−")
    power = math.floor(math.log10(abs(value)) + 1e-9) // 3
    power = max(0, min(power, 4))
    return f"{float(f'{value / 1000**power:.3g}'):,g}{('', 'k', 'M', 'bn', 'tn')[power]}".replace(
        "-", "−"
    )


def numbers(axis: Any) -> None:
    """Label an axis with `compact` numbers.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
    """
    axis.set_major_formatter(FuncFormatter(compact))
    axis.set_minor_formatter(NullFormatter())


def few(axis: Any, most: int) -> None:
    """Label an axis at no more than so many places.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
    most : int
    """
    axis.set_major_locator(MaxNLocator(most))


def subtitle(ax: Axes, text: str) -> None:
    """Write a small line between an axes' title and its frame; the title ends with a new line."""
    said = ax.text(0, 1.03, text, transform=ax.transAxes, fontsize=7.5, color=INK)
    said.set_in_layout(False)


def dates(ax: Axes, *, most: int = 9) -> None:
    """Label the x-axis with dates, as few as are needed.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    most : int
        Labels.
    """
    locator: Any = AutoDateLocator(minticks=2, maxticks=most)  # type: ignore[no-untyped-call]
    # Between a year and a half and two years, a label every six months is too many for four.
    locator.intervald[MONTHLY] = [1, 2, 3, 4, 6, 12]
    ax.xaxis.set_major_locator(locator)
    formatter: Any = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(formatter)
    ax.margins(x=0.01)


def wide_range(values: np.ndarray) -> bool:
    """Whether positive values span so much that only a logarithmic axis shows them all.

    Parameters
    ----------
    values : array
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
    ax : matplotlib.axes.Axes
    columns : int
    **options
        Passed on to `matplotlib.axes.Axes.legend`.
    """
    ax.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, borderaxespad=0.2,
        handlelength=1.6, columnspacing=1.2, **options,
    )  # fmt: skip
