"""Optimal plan of a run, written to its folder with the tables that support it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.decisions.frontier import efficient_frontier
from mmm_bayes.decisions.information import next_experiments
from mmm_bayes.decisions.moves import budget_moves, moves_table
from mmm_bayes.decisions.outcome import MediatorPolicy
from mmm_bayes.decisions.plan import (
    Plan,
    PreparedRun,
    calendar_table,
    optimize,
    plan_record,
    plan_sentences,
    plan_table,
    prepare_run,
)
from mmm_bayes.decisions.prices import price_controls, price_curve
from mmm_bayes.decisions.response import Response, build_response
from mmm_bayes.decisions.returns import channel_margins, flags, marginal_returns, returns_table
from mmm_bayes.decisions.tradeoff import observed_spends, tradeoff_grid, tradeoff_pairs
from mmm_bayes.diagnostics.check import verdict_line, verdict_record
from mmm_bayes.errors import InputError
from mmm_bayes.files import check_writable, write_text
from mmm_bayes.text import join_names, number

PLAN, CALENDAR, RECORD = "plan.csv", "calendar.csv", "plan.json"
MOVES, RETURNS, FRONTIER = "moves.csv", "returns.csv", "frontier.csv"
PRICES, NEXT, TRADEOFF, WEEKS = (
    "price_curve.csv",
    "next_experiments.csv",
    "tradeoff.csv",
    "tradeoff_weeks.csv",
)
#: Draws of the plan under the other mediator policy, which is only for comparison.
COMPARISON_DRAWS = 500
#: Mediator policies, as sentences name them.
_POLICY_PHRASES = {"planner": "set by the planner", "caused": "following its causes"}


def decide(
    folder: Path,
    out: Path | None = None,
    *,
    model: Path | None = None,
    say: Callable[[str], None] = print,
    **options: Any,
) -> Plan:
    """Optimise a budget and write the plan, with the tables that support the decision.

    Parameters
    ----------
    folder : pathlib.Path
        Run folder.
    out : pathlib.Path, optional
        Folder of the files; the run folder by default.
    model : pathlib.Path, optional
        Model file, if the model is not a member of the family.
    say : callable
        Receives a progress line for each step.
    **options
        Options of `optimize`.

    Raises
    ------
    InputError
        If `out` is a file, an option is out of range, or no plan is feasible.
    """
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; name a folder")
    target = folder if out is None else out
    check_writable(target)
    prepared = prepare_run(folder, model)
    say(verdict_line(verdict_record(prepared.run.diagnostics)))
    outcome = prepared.counterfactual.design.dataset.description.outcome
    say("searching for the best plan")
    plan = optimize(prepared, **options)
    for line in plan_sentences(plan, outcome):
        say(line)
    record, files = plan_record(plan), {PLAN: plan_table(plan)}
    files[CALENDAR] = calendar_table(plan)
    files[MOVES] = moves_table(budget_moves(plan.response, plan.limit, plan.before))
    record["moves"] = files[MOVES].to_dict("records")
    direct, total, other = _margins_by_path(prepared, plan, options, say)
    record["other"] = other
    say("returns, the efficient frontier and the next experiment")
    design = prepared.counterfactual.design
    spend = design.dataset.data["spend"].isel(time=design.weeks).values.sum((0, 1))
    files[RETURNS] = returns_table(prepared.run, direct, total, spend)
    record["flags"] = flags(prepared.run, spend)
    if plan.objective.budget is not None:
        files[FRONTIER] = efficient_frontier(plan)
        files[NEXT] = next_experiments(plan)
    curves = [
        price_curve(prepared.counterfactual, name)
        for name in price_controls(prepared.counterfactual)
    ]
    if curves:
        files[PRICES] = pd.concat(curves)
    record["pictures"] = []
    grids, weeks = [], []
    response = _planner_response(prepared, plan)
    for across, along in tradeoff_pairs(response):
        record["pictures"].append([across, along])
        names = {"across": across, "along": along}
        grids.append(tradeoff_grid(response, across, along).assign(**names))
        weeks.append(observed_spends(response, across, along).assign(**names))
    if grids:
        files[TRADEOFF], files[WEEKS] = pd.concat(grids), pd.concat(weeks)
    for name, rows in files.items():
        text = rows.to_csv(index=False, lineterminator="\n", float_format="%.10g")
        write_text(target / name, text)
    text = json.dumps(record, indent=1, allow_nan=False)
    write_text(target / RECORD, f"{text}\n")
    return plan


def _planner_response(prepared: PreparedRun, plan: Plan) -> Response:
    """The response in which the planner sets the mediator's spend."""
    if plan.response.policy == "planner":
        return plan.response
    horizon = plan.response.horizon
    return build_response(prepared.counterfactual, horizon=horizon, policy="planner")


def _margins_by_path(
    prepared: PreparedRun, plan: Plan, options: dict[str, Any], say: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray, dict[str, Any] | None]:
    """Direct and total marginal returns, and the best plan under the other mediator policy."""
    now = plan.response.status_quo.spend
    margins = channel_margins(marginal_returns(plan.response, plan.before), now)
    if not prepared.mediated:
        return margins, margins, None
    policy: MediatorPolicy = "caused" if plan.response.policy == "planner" else "planner"
    say(f"the same with the mediator's spend {_POLICY_PHRASES[policy]}")
    design = prepared.counterfactual.design
    mediator = design.mediator
    other_options: dict[str, Any] = dict(options)
    for name in ("lower", "upper"):
        bounds = options.get(name) or {}
        other_options[name] = {key: value for key, value in bounds.items() if key != mediator}
    other_options |= {"mediator": policy, "finish": COMPARISON_DRAWS}
    try:
        other_plan = optimize(prepared, **other_options)
    except InputError as problem:
        horizon = plan.response.horizon
        response = build_response(prepared.counterfactual, horizon=horizon, policy=policy)
        other_margins = channel_margins(marginal_returns(response, response(now)), now)
        other: dict[str, Any] = {"mediator": policy, "impossible": str(problem)}
        say(f"there is no such plan: {problem}")
    else:
        outcome = marginal_returns(other_plan.response, other_plan.before)
        other_margins = channel_margins(outcome, now)
        table = plan_table(other_plan).groupby("channel", sort=False)["spend_plan"].sum()
        other = plan_record(other_plan) | {
            "spend_plan": {str(k): float(v) for k, v in table.items()}
        }
        other = {key: other[key] for key in ("mediator", "budget", "gain", "p_gain", "spend_plan")}
        sentence, *_ = plan_sentences(other_plan, design.dataset.description.outcome)
        spends = [f"{name} {number(money)}" for name, money in other["spend_plan"].items()]
        say(f"{sentence}; it spends {join_names(spends)}")
    direct, total = (margins, other_margins) if policy == "caused" else (other_margins, margins)
    return direct, np.where(np.isnan(total), direct, total), other
