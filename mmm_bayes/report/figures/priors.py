"""Figures of priors against data, and of the correlations that keep channels indistinguishable."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mmm_bayes.estimands.intervals import all_units, mean_and_ends, sum_units
from mmm_bayes.plots.correlation import correlation_map, has_pairs
from mmm_bayes.plots.priors import (
    TITLES,
    comparable_parameters,
    prior_and_posterior_intervals,
    prior_and_posterior_ridges,
    prior_histogram,
    shown_effects,
)
from mmm_bayes.plots.style import figure, panels
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View


def prior_predictive(run: View) -> Picture | None:
    """Outcome that the priors imply, and the observed one; None without prior draws."""
    predictive, effects = run.group("prior_predictive"), run.effects("prior")
    if "outcome" not in predictive or "together" not in effects:
        return None
    weeks = sum_units(predictive["outcome"]).transpose("chain", "draw", "time").values[0]
    observed = sum_units(run.observed).values
    unit, label = run.effect_unit
    together = all_units(effects["together"]).values.ravel() / unit
    quantities = (
        ("a typical week", run.outcome, np.median(weeks, 1), float(np.median(observed))),
        (
            "a high week (1 in 20)", run.outcome, np.quantile(weeks, 0.95, 1),
            float(np.quantile(observed, 0.95)),
        ),
        ("all advertising together", label, together, float("nan")),
    )  # fmt: skip
    drawing, axes = figure(1, 3, width=9, height=2.5, left=0.2, across=0.25)
    for ax, (title, name, draws, value) in zip(axes[0], quantities, strict=True):
        prior_histogram(ax, draws, title=title, label=name, observed=value)
    return Picture(
        "implied",
        f"What the priors imply for {run.outcome} and for all advertising, before the data.",
        "What the priors alone imply (grey), and what was observed (orange line). The grey should "
        "be wider than any reasonable guess and contain the orange line; grey far from it, or "
        "advertising that makes more than everything, is an implausible prior.",
        drawing,
        vector=True,
    )


def prior_and_posterior_effects(run: View) -> Picture | None:
    """Effects of each channel under prior and posterior; None without prior draws."""
    posterior, prior = run.effects("draws"), run.effects("prior")
    if "total" not in prior:
        return None
    names = shown_effects(posterior)
    longest = max(map(len, run.channels))
    drawing, axes = figure(
        1, len(names), width=9, height=1.25 + 0.45 * len(run.channels), sharey=True, across=0.2,
        left=0.3 + 0.065 * longest, top=0.75,
    )  # fmt: skip
    unit, label = run.effect_unit
    for ax, name in zip(axes[0], names, strict=True):
        after, before = (mean_and_ends(all_units(draws[name])) for draws in (posterior, prior))
        prior_and_posterior_intervals(
            ax, after, before, unit=unit, label=label, channels=run.channels,
            key=ax is axes[0, -1],
        )  # fmt: skip
        ax.set_title(f"{TITLES[name]}\n")
    return Picture(
        "prior-effects",
        f"Each channel's effects on {run.outcome} before and after the data, 90% intervals.",
        f"Effects in {label}, 90% intervals: prior (grey) and posterior (coloured, with "
        "the mean). Where the coloured line is as long as the grey one, the data did not inform "
        "the estimate. A grey line may reach beyond the frame.",
        drawing,
        vector=True,
    )


def prior_and_posterior_parameters(run: View) -> Picture | None:
    """Prior and posterior densities of the media parameters; None without prior draws."""
    posterior, prior = run.group("posterior"), run.group("prior")
    names = comparable_parameters(posterior, prior)
    if not names:
        return None
    longest = max(map(len, run.channels))
    drawing, axes = panels(
        len(names), columns=4, height=0.9 + 0.36 * len(run.channels), width=9, bottom=0.35,
        left=0.3 + 0.065 * longest, across=0.35 + 0.065 * longest,
    )  # fmt: skip
    for ax, name in zip(axes, names, strict=True):
        prior_and_posterior_ridges(ax, posterior[name], prior[name], channels=run.channels)
    return Picture(
        "prior",
        "Prior (grey) and posterior (coloured) densities of the media parameters by channel.",
        "Prior in grey, posterior in colour. Where both have the same shape, the data were "
        "uninformative and the estimate is the prior's.",
        drawing,
    )


def correlations(run: View) -> Picture | None:
    """Correlations of effects, and of advertising; None where no two can be compared."""
    identifiability = run.effects("identifiability")
    if "effect_correlation" not in identifiability:
        return None
    pairs = run.diagnostics.get("identifiability", {}).get("pairs", [])
    framed = {frozenset(map(str, pair.get("channels", ()))) for pair in pairs}
    of_effects: list[tuple[str, str, xr.DataArray]] = [
        (
            f"{name} effects",
            "posterior correlation",
            identifiability["effect_correlation"].sel(effect=name),
        )
        for name in ("direct", "indirect")
    ]
    of_media: list[tuple[str, str, xr.DataArray]] = [
        (
            f"advertising, as it acts on {name}",
            "after carryover and saturation, given the covariates",
            identifiability["media_correlation"].sel(equation=equation),
        )
        for equation, name in (("outcome", run.outcome), ("mediator", run.mediator))
        if "media_correlation" in identifiability and equation in identifiability["equation"]
    ]
    columns = [[entry for entry in maps if has_pairs(entry[2])] for maps in (of_effects, of_media)]
    rows = max(map(len, columns))
    if rows == 0:
        return None
    longest = max(map(len, run.channels))
    drawing, axes = figure(
        rows, 2, width=9, height=rows * (1.35 + 0.33 * len(run.channels)),
        left=0.3 + 0.065 * longest, across=0.5 + 0.065 * longest, down=1.15, bottom=0.75,
    )  # fmt: skip
    for column, maps in zip(axes.T, columns, strict=True):
        for ax, (title, caption, values) in zip(column, maps, strict=False):
            correlation_map(ax, values, title=title, caption=caption, framed=framed)
        for ax in column[len(maps) :]:
            ax.axis("off")
    return Picture(
        "apart",
        "Maps of the correlations between the channels' effects and between their advertising.",
        "Effects: near −1 (purple), more of one channel is less of the other, and only their sum "
        "is known. Advertising: near 1 (orange) or −1, both move as one. Below −0.7, or beyond "
        "0.9, a pair is framed: the data can't distinguish the two.",
        drawing,
        vector=True,
    )
