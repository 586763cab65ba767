"""Partial pooling: each unit's own value of a parameter, around that of a typical unit.

    unit_value_u = g^-1(g(value) + spread z_u),    z_u ~ Normal(0, 1)

with g the logarithm for a positive parameter, the logit for one between 0 and 1, and the identity
for one of either sign. `value` keeps its name, its prior and its meaning: it is the median over
units. A `spread` near 0 makes the units alike, a large one leaves each to its own data; it is
learned from the data. The standardised deviations ``z`` are sampled (the non-centred
parametrisation), which ``benchmarks/panel_pooling.py`` compares with the alternatives.

The noise scale of the units is not pooled: tens of weeks determine it for each unit, and pooling
parameters that are known that well would give the posterior a funnel.

Source: Gelman, Hill (2007), *Data analysis using regression and multilevel/hierarchical models*,
chapters 11-13; for media, Sun, Wang, Jin, Chan, Koehler (2017), *Geo-level Bayesian hierarchical
media mix modeling*.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.errors import InputError
from mmm_bayes.model.terms.parameters import prior
from mmm_bayes.model.terms.priors import default_priors, pooling_scale


def pooled_prior(
    design: Design,
    key: str,
    dims: str | None = None,
    *,
    name: str | None = None,
    index: NDArray[Any] | None = None,
) -> Any:
    """Declare a parameter with a separate, partially pooled value for each unit.

    It takes the arguments of `prior`, and declares the typical unit's `key`, the spread of the
    units ``{key}_spread`` (on the scale of g, for each channel or covariate separately), the
    standardised deviations ``{key}_offset`` and, from them, ``unit_{key}``.

    Parameters
    ----------
    key, dims, name, index
        As in `prior`, for the typical unit's value.

    Returns
    -------
    TensorVariable, shape (unit,) or (unit, dims)
        The typical unit's value, shape (dims,), for a parameter without a prior of the spread,
        because a single unit's data can hardly identify it (the slope of a saturation curve).

    Raises
    ------
    InputError
        If there is only one unit, so that the spread of units cannot be estimated.
    """
    dataset = design.dataset
    if dataset.data.sizes["unit"] < 2:
        raise InputError(
            f"{dataset.path}: the table has one unit, but pooling needs several; name the column "
            "of units with the key 'unit', or use partial_mediation or no_mediation"
        )
    typical = prior(design, key, dims, name=name, index=index)
    if f"{key}_spread" not in default_priors(design, 1.0, 1.0):
        return typical
    name = name or key
    spread = prior(design, f"{key}_spread", dims, name=f"{name}_spread")
    unit_dims = ("unit",) if dims is None else ("unit", dims)
    deviations = unit_deviations(name, spread, unit_dims)
    match pooling_scale(design, key):
        case "log":
            values = typical * pt.exp(deviations)
        case "logit":
            # The logit itself would lose digits for a rate within 1e-8 of 0 or 1.
            odds = typical * pt.exp(deviations)
            values = odds / (odds + 1 - typical)
        case _:
            values = typical + deviations
    return pm.Deterministic(f"unit_{name}", values, dims=unit_dims)


def unit_deviations(name: str, spread: Any, dims: tuple[str, ...]) -> Any:
    """Declare the deviations of the units, with their standardised values as the parameter.

    Parameters
    ----------
    name : str
        Name of the parameter that deviates.
    spread : TensorVariable, shape () or (dims,)
        Standard deviation of the deviations.
    """
    return spread * pm.Normal(f"{name}_offset", dims=dims)
