"""Small moves of money from the channels with the lowest marginal return to the highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.decisions.limits import Limits
from mmm_bayes.decisions.outcome import PlanOutcome
from mmm_bayes.decisions.plan import gain_summary
from mmm_bayes.decisions.response import Response
from mmm_bayes.decisions.returns import channel_margins, marginal_returns

Array = NDArray[Any]

#: Shares of the budget that are moved.
SHARES = (0.05, 0.10)


@dataclass(frozen=True)
class Move:
    """Money moved between channels.

    Attributes
    ----------
    share : float
        Share of the status quo spend that is moved: less than requested if the bounds allow no
        more.
    sources, targets : tuple of str
        Channels that money is moved from and to.
    spends : array, shape (unit, channel)
        Spends after the move, money a week.
    gain : array, shape (sample,)
        Change of the outcome over the horizon, against the status quo.
    """

    share: float
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    spends: Array
    gain: Array


def budget_moves(response: Response, limit: Limits, before: PlanOutcome) -> list[Move]:
    """One move for each of `SHARES`, from low to high marginal returns within the bounds.

    Parameters
    ----------
    before : PlanOutcome
        Outcome of the status quo.
    """
    moves = []
    for share in SHARES:
        spends, moved = _spends_after_move(response, limit, before, share)
        change = (spends - response.status_quo.spend).sum(0)
        names = np.array(response.design.dataset.channels)
        gain = response.value(spends)[0] - before.outcome
        small = 1e-9 * response.status_quo.spend.sum()
        moves.append(
            Move(moved, tuple(names[change < -small]), tuple(names[change > small]), spends, gain)
        )
    return moves


def moves_table(moves: Sequence[Move]) -> pd.DataFrame:
    """Content of ``moves.csv``: share, from, to, p_gain, and mean, median and 90% interval."""
    return pd.DataFrame(
        [
            {"share": round(float(move.share), 6), "from": ", ".join(move.sources),
             "to": ", ".join(move.targets)}
            | gain_summary(move.gain) | {"p_gain": float((move.gain > 0).mean())}
            for move in moves
        ]
    )  # fmt: skip


def _spends_after_move(
    response: Response, limit: Limits, before: PlanOutcome, share: float
) -> tuple[Array, float]:
    """Spends after the move, shape (unit, channel), and the share of the spend that is moved."""
    now = response.status_quo.spend
    low, high = (np.where(limit.decided, ends, now) for ends in (limit.lower, limit.upper))
    available, room = (now - low).clip(0).sum(0), (high - now).clip(0).sum(0)
    means = channel_margins(marginal_returns(response, before), now).mean(0)
    order = [int(i) for i in np.argsort(means) if np.isfinite(means[i]) and now[:, i].sum() > 0]
    change = np.zeros(now.shape[1])
    requested = share * now.sum()
    sources, targets, moved = list(order), list(reversed(order)), 0.0
    for source in sources:
        for target in targets:
            if means[target] <= means[source]:
                continue
            step = min(requested - moved, available[source] + change[source].clip(max=0),
                       room[target] - change[target].clip(min=0))  # fmt: skip
            if step > 0:
                change[source] -= step
                change[target] += step
                moved += step
    money = now.sum(0)
    factor = 1 + np.where(money > 0, change / np.where(money > 0, money, 1.0), 0.0)
    return now * factor, moved / now.sum()
