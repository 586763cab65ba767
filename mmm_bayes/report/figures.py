"""The figures of a report: which there are, what each shows, and what to see in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

from mmm_bayes.plots import (
    carryover,
    contributions,
    convergence,
    fit,
    forest,
    graph,
    predictive,
    prior_posterior,
    residuals,
    response,
    series,
)
from mmm_bayes.plots.bands import summed
from mmm_bayes.plots.style import OKABE_ITO, figure
from mmm_bayes.report.run import Run


@dataclass(frozen=True)
class Picture:
    """A figure with its words.

    Attributes
    ----------
    name : str
        Of its file, and its anchor.
    alt : str
        What it shows, for who can't see it.
    caption : str
        What to see in it.
    figure : matplotlib.figure.Figure
    vector : bool
        Whether it is light enough to be shown as SVG.
    """

    name: str
    alt: str
    caption: str
    figure: Figure
    vector: bool = False


def pictures(run: Run) -> Iterator[Picture]:
    """Draw the figures of a run, one after the other.

    Parameters
    ----------
    run : Run

    Yields
    ------
    Picture
        Those that the run has the data for.
    """
    drawers: tuple[Callable[[Run], Picture | None], ...] = (
        _graph, _effects, _contributions, _fit, _holdout, _response, _carryover, _data, _prior,
        _convergence, _predictive, _residuals,
    )  # fmt: skip
    for draw in drawers:
        drawn = draw(run)
        if drawn is not None:
            yield drawn


def _graph(run: Run) -> Picture:
    made, axes = figure(width=9, height=1.3 + 0.62 * len(run.channels))
    direct, whole = run.effect("draws")["direct"], float(run.observed.sum())
    arrows = graph.edges(run.group("posterior"), direct, whole, run.mediator)
    graph.causal_graph(
        axes[0, 0], arrows, run.channels, mediator=run.mediator, outcome=run.outcome
    )
    rows: Any = arrows.itertuples()
    said = "; ".join(
        f"{row.source} to {row.target or run.outcome} {row.mean:+.1f}%"
        f" ({row.lower:.1f} to {row.upper:.1f})"
        for row in rows
    )
    into = f" Arrows into {run.mediator} are in % of its mean." if run.mediator else ""
    return Picture(
        "graph",
        f"Causal graph: {said}.",
        f"The causal graph that was assumed, with each arrow's posterior mean and 90% interval. "
        f"Arrows into {run.outcome} are direct effects in % of all of it.{into} A dashed arrow's "
        "interval contains 0: the data do not show it. The data can weaken an arrow; they can't "
        "show that one is missing from the graph.",
        made, vector=True,
    )  # fmt: skip


def _effects(run: Run) -> Picture:
    made, axes = figure(width=9, height=1.6 + 0.5 * len(run.channels))
    forest.effects_forest(
        axes[0, 0], run.effect("draws"), outcome=float(run.observed.sum()), name=run.outcome
    )
    return Picture(
        "effects",
        f"Total, direct and indirect effect of each channel on {run.outcome} with 90% intervals.",
        "What each channel added, with 90% intervals. Total = direct + indirect, draw by draw. "
        "The totals of a cause and of its mediator overlap: do not add them up.",
        made, vector=True,
    )  # fmt: skip


def _contributions(run: Run) -> Picture:
    made, axes = figure(width=9, height=3.8)
    weekly = run.effect("weekly").sel(statistic="mean")
    stack = contributions.parts(
        summed(weekly["baseline"]),
        weekly[["total", "direct", "indirect"]].sum("unit"),
        summed(run.group("posterior")["outcome_mean"].mean(("chain", "draw"))),
        mediator=run.mediator,
    )
    contributions.contributions_over_time(
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
    if run.attrs.get("link") == "log":
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


def _fit(run: Run) -> Picture:
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    names = [name for name in ("outcome", "mediator") if name in replicated]
    made, axes = figure(len(names), width=9, height=2.7 * len(names), sharex=True)
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
        "should be inside the light band. Many more: the band is too wide; many fewer: too narrow.",
        made,
    )


def _holdout(run: Run) -> Picture | None:
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


def _small(run: Run, *, height: float = 2.3, **options: Any) -> tuple[Figure, list[Any]]:
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


def _response(run: Run) -> Picture:
    made, axes = _small(run)
    curves = run.effect("response")
    response.response_curves(axes, curves, causes=run.causes, name=run.outcome)
    return Picture(
        "response",
        f"Response curve of each channel: weekly spend against {run.outcome} added per week.",
        "What a constant weekly spend adds per week in the long run, with 90% bands. Dotted line: "
        "the mean week with spend. Grey ground: beyond the highest week observed, where only "
        "the model's form speaks. "
        + (f"Dashed: without the part through {run.mediator}." if run.causes else ""),
        made, vector=True,
    )  # fmt: skip


def _carryover(run: Run) -> Picture:
    made, axes = _small(run, height=2.0, sharey=True)
    carryover.adstock_curves(axes, run.effect("adstock"), mediator=run.mediator)
    return Picture(
        "carryover",
        "Share of each channel's effect by weeks after the spend.",
        "When the effect of a week's advertising arrives, with 90% bands."
        + (f" Dashed: its effect on {run.mediator}." if run.causes else ""),
        made, vector=True,
    )  # fmt: skip


def _data(run: Run) -> Picture:
    count = len(run.channels)
    rows = 1 + math.ceil(count / 2)
    made, axes = figure(rows, 2, width=9, height=1.25 * rows, sharex=True)
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:
        ax.remove()
    series.outcome_over_time(made.add_subplot(grid[0, :]), run.observed, name=run.outcome)
    flat = list(axes[1:].ravel())
    for ax in flat[count:]:
        ax.axis("off")
    series.spends_over_time(flat[:count], run.group("constant_data")["spend"])
    return Picture(
        "data",
        f"{run.outcome} and the spend of each channel over time.",
        f"The data: {run.outcome} and weekly spends"
        + (", summed over units." if run.observed.sizes["unit"] > 1 else ".")
        + " No model can tell apart channels that move together.",
        made,
    )


def _prior(run: Run) -> Picture | None:
    posterior, prior = run.group("posterior"), run.group("prior")
    names = prior_posterior.comparable(posterior, prior)
    if not names:
        return None
    columns = min(4, len(names))
    rows = math.ceil(len(names) / columns)
    made, axes = figure(rows, columns, width=9, height=rows * (0.9 + 0.36 * len(run.channels)))
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


def _convergence(run: Run) -> Picture:
    posterior = run.group("posterior")
    table = run.converged
    made, axes = figure(1, 4, width=9, height=2.5)
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


def _predictive(run: Run) -> Picture:
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    names = [name for name in ("outcome", "mediator") if name in replicated]
    made, axes = figure(len(names), 4, width=9, height=2.4 * len(names))
    titles = {"outcome": run.outcome, "mediator": run.mediator}
    for row, name in zip(axes, names, strict=True):
        predictive.densities(row[0], replicated[name], observed[name], name=titles[name])
        found = statistics(replicated[name], observed[name])
        for ax, (label, (draws, seen)) in zip(row[1:], found.items(), strict=False):
            predictive.statistic(ax, draws, seen, name=label)
    return Picture(
        "predictive",
        "Densities and test statistics of replicated tables against the observed one.",
        "Tables that the fitted model would produce (blue, grey) against the observed one (black, "
        "orange). An orange line outside the grey says the model could not have made that feature "
        "of the data.",
        made,
    )


def statistics(
    replicated: xr.DataArray, observed: xr.DataArray
) -> dict[str, tuple[np.ndarray, float]]:
    """Statistics that a wrong likelihood gets wrong, of replicated tables and the observed one.

    Parameters
    ----------
    replicated : xarray.DataArray, dims (chain, draw, time, unit)
    observed : xarray.DataArray, dims (time, unit)

    Returns
    -------
    dict of str to (array of shape (draws,), float)
    """
    seen = observed.transpose("time", "unit").values
    tables = replicated.transpose("chain", "draw", "time", "unit").values.reshape(-1, *seen.shape)
    chosen: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "largest week": lambda x: x.max((-2, -1)),
        "median week": lambda x: np.median(x, (-2, -1)),
        "week-to-week correlation": _lag_one,
    }
    return {name: (call(tables), float(call(seen[None])[0])) for name, call in chosen.items()}


def _lag_one(tables: np.ndarray) -> np.ndarray:
    centred = tables - tables.mean(-2, keepdims=True)
    return (centred[:, 1:] * centred[:, :-1]).sum((-2, -1)) / (centred**2).sum((-2, -1))


def quantile_residuals(
    replicated: xr.DataArray, observed: xr.DataArray, *, seed: int = 0
) -> xr.DataArray:
    """Where each observed value lies among its replicates, as a standard normal.

    Parameters
    ----------
    replicated : xarray.DataArray, dims (chain, draw, time, unit)
    observed : xarray.DataArray, dims (time, unit)
    seed : int
        For the place of a value among replicates equal to it.

    Returns
    -------
    xarray.DataArray, dims (time, unit)
    """
    draws = replicated.sizes["chain"] * replicated.sizes["draw"]
    below = (replicated < observed).sum(("chain", "draw"))
    equal = (replicated == observed).sum(("chain", "draw"))
    place = (below + np.random.default_rng(seed).random(below.shape) * (equal + 1)) / (draws + 1)
    return xr.apply_ufunc(stats.norm.ppf, place).transpose("time", "unit")


def _residuals(run: Run) -> Picture:
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    names = [name for name in ("outcome", "mediator") if name in replicated]
    made, axes = figure(len(names), 4, width=9, height=2.3 * len(names))
    posterior = run.group("posterior")
    for row, name in zip(axes, names, strict=True):
        left = quantile_residuals(replicated[name], observed[name])
        residuals.over_time(row[0], left)
        row[0].set_ylabel(f"{run.outcome if name == 'outcome' else run.mediator}: residual, in sd")
        residuals.against_fitted(row[1], left, posterior[f"{name}_mean"].mean(("chain", "draw")))
        residuals.autocorrelation(row[2], left)
        residuals.against_normal(row[3], left)
    return Picture(
        "residuals",
        "Residuals over time, against fitted values, their autocorrelation and quantiles.",
        "Quantile residuals, standard normal if the model is right. Look for drifts and waves "
        "(left), a fan (second), bars beyond the dotted lines (third: intervals are then too "
        "narrow), and points off the line (right: a likelihood with the wrong tails).",
        made,
    )
