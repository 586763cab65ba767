"""What the channels did: the graph, effects, contributions, curves, and how effects changed."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.figure import Figure

from mmm_bayes.plots import carryover as carry
from mmm_bayes.plots import changes, forest, graph
from mmm_bayes.plots import contributions as stacked
from mmm_bayes.plots import response as curves
from mmm_bayes.plots.bands import summed
from mmm_bayes.plots.style import figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View


def causal_graph(run: View) -> Picture:
    """The graph that was assumed, with what was found of its arrows."""
    made, axes = figure(width=9, height=1.3 + 0.62 * len(run.channels))
    direct, whole = run.effect("draws")["direct"], float(run.observed.sum())
    arrows = graph.edges(run.group("posterior"), direct, whole, run.mediator)
    graph.causal_graph(axes[0, 0], arrows, run.channels, mediator=run.mediator, outcome=run.outcome)
    rows: Any = arrows.itertuples()
    said = "; ".join(
        f"{row.source} to {row.target or run.outcome} {row.mean:+.1f}%"
        f" ({row.lower:.1f} to {row.upper:.1f})"
        for row in rows
    )
    into = f" Arrows into {run.mediator} are in % of its mean." if run.mediator else ""
    if "gamma_on" in run.group("posterior"):
        into = (
            f" Arrows into {run.mediator}: change of its spend in the weeks that it is on, and of "
            "the odds that it is on, with the cause's mean spend against none."
        )
    if run.positive:
        into += f" Those into {run.outcome} are positive by prior, so none of them can be dashed."
    return Picture(
        "graph",
        f"Causal graph: {said}.",
        f"The causal graph that was assumed, with each arrow's posterior mean and 90% interval. "
        f"Arrows into {run.outcome} are direct effects in % of all of it.{into} A dashed arrow's "
        "interval contains 0: the data do not show it. The data can weaken an arrow; they can't "
        "show that one is missing from the graph.",
        made, vector=True,
    )  # fmt: skip


def effects(run: View) -> Picture:
    """Total, direct and indirect effect of each channel."""
    made, axes = figure(width=9, height=1.6 + 0.5 * len(run.channels))
    forest.effects_forest(
        axes[0, 0], run.effect("draws"), outcome=float(run.observed.sum()), name=run.outcome
    )
    return Picture(
        "effects",
        f"Total, direct and indirect effect of each channel on {run.outcome} with 90% intervals.",
        "What each channel added, with 90% intervals. Total = direct + indirect, draw by draw. "
        + (f"The totals of {run.mediator} and of its causes overlap: do not add them up. "
           if run.mediator else "")
        + ("Effects multiply, so the shares of the channels overlap: together they can exceed 100%."
           if run.multiplies else ""),
        made, vector=True,
    )  # fmt: skip


def contributions(run: View) -> Picture:
    """Where each week's outcome came from."""
    made, axes = figure(width=9, height=3.8)
    weekly = run.effect("weekly").sel(statistic="mean")
    stack = stacked.parts(
        summed(weekly["baseline"]),
        weekly[["total", "direct", "indirect"]].sum("unit"),
        summed(run.group("posterior")["outcome_mean"].mean(("chain", "draw"))),
        mediator=run.mediator,
    )
    stacked.contributions_over_time(
        axes[0, 0], stack, run.channels, mediator=run.mediator, name=run.outcome
    )
    caption = (
        f"Where the expected {run.outcome} of each week came from (posterior means). Each channel "
        "is stacked with its direct effect, so nothing is counted twice."
    )
    if run.mediator:
        caption += (
            f" The hatched part is {run.mediator}'s effect that its causes raised; where they "
            "lower it, it is drawn as zero."
        )
    if float(stack.sel(part=stacked.BASELINE).min()) < 0:
        caption += (
            f" In some weeks this model expects {run.outcome} below 0 without advertising: there "
            "the stack begins below the zero line."
        )
    if run.multiplies:
        caption += (
            " Effects multiply in this model: what the channels add together is shared out in "
            "proportion to what each adds alone."
        )
    return Picture(
        "contributions",
        f"Stacked areas of expected {run.outcome} over time by source.",
        caption,
        made,
    )


def response(run: View) -> Picture:
    """What a constant spend of each channel brings."""
    made, axes = small(run)
    found = run.effect("response")
    today = (
        " Its effect is that of the last week." if "effectiveness" in run.group("posterior") else ""
    )
    curves.response_curves(axes, found, causes=run.causes, name=run.outcome)
    return Picture(
        "response",
        f"Response curve of each channel: weekly spend against {run.outcome} added per week.",
        f"What a constant weekly spend adds per week in the long run, with 90% bands.{today} "
        "Dotted line: the mean week with spend. Grey ground: beyond the highest week observed, "
        "where only the model's form speaks. "
        + ("" if all(map(run.paid, run.channels)) else
           "Of a channel that costs nothing, its exposure stands in the place of spend. ")
        + (f"Dashed: without the part through {run.mediator}." if run.causes else ""),
        made, vector=True,
    )  # fmt: skip


def carryover(run: View) -> Picture:
    """When the effect of a week's advertising arrives."""
    made, axes = small(run, height=2.1, sharey=True, across=0.3)
    carry.adstock_curves(axes, run.effect("adstock"), mediator=run.mediator)
    return Picture(
        "carryover",
        "Share of each channel's effect by weeks after the spend.",
        "When the effect of a week's advertising arrives, with 90% bands."
        + (f" Dashed: its effect on {run.mediator}." if run.causes else ""),
        made, vector=True,
    )  # fmt: skip


def effect_over_time(run: View) -> Picture | None:
    """Each channel's effect at different times; None where the model has it constant."""
    found = run.effect("over_time")
    if "effectiveness" not in found:
        return None
    made, axes = small(run, height=2.1, sharey=True, across=0.5)
    changes.effectiveness_over_time(axes, found)
    return Picture(
        "effect-over-time",
        f"Each channel's effect on {run.outcome} over time, in percent of its mean.",
        "What the same advertising did at different times, in % of the channel's mean over all "
        "weeks (dotted line), medians with 90% bands. A band that holds 100% throughout shows no "
        "change. The model expects slow changes, and channels to change together unless their own "
        "data say otherwise.",
        made, vector=True,
    )  # fmt: skip


def return_over_time(run: View) -> Picture | None:
    """Each channel's return by quarters; None where the model has effects constant."""
    found = run.effect("over_time")
    if "roas" not in found:
        return None
    made, axes = small(run, height=2.1, across=0.5)
    changes.return_over_time(axes, found, name=run.outcome)
    return Picture(
        "return-over-time",
        f"{run.outcome} per unit of money spent by quarter, each channel.",
        f"{run.outcome} per unit of money spent, by quarters of a year, with 90% intervals. What "
        "earlier spend carries over counts when it is felt, and a quarter with little spend "
        "returns more of each unit (saturation): a return can move although the effect does not. A "
        "quarter without spend has none.",
        made, vector=True,
    )  # fmt: skip


def small(run: View, *, height: float = 2.3, **options: Any) -> tuple[Figure, list[Any]]:
    """One small axes per channel, at most four in a row.

    Parameters
    ----------
    run : View
    height : float
        Of a row, in inches.
    **options
        Passed on to `mmm_bayes.plots.figure`.
    """
    columns = min(4, len(run.channels))
    if len(run.channels) in (5, 6):
        columns = 3
    rows = math.ceil(len(run.channels) / columns)
    made, axes = figure(rows, columns, width=9, height=height * rows, **options)
    flat = list(axes.ravel())
    for ax in flat[len(run.channels) :]:
        ax.axis("off")
    return made, flat
