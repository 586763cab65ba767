"""Sensitivity of a finished run: refits under other assumptions, written beside its results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import track

from mmm_bayes import runs
from mmm_bayes.diagnostics import verdict
from mmm_bayes.diagnostics.check import Check
from mmm_bayes.files import write_text
from mmm_bayes.refitting import Refit, refit
from mmm_bayes.sampling import compile_model
from mmm_bayes.sensitivity.confounding import GRID, confounding, tipping_points
from mmm_bayes.sensitivity.free import sign_free
from mmm_bayes.sensitivity.placebo import PLACEBO, SHIFTS, placebo_checks, placebo_design, placebos


def sensitivity(
    folder: Path,
    *,
    placebo: bool = False,
    model: Path | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Refit a run under other assumptions and add what was found to its folder.

    Parameters
    ----------
    folder : pathlib.Path
        Of a run. Gains ``confounding.csv`` if its model has a mediator, ``placebo.csv`` if wanted,
        and the sentences and checks in ``diagnostics.json``.
    placebo : bool
        Ask for the effects of advertising that never ran, too.
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.
    say : callable
        Told one line at each step.

    Raises
    ------
    InputError
        If the folder is not a finished run, or its model is not at hand.
    """
    run = runs.load(folder)
    given = refit(run, model)
    diagnosis = dict(run.diagnostics)
    for one in diagnosis["evidence"]:
        for says in one.get("leaning", []):
            say(says)
    if "mediator_mean" in run.draws["posterior"]:
        rows = _confounded(given, say)
        tips = tipping_points(rows, given.design.causes)
        write_text(folder / runs.CONFOUNDING, _csv(rows))
        diagnosis["confounding"] = [tip.to_dict() for tip in tips]
        for tip in tips:
            say(tip.says)
    else:
        say(f"{run.record['model']} has no mediator, so there is no mediation to be confounded")
    if placebo:
        rows = _placebos(given, say)
        checks = placebo_checks(rows)
        write_text(folder / runs.PLACEBO, _csv(rows))
        diagnosis = _with_checks(diagnosis, checks)
        for check in checks:
            say(check.says)
    write_text(folder / runs.DIAGNOSTICS, json.dumps(diagnosis, indent=1, allow_nan=False) + "\n")


def _confounded(given: Refit, say: Callable[[str], None]) -> pd.DataFrame:
    say(f"compiling {given.member.name}")
    free = sign_free(given.design)
    made = confounding(compile_model(given.member, free), free)
    return pd.concat(_tracked(made, "fitting under confounding", len(GRID)))


def _placebos(given: Refit, say: Callable[[str], None]) -> pd.DataFrame:
    say(f"compiling {given.member.name} with a placebo")
    first = given.design.dataset.channels[0]
    compiled = compile_model(given.member, placebo_design(given.design, first, 1))
    kinds = len(given.design.dataset.channels) + ("mediator" in compiled.observed)
    made = placebos(compiled, given.design)
    return pd.concat(_tracked(made, "fitting placebos", SHIFTS * kinds))


def _tracked(made: Iterator[pd.DataFrame], what: str, number: int) -> Iterator[pd.DataFrame]:
    console = Console(stderr=True)
    return iter(track(made, what, number, console=console, disable=not sys.stderr.isatty()))


def _with_checks(diagnosis: dict[str, Any], added: list[Check]) -> dict[str, Any]:
    """The diagnosis with these checks in place of former ones of their group."""
    kept = [Check(**check) for check in diagnosis["checks"] if check["group"] != PLACEBO]
    checks = [*kept, *added]
    status, reasons = verdict(checks)
    return diagnosis | {
        "verdict": status,
        "reasons": list(reasons),
        "checks": [check.to_dict() for check in checks],
    }


def _csv(rows: pd.DataFrame) -> str:
    return rows.to_csv(index=False, lineterminator="\n", float_format="%.6g")
