"""Plans for simulated markets, judged by what the market truly does.

The truth is written beside each table; what a plan truly brings is computed from it in loops, the
optimum over it by brute force from many starts, without the library's response or gradients.

A plan is made from what 156 weeks tell, so it falls short of the optimum by what they do not. Over
20 markets (`MMM_BAYES_MARKETS=20 pytest -s` of this file) it is worth 97.8 to 100% of it in
revenue, 99.3% in the mean, at least 98% in 18 of 20; with the mediator caused 99.2 to 100%.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from oracle import response as curve
from scipy.optimize import minimize
from scipy.stats import binom

from mmm_bayes.counterfactual import world
from mmm_bayes.dataset import load
from mmm_bayes.decisions.limits import limits
from mmm_bayes.decisions.optimum import Wish, best_plan
from mmm_bayes.decisions.response import response
from mmm_bayes.design import design
from mmm_bayes.family import member
from mmm_bayes.sampling import Settings, compile_model, follow, sample
from mmm_bayes.simulate import save, simulate
from mmm_bayes.simulate.market import MEAN_REVENUE, MEAN_SPEND

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=500, tune=500, chains=2)
SEEDS = range(int(os.environ.get("MMM_BAYES_MARKETS", 4)))
LAGS, HORIZON = 13, 52
HOWS = ("planner", "caused")


class Truth:
    """What a market does with constant weekly spends."""

    def __init__(self, market):
        told = market.truth["parameters"]
        self.channels, self.causes = list(market.truth["channels"]), list(market.truth["causes"])
        self.google = self.channels.index("google")
        spend = np.stack([market.table[f"{name}_spend"] for name in self.channels], 1)
        self.history = spend[-(LAGS - 1) :]
        self.now = spend[-52:].mean(0)
        before = np.repeat(spend.mean(0)[None], LAGS - 1, 0)
        path = np.concatenate([before, spend])
        self.shapes = list(
            zip(told["adstock_alpha"], told["half_saturation"], told["saturation_slope"],
                strict=True)
        )  # fmt: skip
        self.worth = [
            MEAN_REVENUE * told["beta"][at] / curve(path[:, at], *self.shapes[at], LAGS).mean()
            for at in range(len(self.channels))
        ]
        self.mediation = []
        for at, name in enumerate(self.causes):
            series = path[:, self.channels.index(name)]
            kappa = told["mediation_kappa"][at] * series[series > 0].mean()
            shape = (told["mediation_alpha"][at], kappa, told["mediation_slope"][at])
            worth = MEAN_SPEND[self.google] * told["gamma"][at]
            self.mediation.append((shape, worth / curve(series, *shape, LAGS).mean()))
        # A mean week of what is not media, in truth.
        self.baseline = MEAN_REVENUE * (1 - sum(told["beta"]))

    def path(self, spends, column, after):
        rows = [*self.history[:, column]]
        return np.array(rows + [spends] * HORIZON + [self.now[column]] * after)

    def brings(self, spends, how):
        """Revenue of media over the plan and its carryover, and the weekly spend on Google."""
        after = (LAGS - 1) * (2 if how == "caused" else 1)
        searched = self.path(spends[self.google], self.google, after)
        if how == "caused":
            searched[LAGS - 1 :] = self.now[self.google]
            for name, (shape, worth) in zip(self.causes, self.mediation, strict=True):
                at = self.channels.index(name)
                plan, now = (
                    curve(self.path(x, at, after), *shape, LAGS) for x in (spends[at], self.now[at])
                )
                searched[LAGS - 1 :] += worth * (plan - now)
            searched = np.maximum(searched, 0.0)
        total = 0.0
        for at in range(len(self.channels)):
            series = searched if at == self.google else self.path(spends[at], at, after)
            total += self.worth[at] * curve(series, *self.shapes[at], LAGS).sum()
        money = (searched[LAGS - 1 :] - self.now[self.google])[: HORIZON + after]
        return total, self.now[self.google] + money.sum() / HORIZON if how == "caused" else spends[
            self.google
        ]

    def spent(self, spends, how):
        return spends.sum() - spends[self.google] + self.brings(spends, how)[1]

    def best(self, how):
        """The best plan in truth, between half and one and a half of today's spends."""
        free = [at for at in range(len(self.channels)) if how == "planner" or at != self.google]
        rng = np.random.default_rng(0)

        def plan(point):
            spends = self.now.copy()
            spends[free] = point * self.now[free]
            return spends

        found = [
            minimize(
                lambda point: -self.brings(plan(point), how)[0] / 1e6,
                start,
                method="SLSQP",
                bounds=[(0.5, 1.5)] * len(free),
                constraints={
                    "type": "eq",
                    "fun": lambda point: self.spent(plan(point), how) / self.now.sum() - 1,
                },
            )
            for start in [np.ones(len(free)), *rng.uniform(0.5, 1.5, (4, len(free)))]
        ]
        kept = [one for one in found if one.success]
        return plan(min(kept, key=lambda one: one.fun).x)


@dataclass(frozen=True)
class Judged:
    """True revenue of media under the plan, the best plan and today's; and the gain as foreseen."""

    plan: float
    best: float
    now: float
    baseline: float
    gain: np.ndarray
    over: float


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    compiled, found = None, {how: [] for how in HOWS}
    for seed in SEEDS:
        market = simulate("mediated", seed=seed)
        _, toml, _ = save(market, Path(tmp_path_factory.mktemp("market")) / "market.csv")
        arranged = design(load(toml))
        compiled = compiled or compile_model(member("partial_mediation"), arranged)
        tree = sample(compiled, arranged, replace(SETTINGS, seed=seed + 1))
        draws = follow(compiled, arranged, tree["posterior"].to_dataset())
        fitted = world(compiled.model, arranged, draws)
        truth = Truth(market)
        for how in HOWS:
            answer = response(fitted, compiled.model, horizon=HORIZON, how=how)
            follows = "google" if how == "caused" else None
            limit = limits(arranged, answer.today, lower={}, upper={}, follows=follows)
            now = answer.today.spend
            plan = best_plan(answer, limit, Wish(float(now.sum())), finish=500)
            brings = [truth.brings(x, how)[0] for x in (plan[0], truth.best(how), truth.now)]
            found[how].append(
                Judged(
                    *brings,
                    truth.baseline * (HORIZON + (LAGS - 1) * (1 + (how == "caused"))),
                    answer(plan).outcome - answer(now).outcome,
                    truth.spent(plan[0], how) / now.sum() - 1,
                )
            )
    return found


@pytest.mark.parametrize("how", HOWS)
def test_the_plan_is_worth_almost_what_the_best_is(judged, how):
    shares = []
    for one in judged[how]:
        shares.append((one.baseline + one.plan) / (one.baseline + one.best))
        print(
            f"{how}: media {one.plan:,.0f}, best {one.best:,.0f} ({one.plan / one.best:.4f}; of "
            f"revenue {shares[-1]:.4f}), "
            f"today {one.now:,.0f}; gain captured {(one.plan - one.now) / (one.best - one.now):.2f}"
            f", overspent {one.over:.4f}; foreseen {one.gain.mean():,.0f} "
            f"{np.quantile(one.gain, [0.05, 0.95]).round()}"
        )
        assert abs(one.over) < 0.02
    assert np.mean(shares) >= 0.98
    assert min(shares) >= 0.96


@pytest.mark.parametrize("how", HOWS)
def test_the_gain_is_as_foreseen(judged, how):
    inside = 0
    for one in judged[how]:
        lower, upper = np.quantile(one.gain, [0.05, 0.95])
        inside += lower <= one.plan - one.now <= upper
        assert (one.plan > one.now) or (one.gain > 0).mean() < 0.95
    # 90% intervals: that more miss has a probability below 0.06 (four markets: two or more).
    assert inside >= binom.ppf(0.06, len(SEEDS), 0.9)
