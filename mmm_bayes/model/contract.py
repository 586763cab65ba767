"""The contract of a model: the nodes that everything downstream evaluates.

A model file may say anything about the market, but effects, forecasts, plans and checks find its
nodes by name and swap its data nodes. A model that lacks one, or whose location does not depend on
it, would be fitted and then fail, or answer every question with the same number.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
from pytensor.graph.traversal import ancestors

from mmm_bayes.data.description import suggestion
from mmm_bayes.data.design import Design, data_names
from mmm_bayes.errors import InputError
from mmm_bayes.model.transforms import load_transform


def check_model(design: Design, model: Any) -> None:
    """Refuse a model that lacks a node, or whose nodes do not depend on the data.

    Parameters
    ----------
    model : pymc.Model
        What a model file's `build` returned.

    Raises
    ------
    InputError
        It names the node and how to declare it.
    """
    if not isinstance(model, pm.Model):
        raise InputError(
            f"build(design) returns {_article(model)}, not a pymc.Model; end it with 'return model'"
        )
    absent = [name for name in data_names(design) if name not in model.named_vars]
    if absent:
        raise InputError(
            f"the model has no data node {absent[0]!r}; declare everything inside "
            "'with terms.model_for(design) as model:', which adds the data"
        )
    for name in _node_names(design, model):
        if name not in model.named_vars:
            raise InputError(
                f"the model has no node {name!r}{suggestion(name, model.named_vars)}; declare it "
                "with the pieces of mmm_bayes.terms, or with pymc.Deterministic under that name"
            )
    _check_dims(design, model)
    _check_observed(model)
    _check_dependence(model)


def _node_names(design: Design, model: pm.Model) -> list[str]:
    """Names of the nodes that a model of this form must have."""
    form = design.form
    names = [*_shape_names(design), "beta", "sigma", "outcome_location", "outcome"]
    if form.floor is not None:
        names += ["outcome_centre", "outcome_noise"]
    if form.hurdle:
        names += ["outcome_on", "outcome_level"]
    if {"mediator", "mediator_location"} & set(model.named_vars):
        names += ["mediator", "mediator_location", "mediator_sigma"]
        if form.mediator_likelihood == "hurdle":
            names += ["mediator_on", "mediator_level"]
    return names


def _shape_names(design: Design) -> list[str]:
    """Names of the parameters of carryover and saturation in the outcome's equation."""
    form = design.form
    transforms = (
        load_transform("adstock", form.adstock),
        load_transform("saturation", form.saturation),
    )
    return [name for transform in transforms for name in transform.node_names()]


def _check_dims(design: Design, model: pm.Model) -> None:
    expected = dict.fromkeys(("outcome_location", "mediator_location"), ("time", "unit"))
    for name, dims in (expected | dict.fromkeys(_shape_names(design), ("channel",))).items():
        found = model.named_vars_to_dims.get(name)
        if name in model.named_vars and found != dims:
            raise InputError(
                f"the model's node {name!r} has the dims {found}; declare it with dims={dims}"
            )


def _check_observed(model: pm.Model) -> None:
    """Refuse variables that the library could not observe, or the sampler could not sample."""
    for variable in model.observed_RVs:
        name = variable.name
        if name not in ("outcome", "mediator"):
            raise InputError(
                f"the model observes {name!r}; only 'outcome' and 'mediator' can be observed, "
                "so give it one of these names, or add its density with pymc.Potential"
            )
        if model[f"{name}_observed"] not in set(ancestors([model.rvs_to_values[variable]])):
            raise InputError(
                f"the model's {name!r} does not observe the data node '{name}_observed', so no "
                f"other weeks could be fitted; pass observed=model['{name}_observed']"
            )
    absent = {"outcome", "mediator"} & set(model.named_vars) - {
        variable.name for variable in model.observed_RVs
    }
    if absent:
        name = min(absent)
        raise InputError(
            f"the model's {name!r} is not observed; pass observed=model['{name}_observed']"
        )
    if model.discrete_value_vars:
        names = ", ".join(variable.name for variable in model.discrete_value_vars)
        raise InputError(
            f"the model samples {names}, which is discrete and has no gradient; sum over its "
            "values, or give it a continuous distribution"
        )


def _check_dependence(model: pm.Model) -> None:
    """Refuse a location without media, and a mediated outcome without the assumed correlation."""
    mediated = "mediator" in model.named_vars
    for name in ["outcome_location", *(["mediator_location"] if mediated else [])]:
        if model["exposure_lags"] not in set(ancestors([model[name]])):
            raise InputError(
                f"the model's {name!r} does not depend on the data node 'exposure_lags', so every "
                "effect would be 0; use terms.saturated_media(design)"
            )
    assumed = model.named_vars.get("rho")
    if mediated and assumed not in set(ancestors([model["outcome"]])):
        raise InputError(
            "the model's 'outcome' does not depend on 'rho', the correlation of the mediator's "
            "and the outcome's disturbances, so no sensitivity to confounding could be found; pass "
            "the disturbance that terms.mediator returns to terms.outcome as its third argument"
        )


def _article(value: object) -> str:
    return "nothing" if value is None else f"an object of type {type(value).__name__}"
