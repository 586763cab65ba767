"""The week that a plan starts from: the mean of the last 52, in money and in all else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.design import Design, data_names

Array = NDArray[Any]

YEAR = 52


@dataclass(frozen=True)
class Today:
    """The mean of the last 52 weeks (of all, in a shorter table).

    Attributes
    ----------
    spend : array, shape (unit, channel)
        Money a week.
    exposure : array, shape (unit, channel)
        In active means, the unit of the model's exposures.
    rate : array, shape (unit, channel)
        Exposure in active means that a unit of money buys: over those weeks, or over the whole
        table where nothing was spent in them; 0 where nothing was ever spent.
    highest : array, shape (unit, channel)
        Largest spend of a week in the fitted weeks.
    history : array, shape (max_lag - 1, unit, channel)
        Exposure of the last weeks, in active means: what carries over into a plan.
    week : dict of str to array
        Data nodes of one week whose covariates are at the mean of those weeks, time first.
    """

    spend: Array
    exposure: Array
    rate: Array
    highest: Array
    history: Array
    week: dict[str, Array]

    @property
    def buyable(self) -> Array:
        """Where money buys anything, shape (unit, channel) of bool."""
        return self.rate > 0


def today(design: Design) -> Today:
    """The mean of the last 52 weeks that were fitted.

    Parameters
    ----------
    design : Design
    """
    fitted = design.dataset.data.isel(time=design.weeks)
    spend, exposure = fitted["spend"].values, fitted["exposure"].values / design.scaling.exposure
    last = slice(-YEAR, None)
    money, bought = spend[last].sum(0), exposure[last].sum(0)
    idle = money == 0
    path = design.observed_path
    money, bought = np.where(idle, spend.sum(0), money), np.where(idle, exposure.sum(0), bought)
    return Today(
        spend=spend[last].mean(0),
        exposure=exposure[last].mean(0),
        rate=np.where(money > 0, bought / np.where(money > 0, money, 1.0), 0.0),
        highest=spend.max(0),
        history=path[len(path) - design.form.max_lag + 1 :],
        week=_mean_week(design, last),
    )


def split(start: Today, money: Array) -> Array:
    """Weekly spends of channels, shared out to units as today's are, shape (unit, channel).

    Parameters
    ----------
    start : Today
    money : array, shape (channel,)
        Summed over units. Of a channel without a spend today, units get equal parts.
    """
    now = start.spend.sum(0)
    ran = now > 0
    # A factor, not a share: today's money is today's spends to the last digit.
    return np.where(ran, start.spend * (money / np.where(ran, now, 1.0)), money / len(start.spend))


def reach(start: Today, spends: Array) -> Array:
    """Spends in multiples of the highest observed week, shape (unit, channel); 0 if none was.

    Parameters
    ----------
    start : Today
    spends : array, shape (unit, channel)
        Money a week.
    """
    ran = start.highest > 0
    return np.where(ran, spends / np.where(ran, start.highest, 1.0), 0.0)


def _mean_week(design: Design, last: slice) -> dict[str, Array]:
    """Data of one week: the mean of some, but as late as the last of them.

    Where effects change over time, the weeks to come have those of the last week.
    """
    arrays = design.arrays[data_names(design)]
    week = {
        str(name): values.values[last].mean(0, keepdims=True)
        if "time" in values.dims
        else values.values
        for name, values in arrays.items()
        if name != "exposure_lags"
    }
    return week | {"elapsed": arrays["elapsed"].values[-1:]}
