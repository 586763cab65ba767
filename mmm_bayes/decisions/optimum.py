"""Optimal plan within limits, by sequential quadratic programming with exact gradients.

S-shaped response curves can have several local optima, so the search starts at several feasible
plans with a subset of the draws; the best result is refined with all draws.

Source: Kraft (1988), *A software package for sequential quadratic programming* (SciPy's SLSQP).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import minimize

from mmm_bayes.decisions.limits import Limits, nearest_plan
from mmm_bayes.decisions.objective import Criterion, objective_value, weights
from mmm_bayes.decisions.outcome import PlanOutcome
from mmm_bayes.decisions.response import Response
from mmm_bayes.errors import InputError
from mmm_bayes.model.evaluation import thin_draws
from mmm_bayes.text import number

Array = NDArray[Any]

#: Largest number of draws of the search, and of the refinement.
SEARCH, FINISH = 200, 100_000
STARTS = 3
STEPS = 60
#: Relative tolerance of the constraints.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Objective:
    """Objective and budget of a plan.

    Attributes
    ----------
    budget : float or None
        Money a week, including a mediator that follows its causes; None with a target ROAS.
    target_roas : float or None
        Smallest average return on all spend, against no spend.
    objective : {"mean", "quantile", "cvar"}
    level : float
        Probability of the quantile or the worst cases.
    blend : float
        Weight of the objective, 0 to 1; the rest is the weight of the mean.
    """

    budget: float | None
    target_roas: float | None = None
    objective: Criterion = "mean"
    level: float = 0.1
    blend: float = 1.0

    def ordered(self, samples: int) -> Array:
        """Weights of the ordered draws of the gain, shape (sample,).

        Parameters
        ----------
        samples : int
            Number of draws.
        """
        risk = weights(self.objective, samples, self.level)
        return self.blend * risk + (1 - self.blend) * weights("mean", samples, self.level)


def best_plan(
    response: Response,
    limit: Limits,
    objective: Objective,
    *,
    starts: Sequence[Array] = (),
    tries: int = STARTS,
    seed: int = 0,
    finish: int = FINISH,
    draws: xr.Dataset | None = None,
) -> Array:
    """Spends of the optimal plan.

    Parameters
    ----------
    starts : sequence of array, shape (unit, channel)
        Starting plans, in addition to the status quo and random ones, money a week.
    tries : int
        Number of random starting plans.
    finish : int
        Largest number of draws of the refinement.
    draws : xarray.Dataset, optional
        Draws to optimise over, dims (chain, draw, ...); all draws by default.

    Returns
    -------
    array, shape (unit, channel)
        Money a week; the status quo for a mediator that follows its causes.

    Raises
    ------
    InputError
        If no feasible plan keeps the budget or reaches the target ROAS.
    """
    rng = np.random.default_rng(seed)
    draws = response.fitted.draws if draws is None else draws
    now = response.status_quo.spend
    decided = None
    if objective.budget is not None:
        decided = objective.budget - (now.sum() - now[limit.decided].sum())
    if response.policy == "caused" or objective.budget is None:
        first = nearest_plan(limit, now, None)
        random = [rng.uniform(limit.lower, limit.upper) for _ in range(tries)]
    else:
        first = nearest_plan(limit, now, decided)
        random = [
            nearest_plan(limit, rng.uniform(limit.lower, limit.upper), decided)
            for _ in range(tries)
        ]
    search = _Search(response, limit, objective, thin_draws(draws, SEARCH))
    results = [search.climb(plan) for plan in (first, *starts, *random)]
    feasible = [result for result in results if result is not None]
    if not feasible:
        raise InputError(_infeasible_message(response, limit, objective))
    _, plan = max(feasible, key=lambda result: result[0])
    refined = _Search(response, limit, objective, thin_draws(draws, finish)).climb(plan)
    if refined is None:
        raise InputError(_infeasible_message(response, limit, objective))
    return refined[1]


@dataclass
class _Search:
    """Local searches over the same draws; the outcome of the last plan is cached."""

    response: Response
    limit: Limits
    objective: Objective
    draws: xr.Dataset

    def __post_init__(self) -> None:
        self.before = self.response(self.response.status_quo.spend, self.draws)
        self.ordered = self.objective.ordered(len(self.before.outcome))
        self.scale = float(self.response.status_quo.spend.sum()) or 1.0
        slope = np.abs(self.before.slope.mean(0)[self.limit.decided]).max()
        self.worth = float(slope * self.scale) or 1.0
        self.nothing = None
        if self.objective.target_roas is not None:
            none = np.where(self.limit.decided, 0.0, self.response.status_quo.spend)
            self.nothing = self.response(none, self.draws)
        self.known: tuple[bytes, PlanOutcome] | None = None

    def plan(self, point: Array) -> Array:
        spends = self.response.status_quo.spend.copy()
        spends[self.limit.decided] = point * self.scale
        return spends

    def answer(self, point: Array) -> PlanOutcome:
        key = point.tobytes()
        if self.known is None or self.known[0] != key:
            self.known = (key, self.response(self.plan(point), self.draws))
        return self.known[1]

    def goal(self, point: Array) -> tuple[float, Array]:
        """The minimised function and its gradient."""
        answer = self.answer(point)
        value, weight = objective_value(answer.outcome - self.before.outcome, self.ordered)
        slope = np.tensordot(weight, answer.slope, 1)[self.limit.decided]
        return -value / self.worth, -slope * self.scale / self.worth

    def spent(self, point: Array) -> tuple[float, Array]:
        """Spend a week, with the mean spend of a mediator that follows, and its gradient."""
        answer = self.answer(point)
        total, slope = float(self.plan(point).sum()), np.ones(len(point)) * self.scale
        if self.response.policy == "caused":
            index = self.response.fitted.design.mediator_index
            total += float(
                answer.mediator.sum(1).mean() - self.response.status_quo.spend[:, index].sum()
            )
            slope = slope + answer.mediator_slope.mean(0)[self.limit.decided] * self.scale
        return total, slope

    def excess(self, point: Array) -> tuple[float, Array]:
        """Contribution a week above the target return, over status quo spend, and its gradient."""
        assert self.nothing is not None
        assert self.objective.target_roas is not None
        answer, (total, slope) = self.answer(point), self.spent(point)
        horizon = self.response.horizon
        gain = float((answer.outcome - self.nothing.outcome).mean()) / horizon
        gain_slope = answer.slope.mean(0)[self.limit.decided] * self.scale / horizon
        target = self.objective.target_roas
        return (gain - target * total) / self.scale, (gain_slope - target * slope) / self.scale

    def climb(self, plan: Array) -> tuple[float, Array] | None:
        """Value and spends of the local optimum from a start; None if it is not feasible."""
        limit, budget = self.limit, self.objective.budget
        constraints: list[dict[str, Any]] = []
        if budget is not None:
            constraints.append({
                "type": "eq",
                "fun": lambda point: (self.spent(point)[0] - budget) / self.scale,
                "jac": lambda point: self.spent(point)[1] / self.scale,
            })  # fmt: skip
        if self.objective.target_roas is not None:
            constraints.append({
                "type": "ineq",
                "fun": lambda point: self.excess(point)[0],
                "jac": lambda point: self.excess(point)[1],
            })  # fmt: skip
        for group, least, most in zip(limit.groups, limit.least, limit.most, strict=True):
            row = group[limit.decided].astype(float)
            for sign, end in ((1.0, least), (-1.0, most)):
                if np.isfinite(end):
                    constraints.append({
                        "type": "ineq",
                        "fun": lambda point, r=row, s=sign, e=end: s * (r @ point - e / self.scale),
                        "jac": lambda _, r=row, s=sign: s * r,
                    })  # fmt: skip
        low, high = (ends[limit.decided] / self.scale for ends in (limit.lower, limit.upper))
        solution = minimize(
            self.goal,
            np.clip(plan[limit.decided] / self.scale, low, high),
            jac=True,
            method="SLSQP",
            bounds=list(zip(low, high, strict=True)),
            constraints=constraints,
            options={"maxiter": STEPS, "ftol": 1e-8},
        )
        point = np.clip(solution.x, low, high)
        for constraint in constraints:
            value = float(constraint["fun"](point))
            if (abs(value) if constraint["type"] == "eq" else -value) > TOLERANCE:
                return None
        return -self.goal(point)[0], self.plan(point)


def _infeasible_message(response: Response, limit: Limits, objective: Objective) -> str:
    draws = thin_draws(response.fitted.draws, SEARCH)
    search = _Search(response, limit, replace(objective, blend=0.0), draws)
    if objective.target_roas is not None:
        lower = np.where(limit.decided, limit.lower, 0.0)
        slope = search.answer(limit.lower[limit.decided] / search.scale).slope.mean(0)
        money = lower.sum(0)
        margin = (slope * lower).sum(0) / np.where(money > 0, money, 1.0)
        worst = limit.channels[int(np.where(money > 0, margin, np.inf).argmin())]
        remedy = f", or lower --lower, first for {worst}, whose spend returns least there"
        return (
            f"--target-roas {objective.target_roas:g}: no plan within the bounds has such an "
            f"average return; lower it{remedy if money.any() else ''}"
        )
    assert objective.budget is not None
    ends = []
    for end in (limit.lower, limit.upper):
        ends.append(search.spent(end[limit.decided] / search.scale)[0])
    return (
        f"--budget {number(objective.budget, digits=5)}: no plan within the bounds spends that; "
        f"the lower bounds sum to {number(ends[0], digits=5)} and the upper bounds to "
        f"{number(ends[1], digits=5)}, with a mediator that follows its causes; change the budget, "
        "--lower or --upper"
    )
