"""Partial pooling: each unit's own value of a parameter, around that of the typical unit.

    unit_value_u = g^-1(g(value) + spread z_u),    z_u ~ Normal(0, 1)

with g the logarithm of what is positive, the logit of what lies between 0 and 1, and nothing for
what may have either sign. `value` keeps its name, its prior and its meaning: it is the median of
the units. A `spread` near 0 makes the units alike, a large one leaves each to its own data, and the
data decide. What is sampled are the standardised deviations ``z`` (non-centred), which
``benchmarks/panel_pooling.py`` measures against the alternatives.

How noisy a unit is, is not pooled: tens of weeks tell it of each unit by itself, and a spread of
what is known that well is a funnel to a sampler.

Source: Gelman, Hill (2007), *Data analysis using regression and multilevel/hierarchical models*,
chapters 11-13; for media, Sun, Wang, Jin, Chan, Koehler (2017), *Geo-level Bayesian hierarchical
media mix modeling*.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from mmm_bayes.design import Design
from mmm_bayes.errors import InputError
from mmm_bayes.terms.priors import prior, scale_of


def pooled(
    design: Design,
    key: str,
    dims: str | None = None,
    *,
    name: str | None = None,
    at: NDArray[Any] | None = None,
) -> Any:
    """Declare a parameter of which every unit has its own; called as `prior` is.

    Declares the typical unit's `key`, how far units differ ``{key}_spread`` (on the scale of g,
    for each channel or covariate by itself), the standardised deviations ``{key}_offset`` and,
    following from them, ``unit_{key}``.

    Parameters
    ----------
    design : Design
    key, dims, name, at
        As in `prior`, of the typical unit's value.

    Returns
    -------
    TensorVariable, shape (unit,) or (unit, dims)

    Raises
    ------
    InputError
        If there is only one unit: nothing tells how far units differ.
    """
    dataset = design.dataset
    if dataset.data.sizes["unit"] < 2:
        raise InputError(
            f"{dataset.path}: the table has one unit, and pooling needs several; name the column "
            "of units by the key 'unit', or take partial_mediation or direct"
        )
    typical = prior(design, key, dims, name=name, at=at)
    name = name or key
    spread = prior(design, f"{key}_spread", dims, name=f"{name}_spread")
    each = ("unit",) if dims is None else ("unit", dims)
    away = deviations(name, spread, each)
    match scale_of(design, key):
        case "log":
            own = typical * pt.exp(away)
        case "logit":
            # The logit form loses digits where a rate is within 1e-8 of an end; this does not.
            odds = typical * pt.exp(away)
            own = odds / (odds + 1 - typical)
        case _:
            own = typical + away
    return pm.Deterministic(f"unit_{name}", own, dims=each)


def deviations(name: str, spread: Any, dims: tuple[str, ...]) -> Any:
    """Deviations of the units, their standardised values being the parameter that is sampled.

    Parameters
    ----------
    name : str
        Of the parameter whose deviations they are.
    spread : TensorVariable
        Their standard deviation.
    dims : tuple of str
    """
    return spread * pm.Normal(f"{name}_offset", dims=dims)
