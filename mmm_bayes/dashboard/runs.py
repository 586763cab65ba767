"""Opening a run for the pages: its files are read and its model is built, once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmm_bayes.errors import InputError
from mmm_bayes.inference.refit import prepare_refit
from mmm_bayes.inference.runs import version_errors
from mmm_bayes.model.counterfactual import Counterfactual, abduct
from mmm_bayes.report.rolling.folder import RollingResults
from mmm_bayes.report.rolling.folder import read as read_rolling
from mmm_bayes.report.run import View, read
from mmm_bayes.studies import jobs
from mmm_bayes.studies.rolling import files as rolling_files


@dataclass(frozen=True)
class OpenRun:
    """A run that is open in the dashboard.

    Attributes
    ----------
    fitted : Counterfactual, optional
        The fitted model, for effects of other spends and plans; None where the model is not known.
    limitation : str
        Message shown where `fitted` is None.
    rolling : RollingResults, optional
        A rolling job on the same table.
    rolling_problem : str
        Message shown where the folder of a rolling job can't be read.
    key : str
        Changes when a file of the run does.
    """

    view: View
    fitted: Counterfactual | None
    limitation: str
    rolling: RollingResults | None
    rolling_problem: str
    key: str


def fingerprint(*folders: Path) -> str:
    """Digest of the names, sizes and modification times of all files below some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                status = path.stat()
                digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def open_run(folder: Path, rolling: Path | None = None, model: Path | None = None) -> OpenRun:
    """Read a run, and build its model on its table.

    Parameters
    ----------
    folder : pathlib.Path
        A run folder.
    rolling : pathlib.Path, optional
        Folder of a rolling job; by default the newest one beside the run on the same table.
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.

    Raises
    ------
    InputError
        If the run is not finished, or a file in it can't be read.
    """
    view = read(folder)
    fitted, limitation = None, ""
    try:
        with version_errors(folder, view.record):
            source = prepare_refit(view.run, model)
            built = source.member.build(source.design)
            fitted = abduct(
                built, source.design, view.group("posterior"), seed=int(view.record.get("seed", 0))
            )
    except InputError as error:
        limitation = (
            f"Only saved results can be shown: {error}. Plans are computed by mmm-bayes optimize."
        )
    except (KeyError, ValueError) as error:
        limitation = (
            f"Only saved results can be shown: the model of this run can't be evaluated ({error})."
        )
    if rolling is None:
        results, problem = find_rolling_job(folder, str(view.record.get("data_sha256")))
    else:
        results, problem = _read_rolling_job(rolling)
    return OpenRun(view, fitted, limitation, results, problem, fingerprint(folder))


def find_rolling_job(folder: Path, sha256: str) -> tuple[RollingResults | None, str]:
    """The newest rolling job on the same table beside a run, and a message on unreadable ones.

    Parameters
    ----------
    folder : pathlib.Path
        The run folder.
    sha256 : str
        Hash of the run's table.

    Returns
    -------
    tuple of RollingResults or None, and str
        None if there is no such job; the message is empty if every folder beside the run that
        looks like a rolling job can be read.
    """
    problems = []
    records = [
        path
        for path in folder.resolve().parent.glob(f"*/{rolling_files.RECORD}")
        if (path.parent / rolling_files.STABILITY).is_file()
    ]
    for path in sorted(records, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            if jobs.read(path)["inputs"].get("data_sha256") != sha256:
                continue
        except InputError as error:
            problems.append(str(error))
            continue
        results, problem = _read_rolling_job(path.parent)
        if results is not None:
            return results, ". ".join(problems)
        problems.append(problem)
    return None, ". ".join(problems)


def _read_rolling_job(folder: Path) -> tuple[RollingResults | None, str]:
    try:
        return read_rolling(folder), ""
    except InputError as error:
        return None, str(error)


def same_table(opened: OpenRun) -> bool:
    """True if the rolling job used the run's table."""
    assert opened.rolling is not None
    inputs: dict[str, Any] = opened.rolling.record["inputs"]
    return bool(inputs.get("data_sha256") == opened.view.record.get("data_sha256"))
