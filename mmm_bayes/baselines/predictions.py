"""The tidy tables that classical and Bayesian models fill alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

#: Columns of ``windows.csv``.
ROLLED = ["split", "window_start", "window_end", "model", "channel", "share", "coefficient"]


def predicted(
    model: str, split: str, observed: xr.DataArray, middle: Array, draws: Array | None
) -> pd.DataFrame:
    """Predicted weeks.

    Parameters
    ----------
    model, split : str
        "all" for the weeks fitted.
    observed : xarray.DataArray, dims (time, unit)
    middle : array, shape (row,)
        The prediction of each week and unit, time first.
    draws : array, shape (sample, row), optional
        Of a predictive distribution.

    Returns
    -------
    pandas.DataFrame
        Columns model, split, date, unit, observed, predicted, lower, upper (90%; empty without a
        distribution).
    """
    table = observed.transpose("time", "unit").to_series().rename("observed").reset_index()
    table = table.rename(columns={"time": "date"})[["date", "unit", "observed"]]
    lower, upper = np.quantile(draws, INTERVAL, axis=0) if draws is not None else (np.nan, np.nan)
    table = table.assign(predicted=middle, lower=lower, upper=upper)
    table.insert(0, "split", split)
    table.insert(0, "model", model)
    return table
