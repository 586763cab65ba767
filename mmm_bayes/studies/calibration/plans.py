"""Plans for simulated markets: the gain that the posterior promises, and the true one.

A plan for the last year as it was is chosen by the posterior that promises its gain. If the priors
and the equations are right, the promise is right in the mean over markets; how far off it is where
they are wrong is what these rows tell.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmm_bayes.decisions.limits import spend_limits
from mmm_bayes.decisions.optimum import Objective, best_plan
from mmm_bayes.decisions.outcome import MediatorPolicy
from mmm_bayes.decisions.plan import gain_summary
from mmm_bayes.decisions.response import build_response
from mmm_bayes.studies.calibration.markets import MarketFit
from mmm_bayes.studies.simulate.truth import true_gain

POLICIES: tuple[MediatorPolicy, ...] = ("planner", "caused")
#: Draws over which a plan is refined: enough for its spends, which are flat near the optimum.
FINISH = 500


def market_plans(fit: MarketFit) -> pd.DataFrame:
    """Promised and true gain of the best plan at today's budget, under both mediator policies.

    Returns
    -------
    pandas.DataFrame
        A row per policy: scenario, seed, policy, gain (posterior mean), lower, upper (90%
        interval), truth, outcome (observed, in the weeks of the plan).
    """
    fitted, rows = fit.counterfactual, []
    for policy in POLICIES:
        response = build_response(fitted, policy=policy)
        now = response.status_quo.spend
        follows = fit.design.mediator if policy == "caused" else None
        limit = spend_limits(fit.design, response.status_quo, lower={}, upper={}, follows=follows)
        spends = best_plan(response, limit, Objective(float(now.sum())), finish=FINISH)
        gain = gain_summary(response(spends).outcome - response(now).outcome)
        factors = np.divide(spends, now, out=np.ones_like(now), where=now > 0)
        observed = fit.design.arrays["outcome_observed"].values[response.status_quo.weeks]
        rows.append(
            {
                "scenario": fit.market.scenario,
                "seed": fit.market.seed,
                "policy": policy,
                "gain": gain["mean"],
                "lower": gain["lower"],
                "upper": gain["upper"],
                "truth": true_gain(fit.market.world, factors, response.horizon, policy),
                "outcome": float(observed.sum()),
            }
        )
    return pd.DataFrame(rows)


def summarise_plans(rows: pd.DataFrame) -> pd.DataFrame:
    """Promised beside true gains, by kind of market and mediator policy.

    Parameters
    ----------
    rows : pandas.DataFrame
        The tables that `market_plans` returns, concatenated.

    Returns
    -------
    pandas.DataFrame
        For each scenario and policy: markets; promised and true, the mean gains as shares of the
        outcome; ratio, of their sums; held, the number of 90% intervals that contain the true gain;
        lost, the number of plans that truly lose.
    """
    rows = rows.assign(held=(rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"]))
    found = []
    for (scenario, policy), group in rows.groupby(["scenario", "policy"], sort=False):
        found.append(
            {
                "scenario": scenario,
                "policy": policy,
                "markets": len(group),
                "promised": (group["gain"] / group["outcome"]).mean(),
                "true": (group["truth"] / group["outcome"]).mean(),
                "ratio": group["gain"].sum() / group["truth"].sum(),
                "held": int(group["held"].sum()),
                "lost": int((group["truth"] < 0).sum()),
            }
        )
    return pd.DataFrame(found)
