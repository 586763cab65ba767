"""Posterior predictive checks: could the fitted model have made these data?

Source: Gelman, A., Meng, X.-L., Stern, H. (1996). Posterior predictive assessment of model
fitness via realized discrepancies. Statistica Sinica 6(4).
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, few, legend, numbers, subtitle, wide_range

#: The statistics of the checks, in the words of a title.
WORDS = {
    "minimum": "smallest week",
    "maximum": "largest week",
    "share_near_zero": "share at 0 or the floor",
    "coverage_90": "share in 90% interval",
    "skewness": "lopsided misses",
    "autocorrelation": "neighbours miss alike",
    "kurtosis": "weight of large misses",
    "heteroscedasticity": "misses grow with level",
}
#: Times the observed value: replicated tables beyond are counted, not drawn.
REACH = 1e4


def densities(
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
    logarithmic = wide_range(seen) and bool((tables >= 0).all())
    if logarithmic:
        least = np.finfo(float).tiny  # an exponential that underflowed
        seen, tables = np.log10(seen), np.log10(np.maximum(tables, least))
    low, high = seen.min(), seen.max()
    reach = 0.35 * (high - low)
    for at, row in enumerate(tables):
        # A heavy tail would spread the grid so thin that the middle had no points.
        inside = row[(row > low - 2 * reach) & (row < high + 2 * reach)]
        if np.ptp(inside) == 0 or inside.size < 10:
            continue
        grid, density, _ = array_stats.kde(inside, grid_len=100)
        ax.plot(
            10**grid if logarithmic else grid, density * inside.size / row.size,
            color=OKABE_ITO[5], alpha=0.45, linewidth=0.7, label="replicated" if at == 0 else None,
        )  # fmt: skip
    grid, density, _ = array_stats.kde(seen, grid_len=100)
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


def statistic(
    ax: Axes, replicated: np.ndarray, observed: float, *, name: str, p: float | None = None
) -> None:
    """Draw a statistic of the replicated tables and of the observed one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    replicated : array, shape (draws,)
    observed : float
    name : str
    p : float, optional
        Its p-value, as the checks have it.
    """
    finite = replicated[np.isfinite(replicated)]
    ax.set_title(f"{WORDS.get(name, name)}\n", fontsize=9)
    ax.set_yticks([])
    if finite.size == 0 or not np.isfinite(observed):
        subtitle(ax, "can't be computed here")
        return
    low, high = np.quantile(finite, [0.005, 0.995])
    bins: int | list[float] = 30
    logarithmic = observed > 0 and wide_range(finite)
    if logarithmic:
        # Beyond this, tables differ in nothing that a reader could use.
        low, high = max(low, observed / REACH), min(high, observed * REACH)
        bins = [float(x) for x in np.geomspace(low, max(high, 1.01 * low), 31)]
        ax.set_xscale("log")
    else:
        few(ax.xaxis, 3)
    outside = float(np.mean((finite < low) | (finite > high)))
    span = (low, high) if high > low and not logarithmic else None
    ax.hist(finite, bins=bins, range=span, color=GREY, alpha=0.55)
    ax.axvline(observed, color=OKABE_ITO[4], linewidth=2)
    said = [] if p is None else ["p < 0.001" if p < 0.001 else f"p = {p:.2g}"]
    if outside > 0.02:
        said.append(f"{outside:.0%} of tables off the axis")
    subtitle(ax, ", ".join(said))
    numbers(ax.xaxis)
