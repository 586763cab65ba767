"""Effectiveness over the weeks, and return on spend by quarter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, colours, date_axis, limit_ticks, number_axis


def effectiveness_over_time(axes: Sequence[Axes], changes: xr.Dataset) -> None:
    """Draw each channel's effectiveness with its 90% band, one channel per axes.

    Parameters
    ----------
    changes : xarray.Dataset
        `effectiveness` (statistic, time, channel), as a multiple of its mean.
    """
    channels = [str(name) for name in changes["channel"].values]
    palette = colours(channels)
    percent = 100 * changes["effectiveness"]
    for ax, channel in zip(axes, channels, strict=False):
        level = percent.sel(channel=channel)
        ax.axhline(100, color=GREY, linewidth=1, linestyle=":")
        ax.fill_between(
            level["time"].values, level.sel(statistic="lower"), level.sel(statistic="upper"),
            color=palette[channel], alpha=0.25, linewidth=0,
        )  # fmt: skip
        ax.plot(level["time"], level.sel(statistic="median"), color=palette[channel])
        ax.set_title(channel)
        ax.set_ylim(0, max(200.0, 1.05 * float(level.sel(statistic="upper").max())))
        limit_ticks(ax.yaxis, 5)
        date_axis(ax, most=4)
    axes[0].set_ylabel("effect, % of its mean")


def return_over_time(axes: Sequence[Axes], changes: xr.Dataset, *, name: str = "outcome") -> None:
    """Draw each channel's return by quarter with its 90% interval, one channel per axes.

    Parameters
    ----------
    changes : xarray.Dataset
        `roas` (statistic, period, channel), `begins` and `ends` (period).
    name : str
        Name of the outcome.
    """
    channels = [str(channel) for channel in changes["channel"].values]
    palette = colours(channels)
    begins, ends = changes["begins"].values, changes["ends"].values
    middle = begins + (ends - begins) / 2
    for ax, channel in zip(axes, channels, strict=False):
        roas = changes["roas"].sel(channel=channel)
        mean = roas.sel(statistic="mean").values
        finite = np.isfinite(mean)
        lower, upper = (roas.sel(statistic=end).values[finite] for end in ("lower", "upper"))
        ax.vlines(middle[finite], lower, upper, color=palette[channel], linewidth=2, alpha=0.5)
        ax.plot(middle[finite], mean[finite], "o", color=palette[channel], markersize=4)
        ax.axhline(0, color=GREY, linewidth=0.8)
        ax.set_title(channel)
        low, high = (lower.min(), upper.max()) if finite.any() else (0.0, 1.0)
        ax.set_ylim(min(0.0, 1.05 * float(low)), 1.1 * float(high))
        number_axis(ax.yaxis)
        limit_ticks(ax.yaxis, 5)
        date_axis(ax, most=4)
        ax.margins(x=0.05)
    axes[0].set_ylabel(f"{name} per unit spent")
