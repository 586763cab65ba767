"""The main job: a described table and a member of the family become a finished run folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes import runs
from mmm_bayes.counterfactual import world
from mmm_bayes.dataset import Dataset, load, profile
from mmm_bayes.design import Design, Form, arrange, design, form_for
from mmm_bayes.diagnostics import diagnose, identifiability, sensitivity
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import (
    adstock_curves,
    channel_effects,
    control_effects,
    cost_per_thousand,
    interaction_effects,
    interaction_table,
    over_time,
    pooling_factors,
    response_curves,
    summed_effects,
    table,
)
from mmm_bayes.family import Member, member
from mmm_bayes.forecasting import predict
from mmm_bayes.sampling import (
    Compiled,
    Declared,
    Settings,
    compile_model,
    complete,
    follow,
    refuse_short,
    sample,
    unconstrained,
)
from mmm_bayes.terms.priors import used

#: Share of the weeks, the last ones, that a second fit predicts without having seen them.
HOLDOUT = 0.2
#: The fewest weeks that the fit behind the holdout may have.
FEWEST = 40


@dataclass(frozen=True)
class Job:
    """What to fit, checked and ready; making one costs no sampling.

    Attributes
    ----------
    dataset : Dataset
    member : Member
    form : Form
    settings : Settings
    folder : pathlib.Path
        Where the run goes.
    """

    dataset: Dataset
    member: Member
    form: Form
    settings: Settings
    folder: Path


def prepare(
    model: str,
    data: Path,
    folder: Path,
    settings: Settings,
    *,
    link: str | None = None,
    likelihood: str | None = None,
    floor: float | None = None,
    at_floor: str | None = None,
) -> Job:
    """Refuse bad input before anything is compiled.

    Parameters
    ----------
    model : str
        A member's name, or the path of a model file.
    data : pathlib.Path
        The description of the table.
    folder : pathlib.Path
        Where the run goes.
    settings : Settings
    link, likelihood, floor, at_floor : optional
        Of `design.Form`; as the description says if left out.

    Raises
    ------
    InputError
    """
    refuse_short(settings)
    chosen = member(model)
    dataset = load(data)
    form = form_for(
        dataset,
        link=link,  # type: ignore[arg-type]
        likelihood=likelihood,  # type: ignore[arg-type]
        floor=floor,
        at_floor=at_floor,  # type: ignore[arg-type]
    )
    return Job(dataset, chosen, form, settings, folder)


def fit(
    job: Job,
    say: Any = print,
    *,
    start: xr.Dataset | None = None,
    stream: Path | None = None,
) -> Path:
    """Fit, check and save.

    Parameters
    ----------
    job : Job
    say : callable
        Told one line at each step.
    start : xarray.Dataset, optional
        Draws of an earlier posterior of the same model, for the chains to start from.
    stream : pathlib.Path, optional
        A new folder for the draws to be written into while they are made.

    Returns
    -------
    pathlib.Path
        The run folder, finished.
    """
    begun = time.perf_counter()
    record = runs.provenance() | {
        "data_file": job.dataset.description.file,
        "data_sha256": job.dataset.sha256,
    }
    whole = design(job.dataset, job.form)
    say(f"compiling {job.member.name} ({_spoken(job.form, job.dataset)})")
    compiled = compile_model(job.member, whole)
    say(f"sampling {job.settings.chains} x ({job.settings.tune} + {job.settings.draws})")
    points = None if start is None else unconstrained(compiled, start[compiled.free])
    tree = sample(compiled, whole, job.settings, start=points, stream=stream)
    say(f"sampled in {tree.attrs['sampling_seconds']:.1f} s; evaluating effects")
    draws = complete(compiled, whole, tree, seed=job.settings.seed)
    predicted = holdout(compiled, whole, job.settings)
    if predicted is None:
        say("no holdout: the weeks before it are too few, or a covariate is constant over them")
    else:
        draws["predictions"], draws["predictions_observed"] = predicted
    draws.attrs |= {"model": job.member.name, "outcome": job.dataset.description.outcome}

    fitted = world(compiled.model, whole, draws["posterior"].to_dataset(), seed=job.settings.seed)
    effects = channel_effects(fitted)
    before = prior_effects(compiled, whole, draws["prior"].to_dataset(), seed=job.settings.seed)
    answers = xr.DataTree.from_dict(
        {
            "draws": effects.draws,
            "weekly": effects.weekly,
            "together": effects.together.to_dataset(name="total"),
            "prior": before,
            "sensitivity": sensitivity(draws, effects.draws),
            "identifiability": identifiability(draws, effects.draws, before),
            "response": response_curves(fitted),
            "adstock": adstock_curves(fitted),
            "controls": control_effects(whole, fitted.draws),
            "pooling": pooling_factors(fitted.draws),
            "interactions": interaction_effects(fitted),
            "cpm": cost_per_thousand(whole),
            "over_time": over_time(fitted),
        }
    )
    found = profile(job.dataset, floor=job.form.floor)
    diagnosis = diagnose(draws, answers, profile_warnings=found.warnings)
    record |= {
        "model": job.member.name,
        **vars(job.settings),
        "form": vars(job.form),
        "sampling_seconds": round(draws.attrs["sampling_seconds"], 2),
        "compile_seconds": round(compiled.seconds, 2),
        "wall_seconds": round(time.perf_counter() - begun, 2),
        "description": job.dataset.description.model_dump(mode="json"),
        "priors": {
            name: {"dist": dist, **parameters}
            for name, (dist, parameters) in used(whole, compiled.model).items()
        },
        "profile_warnings": list(found.warnings),
        "profile_notes": list(found.notes),
    }
    runs.save(
        job.folder,
        draws=draws,
        effects=answers,
        estimands=table(effects.draws),
        diagnostics=diagnosis.to_dict(),
        record=record,
        model=job.member.source,
        interactions=interaction_table(answers["interactions"].to_dataset()),
    )
    return job.folder


def prior_effects(declared: Declared, whole: Design, prior: xr.Dataset, *, seed: int) -> xr.Dataset:
    """Effects and returns as the priors alone would have them.

    Parameters
    ----------
    declared : Declared
    whole : Design
    prior : xarray.Dataset
        Draws of the prior with what follows from them, as `sampling.follow` gives them.
    seed : int
        Of what a floor or a hurdle hides.

    Returns
    -------
    xarray.Dataset
        As `Effects.draws`, and ``together`` (chain, draw, unit).
    """
    # A prior may allow what overflows; the checks count it, and say so.
    with np.errstate(all="ignore"):
        effects = channel_effects(world(declared.model, whole, prior, seed=seed))
    return effects.draws.assign(together=effects.together)


def fitted_effects(compiled: Compiled, whole: Design, settings: Settings) -> pd.DataFrame:
    """Fit with a compiled model and give the effects alone.

    Parameters
    ----------
    compiled : Compiled
    whole : Design
    settings : Settings

    Returns
    -------
    pandas.DataFrame
        The rows of `estimands.table` for total, direct and indirect effects, with the number of
        divergences last.
    """
    tree = sample(compiled, whole, settings)
    draws = follow(compiled, whole, tree["posterior"].to_dataset())
    rows = table(summed_effects(world(compiled.model, whole, draws)))
    return rows.assign(divergences=int(tree["sample_stats"]["diverging"].sum()))


def holdout(
    compiled: Compiled, whole: Design, settings: Settings
) -> tuple[xr.DataTree, xr.DataTree] | None:
    """Fit the first weeks with the compiled model and predict the last ones.

    Spends, controls and the mediator of the predicted weeks are taken as known.

    Parameters
    ----------
    compiled : Compiled
    whole : Design
        All weeks.
    settings : Settings

    Returns
    -------
    tuple of xarray.DataTree, or None
        Predictive draws and what was observed; None if the table is too short for it.
    """
    dataset, form = whole.dataset, whole.form
    weeks = dataset.data.sizes["time"]
    first = weeks - round(HOLDOUT * weeks)
    if first < FEWEST:
        return None
    try:
        train = design(dataset, form, slice(0, first))
    except InputError:
        return None  # a control that only varies in the last weeks cannot be learned before them
    test = arrange(dataset, form, train.scaling, slice(first, weeks))
    tree = sample(compiled, train, settings)
    draws = follow(compiled, train, tree["posterior"].to_dataset())
    predictions = predict(compiled.model, draws, test, seed=settings.seed)
    observed = test.arrays[["outcome_observed"]].rename(outcome_observed="outcome")
    return xr.DataTree(predictions[["outcome"]]), xr.DataTree(observed)


def _spoken(form: Form, dataset: Dataset) -> str:
    words = [f"{form.link} link", f"{form.likelihood} likelihood"]
    if form.floor is not None:
        words.append(f"{form.at_floor} at a floor of {form.floor:g}")
    if dataset.mediator is not None:
        words.append(f"{form.mediator_likelihood} mediator")
    return ", ".join(words)
