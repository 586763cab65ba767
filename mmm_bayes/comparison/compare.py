"""The comparison from start to end: run folders in, a folder of tables and a picture out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.comparison.future import first_weeks, leave_future_out, unpeeked
from mmm_bayes.comparison.holdout import SHOWN, holdout
from mmm_bayes.comparison.loading import densities, load
from mmm_bayes.comparison.loo import LeaveOneOut, exact, leave_one_out
from mmm_bayes.comparison.ranking import apart, ranking
from mmm_bayes.comparison.refits import Refits
from mmm_bayes.comparison.words import future_sentences, notes, sentences
from mmm_bayes.comparison.writing import COLUMNS, save
from mmm_bayes.errors import InputError
from mmm_bayes.files import refuse_taken
from mmm_bayes.refitting import Refit, refit
from mmm_bayes.runs import Run
from mmm_bayes.sampling import Settings, compile_model

#: A refit scores a few weeks, which takes fewer draws than describing a posterior does.
SHORT = Settings(draws=1000, tune=500, chains=2)


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
    """Compare runs of the same table by how well they predict weeks they have not seen.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Run folders, two or more.
    out : pathlib.Path
        New folder for ``compare.csv``, ``compare.json``, ``pointwise.csv`` and the picture
        ``compare.png`` and ``compare.svg``.
    future : bool
        Also predict each of the later weeks from the weeks before it, which takes refits.
    horizon : int
        Weeks ahead that it then predicts together.
    refits : int
        The most weeks of a run that are left out by an exact refit; a run that needs more is
        given none, and named as unreliable.
    model : pathlib.Path, optional
        The model file of the runs of that name, where it is not a member of the family.
    say : callable
        Told one line at each step.

    Returns
    -------
    pandas.DataFrame
        What ``compare.csv`` holds: run, elpd, elpd_se, elpd_diff, diff_se and weight by
        leave-one-out; crps, r2, rmse, mape and coverage_90 on the holdout; best first.

    Raises
    ------
    InputError
        If the runs can't be compared, or can't be fitted again where that is needed.
    """
    refuse_taken(out)
    runs = load(folders)
    kept = densities(runs)
    if future and not kept.all():
        raise InputError(
            "leave-future-out can't compare runs that differ in their floors: a week at a floor "
            "has a probability in one and a density in another; compare without it"
        )
    found: dict[str, LeaveOneOut] = {}
    for name, run in runs.items():
        say(f"leave-one-out of {name}")
        found[name] = leave_one_out(run.draws, kept)
    wanted = {name: 0 < one.weeks.size <= refits for name, one in found.items()}
    # What can't be fitted again is refused before anything is compiled.
    parts = {name: _parts(run, model) for name, run in runs.items() if future or wanted[name]}
    first, begun = 0, {}
    if future:
        first = first_weeks(next(iter(found.values())).pareto_k.sizes["time"], horizon)
        begun = {name: unpeeked(one.design, first) for name, one in parts.items()}

    ahead: dict[str, Any] = {}
    rhat: dict[str, float] = {}
    errors: dict[str, float] = {}
    for name, part in parts.items():
        say(f"compiling {part.member.name} for {name}")
        compiled = compile_model(part.member, part.design)
        settings = replace(SHORT, seed=int(runs[name].record["seed"]))
        likelihood = runs[name].draws["log_likelihood"].to_dataset()["outcome"].isel(time=kept)
        made = []
        if wanted[name]:
            label = f"{name}, leave-one-out, {found[name].weeks.size} weeks to refit"
            made.append(Refits(compiled, part.design, settings, likelihood, label, say))
            found[name] = exact(found[name], made[-1])
            errors[name] = made[-1].error
        if future:
            label = f"{name}, leave-future-out"
            made.append(Refits(compiled, begun[name], settings, likelihood, label, say))
            ahead[name] = leave_future_out(made[-1], likelihood, first, horizon)
        rhat[name] = max(one.rhat for one in made)

    scored = holdout(runs)
    ranked = ranking({name: one.elpd for name, one in found.items()})
    for score in SHOWN:
        ranked[score] = [scored[name][score] if scored else None for name in ranked["run"]]
    table = ranked[list(COLUMNS)]
    said = sentences(table, found, runs)
    later = _future(ahead, first, horizon)
    if later is not None:
        said += later.pop("sentences")
    rest: dict[str, Any] = {
        "best": table["run"][0],
        "data_sha256": next(iter(runs.values())).record["data_sha256"],
        "weeks": found[table["run"][0]].pareto_k.size,
        "runs": {
            name: _described(runs[name], found[name], rhat.get(name), errors.get(name))
            for name in table["run"]
        },
        "holdout": scored,
        "leave_future_out": later,
        "sentences": said,
        "notes": notes(
            found,
            runs,
            rhat,
            errors,
            refits=refits,
            scored=scored is not None,
            left_out=int((~kept).sum()),
        ),
    }
    save(out, table, found, rest)
    return table


def _parts(run: Run, model: Path | None) -> Refit:
    """The run's model and design; the model file given is for the runs of its name."""
    try:
        return refit(run, model if model and model.stem == run.record["model"] else None)
    except InputError as error:
        raise InputError(f"{error}; or compare without refits, by --refits 0") from error


def _described(
    run: Run, found: LeaveOneOut, rhat: float | None, error: float | None
) -> dict[str, Any]:
    return {
        "folder": str(run.folder),
        "model": run.record["model"],
        "link": run.record["form"]["link"],
        "likelihood": run.record["form"]["likelihood"],
        "verdict": run.diagnostics["verdict"],
        "p_loo": float(found.elpd.p),
        "reliable": found.left_bad == 0,
        "pareto_k": {
            "threshold": float(found.elpd.good_k),
            "largest": float(found.pareto_k.max()),
            "bad": int(found.bad.sum()),
            "refitted": int(found.refitted.sum()),
            "left_bad": found.left_bad,
        },
        "refits_rhat": rhat,
        "refits_monte_carlo_se": error,
    }


def _future(ahead: Mapping[str, Any], first: int, horizon: int) -> dict[str, Any] | None:
    if not ahead:
        return None
    table = ranking(ahead)
    rows: Any = table.itertuples(index=False)
    origins = next(iter(ahead.values())).n_data_points
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
                "apart": apart(row.elpd_diff, row.diff_se),
                "refits": 1 + int(ahead[row.run].n_refits),
            }
            for row in rows
        },
        "sentences": future_sentences(table, origins, horizon),
    }
