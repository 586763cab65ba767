"""The figures of a report: which there are, what each shows, and what to see in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from mmm_bayes import runs
from mmm_bayes.diagnostics import compare, test_statistics
from mmm_bayes.diagnostics import residuals as unexplained
from mmm_bayes.diagnostics.predictive import replicas
from mmm_bayes.plots import (
    apart,
    assumed,
    carryover,
    changes,
    convergence,
    fit,
    forest,
    graph,
    predictive,
    prices,
    prior_effects,
    prior_posterior,
    prior_predictive,
    residuals,
    response,
    series,
)
from mmm_bayes.plots import contributions as stacked
from mmm_bayes.plots.bands import pooled, summed
from mmm_bayes.plots.style import OKABE_ITO, figure
from mmm_bayes.report import decisions
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import mean_price
from mmm_bayes.report.units import units


def pictures(run: View) -> Iterator[Picture]:
    """Draw the figures of a run, one after the other.

    Parameters
    ----------
    run : View

    Yields
    ------
    Picture
        Those that the run has the data for.
    """
    drawers: tuple[Callable[[View], Picture | None], ...] = (
        _graph, effects, units, contributions, _fit, _holdout, _response, _carryover,
        _effect_over_time, _return_over_time, data, _prices, _implied,
        _prior_effects, _prior, _apart, _confounding, _placebo, _convergence, _predictive,
        _residuals,
    )  # fmt: skip
    for draw in drawers:
        drawn = draw(run)
        if drawn is not None:
            yield drawn
    yield from decisions.pictures(run)


def _graph(run: View) -> Picture:
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
    """Every channel's effects with their intervals."""
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
    """Where the expected outcome of each week came from."""
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


def _fit(run: View) -> Picture:
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    names = [name for name in ("outcome", "mediator") if name in replicated]
    made, axes = figure(len(names), width=9, height=2.7 * len(names), down=0.5)
    titles = {"outcome": run.outcome, "mediator": run.mediator}
    shades = {"outcome": OKABE_ITO[0], "mediator": OKABE_ITO[2]}
    for ax, name in zip(axes[:, 0], names, strict=True):
        fit.fit_over_time(
            ax, replicated[name], observed[name], name=titles[name], colour=shades[name]
        )
    return Picture(
        "fit",
        "Observed weeks and the model's predictive bands over time.",
        "Predictive bands (dark 50%, light 90%) and the observed weeks. About 9 in 10 points "
        "should be inside the light band. Many more: the band is too wide; many fewer: too narrow. "
        "A logarithmic axis can't show the part of a band at or below 0.",
        made,
    )


def _holdout(run: View) -> Picture | None:
    forecast, seen = run.group("predictions"), run.group("predictions_observed")
    if "outcome" not in forecast:
        return None
    made, axes = figure(width=9, height=2.9)
    fit.holdout_forecast(
        axes[0, 0], run.observed, forecast["outcome"], seen["outcome"], name=run.outcome
    )
    return Picture(
        "holdout",
        f"Forecast of the last {seen.sizes['time']} weeks against what happened.",
        "A second fit on the weeks before the dotted line forecasts the last "
        f"{seen.sizes['time']}, given their spends. Judge the model by this: it had not seen "
        "those weeks.",
        made,
    )


def _small(run: View, *, height: float = 2.3, **options: Any) -> tuple[Figure, list[Any]]:
    """One small axes per channel, at most four in a row."""
    columns = min(4, len(run.channels))
    if len(run.channels) in (5, 6):
        columns = 3
    rows = math.ceil(len(run.channels) / columns)
    made, axes = figure(rows, columns, width=9, height=height * rows, **options)
    flat = list(axes.ravel())
    for ax in flat[len(run.channels) :]:
        ax.axis("off")
    return made, flat


def _response(run: View) -> Picture:
    made, axes = _small(run)
    curves = run.effect("response")
    today = (
        " Its effect is that of the last week." if "effectiveness" in run.group("posterior") else ""
    )
    response.response_curves(axes, curves, causes=run.causes, name=run.outcome)
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


def _carryover(run: View) -> Picture:
    made, axes = _small(run, height=2.1, sharey=True, across=0.3)
    carryover.adstock_curves(axes, run.effect("adstock"), mediator=run.mediator)
    return Picture(
        "carryover",
        "Share of each channel's effect by weeks after the spend.",
        "When the effect of a week's advertising arrives, with 90% bands."
        + (f" Dashed: its effect on {run.mediator}." if run.causes else ""),
        made, vector=True,
    )  # fmt: skip


def _effect_over_time(run: View) -> Picture | None:
    found = run.effect("over_time")
    if "effectiveness" not in found:
        return None
    made, axes = _small(run, height=2.1, sharey=True, across=0.5)
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


def _return_over_time(run: View) -> Picture | None:
    found = run.effect("over_time")
    if "roas" not in found:
        return None
    made, axes = _small(run, height=2.1, across=0.5)
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


def data(run: View) -> Picture:
    """The outcome and every channel's spend over time."""
    count = len(run.channels)
    rows = 1 + math.ceil(count / 2)
    made, axes = figure(rows, 2, width=9, height=1.35 * rows, top=0.3, bottom=0.35, down=0.55)
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:
        ax.remove()
    series.outcome_over_time(made.add_subplot(grid[0, :]), run.observed, name=run.outcome)
    flat = list(axes[1:].ravel())
    for ax in flat[count:]:
        ax.axis("off")
    known = run.group("constant_data")
    paid = xr.DataArray([run.paid(name) for name in run.channels], dims="channel")
    series.spends_over_time(
        flat[:count],
        known["spend"].where(paid, known["exposure"]),
        measures={name: run.measure(name) for name in run.channels if not run.paid(name)},
    )
    return Picture(
        "data",
        f"{run.outcome} and the spend of each channel over time.",
        f"The data: {run.outcome} and weekly spends"
        + ("" if paid.all() else ", or the exposure of a channel that costs nothing")
        + (", summed over units." if run.observed.sizes["unit"] > 1 else ".")
        + " No model can tell apart channels that move together.",
        made,
    )


def _prices(run: View) -> Picture | None:
    found = run.effect("cpm")
    if "cpm" not in found:
        return None
    cpm = found["cpm"].isel(unit=-1, drop=True)
    names = [str(name) for name in cpm["channel"].values]
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    made, axes = figure(rows, columns, width=9, height=0.4 + 2.1 * rows, across=0.95, left=0.85)
    flat = list(axes.ravel())
    for ax in flat[len(names) :]:
        ax.axis("off")
    prices.cost_over_time(
        flat[: len(names)],
        cpm,
        means={name: mean_price(run, name) for name in names},
        channels=run.channels,
        measures={name: run.measure(name) for name in names},
    )
    return Picture(
        "prices",
        "Cost per thousand units of exposure over time.",
        "What exposure cost: money per 1,000 units of it (CPM), week by week; dotted, over all "
        "weeks. Weeks without exposure are gaps. The response follows exposure and the return "
        "follows money: in a dear week the same money buys less of both.",
        made, vector=True,
    )  # fmt: skip


def _implied(run: View) -> Picture | None:
    made_up, before = run.group("prior_predictive"), run.effect("prior")
    if "outcome" not in made_up or "together" not in before:
        return None
    weeks = summed(made_up["outcome"]).transpose("chain", "draw", "time").values[0]
    seen = summed(run.observed).values
    made, axes = figure(1, 3, width=9, height=2.5, left=0.2, across=0.25)
    prior_predictive.implied(
        axes[0, 0],
        np.median(weeks, 1),
        title="a typical week",
        label=run.outcome,
        observed=float(np.median(seen)),
    )
    prior_predictive.implied(
        axes[0, 1],
        np.quantile(weeks, 0.95, 1),
        title="a high week (1 in 20)",
        label=run.outcome,
        observed=float(np.quantile(seen, 0.95)),
    )
    prior_predictive.implied(
        axes[0, 2],
        100 * pooled(before["together"]).values.ravel() / float(run.observed.sum()),
        title="all advertising together",
        label=f"% of {run.outcome}",
        observed=float("nan"),
    )
    return Picture(
        "implied",
        f"What the priors expect of {run.outcome} and of all advertising, before the data.",
        "What the priors alone expect (grey), and what was observed (orange line). They should be "
        "wider than any reasonable guess and hold the orange line; grey far from it, or "
        "advertising that makes more than everything, is a prior that nobody believes.",
        made, vector=True,
    )  # fmt: skip


def _prior_effects(run: View) -> Picture | None:
    posterior, prior = run.effect("draws"), run.effect("prior")
    if "total" not in prior:
        return None
    names = prior_effects.shown(posterior)
    longest = max(map(len, run.channels))
    made, axes = figure(
        1, len(names), width=9, height=1.25 + 0.45 * len(run.channels), sharey=True, across=0.2,
        left=0.3 + 0.065 * longest, top=0.75,
    )  # fmt: skip
    for ax, name in zip(axes[0], names, strict=True):
        prior_effects.before_and_after(
            ax, posterior[name], prior[name], outcome=float(run.observed.sum()),
            channels=run.channels, name=run.outcome, key=ax is axes[0, -1],
        )  # fmt: skip
        ax.set_title(f"{prior_effects.TITLES[name]}\n")
    return Picture(
        "prior-effects",
        f"Each channel's effects on {run.outcome} before and after the data, 90% intervals.",
        f"Effects in % of {run.outcome}, 90% intervals: what the prior allows (grey) and what is "
        "left of it after the data (coloured, with the mean). A coloured line as long as its grey "
        "one is an answer that the data did not give. A grey line may reach beyond the frame.",
        made, vector=True,
    )  # fmt: skip


def _apart(run: View) -> Picture | None:
    found = run.effect("identifiability")
    if "effect_correlation" not in found:
        return None
    pairs = run.diagnostics.get("identifiability", {}).get("pairs", [])
    named = {frozenset(map(str, pair.get("channels", ()))) for pair in pairs}
    effects: list[tuple[str, str, xr.DataArray]] = [
        (f"{name} effects", "posterior correlation", found["effect_correlation"].sel(effect=name))
        for name in ("direct", "indirect")
    ]
    media: list[tuple[str, str, xr.DataArray]] = [
        (
            f"advertising, as it acts on {whom}",
            "after carryover and saturation, beside the covariates",
            found["media_correlation"].sel(equation=equation),
        )
        for equation, whom in (("outcome", run.outcome), ("mediator", run.mediator))
        if "media_correlation" in found and equation in found["equation"]
    ]
    columns = [[one for one in maps if apart.pairs_known(one[2])] for maps in (effects, media)]
    rows = max(map(len, columns))
    if rows == 0:
        return None
    longest = max(map(len, run.channels))
    made, axes = figure(
        rows, 2, width=9, height=rows * (1.35 + 0.33 * len(run.channels)),
        left=0.3 + 0.065 * longest, across=0.5 + 0.065 * longest, down=1.15, bottom=0.75,
    )  # fmt: skip
    for column, maps in zip(axes.T, columns, strict=True):
        for ax, (title, says, values) in zip(column, maps, strict=False):
            apart.correlation_map(ax, values, title=title, says=says, named=named)
        for ax in column[len(maps) :]:
            ax.axis("off")
    return Picture(
        "apart",
        "Maps of the correlations between the channels' effects and between their advertising.",
        "Effects: near −1 (purple), more of one channel is less of the other, and only their sum "
        "is known. Advertising: near 1 (orange) or −1, both move as one. Below −0.7, or beyond "
        "0.9, a pair is framed: the data can't tell the two apart.",
        made, vector=True,
    )  # fmt: skip


def _prior(run: View) -> Picture | None:
    posterior, prior = run.group("posterior"), run.group("prior")
    names = prior_posterior.comparable(posterior, prior)
    if not names:
        return None
    columns = min(4, len(names))
    rows = math.ceil(len(names) / columns)
    longest = max(map(len, run.channels))
    made, axes = figure(
        rows, columns, width=9, height=rows * (0.9 + 0.36 * len(run.channels)), bottom=0.35,
        left=0.3 + 0.065 * longest, across=0.35 + 0.065 * longest,
    )  # fmt: skip
    flat = list(axes.ravel())
    for ax in flat[len(names) :]:
        ax.axis("off")
    for ax, name in zip(flat, names, strict=False):
        prior_posterior.prior_against_posterior(
            ax, posterior[name], prior[name], channels=run.channels
        )
    return Picture(
        "prior",
        "Prior (grey) and posterior (coloured) densities of the media parameters by channel.",
        "Prior in grey, posterior in colour. Where both have the same shape, the data said nothing "
        "and the number is the prior's.",
        made,
    )


def _confounding(run: View) -> Picture | None:
    rows = run.added(runs.CONFOUNDING)
    if rows.empty:
        return None
    rows = rows[(rows["unit"] == rows["unit"].iloc[-1]) & (rows["estimand"] == "indirect")]
    told = {one["channel"]: one["rho"] for one in run.diagnostics.get("confounding", [])}
    made, axes = figure(1, len(run.causes), width=9, height=2.9, sharey=True, across=0.3)
    assumed.indirect_by_rho(
        list(axes[0]), rows, run.channels, causes=run.causes, tipping=told,
        whole=float(run.observed.sum()), name=run.outcome,
    )  # fmt: skip
    return Picture(
        "confounding",
        f"Indirect effect of each cause against the assumed correlation of what is unexplained in "
        f"{run.mediator} and in {run.outcome}.",
        f"The indirect effect (median and 90% interval) if what the model leaves unexplained of "
        f"{run.mediator} and of {run.outcome} were correlated, because something outside the "
        "table moves both. Everything else in this report is the dotted line at 0. Demand that "
        "raises both is to the right. Dashed: where the interval reaches 0, and the mediation can "
        "no longer be told from none.",
        made, vector=True,
    )  # fmt: skip


def _placebo(run: View) -> Picture | None:
    rows = run.added(runs.PLACEBO)
    if rows.empty:
        return None
    made, axes = figure(width=9, height=1.0 + 0.2 * len(rows))
    assumed.placebo_intervals(axes[0, 0], rows, whole=float(run.observed.sum()), name=run.outcome)
    return Picture(
        "placebo",
        f"Effects found for {len(rows)} placebos with 90% intervals.",
        "Effects found for advertising that never ran: a channel's history, moved in time. Nine "
        "in ten intervals should contain 0 (blue); one in ten may miss it (orange).",
        made, vector=True,
    )  # fmt: skip


def _convergence(run: View) -> Picture:
    posterior = run.group("posterior")
    table = run.converged
    made, axes = figure(1, 4, width=9, height=2.6, top=0.7, across=0.4)
    convergence.effective_sizes(axes[0, 0], table)
    worst: Any = table.itertuples()
    for ax, row in zip(axes[0, 1:], worst, strict=False):
        values = posterior[row.variable]
        where = dict(zip(values.dims[2:], row.where.split(", "), strict=True)) if row.where else {}
        at = {
            dim: [str(value) for value in values[dim].values].index(label)
            for dim, label in where.items()
        }
        convergence.ranks(ax, values.isel(at), title=f"{row.variable}\n{row.where}")
    return Picture(
        "convergence",
        "Effective sample sizes of all parameters and rank histograms of the three worst.",
        "Left: effective draws of every parameter, wanted above the dotted lines. Right: the three "
        "parameters with the largest R-hat; each chain's ranks should be level at 1.",
        made,
    )


def _predictive(run: View) -> Picture:
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    names = [name for name in ("outcome", "mediator") if name in replicated]
    made, axes = figure(len(names), 4, width=9, height=2.4 * len(names), left=0.3, across=0.25)
    titles = {"outcome": run.outcome, "mediator": run.mediator}
    for row, name in zip(axes, names, strict=True):
        predictive.densities(row[0], replicated[name], observed[name], name=titles[name])
        values = test_statistics(run.run.draws, name)
        worst = sorted(compare(values), key=lambda found: found.p_value)
        for ax, found in zip(row[1:], worst, strict=False):
            draws = values["replicated"].sel(statistic=found.name).values
            predictive.statistic(ax, draws, found.observed, name=found.name, p=found.p_adjusted)
    return Picture(
        "predictive",
        "Densities and test statistics of replicated tables against the observed one.",
        "Left: tables that the fitted model would produce (blue) against the observed one (black). "
        "Right: the three features of the data that the model has most trouble with (of the eight "
        "checked above), in replicated tables (grey) and in the observed one (orange). An orange "
        "line outside the grey says the model could not have made that feature. p is two-sided "
        "and adjusted for the number of features: below 0.05 is a warning, below 0.01 a failure.",
        made,
    )


def _residuals(run: View) -> Picture:
    tree = run.run.draws
    found = unexplained(tree)
    log = run.multiplies or run.attrs.get("likelihood") == "lognormal"
    made, axes = figure(1, 4, width=9, height=2.6, across=0.5)
    row = axes[0]
    residuals.over_time(row[0], found["residual"])
    residuals.against_fitted(row[1], found["residual"], found["fitted"], name=run.outcome)
    residuals.autocorrelation(row[2], found["acf"], found["acf_band"])
    tables, curve, scale = replicas(tree, "outcome")
    replicated = residuals.misses(scale.residual(tables, curve))
    residuals.against_model(row[3], found["residual"].values, replicated)
    return Picture(
        "residuals",
        "Residuals over time, against fitted values, their autocorrelation and quantiles.",
        f"Observed less fitted {run.outcome}"
        + (" on the log scale" if log else "")
        + ", in units of their root mean square. Look for drifts and waves (first), a fan "
        "(second), bars beyond the dotted lines (third: neighbouring weeks miss alike, so "
        "intervals are too narrow), and points outside the band (right: a likelihood whose tails "
        "are wrong; the band is where 90% of the tables made by the fitted model lie).",
        made,
    )
