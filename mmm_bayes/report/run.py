"""A saved run as the report reads it, from its files alone: no model and no sampler."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from mmm_bayes.data.step import Step, Wording
from mmm_bayes.diagnostics.demand import moved_spends
from mmm_bayes.diagnostics.parameters import parameter_table
from mmm_bayes.files import read_table
from mmm_bayes.inference import runs
from mmm_bayes.text import UNKNOWN, Summary


@dataclass(frozen=True)
class View:
    """A saved run, with what a report needs of it."""

    run: runs.Run

    def group(self, name: str) -> xr.Dataset:
        """Group of the draws; empty if it was not saved."""
        return _group(self.run.draws, name)

    def effects(self, name: str) -> xr.Dataset:
        """Group of the effects; empty if it was not saved."""
        return _group(self.run.effects, name)

    @property
    def name(self) -> str:
        """Name of the run folder."""
        return self.run.folder.resolve().name

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the draws: model, link, likelihoods, mediator and max_lag."""
        return {str(key): value for key, value in self.run.draws.attrs.items()}

    @property
    def record(self) -> dict[str, Any]:
        """Contents of ``run.json``."""
        return self.run.record

    @property
    def diagnostics(self) -> dict[str, Any]:
        """Contents of ``diagnostics.json``."""
        return self.run.diagnostics

    @property
    def words(self) -> Wording:
        """Words of sentences about the run's table."""
        return self.run.wording

    @property
    def step(self) -> Step:
        """Distance between the dates of the run's table."""
        return self.words.step

    @property
    def equations(self) -> str:
        """Docstring of the model file."""
        try:
            return ast.get_docstring(ast.parse(self.run.model)) or ""
        except SyntaxError:
            return ""

    @property
    def outcome(self) -> str:
        """Name of the outcome's column."""
        return str(self.record.get("description", {}).get("outcome", "outcome"))

    @property
    def mediator(self) -> str:
        """Name of the model's mediator, "" if it has none."""
        mediated = "mediator_location" in self.group("posterior")
        return str(self.attrs.get("mediator") or "") if mediated else ""

    @property
    def moved(self) -> tuple[str, ...]:
        """Channels whose spend unseen demand may move: the mediator, those set by demand."""
        return moved_spends(self.run.draws)

    @property
    def causes(self) -> list[str]:
        """Channels that act through the mediator."""
        posterior = self.group("posterior")
        return [str(name) for name in posterior["cause"].values] if "cause" in posterior else []

    @property
    def channels(self) -> list[str]:
        """Names of the channels in the order of the description."""
        return [str(name) for name in self.effects("draws")["channel"].values]

    def exposure_name(self, channel: str) -> str:
        """Name of a channel's exposure: "spend" where that is what drives it."""
        return str(self._description(channel).get("exposure") or "spend")

    def has_spend(self, channel: str) -> bool:
        """True if a channel costs money."""
        described = self._description(channel)
        return described.get("spend") is not None or not described.get("exposure")

    def _description(self, channel: str) -> dict[str, Any]:
        channels: dict[str, Any] = self.record.get("description", {}).get("channels", {})
        return channels.get(channel, {})

    @cached_property
    def positive_priors(self) -> bool:
        """True if the priors allow no channel a negative direct effect."""
        direct = self.effects("prior").get("direct")
        return direct is not None and not bool((direct < 0).any())

    @property
    def multiplicative(self) -> bool:
        """True if effects multiply: the effects of single channels then overlap."""
        return self.attrs.get("link") == "log"

    @property
    def observed(self) -> xr.DataArray:
        """Observed outcome, dims (time, unit)."""
        return self.group("observed_data")["outcome"]

    @property
    def outcome_sum(self) -> float:
        """Observed outcome summed over the fitted weeks and units; NaN if it is not positive."""
        total = float(self.observed.sum())
        return total if total > 0 else float("nan")

    @property
    def effect_unit(self) -> tuple[float, str]:
        """Amount that is 1 in figures of effects, and its name: a hundredth of the outcome's sum.

        The outcome's own unit, if that sum is not positive and so has no shares.
        """
        if self.outcome_sum > 0:
            return self.outcome_sum / 100, f"% of {self.outcome}"
        return 1.0, self.outcome

    @cached_property
    def parameters(self) -> pd.DataFrame:
        """Summary and convergence of each parameter, worst R-hat first."""
        return parameter_table(self.group("posterior"))

    def extra_table(self, name: str) -> pd.DataFrame:
        """A table that another command has added to the folder; empty if there is none."""
        path = self.run.folder / name
        return read_table(path) if path.exists() else pd.DataFrame()

    def summary(self, channel: str, estimand: str) -> Summary:
        """Row of ``estimands.csv`` for all units together; NaN if there is none."""
        table = self.run.estimands
        rows = table[
            (table["unit"] == "all")
            & (table["channel"] == channel)
            & (table["estimand"] == estimand)
        ]
        if rows.empty:
            return UNKNOWN
        return row_summary(rows.iloc[0])


def row_summary(row: Any) -> Summary:
    """Summary of a row of a table.

    Parameters
    ----------
    row : pandas.Series or mapping
        With mean, lower and upper.
    """
    return Summary(*(float(row[name]) for name in ("mean", "lower", "upper")))


def read(folder: Path) -> View:
    """Read a run folder.

    Raises
    ------
    InputError
        If it is not a run folder, or one of its files is missing or can't be read.
    """
    return View(runs.load(folder))


def _group(tree: xr.DataTree, name: str) -> xr.Dataset:
    return tree[name].to_dataset() if name in tree.children else xr.Dataset()
