"""Pooling factors of a panel: how far the units' parameters are shrunk towards a common value.

    pooling = 1 - Var_u( E[d_u] ) / E[ Var_u(d_u) ]

with ``d_u`` the unit's deviation from the typical one, on the scale on which units are pooled: 0
where each unit's own data determine its estimate, 1 for complete pooling.

Source: Gelman, Pardoe (2006), *Bayesian measures of explained variance and pooling in multilevel
(hierarchical) models*, eq. 7.
"""

from __future__ import annotations

import xarray as xr

from mmm_bayes.model.evaluation import SAMPLE_DIMS

#: Parameters to report: returns, carryover, saturation, and effects on the mediator.
POOLED = ("beta", "adstock_alpha", "saturation_kappa", "gamma")


def pooling_factors(draws: xr.Dataset) -> xr.Dataset:
    """Pooling factor of each pooled parameter.

    Parameters
    ----------
    draws : xarray.Dataset
        Posterior with ``{name}_spread (chain, draw)`` and ``{name}_offset (chain, draw, unit,
        channel or cause)``.

    Returns
    -------
    xarray.Dataset
        A variable for each of `POOLED` that the model pools, by channel (or cause), between 0 and
        1. Empty for a model without pooling.
    """
    factors = {}
    for name in POOLED:
        if f"{name}_offset" in draws:
            deviations = draws[f"{name}_spread"] * draws[f"{name}_offset"]
            between_means = deviations.mean(SAMPLE_DIMS).var("unit")
            factors[name] = 1 - between_means / deviations.var("unit").mean(SAMPLE_DIMS)
    return xr.Dataset(factors)


def extreme_units(draws: xr.DataArray) -> tuple[str, str, float]:
    """The units with the smallest and the largest mean, and the probability that they differ.

    Parameters
    ----------
    draws : xarray.DataArray, dims (chain, draw, unit)
        Without the sum over units.

    Returns
    -------
    tuple of str, str and float
        Names, and the posterior probability that the second is larger than the first. They were
        picked for being extreme; a pooled model has drawn both towards the others for it.
    """
    means = draws.mean(SAMPLE_DIMS).values
    low, high = int(means.argmin()), int(means.argmax())
    larger = float((draws.isel(unit=high) > draws.isel(unit=low)).mean())
    names = [str(name) for name in draws["unit"].values]
    return names[low], names[high], larger
