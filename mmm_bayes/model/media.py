"""Media of a fit: each channel's response and contribution, for checks of single channels."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from mmm_bayes.data.design import data_names
from mmm_bayes.model.counterfactual import Counterfactual
from mmm_bayes.model.evaluation import SAMPLE_DIMS, graph_function, static_nodes, thin_draws
from mmm_bayes.model.transforms import load_transform

#: Posterior draws at which responses are evaluated, enough for medians of correlation matrices.
DRAWS = 100
#: Relative step of a numerical derivative.
STEP = 1e-4
#: Node of the responses in each equation.
RESPONSES = {"outcome": "response", "mediator": "mediation_response"}


@dataclass(frozen=True)
class Media:
    """Responses and contributions of channels, with their sensitivity to carryover and saturation.

    Attributes
    ----------
    responses : dict of str to xarray.DataArray
        By equation ("outcome", "mediator"): response after carryover, saturation and modulation,
        (chain, draw, time, unit, channel or cause), at some draws of the posterior.
    contribution : xarray.DataArray, dims (time, unit, channel)
        To the outcome, in the model's units, at the posterior mean of the parameters.
    derivatives : xarray.DataArray, dims (parameter, time, unit, channel)
        Change of the contribution per relative change of each carryover and saturation parameter.
    covariates : xarray.DataArray, dims (time, unit, covariate)
        Covariates of the equation.
    """

    responses: dict[str, xr.DataArray]
    contribution: xr.DataArray
    derivatives: xr.DataArray
    covariates: xr.DataArray


def evaluate_media(fitted: Counterfactual) -> Media | None:
    """Media of a fit.

    Returns
    -------
    Media or None
        None for a model whose media do not enter through `terms.contribution`.
    """
    model, design = fitted.model, fitted.design
    nodes = {equation: name for equation, name in RESPONSES.items() if name in model.named_vars}
    if "outcome" not in nodes:
        return None
    respond = graph_function(model, inputs=static_nodes(model), outputs=nodes.values())
    draws = fitted.draws[list(respond.inputs)]
    data = {name: design.arrays[name].values for name in data_names(design)}
    labels = {name: design.arrays[name] for name in ("time", "unit", "channel")}
    thinned = respond.to_dataset(thin_draws(draws, DRAWS), data)
    responses = {
        equation: thinned[name].assign_coords(
            {dim: labels[dim] for dim in thinned[name].dims if dim in labels}
        )
        for equation, name in nodes.items()
    }
    if "cause" in thinned.dims:
        responses["mediator"] = responses["mediator"].assign_coords(cause=list(design.causes))

    mean = draws.mean(SAMPLE_DIMS)
    shapes = [name for name in shape_parameters(fitted) if name in mean]
    steps = [mean, *(mean.assign({name: mean[name] * (1 + STEP)}) for name in shapes)]
    points = xr.concat(steps, "draw").expand_dims("chain").assign_coords(chain=[0])
    response = respond.to_dataset(points.assign_coords(draw=range(len(steps))), data)["response"]
    ceiling = mean["ceiling"].values  # (channel,) or (unit, channel)
    contribution = response.isel(chain=0) * xr.DataArray(
        ceiling, dims=("unit", "channel")[-ceiling.ndim :]
    )
    contribution = contribution.transpose("draw", "time", "unit", "channel").assign_coords(labels)
    base = contribution.isel(draw=0, drop=True)
    derivatives = (contribution.isel(draw=slice(1, None)) - base) / STEP
    return Media(
        responses,
        base,
        derivatives.rename(draw="parameter").assign_coords(parameter=shapes),
        design.arrays["covariates"],
    )


def shape_parameters(fitted: Counterfactual) -> list[str]:
    """Carryover and saturation nodes of the outcome's equation; those of the units if pooled."""
    form = fitted.design.form
    names = [
        *load_transform("adstock", form.adstock).node_names(),
        *load_transform("saturation", form.saturation).node_names(),
    ]
    return [f"unit_{name}" if f"unit_{name}" in fitted.draws else name for name in names]
