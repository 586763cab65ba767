"""Which experiment next: what knowing a channel's true effect would be worth to the plan.

The expected value of partial perfect information of a channel is how much more the best plan would
bring if its effect were known before choosing (here in what an experiment measures, the change of
the outcome when it stops):

    EVPPI_c = E[ max_p E[gain_p | effect_c] ] - max_p E[gain_p]

The plans p are the chosen one, today's, and those that single draws of the posterior would choose;
the inner expectation is a regression of the gains on the effect (Strong, Oakley, Brennan 2014,
*Estimating multiparameter partial expected value of perfect information from a probabilistic
sensitivity analysis sample*), cubic in its normal scores. With more plans the value can only rise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from mmm_bayes.decisions.optimum import best_plan, thinned
from mmm_bayes.decisions.planning import Plan
from mmm_bayes.decisions.response import Response
from mmm_bayes.evaluation import flat

Array = NDArray[Any]

#: Single draws whose own best plans are candidates, and draws that the gains are compared over.
PLANS, DRAWS = 16, 1000
#: Tests of so many weeks are considered; one has a power of this much, at a one-sided 5%.
WEEKS = tuple(range(1, 53))
POWER, CRITICAL = 0.8, 1.6448536269514722
#: A test is measured once this part of the carryover has built up or died away.
SETTLED = 0.9
CUTS = {"off": 0.0, "half": 0.5}


def next_experiments(plan: Plan, *, seed: int = 1) -> pd.DataFrame:
    """The value of knowing each channel's effect, and a test that would tell it.

    Parameters
    ----------
    plan : Plan
    seed : int

    Returns
    -------
    pandas.DataFrame
        Most valuable first. Columns channel; value, the EVPPI over the plan's horizon in outcome
        units; share, of the value of knowing everything; design, "geo" (half of the units) or
        "on/off" (as many weeks on as off); cut, "off" or "half"; washout, weeks before measuring;
        weeks, measured ones for a power of 80%, missing where a year is not enough; power, at
        that length or at a year.
    """
    response, design = plan.response, plan.response.world.design
    some = thinned(response.world.draws, DRAWS)
    before = response(response.today.spend, some).outcome
    gains = np.stack(
        [response(spends, some).outcome - before for spends in _candidates(plan, seed)], 1
    )
    best = gains.mean(0).max()
    everything = float(gains.max(1).mean() - best)
    rng = np.random.default_rng(seed)
    rows = []
    for at in map(int, np.flatnonzero(plan.limit.decided.any(0))):
        if response.today.spend[:, at].sum() == 0:
            continue
        lost = {name: before - _cut(response, at, kept, some) for name, kept in CUTS.items()}
        value = max(0.0, float(_given(gains, lost["off"]).max(1).mean() - best))
        for name, effect in lost.items():
            weeks, power = _test(response, effect / response.horizon, rng)
            rows.append({
                "channel": design.dataset.channels[at], "value": value,
                "share": min(1.0, value / everything) if everything > 0 else 0.0,
                "design": "geo" if len(response.today.spend) > 1 else "on/off",
                "cut": name, "washout": _washout(response, at, some),
                "weeks": weeks, "power": power,
            })  # fmt: skip
    table = pd.DataFrame(rows)
    return table.sort_values("value", ascending=False, kind="stable").reset_index(drop=True)


def _candidates(plan: Plan, seed: int) -> list[Array]:
    response, draws = plan.response, plan.response.world.draws
    choose = np.random.default_rng(seed)
    chains, number = draws.sizes["chain"], draws.sizes["draw"]
    plans = [response.today.spend, plan.spends]
    for _ in range(PLANS):
        chain, draw = int(choose.integers(chains)), int(choose.integers(number))
        one = draws.isel(chain=[chain], draw=[draw])
        plans.append(
            best_plan(response, plan.limit, plan.wish, starts=[plan.spends], draws=one, tries=0)
        )
    return plans


def _cut(response: Response, at: int, kept: float, draws: Any) -> Array:
    """Outcome if a channel spends a part of today's in every unit."""
    spends = response.today.spend.copy()
    spends[:, at] *= kept
    return response(spends, draws).outcome


def _given(gains: Array, effect: Array) -> Array:
    """Expected gains given the effect, shape (sample, plan)."""
    score = ndtri((rankdata(effect) - 0.5) / len(effect))
    basis = np.polynomial.hermite_e.hermevander(score, 3)
    return np.asarray(basis @ np.linalg.lstsq(basis, gains, rcond=None)[0])


def _washout(response: Response, at: int, draws: Any) -> int:
    alpha = float(flat(draws["adstock_alpha"])[..., at].mean())
    return int(np.ceil(np.log(1 - SETTLED) / np.log(alpha))) if alpha > 0 else 0


def _test(response: Response, weekly: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Fewest weeks for the power and the power, by simulating tests of every draw's effect.

    A test compares weeks (of some units) without the channel with as many with it; each week has
    the disturbance that the fitted weeks had around their posterior mean, independent of the
    others. Half of a panel's units, every second by size, go without.
    """
    arrays, world = response.world.design.arrays, response.world
    left = arrays["outcome_observed"].values - flat(world.draws["outcome_mean"]).mean(0)
    noise = left.std(0, ddof=1)  # (unit,)
    size = arrays["outcome_observed"].values.mean(0)
    variance, part = 2 * noise.sum() ** 2, 1.0
    if len(size) > 1:
        off = np.zeros(len(size), dtype=bool)
        off[np.argsort(size)[::2]] = True
        ratio = size[off].sum() / size[~off].sum()
        variance = (noise[off] ** 2).sum() + ratio**2 * (noise[~off] ** 2).sum()
        part = size[off].sum() / size.sum()
    chance = rng.standard_normal(len(weekly))
    power = 0.0
    for weeks in WEEKS:
        error = np.sqrt(variance * weeks)
        measured = weekly * part * weeks + error * chance
        power = float((measured > CRITICAL * error).mean())
        if power >= POWER:
            return float(weeks), power
    return float("nan"), power
