"""From a model to draws: compile once, swap the data, sample as often as wanted."""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import xarray as xr

from mmm_bayes import streaming
from mmm_bayes.design import Design, data_names
from mmm_bayes.errors import InputError
from mmm_bayes.evaluation import Array, Evaluation, evaluation, flat, parameters
from mmm_bayes.family import Member
from mmm_bayes.terms.experiments import lift
from mmm_bayes.terms.priors import refuse_ignored, refuse_unknown

PRIOR_DRAWS = 500
#: Where a channel has no effect its carryover and saturation keep their priors, and nutpie's own
#: 0.8 diverges in one of 1,000 draws; 0.9 in a fifth of that, for 3% more time.
TARGET_ACCEPT = 0.9
#: Up to so many parameters a low-rank mass matrix is worth its price; with the hundreds of a panel
#: most of the time goes into it (`benchmarks/adaptation.py`: 36 s instead of 177 s).
LOW_RANK_UP_TO = 200


@dataclass(frozen=True)
class Settings:
    """How long and from which seed to sample.

    Attributes
    ----------
    draws : int
        Kept of each chain.
    tune : int
        To adapt with before them, not kept.
    chains : int
    seed : int
    """

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    seed: int = 1


def refuse_short(settings: Settings) -> None:
    """Refuse so few draws that convergence could not be judged from them.

    Raises
    ------
    InputError
    """
    for name, least in (("draws", 100), ("tune", 100), ("chains", 2)):
        if getattr(settings, name) < least:
            raise InputError(
                f"--{name} {getattr(settings, name)} is too few to be checked; take {least} or more"
            )


@dataclass(frozen=True)
class Declared:
    """A model that is built: enough for its prior, and for all that follows from draws.

    Attributes
    ----------
    model : pymc.Model
    """

    model: pm.Model

    @property
    def free(self) -> list[str]:
        """Names of the sampled parameters."""
        return [variable.name for variable in self.model.free_RVs]

    @property
    def observed(self) -> list[str]:
        """Names of the observed variables."""
        return [variable.name for variable in self.model.observed_RVs]


@dataclass(frozen=True)
class Compiled(Declared):
    """A model, compiled; any design of the same form and dataset shape may be sampled with it.

    Attributes
    ----------
    model : pymc.Model
    sampler : nutpie.CompiledPyMCModel
    seconds : float
        What compiling took.
    """

    sampler: nutpie.compile_pymc.CompiledPyMCModel
    seconds: float


def declare(member: Member, design: Design) -> Declared:
    """Build a member on a design, with the design's experiments if it has any.

    Parameters
    ----------
    member : Member
    design : Design

    Raises
    ------
    InputError
        If the description overrides a prior, or describes an interaction, that the model does not
        have.
    """
    model = member.build(design)
    refuse_unknown(design, model)
    refuse_ignored(design, model)
    if "lift_observed" in design.arrays:
        lift(design, model)
    return Declared(model)


def compile_model(member: Member, design: Design) -> Compiled:
    """Build a member as `declare` does, and compile it.

    Only the sampled parameters come out of the sampler; everything else a model names is
    evaluated afterwards for all draws at once, which halves what there is to compile.

    Parameters
    ----------
    member : Member
    design : Design

    Raises
    ------
    InputError
        As `declare` does.
    """
    start = time.perf_counter()
    declared = declare(member, design)
    sampler = nutpie.compile_pymc_model(declared.model, var_names=declared.free)
    return Compiled(declared.model, sampler, time.perf_counter() - start)


def sample(
    compiled: Compiled,
    design: Design,
    settings: Settings,
    *,
    cores: int | None = None,
    start: Array | None = None,
    stream: Path | None = None,
) -> xr.DataTree:
    """Draw the parameters' posterior given a design's data.

    Up to `LOW_RANK_UP_TO` parameters nutpie's low-rank mass matrix is used: contributions,
    half-saturation and slope of a channel are correlated, and it knows (about twice the effective
    draws of a diagonal one). Beyond, a diagonal one.

    Parameters
    ----------
    compiled : Compiled
    design : Design
    settings : Settings
    cores : int, optional
        Chains to run at a time; as many as the machine has cores if left out. The draws are the
        same.
    start : array, shape (point, parameter), optional
        Points that chains start from, as `unconstrained` gives them, instead of the prior's middle.
    stream : pathlib.Path, optional
        A new folder for the draws to be written into while they are made (`streaming.read`).

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` (parameters only) and ``sample_stats``; the wall seconds are in the
        attribute ``sampling_seconds``.
    """
    # A model need not use every node: `direct` leaves the mediator's alone.
    used = {variable.name for variable in compiled.sampler.shared_var_keys}
    arrays = {name: design.arrays[name].values for name in data_names(design) if name in used}
    # Chains start where the priors are, and the priors' scale is the design's own: the draws don't
    # depend on what the model was compiled on.
    for name in used & arrays.keys():
        if "time" not in design.arrays[name].dims:
            compiled.model[name].set_value(arrays[name])
    sampler = compiled.sampler.with_data(**arrays)
    if start is not None:
        # nutpie takes no notice of its own `init_mean` for a PyMC model.
        sampler = replace(sampler, initial_point_func=lambda seed: start[seed % len(start)].copy())
    begun = time.perf_counter()
    tree = nutpie.sample(
        sampler,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=cores,
        seed=settings.seed,
        adaptation="low_rank" if sampler.n_dim <= LOW_RANK_UP_TO else "diag",
        target_accept=TARGET_ACCEPT,
        save_warmup=False,
        progress_bar=sys.stderr.isatty(),
        zarr_store=None if stream is None else streaming.store(stream),
    )
    seconds = time.perf_counter() - begun
    if stream is not None:
        tree = streaming.read(stream)
    tree.attrs["sampling_seconds"] = seconds
    return tree


def unconstrained(compiled: Compiled, draws: xr.Dataset) -> Array:
    """Draws of the parameters on the scale that the sampler moves on.

    Parameters
    ----------
    compiled : Compiled
        Of a model with these parameters.
    draws : xarray.Dataset
        Dims (chain, draw, ...).

    Returns
    -------
    array, shape (sample, parameter)
    """
    model = compiled.model
    parts = []
    for variable in model.free_RVs:
        values = flat(draws[variable.name])
        transform = model.rvs_to_transforms[variable]
        if transform is not None:
            moved = transform.forward(values, *variable.owner.inputs)
            values = moved.eval(mode="FAST_COMPILE")
        parts.append(np.asarray(values, dtype=float).reshape(len(values), -1))
    return np.concatenate(parts, axis=1)


def complete(compiled: Compiled, design: Design, tree: xr.DataTree, *, seed: int) -> xr.DataTree:
    """Add everything that follows from the draws.

    Parameters
    ----------
    compiled : Compiled
    design : Design
        The weeks that were fitted.
    tree : xarray.DataTree
        As `sample` gives it.
    seed : int
        Of the prior and the predictive draws.

    Returns
    -------
    xarray.DataTree
        With the deterministics in ``posterior``, and the groups ``prior``, ``prior_predictive``,
        ``posterior_predictive``, ``log_likelihood``, ``log_prior`` (elementwise, each parameter on
        its own scale), ``observed_data`` and ``constant_data``, all labelled and in original units.
        The log-likelihood is that of a week, all units together.
    """
    data = {name: design.arrays[name].values for name in data_names(design)}
    likelihood = evaluation(
        compiled.model, given=compiled.free, wanted=compiled.observed, log_density=True
    )
    densities = evaluation(
        compiled.model, given=compiled.free, wanted=compiled.free, log_density=True
    )
    predict = predictive(compiled.model, seed=seed)
    coords = _coords(compiled, design)

    posterior = follow(compiled, design, tree["posterior"].to_dataset())
    prior = follow(compiled, design, prior_draws(compiled, PRIOR_DRAWS, seed))
    groups = {
        "posterior": posterior,
        "sample_stats": tree["sample_stats"].to_dataset(),
        "prior": prior,
        "prior_predictive": predict.labelled(prior, data),
        "posterior_predictive": predict.labelled(posterior, data),
        "log_likelihood": weekly(likelihood.labelled(posterior, data)),
        "log_prior": densities.labelled(posterior, data),
        "observed_data": design.arrays[[f"{name}_observed" for name in compiled.observed]].rename(
            {f"{name}_observed": name for name in compiled.observed}
        ),
        "constant_data": design.arrays[data_names(design)].merge(
            design.dataset.data[["spend", "exposure", "controls"]].isel(time=design.weeks)
        ),
    }
    if "lift" in compiled.observed:
        groups["constant_data"] = groups["constant_data"].merge(design.dataset.experiments)
    for name, group in groups.items():
        groups[name] = group.assign_coords(
            {dim: coords[dim] for dim in group.dims if dim in coords and dim not in group.coords}
        )
    complete = xr.DataTree.from_dict(groups)
    complete.attrs = attributes(compiled, design) | {
        "sampling_seconds": tree.attrs["sampling_seconds"],
        "compile_seconds": compiled.seconds,
    }
    return complete


def attributes(declared: Declared, design: Design) -> dict[str, Any]:
    """What a tree of draws says of its model: link, likelihoods, mediator, floor and max_lag.

    Parameters
    ----------
    declared : Declared
    design : Design
    """
    form, mediated = design.form, "mediator" in declared.observed
    return {
        "link": form.link,
        "likelihood": form.likelihood,
        "mediator_likelihood": form.mediator_likelihood if mediated else "",
        "mediator": design.mediator or "",
        **({"floor": form.floor, "at_floor": form.at_floor} if form.floor is not None else {}),
        "max_lag": form.max_lag,
    }


def weekly(density: xr.Dataset) -> xr.Dataset:
    """Log-densities of weeks: of all units together, jointly distributed or independent."""
    return density.map(lambda values: values.sum("unit") if "unit" in values.dims else values)


def prior_draws(declared: Declared, number: int, seed: int) -> xr.Dataset:
    """Draws of the parameters from the prior, dims (chain, draw, ...), one chain.

    The first draws are the same however many are asked for.

    Parameters
    ----------
    declared : Declared
    number : int
        Draws.
    seed : int
    """
    logging.getLogger("pymc").setLevel(logging.WARNING)
    return pm.sample_prior_predictive(
        draws=number,
        model=declared.model,
        var_names=declared.free,
        random_seed=seed,
        compile_kwargs={"mode": "FAST_COMPILE"},
    )["prior"].to_dataset()


def follow(declared: Declared, design: Design, draws: xr.Dataset) -> xr.Dataset:
    """Draws of the parameters with the deterministics that follow from them.

    Parameters
    ----------
    declared : Declared
    design : Design
        The weeks that were fitted.
    draws : xarray.Dataset
        The sampled parameters, (chain, draw, ...).
    """
    function = evaluation(
        declared.model,
        given=declared.free,
        wanted=[variable.name for variable in declared.model.deterministics],
    )
    data = {name: design.arrays[name].values for name in data_names(design)}
    return draws.merge(function.labelled(draws, data))


def predictive(model: pm.Model, *, seed: int) -> Evaluation:
    """Predictive draws of the observed variables, from any design's data.

    What depends on the mean of the fitted weeks (the ceiling of each channel) is taken from
    the draws, so weeks that were not fitted may be predicted too.

    Parameters
    ----------
    model : pymc.Model
    seed : int

    Returns
    -------
    Evaluation
        From a posterior that holds its deterministics to the observed variables.
    """
    observed = [variable.name for variable in model.observed_RVs]
    return evaluation(model, given=parameters(model), wanted=observed, seed=seed)


def _coords(compiled: Compiled, design: Design) -> dict[str, np.ndarray]:
    coords = {name: np.asarray(values) for name, values in compiled.model.coords.items()}
    own = {name: design.arrays[name].values for name in ("time", "experiment") if name in coords}
    return coords | own
