"""A rolling job's folder, read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes import jobs
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.errors import InputError
from mmm_bayes.rolling.files import FORECAST, RECORD, ROLLING, SCORES, STABILITY, SUBSETS


@dataclass(frozen=True)
class Rolled:
    """A rolling job as its folder tells it, all units together.

    Attributes
    ----------
    folder : pathlib.Path
    record : dict
    rolling, stability, forecast, scores, subsets : pandas.DataFrame
    """

    folder: Path
    record: dict[str, Any]
    rolling: pd.DataFrame
    stability: pd.DataFrame
    forecast: pd.DataFrame
    scores: pd.DataFrame
    subsets: pd.DataFrame

    @property
    def channels(self) -> list[str]:
        """In the order of the description."""
        return list(self.record["inputs"]["description"]["channels"])

    @property
    def outcome(self) -> str:
        """What the outcome's column is called."""
        return str(self.record["inputs"]["description"]["outcome"])

    def answer(self, estimand: str) -> pd.DataFrame:
        """The rows of rolling.csv of one estimand."""
        return self.rolling[self.rolling["estimand"] == estimand]


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder that is not a finished rolling job, without reading it.

    Raises
    ------
    InputError
    """
    missing = [name for name in (RECORD, ROLLING, STABILITY) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished rolling job: it lacks {', '.join(missing)}; make one with "
            "mmm-bayes rolling"
        )


def read(folder: Path) -> Rolled:
    """Read a rolling job's folder.

    Raises
    ------
    InputError
        If it is not a finished rolling job.
    """
    refuse_unfinished(folder)

    def rows(name: str, *dates: str) -> pd.DataFrame:
        path = folder / name
        if not path.exists():
            return pd.DataFrame()
        frame = pd.read_csv(path, parse_dates=list(dates), dtype={"unit": str, "channel": str})
        return frame[frame["unit"] == WHOLE]

    return Rolled(
        folder,
        jobs.read(folder / RECORD),
        rows(ROLLING, "window_start", "window_end"),
        rows(STABILITY),
        rows(FORECAST, "window_start", "date"),
        rows(SCORES),
        rows(SUBSETS),
    )
