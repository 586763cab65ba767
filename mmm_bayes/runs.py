"""One folder per run: what was fitted, by what, from what, and everything that came out.

Nothing in a run folder is executed when it is read: draws are netCDF, tables csv, the rest
JSON. ``model.py`` is there to be read by people.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from mmm_bayes.errors import InputError
from mmm_bayes.files import new_folder

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
#: In the folder of a run whose description has interactions.
INTERACTIONS = "interactions.csv"
#: What `mmm-bayes sensitivity` adds to the folder.
CONFOUNDING, PLACEBO = "confounding.csv", "placebo.csv"


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run, as read from its folder.

    Attributes
    ----------
    folder : pathlib.Path
    draws : xarray.DataTree
        ``posterior.nc``.
    effects : xarray.DataTree
        ``effects.nc``: draws of the effects, weekly contributions, curves, controls.
    estimands : pandas.DataFrame
    diagnostics, record : dict
        ``diagnostics.json`` and ``run.json``.
    model : str
        Source of the model that was fitted.
    """

    folder: Path
    draws: xr.DataTree
    effects: xr.DataTree
    estimands: pd.DataFrame
    diagnostics: dict[str, Any]
    record: dict[str, Any]
    model: str

    def __repr__(self) -> str:
        """Say what it is in one line: its draws would fill pages."""
        told = self.record
        return (
            f"<Run {self.folder}: {told['model']} of {told['data_file']}, "
            f"{told['chains']} x {told['draws']} draws, verdict {self.diagnostics['verdict']}>"
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
) -> None:
    """Write a run folder, whole or not at all; ``interactions.csv`` only where there are any.

    Parameters
    ----------
    folder : pathlib.Path
        New, or empty.
    draws, effects : xarray.DataTree
        As `Run` has them, and so the next four.
    estimands : pandas.DataFrame
    diagnostics, record : dict
    model : str
    interactions : pandas.DataFrame, optional

    Raises
    ------
    InputError
        If the folder is taken.
    """
    with new_folder(folder) as draft:
        _compressed(draws, draft / DRAWS)
        _compressed(effects, draft / EFFECTS)
        estimands.to_csv(draft / ESTIMANDS, index=False, lineterminator="\n")
        if interactions is not None and len(interactions):
            interactions.to_csv(draft / INTERACTIONS, index=False, lineterminator="\n")
        for name, content in ((DIAGNOSTICS, diagnostics), (RECORD, record)):
            text = json.dumps(content, indent=1, allow_nan=False, default=str)
            (draft / name).write_text(text + "\n", encoding="utf-8")
        (draft / MODEL).write_text(model, encoding="utf-8")


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder that is not a finished run, without reading it.

    Raises
    ------
    InputError
    """
    names = (DRAWS, EFFECTS, ESTIMANDS, DIAGNOSTICS, RECORD, MODEL)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished run: it lacks {', '.join(missing)}; make one with "
            "mmm-bayes fit"
        )


def load(folder: str | Path) -> Run:
    """Read a run folder; neither the model nor the table is needed.

    Raises
    ------
    InputError
        If the folder is not a finished run.
    """
    folder = Path(folder)
    refuse_unfinished(folder)
    return Run(
        folder,
        _read(folder / DRAWS),
        _read(folder / EFFECTS),
        pd.read_csv(folder / ESTIMANDS),
        json.loads((folder / DIAGNOSTICS).read_text(encoding="utf-8")),
        json.loads((folder / RECORD).read_text(encoding="utf-8")),
        (folder / MODEL).read_text(encoding="utf-8"),
    )


def provenance() -> dict[str, Any]:
    """Who made a result: command, time, versions and commit."""
    return {
        "command": " ".join(["mmm-bayes", *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "git_commit": _commit(),
    }


def _commit() -> str | None:
    """The library's commit, with a mark if its files differ from it; None outside a checkout."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        return f"{commit}-modified" if git("status", "--porcelain", "--", ".") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def _read(path: Path) -> xr.DataTree:
    """The whole of a file, which is closed again: a page may stay open for days."""
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        return tree.load()


def _compressed(tree: xr.DataTree, path: Path) -> None:
    encoding = {
        node.path: {
            name: {"zlib": True, "complevel": 1, "shuffle": True}
            for name, variable in node.data_vars.items()
            if variable.dtype.kind in "fiub" and variable.ndim
        }
        for node in tree.subtree
    }
    tree.to_netcdf(path, engine="h5netcdf", encoding=encoding)
