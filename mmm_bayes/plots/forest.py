"""Effects with their 90% intervals: by path for each channel, and by unit of a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import (
    GREY,
    INK,
    PALE,
    colours,
    legend,
    limit_ticks,
    number_axis,
    subtitle,
)
from mmm_bayes.text import percent

MARKERS = {"observed": "^", "total": "o", "direct": "s", "indirect": "D"}
#: Effects drawn in full, by their names in the legend.
SOLID = {"observed": "total, above its lowest tenth", "total": "total"}
#: More units than this are drawn without their names.
NAMED = 40


def effects_forest(ax: Axes, effects: xr.Dataset, *, outcome: float, name: str = "outcome") -> None:
    """Draw mean and 90% interval of each effect of each channel.

    Parameters
    ----------
    effects : xarray.Dataset
        `total`, `direct`, `indirect` and, if known, `observed`, the total above the channel's
        lowest tenth; dims (statistic, channel), in units of the outcome, with the statistics mean,
        lower and upper. An effect of zero throughout is not drawn.
    outcome : float
        The summed outcome, for the second scale; NaN for none.
    name : str
        Name of the outcome.
    """
    channels = [str(channel) for channel in effects["channel"].values]
    palette = colours(channels)
    shown = [key for key in MARKERS if key in effects and bool(effects[key].any())]
    for row, channel in enumerate(channels):
        for offset, key in enumerate(shown):
            mean, lower, upper = effects[key].sel(channel=channel).values
            if not any((mean, lower, upper)):
                continue
            y = row + 0.24 * (offset - (len(shown) - 1) / 2)
            solid = key in SOLID
            ax.plot([lower, upper], [y, y], color=palette[channel], lw=2.4 if solid else 1.4)
            ax.plot(
                mean, y, marker=MARKERS[key], color=palette[channel], markersize=5,
                markerfacecolor=palette[channel] if solid else "white",
            )  # fmt: skip
    for key in shown:
        ax.plot(
            [], [], marker=MARKERS[key], color=INK, lw=2.4 if key in SOLID else 1.4,
            label=SOLID.get(key, key), markerfacecolor=INK if key in SOLID else "white",
            markersize=5,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(channels)), channels)
    ax.set_ylim(len(channels) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{name} added over all weeks: mean and 90% interval")
    number_axis(ax.xaxis)
    legend(ax, columns=len(shown))
    if np.isnan(outcome):
        return

    def to_percent(amount: Any) -> Any:
        return 100 * amount / outcome

    def to_amount(points: Any) -> Any:
        return points * outcome / 100

    below = ax.secondary_xaxis(-0.2, functions=(to_percent, to_amount))
    below.set_xlabel(f"% of {name}")


def units_forest(
    axes: Sequence[Axes],
    effects: xr.DataArray,
    palette: Mapping[str, str],
    pooling: xr.DataArray | None,
    *,
    label: str,
) -> None:
    """Draw mean and 90% interval in each unit, one channel per axes, units sorted by the first.

    Parameters
    ----------
    axes : sequence of Axes
        One for each channel.
    effects : xarray.DataArray, dims (statistic, unit, channel)
        With the statistics mean, lower and upper. The last unit, "all", is drawn as a band behind
        the others.
    palette : mapping of str to str
        Colour of each channel.
    pooling : xarray.DataArray, dims (channel,), optional
        Pooling factors of the effects.
    label : str
        What is drawn, and its unit.
    """
    units = [str(name) for name in effects["unit"].values[:-1]]
    rows = np.arange(len(units))
    order = np.argsort(effects.sel(statistic="mean").isel(unit=slice(-1), channel=0).values)
    for ax, channel in zip(axes, map(str, effects["channel"].values), strict=True):
        mean, lower, upper = effects.sel(channel=channel).transpose("statistic", "unit").values
        ax.axvspan(lower[-1], upper[-1], color=PALE, linewidth=0, label="all units")
        ax.axvline(mean[-1], color=GREY, linewidth=1)
        ax.hlines(rows, lower[order], upper[order], color=palette[channel], lw=1.4)
        ax.plot(mean[order], rows, "o", color=palette[channel], markersize=3)
        ax.set_title(f"{channel}\n")
        if pooling is not None:
            subtitle(ax, f"pooled {percent(float(pooling.sel(channel=channel)))}")
        ax.set_ylim(-0.7, len(units) - 0.3)
        ax.set_yticks(rows, [units[unit] for unit in order] if len(units) <= NAMED else [])
        ax.grid(axis="y", visible=False)
        limit_ticks(ax.xaxis, 4)
        number_axis(ax.xaxis)
        ax.set_xlabel(label)
