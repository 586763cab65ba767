"""The weeks that a plan is judged by, and the exposure in them.

Before a plan stand the last weeks of the table, whose carryover reaches into it; after it stand as
many of today's mean weeks as the plan's own carryover reaches, so that nothing it causes is lost.
In the middle of a long plan nothing changes: one of those weeks stands for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.decisions.answer import How
from mmm_bayes.decisions.today import Today
from mmm_bayes.design import Design
from mmm_bayes.transforms import lagged

Array = NDArray[Any]


@dataclass(frozen=True)
class Weeks:
    """Weeks that are evaluated, and their exposure as a function of the spends.

    Attributes
    ----------
    repeats : array, shape (week,)
        How many weeks each stands for.
    decided : array, shape (unit, channel) of bool
        Whose spends the plan sets.
    fixed : array, shape (week, unit, channel, lag)
        Exposure, in active means, that is there whatever is planned.
    rates : array, shape (week, unit, channel, lag)
        Exposure that a unit of money a week adds: `fixed + rates * spends` is a plan's.
    now : array, shape (week, unit, channel, lag)
        Exposure if every week were today's.
    """

    repeats: Array
    decided: Array
    fixed: Array
    rates: Array
    now: Array

    def __len__(self) -> int:
        return len(self.repeats)


def plan_weeks(design: Design, start: Today, *, horizon: int, how: How) -> Weeks:
    """The weeks of plans of one length.

    Parameters
    ----------
    design : Design
    start : Today
    horizon : int
        Weeks of a plan.
    how : {"planner", "caused"}
    """
    max_lag = design.form.max_lag
    # What a cause does to the mediator comes late, and what that does to the outcome later still.
    reach = (max_lag - 1) * (2 if how == "caused" else 1)
    planned = min(horizon, reach + 1)
    weeks = planned + reach
    repeats = np.ones(weeks)
    repeats[planned - 1] += horizon - planned

    decided = start.buyable.copy()
    if how == "caused":
        decided[:, design.mediator_at] = False
    now = np.concatenate([start.history, np.broadcast_to(start.exposure, (weeks, *decided.shape))])
    path, during = now.copy(), np.zeros(len(now))
    inside = slice(max_lag - 1, max_lag - 1 + planned)
    path[inside] = np.where(decided, 0.0, path[inside])
    during[inside] = 1.0
    return Weeks(
        repeats=repeats,
        decided=decided,
        fixed=lagged(path, max_lag),
        rates=lagged(during, max_lag)[:, None, None, :] * (start.rate * decided)[:, :, None],
        now=lagged(now, max_lag),
    )


def price(start: Today, at: int) -> Array:
    """Money for an active mean of a channel's exposure, shape (unit,); 0 where none is sold.

    Parameters
    ----------
    start : Today
    at : int
        Position of the channel.
    """
    rate = start.rate[:, at]
    return np.where(rate > 0, 1 / np.where(rate > 0, rate, 1.0), 0.0)
