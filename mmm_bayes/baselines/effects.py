"""What a classical model says of the channels, by the Bayesian models' own counterfactual.

A channel's total effect is the change of the outcome, summed over the weeks, against the same weeks
in which it never ran: carryover gone, saturation and a two-stage model's mediator responding. Each
week keeps its own disturbance, so under the identity link the change is that of the prediction and
under the log link the observed outcome times one less the quotient of the predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from mmm_bayes.baselines.rows import WEEK, Layout, rows_of
from mmm_bayes.dataset import Dataset
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

#: Parts of a channel's spend that are moved to another.
MOVES = (0.05, 0.10)


@dataclass(frozen=True)
class Question:
    """Weeks of a table, and how they would look under other spends.

    Attributes
    ----------
    dataset : Dataset
    weeks : slice
    link : {"identity", "log"}
    """

    dataset: Dataset
    weeks: slice
    link: str

    def rows(self, factors: Mapping[str, float] | None = None) -> Array:
        """Rows of these weeks, the exposures multiplied as told.

        Parameters
        ----------
        factors : mapping
            Factor of each channel's exposure; channels left out keep theirs.
        """
        X = rows_of(self.dataset, factors)
        return X[(X[:, WEEK] >= self.weeks.start) & (X[:, WEEK] < self.weeks.stop)]

    @property
    def outcome(self) -> Array:
        """Of the same rows."""
        return np.asarray(self.dataset.data["outcome"].values[self.weeks].ravel())

    @property
    def units(self) -> int:
        """How many the table has."""
        return int(self.dataset.data.sizes["unit"])

    @property
    def spend(self) -> pd.Series:
        """Of each channel over these weeks, all units together."""
        total = self.dataset.data["spend"].isel(time=self.weeks).sum(("time", "unit"))
        return pd.Series(total.values, index=list(self.dataset.channels))


def moves(question: Question) -> dict[tuple[str, str, float], dict[str, float]]:
    """Every transfer of a part of one paid channel's money to another, as factors of exposure."""
    spend = question.spend
    paid = [name for name in question.dataset.paid if spend[name] > 0]
    return {
        (giver, taker, part): {giver: 1 - part, taker: 1 + part * spend[giver] / spend[taker]}
        for giver in paid
        for taker in paid
        for part in MOVES
        if giver != taker
    }


def change(model: Any, question: Question, factors: Mapping[str, float], rows: Any) -> Array:
    """What the outcome gains with the spends as they were, against those multiplied.

    Parameters
    ----------
    model : fitted
    question : Question
    factors : mapping of str to float
    rows : callable
        From factors to rows, which may remember them.

    Returns
    -------
    array, shape (unit,)
        Summed over the weeks.
    """
    fact, other = model.predict(rows({})), model.predict(rows(factors))
    gain = question.outcome * (1 - other / fact) if question.link == "log" else fact - other
    return np.asarray(gain.reshape(-1, question.units).sum(0))


def remembered(question: Question) -> Callable[[Mapping[str, float]], Array]:
    """`Question.rows` that arranges each set of rows once."""
    known: dict[tuple[tuple[str, float], ...], Array] = {}

    def rows(factors: Mapping[str, float]) -> Array:
        key = tuple(sorted(factors.items()))
        if key not in known:
            known[key] = question.rows(factors)
        return known[key]

    return rows


def totals(model: Any, question: Question, rows: Any) -> Array:
    """Total effect of every channel, shape (channel, unit).

    Parameters
    ----------
    model : fitted
    question : Question
    rows : callable
        As `remembered` gives it.
    """
    return np.stack(
        [change(model, question, {name: 0.0}, rows) for name in question.dataset.channels]
    )


def resampled(X: Array, *, number: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Rows of blocks of consecutive weeks drawn with replacement, in the order of their weeks.

    The moving-block bootstrap: weeks that follow each other stay together, and so do the units of a
    week. Source: Künsch (1989), *The jackknife and the bootstrap for general stationary
    observations*; a block has as many weeks as the cube root of all.

    Parameters
    ----------
    X : array, shape (row, column)
        As `rows_of` gives it.
    number : int
        Samples.
    seed : int
    """
    rng = np.random.default_rng(seed)
    weeks = np.unique(X[:, WEEK])
    of_week = [np.flatnonzero(X[:, WEEK] == week) for week in weeks]
    block = block_of(len(weeks))
    for _ in range(number):
        starts = rng.integers(0, len(weeks) - block + 1, -(-len(weeks) // block))
        drawn = (starts[:, None] + np.arange(block)).ravel()[: len(weeks)]
        yield np.concatenate([of_week[week] for week in np.sort(drawn)])


def block_of(weeks: int) -> int:
    """Weeks that a bootstrap keeps together.

    Parameters
    ----------
    weeks : int
        Of the table.
    """
    return max(1, round(weeks ** (1 / 3)))


def refits(model: Any, X: Array, y: Array, *, number: int, seed: int) -> Iterator[Any]:
    """The model with its tuned choices, fitted to resampled weeks.

    Parameters
    ----------
    model : fitted
    X : array, shape (row, column)
        As `rows_of` gives it.
    y : array, shape (row,)
    number : int
        Samples.
    seed : int
    """
    for rows in resampled(X, number=number, seed=seed):
        yield clone(model).fit(X[rows], y[rows])


def contributions(
    name: str, question: Question, layout: Layout, point: Array, sample: Array
) -> pd.DataFrame:
    """The tidy table of a model's effects.

    Parameters
    ----------
    name : str
        Of the model.
    question : Question
    layout : Layout
        Of what the model knows: in a two-stage model the causes act through the mediator alone, and
        in the others every channel acts by itself.
    point : array, shape (channel, unit)
        Total effects.
    sample : array, shape (sample, channel, unit)
        The same of the refits.

    Returns
    -------
    pandas.DataFrame
        Columns model, unit, channel, estimand, value, lower, upper: a 90% bootstrap interval.
    """
    data = question.dataset.data.isel(time=question.weeks)
    outcome, spend = data["outcome"].sum("time").values, data["spend"].sum("time").values
    units = list(layout.units)
    if len(units) > 1:
        units.append(WHOLE)
        point, sample = (np.concatenate([a, a.sum(-1, keepdims=True)], -1) for a in (point, sample))
        outcome, spend = np.append(outcome, outcome.sum()), np.vstack([spend, spend.sum(0)])
    two = name.startswith("two_stage_")
    rows = []
    for c, channel in enumerate(layout.channels):
        indirect = two and channel in layout.causes
        for u, unit in enumerate(units):
            parts = {
                "total": 1.0,
                "direct": 0.0 if indirect else 1.0,
                "indirect": 1.0 if indirect else 0.0,
                "contribution_share": 1 / outcome[u] if outcome[u] else np.nan,
                "roas": 1 / spend[u, c] if spend[u, c] > 0 else np.nan,
            }
            for estimand, factor in parts.items():
                low, high = np.quantile(factor * sample[:, c, u], INTERVAL)
                value = factor * point[c, u]
                rows.append((name, unit, channel, estimand, value, low, high))
    head = ["model", "unit", "channel", "estimand", "value", "lower", "upper"]
    return pd.DataFrame(rows, columns=head)


def best_move(gains: pd.DataFrame) -> tuple[str, str]:
    """Giver and taker of the transfer that a model thinks most of, at the larger part."""
    top = gains[gains["share"] == max(MOVES)].sort_values("gain", ascending=False).iloc[0]
    return str(top["from"]), str(top["to"])


def reallocation(
    name: str, model: Any, again: list[Any], question: Question, rows: Any
) -> pd.DataFrame:
    """What every transfer of money between two channels would have brought.

    Only the best is given its interval: it was picked for being the best, so its gain is likely to
    disappoint, and the interval does not know that.

    Parameters
    ----------
    name : str
        Of the model, in the table.
    model : fitted
    again : list
        The model on resampled weeks.
    question : Question
    rows : callable
        As `remembered` gives it.

    Returns
    -------
    pandas.DataFrame
        Columns model, from, to, share, gain, lower, upper, best.
    """
    options = moves(question)
    if not options:
        return pd.DataFrame()
    table = pd.DataFrame(
        [
            (name, *move, -change(model, question, factors, rows).sum())
            for move, factors in options.items()
        ],
        columns=["model", "from", "to", "share", "gain"],
    )
    giver, taker = best_move(table)
    table["best"] = (table["from"] == giver) & (table["to"] == taker)
    for at in table.index[table["best"]]:
        factors = options[(giver, taker, table.loc[at, "share"])]
        gains = [-change(one, question, factors, rows).sum() for one in again]
        table.loc[at, ["lower", "upper"]] = np.quantile(gains, INTERVAL)
    return table[["model", "from", "to", "share", "gain", "lower", "upper", "best"]]
