"""Optimal split of a budget for a run, evaluated over all posterior draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import fill
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.decisions.limits import (
    EXTRAPOLATION,
    Limits,
    example_bound,
    paused,
    spend_limits,
)
from mmm_bayes.decisions.objective import CRITERIA, Criterion
from mmm_bayes.decisions.optimum import FINISH, Objective, best_plan
from mmm_bayes.decisions.outcome import MediatorPolicy, PlanOutcome
from mmm_bayes.decisions.response import Response, build_response
from mmm_bayes.decisions.status_quo import BEYOND, extrapolation_ratios
from mmm_bayes.diagnostics.check import verdict_line, verdict_record
from mmm_bayes.errors import InputError
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.inference import runs
from mmm_bayes.inference.refit import prepare_refit
from mmm_bayes.inference.runs import Run
from mmm_bayes.model.counterfactual import Counterfactual, abduct
from mmm_bayes.text import Summary, estimate, number, probability

Array = NDArray[Any]

POLICIES: tuple[str, ...] = get_args(MediatorPolicy)
LEVEL = 0.1
#: Promised over true gain of plans for 120 simulated markets, 100 of which the model does not
#: describe (``docs/misspecification.md``), with the mediator's spend set or caused.
PROMISED_OVER_TRUE = {"planner": 2.0, "caused": 1.6}


@dataclass(frozen=True)
class PreparedRun:
    """A run with the counterfactual that evaluates plans."""

    run: Run
    counterfactual: Counterfactual

    @property
    def mediated(self) -> bool:
        """True if the model has a mediator with an equation of its own."""
        return self.counterfactual.mediator is not None


@dataclass(frozen=True, repr=False)
class Plan:
    """A split of a budget and its outcome.

    Attributes
    ----------
    spends : array, shape (unit, channel)
        Money a week; for a mediator that follows its causes, the posterior mean.
    before, after : PlanOutcome
        Outcome of the status quo, and of the plan.
    verdict : dict, optional
        Verdict of the run's checks, as `verdict_record` returns it.
    """

    response: Response
    limit: Limits
    objective: Objective
    spends: Array
    before: PlanOutcome
    after: PlanOutcome
    verdict: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """The verdict of the run, and the plan in sentences."""
        outcome = self.response.fitted.design.dataset.description.outcome
        lines = [verdict_line(self.verdict)] if self.verdict else []
        return "\n".join(fill(line, 98) for line in [*lines, *plan_sentences(self, outcome)])

    @property
    def gain(self) -> Array:
        """Outcome of the plan less outcome of the status quo, shape (sample,)."""
        return np.asarray(self.after.outcome - self.before.outcome)

    @property
    def spent(self) -> float:
        """Total spend, money a week."""
        return float(self.spends.sum())

    @property
    def extrapolation(self) -> Array:
        """Spends in multiples of the highest sustained ones, shape (unit, channel)."""
        return extrapolation_ratios(self.response.status_quo, self.spends)


def prepare_run(run: str | Path | Run, model: Path | None = None) -> PreparedRun:
    """A run with its model rebuilt, without compiling or sampling.

    Parameters
    ----------
    model : pathlib.Path, optional
        Model file, if the model is not a member of the family.

    Raises
    ------
    InputError
        If the folder is not a finished run, or its model is not available.
    """
    run = run if isinstance(run, Run) else runs.load(run)
    refit = prepare_refit(run, model)
    built = refit.member.build(refit.design)
    draws = run.draws["posterior"].to_dataset()
    seed = int(run.record.get("seed", 0))
    return PreparedRun(run, abduct(built, refit.design, draws, seed=seed))


def optimize(
    run: str | Path | Run | PreparedRun,
    *,
    budget: float | None = None,
    target_roas: float | None = None,
    lower: Mapping[str, float | str] | None = None,
    upper: Mapping[str, float | str] | None = None,
    horizon: int | None = None,
    mediator: str = "planner",
    objective: str = "mean",
    level: float = LEVEL,
    extrapolate: float = EXTRAPOLATION,
    seed: int = 1,
    finish: int = FINISH,
) -> Plan:
    """Optimal split of a budget, over all draws of a run.

    Parameters
    ----------
    budget : float, optional
        Money per step of the table (a week, a day, a month); by default what was spent in the
        weeks that the plan is compared with.
    target_roas : float, optional
        Instead of a budget: the smallest average return on all spend, against no spend.
    lower, upper : mapping of str to float or str, optional
        Multiples of the status quo by channel or role, or money as text (``"2000/step"``); the key
        "" is every channel, by default 0.5 and 1.5.
    horizon : int, optional
        Steps of the plan, which is compared with as many of the last steps as they were; a year by
        default, or the whole table if it is shorter.
    mediator : {"planner", "caused"}
        Whether the planner sets the mediator's spend, or it follows from its causes.
    objective : {"mean", "quantile", "cvar"}
        Statistic of the gain over the status quo that is maximised.
    level : float
        Probability of the quantile or the worst cases.
    extrapolate : float
        Largest spend of a channel, in multiples of the highest that was sustained in the table,
        carryover included.
    seed : int
        Seed of the random starting plans.
    finish : int
        Largest number of draws of the refinement.

    Raises
    ------
    InputError
        If an option is out of range, or no plan is feasible.
    """
    _check(budget, target_roas, horizon, mediator, objective, level, extrapolate)
    prepared = run if isinstance(run, PreparedRun) else prepare_run(run)
    if mediator == "caused" and not prepared.mediated:
        raise InputError(
            f"--mediator caused: {prepared.run.record['model']} has no equation of a mediator; use "
            "--mediator planner"
        )
    policy: MediatorPolicy = "caused" if mediator == "caused" else "planner"
    design = prepared.counterfactual.design
    response = build_response(prepared.counterfactual, horizon=horizon, policy=policy)
    limit = spend_limits(
        design,
        response.status_quo,
        lower=lower or {},
        upper=upper or {},
        follows=design.mediator if policy == "caused" else None,
        extrapolate=extrapolate,
    )
    if budget is None and target_roas is None:
        budget = float(response.status_quo.spend.sum())
    criterion: Criterion = objective  # type: ignore[assignment]
    goal = Objective(budget, target_roas, criterion, level)
    spends = best_plan(response, limit, goal, seed=seed, finish=finish)
    plan = evaluate_plan(response, limit, goal, spends)
    return replace(plan, verdict=verdict_record(prepared.run.diagnostics))


def evaluate_plan(response: Response, limit: Limits, objective: Objective, spends: Array) -> Plan:
    """The plan with its outcome on all draws.

    Parameters
    ----------
    spends : array, shape (unit, channel)
        Money a week.
    """
    before, after = response(response.status_quo.spend), response(spends)
    spends = spends.copy()
    if response.policy == "caused":
        spends[:, response.fitted.design.mediator_index] = after.mediator.mean(0)
    return Plan(response, limit, objective, spends, before, after)


def plan_table(plan: Plan) -> pd.DataFrame:
    """Content of ``plan.csv``: unit, channel, spend_now and spend_plan, money a week."""
    design, now = plan.response.fitted.design, plan.response.status_quo.spend
    channels = design.dataset.channels
    rows = [
        (unit, channel, now[u, channels.index(channel)], plan.spends[u, channels.index(channel)])
        for u, unit in enumerate(design.arrays["unit"].values)
        for channel in design.dataset.paid
    ]
    return pd.DataFrame(rows, columns=["unit", "channel", "spend_now", "spend_plan"])


def calendar_table(plan: Plan) -> pd.DataFrame:
    """Content of ``calendar.csv``: date, unit, channel, spend_now and spend_plan of each week.

    The mean over the weeks is `plan_table`.
    """
    response, dataset = plan.response, plan.response.design.dataset
    paid = [dataset.channels.index(name) for name in dataset.paid]
    arrays = response.design.arrays
    index = pd.MultiIndex.from_product(
        [arrays["time"].values[response.status_quo.weeks], arrays["unit"].values, dataset.paid],
        names=["date", "unit", "channel"],
    )
    spends = {
        "spend_now": response.status_quo.calendar,
        "spend_plan": response.calendar(plan.spends),
    }
    columns = {name: money[..., paid].ravel() for name, money in spends.items()}
    return pd.DataFrame(columns, index=index).reset_index()


def gain_summary(gain: Array) -> dict[str, float]:
    """Mean, median and 90% equal-tailed interval of a gain.

    Parameters
    ----------
    gain : array, shape (sample,)
        Outcome units.
    """
    summary = dict(zip(STATISTICS, summarise(gain), strict=True))
    return {name: float(summary[name]) for name in ("mean", "median", "lower", "upper")}


def plan_record(plan: Plan) -> dict[str, Any]:
    """Content of ``plan.json`` on the plan itself."""
    design = plan.response.fitted.design
    channels = design.dataset.channels
    mediated = design.mediator is not None and plan.response.fitted.mediator is not None
    beyond = [channels[index] for index in np.flatnonzero((plan.extrapolation > BEYOND).any(0))]
    now = float(plan.response.status_quo.spend.sum())
    return {
        "budget": plan.spent,
        "budget_now": now,
        "horizon": plan.response.horizon,
        "objective": plan.objective.objective,
        "level": None if plan.objective.objective == "mean" else plan.objective.level,
        "target_roas": plan.objective.target_roas,
        "mediator": plan.response.policy if mediated else None,
        "gain": gain_summary(plan.gain),
        "p_gain": float((plan.gain > 0).mean()),
        "extrapolation": float(plan.extrapolation.max()),
        "beyond": beyond,
        **(plan.verdict or {}),
        "paused": list(paused(plan.limit, plan.response.status_quo)),
    }


def plan_sentences(plan: Plan, outcome: str) -> list[str]:
    """Sentences that summarise a plan.

    Parameters
    ----------
    outcome : str
        Column name of the outcome.
    """
    gain, record = gain_summary(plan.gain), plan_record(plan)
    expected = Summary(gain["mean"], gain["lower"], gain["upper"])
    step, start = plan.response.fitted.design.dataset.step, plan.response.status_quo
    ratio = f"at most {number(record['extrapolation'])} times the highest sustained spend"
    mediator = plan.response.design.mediator
    condition = {
        "planner": f", with the spend on {mediator} set, whatever its causes do",
        "caused": f", with the spend on {mediator} following from its causes",
    }.get(record["mediator"], "")
    return [
        f"{number(plan.spent)} a {step.noun} for {step.count(plan.response.horizon)}{condition}: "
        f"{outcome} changes by {estimate(expected)} in total, compared with the last "
        f"{step.count(plan.response.horizon)} as they were; the probability that it beats them is "
        f"{probability(record['p_gain'])}",
        f"every channel stays within what it sustained in the table: {ratio}"
        if not record["beyond"]
        else f"beyond what was ever sustained, for {', '.join(record['beyond'])}: {ratio}",
        *(
            f"{name} is paused: it had no spend in the last year, and bounds are multiples of "
            "that, so the plan leaves it off; a bound in money, such as --upper "
            f"{name}={example_bound(start, np.array(plan.limit.channels) == name)}, lets it return"
            for name in record["paused"]
        ),
        promise_sentence(plan.response.policy),
    ]


def promise_sentence(policy: MediatorPolicy) -> str:
    """Sentence on the ratio of promised to true gains over simulated markets.

    Parameters
    ----------
    policy : {"planner", "caused"}
        Whether the planner sets the mediator's spend, or it follows from its causes.
    """
    return (
        "a plan is chosen by the same posterior that promises its gain, and takes what that "
        "overrates: in 120 simulated markets, most of a kind that the model does not describe, the "
        f"promised gains were {number(PROMISED_OVER_TRUE[policy])} times the true ones"
    )


def _check(
    budget: float | None,
    target: float | None,
    horizon: int | None,
    mediator: str,
    objective: str,
    level: float,
    extrapolate: float,
) -> None:
    checks: list[tuple[Callable[[], bool], str]] = [
        (lambda: budget is not None and target is not None,
         "--budget and --target-roas exclude each other; give one of them"),
        (lambda: budget is not None and not (np.isfinite(budget) and budget > 0),
         f"--budget {budget} is not a budget; give the spend per step of the table, above 0"),
        (lambda: target is not None and not (np.isfinite(target) and target > 0),
         f"--target-roas {target} is not a return; give the outcome per unit of money, above 0"),
        (lambda: horizon is not None and horizon < 1,
         f"--horizon {horizon} is not a horizon; give 1 step of the table or more"),
        (lambda: mediator not in POLICIES,
         f"--mediator {mediator!r} is not one of {', '.join(POLICIES)}"),
        (lambda: objective not in CRITERIA,
         f"--objective {objective!r} is not one of {', '.join(CRITERIA)}"),
        (lambda: not 0 < level < 1,
         f"--level {level} is not between 0 and 1; give for example 0.1"),
        (lambda: not (np.isfinite(extrapolate) and extrapolate > 0),
         f"--extrapolate {extrapolate} is not above 0; 1 is the highest sustained spend"),
    ]  # fmt: skip
    for fails, message in checks:
        if fails():
            raise InputError(message)
