"""Input and output that all contenders have in common: the table, the command line, the result.

Runs in each contender's own environment, so it imports NumPy and pandas and none of the packages.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

#: Weeks over which an exposure acts, its own week included; the same for all contenders.
MAX_LAG = 13
#: Fourier pairs a year; the same for all contenders.
FOURIER = 2
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Table:
    """A weekly table, and the scales of the priors.

    Attributes
    ----------
    weeks : pandas.DataFrame
        Date, spends and outcome as in the file.
    date, outcome : str
        Columns.
    spends : dict of str to str
        Column of each channel.
    covariates : pandas.DataFrame
        Controls, transformed as in the description, and the trend, each standardised.
    waves : pandas.DataFrame
        Fourier columns of the year.
    causes : int
        Number of causes of the mediator.
    mediator : str or None
    """

    weeks: pd.DataFrame
    date: str
    outcome: str
    spends: dict[str, str]
    covariates: pd.DataFrame
    waves: pd.DataFrame
    causes: int
    mediator: str | None

    @property
    def spread(self) -> float:
        """Standard deviation of the outcome as a share of its mean."""
        outcome = self.weeks[self.outcome]
        return float(outcome.std(ddof=0) / outcome.mean())

    @property
    def active_means(self) -> np.ndarray:
        """Mean spend of each channel over the weeks in which it is on."""
        spends = self.weeks[list(self.spends.values())]
        return spends.where(spends > 0).mean().to_numpy()

    @property
    def shares(self) -> np.ndarray:
        """Prior scale of each channel's mean contribution, as a share of the outcome's mean."""
        scales = np.full(len(self.spends), min(0.15, 0.6 / len(self.spends)))
        if self.mediator is not None:
            scales[list(self.spends).index(self.mediator)] *= np.sqrt(1 + self.causes)
        return scales

    def rows(self, span: slice) -> Table:
        """Table of a span of weeks, standardised anew."""
        weeks = self.weeks.iloc[span].reset_index(drop=True)
        return _build_table(weeks, self.date, self.outcome, self.spends, self._description)

    _description: dict = field(default_factory=dict, repr=False)


def read_table(toml: Path) -> Table:
    """Table of a TOML description."""
    description = tomllib.loads(toml.read_text())
    weeks = pd.read_csv(toml.parent / description["file"], parse_dates=[description["date"]])
    spends = {name: channel["spend"] for name, channel in description["channels"].items()}
    return _build_table(weeks, description["date"], description["outcome"], spends, description)


def _build_table(
    weeks: pd.DataFrame, date: str, outcome: str, spends: dict[str, str], description: dict
) -> Table:
    columns = {}
    for name, control in description.get("controls", {}).items():
        values = weeks[control["column"]].astype(float)
        columns[name] = np.log(values) if control.get("transform") == "log" else values
    columns["trend"] = pd.Series(np.linspace(-1, 1, len(weeks)))
    covariates = pd.DataFrame(columns)
    covariates = (covariates - covariates.mean()) / covariates.std(ddof=0)
    day = weeks[date].dt.day_of_year.to_numpy() / DAYS_PER_YEAR
    waves = pd.DataFrame(
        {
            f"{wave.__name__}_{pair}": wave(2 * np.pi * pair * day)
            for pair in range(1, FOURIER + 1)
            for wave in (np.sin, np.cos)
        }
    )
    mediator, mediator_table = next(iter(description.get("mediators", {}).items()), (None, {}))
    return Table(
        weeks, date, outcome, spends, covariates, waves,
        len(mediator_table.get("causes", ())), mediator, description,
    )  # fmt: skip


@dataclass
class Stopwatch:
    """Seconds spent in named parts."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the seconds of a `with` block to a part."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def move(self, seconds: float, source: str, to: str) -> None:
        """Move some seconds from one part to another."""
        self.seconds[source] -= seconds
        self.seconds[to] = self.seconds.get(to, 0.0) + seconds


def parse_arguments(variants: tuple[str, ...]) -> argparse.Namespace:
    """Arguments of the command line, the same for all contenders."""
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("--variant", choices=variants, default=variants[0])
    parser.add_argument("--windows", type=int, default=0, help="fit so many windows instead")
    parser.add_argument("--window", type=int, default=104, help="weeks of a window")
    parser.add_argument("--horizon", type=int, default=8, help="weeks forecast after a window")
    parser.add_argument("--of", type=int, default=10, help="windows that the table is cut into")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--tune", type=int, default=1000)
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an .npz file for the draws")
    return parser.parse_args()


def window_spans(weeks: int, arguments: argparse.Namespace) -> list[tuple[slice, slice]]:
    """Windows of the same length, evenly spaced, each with the weeks after it."""
    last = weeks - arguments.horizon - arguments.window
    starts = np.linspace(0, last, arguments.of).round().astype(int)[: arguments.windows]
    ends = starts + arguments.window
    return [
        (slice(start, end), slice(end, end + arguments.horizon))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def report_result(
    watch: Stopwatch,
    *,
    keep: Path | None = None,
    draws: dict[str, np.ndarray] | None = None,
    effects: np.ndarray | None = None,
    **statistics: object,
) -> None:
    """Print the line of JSON that the race reads, and save the draws.

    Parameters
    ----------
    keep : pathlib.Path, optional
        Where to save the draws.
    draws : dict of str to array, shape (chain, draw, ...)
        Every free parameter of the model.
    effects : array, shape (chain, draw, channel)
        Total effect of each channel over all weeks, in the outcome's units.
    """
    start = time.perf_counter()
    if keep is not None and draws is not None and effects is not None:
        np.savez(keep, effects=effects, **{f"free_{name}": value for name, value in draws.items()})
    saving = time.perf_counter() - start
    print(json.dumps({"seconds": watch.seconds, "keeping": saving, **statistics}), flush=True)
