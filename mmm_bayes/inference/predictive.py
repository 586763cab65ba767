"""Predictive draws of the observed variables, in the fitted weeks and after them.

With autoregressive disturbances the graph of a model gives each week given the observed week before
it. A week that follows unobserved ones follows the simulated ones: its draw moves by what the
disturbance that it inherits differs from the one that the graph took,

    v*_t = v_t + phi (v*_{t-1} - observed_{t-1}),

on the scale on which disturbances add up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design, arrange, data_names
from mmm_bayes.model.evaluation import GraphFunction, graph_function, static_nodes

Array = NDArray[np.float64]

_TINY = float(np.finfo(float).tiny)


def predictive_function(model: pm.Model, *, seed: int) -> GraphFunction:
    """Function from posterior draws to draws of the observed variables, each week given the last.

    Nodes that depend on the mean of the fitted weeks (the ceiling of each channel) are taken from
    the draws, so that it can predict other weeks, too.

    Returns
    -------
    GraphFunction
        Its inputs are parameters and deterministics without a time axis.
    """
    observed = [variable.name for variable in model.observed_RVs]
    return graph_function(model, inputs=static_nodes(model), outputs=observed, seed=seed)


def replicate(model: pm.Model, draws: xr.Dataset, design: Design, *, seed: int) -> xr.Dataset:
    """Tables that draws imply without any observed week.

    The outcome's equation takes the observed mediator, as it takes the observed spends, and not
    what these tell of demand.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, ...)
        Draws with their deterministics.

    Returns
    -------
    xarray.Dataset
        ``outcome`` and, in a mediated model, ``mediator`` (chain, draw, time, unit).
    """
    data = _data(design)
    draws = ignore_demand(draws)
    tables = predictive_function(model, seed=seed).to_dataset(draws, data)
    if "phi" in draws:
        tables["outcome"] = _carry_forward(
            tables["outcome"], draws["phi"], data["outcome_observed"], design.form.multiplicative
        )
    if "mediator_phi" in draws:
        tables["mediator"] = _carry_forward(
            tables["mediator"], draws["mediator_phi"], data["mediator_observed"], False
        )
    return tables


def ignore_demand(draws: xr.Dataset) -> xr.Dataset:
    """Draws in which spends tell nothing of unseen demand, as where a plan sets them.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, ...)
    """
    names = [name for name in ("rho", "demand_share") if name in draws]
    return draws.assign({name: xr.zeros_like(draws[name]) for name in names})


def predict(model: pm.Model, draws: xr.Dataset, ahead: Design, *, seed: int) -> xr.Dataset:
    """Predictive draws of the observed variables in weeks after the fit.

    Parameters
    ----------
    model : pymc.Model
        Model of the fit; it need not be compiled.
    draws : xarray.Dataset, dims (chain, draw, ...)
        Posterior with its deterministics.
    ahead : Design
        The weeks to predict, arranged with the scaling of the fit. Carryover reaches back over the
        observed weeks before them, and an autoregressive disturbance starts from the last of these.
        Their mediator is taken as known, like every channel's spend; where a plan sets it, give the
        draws of `ignore_demand`.

    Returns
    -------
    xarray.Dataset
        ``outcome`` and, in a mediated model, ``mediator`` (chain, draw, time, unit).
    """
    start = ahead.weeks.start
    # The week before the first tells of its disturbance.
    known = ("phi" in draws or "rho" in draws) and start > 0
    if known:
        weeks = slice(start - 1, ahead.weeks.stop)
        ahead = arrange(ahead.dataset, ahead.form, ahead.scaling, weeks)
    data = _data(ahead)
    remembering = "phi" in draws
    if remembering:  # a plan has no outcome: any value stands in for it
        usual = data["outcome_scale" if ahead.form.link == "log" else "mean_outcome"]
        unknown = np.arange(len(data["outcome_observed"]))[:, None] >= int(known)
        data["outcome_observed"] = np.where(unknown, usual, data["outcome_observed"])
    tables = predictive_function(model, seed=seed).to_dataset(draws[static_nodes(model)], data)
    if remembering:
        tables["outcome"] = _carry_forward(
            tables["outcome"], draws["phi"], data["outcome_observed"], ahead.form.multiplicative,
            known=known,
        )  # fmt: skip
    labels = {name: ahead.arrays[name].values for name in ("time", "unit") if name in tables.dims}
    return tables.assign_coords(labels).isel(time=slice(int(known), None))


def _data(design: Design) -> dict[str, Any]:
    return {name: design.arrays[name].values for name in data_names(design)}


def _carry_forward(
    tables: xr.DataArray, phi: xr.DataArray, observed: Array, log: bool, *, known: bool = False
) -> xr.DataArray:
    """Draws that follow one another, from draws that each follow the observed week before.

    Parameters
    ----------
    tables : xarray.DataArray, dims (chain, draw, time, unit)
    phi : xarray.DataArray, dims (chain, draw)
    observed : array, shape (time, unit)
        What the draws were made with.
    log : bool
        Whether disturbances add up on the log scale.
    known : bool
        Whether the first week is an observed one.
    """
    ordered = tables.transpose("chain", "draw", "time", "unit")
    values = np.asarray(ordered.values, dtype=float)
    if log:
        values, observed = np.log(np.maximum(values, _TINY)), np.log(observed)
    values = values.copy()
    if known:
        values[:, :, 0] = observed[0]
    memory = phi.transpose("chain", "draw").values[..., None]
    for week in range(1, values.shape[2]):
        values[:, :, week] += memory * (values[:, :, week - 1] - observed[week - 1])
    with np.errstate(over="ignore"):
        return ordered.copy(data=np.exp(values) if log else values)
