"""From a run folder to the best split of a budget, with the posterior carried all the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes import runs
from mmm_bayes.counterfactual import World, world
from mmm_bayes.decisions.answer import Answer, How
from mmm_bayes.decisions.limits import EXTRAPOLATION, Limits, limits
from mmm_bayes.decisions.objective import OBJECTIVES, Objective
from mmm_bayes.decisions.optimum import FINISH, Wish, best_plan
from mmm_bayes.decisions.response import Response, response
from mmm_bayes.decisions.today import reach
from mmm_bayes.errors import InputError
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.refitting import refit
from mmm_bayes.runs import Run

if TYPE_CHECKING:
    import pymc as pm

Array = NDArray[Any]

HOWS: tuple[str, ...] = get_args(How)
HORIZON, LEVEL = 52, 0.1


@dataclass(frozen=True)
class Fitted:
    """A run that answers to plans.

    Attributes
    ----------
    run : Run
    model : pymc.Model
    world : World
    """

    run: Run
    model: pm.Model
    world: World

    @property
    def mediated(self) -> bool:
        """Whether the model has a mediator with an equation of its own."""
        return self.world.mediator is not None


@dataclass(frozen=True, repr=False)
class Plan:
    """A split of a budget, and what it brings.

    Attributes
    ----------
    response : Response
    limit : Limits
    wish : Wish
    spends : array, shape (unit, channel)
        Money a week; of a mediator that follows, its posterior mean.
    before, after : Answer
        To today's spends, and to the plan's.
    """

    response: Response
    limit: Limits
    wish: Wish
    spends: Array
    before: Answer
    after: Answer

    def __repr__(self) -> str:
        """The plan in sentences."""
        outcome = self.response.world.design.dataset.description.outcome
        return "\n".join(fill(line, 98) for line in progress(self, outcome))

    @property
    def gain(self) -> Array:
        """Outcome of the plan less outcome of today's spends, shape (sample,)."""
        return np.asarray(self.after.outcome - self.before.outcome)

    @property
    def spent(self) -> float:
        """Money a week."""
        return float(self.spends.sum())

    @property
    def reach(self) -> Array:
        """Spends in multiples of the highest observed week, shape (unit, channel)."""
        return reach(self.response.today, self.spends)


def fitted(run: str | Path | Run, model: Path | None = None) -> Fitted:
    """A run made ready for plans; nothing is compiled or sampled.

    Parameters
    ----------
    run : path or Run
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.

    Raises
    ------
    InputError
    """
    run = run if isinstance(run, Run) else runs.load(run)
    given = refit(run, model)
    built = given.member.build(given.design)
    draws = run.draws["posterior"].to_dataset()
    seed = int(run.record.get("seed", 0))
    return Fitted(run, built, world(built, given.design, draws, seed=seed))


def optimize(
    run: str | Path | Run | Fitted,
    *,
    budget: float | None = None,
    target_roas: float | None = None,
    lower: Mapping[str, float] | None = None,
    upper: Mapping[str, float] | None = None,
    horizon: int = HORIZON,
    mediator: str = "planner",
    objective: str = "mean",
    level: float = LEVEL,
    extrapolate: float = EXTRAPOLATION,
    seed: int = 1,
    finish: int = FINISH,
) -> Plan:
    """The best split of a budget over all draws of a run.

    Parameters
    ----------
    run : path, Run or Fitted
    budget : float, optional
        Money a week; today's, the mean of the last 52 weeks, if left out.
    target_roas : float, optional
        Instead of a budget: spend as pays best while every unit of money brings this much on
        average, against no spend at all.
    lower, upper : mapping of str to float, optional
        Multiples of today's spend by channel or role; the key "" is every channel, by default 0.5
        and 1.5.
    horizon : int
        Weeks.
    mediator : {"planner", "caused"}
        Whether the mediator's spend is decided, or follows from its causes.
    objective : {"mean", "quantile", "cvar"}
        Of the gain over today's plan.
    level : float
        Probability of the quantile or the worst cases.
    extrapolate : float
        Most that a channel may spend, in multiples of its highest observed week.
    seed : int
        Of the plans that the search begins at.
    finish : int
        Most draws that decide in the end.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
    """
    _refuse(budget, target_roas, horizon, mediator, objective, level, extrapolate)
    ready = run if isinstance(run, Fitted) else fitted(run)
    if mediator == "caused" and not ready.mediated:
        raise InputError(
            f"--mediator caused: {ready.run.record['model']} has no equation of a mediator; take "
            "--mediator planner"
        )
    how: How = "caused" if mediator == "caused" else "planner"
    answer = response(ready.world, ready.model, horizon=horizon, how=how)
    design = ready.world.design
    limit = limits(
        design,
        answer.today,
        lower=lower or {},
        upper=upper or {},
        follows=design.mediator if how == "caused" else None,
        extrapolate=extrapolate,
    )
    if budget is None and target_roas is None:
        budget = float(answer.today.spend.sum())
    chosen: Objective = objective  # type: ignore[assignment]
    wish = Wish(budget, target_roas, chosen, level)
    spends = best_plan(answer, limit, wish, seed=seed, finish=finish)
    return evaluated(answer, limit, wish, spends)


def evaluated(answer: Response, limit: Limits, wish: Wish, spends: Array) -> Plan:
    """A plan with what it brings, on all draws.

    Parameters
    ----------
    answer : Response
    limit : Limits
    wish : Wish
    spends : array, shape (unit, channel)
        Money a week.
    """
    before, after = answer(answer.today.spend), answer(spends)
    spends = spends.copy()
    if answer.how == "caused":
        spends[:, answer.world.design.mediator_at] = after.mediator.mean(0)
    return Plan(answer, limit, wish, spends, before, after)


def plan_table(plan: Plan) -> pd.DataFrame:
    """The rows of ``plan.csv``: unit, channel, spend_now and spend_plan, money a week."""
    design, now = plan.response.world.design, plan.response.today.spend
    channels = design.dataset.channels
    rows = [
        (unit, channel, now[u, channels.index(channel)], plan.spends[u, channels.index(channel)])
        for u, unit in enumerate(design.arrays["unit"].values)
        for channel in design.dataset.paid
    ]
    return pd.DataFrame(rows, columns=["unit", "channel", "spend_now", "spend_plan"])


def gain_summary(gain: Array) -> dict[str, float]:
    """Mean, median and 90% equal-tailed interval of a gain.

    Parameters
    ----------
    gain : array, shape (sample,)
    """
    summary = dict(zip(STATISTICS, summarise(gain), strict=True))
    return {name: float(summary[name]) for name in ("mean", "median", "lower", "upper")}


def plan_record(plan: Plan) -> dict[str, Any]:
    """What ``plan.json`` says of a plan."""
    design = plan.response.world.design
    channels = design.dataset.channels
    mediated = design.mediator is not None and plan.response.world.mediator is not None
    beyond = [channels[at] for at in np.flatnonzero((plan.reach > 1).any(0))]
    now = float(plan.response.today.spend.sum())
    return {
        "budget": plan.spent,
        "budget_now": now,
        "horizon": plan.response.horizon,
        "objective": plan.wish.objective,
        "level": None if plan.wish.objective == "mean" else plan.wish.level,
        "target_roas": plan.wish.target_roas,
        "mediator": plan.response.how if mediated else None,
        "gain": gain_summary(plan.gain),
        "p_gain": float((plan.gain > 0).mean()),
        "extrapolation": float(plan.reach.max()),
        "beyond": beyond,
    }


def progress(plan: Plan, outcome: str) -> list[str]:
    """A plan in sentences."""
    gain, record = gain_summary(plan.gain), plan_record(plan)
    far = f"at most {record['extrapolation']:.2f} times the highest week observed"
    return [
        f"{plan.spent:,.0f} a week for {plan.response.horizon} weeks: {outcome} changes by "
        f"{gain['mean']:,.0f} in all (90% interval {gain['lower']:,.0f} to {gain['upper']:,.0f}); "
        f"the probability that it beats today's plan is {record['p_gain']:.2f}",
        f"no channel in no unit spends more than that was seen: {far}"
        if record["extrapolation"] <= 1
        else f"beyond what was seen, for {', '.join(record['beyond'])}: {far}",
    ]


def _refuse(
    budget: float | None,
    target: float | None,
    horizon: int,
    mediator: str,
    objective: str,
    level: float,
    extrapolate: float,
) -> None:
    checks: list[tuple[Callable[[], bool], str]] = [
        (lambda: budget is not None and target is not None,
         "--budget and --target-roas exclude each other; give one of them"),
        (lambda: budget is not None and not (np.isfinite(budget) and budget > 0),
         f"--budget {budget} is no amount of money; give what a week shall cost, above 0"),
        (lambda: target is not None and not (np.isfinite(target) and target > 0),
         f"--target-roas {target} is no return; give what a unit of money shall bring, above 0"),
        (lambda: horizon < 1, f"--horizon {horizon} is no plan; take 1 week or more"),
        (lambda: mediator not in HOWS,
         f"--mediator {mediator!r} is not one of {', '.join(HOWS)}"),
        (lambda: objective not in OBJECTIVES,
         f"--objective {objective!r} is not one of {', '.join(OBJECTIVES)}"),
        (lambda: not 0 < level < 1,
         f"--level {level} is not between 0 and 1; take for example 0.1"),
        (lambda: not (np.isfinite(extrapolate) and extrapolate > 0),
         f"--extrapolate {extrapolate} is not above 0; 1 is the highest week that was observed"),
    ]  # fmt: skip
    for wrong, says in checks:
        if wrong():
            raise InputError(says)
