"""The data over time: the outcome, the spend of each channel, and what exposure cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.estimands.intervals import sum_units
from mmm_bayes.plots.style import (
    GREY,
    INK,
    colours,
    date_axis,
    needs_log_scale,
    number_axis,
)
from mmm_bayes.text import number, percent


def outcome_over_time(ax: Axes, observed: xr.DataArray, *, name: str = "outcome") -> None:
    """Draw the outcome, summed over units.

    Parameters
    ----------
    observed : xarray.DataArray, dims (time, unit)
    name : str
        Name of the outcome.
    """
    values = sum_units(observed)
    ax.plot(values["time"], values, color=INK, linewidth=1.2)
    ax.set_title(name)
    if needs_log_scale(values.values):
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=min(0.0, float(values.min())))
    number_axis(ax.yaxis)
    date_axis(ax)


def spends_over_time(
    axes: Sequence[Axes], spend: xr.DataArray, *, measures: Mapping[str, str] | None = None
) -> None:
    """Draw each channel's spend in its own axes, summed over units.

    Parameters
    ----------
    spend : xarray.DataArray, dims (time, unit, channel)
    measures : mapping of str to str, optional
        Name of the exposure of each channel that has no spend; it is drawn instead.
    """
    measures = measures or {}
    values, palette = sum_units(spend), colours([str(name) for name in spend["channel"].values])
    for ax, channel in zip(axes, map(str, values["channel"].values), strict=True):
        weekly = values.sel(channel=channel)
        ax.fill_between(
            weekly["time"].values, weekly.values, step="mid", color=palette[channel], lw=0
        )
        off = float((spend.sel(channel=channel) == 0).mean())
        pauses = "never off" if off == 0 else f"off in {percent(off)} of weeks"
        measure = measures.get(channel, "spent")
        ax.set_title(f"{channel}: {number(float(weekly.sum()))} {measure}, {pauses}")
        ax.set_ylim(bottom=0)
        number_axis(ax.yaxis)
        date_axis(ax)


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
    cpm : xarray.DataArray, dims (time, channel)
        Money per thousand units of exposure.
    means : mapping of str to float
        Each channel's cost per thousand over all weeks: the dotted line.
    channels : sequence of str
        All channels, so that each has its colour of the other figures.
    measures : mapping of str to str
        Name of each channel's exposure.
    """
    palette = colours(channels)
    for ax, name in zip(axes, map(str, cpm["channel"].values), strict=True):
        weekly = cpm.sel(channel=name)
        ax.plot(
            weekly["time"].values, weekly.values, color=palette[name], marker=".", markersize=3.5
        )
        ax.axhline(means[name], color=GREY, linewidth=1, linestyle=":")
        ax.set_title(name)
        ax.set_ylabel(f"money per 1,000\n{measures[name]}")
        ax.set_ylim(bottom=0)
        number_axis(ax.yaxis)
        date_axis(ax, most=6)
