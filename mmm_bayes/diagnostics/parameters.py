"""Mean, interval, R-hat and effective sample sizes of every parameter.

Source: Vehtari, A., Gelman, A., Simpson, D., Carpenter, B., Bürkner, P.-C. (2021).
Rank-normalization, folding, and localization: an improved R-hat. Bayesian Analysis 16(2).
"""

from __future__ import annotations

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.model.evaluation import SAMPLE_DIMS


def parameter_table(posterior: xr.Dataset) -> pd.DataFrame:
    """Summary and convergence of each scalar parameter that is not a time series.

    Parameters
    ----------
    posterior : xarray.Dataset, dims (chain, draw, ...)

    Returns
    -------
    pandas.DataFrame
        variable, where (its labels), mean, sd, lower, upper, r_hat, ess_bulk, ess_tail; worst
        R-hat first. Scalars that never vary (fixed at zero by the model) are left out.
    """
    rows = []
    for name, values in posterior.items():
        if "time" in values.dims:
            continue
        scalars = scalar_draws(values)
        scalars = scalars.isel(where=(scalars.max(SAMPLE_DIMS) > scalars.min(SAMPLE_DIMS)).values)
        if scalars.size == 0:
            continue
        # Draws of a parameter that nothing bounds may be so large that their squares overflow.
        # Division by a power of two keeps every digit.
        size = np.exp2(np.floor(np.log2(abs(scalars).max(SAMPLE_DIMS))))
        scalars = scalars / size
        lower, upper = scalars.quantile(INTERVAL, dim=SAMPLE_DIMS).drop_vars("quantile")
        columns = {
            "mean": size * scalars.mean(SAMPLE_DIMS),
            "sd": size * scalars.std(SAMPLE_DIMS),
            "lower": size * lower,
            "upper": size * upper,
            "r_hat": azs.rhat(scalars),
            "ess_bulk": azs.ess(scalars, method="bulk"),
            "ess_tail": azs.ess(scalars, method="tail", prob=INTERVAL[1] - INTERVAL[0]),
        }
        rows.append(
            pd.DataFrame(
                {"variable": str(name), "where": scalars["where"].values}
                | {column: statistic.values for column, statistic in columns.items()}
            )
        )
    table = pd.concat(rows, ignore_index=True)
    return table.sort_values("r_hat", ascending=False, ignore_index=True)


def scalar_draws(values: xr.DataArray) -> xr.DataArray:
    """The scalars of a variable, each named by its labels.

    Parameters
    ----------
    values : xarray.DataArray, dims (chain, draw, ...)

    Returns
    -------
    xarray.DataArray, dims (chain, draw, where)
        The coordinate `where` holds labels like "tv" or "north, tv"; "" for a scalar. A label
        with a comma of its own is quoted, so that no two scalars have the same.
    """
    values = values.transpose(*SAMPLE_DIMS, ...)
    labels = [""]
    for dim in values.dims[2:]:
        labels = [
            ", ".join(filter(None, [label, f'"{value}"' if "," in str(value) else str(value)]))
            for label in labels
            for value in values[dim].values
        ]
    return xr.DataArray(
        values.values.reshape(*values.shape[:2], -1),
        dims=(*SAMPLE_DIMS, "where"),
        coords={"where": labels},
        name=values.name,
    )
