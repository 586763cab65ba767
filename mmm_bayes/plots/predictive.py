"""Posterior predictive checks: could the fitted model have made these data?

Source: Gelman, A., Meng, X.-L., Stern, H. (1996). Posterior predictive assessment of model
fitness via realized discrepancies. Statistica Sinica 6(4).
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.plots.style import INK, OKABE_ITO, PALE, few, legend, numbers, subtitle, wide_range


def densities(
    ax: Axes,
    predictive: xr.DataArray,
    observed: xr.DataArray,
    *,
    name: str = "outcome",
    shown: int = 25,
) -> None:
    """Draw the density of the observed values over those of replicated tables.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    predictive : xarray.DataArray, dims (chain, draw, time, unit)
        Each draw is a replicated table.
    observed : xarray.DataArray, dims (time, unit)
    name : str
    shown : int
        Replicated tables drawn, spread evenly over the draws.
    """
    seen = observed.values.ravel()
    tables = predictive.transpose("chain", "draw", "time", "unit").values.reshape(-1, seen.size)
    tables = tables[np.linspace(0, len(tables) - 1, min(shown, len(tables))).astype(int)]
    logarithmic = wide_range(seen) and bool((tables > 0).all())
    if logarithmic:
        seen, tables = np.log10(seen), np.log10(tables)
    low, high = seen.min(), seen.max()
    reach = 0.35 * (high - low)
    for at, row in enumerate(tables):
        # A heavy tail would spread the grid so thin that the middle had no points.
        inside = row[(row > low - 2 * reach) & (row < high + 2 * reach)]
        if np.ptp(inside) == 0 or inside.size < 10:
            continue
        grid, density, _ = array_stats.kde(inside, grid_len=200)
        ax.plot(
            10**grid if logarithmic else grid, density * inside.size / row.size,
            color=OKABE_ITO[5], alpha=0.35, linewidth=0.7, label="replicated" if at == 0 else None,
        )  # fmt: skip
    grid, density, _ = array_stats.kde(seen, grid_len=200)
    ax.plot(10**grid if logarithmic else grid, density, color=INK, linewidth=1.8, label="observed")
    limits = np.array([low - reach, high + reach])
    if logarithmic:
        ax.set_xscale("log")
        limits = 10**limits
    numbers(ax.xaxis)
    ax.set_xlim(*limits)
    ax.set_ylim(bottom=0)
    ax.set_yticks([])
    ax.set_xlabel(name)
    legend(ax)


def statistic(ax: Axes, replicated: np.ndarray, observed: float, *, name: str) -> None:
    """Draw a statistic of the replicated tables and of the observed one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    replicated : array, shape (draws,)
    observed : float
    name : str
    """
    finite = replicated[np.isfinite(replicated)]
    low, high = np.quantile(finite, [0.005, 0.995])
    ax.hist(finite, bins=30, range=(low, high) if high > low else None, color=PALE)
    ax.axvline(observed, color=OKABE_ITO[4], linewidth=2)
    above = float(np.mean(finite >= observed))
    ax.set_title(f"{name}\n", fontsize=9)
    subtitle(ax, f"{above:.0%} of replicates at or above")
    ax.set_yticks([])
    few(ax.xaxis, 3)
    numbers(ax.xaxis)
