"""A run made ready for the pages: read once, checked, and known by what its files are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmm_bayes import jobs
from mmm_bayes.arithmetic import Arithmetic, arithmetic, reproduced
from mmm_bayes.design import Form, design
from mmm_bayes.errors import InputError
from mmm_bayes.refitting import dataset
from mmm_bayes.report.rolling.folder import Rolled
from mmm_bayes.report.rolling.folder import read as read_rolling
from mmm_bayes.report.run import View, read
from mmm_bayes.rolling import files as rolling_files


@dataclass(frozen=True)
class Opened:
    """A run as the pages need it.

    Attributes
    ----------
    view : View
    model : Arithmetic, optional
        Answers to spends and plans; None where the run's model has equations of its own.
    rolled : Rolled, optional
        A rolling job on the same table.
    key : str
        Changes when a file of the run does.
    """

    view: View
    model: Arithmetic | None
    rolled: Rolled | None
    key: str


def fingerprint(*folders: Path) -> str:
    """A digest of the names, sizes and times of all files below some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                told = path.stat()
                digest.update(f"{path}\0{told.st_size}\0{told.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def open_run(folder: Path, rolling: Path | None = None) -> Opened:
    """Read a run, and see whether its draws answer to other spends.

    Parameters
    ----------
    folder : pathlib.Path
        A run folder.
    rolling : pathlib.Path, optional
        Of a rolling job; one beside the run on the same table if left out.

    Raises
    ------
    InputError
        If a folder is not what it should be, or a file in it can't be read.
    """
    view = read(folder)
    posterior = view.group("posterior")
    try:
        given = design(dataset(view.run), Form(**view.record["form"]))
        known = reproduced(given, posterior)
    except (InputError, KeyError, ValueError) as problem:
        raise InputError(f"{folder}: this run can't be taken apart: {problem}") from problem
    found = rolling or beside(folder, str(view.record.get("data_sha256")))
    return Opened(
        view,
        arithmetic(given, posterior) if known else None,
        None if found is None else read_rolling(found),
        fingerprint(folder),
    )


def beside(folder: Path, sha256: str) -> Path | None:
    """The newest rolling job on the same table in the folder that holds a run, if there is one."""
    found = [
        path
        for path in folder.resolve().parent.glob(f"*/{rolling_files.RECORD}")
        if _table(path) == sha256 and (path.parent / rolling_files.STABILITY).is_file()
    ]
    return max(found, key=lambda path: path.stat().st_mtime).parent if found else None


def same_table(opened: Opened) -> bool:
    """Whether the rolling job was of the run's table."""
    assert opened.rolled is not None
    inputs: dict[str, Any] = opened.rolled.record["inputs"]
    return bool(inputs["data_sha256"] == opened.view.record.get("data_sha256"))


def _table(record: Path) -> str:
    try:
        return str(jobs.read(record)["inputs"]["data_sha256"])
    except (InputError, OSError, KeyError, json.JSONDecodeError):  # another tool's file
        return ""
