"""What is calibrated: the answers people use, and the parameters behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from mmm_bayes.counterfactual import world
from mmm_bayes.design import Design
from mmm_bayes.estimands import interaction_effects, late_over_early, summed_effects
from mmm_bayes.sampling import Compiled, follow

#: What the names of parameters end with that nobody asks for one by one.
UNNAMED = (
    "covariate_effect", "covariate_effect_spread", "_offset", "_step", "trend_change",
)  # fmt: skip


def quantities(compiled: Compiled, design: Design, draws: xr.Dataset) -> dict[str, Any]:
    """Effects, returns and parameters of each draw.

    Parameters
    ----------
    compiled : Compiled
    design : Design
        The table that the draws are about.
    draws : xarray.Dataset
        The sampled parameters, (chain, draw, ...).

    Returns
    -------
    dict of str to array, shape (sample,)
        Named as ``total[facebook]``: total, direct and indirect effect and ROAS of each channel
        (summed over units), in a panel the total effect in each unit, what a control makes of an
        interaction (``interaction[name, of]``, its high level less its low one), the change of a
        channel's effectiveness from the first quarter of the weeks to the last where it may change,
        and every parameter but the coefficients of covariates, the standardised offsets of units
        and the steps of a walk. What is the same in all draws (the indirect effect of a channel
        that causes nothing) is kept.
    """
    complete = follow(compiled, design, draws)
    fitted = world(compiled.model, design, complete)
    every = summed_effects(fitted)
    effects = every.isel(unit=-1, drop=True)
    spend = design.dataset.data["spend"].isel(time=design.weeks).sum(("time", "unit"))
    effects["roas"] = effects["total"] / spend.where(spend > 0)
    if "effectiveness" in complete:
        effects["change"] = late_over_early(complete["effectiveness"])
    answers = xr.merge([effects, complete[_parameters(compiled.model)]], compat="override")
    if every.sizes["unit"] > 1:
        answers["unit_total"] = every["total"].isel(unit=slice(-1))
    changed = interaction_effects(fitted)
    contrasts = {
        f"interaction[{one['interaction'].item()}, {one['of'].item()}]": one[
            "effect"
        ].values.ravel()
        for one in (changed.isel(row=row) for row in range(changed.sizes.get("row", 0)))
        if one["level"].item() in ("high less low", "on less off")
    }
    return contrasts | {
        name + (f"[{', '.join(map(str, labels))}]" if labels else ""): values
        for name, labels, values in _each(answers)
        if np.isfinite(values).all()
    }


def _parameters(model: pm.Model) -> list[str]:
    return [rv.name for rv in model.free_RVs if not rv.name.endswith(UNNAMED)]


def _each(answers: xr.Dataset) -> Any:
    for name, values in answers.data_vars.items():
        rest = [dim for dim in values.dims if dim not in ("chain", "draw")]
        flat = values.transpose("chain", "draw", *rest)
        for where in np.ndindex(*(flat.sizes[dim] for dim in rest)):
            labels = [flat[dim].values[i] for dim, i in zip(rest, where, strict=True)]
            yield str(name), labels, flat.values[(..., *where)].ravel()
