"""What a job has found so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass
class Findings:
    """Tables that grow as models are done.

    Attributes
    ----------
    metrics : list of (model, split, metric, value)
        The rows of ``baselines.csv``.
    parts : dict of str to list of pandas.DataFrame
        The other tables, by name.
    choices : dict
        What the tunings chose, of each kind of regressor.
    notes : list of str
    """

    metrics: list[tuple[str, str, str, float | None]] = field(default_factory=list)
    parts: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    choices: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def score(self, model: str, rows: Iterable[tuple[str, str, float | None]]) -> None:
        """Add metrics of a model: (split, metric, value).

        Parameters
        ----------
        model : str
        rows : iterable of tuple
            Split, metric and value.
        """
        self.metrics += [(model, *row) for row in rows]

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Add rows to a table."""
        if len(table):
            self.parts.setdefault(name, []).append(table)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table but the metrics, whole."""
        return {name: pd.concat(parts, ignore_index=True) for name, parts in self.parts.items()}
