"""How the effect of each channel changed over the weeks, and what a unit of money returned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, colours, dates, few, numbers


def effectiveness_over_time(axes: Sequence[Axes], found: xr.Dataset) -> None:
    """Draw each channel's effectiveness with its 90% band, one channel per axes.

    Parameters
    ----------
    axes : sequence of Axes, one per channel
    found : xarray.Dataset
        `effectiveness` (statistic, time, channel), as a multiple of its mean.
    """
    channels = [str(name) for name in found["channel"].values]
    palette = colours(channels)
    percent = 100 * found["effectiveness"]
    for ax, channel in zip(axes, channels, strict=False):
        one = percent.sel(channel=channel)
        ax.axhline(100, color=GREY, linewidth=1, linestyle=":")
        ax.fill_between(
            one["time"].values, one.sel(statistic="lower"), one.sel(statistic="upper"),
            color=palette[channel], alpha=0.25, linewidth=0,
        )  # fmt: skip
        ax.plot(one["time"], one.sel(statistic="median"), color=palette[channel])
        ax.set_title(channel)
        ax.set_ylim(0, max(200.0, 1.05 * float(one.sel(statistic="upper").max())))
        few(ax.yaxis, 5)
        dates(ax, most=4)
    axes[0].set_ylabel("effect, % of its mean")


def return_over_time(axes: Sequence[Axes], found: xr.Dataset, *, name: str = "outcome") -> None:
    """Draw each channel's return by quarter with its 90% interval, one channel per axes.

    Parameters
    ----------
    axes : sequence of Axes, one per channel
    found : xarray.Dataset
        `roas` (statistic, period, channel), `begins` and `ends` (period).
    name : str
        What the outcome is called.
    """
    channels = [str(channel) for channel in found["channel"].values]
    palette = colours(channels)
    begins, ends = found["begins"].values, found["ends"].values
    middle = begins + (ends - begins) / 2
    for ax, channel in zip(axes, channels, strict=False):
        one = found["roas"].sel(channel=channel)
        mean = one.sel(statistic="mean").values
        seen = np.isfinite(mean)
        lower, upper = (one.sel(statistic=end).values[seen] for end in ("lower", "upper"))
        ax.vlines(middle[seen], lower, upper, color=palette[channel], linewidth=2, alpha=0.5)
        ax.plot(middle[seen], mean[seen], "o", color=palette[channel], markersize=4)
        ax.axhline(0, color=GREY, linewidth=0.8)
        ax.set_title(channel)
        low, high = (lower.min(), upper.max()) if seen.any() else (0.0, 1.0)
        ax.set_ylim(min(0.0, 1.05 * float(low)), 1.1 * float(high))
        numbers(ax.yaxis)
        few(ax.yaxis, 5)
        dates(ax, most=4)
        ax.margins(x=0.05)
    axes[0].set_ylabel(f"{name} per unit spent")
