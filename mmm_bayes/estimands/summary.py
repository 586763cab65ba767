"""Mean, median, standard deviation and 90% equal-tailed interval of draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.description import ALL_MEDIA

STATISTICS = ("mean", "median", "sd", "lower", "upper")
#: Quantiles at the ends of every interval: 90%, equal-tailed.
INTERVAL = (0.05, 0.95)


def summarise(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Summary statistics of draws.

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


def estimand_table(draws: xr.Dataset, combined: xr.Dataset | None = None) -> pd.DataFrame:
    """Tidy table of ``estimands.csv``.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, unit, channel)
        One variable for each estimand.
    combined : xarray.Dataset, dims (chain, draw, unit), optional
        The estimands that all media together have; their channel in the table is `ALL_MEDIA`.

    Returns
    -------
    pandas.DataFrame
        Columns unit, channel, estimand, mean, median, sd, lower, upper; no row for an estimand that
        a channel does not have (a return without spend).
    """
    rows = []
    together = xr.Dataset() if combined is None else combined.expand_dims(channel=[ALL_MEDIA])
    for name, values in (*draws.data_vars.items(), *together.data_vars.items()):
        stacked = values.stack(sample=("chain", "draw")).transpose("sample", "unit", "channel")
        summary = summarise(stacked.values)
        rows += [
            (unit, channel, name, *summary[:, u, c])
            for u, unit in enumerate(values["unit"].values)
            for c, channel in enumerate(values["channel"].values)
            if np.isfinite(summary[:, u, c]).all()
        ]
    return pd.DataFrame(rows, columns=["unit", "channel", "estimand", *STATISTICS])
