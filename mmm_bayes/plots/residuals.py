"""What the model left unexplained: over time, against the fit, over lags, and its distribution.

The residuals are those of `mmm_bayes.diagnostics.residuals`: standardised, on the log scale where
effects multiply.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, PALE, dates, numbers, wide_range

_DOTS: dict[str, Any] = {
    "linestyle": "", "marker": "o", "markersize": 2.8, "color": OKABE_ITO[0], "alpha": 0.7,
    "rasterized": True,
}  # fmt: skip


def over_time(ax: Axes, residuals: xr.DataArray) -> None:
    """Draw residuals (time, unit) in the order of the weeks."""
    ax.plot(residuals["time"].values, residuals.transpose("time", "unit").values, **_DOTS)
    _levels(ax)
    ax.set_title("over time")
    ax.set_ylabel("residual")
    dates(ax, most=4)


def against_fitted(
    ax: Axes, residuals: xr.DataArray, fitted: xr.DataArray, *, name: str = "outcome"
) -> None:
    """Draw residuals (time, unit) against what was expected (time, unit), in units of `name`.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    residuals, fitted : xarray.DataArray, dims (time, unit)
    name : str
        What the outcome is called.
    """
    x = fitted.transpose(*residuals.dims).values.ravel()
    ax.plot(x, residuals.values.ravel(), **_DOTS)
    _levels(ax)
    if wide_range(x):
        ax.set_xscale("log")
    numbers(ax.xaxis)
    ax.set_title("against the fit")
    ax.set_xlabel(f"fitted {name}")


def autocorrelation(ax: Axes, acf: xr.DataArray, band: xr.DataArray) -> None:
    """Draw the autocorrelation of residuals, averaged over units.

    The dotted lines hold 95% of the bars of independent residuals.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    acf : xarray.DataArray, dims (lag, unit)
        1 at lag 0, which is not drawn.
    band : xarray.DataArray, dims (unit,)
        Half-width of the 95% band of one unit's.
    """
    found = acf.mean("unit").sel(lag=acf["lag"] > 0)
    half = float(band.mean()) / np.sqrt(band.sizes["unit"])
    ax.bar(found["lag"].values, found.values, width=0.6, color=OKABE_ITO[0])
    for level in (-half, half):
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
    ax.axhline(0, color=INK, linewidth=0.8)
    reach = 1.3 * max(2 * half, float(np.abs(found).max()))
    ax.set_ylim(-reach, reach)
    ax.set_title("autocorrelation")
    ax.set_xlabel("lag, weeks")


def misses(left: np.ndarray) -> np.ndarray:
    """Residuals of replicated tables, standardised as the observed ones are.

    Parameters
    ----------
    left : array, shape (sample, time, unit)
        What the fitted values leave of each table; NaN where a week has no residual.

    Returns
    -------
    array, shape (sample, time, unit)
    """
    present = ~np.isnan(left)
    power = np.where(present, left, 0.0) ** 2
    scale = np.sqrt(power.sum(-2, keepdims=True) / np.maximum(present.sum(-2, keepdims=True), 1))
    return np.asarray(left / np.where(scale > 0, scale, 1.0))


def against_model(ax: Axes, residuals: np.ndarray, replicated: np.ndarray) -> None:
    """Draw quantiles of the residuals against those of tables that the fitted model makes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    residuals : array, shape (time, unit)
        NaN where there is none.
    replicated : array, shape (sample, time, unit)
        As `misses` gives them.
    """
    values = np.sort(residuals[~np.isnan(residuals)])
    # Tables differ in how many residuals they have.
    ranks = np.linspace(0, 1, values.size)
    flat = replicated.reshape(len(replicated), -1)
    tables = np.nanquantile(flat, ranks, axis=1).T
    lower, middle, upper = np.quantile(tables, [0.05, 0.5, 0.95], axis=0)
    ax.fill_between(middle, lower, upper, color=PALE, linewidth=0)
    ends = middle[[0, -1]]
    ax.plot(ends, ends, color=INK, linewidth=0.9)
    ax.plot(middle, values, **_DOTS)
    ax.set_title("against the model's")
    ax.set_xlabel("quantile the model expects")


def _levels(ax: Axes) -> None:
    ax.axhline(0, color=INK, linewidth=0.8)
    for level in (-2, 2):
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
