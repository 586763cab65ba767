"""The arrows of the fitted causal graph, each with its posterior effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.estimands.intervals import all_units, summary_of


def causal_arrows(
    posterior: xr.Dataset, direct: xr.DataArray, outcome: float, mediator: str
) -> pd.DataFrame:
    """The arrows of the fitted model, in percent of what they point at.

    An arrow from a channel to the outcome is its direct effect over the summed outcome; there
    is none where the model fixes `beta` at zero. An arrow from a cause to the mediator is
    `gamma`, its mean contribution over the mediator's mean; under a hurdle, the change of the
    spend when on, and `gamma_on`, the change of the odds that it is on.

    Parameters
    ----------
    posterior : xarray.Dataset
        Holds `beta` (chain, draw, channel) and, for a mediated model, `gamma` (…, cause).
    direct : xarray.DataArray, dims (chain, draw, unit, channel)
        Direct effects, in units of the outcome.
    outcome : float
        The summed outcome; NaN for effects in its own unit.
    mediator : str
        Name of the mediator, "" if there is none.

    Returns
    -------
    pandas.DataFrame
        source, target ("" is the outcome), quantity (what the numbers measure, "" where that is
        plain), unit ("%", or "" for the outcome's own), mean, lower, upper, contains_zero (whether
        the interval, or every interval of the arrow, contains zero).
    """
    rows = []
    unit = "%" if outcome > 0 else ""
    share = 100 * all_units(direct) / outcome if unit else all_units(direct)
    for channel in map(str, direct["channel"].values):
        if "beta" in posterior and not posterior["beta"].sel(channel=channel).any():
            continue
        rows.append((channel, "", "", unit, share.sel(channel=channel)))
    if "gamma" in posterior:
        gamma = posterior["gamma"]
        hurdle = "gamma_on" in posterior
        effects: dict[str, Any] = {"": 100 * gamma}
        if hurdle:
            changes = {"when on": gamma, "odds of being on": posterior["gamma_on"]}
            effects = {quantity: 100 * (np.exp(log) - 1) for quantity, log in changes.items()}
        rows += [
            (cause, mediator, quantity, "%", values.sel(cause=cause))
            for cause in map(str, gamma["cause"].values)
            for quantity, values in effects.items()
        ]
    table = pd.DataFrame(
        [(*labels, *vars(summary_of(draws.values)).values()) for *labels, draws in rows],
        columns=["source", "target", "quantity", "unit", "mean", "lower", "upper"],
    )
    table["contains_zero"] = (table["lower"] <= 0) & (table["upper"] >= 0)
    pairs = table.groupby(["source", "target"])["contains_zero"]
    return table.assign(contains_zero=pairs.transform("all"))
