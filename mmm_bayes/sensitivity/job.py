"""Sensitivity analyses of a run, written into its folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import track

from mmm_bayes.diagnostics import verdict
from mmm_bayes.diagnostics.check import Check
from mmm_bayes.files import check_writable, write_text
from mmm_bayes.inference import runs
from mmm_bayes.inference.kept import KeptFits, kept_fits
from mmm_bayes.inference.refit import Refit, prepare_refit
from mmm_bayes.inference.sampling import compile_model
from mmm_bayes.sensitivity.confounding import (
    GRID,
    fit_under_confounding,
    tipping_points,
    without_demand,
)
from mmm_bayes.sensitivity.placebo import (
    PLACEBO,
    SHIFTS,
    fit_placebos,
    placebo_checks,
    placebo_design,
)
from mmm_bayes.sensitivity.sign_free import sign_free_design

#: Folder in the run folder that keeps finished refits until all are done.
UNFINISHED = ".sensitivity"


def analyse_sensitivity(
    folder: Path,
    *,
    placebo: bool = False,
    model: Path | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Refit a run under other assumptions and add the results to its folder.

    If it is stopped, the same call goes on after the refits that were finished.

    Parameters
    ----------
    folder : pathlib.Path
        Run folder. ``confounding.csv`` is added if the model has a mediator, ``placebo.csv`` with
        `placebo`, and the sentences and checks are added to ``diagnostics.json``.
    placebo : bool
        Also fit placebos: advertising that never ran.
    model : pathlib.Path, optional
        Model file, if the model is not a member of the family.
    say : callable
        Receives a progress line for each step.

    Raises
    ------
    InputError
        If the folder is not a finished run or is read-only, or its model is not available.
    """
    check_writable(folder)
    run = runs.load(folder)
    refit = prepare_refit(run, model)
    diagnosis = dict(run.diagnostics)
    for evidence in diagnosis["evidence"]:
        for message in evidence.get("leaning", []):
            say(message)
    with kept_fits(folder / UNFINISHED) as place:
        kept = KeptFits(place, refit.member.source)
        if "mediator_location" in run.draws["posterior"]:
            rows = _confounding_rows(refit, kept, say)
            tips = tipping_points(rows, refit.design.causes)
            write_text(folder / runs.CONFOUNDING, _csv(rows))
            diagnosis["confounding"] = [tip.to_dict() for tip in tips]
            for tip in tips:
                say(tip.message)
        else:
            say(f"{run.record['model']} has no mediator, so there is no mediation to be confounded")
        if placebo:
            rows = _placebo_rows(refit, kept, say)
            checks = placebo_checks(rows)
            write_text(folder / runs.PLACEBO, _csv(rows))
            diagnosis = _with_checks(diagnosis, checks)
            for check in checks:
                say(check.message)
    write_text(folder / runs.DIAGNOSTICS, json.dumps(diagnosis, indent=1, allow_nan=False) + "\n")


def _confounding_rows(refit: Refit, kept: KeptFits, say: Callable[[str], None]) -> pd.DataFrame:
    say(f"compiling {refit.member.name}")
    design = without_demand(sign_free_design(refit.design))
    fits = fit_under_confounding(compile_model(refit.member, design), design, kept=kept)
    return pd.concat(_with_progress(fits, "fitting under confounding", len(GRID)))


def _placebo_rows(refit: Refit, kept: KeptFits, say: Callable[[str], None]) -> pd.DataFrame:
    say(f"compiling {refit.member.name} with a placebo")
    first = refit.design.dataset.channels[0]
    compiled = compile_model(refit.member, placebo_design(refit.design, first, 1))
    kinds = len(refit.design.dataset.channels) + ("mediator" in compiled.observed)
    fits = fit_placebos(compiled, refit.design, kept=kept)
    return pd.concat(_with_progress(fits, "fitting placebos", SHIFTS * kinds))


def _with_progress(
    fits: Iterator[pd.DataFrame], description: str, total: int
) -> Iterator[pd.DataFrame]:
    console = Console(stderr=True)
    return iter(track(fits, description, total, console=console, disable=not sys.stderr.isatty()))


def _with_checks(diagnosis: dict[str, Any], placebo: list[Check]) -> dict[str, Any]:
    """The diagnosis with these placebo checks in place of earlier ones."""
    others = [Check(**check) for check in diagnosis["checks"] if check["group"] != PLACEBO]
    checks = [*others, *placebo]
    status, reasons = verdict(checks)
    return diagnosis | {
        "verdict": status,
        "reasons": list(reasons),
        "checks": [check.to_dict() for check in checks],
    }


def _csv(rows: pd.DataFrame) -> str:
    return rows.to_csv(index=False, lineterminator="\n", float_format="%.6g")
