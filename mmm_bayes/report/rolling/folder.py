"""Reading the folder of a finished rolling-window job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.step import Step, Wording, wording
from mmm_bayes.errors import InputError
from mmm_bayes.files import read_errors, read_table
from mmm_bayes.studies import jobs
from mmm_bayes.studies.rolling.files import FORECAST, RECORD, ROLLING, SCORES, STABILITY, SUBSETS


@dataclass(frozen=True)
class RollingResults:
    """Results of a rolling-window job, for all units together.

    Attributes
    ----------
    record : dict
        Contents of ``rolling.json``.
    rolling : pandas.DataFrame
        Estimates of every window: channel, estimand, window_start, window_end, median and others.
    stability : pandas.DataFrame
        Variation of each channel's estimates over the windows.
    forecast : pandas.DataFrame
        Forecasts of the weeks after each window, with the observed outcome; may be empty.
    scores : pandas.DataFrame
        Scores of the forecasts by horizon; may be empty.
    subsets : pandas.DataFrame
        Effects within subsets of the weeks; may be empty.
    """

    folder: Path
    record: dict[str, Any]
    rolling: pd.DataFrame
    stability: pd.DataFrame
    forecast: pd.DataFrame
    scores: pd.DataFrame
    subsets: pd.DataFrame

    @property
    def step(self) -> Step:
        """Distance between the table's dates."""
        return Step(**self.record["step"])

    @property
    def words(self) -> Wording:
        """Words of sentences about the table."""
        return wording(self.record["inputs"]["description"], self.step)

    @property
    def channels(self) -> list[str]:
        """Names of the channels in the order of the description."""
        return list(self.record["inputs"]["description"]["channels"])

    @property
    def outcome(self) -> str:
        """Name of the outcome's column."""
        return str(self.record["inputs"]["description"]["outcome"])

    def estimates(self, estimand: str) -> pd.DataFrame:
        """Estimates of one estimand in every window."""
        return self.rolling[self.rolling["estimand"] == estimand]

    def variation(self, channel: str, estimand: str) -> pd.Series | None:
        """Variation of a channel's estimates over the windows; None where there are none."""
        rows = self.stability
        rows = rows[(rows["channel"] == channel) & (rows["estimand"] == estimand)]
        return None if rows.empty else rows.iloc[0]


def check_finished(folder: Path) -> None:
    """Check that a folder is a finished rolling job, without reading it.

    Raises
    ------
    InputError
        If a file of it is missing.
    """
    missing = [name for name in (RECORD, ROLLING, STABILITY) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished rolling job: it lacks {', '.join(missing)}; make one with "
            "mmm-bayes rolling"
        )


def read(folder: Path) -> RollingResults:
    """Read the folder of a rolling job.

    Raises
    ------
    InputError
        If it is not a finished rolling job, or a file of it is damaged.
    """
    check_finished(folder)

    def table(name: str, *dates: str) -> pd.DataFrame:
        path = folder / name
        if not path.exists():
            return pd.DataFrame()
        frame = read_table(path, *dates)
        with read_errors(path):
            return frame[frame["unit"] == ALL_UNITS]

    record = jobs.read(folder / RECORD)
    if not record.get("fits") or "description" not in record["inputs"]:
        raise InputError(
            f"{folder / RECORD} is not the record of a finished rolling job; run the same "
            "mmm-bayes rolling again"
        )
    return RollingResults(
        folder,
        record,
        table(ROLLING, "window_start", "window_end"),
        table(STABILITY),
        table(FORECAST, "window_start", "date"),
        table(SCORES),
        table(SUBSETS),
    )
