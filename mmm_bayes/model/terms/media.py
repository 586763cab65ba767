"""Media terms: response after carryover and saturation, and centred contribution in shares."""

from __future__ import annotations

from typing import Any, Literal

import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.data import check_mediated
from mmm_bayes.model.terms.parameters import Declare, prior
from mmm_bayes.model.transforms import load_transform
from mmm_bayes.model.transforms.adstock import carry_over


def saturated_media(
    design: Design, *, path: Literal["mediation"] | None = None, declare: Declare = prior
) -> Any:
    """Declare the channels' exposure after carryover and saturation, in the forms of the fit.

    Parameters
    ----------
    path : "mediation", optional
        For the response of the causes in the mediator's equation, with its own parameters
        (``mediation_alpha``, ...). By default that of all channels in the outcome's equation
        (``adstock_alpha``, ``saturation_kappa``, ...).
    declare : callable
        `prior`, or `pooled_prior` if each unit has its own retention and half-saturation.

    Returns
    -------
    TensorVariable, shape (time, unit, channel or cause)
        0 for an exposure of 0.

    Raises
    ------
    InputError
        For the path of mediation, if the description names no mediator.
    """
    if path is not None:
        check_mediated(design)
    adstock = load_transform("adstock", design.form.adstock)
    saturation = load_transform("saturation", design.form.saturation)
    dim = "channel" if path is None else "cause"
    adstock_parameters, saturation_parameters = (
        [declare(design, name, dims=dim) for name in form.node_names(path)]
        for form in (adstock, saturation)
    )
    lags = pm.modelcontext(None)["exposure_lags"]
    if path is not None:
        lags = lags[:, :, design.cause_indices, :]
    stock = carry_over(lags, adstock.function(*adstock_parameters, design.form.max_lag))
    return saturation.function(stock, *saturation_parameters)


def contribution(
    design: Design, response: Any, share: Any, name: str, *, dim: str = "channel"
) -> Any:
    """Declare the media's contribution around its mean: ``share (response / mean(response) - 1)``.

    Dividing by the mean makes `share` the mean contribution, and centring removes its correlation
    with the intercept. The mean is that of the fitted weeks; it is kept in the node `name`, the
    contribution at full saturation, so that counterfactual weeks have the same scale. The response
    is a named node, too (``response`` for ``ceiling``), so that it can be evaluated; it is not
    saved.

    A channel that is off in all fitted weeks, or does not respond in any, has no mean to divide by.
    For it `share` is the contribution at full saturation itself, of which these weeks teach
    nothing: when later weeks are predicted, it has its prior.

    Parameters
    ----------
    response : TensorVariable, shape (time, unit, channel)
        As `saturated_media` returns it.
    share : TensorVariable, shape (channel,) or (unit, channel)
        Mean contribution as a share of the equation's mean, over all units or in each of them.
    name : str
        Name of the node of the contribution at full saturation; it ends in "ceiling".
    dim : {"channel", "cause"}

    Returns
    -------
    TensorVariable, shape (time, unit)
        In the model's units.
    """
    model = pm.modelcontext(None)
    response = response.copy(name=name.replace("ceiling", "response"))
    model.add_named_variable(response, dims=("time", "unit", dim))
    by_unit = share.ndim == 2
    axes = (0,) if by_unit else (0, 1)
    exposure = model["exposure_lags"][..., 0]
    if dim == "cause":
        exposure = exposure[..., design.cause_indices]
    mean = response.mean(axes)
    ran = (exposure > 0).any(axes) & (mean > 0)
    mean = pt.switch(ran, mean, 1.0)
    ceiling = pm.Deterministic(name, share / mean, dims=("unit", dim) if by_unit else dim)
    centre = pt.switch(ran, share, 0.0).sum(-1)
    offset = pm.Deterministic(f"{name}_mean", centre, dims="unit" if by_unit else None)
    return (response * ceiling).sum(-1) - offset
