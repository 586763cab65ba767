"""What any constant weekly spend adds per week, from a run's saved draws alone.

The response curves of `mmm_bayes.estimands.curves` at any place of their axis, by arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmm_bayes.arithmetic import (
    Arithmetic,
    Array,
    in_batches,
    mediator_mean,
    outcome_mean,
    typical,
)
from mmm_bayes.estimands.curves import levels, typical_amounts
from mmm_bayes.estimands.effects import MARGIN


@dataclass(frozen=True)
class Added:
    """What constant weekly amounts of a channel add per week, against none of it.

    Attributes
    ----------
    total, direct : array, shape (sample, point)
        Outcome per week, summed over units: the mediator following its causes, or held where it is
        without the channel.
    """

    total: Array
    direct: Array


def added(model: Arithmetic, channel: str, amounts: Array) -> Added:
    """What constant weekly amounts add once carryover has built up.

    Parameters
    ----------
    model : Arithmetic
    channel : str
    amounts : array, shape (point,)
        Money a week, or the exposure of a channel that is not paid, summed over units.
    """
    design = model.design
    at, max_lag = design.dataset.channels.index(channel), design.form.max_lag
    level = levels(design, typical_amounts(design), at, np.append(0.0, amounts))
    lags = np.broadcast_to(level[..., None], (*level.shape, max_lag))
    week = {str(name): values.values for name, values in design.arrays.items()}
    for name in {"covariates", "modulators", "hinges"} & week.keys():
        week[name] = np.zeros((1, *week[name].shape[1:]))

    def work(part: Arithmetic) -> tuple[Array, Array]:
        def above_none(mediator: Array | None) -> Array:
            if mediator is not None:
                mediator = np.broadcast_to(mediator[..., None], (*mediator.shape, max_lag))
            location = typical(part, outcome_mean(part, lags, week, mediator)).sum(-1)
            return location[:, 1:] - location[:, :1]

        if not (model.mediated and at in design.causes_at):
            total = above_none(None)
            return total, total
        follows = mediator_mean(part, lags, week) / design.scaling.exposure[:, design.mediator_at]
        held = np.broadcast_to(follows[:, :1], follows.shape)
        return above_none(follows), above_none(held)

    total, direct = in_batches(model, lags.size, work)
    return Added(total, direct)


def marginal_return(model: Arithmetic, channel: str, amount: float) -> Array:
    """What one per cent more of a constant weekly amount adds, per unit of it, shape (sample,).

    NaN at no amount, of which one per cent is nothing.

    Parameters
    ----------
    model : Arithmetic
    channel : str
    amount : float
        Money a week (exposure, of a channel that costs nothing).
    """
    total = added(model, channel, amount * np.array([1.0, 1 + MARGIN])).total
    return (total[:, 1] - total[:, 0]) / (MARGIN * amount or np.nan)
