"""Interactions as arrays of a model: products of controls, and what changes a channel's effect.

Two controls interact by the product of their deviations from their means, one more covariate:
because both are centred, each control's own effect is that at the mean of the other. A control, or
the season, changes a channel by the factor ``exp(sum_k delta_k z_k)`` on its response
(`mmm_bayes.terms.modulation`), with ``z`` the standardised control or Fourier columns.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.dataset.description import SEASON, Description

Array = NDArray[np.float64]


def with_products(description: Description, table: xr.DataArray, centre: Array) -> xr.DataArray:
    """Append the product of each pair of interacting controls to the covariates.

    Parameters
    ----------
    description : Description
    table : xarray.DataArray, shape (time, unit, column)
        Controls as transformed, and the calendar.
    centre : array, shape (unit, column or more)
        What a product's factors are measured from: their means over the weeks that the scaling
        was learned from.

    Returns
    -------
    xarray.DataArray, shape (time, unit, column)
        The products last, under the names of their interactions.
    """
    names = list(table["column"].values)
    away = table.values - centre[:, : len(names)]
    products = {
        name: away[..., names.index(one)] * away[..., names.index(other)]
        for name, (one, other) in description.products.items()
    }
    return xr.DataArray(
        np.concatenate([table.values, *(values[..., None] for values in products.values())], -1),
        dims=table.dims,
        coords={"time": table["time"], "unit": table["unit"], "column": [*names, *products]},
    )


def modulation_arrays(description: Description, standardised: xr.DataArray) -> xr.Dataset:
    """What changes which channel, week by week.

    Parameters
    ----------
    description : Description
    standardised : xarray.DataArray, shape (time, unit, column)
        Covariates, centred and in standard deviations.

    Returns
    -------
    xarray.Dataset
        Empty where no channel interacts with anything; else ``modulators (time, unit,
        modulation)``, the columns that change a channel, and ``modulated (modulation, channel)``,
        1 where a column changes that channel.
    """
    parts = modulating(description)
    if not parts:
        return xr.Dataset()
    channels = list(description.channels)
    return xr.Dataset(
        {
            "modulators": (
                ("time", "unit", "modulation"),
                standardised.sel(column=[column for _, _, column in parts]).values,
            ),
            "modulated": (
                ("modulation", "channel"),
                np.array(
                    [[float(name == channel) for name in channels] for _, channel, _ in parts]
                ),
            ),
        },
        coords={"modulation": labels(parts)},
    )


def modulating(description: Description) -> list[tuple[str, str, str]]:
    """Interaction, channel and covariate column of each coefficient, in the model's order."""
    return [
        (name, channel, column)
        for name, (channel, by) in description.modulations.items()
        for column in (description.calendar.seasons if by == SEASON else [by])
    ]


def labels(parts: list[tuple[str, str, str]]) -> list[str]:
    """A name for each coefficient: its interaction, and its column where that has several."""
    names = [name for name, _, _ in parts]
    return [name if names.count(name) == 1 else f"{name}: {column}" for name, _, column in parts]
