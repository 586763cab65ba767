"""Figures of the effects: causal graph, effects, contributions, curves, and changes over time."""

from __future__ import annotations

from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.diagnostics.demand import demand_shares
from mmm_bayes.estimands.arrows import causal_arrows
from mmm_bayes.estimands.decomposition import BASELINE, decompose_outcome
from mmm_bayes.estimands.intervals import all_units, mean_and_ends, sum_units
from mmm_bayes.plots.contributions import baseline_over_time, contributions_over_time
from mmm_bayes.plots.curves import adstock_curves, response_curves
from mmm_bayes.plots.forest import effects_forest
from mmm_bayes.plots.graph import arrow_label
from mmm_bayes.plots.graph import causal_graph as draw_graph
from mmm_bayes.plots.over_time import effectiveness_over_time
from mmm_bayes.plots.over_time import return_over_time as draw_returns
from mmm_bayes.plots.style import figure, panels
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.text import Summary, join_names


def _demand_strengths(run: View) -> dict[str, Summary]:
    """Strength of unseen demand by the spend that it may move, in percent."""
    posterior = run.group("posterior")
    if "rho" not in posterior:
        return {}
    ends = 100 * mean_and_ends(demand_shares(posterior, run.moved))
    return {name: Summary(*map(float, ends.sel(moved=name).values)) for name in run.moved}


def causal_graph(run: View) -> Picture:
    """The assumed causal graph, with the estimated effect of each arrow."""
    drawing, axes = figure(width=9, height=1.3 + 0.62 * len(run.channels))
    direct = run.effects("draws")["direct"]
    posterior = run.group("posterior")
    arrows = causal_arrows(posterior, direct, run.outcome_sum, run.mediator)
    demand = _demand_strengths(run)
    draw_graph(
        axes[0, 0], arrows, run.channels, mediator=run.mediator, outcome=run.outcome, demand=demand
    )
    rows: Any = arrows.itertuples()
    effects = "; ".join(
        f"{row.source} to {row.target or run.outcome} {arrow_label(row)}" for row in rows
    )
    unit = f" Arrows into {run.mediator} are in % of its mean." if run.mediator else ""
    if "gamma_on" in posterior:
        unit = (
            f" Arrows into {run.mediator}: change of its spend in the weeks that it is on, and of "
            "the odds that it is on, with the cause's mean spend against none."
        )
    if run.positive_priors:
        unit += (
            f" The priors allow no negative effect on {run.outcome}, so no arrow into it can be "
            "dashed."
        )
    if demand:
        unit += (
            f" Unseen demand may move {join_names([*demand, run.outcome])}: its number is the "
            "share that it makes of what is left unexplained of both the spend and the outcome."
        )
    return Picture(
        "graph",
        f"Causal graph: {effects}.",
        f"The causal graph that was assumed, with each arrow's posterior mean and 90% interval. "
        f"Arrows into {run.outcome} are direct effects"
        f"{' in % of its total' if run.outcome_sum > 0 else ''}.{unit} The interval of a "
        "dashed arrow contains 0: the data do not show that effect. The data can weaken an arrow; "
        "they can't show that one is missing from the graph.",
        drawing,
        vector=True,
    )


def effects(run: View) -> Picture:
    """Total, direct and indirect effect of each channel."""
    drawing, axes = figure(width=9, height=2.1 + 0.6 * len(run.channels))
    draws = run.effects("draws")[["total", "direct", "indirect"]]
    if "total" in (together := run.effects("together")):
        joint = together[["total"]].expand_dims(channel=["all media"])
        draws = xr.concat([draws, joint], "channel", fill_value=0.0, join="outer")
    summaries = draws.map(lambda effect: mean_and_ends(all_units(effect)))
    caption = (
        f"What each channel added to {run.outcome}, with 90% intervals. Total = direct + indirect, "
        "draw by draw. All media: what would be missing if none of them had ever run."
    )
    if run.summary(ALL_MEDIA, "total_observed").exists:
        summaries["observed"] = _observed_totals(run, summaries)
        caption += (
            " Above its lowest tenth: what would be missing if the channel had stayed at the level "
            "that a tenth of its weeks do not exceed, which the table shows better than none at "
            "all."
        )
    effects_forest(axes[0, 0], summaries, outcome=run.outcome_sum, name=run.outcome)
    if run.mediator:
        caption += (
            f" The totals of {run.mediator} and of its causes overlap and must not be added up."
        )
    if run.multiplicative:
        caption += (
            " Effects multiply, so the shares of the channels overlap: together they can exceed "
            "100%."
        )
    return Picture(
        "effects",
        f"Total, direct and indirect effect of each channel on {run.outcome} with 90% intervals.",
        caption,
        drawing,
        vector=True,
    )


def _observed_totals(run: View, summaries: xr.Dataset) -> xr.DataArray:
    """Total above the lowest tenth of each channel and of all, like the effects in `summaries`."""
    names = [*run.channels, ALL_MEDIA]
    found = [run.summary(name, "total_observed") for name in names]
    values = [[getattr(one, key) for one in found] for key in ("mean", "lower", "upper")]
    return xr.DataArray(
        values,
        dims=("statistic", "channel"),
        coords={"statistic": ["mean", "lower", "upper"], "channel": summaries["channel"].values},
    )


def contributions(run: View) -> Picture:
    """Decomposition of each week's expected outcome."""
    bands = run.effects("weekly")
    band = bands.get("summed_baseline")  # saved by the package's later versions
    rows = 1 if band is None else 2
    drawing, axes = figure(rows, width=9, height=3.8 if rows == 1 else 6.6, sharex=True, left=0.9)
    weekly = bands.sel(statistic="mean")
    expected = sum_units(run.group("posterior")["outcome_location"].mean(("chain", "draw")))
    stack = decompose_outcome(
        sum_units(weekly["baseline"]),
        weekly[["total", "direct", "indirect"]].sum("unit"),
        expected,
        mediator=run.mediator,
    )
    contributions_over_time(
        axes[0, 0], stack, run.channels, mediator=run.mediator, name=run.outcome
    )
    caption = (
        f"Decomposition of the expected {run.outcome} of each week (posterior means). Each channel "
        "is stacked with its direct effect, so nothing is counted twice."
    )
    if run.mediator:
        caption += (
            f" The hatched part is the effect of {run.mediator} that its causes raised; where they "
            "lower it, it is drawn as zero."
        )
    if float(stack.sel(part=BASELINE).min()) < 0:
        caption += (
            f" In some weeks this model expects {run.outcome} below 0 without advertising: there "
            "the stack begins below the zero line."
        )
    if run.multiplicative:
        caption += (
            " Effects multiply in this model: what the channels add together is shared out in "
            "proportion to what each adds alone."
        )
    if band is not None:
        baseline_over_time(axes[1, 0], band, expected, name=run.outcome)
        caption += (
            f" Below: the baseline, which is the {run.outcome} expected without any media, with "
            "its 90% band."
        )
    return Picture(
        "contributions",
        f"Stacked areas of expected {run.outcome} over time by source.",
        caption,
        drawing,
    )


def response(run: View) -> Picture:
    """Response curve of each channel."""
    drawing, axes = _channel_panels(run)
    response_curves(axes, run.effects("response"), causes=run.causes, name=run.outcome)
    caption = "What a constant weekly spend adds per week in the long run, with 90% bands."
    if "effectiveness" in run.group("posterior"):
        caption += " The effect is that of the last week."
    caption += (
        " Dotted line: the mean week with spend. Grey ground: beyond the highest week observed, "
        "where the curve rests on the model's form, not on data."
    )
    if not all(map(run.has_spend, run.channels)):
        caption += " For a channel without spend, the axis is its exposure."
    if run.causes:
        caption += f" Dashed: without the part through {run.mediator}."
    return Picture(
        "response",
        f"Response curve of each channel: weekly spend against {run.outcome} added per week.",
        caption,
        drawing,
        vector=True,
    )


def carryover(run: View) -> Picture:
    """Share of a week's effect by lag."""
    drawing, axes = _channel_panels(run, height=2.1, sharey=True, across=0.3)
    adstock_curves(axes, run.effects("adstock"), mediator=run.mediator)
    return Picture(
        "carryover",
        "Share of each channel's effect by weeks after the spend.",
        "When the effect of a week's advertising is felt, with 90% bands."
        + (f" Dashed: its effect on {run.mediator}." if run.causes else ""),
        drawing,
        vector=True,
    )


def effect_over_time(run: View) -> Picture | None:
    """Effectiveness of each channel over time; None where the model has it constant."""
    changes = run.effects("over_time")
    if "effectiveness" not in changes:
        return None
    drawing, axes = _channel_panels(run, height=2.1, sharey=True, across=0.5)
    effectiveness_over_time(axes, changes)
    return Picture(
        "effect-over-time",
        f"Each channel's effect on {run.outcome} over time, in percent of its mean.",
        "Effect of the same advertising at different times, in % of the channel's mean over all "
        "weeks (dotted line), medians with 90% bands. A band that holds 100% throughout shows no "
        "change. The model expects slow changes, and channels to change together unless their own "
        "data say otherwise.",
        drawing,
        vector=True,
    )


def return_over_time(run: View) -> Picture | None:
    """Return of each channel by quarter; None where the model has effects constant."""
    changes = run.effects("over_time")
    if "roas" not in changes:
        return None
    drawing, axes = _channel_panels(run, height=2.1, across=0.5)
    draw_returns(axes, changes, name=run.outcome)
    return Picture(
        "return-over-time",
        f"{run.outcome} per unit of money spent by quarter, each channel.",
        f"{run.outcome} per unit of money spent, by quarters of a year, with 90% intervals. What "
        "earlier spend carries over counts when it is felt, and a quarter with little spend "
        "returns more of each unit (saturation): a return can change although the effect does not. "
        "A quarter without spend has none.",
        drawing,
        vector=True,
    )


def _channel_panels(run: View, *, height: float = 2.3, **options: Any) -> tuple[Figure, list[Axes]]:
    """One small axes per channel, at most four in a row."""
    count = len(run.channels)
    columns = 3 if count in (5, 6) else 4
    return panels(count, columns=columns, height=height, width=9, **options)
