"""What the data added to the priors."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, PALE, colours, subtitle

#: Parameters a marketer can judge, and what they mean.
MEANINGS = {
    "adstock_alpha": "carryover: share kept a week later",
    "saturation_kappa": "half-saturation, in mean exposures",
    "saturation_slope": "steepness of the response",
    "beta": "media effect",
    "mediation_alpha": "carryover on the mediator",
    "gamma": "effect on the mediator",
    "gamma_on": "effect on the mediator being on",
}

#: Points of each density.
GRID = 100


def comparable(posterior: xr.Dataset, prior: xr.Dataset) -> list[str]:
    """Names of the parameters that can be shown against their prior."""
    return [name for name in MEANINGS if name in posterior and name in prior]


def prior_against_posterior(
    ax: Axes, posterior: xr.DataArray, prior: xr.DataArray, *, channels: list[str]
) -> None:
    """Draw both densities of one parameter, a ridge for each channel.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    posterior, prior : xarray.DataArray, dims (chain, draw, channel or cause)
        A channel whose draws are all the same (an effect fixed at zero) is left out.
    channels : list of str
        All channels, for their colours.
    """
    name, dim = str(posterior.name), str(posterior.dims[-1])
    palette = colours(channels)
    shown = [
        str(channel)
        for channel in posterior[dim].values
        if float(posterior.sel({dim: channel}).std()) > 0
    ]
    edges = [
        np.quantile(values.sel({dim: channel}).values, [0.003, 0.99])
        for channel in shown
        for values in (posterior, prior)
    ]
    low, high = min(e[0] for e in edges), max(e[1] for e in edges)
    if name.startswith("saturation"):
        low = 0.0
    for at, channel in enumerate(shown):
        before: dict[str, Any] = {"facecolor": PALE, "alpha": 0.8, "edgecolor": GREY, "zorder": 2}
        after: dict[str, Any] = {"facecolor": palette[channel], "edgecolor": INK, "alpha": 0.6}
        for values, options in ((prior, before), (posterior, {**after, "zorder": 3})):
            draws = values.sel({dim: channel}).values.ravel()
            grid, density, _ = array_stats.kde(draws, grid_len=GRID)
            height = 0.85 * density / density.max()
            ax.fill_between(
                grid, at, at - height, linewidth=0.6, gid=f"{name}:{channel}", **options
            )
    if name.startswith("gamma"):
        ax.axvline(0, color=INK, linewidth=0.9, zorder=4)
    ax.set_yticks(range(len(shown)), shown)
    ax.set_ylim(len(shown) - 0.8, -1.0)
    ax.set_xlim(low, high)
    ax.grid(axis="y", visible=False)
    ax.set_title(f"{name}\n", fontsize=9)
    subtitle(ax, MEANINGS.get(name, ""))
