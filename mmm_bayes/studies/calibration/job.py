"""Calibration job: a folder that grows by one line a table, and can be stopped at any time."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import track

from mmm_bayes.data import Dataset, load
from mmm_bayes.data.description import ChannelPriors
from mmm_bayes.data.design import make_design
from mmm_bayes.errors import InputError, kept_phrase, stop_context
from mmm_bayes.files import append_line, read_complete_lines, write_text
from mmm_bayes.inference.sampling import compile_model
from mmm_bayes.model.family import Member, load_member
from mmm_bayes.studies import jobs
from mmm_bayes.studies.calibration.pit import JOINT, calibration_verdict, summarise_ranks
from mmm_bayes.studies.calibration.process import MEMBERS
from mmm_bayes.studies.calibration.sbc import SETTINGS, THIN, ranks
from mmm_bayes.studies.calibration.workers import CalibrationPlan, distribute_ranks
from mmm_bayes.studies.jobs import open_job
from mmm_bayes.studies.simulate import as_dataset, simulate
from mmm_bayes.studies.workers import open_workers

TABLE, RECORD, JOURNAL = "calibration.csv", "calibration.json", "ranks.jsonl"
#: Reference market whose exposures, controls and scaling every simulated table has by default.
SCENARIO, WEEKS = "mediated", 104
#: Members that need another reference market.
REFERENCE = {"panel": ("panel", 52)}
MIN_SIMULATIONS = 20
#: Member whose equations make the tables for a model file from outside the family.
DEFAULT_TRUTH = "partial_mediation"


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
    """Check the coverage of a model's intervals on tables simulated from its stated equations.

    Parameters
    ----------
    model : str
        A member's name or a model file.
    folder : pathlib.Path
        Folder of the result. An unfinished calibration with the same inputs is continued.
    simulations : int
        Number of simulated tables, 20 or more.
    truth : str, optional
        The member of the family whose stated equations make the tables. By default the model
        itself, and `partial_mediation` for a model file from outside the family.
    data : pathlib.Path, optional
        Description of a table whose exposures, controls and scaling the simulated tables have; a
        simulated market by default.
    scheduler : str, optional
        Workers that fit the tables (`studies.workers.open_workers`).
    say : callable
        Receives one line at each step.

    Returns
    -------
    pandas.DataFrame
        The table of ``calibration.csv``; the folder also holds ``ranks.jsonl`` (a line a table)
        and ``calibration.json`` (the inputs and the verdict).

    Raises
    ------
    InputError
        If there are too few simulations, if `truth` is not a member of the family, if the table
        lacks the units or the mediator that the model needs, or if the folder holds something
        else.
    """
    if simulations < MIN_SIMULATIONS:
        raise InputError(
            f"--simulations {simulations} is too few to show anything; take {MIN_SIMULATIONS} or "
            "more"
        )
    chosen = load_member(model)
    truth = truth or (chosen.name if chosen.name in MEMBERS else DEFAULT_TRUTH)
    if truth not in MEMBERS:
        raise InputError(f"--truth {truth!r} is not one of {', '.join(MEMBERS)}")
    scenario, weeks = REFERENCE.get(truth, (SCENARIO, WEEKS))
    dataset = as_dataset(simulate(scenario, weeks=weeks)) if data is None else load(data)
    settings = dataclasses.replace(SETTINGS, seed=seed)
    if truth == "panel" and dataset.data.sizes["unit"] == 1:
        raise InputError(
            f"{dataset.path} has one unit, and panel pools several; calibrate another model, or "
            "name a table with several units"
        )
    if dataset.mediator is None and truth not in ("no_mediation", "panel", "time_varying"):
        raise InputError(
            f"{dataset.path} describes no [mediators], which {truth} needs; add the section, or "
            "calibrate the model no_mediation"
        )
    if any(channel.priors != ChannelPriors() for channel in dataset.description.channels.values()):
        raise InputError(
            f"{dataset.path} states priors of single channels, with which no tables are simulated; "
            "remove [channels.NAME.priors] to calibrate the default priors on this table"
        )
    _check_spends(dataset)
    _check_curves(dataset)
    plan = CalibrationPlan(model, jobs.source_hash(chosen), truth, dataset, settings)
    seconds = 0.0
    with open_workers(scheduler) as pool:
        open_job(folder / RECORD, _inputs(chosen, plan), "a calibration")
        done = _count_whole(folder / JOURNAL)
        if done < simulations:
            start = time.perf_counter()
            if done:
                say(f"continuing after {done} simulated tables")
            if scheduler is None:
                say(f"compiling {chosen.name}")
                arranged = make_design(dataset)
                compiled = compile_model(chosen, arranged)
                frames = ranks(truth, compiled, arranged, simulations, settings=settings, done=done)
            else:
                frames = distribute_ranks(pool, plan, done, simulations)
            with stop_context(partial(_kept_phrase, folder)):
                for rows in track(
                    frames, f"fitting {simulations} simulated tables", simulations, done,
                    console=Console(stderr=True), disable=not sys.stderr.isatty(),
                ):  # fmt: skip
                    append_line(folder / JOURNAL, _journal_line(rows))
            seconds = time.perf_counter() - start
            say(f"fitted {simulations - done} simulated tables in {seconds:.0f} s")
    all_ranks = read_ranks(folder)
    table = summarise_ranks(all_ranks)
    passed, message = calibration_verdict(table)
    write_text(folder / TABLE, table.to_csv(index=False, lineterminator="\n", float_format="%.4f"))
    record = jobs.read(folder / RECORD)
    record |= {
        "simulations": int(table["simulations"].min()),
        "verdict": "pass" if passed else "fail",
        "message": message,
        "joint_band_probability": JOINT,
        "divergences": int(all_ranks.groupby("simulation")["divergences"].first().sum()),
        "seconds": round(record.get("seconds", 0.0) + seconds, 1),
    }
    jobs.write(folder / RECORD, record)
    say(message)
    return table


def read_ranks(folder: Path) -> pd.DataFrame:
    """Ranks that a calibration has saved so far.

    Returns
    -------
    pandas.DataFrame
        Columns simulation, quantity, pit, divergences.
    """
    rows = []
    for line in read_complete_lines(folder / JOURNAL):
        table = json.loads(line)
        rows += [
            (table["simulation"], name, pit, table["divergences"])
            for name, pit in table["pit"].items()
        ]
    return pd.DataFrame(rows, columns=["simulation", "quantity", "pit", "divergences"])


def _kept_phrase(folder: Path) -> str:
    return kept_phrase(len(read_complete_lines(folder / JOURNAL)), "simulated tables", folder)


def _count_whole(journal: Path) -> int:
    """Number of tables in a journal, which is cut before the first line that is not whole."""
    lines = read_complete_lines(journal)
    for number, line in enumerate(lines):
        try:
            table = json.loads(line)
            whole = table["simulation"] == number and all(
                math.isfinite(pit) for pit in table["pit"].values()
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            write_text(journal, "".join(f"{kept}\n" for kept in lines[:number]))
            return number
    return len(lines)


def _journal_line(rows: pd.DataFrame) -> str:
    """Ranks of one table as a line of the journal."""
    return json.dumps(
        {
            "simulation": int(rows["simulation"].iloc[0]),
            "divergences": int(rows["divergences"].iloc[0]),
            "pit": dict(zip(rows["quantity"], rows["pit"].round(5), strict=True)),
        }
    )


def _check_spends(dataset: Dataset) -> None:
    """Refuse spends with equations that the independent process does not have."""
    for name, channel in dataset.description.channels.items():
        moved = name in dataset.description.demanded
        keys = [key for key in ("designed", "shifters") if getattr(channel, key)]
        if moved or keys:
            raise InputError(
                f"{dataset.path}: [channels.{name}] {'set_by' if moved else keys[0]}: no tables "
                "are simulated with spends that demand, tests or shifters set; remove set_by, "
                "designed and shifters to calibrate the rest of the model on this table"
            )


def _check_curves(dataset: Dataset) -> None:
    """Refuse forms of carryover and saturation that the independent process does not have."""
    model = dataset.description.model
    if (model.adstock, model.saturation) != ("geometric", "hill"):
        raise InputError(
            f"{dataset.path}: [model] adstock = {model.adstock!r}, saturation = "
            f"{model.saturation!r}: tables are simulated with geometric carryover and Hill "
            "saturation only; remove both to calibrate the rest of the model on this table"
        )


def _inputs(chosen: Member, plan: CalibrationPlan) -> dict[str, Any]:
    """Everything that determines the ranks: a folder with other inputs is never continued."""
    return {
        "model": chosen.name,
        "truth": plan.truth,
        "model_sha256": plan.source,
        "data_sha256": plan.dataset.sha256,
        "description": plan.dataset.description.model_dump(mode="json"),
        "settings": vars(plan.settings) | {"thin": THIN},
    }
