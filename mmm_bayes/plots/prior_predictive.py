"""What the priors expect of the business, before the data."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, OKABE_ITO, PALE, few, numbers

#: Prior draws beyond these quantiles are off the axis.
INSIDE = (0.01, 0.99)
BINS = 30


def implied(ax: Axes, draws: np.ndarray, *, title: str, label: str, observed: float) -> None:
    """Draw the prior distribution of a quantity, and its value in the table.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    draws : array, shape (sample,)
    title, label : str
        Of the axes, and of its horizontal axis.
    observed : float
        NaN where the table does not show it.
    """
    draws = draws[np.isfinite(draws)]
    low, high = np.quantile(draws, INSIDE)
    seen = [observed] if np.isfinite(observed) else []
    low, high = min([low, *seen]), max([high, *seen])
    ax.hist(draws, BINS, range=(low, high), color=PALE, edgecolor=GREY, linewidth=0.5)
    if seen:
        ax.axvline(observed, color=OKABE_ITO[4], linewidth=2)
    numbers(ax.xaxis)
    few(ax.xaxis, 5)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.set_title(title)
    ax.set_xlabel(label)
