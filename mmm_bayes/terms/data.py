"""The empty model: its coordinates and its data, which can be swapped after compiling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from mmm_bayes.design import Design, data_names


def model_for(design: Design) -> pm.Model:
    """Open a model on a design: dimensions named, every array of the design a `pymc.Data`.

    Parameters
    ----------
    design : Design

    Returns
    -------
    pymc.Model
        To be used as a context: ``with model_for(design) as model: ...``.
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
