"""Sampling with nutpie: a model is compiled once and sampled repeatedly on swapped data."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import xarray as xr
from pymc.initial_point import make_initial_point_fn

from mmm_bayes.data.dataset import INPUTS
from mmm_bayes.data.design import Design, data_names
from mmm_bayes.errors import InputError, error_context
from mmm_bayes.inference import stream as streaming
from mmm_bayes.inference.compile_cache import compile_pymc_model, evaluate_logp
from mmm_bayes.inference.predictive import predictive_function, replicate
from mmm_bayes.model.evaluation import (
    Array,
    flatten_draws,
    graph_function,
)
from mmm_bayes.model.family import Member
from mmm_bayes.model.terms.lift_tests import add_lift_tests, replaced_density
from mmm_bayes.model.terms.priors import check_interactions, check_overrides
from mmm_bayes.model.transforms import load_transform

PRIOR_DRAWS = 500
#: Fewest draws of a chain, and of its tuning, from which convergence can be assessed.
LEAST_DRAWS = 100
#: Initial points of which one must have a finite density: as many as nutpie tries.
STARTS = 10
#: If a channel has no effect, its carryover and saturation keep their priors, and nutpie's default
#: 0.8 diverges in one of 1,000 draws; 0.9 in a fifth as many, for 3% more time.
TARGET_ACCEPT = 0.9
#: Largest seed that every generator takes, with a few thousand fits numbered on from it.
MAX_SEED = 2**31 - 1
#: Most parameters for a low-rank mass matrix: with the hundreds of a panel it takes most of the
#: time (`benchmarks/adaptation.py`: 36 s without it instead of 177 s).
LOW_RANK_LIMIT = 200


@dataclass(frozen=True)
class Settings:
    """Settings of the sampler.

    Attributes
    ----------
    draws : int
        Posterior draws per chain.
    tune : int
        Tuning draws per chain, discarded.
    chains : int
        Number of chains.
    """

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    seed: int = 1


def check_settings(settings: Settings) -> None:
    """Refuse too few draws or chains to assess convergence, and an impossible seed.

    Raises
    ------
    InputError
        It names the option and the values that it may have.
    """
    if not 0 <= settings.seed <= MAX_SEED:
        raise InputError(f"--seed {settings.seed} is not between 0 and {MAX_SEED}; take another")
    for name, least in (("draws", LEAST_DRAWS), ("tune", LEAST_DRAWS), ("chains", 2)):
        value = getattr(settings, name)
        if value < least:
            raise InputError(
                f"--{name} {value} is too few to assess convergence; take {least} or more"
            )


@dataclass(frozen=True)
class BuiltModel:
    """A model built on a design: enough for prior draws and for evaluating given draws."""

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
class CompiledModel(BuiltModel):
    """A compiled model, which can sample any design of the same form and dataset shape.

    Attributes
    ----------
    sampler : CompiledPyMCModel
        The model compiled by nutpie.
    seconds : float
        Compile time.
    """

    sampler: nutpie.compile_pymc.CompiledPyMCModel
    seconds: float


def build_model(member: Member, design: Design) -> BuiltModel:
    """Member built on a design, with the likelihood of the design's experiments if it has any.

    Raises
    ------
    InputError
        If the description overrides a prior, or has an interaction, that the model does not have.
    """
    with error_context(design.dataset.path):
        load_transform("adstock", design.form.adstock)
        load_transform("saturation", design.form.saturation)
    model = member.build(design)
    check_overrides(design, model)
    check_interactions(design, model)
    if "lift_observed" in design.arrays:
        add_lift_tests(design, model)
    return BuiltModel(model)


def check_start(built: BuiltModel, design: Design) -> None:
    """Refuse a model whose density is not finite at any of the sampler's initial points.

    Raises
    ------
    InputError
        It names the parameters and observed variables whose log-density is not finite.
    """
    model = built.model
    initial_point = make_initial_point_fn(
        model=model, jitter_rvs=set(model.free_RVs), return_transformed=False
    )
    points = [initial_point(seed) for seed in range(STARTS)]
    draws = xr.Dataset(
        {
            name: (
                ("chain", "draw", *model.named_vars_to_dims.get(name, ())),
                np.stack([point[name] for point in points])[None],
            )
            for name in built.free
        },
        coords={"chain": [0], "draw": range(STARTS)},
    )
    data = {name: design.arrays[name].values for name in data_names(design)}
    finite: dict[str, Array] = {}
    for names in (built.free, built.observed):
        density = graph_function(model, inputs=built.free, outputs=names, log_density=True)
        with np.errstate(all="ignore"):
            finite |= {
                name: np.isfinite(values.reshape(STARTS, -1)).all(1)
                for name, values in density(draws, data).items()
            }
    if not np.logical_and.reduce(list(finite.values())).any():
        raise InputError(no_start_message(design, [name for name in finite if not finite[name][0]]))


def no_start_message(design: Design, names: Sequence[str]) -> str:
    """Sentence for a model that the sampler cannot start.

    Parameters
    ----------
    names : sequence of str
        Variables whose log-density is not finite, if that is known.
    """
    what = f"the log-density of {', '.join(names)}" if names else "the gradient of its log-density"
    return (
        f"{design.dataset.path}: the sampler cannot start, because {what} is not finite at the "
        "model's initial values; take wider or narrower [priors], correct extreme values in the "
        "table, or choose another link or likelihood"
    )


def compile_model(member: Member, design: Design) -> CompiledModel:
    """Member built on a design and compiled, or loaded if this form was compiled before.

    The sampler returns only the sampled parameters; deterministics are evaluated afterwards for all
    draws at once, which halves what there is to compile.

    Raises
    ------
    InputError
        As for `build_model`.
    """
    start = time.perf_counter()
    built = build_model(member, design)
    sampler = compile_pymc_model(built.model, var_names=built.free)
    return CompiledModel(built.model, sampler, time.perf_counter() - start)


def sample(
    compiled: CompiledModel,
    design: Design,
    settings: Settings,
    *,
    cores: int | None = None,
    start: Array | None = None,
    stream: Path | None = None,
) -> xr.DataTree:
    """Posterior draws of the parameters given a design's data.

    Up to `LOW_RANK_LIMIT` parameters nutpie's low-rank mass matrix is used, which adapts to the
    correlation of a channel's contribution, half-saturation and slope (about twice the effective
    draws of a diagonal one). For more parameters it is diagonal.

    Parameters
    ----------
    cores : int, optional
        Chains to run in parallel; the number of the machine's cores if left out. It does not affect
        the draws.
    start : array, shape (point, parameter), optional
        Initial points of the chains, as `to_unconstrained` returns them, instead of PyMC's.
    stream : pathlib.Path, optional
        A new folder to write the draws to while sampling (read by `stream.read`).

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` (parameters only) and ``sample_stats``; the attribute
        ``sampling_seconds`` is the wall time.

    Raises
    ------
    InputError
        If the sampler does not return every draw that was asked for, all finite.
    """
    # A model need not use every data node: `no_mediation` has none of the mediator.
    used = {variable.name for variable in compiled.sampler.shared_var_keys}
    arrays = {name: design.arrays[name].values for name in data_names(design) if name in used}
    # Initial points depend on the priors, whose scale is a data node: set it to the design's, so
    # that the draws do not depend on what the model was compiled on.
    for name in used & arrays.keys():
        if "time" not in design.arrays[name].dims:
            compiled.model[name].set_value(arrays[name])
    if "time" in used:  # some graphs hold the length of the time axis, too
        arrays["time"] = np.array(design.arrays.sizes["time"])
    sampler = compiled.sampler.with_data(**arrays)
    if start is not None:
        # nutpie ignores its argument `init_mean` for a PyMC model.
        sampler = replace(sampler, initial_point_func=lambda seed: start[seed % len(start)].copy())
    _check_gradient(compiled, sampler, design)
    begin = time.perf_counter()
    with streaming.store_errors(stream):
        # If it blocks, nutpie takes a Ctrl-C for the end, and fills up the draws with NaN.
        running = nutpie.sample(
            sampler,
            blocking=False,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=cores,
            seed=settings.seed,
            adaptation="low_rank" if sampler.n_dim <= LOW_RANK_LIMIT else "diag",
            target_accept=TARGET_ACCEPT,
            save_warmup=False,
            progress_bar=sys.stderr.isatty(),
            zarr_store=None if stream is None else streaming.create_store(stream),
        )
        try:
            tree = running.wait()
        except BaseException as problem:
            running.cancel()
            if isinstance(problem, RuntimeError) and "initialization" in str(problem):
                time.sleep(1)  # nutpie's threads still end: they crash a process that ends first
                raise InputError(no_start_message(design, [])) from None
            raise
    seconds = time.perf_counter() - begin
    if stream is not None:
        tree = streaming.read(stream)
    check_draws(tree["posterior"].to_dataset(), settings)
    tree.attrs["sampling_seconds"] = seconds
    return tree


def _check_gradient(
    built: BuiltModel, sampler: nutpie.compile_pymc.CompiledPyMCModel, design: Design
) -> None:
    """Refuse a model whose density or gradient is not finite at any initial point."""
    for seed in range(STARTS):
        status, density, gradient = evaluate_logp(sampler, sampler.initial_point_func(seed))
        if status == 0 and np.isfinite(density) and np.isfinite(gradient).all():
            return
    check_start(built, design)  # names the variables, if it is the density
    raise InputError(no_start_message(design, []))


def check_draws(posterior: xr.Dataset, settings: Settings) -> None:
    """Refuse draws that are fewer than asked for, or not finite.

    Parameters
    ----------
    posterior : xarray.Dataset, dims (chain, draw, ...)
        Draws of the parameters.

    Raises
    ------
    InputError
        It names the parameters that are not finite.
    """
    expected = {"chain": settings.chains, "draw": settings.draws}
    found = {dim: posterior.sizes[dim] for dim in expected}
    broken = [str(name) for name, values in posterior.items() if not np.isfinite(values).all()]
    if found != expected or broken:
        detail = (
            f"draws of {', '.join(broken)} are not finite"
            if broken
            else f"there are {found['chain']} x {found['draw']}"
        )
        raise InputError(
            f"sampling ended without the {settings.chains} x {settings.draws} draws that were "
            f"asked for ({detail}), so nothing of it is kept; start it again, and if it ends so "
            "again, give the model narrower priors"
        )


def to_unconstrained(compiled: CompiledModel, draws: xr.Dataset) -> Array:
    """Draws of the parameters on the sampler's unconstrained scale.

    Parameters
    ----------
    compiled : CompiledModel
        A model with these parameters.
    draws : xarray.Dataset, dims (chain, draw, ...)
        Draws of the parameters on their own scale.

    Returns
    -------
    array, shape (sample, parameter)
    """
    model = compiled.model
    parts = []
    for variable in model.free_RVs:
        values = flatten_draws(draws[variable.name])
        transform = model.rvs_to_transforms[variable]
        if transform is not None:
            transformed = transform.forward(values, *variable.owner.inputs)
            values = transformed.eval(mode="FAST_COMPILE")
        parts.append(np.asarray(values, dtype=float).reshape(len(values), -1))
    return np.concatenate(parts, axis=1)


def add_derived_groups(
    compiled: CompiledModel, design: Design, tree: xr.DataTree, *, seed: int
) -> xr.DataTree:
    """Tree of draws with everything that can be computed from the posterior draws and the data.

    Parameters
    ----------
    design : Design
        The fitted weeks.
    tree : xarray.DataTree
        As `sample` returns it.
    seed : int
        For the prior and predictive draws.

    Returns
    -------
    xarray.DataTree
        With the deterministics in ``posterior``, and the groups ``prior``, ``prior_predictive``,
        ``posterior_predictive`` (each week given the week before, if disturbances remember it),
        ``log_likelihood``, ``log_prior`` (elementwise, each parameter on
        its own scale), ``observed_data`` and ``constant_data``, all labelled and in original units.
        The log-likelihood is by week, for all units jointly; 0 for an outcome that a lift test
        replaces.
    """
    data = {name: design.arrays[name].values for name in data_names(design)}
    likelihood = graph_function(
        compiled.model, inputs=compiled.free, outputs=compiled.observed, log_density=True
    )
    densities = graph_function(
        compiled.model, inputs=compiled.free, outputs=compiled.free, log_density=True
    )
    predict = predictive_function(compiled.model, seed=seed)

    def log_likelihood(draws: xr.Dataset) -> xr.Dataset:
        density = likelihood.to_dataset(draws, data)
        if "replaced" in data:
            replaced = replaced_density(density["outcome"], data["replaced"])
            density["outcome"] = density["outcome"] - replaced
        return sum_over_units(density)

    coords = _coords(compiled, design)

    posterior = compute_deterministics(compiled, design, tree["posterior"].to_dataset())
    prior = compute_deterministics(compiled, design, prior_draws(compiled, PRIOR_DRAWS, seed))
    groups = {
        "posterior": posterior,
        "sample_stats": tree["sample_stats"].to_dataset(),
        "prior": prior,
        "prior_predictive": replicate(compiled.model, prior, design, seed=seed),
        "posterior_predictive": predict.to_dataset(posterior, data),
        "log_likelihood": log_likelihood(posterior),
        "log_prior": densities.to_dataset(posterior, data),
        "observed_data": design.arrays[[f"{name}_observed" for name in compiled.observed]].rename(
            {f"{name}_observed": name for name in compiled.observed}
        ),
        "constant_data": design.arrays[data_names(design)].merge(
            design.dataset.data[INPUTS].isel(time=design.weeks)
        ),
    }
    if "lift" in compiled.observed:
        groups["constant_data"] = groups["constant_data"].merge(design.dataset.experiments)
    for name, group in groups.items():
        groups[name] = group.assign_coords(
            {dim: coords[dim] for dim in group.dims if dim in coords and dim not in group.coords}
        )
    result = xr.DataTree.from_dict(groups)
    result.attrs = model_attributes(compiled, design) | {
        "sampling_seconds": tree.attrs["sampling_seconds"],
        "compile_seconds": compiled.seconds,
    }
    return result


def model_attributes(built: BuiltModel, design: Design) -> dict[str, Any]:
    """Attributes of a tree of draws: the form of the fit, and the mediator."""
    form, mediated = design.form, "mediator" in built.observed
    return {
        "link": form.link,
        "likelihood": form.likelihood,
        "mediator_likelihood": form.mediator_likelihood if mediated else "",
        "mediator": design.mediator or "",
        **({"floor": form.floor, "at_floor": form.at_floor} if form.floor is not None else {}),
        "max_lag": form.max_lag,
        "errors": form.errors,
        "demand": form.demand if mediated or design.demanded else "none",
    }


def sum_over_units(density: xr.Dataset) -> xr.Dataset:
    """Log-likelihood by week: the sum over units, or their joint log-density as it is.

    Parameters
    ----------
    density : xarray.Dataset, dims (chain, draw, time, ...)
        Pointwise log-likelihood, with or without the dim ``unit``.
    """
    return density.map(lambda values: values.sum("unit") if "unit" in values.dims else values)


def prior_draws(
    built: BuiltModel, number: int, seed: int, *, names: Sequence[str] | None = None
) -> xr.Dataset:
    """Draws of the parameters from the prior, dims (chain, draw, ...), with a single chain.

    The first draws do not depend on their number.

    Parameters
    ----------
    number : int
        Number of draws.
    names : sequence of str, optional
        Other nodes to draw, in place of the sampled parameters.
    """
    logging.getLogger("pymc").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # The only potential takes weeks out of the likelihood, and changes no prior.
        warnings.filterwarnings("ignore", "The effect of Potentials", UserWarning)
        return pm.sample_prior_predictive(
            draws=number,
            model=built.model,
            var_names=built.free if names is None else list(names),
            random_seed=seed,
            compile_kwargs={"mode": "FAST_COMPILE"},
        )["prior"].to_dataset()


def compute_deterministics(built: BuiltModel, design: Design, draws: xr.Dataset) -> xr.Dataset:
    """Draws of the parameters with the model's deterministics added.

    Parameters
    ----------
    design : Design
        The fitted weeks.
    draws : xarray.Dataset, dims (chain, draw, ...)
        Draws of the sampled parameters.
    """
    function = graph_function(
        built.model,
        inputs=built.free,
        outputs=[variable.name for variable in built.model.deterministics],
    )
    data = {name: design.arrays[name].values for name in data_names(design)}
    return draws.merge(function.to_dataset(draws, data))


def _coords(compiled: CompiledModel, design: Design) -> dict[str, np.ndarray]:
    """Coordinates of the model, with the weeks and experiments of a design."""
    coords = {name: np.asarray(values) for name, values in compiled.model.coords.items()}
    names = [name for name in ("time", "experiment") if name in coords]
    return coords | {name: design.arrays[name].values for name in names}
