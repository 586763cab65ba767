"""A calibration as a job: a folder that grows by a line a table and may be stopped at any time."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import track

from mmm_bayes import jobs
from mmm_bayes.calibration.pit import JOINT, summary, verdict
from mmm_bayes.calibration.process import MEMBERS
from mmm_bayes.calibration.sbc import SETTINGS, THIN, ranks
from mmm_bayes.calibration.sharing import Plan, shared_out
from mmm_bayes.dataset import load
from mmm_bayes.design import design
from mmm_bayes.errors import InputError
from mmm_bayes.executing import workers
from mmm_bayes.family import Member, member
from mmm_bayes.files import append_line, whole_lines, write_text
from mmm_bayes.jobs import take_up
from mmm_bayes.sampling import compile_model
from mmm_bayes.simulate import as_dataset, simulate

TABLE, RECORD, JOURNAL = "calibration.csv", "calibration.json", "ranks.jsonl"
#: The reference whose spends, controls and scaling every simulated table has, unless one is given.
SCENARIO, WEEKS = "mediated", 104
#: Members that need another one.
REFERENCE = {"panel": ("panel", 52)}
FEWEST = 20
#: Whose equations a model file of one's own is held against.
OWN = "partial_mediation"


def calibrate(
    model: str,
    folder: Path,
    simulations: int = 200,
    *,
    truth: str | None = None,
    data: Path | None = None,
    seed: int = 1,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Check that a model's intervals mean what they say, on tables made as it states.

    Parameters
    ----------
    model : str
        A member's name or a model file.
    folder : pathlib.Path
        Holds the result. If it holds the beginning of the same calibration, that is continued.
    simulations : int
    truth : str, optional
        The member of the family whose stated equations make the tables; the model itself if left
        out, and `partial_mediation` for a model file of one's own.
    data : pathlib.Path, optional
        Description of a table whose spends, controls and scaling the simulated tables have; a
        simulated market if left out.
    seed : int
    scheduler : str, optional
        Where the tables are fitted (`executing.workers`).
    say : callable
        Told one line at each step.

    Returns
    -------
    pandas.DataFrame
        The table of ``calibration.csv``; the folder also holds ``ranks.jsonl`` (a line a table)
        and ``calibration.json`` (what was done, and the verdict).

    Raises
    ------
    InputError
        If the folder holds something else.
    """
    if simulations < FEWEST:
        raise InputError(f"--simulations {simulations} shows nothing; take {FEWEST} or more")
    chosen = member(model)
    truth = truth or (chosen.name if chosen.name in MEMBERS else OWN)
    if truth not in MEMBERS:
        raise InputError(f"--truth {truth!r} is not one of {', '.join(MEMBERS)}")
    scenario, weeks = REFERENCE.get(truth, (SCENARIO, WEEKS))
    dataset = as_dataset(simulate(scenario, weeks=weeks)) if data is None else load(data)
    settings = dataclasses.replace(SETTINGS, seed=seed)
    if truth == "panel" and dataset.data.sizes["unit"] == 1:
        raise InputError(
            f"{dataset.path} has one unit, and panel pools several; calibrate another model, or "
            "give a table of several units"
        )
    if dataset.mediator is None and truth not in ("direct", "panel", "time_varying"):
        raise InputError(
            f"{dataset.path} describes no [mediation], which {truth} needs; add it, or calibrate "
            "the model direct"
        )
    plan = Plan(model, jobs.source_of(chosen), truth, dataset, settings)
    seconds = 0.0
    with workers(scheduler) as hired:
        take_up(folder / RECORD, _inputs(chosen, plan), "a calibration")
        done = len(whole_lines(folder / JOURNAL))
        if done < simulations:
            start = time.perf_counter()
            if done:
                say(f"continuing after {done} simulated tables")
            if scheduler is None:
                say(f"compiling {chosen.name}")
                arranged = design(dataset)
                compiled = compile_model(chosen, arranged)
                made = ranks(truth, compiled, arranged, simulations, settings=settings, done=done)
            else:
                made = shared_out(hired, plan, done, simulations)
            for rows in track(
                made, f"fitting {simulations} simulated tables", simulations, done,
                console=Console(stderr=True), disable=not sys.stderr.isatty(),
            ):  # fmt: skip
                append_line(folder / JOURNAL, _line(rows))
            seconds = time.perf_counter() - start
            say(f"fitted {simulations - done} simulated tables in {seconds:.0f} s")
    found = read(folder)
    table = summary(found)
    passed, says = verdict(table)
    write_text(folder / TABLE, table.to_csv(index=False, lineterminator="\n", float_format="%.4f"))
    record = jobs.read(folder / RECORD)
    record |= {
        "simulations": int(table["simulations"].min()),
        "verdict": "pass" if passed else "fail",
        "says": says,
        "joint_band_probability": JOINT,
        "divergences": int(found.groupby("simulation")["divergences"].first().sum()),
        "seconds": round(record.get("seconds", 0.0) + seconds, 1),
    }
    jobs.write(folder / RECORD, record)
    say(says)
    return table


def read(folder: Path) -> pd.DataFrame:
    """The ranks that a calibration has so far.

    Returns
    -------
    pandas.DataFrame
        Columns simulation, quantity, pit, divergences.
    """
    rows = []
    for line in whole_lines(folder / JOURNAL):
        one = json.loads(line)
        rows += [
            (one["simulation"], name, pit, one["divergences"]) for name, pit in one["pit"].items()
        ]
    return pd.DataFrame(rows, columns=["simulation", "quantity", "pit", "divergences"])


def _line(rows: pd.DataFrame) -> str:
    """One table's ranks as a line of the journal."""
    return json.dumps(
        {
            "simulation": int(rows["simulation"].iloc[0]),
            "divergences": int(rows["divergences"].iloc[0]),
            "pit": dict(zip(rows["quantity"], rows["pit"].round(5), strict=True)),
        }
    )


def _inputs(chosen: Member, plan: Plan) -> dict[str, Any]:
    """All that decides the ranks: a folder of other inputs is never continued."""
    return {
        "model": chosen.name,
        "truth": plan.truth,
        "model_sha256": plan.source,
        "data_sha256": plan.dataset.sha256,
        "description": plan.dataset.description.model_dump(mode="json"),
        "settings": vars(plan.settings) | {"thin": THIN},
    }
