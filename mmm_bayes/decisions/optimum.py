"""The best plan within its limits, by sequential quadratic programming with exact gradients.

Response curves bend both ways, so there may be several local optima: the search begins at several
allowed plans, on some of the draws, and the best of them is finished on all.

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

from mmm_bayes.decisions.answer import Answer
from mmm_bayes.decisions.limits import Limits, nearest
from mmm_bayes.decisions.objective import Objective, judged, weights
from mmm_bayes.decisions.response import Response
from mmm_bayes.errors import InputError

Array = NDArray[Any]

#: Most draws of the search, and of its last steps.
SEARCH, FINISH = 200, 100_000
STARTS = 3
STEPS = 60
#: A plan keeps a budget, or a return, to this part of it.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Wish:
    """What is wanted of a plan.

    Attributes
    ----------
    budget : float or None
        Money a week, a mediator that follows included; None where a return is wanted instead.
    target_roas : float or None
        Least that a unit of money shall bring on average, against no spend at all.
    objective : {"mean", "quantile", "cvar"}
    level : float
        Of the quantile or the worst cases.
    blend : float
        Weight of the objective; the rest is the mean's.
    """

    budget: float | None
    target_roas: float | None = None
    objective: Objective = "mean"
    level: float = 0.1
    blend: float = 1.0

    def ordered(self, samples: int) -> Array:
        """Weights of the gain's ordered draws.

        Parameters
        ----------
        samples : int
            Draws.
        """
        risk = weights(self.objective, samples, self.level)
        return self.blend * risk + (1 - self.blend) * weights("mean", samples, self.level)


def thinned(draws: xr.Dataset, number: int) -> xr.Dataset:
    """Draws at equal distances, as one chain; all of them if there are no more.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, ...)
    number : int
        The most that are kept.
    """
    samples = draws.sizes["chain"] * draws.sizes["draw"]
    keep = np.unique(np.linspace(0, samples - 1, min(number, samples)).astype(int))
    flat = draws.stack(sample=("chain", "draw")).isel(sample=keep).reset_index("sample", drop=True)
    chain = flat.rename(sample="draw").expand_dims("chain")
    return chain.assign_coords(chain=[0], draw=np.arange(len(keep)))


def best_plan(
    response: Response,
    limit: Limits,
    wish: Wish,
    *,
    starts: Sequence[Array] = (),
    tries: int = STARTS,
    seed: int = 0,
    finish: int = FINISH,
    draws: xr.Dataset | None = None,
) -> Array:
    """The plan that is best by an objective.

    Parameters
    ----------
    response : Response
    limit : Limits
    wish : Wish
    starts : sequence of array, shape (unit, channel)
        Plans to begin at, besides today's and some at random.
    tries : int
        Plans at random to begin at.
    seed : int
    finish : int
        Draws that decide in the end.
    draws : xarray.Dataset, optional
        Some of the world's draws, which alone decide; all if left out.

    Returns
    -------
    array, shape (unit, channel)
        Money a week; of a mediator that follows, today's.

    Raises
    ------
    InputError
        If no allowed plan keeps the budget, or reaches the return.
    """
    rng = np.random.default_rng(seed)
    draws = response.world.draws if draws is None else draws
    now = response.today.spend
    decided = None
    if wish.budget is not None:
        decided = wish.budget - (now.sum() - now[limit.decided].sum())
    if response.how == "caused" or wish.budget is None:
        first = nearest(limit, now, None)
        random = [rng.uniform(limit.lower, limit.upper) for _ in range(tries)]
    else:
        first = nearest(limit, now, decided)
        random = [
            nearest(limit, rng.uniform(limit.lower, limit.upper), decided) for _ in range(tries)
        ]
    some = _Search(response, limit, wish, thinned(draws, SEARCH))
    tried = [some.climb(plan) for plan in (first, *starts, *random)]
    kept = [found for found in tried if found is not None]
    if not kept:
        raise InputError(_unreachable(response, limit, wish))
    _, plan = max(kept, key=lambda one: one[0])
    whole = _Search(response, limit, wish, thinned(draws, finish))
    finished = whole.climb(plan)
    if finished is None:
        raise InputError(_unreachable(response, limit, wish))
    return finished[1]


@dataclass
class _Search:
    """One climb after another over the same draws; the last plan's answer is remembered."""

    response: Response
    limit: Limits
    wish: Wish
    draws: xr.Dataset

    def __post_init__(self) -> None:
        self.before = self.response(self.response.today.spend, self.draws)
        self.ordered = self.wish.ordered(len(self.before.outcome))
        self.scale = float(self.response.today.spend.sum()) or 1.0
        slope = np.abs(self.before.slope.mean(0)[self.limit.decided]).max()
        self.worth = float(slope * self.scale) or 1.0
        self.nothing = None
        if self.wish.target_roas is not None:
            none = np.where(self.limit.decided, 0.0, self.response.today.spend)
            self.nothing = self.response(none, self.draws)
        self.known: tuple[bytes, Answer] | None = None

    def plan(self, point: Array) -> Array:
        spends = self.response.today.spend.copy()
        spends[self.limit.decided] = point * self.scale
        return spends

    def answer(self, point: Array) -> Answer:
        key = point.tobytes()
        if self.known is None or self.known[0] != key:
            self.known = (key, self.response(self.plan(point), self.draws))
        return self.known[1]

    def goal(self, point: Array) -> tuple[float, Array]:
        """What is minimised, and its gradient."""
        answer = self.answer(point)
        value, weight = judged(answer.outcome - self.before.outcome, self.ordered)
        slope = np.tensordot(weight, answer.slope, 1)[self.limit.decided]
        return -value / self.worth, -slope * self.scale / self.worth

    def spent(self, point: Array) -> tuple[float, Array]:
        """All money of a week, a mediator that follows at its mean, and its gradient."""
        answer = self.answer(point)
        total, slope = float(self.plan(point).sum()), np.ones(len(point)) * self.scale
        if self.response.how == "caused":
            at = self.response.world.design.mediator_at
            total += float(answer.mediator.sum(1).mean() - self.response.today.spend[:, at].sum())
            slope = slope + answer.mediator_slope.mean(0)[self.limit.decided] * self.scale
        return total, slope

    def excess(self, point: Array) -> tuple[float, Array]:
        """What a plan brings beyond the wanted return on it, as a share of today's spend."""
        assert self.nothing is not None
        assert self.wish.target_roas is not None
        answer, (total, slope) = self.answer(point), self.spent(point)
        horizon = self.response.horizon
        brings = float((answer.outcome - self.nothing.outcome).mean()) / horizon
        rises = answer.slope.mean(0)[self.limit.decided] * self.scale / horizon
        wanted = self.wish.target_roas
        return (brings - wanted * total) / self.scale, (rises - wanted * slope) / self.scale

    def climb(self, plan: Array) -> tuple[float, Array] | None:
        """The best plan near a start and its value; None if it does not keep the constraints."""
        limit, budget = self.limit, self.wish.budget
        constraints: list[dict[str, Any]] = []
        if budget is not None:
            constraints.append({
                "type": "eq",
                "fun": lambda point: (self.spent(point)[0] - budget) / self.scale,
                "jac": lambda point: self.spent(point)[1] / self.scale,
            })  # fmt: skip
        if self.wish.target_roas is not None:
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
        found = minimize(
            self.goal,
            np.clip(plan[limit.decided] / self.scale, low, high),
            jac=True,
            method="SLSQP",
            bounds=list(zip(low, high, strict=True)),
            constraints=constraints,
            options={"maxiter": STEPS, "ftol": 1e-8},
        )
        point = np.clip(found.x, low, high)
        for one in constraints:
            value = float(one["fun"](point))
            if (abs(value) if one["type"] == "eq" else -value) > TOLERANCE:
                return None
        return -self.goal(point)[0], self.plan(point)


def _unreachable(response: Response, limit: Limits, wish: Wish) -> str:
    if wish.target_roas is not None:
        return (
            f"--target-roas {wish.target_roas:g}: no plan within the bounds returns that much on "
            "average; lower it, or lower --lower"
        )
    assert wish.budget is not None
    ends = []
    draws = thinned(response.world.draws, SEARCH)
    search = _Search(response, limit, replace(wish, blend=0.0), draws)
    for end in (limit.lower, limit.upper):
        ends.append(search.spent(end[limit.decided] / search.scale)[0])
    return (
        f"--budget {wish.budget:,.0f}: no plan within the bounds spends that a week; the lower "
        f"bounds come to {ends[0]:,.0f} and the upper ones to {ends[1]:,.0f}, a mediator that "
        "follows included; change the budget, --lower or --upper"
    )
