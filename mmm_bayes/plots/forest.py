"""Total, direct and indirect effects side by side, with their 90% intervals."""

from __future__ import annotations

from typing import Any

import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.bands import WIDE, band, pooled
from mmm_bayes.plots.style import GREY, INK, colours, legend, numbers

MARKERS = {"total": "o", "direct": "s", "indirect": "D"}


def effects_forest(ax: Axes, draws: xr.Dataset, *, outcome: float, name: str = "outcome") -> None:
    """Draw mean and 90% interval of each effect of each channel.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    draws : xarray.Dataset
        `total`, `direct`, `indirect`, dims (chain, draw, unit, channel), in units of the outcome.
    outcome : float
        The summed outcome, for the second scale.
    name : str
        What the outcome is called.
    """
    channels = [str(channel) for channel in draws["channel"].values]
    palette = colours(channels)
    shown = [key for key in MARKERS if key != "indirect" or bool((draws["indirect"] != 0).any())]
    for at, channel in enumerate(channels):
        for offset, key in enumerate(shown):
            one = pooled(draws[key]).sel(channel=channel)
            if not bool((one != 0).any()):
                continue
            lower, upper = band(one, WIDE).values
            y = at + 0.24 * (offset - (len(shown) - 1) / 2)
            solid = key == "total"
            ax.plot([lower, upper], [y, y], color=palette[channel], lw=2.4 if solid else 1.4)
            ax.plot(
                float(one.mean()), y, marker=MARKERS[key], color=palette[channel], markersize=5,
                markerfacecolor=palette[channel] if solid else "white",
            )  # fmt: skip
    for key in shown:
        ax.plot(
            [], [], marker=MARKERS[key], color=INK, lw=2.4 if key == "total" else 1.4, label=key,
            markerfacecolor=INK if key == "total" else "white", markersize=5,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(channels)), channels)
    ax.set_ylim(len(channels) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{name} added over all weeks: mean and 90% interval")
    numbers(ax.xaxis)
    legend(ax, columns=3)

    def percent(amount: Any) -> Any:
        return 100 * amount / outcome

    def amount(percent: Any) -> Any:
        return percent * outcome / 100

    below = ax.secondary_xaxis(-0.2, functions=(percent, amount))
    below.set_xlabel(f"% of {name}")
