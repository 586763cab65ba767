"""Efficient frontier: expected gain of plans against the gain in their worst cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from mmm_bayes.decisions.objective import objective_value, weights
from mmm_bayes.decisions.optimum import best_plan
from mmm_bayes.decisions.plan import Plan

#: Weight of the worst cases in each plan's objective.
BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)
DRAWS = 1000


def efficient_frontier(plan: Plan) -> pd.DataFrame:
    """Plans from the highest expected gain to the best worst cases, one per row.

    Parameters
    ----------
    plan : Plan
        Plan whose limits and budget all plans keep.

    Returns
    -------
    pandas.DataFrame
        Columns caution (weight of the worst cases, 0 to 1), mean and cvar of the gain (the latter
        its mean in the worst cases), p_gain, and ``spend_CHANNEL`` for each paid channel, money a
        week over all units. The last two rows are the plan itself and the status quo, with a
        missing caution.
    """
    response = plan.response
    rows, spends = [], plan.spends
    level = plan.objective.level
    now = response.status_quo.spend
    channels = response.fitted.design.dataset.channels
    paid = [channels.index(name) for name in response.fitted.design.dataset.paid]

    def row(caution: float, money: np.ndarray) -> dict[str, float]:
        gain = response(money).outcome - plan.before.outcome
        worst, _ = objective_value(gain, weights("cvar", len(gain), level))
        statistics = {"caution": caution, "mean": float(gain.mean()), "cvar": worst,
                      "p_gain": float((gain > 0).mean())}  # fmt: skip
        return statistics | {f"spend_{channels[i]}": float(money[:, i].sum()) for i in paid}

    for blend in BLENDS:
        objective = replace(plan.objective, objective="cvar", blend=blend)
        best = best_plan(response, plan.limit, objective, starts=[spends], tries=0, finish=DRAWS)
        rows.append(row(blend, best))
    rows += [row(float("nan"), plan.spends), row(float("nan"), now)]
    return pd.DataFrame(rows)
