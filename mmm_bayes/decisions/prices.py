"""Price against the outcome: the mean week of the last 52 at other prices.

A control that enters by its logarithm has one elasticity (per level of what it interacts with), so
its curve has no interior best under the log link and at most the ends to choose from: what is best
is then not the data's to say, only how fast the outcome falls.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.counterfactual import World, typical_outcome
from mmm_bayes.decisions.today import YEAR, today
from mmm_bayes.design import columns
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.interactions import modulation_arrays, with_products

Array = NDArray[Any]

POINTS = 21


def price_controls(world: World) -> list[str]:
    """Controls that enter by their logarithm, in the description's order."""
    controls = world.design.dataset.description.controls
    return [name for name, one in controls.items() if one.transform == "log"]


def price_curve(world: World, name: str) -> pd.DataFrame:
    """Typical outcome a week over a price, all else as in the mean week of the last 52.

    Where there are controls of zeros and ones, the curve is given with each of them off and on
    besides: a promotion's lift is the distance between the two, at every price.

    Parameters
    ----------
    world : World
    name : str
        One of `price_controls`.

    Returns
    -------
    pandas.DataFrame
        Columns control, level ("as it was", or for example "promotion on"), price, from the lowest
        to the highest that was observed, and mean, lower, upper of the outcome, summed over units;
        the price of a panel's units is the same.
    """
    design = world.design
    fitted = design.dataset.data.isel(time=design.weeks)["controls"]
    raw = fitted.sel(control=name).values
    prices = np.linspace(raw.min(), raw.max(), POINTS)
    levels: dict[str, dict[str, float]] = {"as it was": {}}
    for control, one in design.dataset.description.controls.items():
        binary = np.isin(fitted.sel(control=control).values, (0.0, 1.0)).all()
        if one.transform == "none" and binary:
            levels |= {f"{control} off": {control: 0.0}, f"{control} on": {control: 1.0}}
    rows = []
    for level, fixed in levels.items():
        outcome = _outcome(world, prices, name, fixed).sum(-1)
        lower, upper = np.quantile(outcome, INTERVAL, axis=0)
        rows += [
            (name, level, *values)
            for values in zip(prices, outcome.mean(0), lower, upper, strict=True)
        ]
    return pd.DataFrame(rows, columns=["control", "level", "price", "mean", "lower", "upper"])


def _outcome(world: World, prices: Array, name: str, fixed: dict[str, float]) -> Array:
    """Shape (sample, price, unit)."""
    design, scaling, start = world.design, world.design.scaling, today(world.design)
    main = columns(design.dataset, scaling.start, scaling.end).isel(time=design.weeks)
    mean = main.isel(time=slice(-YEAR, None)).mean("time").values
    table = main.isel(time=np.zeros(len(prices), dtype=int)).copy()
    table[:] = mean
    table.loc[{"column": name}] = np.log(prices)[:, None]
    for control, value in fixed.items():
        table.loc[{"column": control}] = value
    described = design.dataset.description
    standardised = (
        with_products(described, table, scaling.centre) - scaling.centre
    ) / scaling.scale
    data: dict[str, Any] = {
        key: np.broadcast_to(value, (len(prices), *value.shape[1:]))
        if "time" in design.arrays[key].dims
        else value
        for key, value in start.week.items()
    }
    data["covariates"] = standardised.values @ scaling.unmix
    changed = modulation_arrays(described, standardised)
    data |= {str(key): changed[key].values for key in changed if key in data}
    lags = np.broadcast_to(
        start.exposure[..., None], (len(prices), *start.exposure.shape, design.form.max_lag)
    )
    data["exposure_lags"] = lambda rows: np.broadcast_to(
        lags, (rows.stop - rows.start, *lags.shape)
    )
    return typical_outcome(world, world.draws, data)
