"""Arrays of the interactions: products of controls, and modulators of channels.

Two controls interact through the product of their deviations from their means, one more covariate:
because both are centred, each control's own effect is that at the mean of the other. A control, or
the season, modulates a channel by the factor ``exp(sum_k delta_k z_k)`` on its response
(`mmm_bayes.model.terms.modulation`), with ``z`` the standardised control or Fourier columns.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.description import SEASON, Description

Array = NDArray[np.float64]


def add_products(description: Description, table: xr.DataArray, centre: Array) -> xr.DataArray:
    """Covariates with the product of each pair of interacting controls appended.

    Parameters
    ----------
    table : xarray.DataArray, dims (time, unit, column)
        Transformed controls, and the calendar.
    centre : array, shape (unit, column or more)
        Means of the columns over the weeks that the scaling was learned from; products are of the
        deviations from them.

    Returns
    -------
    xarray.DataArray, dims (time, unit, column)
        The products last, under the names of their interactions.
    """
    names = list(table["column"].values)
    deviations = table.values - centre[:, : len(names)]
    products = {
        name: deviations[..., names.index(first)] * deviations[..., names.index(second)]
        for name, (first, second) in description.products.items()
    }
    return xr.DataArray(
        np.concatenate([table.values, *(values[..., None] for values in products.values())], -1),
        dims=table.dims,
        coords={"time": table["time"], "unit": table["unit"], "column": [*names, *products]},
    )


def modulation_arrays(description: Description, standardised: xr.DataArray) -> xr.Dataset:
    """Modulators of the channels by week, and the channels that they modulate.

    Parameters
    ----------
    standardised : xarray.DataArray, dims (time, unit, column)
        Covariates, centred and in standard deviations.

    Returns
    -------
    xarray.Dataset
        ``modulators (time, unit, modulation)``, the columns that modulate a channel, and
        ``modulated (modulation, channel)``, 1 where a column modulates that channel; empty if no
        channel interacts with anything.
    """
    terms = modulation_terms(description)
    if not terms:
        return xr.Dataset()
    channels = list(description.channels)
    return xr.Dataset(
        {
            "modulators": (
                ("time", "unit", "modulation"),
                standardised.sel(column=[column for _, _, column in terms]).values,
            ),
            "modulated": (
                ("modulation", "channel"),
                np.array(
                    [[float(name == channel) for name in channels] for _, channel, _ in terms]
                ),
            ),
        },
        coords={"modulation": modulation_labels(terms)},
    )


def modulation_terms(description: Description) -> list[tuple[str, str, str]]:
    """Interaction, channel and covariate column of each modulation coefficient, in order."""
    return [
        (name, channel, column)
        for name, (channel, modulator) in description.modulations.items()
        for column in (description.calendar.seasons if modulator == SEASON else [modulator])
    ]


def modulation_labels(terms: list[tuple[str, str, str]]) -> list[str]:
    """Label of each modulation coefficient: its interaction, with its column if it has several."""
    names = [name for name, _, _ in terms]
    return [name if names.count(name) == 1 else f"{name}: {column}" for name, _, column in terms]
