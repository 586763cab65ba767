"""Plans of a finished run, written beside its results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.decisions.answer import How
from mmm_bayes.decisions.frontier import frontier
from mmm_bayes.decisions.information import next_experiments
from mmm_bayes.decisions.moving import moves, moves_table
from mmm_bayes.decisions.planning import (
    Fitted,
    Plan,
    fitted,
    optimize,
    plan_record,
    plan_table,
    progress,
)
from mmm_bayes.decisions.prices import price_controls, price_curve
from mmm_bayes.decisions.response import Response, response
from mmm_bayes.decisions.returns import flags, margins, of_channel, returns_table
from mmm_bayes.decisions.tradeoff import observed, pairs, tradeoff
from mmm_bayes.errors import InputError
from mmm_bayes.files import write_text

PLAN, RECORD = "plan.csv", "plan.json"
MOVES, RETURNS, FRONTIER = "moves.csv", "returns.csv", "frontier.csv"
PRICES, NEXT, TRADEOFF, WEEKS = (
    "price_curve.csv",
    "next_experiments.csv",
    "tradeoff.csv",
    "tradeoff_weeks.csv",
)
#: Draws that decide the plan that is only compared with.
COMPARED = 500


def decide(
    folder: Path,
    out: Path | None = None,
    *,
    model: Path | None = None,
    say: Callable[[str], None] = print,
    **wanted: Any,
) -> Plan:
    """Find the best split of a budget and write it with all that a decision needs beside it.

    Parameters
    ----------
    folder : pathlib.Path
        Of a run.
    out : pathlib.Path, optional
        Where the files go; into the run folder if left out.
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.
    say : callable
        Told one line at each step.
    **wanted
        Of `optimize`.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
    """
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; name a folder")
    ready = fitted(folder, model)
    outcome = ready.world.design.dataset.description.outcome
    say("searching the best plan")
    plan = optimize(ready, **wanted)
    for line in progress(plan, outcome):
        say(line)
    record, files = plan_record(plan), {PLAN: plan_table(plan)}
    files[MOVES] = moves_table(moves(plan.response, plan.limit, plan.before))
    record["moves"] = files[MOVES].to_dict("records")
    direct, total, other = _paths(ready, plan, wanted, say)
    record["other"] = other
    say("returns, the frontier of gain against risk, and the next experiment")
    design = ready.world.design
    spend = design.dataset.data["spend"].isel(time=design.weeks).values.sum((0, 1))
    files[RETURNS] = returns_table(ready.run, direct, total, spend)
    record["flags"] = flags(ready.run, spend)
    if plan.wish.budget is not None:
        files[FRONTIER] = frontier(plan)
        files[NEXT] = next_experiments(plan)
    curves = [price_curve(ready.world, name) for name in price_controls(ready.world)]
    if curves:
        files[PRICES] = pd.concat(curves)
    record["pictures"] = []
    grids, weeks = [], []
    set_by = _set(ready, plan)
    for across, along in pairs(set_by):
        record["pictures"].append([across, along])
        names = {"across": across, "along": along}
        grids.append(tradeoff(set_by, across, along).assign(**names))
        weeks.append(observed(set_by, across, along).assign(**names))
    if grids:
        files[TRADEOFF], files[WEEKS] = pd.concat(grids), pd.concat(weeks)
    place = folder if out is None else out
    for name, rows in files.items():
        text = rows.to_csv(index=False, lineterminator="\n", float_format="%.10g")
        write_text(place / name, text)
    text = json.dumps(record, indent=1, allow_nan=False)
    write_text(place / RECORD, f"{text}\n")
    return plan


def _set(ready: Fitted, plan: Plan) -> Response:
    """The response whose mediator is set by the planner."""
    if plan.response.how == "planner":
        return plan.response
    return response(ready.world, ready.model, horizon=plan.response.horizon, how="planner")


def _paths(
    ready: Fitted, plan: Plan, wanted: dict[str, Any], say: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray, dict[str, Any] | None]:
    """Marginal returns by path, and the best plan if the mediator is decided the other way."""
    now = plan.response.today.spend
    own = of_channel(margins(plan.response, plan.before), now)
    if not ready.mediated:
        return own, own, None
    otherwise: How = "caused" if plan.response.how == "planner" else "planner"
    say(f"the same with the mediator's spend {_SAID[otherwise]}")
    mediator = ready.world.design.mediator
    free: dict[str, Any] = dict(wanted)
    for name in ("lower", "upper"):
        bounds = wanted.get(name) or {}
        free[name] = {key: value for key, value in bounds.items() if key != mediator}
    free |= {"mediator": otherwise, "finish": COMPARED}
    try:
        second = optimize(ready, **free)
    except InputError as problem:
        answer = response(ready.world, ready.model, horizon=plan.response.horizon, how=otherwise)
        theirs = of_channel(margins(answer, answer(now)), now)
        other: dict[str, Any] = {"mediator": otherwise, "impossible": str(problem)}
    else:
        theirs = of_channel(margins(second.response, second.before), now)
        table = plan_table(second).groupby("channel", sort=False)["spend_plan"].sum()
        other = plan_record(second) | {"spend_plan": {str(k): float(v) for k, v in table.items()}}
        other = {key: other[key] for key in ("mediator", "budget", "gain", "p_gain", "spend_plan")}
    direct, total = (own, theirs) if otherwise == "caused" else (theirs, own)
    return direct, np.where(np.isnan(total), direct, total), other


_SAID = {"planner": "set by the planner", "caused": "following its causes"}
