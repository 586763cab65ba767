"""Residuals against those of replicated tables, and their autocorrelation over all units.

The residuals are those of `mmm_bayes.diagnostics.residuals`: standardised, on the log scale where
effects multiply.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]


def standardise(residuals: Array) -> Array:
    """Residuals of replicated tables over their root mean square, as the observed ones are.

    Parameters
    ----------
    residuals : array, shape (sample, time, unit)
        What the fitted values leave of each table; NaN where a week has no residual.

    Returns
    -------
    array, shape (sample, time, unit)
    """
    present = ~np.isnan(residuals)
    power = np.where(present, residuals, 0.0) ** 2
    scale = np.sqrt(power.sum(-2, keepdims=True) / np.maximum(present.sum(-2, keepdims=True), 1))
    return np.asarray(residuals / np.where(scale > 0, scale, 1.0))


def residual_quantiles(residuals: Array, replicated: Array) -> pd.DataFrame:
    """Ordered residuals, and where those of replicated tables lie at the same ranks.

    Parameters
    ----------
    residuals : array, shape (time, unit)
        NaN where there is none.
    replicated : array, shape (sample, time, unit)
        Standardised residuals of the replicated tables; they may differ in how many they have, and
        a table without any (all of it at the floor) is left out.

    Returns
    -------
    pandas.DataFrame
        A row for each residual, in ascending order: observed, and lower, median and upper of the
        replicated quantiles (90% interval).
    """
    observed = np.sort(residuals[~np.isnan(residuals)])
    ranks = np.linspace(0, 1, observed.size)
    flat = replicated.reshape(len(replicated), -1)
    flat = flat[~np.isnan(flat).all(axis=1)]
    lower = median = upper = np.full(observed.size, np.nan)
    if len(flat):
        tables = np.nanquantile(flat, ranks, axis=1).T
        lower, median, upper = np.quantile(tables, [INTERVAL[0], 0.5, INTERVAL[1]], axis=0)
    return pd.DataFrame({"observed": observed, "lower": lower, "median": median, "upper": upper})


def mean_autocorrelation(acf: xr.DataArray, band: xr.DataArray) -> tuple[xr.DataArray, float]:
    """Autocorrelation averaged over units, and the 95% half-width of independent residuals.

    Parameters
    ----------
    acf : xarray.DataArray, dims (lag, unit)
        1 at lag 0, which is left out.
    band : xarray.DataArray, dims (unit,)
        Half-width of the 95% band of one unit.

    Returns
    -------
    tuple of xarray.DataArray, dims (lag,), and float
    """
    half = float(band.mean()) / np.sqrt(band.sizes["unit"])
    return acf.sel(lag=acf["lag"] > 0).mean("unit"), half
