"""Media response: carryover, saturation, and a contribution that is centred and in shares."""

from __future__ import annotations

from typing import Any

import pymc as pm

from mmm_bayes.design import Design
from mmm_bayes.terms.priors import Declare, prior
from mmm_bayes.transforms import carry_over, geometric_weights, hill

#: A channel that is off in a whole span contributes nothing; this keeps 0 / 0 out.
TINY = 1e-9


def saturated_media(
    design: Design,
    *,
    names: tuple[str, str, str] = ("adstock_alpha", "saturation_kappa", "saturation_slope"),
    dim: str = "channel",
    declare: Declare = prior,
) -> Any:
    """Exposure after carryover and saturation, ``hill(adstock(x))``.

    Parameters
    ----------
    design : Design
    names : tuple of str
        Names of the retention rate, the half-saturation point and the slope.
    dim : {"channel", "cause"}
        All channels, or the causes of the mediator only.
    declare : callable
        `prior`, or `pooled` for units that each have their own retention and half-saturation.
        The slope is one for all: hardly a unit's own data can tell it.

    Returns
    -------
    TensorVariable, shape (time, unit, channel or cause)
        Between 0 and 1.
    """
    alpha, kappa = (declare(design, name, dims=dim) for name in names[:2])
    slope = prior(design, names[2], dims=dim)
    lags = pm.modelcontext(None)["exposure_lags"]
    if dim == "cause":
        lags = lags[:, :, design.causes_at, :]
    weights = geometric_weights(alpha, design.form.max_lag)
    return hill(carry_over(lags, weights), kappa, slope)


def contribution(
    design: Design, response: Any, share: Any, name: str, *, dim: str = "channel"
) -> Any:
    """Contribution of media around its mean: ``share * (response / mean(response) - 1)``.

    Dividing by the mean makes `share` the mean contribution itself, and centring takes its
    correlation with the intercept away. The mean is that of the fitted weeks; it is kept in
    the node `name`, the contribution at full saturation, so that a counterfactual week is
    measured by the same yardstick.

    Parameters
    ----------
    design : Design
    response : TensorVariable, shape (time, unit, channel)
        As `saturated_media` gives it.
    share : TensorVariable, shape (channel,) or (unit, channel)
        Mean contribution, as a share of the mean of what it contributes to: over all units, or
        in each of them.
    name : str
        Name of the node that keeps the contribution at full saturation.
    dim : {"channel", "cause"}

    Returns
    -------
    TensorVariable, shape (time, unit)
        In the model's units.
    """
    each = share.ndim == 2
    mean = response.mean(0) if each else response.mean((0, 1))
    ceiling = pm.Deterministic(name, share / (mean + TINY), dims=("unit", dim) if each else dim)
    offset = pm.Deterministic(f"{name}_mean", share.sum(-1), dims="unit" if each else None)
    return (response * ceiling).sum(-1) - offset
