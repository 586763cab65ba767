"""Status quo of a plan: the last weeks as they were, with their flights and what they carried.

A plan multiplies each channel's spends of those weeks by a factor, so its pattern over time stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.data.lags import lag_matrix
from mmm_bayes.errors import InputError
from mmm_bayes.model.transforms import load_transform
from mmm_bayes.model.transforms.adstock import carry_over

Array = NDArray[Any]

#: A ratio of spends above it is beyond the highest that was sustained; today's may be the highest.
BEYOND = 1 + 1e-9


@dataclass(frozen=True)
class StatusQuo:
    """The last fitted weeks as they were, as many as a plan has.

    Attributes
    ----------
    weeks : slice
        Their rows among the fitted weeks.
    spend : array, shape (unit, channel)
        Mean money a week.
    profile : array, shape (week, unit, channel)
        Money of each week over the mean; 1 for a channel without spend in these weeks, whose plan
        is a constant spend.
    rate : array, shape (week, unit, channel)
        Exposure of each week, in active means, per unit of the mean spend. Of a channel without
        spend in these weeks it is the mean of all fitted weeks; 0 without any spend.
    price : array, shape (unit, channel)
        Money per active mean of exposure; 0 without any spend.
    fixed : array, shape (week, unit, channel)
        Exposure that no money buys, in active means.
    highest : array, shape (unit, channel)
        Mean spend of these weeks at which their highest carried exposure would be the highest of
        all fitted weeks, by the posterior mean of the carryover.
    """

    weeks: slice
    spend: Array
    profile: Array
    rate: Array
    price: Array
    fixed: Array
    highest: Array

    @property
    def calendar(self) -> Array:
        """Money of each week, shape (week, unit, channel)."""
        return self.profile * self.spend

    @property
    def buyable(self) -> Array:
        """True where money buys exposure, shape (unit, channel)."""
        return self.price > 0


def compute_status_quo(design: Design, draws: xr.Dataset, horizon: int | None = None) -> StatusQuo:
    """Status quo from the last fitted weeks.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, ...)
        Posterior of the parameters of carryover.
    horizon : int, optional
        Number of weeks; a year by default, or all fitted weeks if they are fewer.

    Raises
    ------
    InputError
        If there are not as many fitted weeks.
    """
    number = design.arrays.sizes["time"]
    step = design.dataset.step
    if horizon is None:
        horizon = min(step.per_year, number)
    if horizon > number:
        raise InputError(
            f"--horizon {horizon}: a plan repeats the last {step.plural} as they were, and the run "
            f"has only {step.count(number)}; give {number} or less"
        )
    weeks = slice(number - horizon, number)
    table = design.dataset.data.isel(time=design.weeks)
    spend, exposure = table["spend"].values, table["exposure"].values / design.scaling.exposure
    money, bought = spend[weeks].mean(0), exposure[weeks]
    idle = money == 0
    # Prices are those of these weeks, where there was a spend, and of all fitted weeks elsewhere.
    paid, amount = (
        np.where(idle, whole.sum(0), whole[weeks].sum(0)) for whole in (spend, exposure)
    )
    known = (paid > 0) & (amount > 0)
    mean_rate = np.where(known, amount / np.where(known, paid, 1.0), 0.0)
    divisor = np.where(idle, 1.0, money)
    rate = np.where(idle, mean_rate, bought / divisor)
    fixed = np.where(idle, bought, 0.0)
    return StatusQuo(
        weeks=weeks,
        spend=money,
        profile=np.where(idle, 1.0, spend[weeks] / divisor),
        rate=rate,
        price=np.where(known, paid / np.where(known, amount, 1.0), 0.0),
        fixed=fixed,
        highest=_highest_spend(design, draws, weeks, fixed, rate),
    )


def last_year(design: Design) -> slice:
    """The fitted weeks of the last year; all of them if they are fewer."""
    return slice(-design.dataset.step.per_year, None)


def plan_lags(design: Design, start: StatusQuo, planned: Array) -> tuple[Array, Array]:
    """Lagged exposure of a plan's weeks as a linear function of its spends.

    Parameters
    ----------
    planned : array, shape (unit, channel) of bool
        Spends that the plan sets; the other channels' exposure stays as it was.

    Returns
    -------
    fixed, rates : array, shape (week, unit, channel, lag)
        The exposure of a plan is ``fixed + rates * spends``, in active means; what was spent before
        the plan carries over into it.
    """
    max_lag, path = design.form.max_lag, design.observed_path
    history, inside = np.split(path[-(max_lag - 1 + len(start.rate)) :], [max_lag - 1])
    fixed = np.where(planned, start.fixed, inside)
    rates = np.where(planned, start.rate, 0.0)
    return (
        lag_matrix(np.concatenate([history, fixed]), max_lag),
        lag_matrix(np.concatenate([np.zeros_like(history), rates]), max_lag),
    )


def split_by_unit(start: StatusQuo, money: Array) -> Array:
    """Spends of channels, split between units as in the status quo, shape (unit, channel).

    Parameters
    ----------
    money : array, shape (channel,)
        Money a week, summed over units. A channel without spend is split equally.
    """
    now = start.spend.sum(0)
    paid = now > 0
    # A factor and not a share, so that the status quo is reproduced exactly.
    factor = money / np.where(paid, now, 1.0)
    return np.where(paid, start.spend * factor, money / len(start.spend))


def extrapolation_ratios(start: StatusQuo, spends: Array) -> Array:
    """Spends over the highest that was sustained, shape (unit, channel); 0 if none was.

    Parameters
    ----------
    spends : array, shape (unit, channel)
        Money a week.
    """
    sustained = start.highest > 0
    return np.where(sustained, spends / np.where(sustained, start.highest, 1.0), 0.0)


def _highest_spend(
    design: Design, draws: xr.Dataset, weeks: slice, fixed: Array, rate: Array
) -> Array:
    """Attribute `highest` of a status quo, shape (unit, channel)."""
    adstock = load_transform("adstock", design.form.adstock)
    names = (f"unit_{name}" if f"unit_{name}" in draws else name for name in adstock.node_names())
    means = [draws[name].mean(("chain", "draw")).values for name in names]
    carryover = adstock.function(*means, design.form.max_lag)
    observed = carry_over(design.arrays["exposure_lags"].values, carryover).max(0)
    max_lag, path = design.form.max_lag, design.observed_path
    history = path[weeks.start : weeks.start + max_lag - 1]
    inherited, bought = (
        carry_over(lag_matrix(np.concatenate([before, inside]), max_lag), carryover)
        for before, inside in ((history, fixed), (np.zeros_like(history), rate))
    )
    reached = np.where(
        bought > 0, (observed - inherited) / np.where(bought > 0, bought, 1.0), np.inf
    )
    highest = reached.min(0)
    return np.where(np.isfinite(highest), highest, 0.0)
