"""A run folder as the report reads it: files only, no model and no sampler."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from mmm_bayes.errors import InputError
from mmm_bayes.plots.convergence import parameters
from mmm_bayes.report.words import Summary

FILES = (
    "posterior.nc", "effects.nc", "estimands.csv", "diagnostics.json", "run.json", "model.py",
)  # fmt: skip
DRAWS = (
    "posterior", "prior", "posterior_predictive", "observed_data", "constant_data", "predictions",
    "predictions_observed",
)  # fmt: skip
EFFECTS = ("draws", "weekly", "response", "adstock", "controls")


@dataclass(frozen=True)
class Run:
    """All that a report is made of.

    Attributes
    ----------
    folder : pathlib.Path
    draws, effects : dict of str to xarray.Dataset
        The groups of posterior.nc that a report needs, and those of effects.nc.
    attrs : dict
        Model, link, likelihoods, mediator and max_lag.
    estimands : pandas.DataFrame
    diagnostics, record : dict
        diagnostics.json and run.json.
    model : str
        The docstring of the model's file.
    """

    folder: Path
    draws: dict[str, xr.Dataset]
    effects: dict[str, xr.Dataset]
    attrs: dict[str, Any]
    estimands: pd.DataFrame
    diagnostics: dict[str, Any]
    record: dict[str, Any]
    model: str

    def group(self, name: str) -> xr.Dataset:
        """A group of the draws; empty if it was not saved."""
        return self.draws.get(name, xr.Dataset())

    def effect(self, name: str) -> xr.Dataset:
        """A group of the effects; empty if it was not saved."""
        return self.effects.get(name, xr.Dataset())

    @property
    def outcome(self) -> str:
        """What the outcome's column is called."""
        return str(self.record.get("description", {}).get("outcome", "outcome"))

    @property
    def mediator(self) -> str:
        """The mediator of the model, "" where the model has none."""
        mediated = "mediator_mean" in self.group("posterior")
        return str(self.attrs.get("mediator") or "") if mediated else ""

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

    @cached_property
    def converged(self) -> pd.DataFrame:
        """Convergence of each parameter, worst first."""
        return parameters(self.group("posterior"))

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
    draws, attrs = _groups(folder / "posterior.nc", DRAWS)
    effects, _ = _groups(folder / "effects.nc", EFFECTS)
    return Run(
        folder=folder,
        draws=draws,
        effects=effects,
        attrs=attrs,
        estimands=pd.read_csv(folder / "estimands.csv"),
        diagnostics=_json(folder / "diagnostics.json"),
        record=_json(folder / "run.json"),
        model=_docstring(folder / "model.py"),
    )


def _groups(
    path: Path, wanted: tuple[str, ...]
) -> tuple[dict[str, xr.Dataset], dict[str, Any]]:
    """Load some groups of a netCDF file, and its attributes."""
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            names = [name for name in wanted if name in tree.children]
            groups = {name: tree[name].to_dataset().load() for name in names}
            return groups, {str(key): value for key, value in tree.attrs.items()}
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
