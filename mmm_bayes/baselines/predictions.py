"""Tidy tables that classical and Bayesian models have in common."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

#: Columns of ``windows.csv``.
WINDOW_COLUMNS = [
    "split", "window_start", "window_end", "model", "channel", "share", "coefficient",
]  # fmt: skip


def prediction_table(
    model: str, split: str, observed: xr.DataArray, point: Array, draws: Array | None
) -> pd.DataFrame:
    """Predictions of a model beside the observed outcome, by week and unit.

    Parameters
    ----------
    model, split : str
        Names; the split "all" has the weeks of the fit.
    observed : xarray.DataArray, dims (time, unit)
    point : array, shape (row,)
        The point prediction of each week and unit, time first.
    draws : array, shape (sample, row), optional
        Draws of the predictive distribution.

    Returns
    -------
    pandas.DataFrame
        Columns model, split, date, unit, observed, predicted, lower, upper (90%; empty without a
        predictive distribution).
    """
    table = observed.transpose("time", "unit").to_series().rename("observed").reset_index()
    table = table.rename(columns={"time": "date"})[["date", "unit", "observed"]]
    lower, upper = np.quantile(draws, INTERVAL, axis=0) if draws is not None else (np.nan, np.nan)
    table = table.assign(predicted=point, lower=lower, upper=upper)
    table.insert(0, "split", split)
    table.insert(0, "model", model)
    return table
