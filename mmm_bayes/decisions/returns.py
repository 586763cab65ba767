"""What a unit of money brings, on average and at the margin, and which of these not to believe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.decisions.answer import Answer, Answers
from mmm_bayes.estimands.summary import INTERVAL, STATISTICS, summarise
from mmm_bayes.evaluation import flat
from mmm_bayes.runs import Run

Array = NDArray[Any]

#: An interval whose upper end is so many times the lower one spans an order of magnitude.
WIDE = 10.0
#: Share of the contribution over share of the spend that is odd, or whose inverse is.
ODD = 3.0
#: Share of the prior interval's width above which the data have hardly narrowed a return.
UNMOVED = 0.8


def margins(response: Answers, answer: Answer) -> Array:
    """What a unit of money more a week brings a week, shape (sample, unit, channel).

    NaN for a channel that is not decided.
    """
    decided = response.today.buyable.copy()
    if response.how == "caused":
        decided[:, response.design.mediator_at] = False
    return np.where(decided, answer.slope / response.horizon, np.nan)


def of_channel(values: Array, spend: Array) -> Array:
    """Margins when all units' spends of a channel rise in proportion, shape (sample, channel).

    Parameters
    ----------
    values : array, shape (sample, unit, channel)
        As `margins` gives them.
    spend : array, shape (unit, channel)
        Money a week.
    """
    money = spend.sum(0)
    share = np.where(money > 0, spend / np.where(money > 0, money, 1.0), 1 / len(spend))
    return np.asarray((values * share).sum(1))


def returns_table(run: Run, direct: Array, total: Array, spend: Array) -> pd.DataFrame:
    """Average and marginal returns, each split into its two paths.

    Parameters
    ----------
    run : Run
    direct, total : array, shape (sample, channel)
        Marginal returns at today's spends, as `of_channel` gives them: the mediator held where it
        is, and following.
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
    for at, channel in enumerate(channels):
        if spend[at] <= 0:
            continue
        parts = {
            "roas_direct": flat(draws["direct"])[:, at] / spend[at],
            "roas_indirect": flat(draws["indirect"])[:, at] / spend[at],
            "mroas_direct": direct[:, at],
            "mroas_indirect": total[:, at] - direct[:, at],
        }
        rows += [
            (WHOLE, channel, name, *summarise(values))
            for name, values in parts.items()
            if np.isfinite(values).all()
        ]
    return pd.DataFrame(rows, columns=["unit", "channel", "estimand", *STATISTICS])


def flags(run: Run, spend: Array) -> list[dict[str, str]]:
    """Returns that should not be taken at face value, each with its reason.

    Parameters
    ----------
    run : Run
    spend : array, shape (channel,)
        Money over the fitted weeks.

    Returns
    -------
    list of dict
        channel, flag ("wide", "zero", "share" or "prior") and says.
    """
    draws, prior = (_whole(run.effects[name].to_dataset()) for name in ("draws", "prior"))
    paid = np.flatnonzero(spend > 0)
    total = flat(draws["total"])[:, paid]
    together = total.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = (total / together) / (spend[paid] / spend[paid].sum())
    found = []
    for place, at in enumerate(paid):
        channel = str(draws["channel"].values[at])
        lower, upper = np.quantile(total[:, place] / spend[at], INTERVAL)

        def flag(name: str, says: str, channel: str = channel) -> None:
            found.append({"channel": channel, "flag": name, "says": f"{channel}: {says}"})

        said = f"its 90% interval runs from {lower:.3g} to {upper:.3g}"
        if lower <= 0:
            flag("zero", f"{said}, so the return may be nothing at all.")
        elif upper > WIDE * lower:
            flag("wide", f"{said}, more than an order of magnitude.")
        low, middle, high = np.quantile(relative[:, place], [INTERVAL[0], 0.5, INTERVAL[1]])
        if (middle > ODD and low > 1) or (middle < 1 / ODD and high < 1):
            flag(
                "share",
                f"its share of what media bring is {middle:.2g} times its share of the spend "
                f"({low:.2g} to {high:.2g}); a planner rarely errs that much, a model may.",
            )
        before = np.quantile(_finite(flat(prior["total"])[:, at]) / spend[at], INTERVAL)
        if upper - lower > UNMOVED * (before[1] - before[0]):
            flag(
                "prior",
                f"{said}, hardly narrower than before any data ({before[0]:.3g} to "
                f"{before[1]:.3g}): the return is the prior's, not the table's.",
            )
    return found


def _finite(values: Array) -> Array:
    return values[np.isfinite(values)]


def _whole(draws: xr.Dataset) -> xr.Dataset:
    """All units together."""
    units = [str(unit) for unit in draws["unit"].values]
    return draws.isel(unit=units.index(WHOLE) if WHOLE in units else 0)
