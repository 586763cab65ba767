"""Fit of a model to a described table: sampling, effects, checks, and the run folder."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.data import Dataset, load, profile
from mmm_bayes.data.design import UNLEARNED, Design, arrange, make_design, missing_phrases
from mmm_bayes.data.form import Form, form_for, remembering
from mmm_bayes.diagnostics import diagnose, identifiability_statistics, power_scaling_sensitivity
from mmm_bayes.diagnostics.check import finite_or_none
from mmm_bayes.diagnostics.predictive import autocorrelation_sentence
from mmm_bayes.errors import InputError, stop_context
from mmm_bayes.estimands import (
    adstock_curves,
    channel_effects,
    control_effects,
    cost_per_thousand,
    effects_over_time,
    estimand_table,
    interaction_effects,
    interaction_table,
    joint_effect,
    pooling_factors,
    response_curves,
    summed_effects,
    supported_effects,
)
from mmm_bayes.files import taken_note
from mmm_bayes.inference import runs
from mmm_bayes.inference.convergence import sample_until_converged
from mmm_bayes.inference.kept import KeptFits, sample_once
from mmm_bayes.inference.predictive import predict
from mmm_bayes.inference.sampling import (
    LEAST_DRAWS,
    BuiltModel,
    CompiledModel,
    Settings,
    add_derived_groups,
    check_settings,
    compile_model,
    compute_deterministics,
    sample,
    to_unconstrained,
)
from mmm_bayes.inference.stated_priors import stated_priors
from mmm_bayes.model.counterfactual import Counterfactual, abduct
from mmm_bayes.model.family import Member, load_member
from mmm_bayes.model.media import evaluate_media
from mmm_bayes.model.terms.priors import model_priors
from mmm_bayes.text import capitalised

#: Share of the weeks, at the end, that are held out and predicted by a second fit.
HOLDOUT_SHARE = 0.2
#: Fewest weeks that the second fit may have.
MINIMUM_TRAINING_WEEKS = 40


@dataclass(frozen=True)
class Job:
    """A fit to run: model, data and settings, all checked.

    Attributes
    ----------
    folder : pathlib.Path
        The run folder to write.
    alternative : Form, optional
        With autoregressive disturbances: takes the place of `form`, if that leaves residuals that
        are autocorrelated. None if the disturbances were chosen.
    """

    dataset: Dataset
    member: Member
    form: Form
    settings: Settings
    folder: Path
    alternative: Form | None = None
    lengthen: bool = False


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
    errors: str | None = None,
    demand: str | None = None,
    lengthen: bool = False,
) -> Job:
    """Job of a fit, with its input checked before anything is compiled.

    Parameters
    ----------
    model : str
        Name of a member of the family, or path of a model file.
    data : pathlib.Path
        TOML description of the table.
    folder : pathlib.Path
        The run folder to write.
    link, likelihood, floor, at_floor, errors, demand : optional
        As in `mmm_bayes.data.form.Form`; the description's if left out.
    lengthen : bool
        As in `Job`.

    Raises
    ------
    InputError
        If the settings, the model, the table or the form of the fit is not valid.
    """
    check_settings(settings)
    member = load_member(model)
    dataset = load(data)
    form = form_for(
        dataset,
        link=link,  # type: ignore[arg-type]
        likelihood=likelihood,  # type: ignore[arg-type]
        floor=floor,
        at_floor=at_floor,  # type: ignore[arg-type]
        errors=errors,  # type: ignore[arg-type]
        demand=demand,  # type: ignore[arg-type]
    )
    automatic = (errors or dataset.description.model.errors) == "auto"
    alternative = remembering(dataset, form) if automatic else None
    return Job(dataset, member, form, settings, folder, alternative, lengthen)


def run_fit(
    job: Job,
    say: Any = print,
    *,
    start: xr.Dataset | None = None,
    stream: Path | None = None,
) -> Path:
    """Fit a model, compute its effects and checks, and save the run.

    Parameters
    ----------
    say : callable
        Receives one line of progress at each step.
    start : xarray.Dataset, dims (chain, draw, ...), optional
        Draws of an earlier posterior of the same model, as initial points of the chains.
    stream : pathlib.Path, optional
        A new folder to write the draws to while sampling. It holds one fit, so disturbances that
        were not chosen stay independent, and nothing is sampled again.

    Returns
    -------
    pathlib.Path
        The finished run folder.
    """
    begin = time.perf_counter()
    record = runs.provenance() | {
        "data_file": job.dataset.description.file,
        "data_sha256": job.dataset.sha256,
    }
    form, reason = job.form, None
    compiled, design, settings, draws = _fit_form(job, form, say, start=start, stream=stream)
    if job.alternative is not None and stream is None:
        reason = autocorrelation_sentence(draws)
        if reason is not None:
            say(job.dataset.wording(f"{reason}; fitting again with disturbances that remember"))
            form = job.alternative
            compiled, design, settings, draws = _fit_form(job, form, say)
            draws.attrs["errors_reason"] = reason
    try:
        train, test = holdout_designs(design)
    except InputError as problem:
        holdout_notes = [f"no holdout: {problem}"]
    else:
        draws["predictions"], draws["predictions_observed"] = predict_holdout(
            compiled, train, test, job.settings
        )
        holdout_notes = [
            f"holdout: {phrase} in the weeks before it, and {UNLEARNED}"
            for phrase in missing_phrases(train)
        ]
    holdout_notes = list(map(job.dataset.wording, holdout_notes))
    for note in holdout_notes:
        say(note)
    draws.attrs["model"] = job.member.name

    fitted = abduct(compiled.model, design, draws["posterior"].to_dataset(), seed=job.settings.seed)
    effects, media = channel_effects(fitted), evaluate_media(fitted)
    prior = prior_effects(compiled, design, draws["prior"].to_dataset(), seed=job.settings.seed)
    estimands = xr.DataTree.from_dict(
        {
            "draws": effects.draws,
            "weekly": effects.weekly,
            "together": effects.combined,
            "prior": prior,
            "sensitivity": power_scaling_sensitivity(draws, effects.draws, effects.combined),
            "identifiability": identifiability_statistics(
                draws, media, effects.draws, prior, effects.combined
            ),
            "response": response_curves(fitted),
            "adstock": adstock_curves(fitted),
            "controls": control_effects(design, fitted.draws),
            "pooling": pooling_factors(fitted.draws),
            "interactions": interaction_effects(fitted),
            "cpm": cost_per_thousand(design),
            "over_time": effects_over_time(fitted),
        }
    )
    table_profile = profile(job.dataset, floor=form.floor)
    diagnosis = diagnose(draws, estimands, media, profile_warnings=table_profile.warnings)
    record |= {
        "model": job.member.name,
        **vars(settings),
        "form": vars(form),
        "errors_reason": reason,
        "sampling_seconds": round(draws.attrs["sampling_seconds"], 2),
        "compile_seconds": round(compiled.seconds, 2),
        "wall_seconds": round(time.perf_counter() - begin, 2),
        "description": job.dataset.description.model_dump(mode="json"),
        "priors": {
            name: {"dist": dist, **parameters}
            for name, (dist, parameters) in model_priors(design, compiled.model).items()
        },
        "stated_priors": _stated_records(job.member, design, compiled),
        "profile_warnings": list(table_profile.warnings),
        "profile_notes": list(table_profile.notes),
        "holdout_notes": [f"{capitalised(note)}." for note in holdout_notes],
    }
    folder = runs.save(
        job.folder,
        draws=draws,
        effects=estimands,
        estimands=_with_supported(estimand_table(effects.draws, effects.combined), fitted),
        diagnostics=job.dataset.wording.of_record(diagnosis.to_dict()),
        record=record,
        model=job.member.source,
        interactions=interaction_table(estimands["interactions"].to_dataset()),
    )
    if folder != job.folder:
        say(taken_note(job.folder, folder))
    return folder


def _fit_form(
    job: Job,
    form: Form,
    say: Any,
    *,
    start: xr.Dataset | None = None,
    stream: Path | None = None,
) -> tuple[CompiledModel, Design, Settings, xr.DataTree]:
    """Compiled model, design, settings and draws with their derived groups, of one form."""
    design = make_design(job.dataset, form)
    say(f"compiling {job.member.name} ({_form_phrase(form, job.dataset)})")
    compiled = compile_model(job.member, design)
    say(f"sampling {job.settings.chains} x ({job.settings.tune} + {job.settings.draws})")
    points = None if start is None else to_unconstrained(compiled, start[compiled.free])
    with stop_context(lambda: f"the draws so far are in {stream}" if stream else ""):
        settings = job.settings
        if job.lengthen and stream is None:
            tree, settings, _ = sample_until_converged(
                compiled, design, settings, start=points, say=say
            )
        else:
            tree = sample(compiled, design, settings, start=points, stream=stream)
    say(f"sampled in {tree.attrs['sampling_seconds']:.1f} s; evaluating effects")
    draws = add_derived_groups(compiled, design, tree, seed=job.settings.seed)
    draws.attrs["outcome"] = job.dataset.description.outcome
    return compiled, design, settings, draws


def _stated_records(member: Member, design: Design, built: BuiltModel) -> list[dict[str, Any]]:
    """Rows of `stated_priors` for a JSON file; NaN becomes None."""
    table = stated_priors(member, design, built)
    return [
        {
            str(name): finite_or_none(value) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def prior_effects(built: BuiltModel, design: Design, prior: xr.Dataset, *, seed: int) -> xr.Dataset:
    """Effects and returns implied by draws of the prior.

    Parameters
    ----------
    prior : xarray.Dataset, dims (chain, draw, ...)
        Draws of the prior with the deterministics, as `compute_deterministics` returns them.
    seed : int
        For the part of a disturbance that a floor or a hurdle hides.

    Returns
    -------
    xarray.Dataset
        As `Effects.draws`, with the total of `Effects.combined` as ``together`` (chain, draw,
        unit).
    """
    # Some draws of a prior may overflow: the prior predictive checks report their share.
    with np.errstate(all="ignore"):
        effects = channel_effects(abduct(built.model, design, prior, seed=seed))
    return effects.draws.assign(together=effects.combined["total"])


def fit_effects(
    compiled: CompiledModel, design: Design, settings: Settings, *, kept: KeptFits | None = None
) -> pd.DataFrame:
    """Effects from a fit with a compiled model.

    Parameters
    ----------
    kept : KeptFits, optional
        Where the draws are kept.

    Returns
    -------
    pandas.DataFrame
        Rows of `estimand_table` for total, direct and indirect effects, and for the total of all
        media, with the number of divergences as the last column.
    """
    tree = sample_once(compiled, design, settings, kept)
    draws = compute_deterministics(compiled, design, tree["posterior"].to_dataset())
    return effects_of_fit(abduct(compiled.model, design, draws), tree)


def effects_of_fit(
    fitted: Counterfactual, tree: xr.DataTree, *, supported: bool = False
) -> pd.DataFrame:
    """Effects of a fit that was sampled, as `fit_effects` returns them.

    Parameters
    ----------
    tree : xarray.DataTree
        With the group ``sample_stats``.
    supported : bool
        Whether the effects within what was observed (`supported_effects`) are among them.
    """
    rows = estimand_table(summed_effects(fitted), joint_effect(fitted))
    if supported:
        rows = _with_supported(rows, fitted)
    return rows.assign(divergences=int(tree["sample_stats"]["diverging"].sum()))


def _with_supported(table: pd.DataFrame, fitted: Counterfactual) -> pd.DataFrame:
    """Table of estimands with those of `supported_effects` appended."""
    return pd.concat([table, estimand_table(*supported_effects(fitted))], ignore_index=True)


def holdout_designs(design: Design) -> tuple[Design, Design]:
    """Designs of the first weeks and of the last ones, which are held out.

    Parameters
    ----------
    design : Design
        All weeks.

    Raises
    ------
    InputError
        If the first weeks are too few, or cannot be fitted.
    """
    dataset, form = design.dataset, design.form
    weeks = dataset.data.sizes["time"]
    first = weeks - round(HOLDOUT_SHARE * weeks)
    if first < MINIMUM_TRAINING_WEEKS:
        raise InputError(
            f"it would leave {first} weeks to fit, and {MINIMUM_TRAINING_WEEKS} are needed"
        )
    train = make_design(dataset, form, slice(0, first))
    return train, arrange(dataset, form, train.scaling, slice(first, weeks))


def predict_holdout(
    compiled: CompiledModel, train: Design, test: Design, settings: Settings
) -> tuple[xr.DataTree, xr.DataTree]:
    """Predictions of the last weeks from a fit of the first ones with a compiled model.

    The spends, the controls and the mediator of the predicted weeks are taken as known. Half of the
    draws of the fit are enough for the quantiles of a prediction.

    Parameters
    ----------
    train, test : Design
        As `holdout_designs` returns them.

    Returns
    -------
    tuple of xarray.DataTree
        Predictive draws and observed outcome.
    """
    half = replace(
        settings,
        draws=max(settings.draws // 2, LEAST_DRAWS),
        tune=max(settings.tune // 2, LEAST_DRAWS),
    )
    tree = sample(compiled, train, half)
    draws = compute_deterministics(compiled, train, tree["posterior"].to_dataset())
    predictions = predict(compiled.model, draws, test, seed=settings.seed)
    observed = test.arrays[["outcome_observed"]].rename(outcome_observed="outcome")
    return xr.DataTree(predictions[["outcome"]]), xr.DataTree(observed)


def _form_phrase(form: Form, dataset: Dataset) -> str:
    parts = [f"{form.link} link", f"{form.likelihood} likelihood"]
    if form.floor is not None:
        parts.append(f"{form.at_floor} at a floor of {form.floor:g}")
    if dataset.mediator is not None:
        parts.append(f"{form.mediator_likelihood} mediator")
    if form.adstock != "geometric":
        parts.append(f"{form.adstock.replace('_', ' ')} carryover")
    if form.saturation != "hill":
        parts.append(f"{form.saturation.replace('_', ' ')} saturation")
    if form.errors == "ar1":
        parts.append("autoregressive disturbances")
    if form.demand == "unseen":
        parts.append("unseen demand")
    return ", ".join(parts)
