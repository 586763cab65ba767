"""What a channel does in each unit of a panel, beside what it does in all."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.bands import WIDE, band
from mmm_bayes.plots.style import GREY, PALE, few, numbers, subtitle

#: More units than this are drawn without their names.
NAMED = 40


def units_forest(
    axes: list[Axes],
    draws: xr.DataArray,
    palette: dict[str, str],
    pooling: xr.DataArray | None,
    *,
    label: str,
) -> None:
    """Draw mean and 90% interval in each unit, one channel an axes, units sorted by the first.

    Parameters
    ----------
    axes : list of Axes
        One for each channel.
    draws : xarray.DataArray, dims (chain, draw, unit, channel)
        The last unit, "all", is drawn as a band behind the others.
    palette : dict of str to str
        Colour of each channel.
    pooling : xarray.DataArray, dims (channel,), optional
        Pooling factors of the effects.
    label : str
        What is drawn, and its unit.
    """
    means = draws.mean(("chain", "draw"))
    edges = band(draws, WIDE)
    units = [str(name) for name in draws["unit"].values[:-1]]
    first = means.isel(unit=slice(-1), channel=0).values
    order = np.argsort(first)
    for ax, channel in zip(axes, map(str, draws["channel"].values), strict=True):
        lower, upper = edges.sel(channel=channel).transpose("quantile", "unit").values
        middle = means.sel(channel=channel).values
        ax.axvspan(lower[-1], upper[-1], color=PALE, linewidth=0, label="all units")
        ax.axvline(middle[-1], color=GREY, linewidth=1)
        rows = np.arange(len(units))
        ax.hlines(rows, lower[order], upper[order], color=palette[channel], lw=1.4)
        ax.plot(middle[order], rows, "o", color=palette[channel], markersize=3)
        ax.set_title(f"{channel}\n")
        if pooling is not None:
            subtitle(ax, f"pooled {float(pooling.sel(channel=channel)):.0%}")
        ax.set_ylim(-0.7, len(units) - 0.3)
        ax.set_yticks(rows, [units[at] for at in order] if len(units) <= NAMED else [])
        ax.grid(axis="y", visible=False)
        few(ax.xaxis, 4)
        numbers(ax.xaxis)
        ax.set_xlabel(label)


def extremes(draws: xr.DataArray) -> tuple[str, str, float]:
    """The units with the smallest and the largest mean, and how sure it is that they differ.

    Parameters
    ----------
    draws : xarray.DataArray, dims (chain, draw, unit)
        Without the sum over units.

    Returns
    -------
    tuple of str, str and float
        Names, and the posterior probability that the second is larger than the first. They were
        picked for being extreme; a pooled model has drawn both towards the others for it.
    """
    means = draws.mean(("chain", "draw")).values
    low, high = int(means.argmin()), int(means.argmax())
    larger = float((draws.isel(unit=high) > draws.isel(unit=low)).mean())
    names = [str(name) for name in draws["unit"].values]
    return names[low], names[high], larger
