"""A run as the report reads it: files only, no model and no sampler."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from mmm_bayes import runs
from mmm_bayes.errors import InputError
from mmm_bayes.plots.convergence import parameters
from mmm_bayes.report.words import Summary


@dataclass(frozen=True)
class View:
    """What a report asks of a run.

    Attributes
    ----------
    run : mmm_bayes.runs.Run
    """

    run: runs.Run

    def group(self, name: str) -> xr.Dataset:
        """A group of the draws; empty if it was not saved."""
        return _group(self.run.draws, name)

    def effect(self, name: str) -> xr.Dataset:
        """A group of the effects; empty if it was not saved."""
        return _group(self.run.effects, name)

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.run.folder.resolve().name

    @property
    def attrs(self) -> dict[str, Any]:
        """Model, link, likelihoods, mediator and max_lag."""
        return {str(key): value for key, value in self.run.draws.attrs.items()}

    @property
    def record(self) -> dict[str, Any]:
        """``run.json``."""
        return self.run.record

    @property
    def diagnostics(self) -> dict[str, Any]:
        """``diagnostics.json``."""
        return self.run.diagnostics

    @property
    def equations(self) -> str:
        """The docstring of the model's file."""
        try:
            return ast.get_docstring(ast.parse(self.run.model)) or ""
        except SyntaxError:
            return ""

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

    def measure(self, channel: str) -> str:
        """What a channel's exposure is called: "spend" where it is its spend."""
        spec = self.record.get("description", {}).get("channels", {}).get(channel, {})
        return str(spec.get("exposure") or "spend")

    def paid(self, channel: str) -> bool:
        """Whether a channel costs money."""
        spec = self.record.get("description", {}).get("channels", {}).get(channel, {})
        return spec.get("spend") is not None or not spec.get("exposure")

    @cached_property
    def positive(self) -> bool:
        """Whether the priors let no channel lower the outcome by itself."""
        before = self.effect("prior").get("direct")
        return before is not None and not bool((before < 0).any())

    @property
    def multiplies(self) -> bool:
        """Whether effects multiply: what single channels add then overlaps."""
        return self.attrs.get("link") == "log"

    @property
    def observed(self) -> xr.DataArray:
        """The outcome (time, unit)."""
        return self.group("observed_data")["outcome"]

    @cached_property
    def converged(self) -> pd.DataFrame:
        """Convergence of each parameter, worst first."""
        return parameters(self.group("posterior"))

    def added(self, name: str) -> pd.DataFrame:
        """A table that another command has put into the folder; empty if none has."""
        path = self.run.folder / name
        return pd.read_csv(path) if path.exists() else pd.DataFrame()

    def summary(self, channel: str, estimand: str) -> Summary:
        """A row of estimands.csv, all units together."""
        table = self.run.estimands
        rows = table[
            (table["unit"].astype(str) == "all")
            & (table["channel"].astype(str) == channel)
            & (table["estimand"] == estimand)
        ]
        if rows.empty:
            return Summary(float("nan"), float("nan"), float("nan"))
        one = rows.iloc[0]
        return Summary(float(one["mean"]), float(one["lower"]), float(one["upper"]))


def read(folder: Path) -> View:
    """Read a run folder.

    Raises
    ------
    InputError
        If it is no run folder, or a file of it is missing or can't be read.
    """
    try:
        return View(runs.load(folder))
    except InputError:
        raise
    except (OSError, ValueError) as problem:
        raise InputError(f"{folder}: a file of this run can't be read: {problem}") from problem


def _group(tree: xr.DataTree, name: str) -> xr.Dataset:
    return tree[name].to_dataset() if name in tree.children else xr.Dataset()
