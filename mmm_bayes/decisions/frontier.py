"""Expected gain against its worst cases: what caution costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from mmm_bayes.decisions.objective import judged, weights
from mmm_bayes.decisions.optimum import best_plan
from mmm_bayes.decisions.planning import Plan

#: Weight of the worst cases in each plan's objective.
BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)
DRAWS = 1000


def frontier(plan: Plan) -> pd.DataFrame:
    """Plans from the one of the highest mean to the one of the best worst cases.

    Parameters
    ----------
    plan : Plan
        Its limits and its budget are kept.

    Returns
    -------
    pandas.DataFrame
        Columns caution (0 the mean, 1 the worst cases), mean, cvar (mean of the worst 10%),
        p_gain, and a column ``spend_CHANNEL`` each, money a week over all units. The last rows are
        the plan itself and today's, with no caution.
    """
    response = plan.response
    rows, spends = [], plan.spends
    level = plan.wish.level
    now = response.today.spend
    channels = response.world.design.dataset.channels
    paid = [channels.index(name) for name in response.world.design.dataset.paid]

    def row(caution: float, money: np.ndarray) -> dict[str, float]:
        gain = response(money).outcome - plan.before.outcome
        worst, _ = judged(gain, weights("cvar", len(gain), level))
        told = {"caution": caution, "mean": float(gain.mean()), "cvar": worst,
                "p_gain": float((gain > 0).mean())}  # fmt: skip
        return told | {f"spend_{channels[at]}": float(money[:, at].sum()) for at in paid}

    for blend in BLENDS:
        wish = replace(plan.wish, objective="cvar", blend=blend)
        found = best_plan(response, plan.limit, wish, starts=[spends], tries=0, finish=DRAWS)
        rows.append(row(blend, found))
    rows += [row(float("nan"), plan.spends), row(float("nan"), now)]
    return pd.DataFrame(rows)
