"""Declaration of parameters: with default priors, or those that a description states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.errors import InputError
from mmm_bayes.model.terms.division import declare_division
from mmm_bayes.model.terms.priors import (
    Stated,
    channel_priors,
    declare,
    declare_spec,
    default_priors,
)

#: Function that declares a parameter: `prior`, common to all units, or `pooled_prior`, one each.
Declare = Callable[..., Any]
#: Quantities of a channel that state its mean contribution.
CONTRIBUTION = ("roas", "contribution_share", "sign")


def prior(
    design: Design,
    key: str,
    dims: str | tuple[str, ...] | None = None,
    *,
    name: str | None = None,
    index: NDArray[np.int_] | None = None,
) -> Any:
    """Declare a parameter with the prior that the description states, or the default one.

    Under the identity link the mean contributions ``beta`` have by default a common prior, unless
    they may have either sign: they are a share of all media, ``media_share``, divided by the money
    spent on each channel and its relative return, ``media_division``
    (`mmm_bayes.model.terms.division`). A channel whose own return, share or sign is stated is left
    out of that division.

    Parameters
    ----------
    key : str
        "beta" or a key of `mmm_bayes.model.terms.priors.default_priors`; also a key of the
        description's ``[priors]``.
    dims : str or tuple of str, optional
        The parameter's dims.
    name : str, optional
        Name of the parameter in the model, if it is not `key`.
    index : array of int, shape (channel,), optional
        Positions of the channels that have the parameter, if not all of them do.

    Raises
    ------
    InputError
        If the description names a distribution that PyMC does not have, gives it parameters that
        it does not take, or puts the parameter outside its range.
    LookupError
        If there is no such key, which is a mistake in a model file.
    """
    about = CONTRIBUTION if key == "beta" else (key, "half_life" if key == "adstock_alpha" else "")
    positions = np.arange(len(design.dataset.channels)) if index is None else np.asarray(index)
    stated = {
        item.channel: item
        for item in channel_priors(design)
        if item.quantity in about and item.channel in positions
    }
    declare_default = _contributions if key == "beta" else declare
    if not stated:
        return declare_default(design, key, dims, name=name, index=index)
    model = pm.modelcontext(None)
    rest = np.array([position for position in positions if position not in stated], dtype=int)
    values = pt.zeros(len(positions))
    if len(rest):
        node = f"{name or key}_rest"
        model.add_coord(f"channel_of_{node}", np.array(design.dataset.channels)[rest])
        others = declare_default(design, key, f"channel_of_{node}", name=node, index=rest)
        values = values[np.flatnonzero(np.isin(positions, rest))].set(others)
    for place, position in enumerate(positions):
        if position in stated:
            values = values[place].set(_own_value(design, stated[position]))
    return pm.Deterministic(name or key, values, dims=dims)


def _contributions(
    design: Design,
    key: str,
    dims: str | tuple[str, ...] | None,
    *,
    name: str | None,
    index: NDArray[np.int_] | None,
) -> Any:
    """Declare the mean contributions of channels: one by one, or the sum of all and its division.

    The sum is divided under the identity link, if effects are positive and ``[priors] beta`` states
    nothing.
    """
    described = design.dataset.description.priors
    if key in described or design.form.sign == "free" or design.form.link == "log":
        return declare(design, key, dims, name=name, index=index)
    node = name or key
    money = pm.modelcontext(None)["money"]
    money = money if index is None else money[index]
    stated = {"media_share", "media_division"} & described.keys()
    if not stated:
        priors = default_priors(design, 1.0, 1.0)
        return declare_division(node, money, priors["media_share"], priors["media_division"], dims)
    total = declare(design, "media_share")
    if "media_share" in stated:
        total = total * _share_unit(design, "[priors] media_share")
    weight = money * pt.exp(declare(design, "media_division", dims))
    return pm.Deterministic(node, total * weight / weight.sum(), dims=dims)


def _own_value(design: Design, stated: Stated) -> Any:
    """Declare what is stated of a channel, and return the model's parameter that follows."""
    value = declare_spec(stated.node, stated.spec)
    match stated.quantity:
        case "roas":
            return value * pm.modelcontext(None)["return_unit"][stated.channel]
        case "contribution_share":
            channel = design.dataset.channels[stated.channel]
            return value * _share_unit(design, f"[channels.{channel}.priors] contribution_share")
        case "half_life":
            return 0.5 ** (1 / value)
        case _:
            return value


def _share_unit(design: Design, where: str) -> Any:
    """Mean contribution, in the model's units, of what makes the whole outcome.

    Under the log link a share is taken for the change of the logarithm.
    """
    if design.form.link == "log":
        return 1.0
    if design.scaling.mean.sum() <= 0:
        raise InputError(
            f"{design.dataset.path}: {where} is a share of an outcome whose mean is not positive; "
            "state a return (roas), or leave it out"
        )
    data = pm.modelcontext(None)
    return data["mean_outcome"].sum() / data["outcome_scale"].sum()
