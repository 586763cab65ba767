"""The same quantities as several runs have them, with their 90% intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, PALE, colours, numbers

MARKERS = "osD^vPX"


def intervals(
    ax: Axes, values: np.ndarray, channels: Sequence[str], runs: Sequence[str], *, label: str
) -> None:
    """Draw each channel once for every run.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    values : array of float, shape (channel, run, 3)
        Mean, lower and upper end; nan where a run has no such answer.
    channels, runs : sequence of str
    label : str
        Of the axis, with its unit.
    """
    palette = colours(runs)
    step = 0.72 / max(len(runs), 2)
    for at in range(0, len(channels), 2):
        ax.axhspan(at - 0.5, at + 0.5, color=PALE, alpha=0.3, linewidth=0)
    for which, run in enumerate(runs):
        y = np.arange(len(channels)) + step * (which - (len(runs) - 1) / 2)
        mean, lower, upper = values[:, which].T
        ax.hlines(y, lower, upper, color=palette[run], linewidth=1.8)
        ax.plot(
            mean, y, linestyle="", marker=MARKERS[which % len(MARKERS)], color=palette[run],
            markersize=5, label=run,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(channels)), channels)
    ax.set_ylim(len(channels) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(label)
    numbers(ax.xaxis)
