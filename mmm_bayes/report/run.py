"""A run folder as the report reads it: files only, no model and no sampler."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from mmm_bayes.errors import InputError
from mmm_bayes.report.words import Summary

FILES = (
    "posterior.nc", "effects.nc", "estimands.csv", "diagnostics.json", "run.json", "model.py",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """All that a report is made of.

    Attributes
    ----------
    folder : pathlib.Path
    draws, effects : xarray.DataTree
    estimands : pandas.DataFrame
    diagnostics, record : dict
        diagnostics.json and run.json.
    model : str
        The docstring of the model's file.
    """

    folder: Path
    draws: xr.DataTree
    effects: xr.DataTree
    estimands: pd.DataFrame
    diagnostics: dict[str, Any]
    record: dict[str, Any]
    model: str

    def group(self, name: str) -> xr.Dataset:
        """A group of the draws; empty if it was not saved."""
        return self.draws[name].to_dataset() if name in self.draws.children else xr.Dataset()

    def effect(self, name: str) -> xr.Dataset:
        """A group of the effects; empty if it was not saved."""
        return self.effects[name].to_dataset() if name in self.effects.children else xr.Dataset()

    @property
    def outcome(self) -> str:
        """What the outcome's column is called."""
        return str(self.record.get("description", {}).get("outcome", "outcome"))

    @property
    def mediator(self) -> str:
        """The mediator of the model, "" where the model has none."""
        posterior = self.group("posterior")
        return str(self.draws.attrs.get("mediator") or "") if "gamma" in posterior else self._assumed

    @property
    def _assumed(self) -> str:
        mediated = bool(self.draws.attrs.get("mediator_likelihood"))
        return str(self.draws.attrs.get("mediator") or "") if mediated else ""

    @property
    def causes(self) -> list[str]:
        """Channels that act through the mediator."""
        posterior = self.group("posterior")
        return [str(name) for name in posterior["cause"].values] if "cause" in posterior else []

    @property
    def channels(self) -> list[str]:
        """In the order of the description."""
        return [str(name) for name in self.effect("draws")["channel"].values]

    @property
    def observed(self) -> xr.DataArray:
        """The outcome (time, unit)."""
        return self.group("observed_data")["outcome"]

    def summary(self, channel: str, estimand: str) -> Summary:
        """A row of estimands.csv, all units together."""
        table = self.estimands
        rows = table[
            (table["unit"].astype(str) == "all")
            & (table["channel"].astype(str) == channel)
            & (table["estimand"] == estimand)
        ]
        if rows.empty:
            return Summary(float("nan"), float("nan"), float("nan"))
        one = rows.iloc[0]
        return Summary(float(one["mean"]), float(one["lower"]), float(one["upper"]))


def read(folder: Path) -> Run:
    """Read a run folder.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If it is no run folder, or a file of it is missing or can't be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such run folder")
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        raise InputError(
            f"{folder}: not a complete run folder, {', '.join(missing)} missing; "
            "`mmm-bayes fit` writes one"
        )
    return Run(
        folder=folder,
        draws=_tree(folder / "posterior.nc"),
        effects=_tree(folder / "effects.nc"),
        estimands=pd.read_csv(folder / "estimands.csv"),
        diagnostics=_json(folder / "diagnostics.json"),
        record=_json(folder / "run.json"),
        model=_docstring(folder / "model.py"),
    )


def _tree(path: Path) -> xr.DataTree:
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            return tree.load()
    except (OSError, ValueError) as problem:
        raise InputError(f"{path}: not a readable netCDF file: {problem}") from problem


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as problem:
        raise InputError(f"{path}: not valid JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise InputError(f"{path}: expected a JSON object")
    return found


def _docstring(path: Path) -> str:
    try:
        return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    except SyntaxError:
        return ""
