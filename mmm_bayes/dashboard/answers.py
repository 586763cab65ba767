"""Effects of spends and plans that a reader chooses, computed on a run's draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.decisions.limits import spend_limits
from mmm_bayes.decisions.moves import budget_moves, moves_table
from mmm_bayes.decisions.response import Response
from mmm_bayes.decisions.status_quo import BEYOND, extrapolation_ratios, split_by_unit
from mmm_bayes.estimands.curves import added_outcome, marginal_return
from mmm_bayes.estimands.intervals import summary_of
from mmm_bayes.model.counterfactual import Counterfactual
from mmm_bayes.text import Summary

Array = NDArray[Any]


@dataclass(frozen=True)
class SpendEffect:
    """Effect of a constant weekly spend of one channel.

    Attributes
    ----------
    total, direct : Summary
        Outcome added per week.
    marginal : Summary, optional
        Outcome added per week by one more unit of spend; None at no spend.
    """

    total: Summary
    direct: Summary
    marginal: Summary | None


@dataclass(frozen=True)
class PlanEffect:
    """Effect of a plan compared with going on as today.

    Attributes
    ----------
    gain : Summary
        Change of the outcome over the weeks of the plan.
    p_gain : float
        Probability that the gain is positive.
    table : pandas.DataFrame
        channel, spend_now, spend_plan, highest_sustained (money a week) and times_highest (the plan
        over the highest sustained spend, in the unit of a panel where it is largest).
    mediator : Summary, optional
        Weekly spend on a mediator that follows its causes, summed over units.
    """

    gain: Summary
    p_gain: float
    table: pd.DataFrame
    mediator: Summary | None

    @property
    def beyond(self) -> list[str]:
        """Channels that are sustained above what was ever observed."""
        beyond = self.table["times_highest"] > BEYOND
        return [str(name) for name in self.table.loc[beyond, "channel"]]


def spend_effect(fitted: Counterfactual, channel: str, amount: float) -> SpendEffect:
    """Effect of a constant weekly spend of a channel.

    Parameters
    ----------
    amount : float
        Money a week; exposure, of a channel that has no spend.
    """
    added = added_outcome(fitted, channel, np.array([amount]))
    return SpendEffect(
        summary_of(added.total[:, 0]),
        summary_of(added.direct[:, 0]),
        summary_of(marginal_return(fitted, channel, amount)) if amount > 0 else None,
    )


def plan_effect(response: Response, before: Array, money: dict[str, float]) -> PlanEffect:
    """Effect of weekly spends compared with today's.

    Parameters
    ----------
    before : array, shape (sample,)
        Outcome if all goes on as today.
    money : dict of str to float
        Weekly spend by channel, summed over units; a channel that is left out spends as today. The
        spend on a mediator that follows its causes is ignored.
    """
    design, start = response.design, response.status_quo
    now = start.spend.sum(0)
    channels = list(design.dataset.channels)
    chosen = [money.get(name, spend) for name, spend in zip(channels, now, strict=True)]
    spends = split_by_unit(start, np.array(chosen))
    outcome, mediator = response.value(spends)
    follows = response.policy == "caused"
    if follows:
        spends[:, design.mediator_index] = mediator.mean(0)
    gain = outcome - before
    table = pd.DataFrame(
        {
            "channel": channels,
            "spend_now": now,
            "spend_plan": spends.sum(0),
            "highest_sustained": start.highest.sum(0),
            "times_highest": extrapolation_ratios(start, spends).max(0),
        }
    )
    return PlanEffect(
        summary_of(gain),
        float((gain > 0).mean()),
        table[table["channel"].isin(design.dataset.paid)].reset_index(drop=True),
        summary_of(mediator.sum(1)) if follows else None,
    )


def small_steps(response: Response) -> tuple[pd.DataFrame, list[dict[str, float]]]:
    """Transfers of a twentieth and of a tenth of the budget to where it returns more.

    Returns
    -------
    tuple of pandas.DataFrame and list of dict
        The rows of ``moves.csv``, and the weekly spend by channel after each transfer.

    Raises
    ------
    InputError
        If the usual bounds lie beyond what was observed.
    """
    design, start = response.design, response.status_quo
    follows = design.mediator if response.policy == "caused" else None
    limit = spend_limits(design, start, lower={}, upper={}, follows=follows)
    moves = budget_moves(response, limit, response(start.spend))
    names = design.dataset.channels
    spends = [dict(zip(names, map(float, move.spends.sum(0)), strict=True)) for move in moves]
    return moves_table(moves), spends
