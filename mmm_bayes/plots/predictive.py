"""Posterior predictive checks: replicated tables against the observed one.

Source: Gelman, A., Meng, X.-L., Stern, H. (1996). Posterior predictive assessment of model
fitness via realized discrepancies. Statistica Sinica 6(4).
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.plots.style import (
    GREY,
    INK,
    OKABE_ITO,
    legend,
    limit_ticks,
    needs_log_scale,
    number_axis,
    subtitle,
)
from mmm_bayes.text import p_value, percent

#: Titles of the test statistics.
TITLES = {
    "minimum": "smallest week",
    "maximum": "largest week",
    "share_near_zero": "share at 0 or the floor",
    "coverage_90": "share in 90% interval",
    "skewness": "skewness of residuals",
    "autocorrelation": "autocorrelation",
    "kurtosis": "kurtosis of residuals",
    "heteroscedasticity": "residuals grow with level",
}
#: Replicated statistics beyond so many times the observed one are counted, not drawn.
FARTHEST = 1e4


def replicated_densities(
    ax: Axes,
    predictive: xr.DataArray,
    observed: xr.DataArray,
    *,
    name: str = "outcome",
    shown: int = 15,
) -> None:
    """Draw the density of the observed values over those of replicated tables.

    Parameters
    ----------
    predictive : xarray.DataArray, dims (chain, draw, time, unit)
        Each draw is a replicated table.
    observed : xarray.DataArray, dims (time, unit)
    name : str
        Name of what is drawn.
    shown : int
        Number of replicated tables drawn, spread evenly over the draws.
    """
    values = observed.values.ravel()
    tables = predictive.transpose("chain", "draw", "time", "unit").values.reshape(-1, values.size)
    tables = tables[np.linspace(0, len(tables) - 1, min(shown, len(tables))).astype(int)]
    logarithmic = needs_log_scale(values) and bool((tables >= 0).all())
    if logarithmic:
        least = np.finfo(float).tiny  # an exponential that underflowed
        values, tables = np.log10(values), np.log10(np.maximum(tables, least))
    low, high = values.min(), values.max()
    reach = 0.35 * (high - low)
    for index, row in enumerate(tables):
        # A heavy tail would spread the grid so thin that the middle had no points.
        inside = row[(row > low - 2 * reach) & (row < high + 2 * reach)]
        if inside.size < 10 or np.ptp(inside) == 0:
            continue
        grid, density, _ = array_stats.kde(inside, grid_len=100)
        ax.plot(
            10**grid if logarithmic else grid, density * inside.size / row.size,
            color=OKABE_ITO[5], alpha=0.45, linewidth=0.7,
            label="replicated" if index == 0 else None,
        )  # fmt: skip
    grid, density, _ = array_stats.kde(values, grid_len=100)
    ax.plot(10**grid if logarithmic else grid, density, color=INK, linewidth=1.8, label="observed")
    limits = np.array([low - reach, high + reach])
    if logarithmic:
        ax.set_xscale("log")
        limits = 10**limits
    number_axis(ax.xaxis)
    ax.set_xlim(*limits)
    ax.set_ylim(bottom=0)
    ax.set_yticks([])
    ax.set_xlabel(name)
    legend(ax)


def statistic_histogram(
    ax: Axes, replicated: np.ndarray, observed: float, *, name: str, p: float | None = None
) -> None:
    """Draw a test statistic of the replicated tables and of the observed one.

    Parameters
    ----------
    replicated : array, shape (sample,)
    observed : float
        In the unit of the replicated ones.
    name : str
        Name of the statistic.
    p : float, optional
        Its p-value as the checks report it.
    """
    finite = replicated[np.isfinite(replicated)]
    ax.set_title(f"{TITLES.get(name, name)}\n", fontsize=9)
    ax.set_yticks([])
    if finite.size == 0 or not np.isfinite(observed):
        subtitle(ax, "not defined for these tables")
        return
    low, high = np.quantile(finite, [0.005, 0.995])
    bins: int | list[float] = 30
    logarithmic = observed > 0 and needs_log_scale(finite)
    if logarithmic:
        # Beyond this, tables differ in nothing that a reader could use.
        low, high = max(low, observed / FARTHEST), min(high, observed * FARTHEST)
        bins = [float(x) for x in np.geomspace(low, max(high, 1.01 * low), 31)]
        ax.set_xscale("log")
    else:
        limit_ticks(ax.xaxis, 3)
    outside = float(np.mean((finite < low) | (finite > high)))
    span = (low, high) if high > low and not logarithmic else None
    ax.hist(finite, bins=bins, range=span, color=GREY, alpha=0.55)
    ax.axvline(observed, color=OKABE_ITO[4], linewidth=2)
    notes = [] if p is None else [f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"]
    if outside > 0.02:
        notes.append(f"{percent(outside)} of tables off the axis")
    subtitle(ax, ", ".join(notes))
    number_axis(ax.xaxis)
