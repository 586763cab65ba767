"""Quantities that are calibrated: the estimands of a fit, and the parameters behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design, data_names
from mmm_bayes.decisions.response import build_response
from mmm_bayes.estimands import (
    control_effects,
    interaction_effects,
    joint_effect,
    late_early_ratio,
    marginal_returns,
    summed_effects,
    supported_effects,
)
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.counterfactual import Counterfactual, abduct
from mmm_bayes.model.evaluation import graph_function
from mmm_bayes.studies.calibration.parameters import UNNAMED
from mmm_bayes.studies.calibration.truths import has_known_gain, plan_factors


def posterior_quantities(
    compiled: CompiledModel, design: Design, draws: xr.Dataset
) -> dict[str, Any]:
    """Effects, returns and parameters of each draw.

    Parameters
    ----------
    design : Design
        The table that the model was fitted to.
    draws : xarray.Dataset
        The sampled parameters, (chain, draw, ...).

    Returns
    -------
    dict of str to array, shape (sample,)
        Named as ``total[facebook]``. They are the total, direct and indirect effect of each
        channel, against its absence and against its lowest tenth, with its average and marginal
        return; the effect of all media together, ``joint`` (summed over units); the ``gain`` of a
        plan, where a week reveals its disturbances; the effect of each control; the log-likelihood
        of each equation; in a panel the total effect in each unit; the contrast of an interaction
        (``interaction[name, of]``, high level less low level); the ratio of a channel's
        effectiveness in the last quarter of the weeks to that in the first, where it may change;
        the mean contributions ``beta``; and every parameter but the coefficients of covariates, the
        standardised offsets of units and the steps of a walk. What is the same in all draws (the
        indirect effect of a channel that is not a cause) is kept.
    """
    complete = compute_deterministics(compiled, design, draws)
    fitted = abduct(compiled.model, design, complete)
    by_unit = summed_effects(fitted)
    effects = by_unit.isel(unit=-1, drop=True)
    effects["joint"] = joint_effect(fitted)["total"].isel(unit=-1, drop=True)
    spend = design.dataset.data["spend"].isel(time=design.weeks).sum(("time", "unit"))
    effects["roas"] = effects["total"] / spend.where(spend > 0)
    effects["mroas"] = marginal_returns(fitted).isel(unit=-1, drop=True)
    within, _ = supported_effects(fitted, ["observed"])
    effects = effects.merge(within.isel(unit=-1, drop=True))
    if "effect" in (controls := control_effects(design, complete)):
        effects["control_effect"] = controls["effect"]
    if "effectiveness" in complete:
        effects["change"] = late_early_ratio(complete["effectiveness"])
    quantities = xr.merge(
        [effects, complete[_reported_parameters(compiled.model)]], compat="override"
    )
    if by_unit.sizes["unit"] > 1:
        quantities["unit_total"] = by_unit["total"].isel(unit=slice(-1))
    interactions = interaction_effects(fitted)
    contrasts = {
        f"interaction[{row['interaction'].item()}, {row['of'].item()}]": row[
            "effect"
        ].values.ravel()
        for row in (interactions.isel(row=i) for i in range(interactions.sizes.get("row", 0)))
        if row["level"].item() in ("high less low", "on less off")
    }
    gain = {"gain": _plan_gain(fitted)} if has_known_gain(design) else {}
    return (
        log_likelihoods(compiled, design, draws)
        | contrasts
        | gain
        | {
            name + (f"[{', '.join(map(str, labels))}]" if labels else ""): values
            for name, labels, values in _labelled_values(quantities)
            if np.isfinite(values).all()
        }
    )


def _plan_gain(fitted: Counterfactual) -> NDArray[np.float64]:
    """Gain of a plan whose factors are `plan_factors`, shape (sample,)."""
    follows = fitted.mediator is not None
    response = build_response(fitted, policy="caused" if follows else "planner")
    now = response.status_quo.spend
    planned = np.where(response.decided, now * plan_factors(now.shape[1]), now)
    return np.asarray(response.value(planned)[0] - response.value(now)[0])


def log_likelihoods(
    compiled: CompiledModel, design: Design, draws: xr.Dataset
) -> dict[str, NDArray[np.float64]]:
    """Log-likelihood of each equation at draws of the parameters, summed over the table.

    The ranks of a quantity of the parameters alone are uniform for draws of the prior, too, that
    have seen no data; those of a likelihood are not (Modrák et al. 2023).

    Parameters
    ----------
    draws : xarray.Dataset
        The sampled parameters, (chain, draw, ...).

    Returns
    -------
    dict of str to array, shape (sample,)
        Named as ``log_likelihood[outcome]``.
    """
    density = graph_function(
        compiled.model, inputs=compiled.free, outputs=compiled.observed, log_density=True
    )
    data = {name: design.arrays[name].values for name in data_names(design)}
    return {
        f"log_likelihood[{name}]": values.reshape(len(values), -1).sum(1)
        for name, values in density(draws, data).items()
    }


def as_draws(compiled: CompiledModel, parameters: dict[str, NDArray[np.float64]]) -> xr.Dataset:
    """Parameters of a simulated table as a single draw of a model, dims (chain, draw, ...).

    Raises
    ------
    KeyError
        If the model has a parameter that the table was not made with.
    """
    dims = compiled.model.named_vars_to_dims
    coords = compiled.model.coords
    draws = {
        name: (("chain", "draw", *dims.get(name, ())), np.asarray(parameters[name])[None, None])
        for name in compiled.free
    }
    named = {dim for array_dims, _ in draws.values() for dim in array_dims[2:]}
    return xr.Dataset(
        draws,
        {"chain": [0], "draw": [0]} | {dim: np.asarray(coords[dim]) for dim in named},
    )


def _reported_parameters(model: pm.Model) -> list[str]:
    names = [rv.name for rv in model.free_RVs if not rv.name.endswith(UNNAMED)]
    share = "beta_direct" if "beta_direct" in model.named_vars else "beta"
    of_media = [name for name in (share, "media_share", "media_division") if name in model]
    return list(dict.fromkeys([*names, *of_media]))


def _labelled_values(quantities: xr.Dataset) -> Iterator[tuple[str, list[Any], Any]]:
    """Name, labels and draws, shape (sample,), of every scalar in a dataset."""
    for name, values in quantities.data_vars.items():
        rest = [dim for dim in values.dims if dim not in ("chain", "draw")]
        ordered = values.transpose("chain", "draw", *rest)
        for index in np.ndindex(*(ordered.sizes[dim] for dim in rest)):
            labels = [ordered[dim].values[i] for dim, i in zip(rest, index, strict=True)]
            yield str(name), labels, ordered.values[(..., *index)].ravel()
