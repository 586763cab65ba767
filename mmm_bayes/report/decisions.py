"""A plan in a report: what to spend, how sure that is, and what to find out next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.decisions.job import (
    FRONTIER,
    MOVES,
    NEXT,
    PLAN,
    PRICES,
    RECORD,
    RETURNS,
    TRADEOFF,
    WEEKS,
)
from mmm_bayes.plots import decisions as plots
from mmm_bayes.plots.style import figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.words import Summary, listed, number, spread, with_interval

_OBJECTIVES = {
    "mean": "the expected {outcome}",
    "quantile": "the {level:.0%} quantile of the gain",
    "cvar": "the mean gain of the worst {level:.0%} of cases",
}


def record(run: View) -> dict[str, Any]:
    """What ``plan.json`` says; empty where no plan was made."""
    path = run.run.folder / RECORD
    if not path.exists() or run.added(PLAN).empty:
        return {}
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def plan_sentences(run: View) -> list[str]:
    """What the plan is, what it gains, and what that rests on."""
    told = record(run)
    if not told:
        return []
    gain = Summary(*(told["gain"][name] for name in ("mean", "lower", "upper")))
    best = _OBJECTIVES[told["objective"]].format(outcome=run.outcome, level=told["level"] or 0.0)
    said = [
        f"{number(told['budget'])} a week over {told['horizon']} weeks, split so that {best} is "
        f"highest, changes {run.outcome} by {with_interval(gain)} in all, against going on as in "
        f"the mean week of the last 52. {_chance(told['p_gain'])}",
    ]
    far = told["extrapolation"]
    said.append(
        f"No channel spends more in a week than it did in some observed week (at most {far:.2f} "
        "times its highest), but none was observed to do so week after week."
        if far <= 1
        else f"{listed(told['beyond'])} would spend more in a week than was ever observed (up to "
        f"{far:.2f} times): there the model's form speaks, not the data."
    )
    other = told.get("other")
    if other and "gain" in other:
        there = Summary(*(other["gain"][name] for name in ("mean", "lower", "upper")))
        how = {
            "caused": f"If the spend on {run.mediator} is left to follow its causes instead",
            "planner": f"If the spend on {run.mediator} is set instead of following its causes",
        }[other["mediator"]]
        spends = listed([f"{name} {number(x)}" for name, x in other["spend_plan"].items()])
        said.append(
            f"{how}, the best plan gains {with_interval(there)}, with {spends} a week. The two "
            "differ in what the planner controls, so their gains are not to be added."
        )
    elif other:
        said.append(
            f"With the spend on {run.mediator} decided the other way there is no such plan: "
            f"{other['impossible']}."
        )
    return said


def move_sentences(run: View, moved: pd.DataFrame | None = None) -> list[str]:
    """Small steps from the lowest marginal return to the highest; those saved, unless given."""
    said = []
    for _, one in (run.added(MOVES) if moved is None else moved).iterrows():
        if not one["share"] > 0:
            said.append("The bounds allow no money to be moved.")
            continue
        gain = Summary(one["mean"], one["lower"], one["upper"])
        said.append(
            f"Moving {one['share']:.0%} of the budget from {one['from']} to {one['to']}: "
            f"{with_interval(gain)} of {run.outcome}. {_chance(one['p_gain'])}"
        )
    return said


def flag_sentences(run: View) -> list[str]:
    """Returns that should not be taken at face value."""
    return [one["says"] for one in record(run).get("flags", [])]


def returns(run: View) -> Table | None:
    """Average and marginal return of each channel by path."""
    found = run.added(RETURNS)
    if found.empty:
        return None
    names = ["roas_direct", "roas_indirect", "mroas_direct", "mroas_indirect"]
    rows: list[list[str | tuple[str, ...]]] = []
    for channel, one in found.groupby("channel", sort=False):
        by: Any = one.set_index("estimand")
        rows.append([
            str(channel),
            *(spread(Summary(*(float(by.loc[name, key]) for key in ("mean", "lower", "upper"))))
              if name in by.index else ("–", "") for name in names),
        ])  # fmt: skip
    through = f"through {run.mediator}" if run.mediator else "indirect"
    return table(
        ("channel", "ROAS, direct", f"ROAS, {through}", "marginal, direct", f"marginal, {through}"),
        rows,
    )


def experiments(run: View) -> Table | None:
    """Which channel's effect is most worth knowing, and a test that would tell it."""
    found = run.added(NEXT)
    if found.empty:
        return None
    rows: list[list[str | tuple[str, ...]]] = []
    for channel, one in found.groupby("channel", sort=False):
        first = one.iloc[0]
        value = (number(round(first["value"])), f"{first['share']:.0%} of knowing everything")
        cells = [_weeks(row) for _, row in one.iterrows()]
        rows.append([str(channel), value, str(first["design"]), *cells])
    kinds = [f"weeks {name}" if name == "off" else "weeks at half" for name in ("off", "half")]
    return table(("channel", "worth knowing", "design", *kinds), rows)


def pictures(run: View) -> Iterator[Picture]:
    """The plan, its frontier, and spends against each other."""
    told = record(run)
    if not told:
        return
    plan = _plan(run)
    made, axes = figure(width=7.5, height=1.2 + 0.42 * len(plan))
    plots.spends(axes[0, 0], plan)
    yield Picture(
        "plan",
        "Weekly spend of each channel, today and in the plan.",
        "What each channel spends a week: today (the mean of the last 52 weeks) and in the plan"
        + (f"; what {run.mediator} spends follows from its causes." if told["mediator"] == "caused"
           else "."),
        made, vector=True,
    )  # fmt: skip
    points = run.added(FRONTIER)
    if not points.empty:
        made, axes = figure(width=6, height=3.6)
        worst = told["level"] or 0.1
        plots.frontier(axes[0, 0], points, name=run.outcome, worst=worst)
        yield Picture(
            "frontier",
            "Expected gain of plans against the gain of their worst cases.",
            "What caution costs: plans of the same budget and bounds, from the highest expected "
            f"gain to the best of the worst {worst:.0%} of cases. The ends may lie close together: "
            "then there is little to choose. All gains are over the whole plan, and of parameters "
            "alone: the chance of single weeks is not in them.",
            made, vector=True,
        )  # fmt: skip
    prices = run.added(PRICES)
    for control, curve in prices.groupby("control", sort=False) if len(prices) else []:
        made, axes = figure(1, 2, width=8.5, height=3.2, across=0.9)
        plots.price_curve(axes[0], curve, name=run.outcome)
        yield Picture(
            f"price_{control}",
            f"{run.outcome} a week over {control}.",
            f"Left: typical {run.outcome} a week over {control}, as far as it was observed, all "
            "else as in the mean week of the last 52, with the 90% band. Right: the same over "
            f"{control}: the quantity sold, if {run.outcome} is what it is sold for. The model has "
            f"one elasticity, so {run.outcome} is highest at one end of any range: the curve says "
            "how fast it falls, and no best price.",
            made, vector=True,
        )  # fmt: skip
    drawn = _tradeoffs(run, told, plan)
    if drawn is not None:
        yield drawn


def _tradeoffs(run: View, told: dict[str, Any], plan: pd.DataFrame) -> Picture | None:
    grid, weeks = run.added(TRADEOFF), run.added(WEEKS)
    if grid.empty:
        return None
    names = [tuple(pair) for pair in told["pictures"]]
    made, axes = figure(1, len(names), width=4.6 * len(names), height=3.9, across=0.9)
    roles = run.record.get("description", {}).get("channels", {})
    for ax, (across, along) in zip(axes[0], names, strict=True):
        at = [
            plan["channel"].eq(name) | plan["channel"].map(lambda c: roles[c]["role"]).eq(name)
            for name in (across, along)
        ]
        place: list[Any] = [
            tuple(float(plan.loc[mask, column].sum()) for mask in at)
            for column in ("spend_now", "spend_plan")
        ]
        chosen = [
            rows[(rows["across"] == across) & (rows["along"] == along)] for rows in (grid, weeks)
        ]
        plots.tradeoff(ax, *chosen, now=place[0], plan=place[1], names=(across, along))
    return Picture(
        "tradeoff",
        f"Expected {run.outcome} over two spends, with the observed weeks.",
        f"Change of the expected {run.outcome} a week against today, over two constant weekly "
        f"spends that are both set, all else at today's. Grey: no observed week is there, nor "
        "between observed weeks. Channels of a role move in today's proportion. Along a line money "
        "may be traded at no loss. The lines are posterior means.",
        made,
        vector=True,
    )


def _plan(run: View) -> pd.DataFrame:
    """The plan, all units together."""
    found = run.added(PLAN)
    return found.groupby("channel", sort=False)[["spend_now", "spend_plan"]].sum().reset_index()


def chance(probability: float) -> str:
    """A probability in words: draws in the thousands can't tell 99.9% from certainty.

    Parameters
    ----------
    probability : float
    """
    if probability > 0.995:
        return "above 99%"
    return "below 1%" if probability < 0.005 else f"{probability:.0%}"


def _chance(probability: float) -> str:
    # Where hardly a draw gains, no model needs to be right for it.
    unless = "" if probability < 0.005 else ", if the model is right"
    return f"The probability of a gain is {chance(probability)}{unless}."


def _weeks(row: Any) -> tuple[str, str]:
    if np.isfinite(row["weeks"]):
        return (f"{row['weeks']:.0f}", f"after {row['washout']:.0f} to settle")
    return ("more than 52", f"power {row['power']:.0%} at 52")
