"""Outcome as a function of price, for the mean week of the last year.

A control in logarithms has a constant elasticity (at each level of what it interacts with), so its
curve has no interior optimum under the log link: the data show how fast the outcome falls with the
price, not which price is best.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.data.covariates import covariate_columns
from mmm_bayes.data.interactions import add_products, modulation_arrays
from mmm_bayes.decisions.status_quo import last_year
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.model.counterfactual import Counterfactual, typical_outcome
from mmm_bayes.model.weeks import hypothetical_weeks, mean_week

Array = NDArray[Any]

POINTS = 21


def price_controls(counterfactual: Counterfactual) -> list[str]:
    """Controls that enter in logarithms, in the order of the description."""
    controls = counterfactual.design.dataset.description.controls
    return [name for name, control in controls.items() if control.transform == "log"]


def price_curve(counterfactual: Counterfactual, name: str) -> pd.DataFrame:
    """Typical outcome a week by price, all else as in the mean week of the last year.

    For each control of zeros and ones, there are also curves with it off and on: the lift of a
    promotion is the distance between the two.

    Parameters
    ----------
    name : str
        One of `price_controls`.

    Returns
    -------
    pandas.DataFrame
        Columns control, level ("as it was", or for example "promotion on"), price, from the lowest
        to the highest observed, and mean, lower, upper of the outcome, summed over units; all units
        of a panel have the same price.
    """
    design = counterfactual.design
    fitted = design.dataset.data.isel(time=design.weeks)["controls"]
    raw = fitted.sel(control=name).values
    prices = np.linspace(raw.min(), raw.max(), POINTS)
    levels: dict[str, dict[str, float]] = {"as it was": {}}
    for control, entry in design.dataset.description.controls.items():
        binary = np.isin(fitted.sel(control=control).values, (0.0, 1.0)).all()
        if entry.transform == "none" and binary:
            levels |= {f"{control} off": {control: 0.0}, f"{control} on": {control: 1.0}}
    rows = []
    for level, fixed in levels.items():
        outcome = _outcome(counterfactual, prices, name, fixed).sum(-1)
        lower, upper = np.quantile(outcome, INTERVAL, axis=0)
        rows += [
            (name, level, *values)
            for values in zip(prices, outcome.mean(0), lower, upper, strict=True)
        ]
    return pd.DataFrame(rows, columns=["control", "level", "price", "mean", "lower", "upper"])


def _outcome(fitted: Counterfactual, prices: Array, name: str, fixed: dict[str, float]) -> Array:
    """Typical outcome a week at each price, shape (sample, price, unit)."""
    design, scaling = fitted.design, fitted.design.scaling
    year = last_year(design)
    main = covariate_columns(design.dataset, scaling.start, scaling.end).isel(time=design.weeks)
    table = main.isel(time=np.zeros(len(prices), dtype=int)).copy()
    table[:] = main.isel(time=year).mean("time").values
    table.loc[{"column": name}] = np.log(prices)[:, None]
    for control, value in fixed.items():
        table.loc[{"column": control}] = value
    described = design.dataset.description
    standardised = (add_products(described, table, scaling.centre) - scaling.centre) / scaling.scale
    modulated = modulation_arrays(described, standardised)
    week = mean_week(design, year) | {"covariates": standardised.values @ scaling.r_inverse}
    week |= {str(key): modulated[key].values for key in modulated if key in week}
    exposure = design.arrays["exposure_lags"].values[year, ..., 0].mean(0)
    exposure = np.broadcast_to(
        exposure[..., None], (len(prices), *exposure.shape, design.form.max_lag)
    )
    weeks = hypothetical_weeks(design, week, exposure, len(prices))
    return typical_outcome(fitted, fitted.draws, weeks)
