"""Effects of channels in a classical model, by the counterfactual of the Bayesian models.

A channel's total effect is the outcome less the counterfactual outcome of the same weeks if the
channel had never run, summed over the weeks. Its carryover is removed too; saturation and the
mediator of a two-stage model respond. The effect of all media together is that of switching off all
channels at once; in trees, under the log link and with a mediator it is not the sum of the totals.

Each week keeps its own disturbance: under the identity link the effect is the change of the
prediction, and under the log link the observed outcome times one less the ratio of the predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from mmm_bayes.baselines.rows import WEEK, Layout, build_rows
from mmm_bayes.data import Dataset
from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.data.profiles import constant_channels
from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

#: Shares of a channel's spend that are transferred to another.
TRANSFER_SHARES = (0.05, 0.10)


@dataclass(frozen=True)
class CounterfactualWeeks:
    """Weeks of a table, and their rows under counterfactual exposures.

    Attributes
    ----------
    link : {"identity", "log"}
    """

    dataset: Dataset
    weeks: slice
    link: str

    def rows(self, factors: Mapping[str, float] | None = None) -> Array:
        """Rows of these weeks, with the exposures of some channels multiplied.

        Parameters
        ----------
        factors : mapping
            Factor on each channel's exposure; 1 for channels that are left out.
        """
        X = build_rows(self.dataset, factors)
        return X[(X[:, WEEK] >= self.weeks.start) & (X[:, WEEK] < self.weeks.stop)]

    @property
    def outcome(self) -> Array:
        """Observed outcome of the same rows, shape (row,)."""
        return np.asarray(self.dataset.data["outcome"].values[self.weeks].ravel())

    @property
    def units(self) -> int:
        """Number of units of the table."""
        return int(self.dataset.data.sizes["unit"])

    @property
    def spend(self) -> pd.Series:
        """Spend of each channel over these weeks, summed over units."""
        total = self.dataset.data["spend"].isel(time=self.weeks).sum(("time", "unit"))
        return pd.Series(total.values, index=list(self.dataset.channels))


def budget_transfers(weeks: CounterfactualWeeks) -> dict[tuple[str, str, float], dict[str, float]]:
    """Transfers of a share of one paid channel's spend to another, as factors on exposure.

    No weeks tell what a channel that never changes would lose or gain, so none is to or from it.
    The keys are the channel that gives, the channel that receives, and the share.
    """
    spend = weeks.spend
    constant = constant_channels(weeks.dataset)
    paid = [name for name in weeks.dataset.paid if spend[name] > 0 and name not in constant]
    return {
        (giver, taker, share): {giver: 1 - share, taker: 1 + share * spend[giver] / spend[taker]}
        for giver in paid
        for taker in paid
        for share in TRANSFER_SHARES
        if giver != taker
    }


def outcome_change(
    model: Any, weeks: CounterfactualWeeks, factors: Mapping[str, float], rows: Any
) -> Array:
    """Outcome at the observed exposures less outcome at the counterfactual ones.

    Parameters
    ----------
    model : ShareRegression or TwoStageRegression
        Fitted.
    factors : mapping
        Factor on each channel's exposure; 1 for channels that are left out.
    rows : callable
        From factors to rows: `cached_rows` of the weeks.

    Returns
    -------
    array, shape (unit,)
        Summed over the weeks.
    """
    fact, other = model.predict(rows({})), model.predict(rows(factors))
    change = weeks.outcome * (1 - other / fact) if weeks.link == "log" else fact - other
    return np.asarray(change.reshape(-1, weeks.units).sum(0))


def cached_rows(weeks: CounterfactualWeeks) -> Callable[[Mapping[str, float]], Array]:
    """`CounterfactualWeeks.rows` with a cache, so that each set of rows is built once."""
    cache: dict[tuple[tuple[str, float], ...], Array] = {}

    def rows(factors: Mapping[str, float]) -> Array:
        key = tuple(sorted(factors.items()))
        if key not in cache:
            cache[key] = weeks.rows(factors)
        return cache[key]

    return rows


def total_effects(model: Any, weeks: CounterfactualWeeks, rows: Any) -> Array:
    """Total effect of every channel, and of all channels together.

    Parameters
    ----------
    model : ShareRegression or TwoStageRegression
        Fitted.
    rows : callable
        `cached_rows` of the weeks.

    Returns
    -------
    array, shape (channel + 1, unit)
        In units of the outcome, summed over the weeks; the last row is that of all channels.
    """
    channels = weeks.dataset.channels
    switched_off = [*([name] for name in channels), channels]
    return np.stack(
        [outcome_change(model, weeks, dict.fromkeys(off, 0.0), rows) for off in switched_off]
    )


def block_bootstrap(X: Array, *, number: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Indices of rows of the moving-block bootstrap, in the order of their weeks.

    Blocks of consecutive weeks are drawn with replacement; all units of a week stay together.
    Source: Künsch (1989), *The jackknife and the bootstrap for general stationary observations*.

    Parameters
    ----------
    X : array, shape (row, column)
        Rows of `build_rows`.
    number : int
        Number of bootstrap samples.
    """
    rng = np.random.default_rng(seed)
    weeks = np.unique(X[:, WEEK])
    rows_of_week = [np.flatnonzero(X[:, WEEK] == week) for week in weeks]
    block = block_length(len(weeks))
    for _ in range(number):
        starts = rng.integers(0, len(weeks) - block + 1, -(-len(weeks) // block))
        drawn = (starts[:, None] + np.arange(block)).ravel()[: len(weeks)]
        yield np.concatenate([rows_of_week[week] for week in np.sort(drawn)])


def block_length(weeks: int) -> int:
    """Weeks in a block of the bootstrap: the cube root of all weeks.

    Parameters
    ----------
    weeks : int
        Weeks of the table.
    """
    return max(1, round(weeks ** (1 / 3)))


def bootstrap_refits(model: Any, X: Array, y: Array, *, number: int, seed: int) -> Iterator[Any]:
    """The model with its tuned hyperparameters, fitted to bootstrap samples of the weeks.

    Parameters
    ----------
    model : ShareRegression or TwoStageRegression
        Cloned, and not changed.
    X : array, shape (row, column)
        Rows of `build_rows`.
    y : array, shape (row,)
    number : int
        Number of bootstrap samples.
    """
    for rows in block_bootstrap(X, number=number, seed=seed):
        yield clone(model).fit(X[rows], y[rows])


def contribution_table(
    name: str, weeks: CounterfactualWeeks, layout: Layout, point: Array, sample: Array
) -> pd.DataFrame:
    """Tidy table of a model's effects and returns.

    In a two-stage model the causes act through the mediator alone; in the others every channel has
    a direct effect only. A channel that never changes is a part of the level, from which no
    regression can tell its effect: it has none here, which is not 0, and neither have all media.

    Parameters
    ----------
    name : str
        Name of the model.
    point : array, shape (channel + 1, unit)
        As `total_effects` returns them.
    sample : array, shape (sample, channel + 1, unit)
        The same of the bootstrap refits.

    Returns
    -------
    pandas.DataFrame
        Columns model, unit, channel, estimand, value, lower, upper: a 90% bootstrap interval. All
        channels together are the channel `ALL_MEDIA`, with a total, a share and a return.
    """
    data = weeks.dataset.data.isel(time=weeks.weeks)
    outcome, spend = data["outcome"].sum("time").values, data["spend"].sum("time").values
    units = list(layout.units)
    if len(units) > 1:
        units.append(ALL_UNITS)
        point, sample = (np.concatenate([a, a.sum(-1, keepdims=True)], -1) for a in (point, sample))
        outcome, spend = np.append(outcome, outcome.sum()), np.vstack([spend, spend.sum(0)])
    two_stage = name.startswith("two_stage_")
    rows = []
    spend = np.column_stack([spend, spend.sum(-1)])
    constant = np.isin(layout.channels, constant_channels(weeks.dataset))
    known = np.where([*constant, constant.any()], np.nan, 1.0)
    point, sample = (values * known[:, None] for values in (point, sample))
    for c, channel in enumerate([*layout.channels, ALL_MEDIA]):
        indirect = two_stage and channel in layout.causes
        paths = {"direct": 0.0 if indirect else 1.0, "indirect": 1.0 if indirect else 0.0}
        for u, unit in enumerate(units):
            parts = {
                "total": 1.0,
                **({} if channel == ALL_MEDIA else paths),
                "contribution_share": 1 / outcome[u] if outcome[u] else np.nan,
                "roas": 1 / spend[u, c] if spend[u, c] > 0 else np.nan,
            }
            for estimand, factor in parts.items():
                low, high = np.quantile(factor * sample[:, c, u], INTERVAL)
                value = factor * point[c, u]
                rows.append((name, unit, channel, estimand, value, low, high))
    head = ["model", "unit", "channel", "estimand", "value", "lower", "upper"]
    return pd.DataFrame(rows, columns=head)


def best_transfer(gains: pd.DataFrame) -> tuple[str, str]:
    """The two channels of the transfer with the largest gain, at the larger share.

    Parameters
    ----------
    gains : pandas.DataFrame
        Columns from, to, share and gain.
    """
    top = gains[gains["share"] == max(TRANSFER_SHARES)].sort_values("gain", ascending=False).iloc[0]
    return str(top["from"]), str(top["to"])


def reallocation_table(
    name: str, model: Any, refits: list[Any], weeks: CounterfactualWeeks, rows: Any
) -> pd.DataFrame:
    """Gain of every transfer of spend between two channels.

    Only the best transfer has an interval. As it was selected for its estimated gain, the estimate
    is biased upwards, and the interval does not allow for that.

    Parameters
    ----------
    name : str
        Name of the model, in the table.
    model : ShareRegression or TwoStageRegression
        Fitted.
    refits : list
        The model fitted to bootstrap samples.
    rows : callable
        `cached_rows` of the weeks.

    Returns
    -------
    pandas.DataFrame
        Columns model, from, to, share, gain, lower, upper, best.
    """
    transfers = budget_transfers(weeks)
    if not transfers:
        return pd.DataFrame()
    table = pd.DataFrame(
        [
            (name, *transfer, -outcome_change(model, weeks, factors, rows).sum())
            for transfer, factors in transfers.items()
        ],
        columns=["model", "from", "to", "share", "gain"],
    )
    giver, taker = best_transfer(table)
    table["best"] = (table["from"] == giver) & (table["to"] == taker)
    for index in table.index[table["best"]]:
        factors = transfers[(giver, taker, table.loc[index, "share"])]
        gains = [-outcome_change(refit, weeks, factors, rows).sum() for refit in refits]
        table.loc[index, ["lower", "upper"]] = np.quantile(gains, INTERVAL)
    return table[["model", "from", "to", "share", "gain", "lower", "upper", "best"]]
