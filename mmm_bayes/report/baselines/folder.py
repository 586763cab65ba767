"""Reading the folder of a finished comparison with classical models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.baselines.job import RECORD, SUMMARY, TABLE
from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.step import Wording, step_of, wording
from mmm_bayes.errors import InputError
from mmm_bayes.files import read_json, read_table
from mmm_bayes.plots.baselines import FAMILIES

TWO_STAGE = "two_stage_"
TREES = ("random_forest", "lightgbm")
LINEAR = ("ols", "ridge", "lagged_ridge", "lasso", "elastic_net")


@dataclass(frozen=True)
class BaselineResults:
    """Results of a finished comparison with classical models.

    Attributes
    ----------
    record : dict
        Contents of ``baselines.json``.
    summary : pandas.DataFrame
        Scores and answers, a row for each model.
    tables : dict of str to pandas.DataFrame
        All tables by the names of their files, without ending.
    """

    folder: Path
    record: dict[str, Any]
    summary: pd.DataFrame
    tables: dict[str, pd.DataFrame]

    @property
    def outcome(self) -> str:
        """Name of the outcome's column."""
        return str(self.record["description"]["outcome"])

    @property
    def words(self) -> Wording:
        """Words of sentences about the table."""
        dates = self.tables["predictions"].query("split == 'all'")["date"]
        return wording(self.record["description"], step_of(pd.to_datetime(dates).to_numpy()))

    @property
    def channels(self) -> list[str]:
        """Names of the channels in the order of the description."""
        return list(self.record["description"]["channels"])

    @property
    def families(self) -> dict[str, str]:
        """Family of each model."""
        return {str(model): family_of(str(model)) for model in self.summary["model"]}

    @property
    def simulated(self) -> bool:
        """True if the table is a simulated one, of which the true effects are known."""
        return bool(self.summary["truth_error"].notna().any())

    @property
    def shares(self) -> pd.DataFrame:
        """Share of the outcome of each channel, and of all media together, by model.

        Columns model, channel, value, lower and upper, in percent.
        """
        rows = self.of_all_units("contributions").query("estimand == 'contribution_share'")
        columns = ["value", "lower", "upper"]
        return rows.assign(**{name: 100 * rows[name] for name in columns})

    def of_all_units(self, name: str) -> pd.DataFrame:
        """Rows of a table for all units together."""
        rows = self.tables[name]
        return rows[rows["unit"] == ALL_UNITS] if (rows["unit"] == ALL_UNITS).any() else rows


def family_of(model: str) -> str:
    """Family of a model: linear, trees, two stages or Bayesian."""
    if model.startswith(TWO_STAGE):
        return "two stages"
    return "trees" if model in TREES else "linear" if model in LINEAR else "Bayesian"


def read(folder: Path) -> BaselineResults:
    """Read the folder of a comparison.

    Raises
    ------
    InputError
        If the comparison is not finished.
    """
    missing = [name for name in (RECORD, SUMMARY, TABLE) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished comparison with classical models: it lacks "
            f"{', '.join(missing)}; make one with mmm-bayes baselines"
        )
    tables = {path.stem: read_table(path) for path in sorted(folder.glob("*.csv"))}
    return BaselineResults(folder, read_json(folder / RECORD), tables["summary"], tables)


def best_of_families(results: BaselineResults, *, classical: bool = False) -> dict[str, str]:
    """Model with the smallest error over the blocked folds, by family.

    Parameters
    ----------
    classical : bool
        Whether to leave out the Bayesian models.
    """
    best: dict[str, str] = {}
    for model in results.summary.sort_values("rmse_blocked")["model"].astype(str):
        best.setdefault(results.families[model], model)
    if classical:
        best.pop("Bayesian", None)
    return best


def outcome_sum(results: BaselineResults) -> float:
    """Observed outcome summed over all units and weeks."""
    rows = results.tables["predictions"].query("split == 'all'")
    return float(rows[rows["model"] == rows["model"].iloc[0]]["observed"].sum())


def family_legend(results: BaselineResults) -> str:
    """The families present, with their colours."""
    names = {"linear": "blue linear", "trees": "green trees", "two stages": "orange two stages",
             "Bayesian": "red Bayesian"}  # fmt: skip
    present = [names[family] for family in FAMILIES if family in results.families.values()]
    return ", ".join(present)
