"""What the models predict and what they say of the channels, model by model."""

from __future__ import annotations

import pandas as pd

from mmm_bayes.plots import baselines as draw
from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, dates, figure, legend, numbers
from mmm_bayes.report.baselines.folder import Compared, best_of_families, legend_of, outcome_sum
from mmm_bayes.report.picture import Picture

COLUMNS = 3


def errors(told: Compared) -> Picture:
    """Every model's error in unseen weeks."""
    rows = told.tables["baselines"].query("metric == 'rmse'")
    folds = rows[rows["split"].str.startswith("blocked")]
    wide = folds.pivot(index="model", columns="split", values="value")
    wide = wide.loc[wide.mean(axis=1).sort_values().index]
    last = rows[rows["split"] == "holdout"].set_index("model")["value"]
    made, axes = figure(height=1.4 + 0.3 * len(wide))
    draw.errors(axes[0, 0], wide, last, told.families)
    return Picture(
        "errors",
        "Root mean squared error of every model in unseen weeks.",
        f"The error of every model in weeks it had not seen, best first. Colours are families: "
        f"{legend_of(told)}. Where the bars overlap, the folds don't say which model is better.",
        made,
        vector=True,
    )


def shares(told: Compared) -> Picture:
    """What each model says each channel brought."""
    rows = told.whole("contributions").query("estimand == 'contribution_share'")
    truth = told.tables.get("truth")
    total = outcome_sum(told)
    models = list(told.summary["model"])
    across = min(COLUMNS, len(told.channels))
    down = -(-len(told.channels) // across)
    made, axes = figure(
        down, across, width=11, height=down * (1.0 + 0.19 * len(models)), left=1.9, across=0.25,
        down=0.85,
    )  # fmt: skip
    for at, channel in enumerate(told.channels):
        one = rows[rows["channel"] == channel].set_index("model").reindex(models).reset_index()
        one[["value", "lower", "upper"]] *= 100
        known = None
        if truth is not None:
            known = 100 * float(truth[truth["channel"] == channel]["truth"].iloc[0]) / total
        ax = axes[at // across, at % across]
        draw.shares(ax, one, told.families, truth=known, channel=channel, labels=at % across == 0)
    for at in range(len(told.channels), down * across):
        axes[at // across, at % across].set_axis_off()
    dashed = " The dashed line is the truth of this simulated market." if truth is not None else ""
    return Picture(
        "shares",
        "Each channel's share of the outcome according to every model, with 90% intervals.",
        "What each model says a channel brought, had it never spent: total effects in percent of "
        "all of the outcome, with 90% intervals (bootstrap; of a Bayesian model the posterior's "
        f"median and quantiles).{dashed} An arrow "
        "stands for a number beyond the axis. In models with mediation the totals of a mediator "
        f"and its causes overlap. Colours: {legend_of(told)}.",
        made,
        vector=True,
    )


def stage(told: Compared) -> Picture:
    """The first stage in weeks learned from, and in unseen ones."""
    rows = told.summary.dropna(subset=["mediator_r2"])
    made, axes = figure(height=1.3 + 0.34 * len(rows), width=8)
    draw.first_stage(
        axes[0, 0],
        pd.DataFrame(
            {
                "model": rows["model"],
                "trained": rows["mediator_r2_train"],
                "unseen": rows["mediator_r2"],
            }
        ),
    )
    return Picture(
        "stage",
        "R squared of the first stage in weeks learned from and in unseen weeks.",
        "How well the first stage explains the mediator from the causes. A long arrow to the left "
        "is a stage that has learned its training weeks by heart.",
        made,
        vector=True,
    )


def holdout(told: Compared) -> Picture:
    """The last fifth of the weeks as the best of each family forecasts it."""
    rows = told.tables["predictions"].query("split == 'holdout'")
    rows = rows.assign(date=pd.to_datetime(rows["date"]))
    best = list(best_of_families(told).values())
    made, axes = figure(len(best), 1, height=0.5 + 1.75 * len(best), sharex=True, down=0.45)
    for ax, model in zip(axes[:, 0], best, strict=True):
        one = rows[rows["model"] == model]
        single = one["unit"].nunique() == 1
        weeks = one.groupby("date")[["observed", "predicted", "lower", "upper"]].sum(min_count=1)
        colour = draw.FAMILIES[told.families[model]]
        if single:
            ax.fill_between(
                weeks.index, weeks["lower"], weeks["upper"], color=colour, alpha=0.2, linewidth=0
            )
        ax.plot(weeks.index, weeks["predicted"], color=colour, label="predicted")
        ax.plot(weeks.index, weeks["observed"], "o", color=INK, markersize=3.2, label="observed")
        ax.set_title(model)
        ax.set_ylabel(told.outcome)
        numbers(ax.yaxis)
        dates(ax)
        legend(ax, columns=2)
    return Picture(
        "holdout",
        "Predictions of the last fifth of the weeks by the best model of each family.",
        "The last fifth of the weeks, which these fits had not seen, by the best of each family; "
        "shaded: 90% predictive intervals, where a model has any (one unit only). Spends and "
        "controls are taken as known.",
        made,
        vector=True,
    )


def windows(told: Compared) -> Picture:
    """Shares and coefficients over rolling windows."""
    rows = told.tables["windows"]
    across = min(COLUMNS, len(told.channels))
    down = -(-len(told.channels) // across)
    made, axes = figure(down + 1, across, width=10, height=2.5 * (down + 1), bottom=0.75)
    for at, channel in enumerate(told.channels):
        one = rows[rows["channel"] == channel]
        wide = 100 * one.pivot(index="window_end", columns="model", values="share")
        ax = axes[at // across, at % across]
        draw.lines(
            ax, wide[[m for m in told.summary["model"] if m in wide]], told.families,
            title=channel, ylabel="% of the outcome" if at % across == 0 else "",
        )  # fmt: skip
    linear = [m for m in ("ols", "ridge", "lasso") if (rows["model"] == m).any()]
    for at in range(len(told.channels), down * across):
        axes[at // across, at % across].set_axis_off()
    for ax, model in zip(axes[down], linear + [""] * across, strict=False):
        if not model:
            ax.set_axis_off()
            continue
        one = rows[rows["model"] == model]
        wide = one.pivot(index="window_end", columns="channel", values="coefficient")
        for channel, colour in zip(told.channels, OKABE_ITO * 5, strict=False):
            ax.plot(
                pd.to_datetime(wide.index), wide[channel], marker="o", markersize=3, color=colour,
                label=channel,
            )  # fmt: skip
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set_title(f"coefficients, {model}")
        draw.window_ends(ax, wide.index)
    if linear:
        handles, labels = axes[down, 0].get_legend_handles_labels()
        made.legend(handles, labels, loc="lower center", ncols=len(labels))
        axes[down, 0].set_ylabel("scaled")
    return Picture(
        "windows",
        "Shares of the outcome by channel and coefficients over rolling windows.",
        "Each window refitted, with the tuned choices of the first. Above: what every model says a "
        f"channel brought in the window; colours are families ({legend_of(told)}). Below: "
        "coefficients of linear models, for one step of the scaled column. Windows share weeks. A "
        "line that leaves its axes is far beyond the others.",
        made,
        vector=True,
    )


def reallocations(told: Compared) -> Picture:
    """The transfer of money that each model thinks best."""
    best = told.tables["reallocation"].query("best").copy()
    best[["gain", "lower", "upper"]] *= 100 / outcome_sum(told)
    made, axes = figure(height=1.4 + 0.36 * best["model"].nunique(), width=10)
    draw.moves(axes[0, 0], best.rename(columns={"from": "giver"}), told.families)
    return Picture(
        "reallocation",
        "Gain of the transfer of money that each model thinks best.",
        "For each model the transfer between two channels that it thinks most of (named at the "
        "right), with 90% intervals. The gain of a transfer that was picked for being the best is "
        "likely to disappoint, and the interval does not know that.",
        made,
        vector=True,
    )
