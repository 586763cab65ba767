"""Weeks that were not fitted, predicted from the posterior, their spends and controls given."""

from __future__ import annotations

import pymc as pm
import xarray as xr

from mmm_bayes.design import Design
from mmm_bayes.sampling import parameters, predictive
from mmm_bayes.terms.data import data_names


def predict(model: pm.Model, draws: xr.Dataset, ahead: Design, *, seed: int) -> xr.Dataset:
    """Predictive draws of the observed variables in other weeks.

    Parameters
    ----------
    model : pymc.Model
        Of the fit, not compiled.
    draws : xarray.Dataset
        Posterior with its deterministics.
    ahead : Design
        The weeks, arranged by the scaling of the fit. Carryover reaches back over the real weeks
        before them. Their mediator is taken as known: it is a channel whose spend is given.
    seed : int

    Returns
    -------
    xarray.Dataset
        ``outcome`` and, in a mediated model, ``mediator`` (chain, draw, time, unit).
    """
    data = {name: ahead.arrays[name].values for name in data_names(ahead)}
    labels = {"time": ahead.arrays["time"].values, "unit": ahead.arrays["unit"].values}
    made = predictive(model, seed=seed).labelled(draws[parameters(model)], data)
    return made.assign_coords({name: labels[name] for name in labels if name in made.dims})
