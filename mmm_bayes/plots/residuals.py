"""What the model left unexplained: over time, against the fit, over lags, and its distribution.

Residuals are quantile residuals: standard normal if the model is right, whatever its likelihood.

Source: Dunn, P. K., Smyth, G. K. (1996). Randomized quantile residuals. Journal of Computational
and Graphical Statistics 5(3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy import stats

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, dates, numbers, wide_range

_DOTS: dict[str, Any] = {
    "linestyle": "", "marker": "o", "markersize": 2.8, "color": OKABE_ITO[0], "alpha": 0.7,
}  # fmt: skip


def over_time(ax: Axes, residuals: xr.DataArray) -> None:
    """Draw residuals (time, unit) in the order of the weeks."""
    ax.plot(residuals["time"].values, residuals.transpose("time", "unit").values, **_DOTS)
    _levels(ax)
    ax.set_title("over time")
    ax.set_ylabel("residual, in sd")
    dates(ax, most=4)


def against_fitted(ax: Axes, residuals: xr.DataArray, fitted: xr.DataArray) -> None:
    """Draw residuals (time, unit) against what was expected (time, unit)."""
    x = fitted.transpose(*residuals.dims).values.ravel()
    ax.plot(x, residuals.values.ravel(), **_DOTS)
    _levels(ax)
    if wide_range(x):
        ax.set_xscale("log")
    numbers(ax.xaxis)
    ax.set_title("against the fitted value")
    ax.set_xlabel("fitted")


def autocorrelation(ax: Axes, residuals: xr.DataArray, *, lags: int = 20) -> None:
    """Draw the autocorrelation of residuals (time, unit), averaged over units.

    The dotted lines hold 95% of the bars of independent residuals.
    """
    values = residuals.transpose("time", "unit").values
    values = values - values.mean(0)
    lags = min(lags, len(values) - 2)
    power = (values**2).sum(0)
    products = [values[k:] * values[: len(values) - k] for k in range(1, lags + 1)]
    found = np.array([(product.sum(0) / power).mean() for product in products])
    half = 1.96 / np.sqrt(values.size)
    ax.bar(range(1, lags + 1), found, width=0.6, color=OKABE_ITO[0])
    for level in (-half, half):
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
    ax.axhline(0, color=INK, linewidth=0.8)
    reach = 1.3 * max(2 * half, float(np.abs(found).max()))
    ax.set_ylim(-reach, reach)
    ax.set_title("autocorrelation")
    ax.set_xlabel("lag, weeks")


def against_normal(ax: Axes, residuals: xr.DataArray) -> None:
    """Draw quantiles of residuals (time, unit) against the standard normal's."""
    values = np.sort(residuals.values.ravel())
    expected = stats.norm.ppf((np.arange(values.size) + 0.5) / values.size)
    ax.plot(expected, values, **_DOTS)
    ends = np.array([expected[0], expected[-1]])
    ax.plot(ends, ends, color=INK, linewidth=0.9)
    ax.set_title("against a normal")
    ax.set_xlabel("quantile of a normal")


def _levels(ax: Axes) -> None:
    ax.axhline(0, color=INK, linewidth=0.8)
    for level in (-2, 2):
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
