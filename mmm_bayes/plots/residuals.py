"""Residuals: over time, against the fit, over lags, and against those of replicated tables.

The residuals are those of `mmm_bayes.diagnostics.residuals`: standardised, on the log scale where
effects multiply.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import (
    GREY,
    INK,
    OKABE_ITO,
    PALE,
    date_axis,
    needs_log_scale,
    number_axis,
)

_DOTS: dict[str, Any] = {
    "linestyle": "", "marker": "o", "markersize": 2.8, "color": OKABE_ITO[0], "alpha": 0.7,
    "rasterized": True,
}  # fmt: skip


def residuals_over_time(ax: Axes, residuals: xr.DataArray) -> None:
    """Draw residuals in the order of the weeks.

    Parameters
    ----------
    residuals : xarray.DataArray, dims (time, unit)
    """
    ax.plot(residuals["time"].values, residuals.transpose("time", "unit").values, **_DOTS)
    _reference_lines(ax)
    ax.set_title("over time")
    ax.set_ylabel("residual")
    date_axis(ax, most=4)


def residuals_against_fitted(
    ax: Axes, residuals: xr.DataArray, fitted: xr.DataArray, *, name: str = "outcome"
) -> None:
    """Draw residuals against the fitted values.

    Parameters
    ----------
    residuals, fitted : xarray.DataArray, dims (time, unit)
        Fitted values in units of the outcome.
    name : str
        Name of the outcome.
    """
    x = fitted.transpose(*residuals.dims).values.ravel()
    ax.plot(x, residuals.values.ravel(), **_DOTS)
    _reference_lines(ax)
    if needs_log_scale(x):
        ax.set_xscale("log")
    number_axis(ax.xaxis)
    ax.set_title("against the fit")
    ax.set_xlabel(f"fitted {name}")


def autocorrelation(ax: Axes, acf: xr.DataArray, half_width: float) -> None:
    """Draw the autocorrelation of residuals; dotted lines hold 95% of independent ones.

    Parameters
    ----------
    acf : xarray.DataArray, dims (lag,)
        From lag 1 on, in weeks.
    half_width : float
        Of the 95% band.
    """
    ax.bar(acf["lag"].values, acf.values, width=0.6, color=OKABE_ITO[0])
    for level in (-half_width, half_width):
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
    ax.axhline(0, color=INK, linewidth=0.8)
    limit = 1.3 * max(2 * half_width, float(np.abs(acf).max()))
    ax.set_ylim(-limit, limit)
    ax.set_title("autocorrelation")
    ax.set_xlabel("lag, weeks")


def quantiles_against_model(ax: Axes, quantiles: pd.DataFrame) -> None:
    """Draw ordered residuals against those of tables that the fitted model makes.

    Parameters
    ----------
    quantiles : pandas.DataFrame
        Columns observed, lower, median, upper.
    """
    median = quantiles["median"].to_numpy()
    ax.fill_between(median, quantiles["lower"], quantiles["upper"], color=PALE, linewidth=0)
    ends = median[[0, -1]]
    ax.plot(ends, ends, color=INK, linewidth=0.9)
    ax.plot(median, quantiles["observed"], **_DOTS)
    ax.set_title("against the model's")
    ax.set_xlabel("quantile the model expects")


def _reference_lines(ax: Axes) -> None:
    """Lines at zero and at two standard deviations."""
    ax.axhline(0, color=INK, linewidth=0.8)
    for level in (-2, 2):
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
