"""What the priors say, what the data say, and what they can't tell apart."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from mmm_bayes.plots import apart as maps_of
from mmm_bayes.plots import prior_effects as effects
from mmm_bayes.plots import prior_posterior, prior_predictive
from mmm_bayes.plots.bands import pooled, summed
from mmm_bayes.plots.style import figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View


def implied(run: View) -> Picture | None:
    """What the priors expect of the outcome, and what was observed; None without prior draws."""
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


def prior_effects(run: View) -> Picture | None:
    """Each channel's effects before and after the data; None without prior draws."""
    posterior, prior = run.effect("draws"), run.effect("prior")
    if "total" not in prior:
        return None
    names = effects.shown(posterior)
    longest = max(map(len, run.channels))
    made, axes = figure(
        1, len(names), width=9, height=1.25 + 0.45 * len(run.channels), sharey=True, across=0.2,
        left=0.3 + 0.065 * longest, top=0.75,
    )  # fmt: skip
    for ax, name in zip(axes[0], names, strict=True):
        effects.before_and_after(
            ax, posterior[name], prior[name], outcome=float(run.observed.sum()),
            channels=run.channels, name=run.outcome, key=ax is axes[0, -1],
        )  # fmt: skip
        ax.set_title(f"{effects.TITLES[name]}\n")
    return Picture(
        "prior-effects",
        f"Each channel's effects on {run.outcome} before and after the data, 90% intervals.",
        f"Effects in % of {run.outcome}, 90% intervals: what the prior allows (grey) and what is "
        "left of it after the data (coloured, with the mean). A coloured line as long as its grey "
        "one is an answer that the data did not give. A grey line may reach beyond the frame.",
        made, vector=True,
    )  # fmt: skip


def prior(run: View) -> Picture | None:
    """Prior and posterior of the media's parameters; None without prior draws."""
    posterior, before = run.group("posterior"), run.group("prior")
    names = prior_posterior.comparable(posterior, before)
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
            ax, posterior[name], before[name], channels=run.channels
        )
    return Picture(
        "prior",
        "Prior (grey) and posterior (coloured) densities of the media parameters by channel.",
        "Prior in grey, posterior in colour. Where both have the same shape, the data said nothing "
        "and the number is the prior's.",
        made,
    )


def apart(run: View) -> Picture | None:
    """Correlations of effects, and of advertising; None where no two can be compared."""
    found = run.effect("identifiability")
    if "effect_correlation" not in found:
        return None
    pairs = run.diagnostics.get("identifiability", {}).get("pairs", [])
    named = {frozenset(map(str, pair.get("channels", ()))) for pair in pairs}
    of_effects: list[tuple[str, str, xr.DataArray]] = [
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
    columns = [[one for one in maps if maps_of.pairs_known(one[2])] for maps in (of_effects, media)]
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
            maps_of.correlation_map(ax, values, title=title, says=says, named=named)
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
