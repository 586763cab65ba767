"""A small step instead of an optimum: money from the lowest marginal returns to the highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.decisions.answer import Answer, Answers
from mmm_bayes.decisions.limits import Limits
from mmm_bayes.decisions.planning import gain_summary
from mmm_bayes.decisions.returns import margins, of_channel

Array = NDArray[Any]

#: Parts of the budget that are moved.
SHARES = (0.05, 0.10)


@dataclass(frozen=True)
class Move:
    """Money moved between channels.

    Attributes
    ----------
    share : float
        Of today's spend, that was moved: less than wanted where the bounds allow no more.
    sources, targets : tuple of str
        Channels.
    spends : array, shape (unit, channel)
    gain : array, shape (sample,)
        Over the horizon, against today's spends.
    """

    share: float
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    spends: Array
    gain: Array


def moves(response: Answers, limit: Limits, before: Answer) -> list[Move]:
    """Move some per cent of today's spend, channel by channel as far as the bounds go.

    Parameters
    ----------
    response : Response
    limit : Limits
    before : Answer
        To today's spends.
    """
    made = []
    for share in SHARES:
        spends, moved = _moved(response, limit, before, share)
        change = (spends - response.today.spend).sum(0)
        names = np.array(response.design.dataset.channels)
        gain = response.total(spends) - before.outcome
        small = 1e-9 * response.today.spend.sum()
        made.append(
            Move(moved, tuple(names[change < -small]), tuple(names[change > small]), spends, gain)
        )
    return made


def moves_table(made: Sequence[Move]) -> pd.DataFrame:
    """The rows of ``moves.csv``: share, from, to, p_gain, and mean and interval of the gain."""
    return pd.DataFrame(
        [
            {"share": round(float(move.share), 6), "from": ", ".join(move.sources),
             "to": ", ".join(move.targets)}
            | gain_summary(move.gain) | {"p_gain": float((move.gain > 0).mean())}
            for move in made
        ]
    )  # fmt: skip


def _moved(response: Answers, limit: Limits, before: Answer, share: float) -> tuple[Array, float]:
    now = response.today.spend
    low, high = (np.where(limit.decided, ends, now) for ends in (limit.lower, limit.upper))
    given, taken = (now - low).clip(0).sum(0), (high - now).clip(0).sum(0)
    means = of_channel(margins(response, before), now).mean(0)
    order = [int(at) for at in np.argsort(means) if np.isfinite(means[at]) and now[:, at].sum() > 0]
    change = np.zeros(now.shape[1])
    wanted = share * now.sum()
    sources, targets, moved = list(order), list(reversed(order)), 0.0
    for source in sources:
        for target in targets:
            if means[target] <= means[source]:
                continue
            step = min(wanted - moved, given[source] + change[source].clip(max=0),
                       taken[target] - change[target].clip(min=0))  # fmt: skip
            if step > 0:
                change[source] -= step
                change[target] += step
                moved += step
    money = now.sum(0)
    factor = 1 + np.where(money > 0, change / np.where(money > 0, money, 1.0), 0.0)
    return now * factor, moved / now.sum()
