"""What the pages ask of a run's draws; every answer is the library's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm_bayes.arithmetic import Arithmetic, Array
from mmm_bayes.decisions.limits import limits
from mmm_bayes.decisions.moving import moves, moves_table
from mmm_bayes.decisions.saved import Saved
from mmm_bayes.decisions.today import reach, split
from mmm_bayes.estimands.spending import added, marginal_return
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.report.words import Summary


@dataclass(frozen=True)
class Spent:
    """What a constant weekly amount of one channel does.

    Attributes
    ----------
    total, direct : Summary
        Outcome added per week.
    marginal : Summary, optional
        What one more unit of it adds per week; None at no amount.
    """

    total: Summary
    direct: Summary
    marginal: Summary | None


@dataclass(frozen=True)
class Planned:
    """What a plan does against going on as today.

    Attributes
    ----------
    gain : Summary
        Change of the outcome, over the plan and all it carries over.
    p_gain : float
        Probability that it is above 0.
    table : pandas.DataFrame
        channel, spend_now, spend_plan, highest_observed (money a week) and times_highest, in the
        unit of a panel that goes furthest.
    mediator : Summary, optional
        Weekly spend on a mediator that follows its causes, summed over units.
    """

    gain: Summary
    p_gain: float
    table: pd.DataFrame
    mediator: Summary | None

    @property
    def beyond(self) -> list[str]:
        """Channels that spend more in a week than was ever observed."""
        return [str(name) for name in self.table.query("times_highest > 1")["channel"]]


def at_spend(model: Arithmetic, channel: str, amount: float) -> Spent:
    """What a constant weekly amount of a channel adds, and what more of it would.

    Parameters
    ----------
    model : Arithmetic
    channel : str
    amount : float
        Money a week (exposure, of a channel that costs nothing).
    """
    found = added(model, channel, np.array([amount]))
    return Spent(
        summary(found.total[:, 0]),
        summary(found.direct[:, 0]),
        summary(marginal_return(model, channel, amount)) if amount > 0 else None,
    )


def planned(answers: Saved, before: Array, money: dict[str, float]) -> Planned:
    """What weekly spends bring against today's.

    Parameters
    ----------
    answers : Saved
    before : array, shape (sample,)
        The outcome if all goes on as today.
    money : dict of str to float
        Weekly spend by channel, summed over units; today's of those left out. Of a mediator that
        follows its causes, none is wanted.
    """
    design, start = answers.design, answers.today
    now = start.spend.sum(0)
    channels = list(design.dataset.channels)
    spends = split(start, np.array([money.get(name, now[at]) for at, name in enumerate(channels)]))
    outcome, mediator = answers.outcome(spends)
    follows = answers.how == "caused"
    if follows:
        spends[:, design.mediator_at] = mediator.mean(0)
    gain = outcome.sum(1) - before
    rows = [
        (name, now[at], spends[:, at].sum(), start.highest[:, at].sum(), far)
        for at, (name, far) in enumerate(zip(channels, reach(start, spends).max(0), strict=True))
        if name in design.dataset.paid
    ]
    columns = ["channel", "spend_now", "spend_plan", "highest_observed", "times_highest"]
    return Planned(
        summary(gain),
        float((gain > 0).mean()),
        pd.DataFrame(rows, columns=columns),
        summary(mediator.sum(1)) if follows else None,
    )


def small_steps(answers: Saved) -> tuple[pd.DataFrame, list[dict[str, float]]]:
    """A twentieth and a tenth of the budget moved to where it returns more.

    Returns
    -------
    tuple of pandas.DataFrame and list of dict
        The rows of ``moves.csv``, and each one's weekly spend by channel.

    Raises
    ------
    InputError
        If the usual bounds lie beyond what was observed.
    """
    design, start = answers.design, answers.today
    follows = design.mediator if answers.how == "caused" else None
    limit = limits(design, start, lower={}, upper={}, follows=follows)
    made = moves(answers, limit, answers(start.spend))
    names = design.dataset.channels
    spends = [dict(zip(names, map(float, move.spends.sum(0)), strict=True)) for move in made]
    return moves_table(made), spends


def summary(draws: Array) -> Summary:
    """Mean and 90% interval of draws, shape (sample,).

    Parameters
    ----------
    draws : array, shape (sample,)
    """
    told = dict(zip(STATISTICS, summarise(draws), strict=True))
    return Summary(float(told["mean"]), float(told["lower"]), float(told["upper"]))
