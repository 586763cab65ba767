"""Plans for simulated markets, evaluated with the true parameters.

The truth is written beside each table; the true outcome of a plan is computed from it in loops, and
the optimum by brute force from many starts, without the library's response or gradients.

The markets have no unseen demand, and the model assumes none: what is tested is the plan. A plan is
estimated from 156 weeks, so it falls short of the optimum. `MMM_BAYES_MARKETS=20 pytest
-s` of this file prints by how much.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from oracle import response as curve
from scipy.optimize import minimize
from scipy.stats import binom

from mmm_bayes.data import load
from mmm_bayes.data.design import make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.decisions.limits import spend_limits
from mmm_bayes.decisions.optimum import Objective, best_plan
from mmm_bayes.decisions.response import build_response
from mmm_bayes.inference.sampling import Settings, compile_model, compute_deterministics, sample
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member
from mmm_bayes.studies.simulate import save, simulate
from mmm_bayes.studies.simulate.market import MEAN_REVENUE, MEAN_SPEND

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=500, tune=500, chains=2)
SEEDS = range(int(os.environ.get("MMM_BAYES_MARKETS", 4)))
LAGS, HORIZON = 13, 52
POLICIES = ("planner", "caused")


class Truth:
    """True outcome of the last year in a market, had each channel spent a multiple of it."""

    def __init__(self, market):
        parameters = market.truth["parameters"]
        self.channels, self.causes = list(market.truth["channels"]), list(market.truth["causes"])
        self.google = self.channels.index("google")
        spend = np.stack([market.table[f"{name}_spend"] for name in self.channels], 1)
        self.spend = spend[-(LAGS - 1 + HORIZON) :]
        self.now = spend[-52:].mean(0)
        before = np.repeat(spend.mean(0)[None], LAGS - 1, 0)
        path = np.concatenate([before, spend])
        self.shapes = list(
            zip(parameters["adstock_alpha"], parameters["half_saturation"],
                parameters["saturation_slope"], strict=True)
        )  # fmt: skip
        self.worth = [
            MEAN_REVENUE
            * parameters["beta"][index]
            / curve(path[:, index], *self.shapes[index], LAGS).mean()
            for index in range(len(self.channels))
        ]
        self.mediation = []
        for index, name in enumerate(self.causes):
            series = path[:, self.channels.index(name)]
            kappa = parameters["mediation_kappa"][index] * series[series > 0].mean()
            alpha, slope = (parameters[f"mediation_{key}"][index] for key in ("alpha", "slope"))
            shape = (alpha, kappa, slope)
            worth = MEAN_SPEND[self.google] * parameters["gamma"][index]
            self.mediation.append((shape, worth / curve(series, *shape, LAGS).mean()))
        # True baseline of a mean week.
        self.baseline = MEAN_REVENUE * (1 - sum(parameters["beta"]))

    def path(self, spends, column):
        series = self.spend[:, column].copy()
        series[LAGS - 1 :] *= spends / self.now[column]
        return series

    def brings(self, spends, policy):
        """Revenue of media over the plan, and the weekly spend on Google."""
        mediator = self.path(spends[self.google], self.google)
        if policy == "caused":
            mediator = self.spend[:, self.google].copy()
            for name, (shape, worth) in zip(self.causes, self.mediation, strict=True):
                index = self.channels.index(name)
                plan, now = (
                    curve(self.path(x, index), *shape, LAGS)
                    for x in (spends[index], self.now[index])
                )
                mediator[LAGS - 1 :] += worth * (plan - now)
            mediator = np.maximum(mediator, 0.0)
        total = 0.0
        for index in range(len(self.channels)):
            series = mediator if index == self.google else self.path(spends[index], index)
            total += self.worth[index] * curve(series, *self.shapes[index], LAGS).sum()
        return total, mediator[LAGS - 1 :].mean()

    def spent(self, spends, policy):
        return spends.sum() - spends[self.google] + self.brings(spends, policy)[1]

    def best(self, policy):
        """The truly best plan, between half and one and a half of the status quo."""
        every = range(len(self.channels))
        free = [index for index in every if policy == "planner" or index != self.google]
        rng = np.random.default_rng(0)

        def plan(point):
            spends = self.now.copy()
            spends[free] = point * self.now[free]
            return spends

        results = [
            minimize(
                lambda point: -self.brings(plan(point), policy)[0] / 1e6,
                start,
                method="SLSQP",
                bounds=[(0.5, 1.5)] * len(free),
                constraints={
                    "type": "eq",
                    "fun": lambda point: self.spent(plan(point), policy) / self.now.sum() - 1,
                },
            )
            for start in [np.ones(len(free)), *rng.uniform(0.5, 1.5, (4, len(free)))]
        ]
        converged = [result for result in results if result.success]
        return plan(min(converged, key=lambda result: result.fun).x)


@dataclass(frozen=True)
class Evaluated:
    """True revenue of media under the plan, the best plan and the status quo; predicted gain."""

    plan: float
    best: float
    now: float
    baseline: float
    gain: np.ndarray
    over: float


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    compiled, results = None, {policy: [] for policy in POLICIES}
    for seed in SEEDS:
        market = simulate("mediated", seed=seed)
        _, toml, _ = save(market, Path(tmp_path_factory.mktemp("market")) / "market.csv")
        data = load(toml)
        arranged = make_design(data, form_for(data, demand="none"))
        compiled = compiled or compile_model(load_member("partial_mediation"), arranged)
        tree = sample(compiled, arranged, replace(SETTINGS, seed=seed + 1))
        draws = compute_deterministics(compiled, arranged, tree["posterior"].to_dataset())
        fitted = abduct(compiled.model, arranged, draws)
        truth = Truth(market)
        for policy in POLICIES:
            response = build_response(fitted, horizon=HORIZON, policy=policy)
            follows = "google" if policy == "caused" else None
            limit = spend_limits(arranged, response.status_quo, lower={}, upper={}, follows=follows)
            now = response.status_quo.spend
            plan = best_plan(response, limit, Objective(float(now.sum())), finish=500)
            brings = [truth.brings(x, policy)[0] for x in (plan[0], truth.best(policy), truth.now)]
            results[policy].append(
                Evaluated(
                    *brings,
                    truth.baseline * HORIZON,
                    response(plan).outcome - response(now).outcome,
                    truth.spent(plan[0], policy) / now.sum() - 1,
                )
            )
    return results


@pytest.mark.parametrize("policy", POLICIES)
def test_the_plan_is_nearly_optimal(evaluated, policy):
    shares = []
    for market in evaluated[policy]:
        shares.append((market.baseline + market.plan) / (market.baseline + market.best))
        captured = (market.plan - market.now) / (market.best - market.now)
        print(
            f"{policy}: media {market.plan:,.0f}, best {market.best:,.0f} "
            f"({market.plan / market.best:.4f}; of revenue {shares[-1]:.4f}), status quo "
            f"{market.now:,.0f}; gain captured {captured:.2f}, overspent {market.over:.4f}; "
            f"predicted {market.gain.mean():,.0f} "
            f"{np.quantile(market.gain, [0.05, 0.95]).round()}"
        )
        assert abs(market.over) < 0.02
    assert np.mean(shares) >= 0.98
    assert min(shares) >= 0.96


@pytest.mark.parametrize("policy", POLICIES)
def test_the_gain_is_as_predicted(evaluated, policy):
    inside = 0
    for market in evaluated[policy]:
        lower, upper = np.quantile(market.gain, [0.05, 0.95])
        inside += lower <= market.plan - market.now <= upper
        assert (market.plan > market.now) or (market.gain > 0).mean() < 0.95
    # 90% intervals: that more miss has a probability below 0.06 (four markets: two or more).
    assert inside >= binom.ppf(0.06, len(SEEDS), 0.9)
