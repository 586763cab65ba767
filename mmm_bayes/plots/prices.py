"""What a thousand units of exposure cost, over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, colours, dates, numbers


def cost_over_time(
    axes: Sequence[Axes],
    cpm: xr.DataArray,
    *,
    means: Mapping[str, float],
    channels: Sequence[str],
    measures: Mapping[str, str],
) -> None:
    """Draw each channel's cost per thousand in its own axes; weeks without exposure are gaps.

    Parameters
    ----------
    axes : sequence of Axes, one per channel of `cpm`
    cpm : xarray.DataArray, dims (time, channel)
    means : mapping
        Each channel's cost per thousand over all weeks: the dotted line.
    channels : sequence of str
        All channels, so that each has its colour of the other figures.
    measures : mapping
        What each channel's exposure is called.
    """
    palette = colours(channels)
    for ax, name in zip(axes, map(str, cpm["channel"].values), strict=True):
        one = cpm.sel(channel=name)
        ax.plot(one["time"].values, one.values, color=palette[name], marker=".", markersize=3.5)
        ax.axhline(means[name], color=GREY, linewidth=1, linestyle=":")
        ax.set_title(name)
        ax.set_ylabel(f"money per 1,000\n{measures[name]}")
        ax.set_ylim(bottom=0)
        numbers(ax.yaxis)
        dates(ax, most=6)
