"""Run folders: one folder per fit, with its draws, effects, checks, model and provenance.

Nothing in a run folder is executed when it is read: draws are netCDF, tables csv, the rest JSON.
``model.py`` is a copy for human readers.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from mmm_bayes.data.step import Wording, step_of, wording
from mmm_bayes.errors import InputError
from mmm_bayes.files import read_errors, read_json, read_table, write_folder

PACKAGES = (
    "mmm-bayes",
    "pymc",
    "nutpie",
    "arviz",
    "pytensor",
    "numba",
    "numpy",
    "xarray",
    "pandas",
)
DRAWS, EFFECTS, ESTIMANDS = "posterior.nc", "effects.nc", "estimands.csv"
DIAGNOSTICS, RECORD, MODEL = "diagnostics.json", "run.json", "model.py"
#: Version of run folders, which ``run.json`` names. It is raised when a folder of the last version
#: would be misread. Folders from before it was recorded have none, and are read as far as they go.
SCHEMA = 2
#: Written only if the description has interactions.
INTERACTIONS = "interactions.csv"
#: Added to the folder by `mmm-bayes sensitivity`.
CONFOUNDING, PLACEBO = "confounding.csv", "placebo.csv"


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run, read from its folder.

    Attributes
    ----------
    draws : xarray.DataTree
        ``posterior.nc``: groups of draws and data, as `sampling.add_derived_groups` returns them.
    effects : xarray.DataTree
        ``effects.nc``: draws of the effects, weekly contributions, curves, controls.
    estimands : pandas.DataFrame
        ``estimands.csv``, as `mmm_bayes.estimands.estimand_table` returns it.
    diagnostics, record : dict
        ``diagnostics.json`` and ``run.json``.
    model : str
        Source of the fitted model.
    """

    folder: Path
    draws: xr.DataTree
    effects: xr.DataTree
    estimands: pd.DataFrame
    diagnostics: dict[str, Any]
    record: dict[str, Any]
    model: str

    @property
    def wording(self) -> Wording:
        """Words of sentences about the run's table."""
        dates = self.draws["observed_data"].to_dataset()["time"].values
        return wording(self.record.get("description", {}), step_of(dates))

    def __repr__(self) -> str:
        """One line on the run: its draws would fill pages."""
        record = self.record
        return (
            f"<Run {self.folder}: {record['model']} of {record['data_file']}, "
            f"{record['chains']} x {record['draws']} draws, verdict {self.diagnostics['verdict']}>"
        )


def save(
    folder: Path,
    *,
    draws: xr.DataTree,
    effects: xr.DataTree,
    estimands: pd.DataFrame,
    diagnostics: dict[str, Any],
    record: dict[str, Any],
    model: str,
    interactions: pd.DataFrame | None = None,
) -> Path:
    """Write a run folder, atomically.

    Parameters
    ----------
    folder : pathlib.Path
        New, or empty.
    draws, effects, estimands, diagnostics, record, model
        As in `Run`.
    interactions : pandas.DataFrame, optional
        As `mmm_bayes.estimands.interaction_table` returns it; not written if it has no rows.

    Returns
    -------
    pathlib.Path
        The folder; another name where `write_folder` found this one taken.

    Raises
    ------
    InputError
        If it can't be written.
    """

    def write(draft: Path) -> None:
        (draft / DRAWS).write_bytes(_compressed(draws))
        (draft / EFFECTS).write_bytes(_compressed(effects))
        estimands.to_csv(draft / ESTIMANDS, index=False, lineterminator="\n")
        if interactions is not None and len(interactions):
            interactions.to_csv(draft / INTERACTIONS, index=False, lineterminator="\n")
        for name, content in ((DIAGNOSTICS, diagnostics), (RECORD, {"schema": SCHEMA} | record)):
            text = json.dumps(content, indent=1, allow_nan=False, default=str)
            (draft / name).write_text(text + "\n", encoding="utf-8")
        (draft / MODEL).write_text(model, encoding="utf-8")

    return write_folder(folder, write)


def check_finished(folder: Path) -> None:
    """Refuse a folder that is not a finished run, without reading its files.

    Raises
    ------
    InputError
        It names the missing files.
    """
    names = (DRAWS, EFFECTS, ESTIMANDS, DIAGNOSTICS, RECORD, MODEL)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished run: it lacks {', '.join(missing)}; make one with "
            "mmm-bayes fit"
        )


def load(folder: str | Path) -> Run:
    """Finished run, read from its folder; neither the model nor the table is needed.

    Raises
    ------
    InputError
        If the folder is not a finished run, a file in it is damaged, its draws are not finite, or
        another version of the library wrote it in a form that this one can't read, such as lift
        tests without their source.
    """
    folder = Path(folder)
    check_finished(folder)
    record = read_json(folder / RECORD)
    if record.get("schema", SCHEMA) != SCHEMA:
        raise InputError(f"{_other_version(folder, record)}; read it with that version, or fit it "
                         "again")  # fmt: skip
    draws = _read(folder / DRAWS)
    _check_finite(folder, draws)
    _check_sources(folder, draws)
    estimands = read_table(folder / ESTIMANDS)
    with read_errors(folder / MODEL):
        model = (folder / MODEL).read_text(encoding="utf-8")
    effects = _read(folder / EFFECTS)
    return Run(folder, draws, effects, estimands, read_diagnostics(folder), record, model)


def read_diagnostics(folder: Path) -> dict[str, Any]:
    """Content of ``diagnostics.json``.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    return read_json(folder / DIAGNOSTICS)


@contextmanager
def version_errors(folder: Path, record: dict[str, Any]) -> Iterator[None]:
    """Context in which whatever a run of another version lacks is reported as that.

    Parameters
    ----------
    record : dict
        Content of its ``run.json``. If the run is of this version, exceptions are left as they are.

    Raises
    ------
    InputError
        If an exception is raised inside, and the run is of another version.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if record.get("schema") == SCHEMA:
            raise
        raise InputError(
            f"{_other_version(folder, record)} ({type(error).__name__}: {error}); fit it again"
        ) from error


def _other_version(folder: Path, record: dict[str, Any]) -> str:
    versions = record.get("versions")
    found = versions.get("mmm-bayes") if isinstance(versions, dict) else None
    return (
        f"{folder} was written by another version of mmm-bayes ({found or 'unknown'}, this is "
        f"{version('mmm-bayes')}), and this one can't use it"
    )


def _check_finite(folder: Path, draws: xr.DataTree) -> None:
    """Refuse a run whose sampling was stopped, as earlier versions kept it."""
    if not {"posterior", "log_prior"} <= set(draws.children):
        return
    posterior = draws["posterior"].to_dataset()
    parameters = [name for name in draws["log_prior"].data_vars if name in posterior]
    broken = [str(name) for name in parameters if posterior[name].isnull().any()]
    if broken:
        raise InputError(
            f"{folder} is not a finished run: draws of {', '.join(broken)} are missing, because "
            "its sampling was stopped; fit it again"
        )


def _check_sources(folder: Path, draws: xr.DataTree) -> None:
    """Refuse a run whose lift tests have no source: its evidence may have counted twice."""
    constant = draws["constant_data"].to_dataset() if "constant_data" in draws.children else {}
    if "spend_change" in constant and "source" not in constant:
        raise InputError(
            f"{folder} was fitted by an older version of mmm-bayes to lift tests without a source, "
            "which may have counted the table's own weeks twice; give the table of experiments a "
            "column 'source' and fit it again"
        )


def provenance() -> dict[str, Any]:
    """Provenance of a result: command, time, versions and commit."""
    return {
        "command": " ".join(["mmm-bayes", *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "git_commit": _commit(),
    }


def _commit() -> str | None:
    """Commit of the library, marked if its files are modified; None outside a checkout."""
    package = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(package), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        return f"{commit}-modified" if git("status", "--porcelain", "--", ".") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def _read(path: Path) -> xr.DataTree:
    """Contents of a file, loaded so that the file can be closed: a page may stay open for days."""
    with read_errors(path), xr.open_datatree(path, engine="h5netcdf") as tree:
        # DataTree.load (xarray 2026.9) leaves out a variable with the name of a group.
        for node in tree.subtree:
            for variable in node.variables.values():
                variable.load()
        return tree


def _compressed(tree: xr.DataTree) -> bytes:
    """Content of a netCDF file; HDF5 itself crashes when the disk that it writes to is full."""
    encoding = {
        node.path: {
            name: {"zlib": True, "complevel": 1, "shuffle": True}
            for name, variable in node.data_vars.items()
            if variable.dtype.kind in "fiub" and variable.ndim
        }
        for node in tree.subtree
    }
    return bytes(tree.to_netcdf(engine="h5netcdf", encoding=encoding))
