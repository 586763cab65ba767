"""Comparison of run folders, written as a folder of tables and a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.comparison.files import COLUMNS, save_comparison
from mmm_bayes.comparison.holdout import SCORE_COLUMNS, holdout_scores
from mmm_bayes.comparison.lfo import initial_weeks, leave_future_out, rescale_by_initial_weeks
from mmm_bayes.comparison.loo import LeaveOneOut, leave_one_out, refit_unreliable_weeks
from mmm_bayes.comparison.ranking import are_distinguishable, rank_runs
from mmm_bayes.comparison.refits import Refits
from mmm_bayes.comparison.runs import comparable_weeks, load_comparable
from mmm_bayes.comparison.words import lfo_sentences, notes, ranking_sentences
from mmm_bayes.data.design import UNLEARNED, make_design, missing_phrases
from mmm_bayes.diagnostics.check import verdict_record
from mmm_bayes.errors import InputError
from mmm_bayes.files import check_free, taken_note
from mmm_bayes.inference.kept import KeptFits, kept_fits
from mmm_bayes.inference.refit import Refit, prepare_refit
from mmm_bayes.inference.runs import Run
from mmm_bayes.inference.sampling import Settings, compile_model

#: Scoring a few weeks needs fewer draws than summarising a posterior.
REFIT_SETTINGS = Settings(draws=1000, tune=500, chains=2)


def compare(
    folders: Sequence[Path],
    out: Path,
    *,
    future: bool = False,
    horizon: int = 1,
    refits: int = 20,
    model: Path | None = None,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Compare runs of the same table by how well they predict unseen weeks.

    If it is stopped, the same call goes on after the refits that were finished.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Two or more run folders.
    out : pathlib.Path
        New folder for ``compare.csv``, ``compare.json``, ``pointwise.csv`` and the figure
        ``compare.png`` and ``compare.svg``.
    future : bool
        Also use leave-future-out, which needs refits.
    horizon : int
        Number of weeks that leave-future-out predicts jointly.
    refits : int
        Largest number of unreliable weeks of a run to replace by exact refits. A run with more has
        none replaced and is reported as unreliable.
    model : pathlib.Path, optional
        Model file of the runs with its name, if it is not a member of the family.
    say : callable
        Receives a progress line for each step.

    Returns
    -------
    pandas.DataFrame
        Content of ``compare.csv``: run, elpd, elpd_se, elpd_diff, diff_se and weight by
        leave-one-out; crps, r2, rmse, mape and coverage_90 on the holdout; best first. The
        attribute ``folder`` is where it was written.

    Raises
    ------
    InputError
        If the runs can't be compared, or can't be refitted where that is needed.
    """
    check_free(out)
    runs = load_comparable(folders)
    words = next(iter(runs.values())).wording
    scored = comparable_weeks(runs)
    if future and not scored.all():
        raise InputError(
            "leave-future-out can't compare runs that differ in their floors: a date at a floor "
            "has a probability in one and a density in another; compare without it"
        )
    loos: dict[str, LeaveOneOut] = {}
    for name, run in runs.items():
        say(f"leave-one-out of {name}")
        loos[name] = leave_one_out(run.draws, scored)
    needs_refit = {name: 0 < loo.weeks_to_refit.size <= refits for name, loo in loos.items()}
    # Runs that can't be refitted are refused before anything is compiled.
    prepared = {
        name: _prepare_refit(run, model)
        for name, run in runs.items()
        if future or needs_refit[name]
    }
    first, lfo_designs = 0, {}
    if future:
        first = initial_weeks(next(iter(loos.values())).pareto_k.sizes["time"], horizon)
        lfo_designs = {
            name: rescale_by_initial_weeks(refit.design, first) for name, refit in prepared.items()
        }
        lacking = {
            phrase: None
            for refit in prepared.values()
            for phrase in missing_phrases(
                make_design(refit.design.dataset, refit.design.form, slice(0, first))
            )
        }
        for phrase in lacking:
            say(f"leave-future-out: {phrase} in the first {first} weeks, and {UNLEARNED}")

    lfos: dict[str, Any] = {}
    rhat: dict[str, float] = {}
    errors: dict[str, float] = {}
    with kept_fits(out.with_name(f".{out.name}.unfinished")) as place:
        for name, refit in prepared.items():
            kept = KeptFits(place, refit.member.source)
            say(f"compiling {refit.member.name} for {name}")
            compiled = compile_model(refit.member, refit.design)
            settings = replace(REFIT_SETTINGS, seed=int(runs[name].record["seed"]))
            likelihood = (
                runs[name].draws["log_likelihood"].to_dataset()["outcome"].isel(time=scored)
            )
            wrappers = []
            if needs_refit[name]:
                label = words(
                    f"{name}, leave-one-out, {loos[name].weeks_to_refit.size} weeks to refit"
                )
                wrappers.append(
                    Refits(compiled, refit.design, settings, likelihood, label, say, kept)
                )
                loos[name] = refit_unreliable_weeks(loos[name], wrappers[-1])
                errors[name] = wrappers[-1].error
            if future:
                label = f"{name}, leave-future-out"
                wrappers.append(
                    Refits(compiled, lfo_designs[name], settings, likelihood, label, say, kept)
                )
                lfos[name] = leave_future_out(wrappers[-1], likelihood, first, horizon)
            rhat[name] = max(wrapper.rhat for wrapper in wrappers)

    holdout = holdout_scores(runs)
    ranked = rank_runs({name: loo.elpd for name, loo in loos.items()})
    for score in SCORE_COLUMNS:
        ranked[score] = [holdout[name][score] if holdout else None for name in ranked["run"]]
    table = ranked[list(COLUMNS)]
    sentences = ranking_sentences(table, loos, runs)
    lfo_record = _lfo_record(lfos, first, horizon)
    if lfo_record is not None:
        sentences += lfo_record.pop("sentences")
    record: dict[str, Any] = {
        "best": table["run"][0],
        "data_sha256": next(iter(runs.values())).record["data_sha256"],
        "weeks": loos[table["run"][0]].pareto_k.size,
        "runs": {
            name: _run_record(runs[name], loos[name], rhat.get(name), errors.get(name))
            for name in table["run"]
        },
        "holdout": holdout,
        "leave_future_out": lfo_record,
        "sentences": words.of_record(sentences),
        "notes": words.of_record(
            notes(
                loos,
                runs,
                rhat,
                errors,
                refits=refits,
                has_holdout=holdout is not None,
                left_out=int((~scored).sum()),
            )
        ),
    }
    folder = save_comparison(out, table, loos, record, words)
    if folder != out:
        say(taken_note(out, folder))
    table.attrs["folder"] = str(folder)
    return table


def _prepare_refit(run: Run, model: Path | None) -> Refit:
    """Model and design of a run; the model file is used for runs with its name."""
    try:
        return prepare_refit(run, model if model and model.stem == run.record["model"] else None)
    except InputError as error:
        raise InputError(f"{error}; or compare without refits, by --refits 0") from error


def _run_record(
    run: Run, loo: LeaveOneOut, rhat: float | None, error: float | None
) -> dict[str, Any]:
    return {
        "folder": str(run.folder),
        "model": run.record["model"],
        "link": run.record["form"]["link"],
        "likelihood": run.record["form"]["likelihood"],
        **verdict_record(run.diagnostics),
        "p_loo": float(loo.elpd.p),
        "reliable": loo.unresolved == 0,
        "pareto_k": {
            "threshold": float(loo.elpd.good_k),
            "largest": float(loo.pareto_k.max()),
            "bad": int(loo.unreliable.sum()),
            "refitted": int(loo.refitted.sum()),
            "left_bad": loo.unresolved,
        },
        "refits_rhat": rhat,
        "refits_monte_carlo_se": error,
    }


def _lfo_record(lfos: Mapping[str, Any], first: int, horizon: int) -> dict[str, Any] | None:
    if not lfos:
        return None
    table = rank_runs(lfos)
    rows: Any = table.itertuples(index=False)
    origins = next(iter(lfos.values())).n_data_points
    return {
        "first_weeks": first,
        "horizon": horizon,
        "origins": origins,
        "runs": {
            row.run: {
                "elpd": row.elpd,
                "elpd_se": row.elpd_se,
                "elpd_diff": row.elpd_diff,
                "diff_se": row.diff_se,
                "weight": row.weight,
                "apart": are_distinguishable(row.elpd_diff, row.diff_se),
                "refits": 1 + int(lfos[row.run].n_refits),
            }
            for row in rows
        },
        "sentences": lfo_sentences(table, origins, horizon),
    }
