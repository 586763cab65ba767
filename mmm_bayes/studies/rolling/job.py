"""Rolling job: a folder that grows by one file a window, and can be stopped at any time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Console
from rich.progress import track

from mmm_bayes.data import Dataset, load, profile
from mmm_bayes.data.design import UNLEARNED, make_design, missing_phrases
from mmm_bayes.data.form import Form, form_for
from mmm_bayes.data.splits import Split, blocked_splits
from mmm_bayes.data.values import shortlist
from mmm_bayes.diagnostics.check import SEVERITY
from mmm_bayes.errors import InputError, kept_phrase, stop_context
from mmm_bayes.files import read_errors, write_bytes, write_text
from mmm_bayes.inference.sampling import Settings, check_settings
from mmm_bayes.model.family import load_member
from mmm_bayes.studies import jobs
from mmm_bayes.studies.rolling import tables
from mmm_bayes.studies.rolling.files import (
    FORECAST,
    RECORD,
    ROLLING,
    SCORES,
    STABILITY,
    SUBSETS,
    WINDOWS,
)
from mmm_bayes.studies.rolling.piece import WHOLE_TABLE, RollingPlan, run_piece
from mmm_bayes.studies.rolling.windows import KEPT_CHECKS, QUANTITIES, window_design
from mmm_bayes.studies.workers import map_unordered, open_workers
from mmm_bayes.text import capitalised

#: Enough for an ESS of 400 in most windows; where they are not, a window is fitted again with more.
SETTINGS = Settings(draws=500, tune=300, chains=4)


def plan_rolling(
    model: str,
    data: Path,
    settings: Settings = SETTINGS,
    *,
    window: int | None = None,
    step: int | None = None,
    horizon: int | None = None,
    expanding: bool = False,
) -> RollingPlan:
    """Plan of a rolling job; everything that can be checked before compiling is checked.

    Parameters
    ----------
    model : str
        A member's name, or the path of a model file.
    data : pathlib.Path
        The description of the table.
    window : int, optional
        Steps of the table (weeks, days, months) in a window; two years, or half of the table, by
        default.
    step : int, optional
        Steps from one window to the next; an eighth of a window by default.
    horizon : int, optional
        The most steps that each window predicts; a quarter of a year by default.
    expanding : bool
        Whether every window starts in the first week of the table.

    Raises
    ------
    InputError
        If the settings, the table or the windows are unusable, or fewer than two windows can be
        fitted.
    """
    check_settings(settings)
    chosen = load_member(model)
    dataset = load(data)
    form = form_for(dataset)
    splits = blocked_splits(
        dataset.data.sizes["time"], window=window, step=step, horizon=horizon, expanding=expanding,
        spacing=dataset.step,
    )  # fmt: skip
    make_design(dataset, form)  # refuses a table that cannot be fitted
    fitted, notes = _usable_windows(dataset, form, splits)
    words = tuple(map(dataset.wording, notes))
    return RollingPlan(
        model, jobs.source_hash(chosen), dataset, form, tuple(fitted), settings, words
    )


def _usable_windows(
    dataset: Dataset, form: Form, splits: Sequence[Split]
) -> tuple[list[Split], list[str]]:
    """Windows that can be fitted, and sentences about the others and about what windows lack."""
    days = [str(day)[:10] for day in dataset.data["time"].values]
    fitted, refusals = [], []
    lacking: dict[str, list[str]] = {}
    for index, split in enumerate(splits):
        try:
            window = window_design(dataset, form, splits, index)
        except InputError as reason:
            refusals.append(
                f"the window to {days[split.train.stop - 1]} is left out: {reason}; take longer "
                "windows (--window) to include it"
            )
            continue
        fitted.append(split)
        for phrase in missing_phrases(window):
            lacking.setdefault(phrase, []).append(days[split.train.stop - 1])
    if len(fitted) < 2:
        raise InputError(f"fewer than two windows can be fitted: {refusals[0]}")
    return fitted, refusals + [
        f"{phrase} in {len(ends)} of {len(fitted)} windows, those to {shortlist(ends)}, and "
        f"{UNLEARNED}"
        for phrase, ends in lacking.items()
    ]


def roll(
    plan: RollingPlan,
    folder: Path,
    *,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Fit every window that is not yet saved, and write the tables.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the result. An unfinished job with the same inputs is continued.
    scheduler : str, optional
        Workers that fit the windows (`studies.workers.open_workers`).
    say : callable
        Receives one line at each step.

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
    with open_workers(scheduler) as pool:  # first, so that nothing is written if none answer
        resumed = jobs.open_job(folder / RECORD, _inputs(plan), "a rolling job")
        missing = [
            index for index in range(len(plan.splits)) if not _is_whole(_window_file(folder, index))
        ]
        if resumed:
            done = len(plan.splits) - len(missing)
            damaged = sum(_window_file(folder, index).exists() for index in missing)
            again = f"; {damaged} that are not whole are fitted again" if damaged else ""
            say(f"continuing: {done} of {len(plan.splits)} windows are done{again}")
        for note in plan.notes:
            say(note)
        if missing:
            say(f"fitting {len(missing)} windows of {_windows_phrase(plan)}")
        pieces: list[int | str] = [*missing]
        if plan.dataset.description.controls and not (folder / SUBSETS).exists():
            pieces.append(WHOLE_TABLE)
        with stop_context(partial(_kept_phrase, folder)):
            results = map_unordered(pool, partial(run_piece, plan, pool.cores), pieces)
            for piece, result in track(
                results, "windows", len(pieces),
                console=Console(stderr=True), disable=not sys.stderr.isatty(),
            ):  # fmt: skip
                if piece == WHOLE_TABLE:
                    _write(folder / SUBSETS, result)
                    continue
                write_bytes(_window_file(folder, piece), bytes(result.to_netcdf(engine="h5netcdf")))
                if not sys.stderr.isatty():
                    say(
                        f"window {piece + 1} of {len(plan.splits)}, to {result.attrs['window_end']}"
                    )
    windows = read_windows(folder)
    _write(folder / ROLLING, tables.rolling_table(windows))
    _write(
        folder / STABILITY, tables.stability_table(windows, plan.splits, seed=plan.settings.seed)
    )
    _write(folder / FORECAST, tables.forecast_table(windows, plan.dataset.step))
    _write(folder / SCORES, tables.score_table(windows))
    record = jobs.read(folder / RECORD)
    seconds = record.get("wall_seconds", 0.0) + time.perf_counter() - start
    record |= _fit_records(windows) | {
        "notes": [
            *profile(plan.dataset, floor=plan.form.floor).warnings,
            *(f"{capitalised(note)}." for note in plan.notes),
        ],
        "step": asdict(plan.dataset.step),
        "wall_seconds": round(seconds, 1),
    }
    jobs.write(folder / RECORD, record)
    return folder


def read_windows(folder: Path) -> list[xr.Dataset]:
    """Finished windows of a job, in order, as `fit_window` returned them."""
    return [
        xr.load_dataset(path, engine="h5netcdf") for path in sorted((folder / WINDOWS).glob("*.nc"))
    ]


def _kept_phrase(folder: Path) -> str:
    return kept_phrase(len(list((folder / WINDOWS).glob("[0-9]*.nc"))), "windows", folder)


def _is_whole(path: Path) -> bool:
    """True if a window is saved, and the file can be read and has all its draws.

    A quantity may be missing in all draws (a return without spend), but not in some of them.
    """
    if not path.exists():
        return False
    try:
        with read_errors(path):
            window = xr.load_dataset(path, engine="h5netcdf")
            lost = window[[*QUANTITIES]].isnull()
            partly = lost.any("sample") & ~lost.all("sample")
            if "prediction" in window:
                partly["prediction"] = window["prediction"].isnull().any()
    except InputError:
        return False
    return not any(bool(values.any()) for values in partly.values())


def _window_file(folder: Path, window: int | str) -> Path:
    return folder / WINDOWS / f"{window:04d}.nc"


def _write(path: Path, table: pd.DataFrame) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def _inputs(plan: RollingPlan) -> dict[str, Any]:
    """Everything that determines the result."""
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


def _fit_records(windows: list[xr.Dataset]) -> dict[str, Any]:
    """Record of the fit of each window, and the worst verdict among them with its first reason."""
    fits = [
        {
            "window_start": window.attrs["window_start"],
            "window_end": window.attrs["window_end"],
            "sampling_seconds": round(float(window.attrs["sampling_seconds"]), 2),
            **{name: float(window.attrs[name]) for name in KEPT_CHECKS},
            "verdict": str(window.attrs["verdict"]),
            "message": str(window.attrs["reasons"]),
        }
        for window in windows
    ]
    worst = max(windows, key=lambda window: SEVERITY[window.attrs["verdict"]]).attrs
    first = worst.get("first_reason", worst["reasons"])  # windows of earlier versions have no first
    window = f"The window from {worst['window_start']} to {worst['window_end']}"
    reason = f"{window}: {first}" if first else None
    return {"verdict": str(worst["verdict"]), "reason": reason, "fits": fits}


def _windows_phrase(plan: RollingPlan) -> str:
    """Length and distance of the windows, and the model, for a progress line."""
    weeks = plan.splits[0].train.stop - plan.splits[0].train.start
    expanding = plan.splits[-1].train.start == plan.splits[0].train.start
    step = plan.splits[1].train.stop - plan.splits[0].train.stop
    spacing = plan.dataset.step
    length = f"{weeks} or more {spacing.plural}" if expanding else spacing.count(weeks)
    return f"{length}, {spacing.count(step)} apart, with {Path(plan.model).stem}"
