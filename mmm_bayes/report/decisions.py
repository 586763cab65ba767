"""A plan in a report: spends, gains and their uncertainty, and the next experiment."""

from __future__ import annotations

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
from mmm_bayes.decisions.outcome import MediatorPolicy
from mmm_bayes.decisions.plan import promise_sentence
from mmm_bayes.files import read_json
from mmm_bayes.plots import decisions as plots
from mmm_bayes.plots.style import figure
from mmm_bayes.report.cells import Cell, Row, Table, estimate_cell, make_table, number_cell
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View, row_summary
from mmm_bayes.text import (
    MISSING,
    capitalised,
    count,
    estimate,
    join_names,
    number,
    percent,
    probability,
)  # fmt: skip

_OBJECTIVES = {
    "mean": "the expected {outcome}",
    "quantile": "the {level} quantile of the gain",
    "cvar": "the mean gain of the worst {level} of cases",
}


def plan_record(run: View) -> dict[str, Any]:
    """Contents of ``plan.json``; empty where no plan was made."""
    path = run.run.folder / RECORD
    if not path.exists() or run.extra_table(PLAN).empty:
        return {}
    return read_json(path)


def plan_sentences(run: View) -> list[str]:
    """The plan, its gain, and how far it leaves the observed spends."""
    record = plan_record(run)
    if not record:
        return []
    level = percent(record["level"] or 0.0)
    objective = _OBJECTIVES[record["objective"]].format(outcome=run.outcome, level=level)
    farthest = record["extrapolation"]
    sentences = [
        f"{number(record['budget'])} a week over {record['horizon']} weeks, split so that "
        f"{objective} is highest, changes {run.outcome} by {estimate(row_summary(record['gain']))} "
        f"in all, compared with the last {record['horizon']} weeks as they were: their flights, "
        f"seasons and disturbances stay. {_gain_probability(record['p_gain'])}",
        "No channel is sustained, carryover included, above the highest level that was observed "
        f"(at most {number(farthest)} times as high)."
        if not record["beyond"]
        else f"{join_names(record['beyond'])} would be sustained above what was ever observed (up "
        f"to {number(farthest)} times as high): there the plan rests on the model's form, not on "
        "data.",
    ]
    policy: MediatorPolicy = "caused" if record["mediator"] == "caused" else "planner"
    sentences.append(f"{capitalised(promise_sentence(policy))}.")
    if record.get("paused"):
        sentences.append(
            f"{join_names(record['paused'])} had no spend in the last year. The plan's bounds are "
            "multiples of that, so it leaves out such a channel; a bound in money lets it return."
        )
    other = record.get("other")
    if other and "gain" in other:
        condition = {
            "caused": f"If the spend on {run.mediator} follows its causes instead",
            "planner": f"If the spend on {run.mediator} is set instead of following its causes",
        }[other["mediator"]]
        spends = join_names([f"{name} {number(x)}" for name, x in other["spend_plan"].items()])
        sentences.append(
            f"{condition}, the best plan gains {estimate(row_summary(other['gain']))}, with "
            f"{spends} a week. The two plans differ in what the planner controls, so their gains "
            "must not be added."
        )
    elif other:
        sentences.append(
            f"With the spend on {run.mediator} decided the other way there is no such plan: "
            f"{other['impossible']}."
        )
    return sentences


def move_sentences(run: View, moves: pd.DataFrame | None = None) -> list[str]:
    """Gains of small transfers from the lowest marginal return to the highest.

    Parameters
    ----------
    moves : pandas.DataFrame, optional
        Rows of ``moves.csv``; those saved with the run if left out.
    """
    sentences = []
    for _, move in (run.extra_table(MOVES) if moves is None else moves).iterrows():
        if not move["share"] > 0:
            sentences.append("The bounds allow no money to be moved.")
            continue
        sentences.append(
            f"Moving {percent(move['share'])} of the budget from {move['from']} to {move['to']}: "
            f"{estimate(row_summary(move))} of {run.outcome}. {_gain_probability(move['p_gain'])}"
        )
    return sentences


def flag_sentences(run: View) -> list[str]:
    """Returns that should not be taken at face value."""
    return [flag["message"] for flag in plan_record(run).get("flags", [])]


def returns(run: View) -> Table | None:
    """Average and marginal return of each channel by path."""
    table = run.extra_table(RETURNS)
    if table.empty:
        return None
    names = ["roas_direct", "roas_indirect", "mroas_direct", "mroas_indirect"]
    rows: list[Row] = []
    for channel, of_channel in table.groupby("channel", sort=False):
        estimands: Any = of_channel.set_index("estimand")
        cells = [
            estimate_cell(row_summary(estimands.loc[name])) if name in estimands.index else MISSING
            for name in names
        ]
        rows.append([str(channel), *cells])
    path = f"through {run.mediator}" if run.mediator else "indirect"
    return make_table(
        ("channel", "ROAS, direct", f"ROAS, {path}", "marginal, direct", f"marginal, {path}"), rows
    )


def next_experiments(run: View) -> Table | None:
    """Value of knowing each channel's effect, and the length of a test that would measure it."""
    table = run.extra_table(NEXT)
    if table.empty:
        return None
    rows: list[Row] = []
    for channel, designs in table.groupby("channel", sort=False):
        first = designs.iloc[0]
        share = f"{percent(first['share'])} of knowing everything"
        value = number_cell(first["value"], number, share)
        lengths = [_length_cell(design, run.step.per_year) for _, design in designs.iterrows()]
        rows.append([str(channel), value, str(first["design"]), *lengths])
    return make_table(("channel", "value", "design", "weeks off", "weeks at half"), rows)


def pictures(run: View) -> Iterator[Picture]:
    """Figures of the plan: spends, efficient frontier, price curves, two spends traded off.

    Yields
    ------
    Picture
        Those that the plan has the tables for.
    """
    record = plan_record(run)
    if not record:
        return
    plan = _whole_plan(run)
    drawing, axes = figure(width=7.5, height=1.2 + 0.42 * len(plan))
    plots.spend_changes(axes[0, 0], plan)
    follows = (
        f"; the spend on {run.mediator} follows from its causes"
        if record["mediator"] == "caused"
        else ""
    )
    yield Picture(
        "plan",
        "Weekly spend of each channel, today and in the plan.",
        "Mean weekly spend of each channel: today (the last weeks as they were) and in the "
        f"plan{follows}.",
        drawing,
        vector=True,
    )
    frontier = run.extra_table(FRONTIER)
    if not frontier.empty:
        drawing, axes = figure(width=6, height=3.6)
        worst = record["level"] or 0.1
        plots.efficient_frontier(axes[0, 0], frontier, name=run.outcome, worst=worst)
        yield Picture(
            "frontier",
            "Expected gain of plans against the gain of their worst cases.",
            "The price of caution: plans of the same budget and bounds, from the highest expected "
            f"gain to the best of the worst {percent(worst)} of cases. Where the ends lie close "
            "together, there is little to choose. All gains are over the whole plan, and their "
            "uncertainty is that of the parameters alone, without the noise of single weeks.",
            drawing,
            vector=True,
        )
    prices = run.extra_table(PRICES)
    for control, curve in prices.groupby("control", sort=False) if len(prices) else []:
        drawing, axes = figure(1, 2, width=8.5, height=3.2, across=0.9)
        plots.price_curves(axes[0], curve, name=run.outcome)
        yield Picture(
            f"price_{control}",
            f"{run.outcome} a week over {control}.",
            f"Left: typical {run.outcome} a week over the observed range of {control}, all else as "
            "in the mean week of the last year, with the 90% band. Right: the same divided by "
            f"{control}: the quantity sold, if {run.outcome} is revenue. The model has one "
            f"elasticity, so {run.outcome} is highest at one end of any range: the curve shows how "
            "fast it falls, and no best price.",
            drawing,
            vector=True,
        )
    tradeoff = _tradeoff(run, record, plan)
    if tradeoff is not None:
        yield tradeoff


def _tradeoff(run: View, record: dict[str, Any], plan: pd.DataFrame) -> Picture | None:
    grid, weeks = run.extra_table(TRADEOFF), run.extra_table(WEEKS)
    if grid.empty:
        return None
    pairs = [tuple(pair) for pair in record["pictures"]]
    drawing, axes = figure(1, len(pairs), width=4.6 * len(pairs), height=3.9, across=0.9)
    channels = run.record.get("description", {}).get("channels", {})
    roles = plan["channel"].map(lambda name: channels[name]["role"])
    for ax, (across, along) in zip(axes[0], pairs, strict=True):
        # Each axis is a channel or all channels of a role.
        masks = [plan["channel"].eq(name) | roles.eq(name) for name in (across, along)]
        now, planned = (
            tuple(float(plan.loc[mask, column].sum()) for mask in masks)
            for column in ("spend_now", "spend_plan")
        )
        of_pair = [
            rows[(rows["across"] == across) & (rows["along"] == along)] for rows in (grid, weeks)
        ]
        places: dict[str, Any] = {"now": now, "plan": planned, "names": (across, along)}
        plots.spend_tradeoff(ax, *of_pair, **places)
    return Picture(
        "tradeoff",
        f"Expected {run.outcome} over two spends, with the observed weeks.",
        f"Change of the expected {run.outcome} a week against today, over two mean weekly "
        "spends, all other spends as today. Points: observed spends, averaged over the weeks that "
        "carryover lasts. Grey: beyond and between them nothing was observed. The channels of a "
        "role keep today's proportions. Along a line, money can be moved between the two without "
        "loss. The lines are posterior means.",
        drawing,
        vector=True,
    )


def _whole_plan(run: View) -> pd.DataFrame:
    """Spends of the plan, summed over units."""
    plan = run.extra_table(PLAN).groupby("channel", sort=False)
    return plan[["spend_now", "spend_plan"]].sum().reset_index()


def _gain_probability(p_gain: float) -> str:
    # Where hardly a draw gains, the statement does not depend on the model being right.
    condition = "" if p_gain < 0.005 else ", if the model is right"
    return f"The probability of a gain is {probability(p_gain)}{condition}."


def _length_cell(design: Any, longest: int) -> Cell:
    """Weeks that an experiment takes, up to the longest that was considered."""
    if np.isfinite(design["weeks"]):
        return number_cell(design["weeks"], count, f"after {count(design['washout'])} of washout")
    power = f"power {percent(design['power'])} at {longest}"
    return Cell(f"more than {longest}", float("inf"), (power,))
