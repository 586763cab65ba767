"""One parameter: its posterior, and its prior behind it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.plots.bands import WIDE, band
from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, PALE, legend

#: Points of a density, and the part of the draws at either end that its axis leaves out.
GRID, BEYOND = 200, 0.002


def density(
    ax: Axes, posterior: xr.DataArray, prior: xr.DataArray | None = None, *, name: str
) -> None:
    """Draw the density of a parameter with its 90% interval, over that of its prior.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    posterior, prior : xarray.DataArray, dims (chain, draw)
    name : str
    """
    low, high = np.quantile(posterior.values, [BEYOND, 1 - BEYOND])
    if prior is not None and np.ptp(prior.values) > 0:
        lower, upper = np.quantile(prior.values, [0.025, 0.975])
        low, high = min(low, lower), max(high, upper)
        x, y, _ = array_stats.kde(prior.values.ravel(), grid_len=GRID)
        ax.fill_between(x, y, facecolor=PALE, edgecolor=GREY, linewidth=0.8, label="prior")
    x, y, _ = array_stats.kde(posterior.values.ravel(), grid_len=GRID)
    ax.fill_between(
        x, y, facecolor=OKABE_ITO[0], edgecolor=INK, alpha=0.6, linewidth=0.8, label="posterior"
    )
    ends = band(posterior, WIDE).values
    ax.plot(ends, [0, 0], color=INK, linewidth=4, solid_capstyle="butt", label="90% interval")
    ax.set_xlim(low, high)
    ax.set_ylim(bottom=0)
    ax.set_yticks([])
    ax.set_xlabel(name)
    legend(ax, columns=3)
