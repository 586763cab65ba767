"""Mean, median, standard deviation and 90% equal-tailed interval of draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

STATISTICS = ("mean", "median", "sd", "lower", "upper")
#: Ends of every interval of the project: 90%, equal-tailed.
INTERVAL = (0.05, 0.95)


def summarise(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Summaries of draws.

    Parameters
    ----------
    draws : array, shape (sample, ...)

    Returns
    -------
    array, shape (5, ...)
        In the order of `STATISTICS`; lower and upper are the 5% and 95% quantiles.
    """
    lower, median, upper = np.quantile(draws, [INTERVAL[0], 0.5, INTERVAL[1]], axis=0)
    return np.stack([draws.mean(0), median, draws.std(0, ddof=1), lower, upper])


def table(draws: xr.Dataset) -> pd.DataFrame:
    """The tidy table of ``estimands.csv``.

    Parameters
    ----------
    draws : xarray.Dataset
        Variables (chain, draw, unit, channel), one an estimand.

    Returns
    -------
    pandas.DataFrame
        Columns unit, channel, estimand, mean, median, sd, lower, upper; an estimand that a
        channel does not have (a return on no spend) has no row.
    """
    rows = []
    for name, values in draws.data_vars.items():
        stacked = values.stack(sample=("chain", "draw")).transpose("sample", "unit", "channel")
        summary = summarise(stacked.values)
        rows += [
            (unit, channel, name, *summary[:, u, c])
            for u, unit in enumerate(draws["unit"].values)
            for c, channel in enumerate(draws["channel"].values)
            if np.isfinite(summary[:, u, c]).all()
        ]
    return pd.DataFrame(rows, columns=["unit", "channel", "estimand", *STATISTICS])
