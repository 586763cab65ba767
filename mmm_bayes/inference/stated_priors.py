"""Priors that a description states, beside what the defaults would have been.

Both are 90% intervals of the same quantity. A default is drawn from the same model without any
stated prior, since a return or a share of one channel is no parameter of it: it follows from what
all media make and how that is divided.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

from mmm_bayes.data.description import ChannelPriors, Prior
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.inference.sampling import BuiltModel, prior_draws
from mmm_bayes.model.family import Member
from mmm_bayes.model.terms.parameters import CONTRIBUTION
from mmm_bayes.model.terms.priors import channel_priors, default_priors, stated_prior
from mmm_bayes.model.transforms.registry import Spec
from mmm_bayes.text import number

#: Draws behind a default and behind a stated distribution, and their seed: the intervals are the
#: same in every run.
DRAWS, STATED_DRAWS, SEED = 10_000, 100_000, 1
COLUMNS = [
    "quantity", "channel", "stated", "lower", "upper", "default_lower", "default_upper",
]  # fmt: skip
#: Parameter of the default model from which a quantity follows; others are parameters themselves.
_NODES = dict.fromkeys((*CONTRIBUTION, "media_share", "other_media_share"), "beta") | {
    "half_life": "adstock_alpha"
}


@dataclasses.dataclass(frozen=True)
class _Item:
    """A stated prior.

    Attributes
    ----------
    quantity : str
        A key of ``[priors]`` or of ``[channels.NAME.priors]``.
    channel : str
        "" for a prior that is stated of all channels, or of no channel.
    labels : tuple of str
        Elements of the parameter for which it is compared: the sum of several contributions, or a
        single element; empty for all of them, which then have the same default.
    described : Prior or None
        None where the sign alone is stated.
    """

    quantity: str
    channel: str
    labels: tuple[str, ...]
    described: Prior | None
    spec: Spec


def stated_priors(member: Member, design: Design, built: BuiltModel) -> pd.DataFrame:
    """Every prior that a description states and a model has, beside the default one.

    Parameters
    ----------
    member : Member
        The model, which is built once more without the stated priors.
    built : BuiltModel
        The model with them.

    Returns
    -------
    pandas.DataFrame
        Columns quantity (a key of ``[priors]`` or ``[channels.NAME.priors]``; "other_media_share"
        for what all media make but those whose contribution is stated, "contribution" for the
        stated sign of an effect on an outcome that has no shares), channel ("" for none),
        stated (text), lower and upper, default_lower and default_upper. The last four are ends of
        90% intervals: returns, shares of the outcome (``contribution``: the outcome's units a
        step), half-lives in steps, and other parameters in the model's units. NaN for a default
        that the model does not have. Empty if nothing is stated.
    """
    items = list(_items(design, built))
    if not items:
        return pd.DataFrame(columns=COLUMNS)
    plain = _without_stated_priors(design)
    default = BuiltModel(member.build(plain))
    nodes = {_NODES.get(item.quantity, item.quantity) for item in items}
    known = sorted(nodes & set(default.model.named_vars))
    draws = prior_draws(default, DRAWS, SEED, names=known) if known else xr.Dataset()
    return pd.DataFrame([_row(item, plain, draws) for item in items], columns=COLUMNS)


def _without_stated_priors(design: Design) -> Design:
    """The design of the same table, of whose priors nothing is stated."""
    description = design.dataset.description
    channels = {
        name: channel.model_copy(update={"priors": ChannelPriors()})
        for name, channel in description.channels.items()
    }
    demand = description.demand.model_copy(update={"strength": None})
    update = {"priors": {}, "channels": channels, "demand": demand}
    dataset = dataclasses.replace(design.dataset, description=description.model_copy(update=update))
    return make_design(dataset, design.form, design.weeks)


def _items(design: Design, built: BuiltModel) -> Iterator[_Item]:
    """The stated priors of parameters that the model has."""
    model, description = built.model, design.dataset.description
    defaults = default_priors(design, 1.0, 1.0)
    of_channels = [item for item in channel_priors(design) if item.node in model.named_vars]
    channels = design.dataset.channels
    own = {channels[item.channel] for item in of_channels if item.quantity in CONTRIBUTION}
    for key, described in description.stated_priors.items():
        spec = stated_prior(design, key)
        if key == "media_share":
            rest = tuple(name for name in channels if name not in own)
            yield _Item("other_media_share" if own else key, "", rest, described, spec)
            continue
        names = [f"{key}_direct_rest", f"{key}_direct", f"{key}_rest", key]
        node = next(name for name in names if name in model.named_vars)
        differs = key == "beta" or any(np.ndim(value) for value in defaults[key][1].values())
        dims = model.named_vars_to_dims.get(node, ())
        if not (differs and dims):
            yield _Item(key, "", (), described, spec)
            continue
        for label in map(str, model.coords[dims[-1]]):
            yield _Item(key, label if key == "beta" else "", (label,), described, spec)
    for stated in of_channels:
        channel = channels[stated.channel]
        said = getattr(description.channels[channel].priors, stated.quantity)
        prior = None if stated.quantity == "sign" else said
        yield _Item(stated.quantity, channel, (channel,), prior, stated.spec)


def _row(item: _Item, plain: Design, draws: xr.Dataset) -> tuple[Any, ...]:
    """Row of `stated_priors`."""
    quantity = item.quantity
    lower, upper = _stated_interval(item)
    if quantity == "sign":
        factor, quantity = _unit_of_contributions(plain)
        lower, upper = lower * factor, upper * factor
    node = _NODES.get(item.quantity, item.quantity)
    default = (np.nan, np.nan)
    if node in draws:
        values = draws[node]
        if item.labels:
            dim = str(values.dims[-1])
            values = values.sel({dim: list(item.labels)}).sum(dim)
        position = plain.dataset.channels.index(item.channel) if item.channel else None
        with np.errstate(all="ignore"):
            found = _in_its_unit(values.values, item.quantity, plain, position)
        default = tuple(np.quantile(found, INTERVAL))
    return (quantity, item.channel, _text(item), lower, upper, *map(float, default))


def _in_its_unit(values: Any, quantity: str, plain: Design, channel: int | None) -> Any:
    """Draws of a parameter as the quantity that is stated."""
    match quantity:
        case "roas":
            return values / plain.scaling.return_unit[channel]
        case "contribution_share" | "sign":
            return values * _unit_of_contributions(plain)[0]
        case "media_share" | "other_media_share":
            return values * plain.scaling.unit_share
        case "half_life":
            return np.log(0.5) / np.log(values)
        case _:
            return values


def _unit_of_contributions(design: Design) -> tuple[float, str]:
    """Factor on a mean contribution in the model's units, and the quantity that it then is.

    A share of the outcome (under the log link, of its logarithm); the outcome's own unit where its
    mean is not positive.
    """
    if design.form.link == "log":
        return 1.0, "contribution_share"
    share = design.scaling.unit_share
    if np.isfinite(share):
        return share, "contribution_share"
    return float(design.scaling.outcome.sum()), "contribution"


def _stated_interval(item: _Item) -> tuple[float, float]:
    """The two quantiles that are stated, or those of the stated distribution."""
    described = item.described
    if described is not None and described.q05 is not None and described.q95 is not None:
        return described.q05, described.q95
    dist, parameters = item.spec
    variable = getattr(pm, dist).dist(**parameters, size=STATED_DRAWS)
    values = pm.draw(variable, random_seed=SEED, mode="FAST_COMPILE")
    lower, upper = np.quantile(values, INTERVAL)
    return float(lower), float(upper)


def _text(item: _Item) -> str:
    """The statement, in the words of the description."""
    if item.described is None:
        return f"sign {'positive' if item.spec[0] == 'HalfNormal' else 'free'}"
    if item.described.dist is None:
        return f"q05 = {number(item.described.q05)}, q95 = {number(item.described.q95)}"
    arguments = ", ".join(
        f"{name} = {number(value)}" for name, value in item.described.parameters.items()
    )
    return f"{item.described.dist}({arguments})"
