"""A rolling job: a folder that grows by a file a window, and may be stopped at any time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Console
from rich.progress import track

from mmm_bayes import jobs
from mmm_bayes.dataset import load
from mmm_bayes.design import form_for
from mmm_bayes.diagnostics.check import SEVERITY
from mmm_bayes.executing import each, workers
from mmm_bayes.family import member
from mmm_bayes.files import write_bytes, write_text
from mmm_bayes.rolling import tables
from mmm_bayes.rolling.files import (
    FORECAST,
    RECORD,
    ROLLING,
    SCORES,
    STABILITY,
    SUBSETS,
    WINDOWS,
)
from mmm_bayes.rolling.windows import CHECKED, arranged
from mmm_bayes.rolling.work import WHOLE_TABLE, Plan, work
from mmm_bayes.sampling import Settings, refuse_short
from mmm_bayes.splits import blocked

#: Tuned for half as long as a run's fit: nutpie has found its step by then.
SETTINGS = Settings(draws=1000, tune=500, chains=4)


def plan_for(
    model: str,
    data: Path,
    settings: Settings = SETTINGS,
    *,
    window: int | None = None,
    step: int | None = None,
    horizon: int,
    expanding: bool = False,
) -> Plan:
    """Check everything that can be checked before anything is compiled.

    Parameters
    ----------
    model : str
        A member's name, or the path of a model file.
    data : pathlib.Path
        The description of the table.
    settings : Settings
    window : int, optional
        Weeks of a window; two years, or half of the table, if left out.
    step : int, optional
        Weeks from one window to the next; an eighth of a window if left out.
    horizon : int
        The most weeks that each window predicts.
    expanding : bool
        Whether every window begins with the table.

    Raises
    ------
    InputError
    """
    refuse_short(settings)
    chosen = member(model)
    dataset = load(data)
    form = form_for(dataset)
    splits = blocked(
        dataset.data.sizes["time"], window=window, step=step, horizon=horizon, expanding=expanding
    )
    for at in range(len(splits)):
        arranged(dataset, form, splits, at)  # a window that cannot be is refused here
    return Plan(model, jobs.source_of(chosen), dataset, form, tuple(splits), settings)


def roll(
    plan: Plan,
    folder: Path,
    *,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Fit every window, or those that are left, and write the tables.

    Parameters
    ----------
    plan : Plan
    folder : pathlib.Path
        Holds the result. If it holds the beginning of the same job, that is continued.
    scheduler : str, optional
        Where the windows run (`executing.workers`).
    say : callable
        Told one line at each step.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        If the folder holds something else.
    """
    start = time.perf_counter()
    with workers(scheduler) as hired:  # first, so that nothing is written if none answer
        begun = jobs.take_up(folder / RECORD, _inputs(plan), "a rolling job")
        left = [at for at in range(len(plan.splits)) if not _file(folder, at).exists()]
        if begun:
            done = len(plan.splits) - len(left)
            say(f"continuing: {done} of {len(plan.splits)} windows are done")
        if left:
            say(f"fitting {len(left)} windows of {_spoken(plan)}")
        pieces: list[int | str] = [*left]
        if plan.dataset.description.controls and not (folder / SUBSETS).exists():
            pieces.append(WHOLE_TABLE)
        for piece, found in track(
            each(hired, partial(work, plan, hired.cores), pieces), "windows", len(pieces),
            console=Console(stderr=True), disable=not sys.stderr.isatty(),
        ):  # fmt: skip
            if piece == WHOLE_TABLE:
                _write(folder / SUBSETS, found)
                continue
            write_bytes(_file(folder, piece), bytes(found.to_netcdf(engine="h5netcdf")))
            if not sys.stderr.isatty():
                say(f"window {piece + 1} of {len(plan.splits)}, to {found.attrs['window_end']}")
    windows = read(folder)
    step_days = int(plan.dataset.data.attrs["step_days"])
    _write(folder / ROLLING, tables.rolling(windows))
    _write(folder / STABILITY, tables.stability(windows, plan.splits, seed=plan.settings.seed))
    _write(folder / FORECAST, tables.forecast(windows, step_days))
    _write(folder / SCORES, tables.forecast_scores(windows))
    record = jobs.read(folder / RECORD)
    seconds = record.get("wall_seconds", 0.0) + time.perf_counter() - start
    found = _found(windows) | {"step_days": step_days, "wall_seconds": round(seconds, 1)}
    jobs.write(folder / RECORD, record | found)
    return folder


def read(folder: Path) -> list[xr.Dataset]:
    """The windows that a job has finished, in order, as `fit_window` gave them."""
    return [
        xr.load_dataset(path, engine="h5netcdf") for path in sorted((folder / WINDOWS).glob("*.nc"))
    ]


def _file(folder: Path, window: int | str) -> Path:
    return folder / WINDOWS / f"{window:04d}.nc"


def _write(path: Path, table: pd.DataFrame) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def _inputs(plan: Plan) -> dict[str, Any]:
    """All that decides the result."""
    return {
        "model": Path(plan.model).stem,
        "model_sha256": plan.source,
        "data_sha256": plan.dataset.sha256,
        "description": plan.dataset.description.model_dump(mode="json"),
        "form": asdict(plan.form),
        "settings": asdict(plan.settings),
        "windows": [
            [split.train.start, split.train.stop, split.test.stop] for split in plan.splits
        ],
    }


def _found(windows: list[xr.Dataset]) -> dict[str, Any]:
    """What the record says of the windows' fits, and the verdict over them."""
    told = [
        {
            "window_start": window.attrs["window_start"],
            "window_end": window.attrs["window_end"],
            "sampling_seconds": round(float(window.attrs["sampling_seconds"]), 2),
            **{name: float(window.attrs[name]) for name in CHECKED},
            "verdict": str(window.attrs["verdict"]),
            "says": str(window.attrs["reasons"]),
        }
        for window in windows
    ]
    worst = max((one["verdict"] for one in told), key=lambda status: SEVERITY[status])
    return {"verdict": worst, "fits": told}


def _spoken(plan: Plan) -> str:
    weeks = plan.splits[0].train.stop - plan.splits[0].train.start
    expanding = plan.splits[-1].train.start == plan.splits[0].train.start
    step = plan.splits[1].train.stop - plan.splits[0].train.stop
    kind = f"{weeks} weeks and more" if expanding else f"{weeks} weeks"
    return f"{kind}, {step} weeks apart, with {Path(plan.model).stem}"
