"""Coordinates and data nodes of a model; the data can be swapped after compiling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from mmm_bayes.data.design import Design, data_names
from mmm_bayes.errors import InputError


def model_for(design: Design) -> pm.Model:
    """Model with the coordinates of a design, and a `pymc.Data` node for each of its arrays.

    Returns
    -------
    pymc.Model
        For use as a context: ``with model_for(design) as model: ...``.
    """
    arrays = design.arrays
    coords: dict[str, Any] = {
        name: arrays[name].values for name in ("time", "unit", "channel", "lag")
    }
    coords["spread"] = ["outcome", "mediator"]
    coords["covariate"] = np.arange(arrays.sizes["covariate"])
    coords["control"] = list(design.dataset.description.controls)
    if "hinges" in arrays:
        coords["changepoint"] = arrays["changepoint"].values
    if design.mediator is not None:
        coords["cause"] = list(design.causes)
    for dim in ("demanded", "past", "shift", "mediator_shift"):
        if dim in arrays.coords:
            coords[dim] = arrays[dim].values
    if "experiment" in arrays.coords:
        coords |= {name: arrays[name].values for name in ("test_week", "experiment")}
    if "modulation" in arrays.coords:
        coords["modulation"] = arrays["modulation"].values
    model = pm.Model(coords=coords)
    with model:
        for name in data_names(design):
            shape = tuple(None if dim == "time" else arrays.sizes[dim] for dim in arrays[name].dims)
            pm.Data(name, arrays[name].values, dims=arrays[name].dims, shape=shape)
    return model


def check_mediated(design: Design) -> None:
    """Refuse a model of mediation on a description that names no mediator.

    Raises
    ------
    InputError
        It names the tables that are missing, and the members that need none.
    """
    if design.mediator is None:
        raise InputError(
            f"{design.dataset.path}: this model has an equation of the mediator, but the "
            "description names none; add [mediators.NAME] with its causes, or fit no_mediation"
        )
