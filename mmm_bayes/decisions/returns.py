"""Average and marginal returns on spend, and flags of those that are not reliable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.decisions.outcome import PlanOutcome
from mmm_bayes.decisions.response import Response
from mmm_bayes.estimands.summary import INTERVAL, STATISTICS, summarise
from mmm_bayes.inference.runs import Run
from mmm_bayes.model.evaluation import flatten_draws
from mmm_bayes.text import number

Array = NDArray[Any]

#: Ratio of the ends of an interval that counts as wide.
WIDE = 10.0
#: Flagged ratio of the share of the contribution to the share of the spend, or its inverse.
DISPROPORTIONATE = 3.0
#: Ratio of the widths of posterior and prior interval above which the data are uninformative.
UNINFORMED = 0.8


def marginal_returns(response: Response, answer: PlanOutcome) -> Array:
    """Change of the outcome a week per unit of money a week, shape (sample, unit, channel).

    NaN for channels whose spend the plan does not choose.
    """
    decided = response.status_quo.buyable.copy()
    if response.policy == "caused":
        decided[:, response.design.mediator_index] = False
    return np.where(decided, answer.slope / response.horizon, np.nan)


def channel_margins(values: Array, spend: Array) -> Array:
    """Marginal returns of channels whose spend rises proportionally in all units.

    Parameters
    ----------
    values : array, shape (sample, unit, channel)
        As `marginal_returns` returns them.
    spend : array, shape (unit, channel)
        Money a week.

    Returns
    -------
    array, shape (sample, channel)
    """
    money = spend.sum(0)
    share = np.where(money > 0, spend / np.where(money > 0, money, 1.0), 1 / len(spend))
    return np.asarray((values * share).sum(1))


def returns_table(run: Run, direct: Array, total: Array, spend: Array) -> pd.DataFrame:
    """Average and marginal returns by channel, split into direct and indirect.

    Parameters
    ----------
    direct, total : array, shape (sample, channel)
        Marginal returns at the status quo, as `channel_margins` returns them: with the mediator's
        spend fixed, and following from its causes.
    spend : array, shape (channel,)
        Money over the fitted weeks.

    Returns
    -------
    pandas.DataFrame
        Columns unit, channel, estimand, mean, median, sd, lower, upper; ``roas_direct``,
        ``roas_indirect``, ``mroas_direct`` and ``mroas_indirect``. All units together.
    """
    draws = _whole(run.effects["draws"].to_dataset())
    channels = [str(name) for name in draws["channel"].values]
    rows = []
    for index, channel in enumerate(channels):
        if spend[index] <= 0:
            continue
        parts = {
            "roas_direct": flatten_draws(draws["direct"])[:, index] / spend[index],
            "roas_indirect": flatten_draws(draws["indirect"])[:, index] / spend[index],
            "mroas_direct": direct[:, index],
            "mroas_indirect": total[:, index] - direct[:, index],
        }
        rows += [
            (ALL_UNITS, channel, name, *summarise(values))
            for name, values in parts.items()
            if np.isfinite(values).all()
        ]
    return pd.DataFrame(rows, columns=["unit", "channel", "estimand", *STATISTICS])


def flags(run: Run, spend: Array) -> list[dict[str, str]]:
    """Returns that are not reliable, each with its reason.

    Parameters
    ----------
    spend : array, shape (channel,)
        Money over the fitted weeks.

    Returns
    -------
    list of dict
        Keys channel, flag ("wide", "zero", "share" or "prior") and message.
    """
    draws, prior = (_whole(run.effects[name].to_dataset()) for name in ("draws", "prior"))
    paid = np.flatnonzero(spend > 0)
    total = flatten_draws(draws["total"])[:, paid]
    together = total.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = (total / together) / (spend[paid] / spend[paid].sum())
    records = []
    for column, index in enumerate(paid):
        channel = str(draws["channel"].values[index])
        lower, upper = np.quantile(total[:, column] / spend[index], INTERVAL)

        def flag(name: str, message: str, channel: str = channel) -> None:
            records.append({"channel": channel, "flag": name, "message": f"{channel}: {message}"})

        interval = f"its 90% interval is {number(lower)} to {number(upper)}"
        if lower <= 0:
            flag("zero", f"{interval}, so the return may be zero.")
        elif upper > WIDE * lower:
            flag("wide", f"{interval}, more than an order of magnitude.")
        low, middle, high = np.quantile(relative[:, column], [INTERVAL[0], 0.5, INTERVAL[1]])
        if (middle > DISPROPORTIONATE and low > 1) or (middle < 1 / DISPROPORTIONATE and high < 1):
            flag(
                "share",
                "its share of the media contribution is "
                f"{number(middle, digits=2)} times its share of the spend ({number(low, digits=2)} "
                f"to {number(high, digits=2)}), which is more likely an error of the model than of "
                "the planner.",
            )
        before = np.quantile(
            _finite(flatten_draws(prior["total"])[:, index]) / spend[index], INTERVAL
        )
        if upper - lower > UNINFORMED * (before[1] - before[0]):
            flag(
                "prior",
                f"{interval}, hardly narrower than the prior's ({number(before[0])} to "
                f"{number(before[1])}): the return rests on the prior, not on the data.",
            )
    return records


def _finite(values: Array) -> Array:
    return values[np.isfinite(values)]


def _whole(draws: xr.Dataset) -> xr.Dataset:
    """Draws summed over units."""
    units = [str(unit) for unit in draws["unit"].values]
    return draws.isel(unit=units.index(ALL_UNITS) if ALL_UNITS in units else 0)
