"""Value of information: which channel's effect is most worth measuring by an experiment.

The expected value of partial perfect information (EVPPI) of a channel is the increase in the
expected gain of the best plan if the effect of the channel were known before choosing. The effect
is what an experiment measures, the change of the outcome when the channel stops:

    EVPPI_c = E[ max_p E[gain_p | effect_c] ] - max_p E[gain_p]

The plans p are the chosen plan, the status quo, and the best plans of single posterior draws. The
inner expectation is a regression of the gains on the effect (Strong, Oakley, Brennan 2014,
*Estimating multiparameter partial expected value of perfect information from a probabilistic
sensitivity analysis sample*), cubic in its normal scores. More plans can only raise the value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from mmm_bayes.decisions.optimum import best_plan
from mmm_bayes.decisions.plan import Plan
from mmm_bayes.decisions.response import Response
from mmm_bayes.estimands.curves import carryover_weights
from mmm_bayes.model.evaluation import flatten_draws, thin_draws

Array = NDArray[Any]

#: Number of single draws whose best plans are candidates, and of draws that evaluate the gains.
PLANS, DRAWS = 16, 1000
#: Power that a test needs within a year, at a one-sided level of 5%.
POWER, CRITICAL = 0.8, 1.6448536269514722
#: Share of the carryover that has built up or decayed when a test starts measuring.
SETTLED = 0.9
CUTS = {"off": 0.0, "half": 0.5}


def next_experiments(plan: Plan, *, seed: int = 1) -> pd.DataFrame:
    """Value of knowing each channel's effect, and the length of a test that would measure it.

    Returns
    -------
    pandas.DataFrame
        Most valuable first. Columns channel; value, the EVPPI over the plan's horizon in outcome
        units; share, of the value of perfect information on all channels; design, "geo" (half of
        the units) or "on/off" (equally many weeks on and off); cut, "off" or "half"; washout, weeks
        before measuring; weeks, measured for a power of 80%, missing if a year is not enough;
        power, at that length or at a year.
    """
    response, design = plan.response, plan.response.fitted.design
    draws = thin_draws(response.fitted.draws, DRAWS)
    before = response(response.status_quo.spend, draws).outcome
    gains = np.stack(
        [response(spends, draws).outcome - before for spends in _candidates(plan, seed)], 1
    )
    best = gains.mean(0).max()
    perfect = float(gains.max(1).mean() - best)
    rng = np.random.default_rng(seed)
    rows = []
    for index in map(int, np.flatnonzero(plan.limit.decided.any(0))):
        if response.status_quo.spend[:, index].sum() == 0:
            continue
        lost = {
            name: before - _outcome_after_cut(response, index, share, draws)
            for name, share in CUTS.items()
        }
        value = max(0.0, float(_conditional_gains(gains, lost["off"]).max(1).mean() - best))
        for name, effect in lost.items():
            weeks, power = _test_length(response, effect / response.horizon, rng)
            rows.append({
                "channel": design.dataset.channels[index], "value": value,
                "share": min(1.0, value / perfect) if perfect > 0 else 0.0,
                "design": "geo" if len(response.status_quo.spend) > 1 else "on/off",
                "cut": name, "washout": _washout(response, index, draws),
                "weeks": weeks, "power": power,
            })  # fmt: skip
    table = pd.DataFrame(rows)
    return table.sort_values("value", ascending=False, kind="stable").reset_index(drop=True)


def _candidates(plan: Plan, seed: int) -> list[Array]:
    response, draws = plan.response, plan.response.fitted.draws
    choose = np.random.default_rng(seed)
    chains, number = draws.sizes["chain"], draws.sizes["draw"]
    plans = [response.status_quo.spend, plan.spends]
    for _ in range(PLANS):
        chain, draw = int(choose.integers(chains)), int(choose.integers(number))
        single = draws.isel(chain=[chain], draw=[draw])
        plans.append(
            best_plan(
                response, plan.limit, plan.objective, starts=[plan.spends], draws=single, tries=0
            )
        )
    return plans


def _outcome_after_cut(response: Response, index: int, share: float, draws: Any) -> Array:
    """Outcome if a channel spends a share of its status quo in every unit, shape (sample,)."""
    spends = response.status_quo.spend.copy()
    spends[:, index] *= share
    return response(spends, draws).outcome


def _conditional_gains(gains: Array, effect: Array) -> Array:
    """Expected gains given the effect, shape (sample, plan)."""
    score = ndtri((rankdata(effect) - 0.5) / len(effect))
    basis = np.polynomial.hermite_e.hermevander(score, 3)
    return np.asarray(basis @ np.linalg.lstsq(basis, gains, rcond=None)[0])


def _washout(response: Response, index: int, draws: Any) -> int:
    """Dates until `SETTLED` of a channel's carryover is over, by its mean weights."""
    weights = carryover_weights(draws, response.fitted.design.form)
    assert weights is not None
    before = int((weights[:, index].mean(0).cumsum() < SETTLED).sum())
    return before + 1 if before else 0


def _test_length(
    response: Response, weekly: Array, rng: np.random.Generator
) -> tuple[float, float]:
    """Weeks needed for the power, and the power, from simulated tests of each draw's effect.

    A test compares weeks (of draws units) without the channel with as many weeks with it; the
    disturbances of the weeks have the residual standard deviation of the fit, and its memory; the
    two periods are far enough apart to be independent. In a panel the channel stops in half of the
    units, every second one by size.
    """
    arrays, counterfactual = response.fitted.design.arrays, response.fitted
    residual = arrays["outcome_observed"].values - flatten_draws(
        counterfactual.draws["outcome_location"]
    ).mean(0)
    noise = residual.std(0, ddof=1)  # (unit,)
    size = arrays["outcome_observed"].values.mean(0)
    variance, part = 2 * noise.sum() ** 2, 1.0
    if len(size) > 1:
        off = np.zeros(len(size), dtype=bool)
        off[np.argsort(size)[::2]] = True
        ratio = size[off].sum() / size[~off].sum()
        variance = (noise[off] ** 2).sum() + ratio**2 * (noise[~off] ** 2).sum()
        part = size[off].sum() / size.sum()
    chance = rng.standard_normal(len(weekly))
    draws = counterfactual.draws
    phi = float(draws["phi"].mean()) if "phi" in draws else 0.0
    power = 0.0
    for weeks in range(1, response.fitted.design.dataset.step.per_year + 1):
        error = np.sqrt(variance * weeks * sum_inflation(weeks, phi))
        measured = weekly * part * weeks + error * chance
        power = float((measured > CRITICAL * error).mean())
        if power >= POWER:
            return float(weeks), power
    return float("nan"), power


def sum_inflation(weeks: int, phi: float) -> float:
    """Variance of a sum of autoregressive disturbances, relative to independent ones of their size.

    Parameters
    ----------
    weeks : int
        Length of the sum.
    phi : float
        Correlation of a disturbance with the last one.
    """
    lags = np.arange(1, weeks)
    return float(1 + 2 * ((1 - lags / weeks) * phi**lags).sum())
