"""The data over time: the outcome, and what was spent on each channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.bands import summed
from mmm_bayes.plots.style import INK, colours, compact, dates, numbers, wide_range


def outcome_over_time(ax: Axes, observed: xr.DataArray, *, name: str = "outcome") -> None:
    """Draw the outcome, summed over units.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    observed : xarray.DataArray, dims (time, unit)
    name : str
        What the outcome is called.
    """
    values = summed(observed)
    ax.plot(values["time"], values, color=INK, linewidth=1.2)
    ax.set_title(name)
    if wide_range(values.values):
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=min(0.0, float(values.min())))
    numbers(ax.yaxis)
    dates(ax)


def spends_over_time(
    axes: Sequence[Axes], spend: xr.DataArray, *, measures: Mapping[str, str] | None = None
) -> None:
    """Draw each channel's spend in its own axes, summed over units.

    Parameters
    ----------
    axes : sequence of Axes, one per channel
    spend : xarray.DataArray, dims (time, unit, channel)
    measures : mapping, optional
        What is drawn of a channel that costs nothing.
    """
    measures = measures or {}
    values, palette = summed(spend), colours([str(name) for name in spend["channel"].values])
    for ax, channel in zip(axes, values["channel"].values, strict=True):
        one = values.sel(channel=channel)
        ax.fill_between(one["time"].values, one.values, step="mid", color=palette[channel], lw=0)
        off = float((spend.sel(channel=channel) == 0).mean())
        said = "never off" if off == 0 else f"off in {off:.0%} of weeks"
        what = measures.get(str(channel), "spent")
        ax.set_title(f"{channel}: {compact(float(one.sum()))} {what}, {said}")
        ax.set_ylim(bottom=0)
        numbers(ax.yaxis)
        dates(ax)
