"""How alike the units of a panel are: the pooling factor of each pooled parameter.

    pooling = 1 - Var_u( E[d_u] ) / E[ Var_u(d_u) ]

with ``d_u`` the unit's deviation from the typical one, on the scale on which units are pooled: 0
where each unit's own data decide, 1 where the units' estimates are drawn together until nothing
of their own is left.

Source: Gelman, Pardoe (2006), *Bayesian measures of explained variance and pooling in multilevel
(hierarchical) models*, eq. 7.
"""

from __future__ import annotations

import xarray as xr

from mmm_bayes.evaluation import SAMPLE

#: What a reader asks about: returns, carryover, saturation, and the path into the mediator.
POOLED = ("beta", "adstock_alpha", "saturation_kappa", "gamma")


def pooling_factors(draws: xr.Dataset) -> xr.Dataset:
    """Pooling factor of each parameter that units have of their own.

    Parameters
    ----------
    draws : xarray.Dataset
        Posterior with ``{name}_spread (chain, draw)`` and ``{name}_offset (chain, draw, unit,
        channel or cause)``.

    Returns
    -------
    xarray.Dataset
        A variable for each of `POOLED` that the model pools, by channel (or cause): a number from
        0 to 1. Empty for a model without pooling.
    """
    found = {}
    for name in POOLED:
        if f"{name}_offset" in draws:
            away = draws[f"{name}_spread"] * draws[f"{name}_offset"]
            between_means = away.mean(SAMPLE).var("unit")
            found[name] = 1 - between_means / away.var("unit").mean(SAMPLE)
    return xr.Dataset(found)
