"""A finished comparison with classical models, as its folder tells it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.baselines.job import RECORD, SUMMARY, TABLE
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.errors import InputError
from mmm_bayes.plots import baselines as draw

TWO_STAGE = "two_stage_"
TREES = ("random_forest", "lightgbm")
LINEAR = ("ols", "ridge", "lagged_ridge", "lasso", "elastic_net")


@dataclass(frozen=True)
class Compared:
    """A finished job as its folder tells it.

    Attributes
    ----------
    folder : pathlib.Path
    record : dict
    summary : pandas.DataFrame
    tables : dict of str to pandas.DataFrame
        By the names of their files.
    """

    folder: Path
    record: dict[str, Any]
    summary: pd.DataFrame
    tables: dict[str, pd.DataFrame]

    @property
    def outcome(self) -> str:
        """What the outcome's column is called."""
        return str(self.record["description"]["outcome"])

    @property
    def channels(self) -> list[str]:
        """In the order of the description."""
        return list(self.record["description"]["channels"])

    @property
    def families(self) -> dict[str, str]:
        """The family of each model."""
        return {str(model): family_of(str(model)) for model in self.summary["model"]}

    def whole(self, name: str) -> pd.DataFrame:
        """Rows of a table for all units together."""
        rows = self.tables[name]
        return rows[rows["unit"] == WHOLE] if (rows["unit"] == WHOLE).any() else rows


def family_of(model: str) -> str:
    """The family that a model is drawn as."""
    if model.startswith(TWO_STAGE):
        return "two stages"
    return "trees" if model in TREES else "linear" if model in LINEAR else "Bayesian"


def read(folder: Path) -> Compared:
    """Read a job's folder; refuse one that is not finished."""
    missing = [name for name in (RECORD, SUMMARY, TABLE) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished comparison with classical models: it lacks "
            f"{', '.join(missing)}; make one with mmm-bayes baselines"
        )
    text: Any = {"unit": str, "channel": str, "model": str, "row": str, "from": str, "to": str}
    tables = {path.stem: pd.read_csv(path, dtype=text) for path in sorted(folder.glob("*.csv"))}
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return Compared(folder, record, tables["summary"], tables)


def best_of_families(told: Compared, *, classical: bool = False) -> dict[str, str]:
    """The model with the least error over the blocked folds, of each family."""
    ranked = told.summary.sort_values("rmse_blocked")["model"].astype(str)
    found: dict[str, str] = {}
    for model in ranked:
        found.setdefault(told.families[model], model)
    if classical:
        found.pop("Bayesian", None)
    return found


def outcome_sum(told: Compared) -> float:
    """All of the outcome, all units and weeks."""
    rows = told.tables["predictions"].query("split == 'all'")
    return float(rows[rows["model"] == rows["model"].iloc[0]]["observed"].sum())


def legend_of(told: Compared) -> str:
    """The families present, by their colours, in words."""
    names = {"linear": "blue linear", "trees": "green trees", "two stages": "orange two stages",
             "Bayesian": "red Bayesian"}  # fmt: skip
    present = [names[f] for f in draw.FAMILIES if f in told.families.values()]
    return ", ".join(present)
