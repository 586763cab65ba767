"""Figures of the classical models' forecasts and answers about the channels."""

from __future__ import annotations

import pandas as pd

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.plots import baselines as draw
from mmm_bayes.plots.style import (
    GREY,
    INK,
    OKABE_ITO,
    date_axis,
    figure,
    legend,
    number_axis,
    panels,
)
from mmm_bayes.report.baselines.folder import (
    BaselineResults,
    best_of_families,
    family_legend,
    outcome_sum,
)
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.tables import ALL_CHANNELS

COLUMNS = 3


def forecast_errors(results: BaselineResults) -> Picture:
    """Error of every model in unseen weeks."""
    summary = results.summary.set_index("model").rename(
        columns={"rmse_blocked": "mean", "rmse_blocked_sd": "sd", "rmse_holdout": "last"}
    )
    rmse = results.tables["baselines"].query("metric == 'rmse'")
    folds = rmse[rmse["split"].str.startswith("blocked")]
    wide = folds.pivot(index="model", columns="split", values="value")
    wide = wide.loc[summary["mean"].reindex(wide.index).sort_values().index]
    drawing, axes = figure(height=1.4 + 0.3 * len(wide))
    draw.forecast_errors(axes[0, 0], wide, summary, results.families)
    return Picture(
        "errors",
        "Root mean squared error of every model in unseen weeks.",
        f"Error of every model in unseen weeks, best first. Colours are families: "
        f"{family_legend(results)}. Where the bars overlap, the folds do not show which model is "
        "better.",
        drawing,
        vector=True,
    )


def channel_shares(results: BaselineResults) -> Picture:
    """Share of each channel, and of all media together, according to each model."""
    rows = results.shares
    names = {channel: channel for channel in results.channels}
    if ALL_MEDIA in set(rows["channel"]):
        names[ALL_MEDIA] = ALL_CHANNELS
    truth = results.tables.get("truth")
    models = list(results.summary["model"])
    drawing, axes = panels(
        len(names), columns=COLUMNS, height=1.0 + 0.19 * len(models), width=11,
        left=1.9, across=0.25, down=0.85,
    )  # fmt: skip
    for index, (ax, channel) in enumerate(zip(axes, names, strict=True)):
        shares = rows[rows["channel"] == channel].set_index("model").reindex(models).reset_index()
        true_share = None
        if truth is not None and channel in set(truth["channel"]):
            effect = float(truth[truth["channel"] == channel]["truth"].iloc[0])
            true_share = 100 * effect / outcome_sum(results)
        draw.channel_shares(
            ax, shares, results.families, truth=true_share, channel=names[channel],
            labels=index % COLUMNS == 0,
        )  # fmt: skip
    dashed = " The dashed line is the truth of this simulated market." if truth is not None else ""
    return Picture(
        "shares",
        "Each channel's share of the outcome according to every model, with 90% intervals.",
        "Share of the outcome that each model attributes to a channel, had it never spent: total "
        "effects in percent of the summed outcome, with 90% intervals (bootstrap; of a Bayesian "
        "model the posterior's median and quantiles); and to all media together, had none of them "
        f"ever spent.{dashed} An arrow marks a number beyond the "
        "axis. In models with mediation the totals of a mediator and its causes overlap. Colours: "
        f"{family_legend(results)}.",
        drawing,
        vector=True,
    )


def first_stage(results: BaselineResults) -> Picture:
    """R² of the first stage in training weeks, and in unseen ones."""
    scores = results.summary.dropna(subset=["mediator_r2"]).rename(
        columns={"mediator_r2_train": "trained", "mediator_r2": "unseen"}
    )
    drawing, axes = figure(height=1.3 + 0.34 * len(scores), width=8)
    draw.first_stage(axes[0, 0], scores[["model", "trained", "unseen"]])
    return Picture(
        "stage",
        "R squared of the first stage in training weeks and in unseen weeks.",
        "How well the first stage explains the mediator from the causes. A long arrow to the left "
        "means that the stage overfits its training weeks.",
        drawing,
        vector=True,
    )


def holdout(results: BaselineResults) -> Picture:
    """Forecast of the last fifth of the weeks by the best model of each family."""
    rows = results.tables["predictions"].query("split == 'holdout'")
    rows = rows.assign(date=pd.to_datetime(rows["date"]))
    best = list(best_of_families(results).values())
    drawing, axes = figure(len(best), 1, height=0.5 + 1.75 * len(best), sharex=True, down=0.45)
    for ax, model in zip(axes[:, 0], best, strict=True):
        of_model = rows[rows["model"] == model]
        columns = ["observed", "predicted", "lower", "upper"]
        weeks = of_model.groupby("date")[columns].sum(min_count=1)
        colour = draw.FAMILIES[results.families[model]]
        if of_model["unit"].nunique() == 1:
            ax.fill_between(
                weeks.index, weeks["lower"], weeks["upper"], color=colour, alpha=0.2, linewidth=0
            )
        ax.plot(weeks.index, weeks["predicted"], color=colour, label="predicted")
        ax.plot(weeks.index, weeks["observed"], "o", color=INK, markersize=3.2, label="observed")
        ax.set_title(model)
        ax.set_ylabel(results.outcome)
        number_axis(ax.yaxis)
        date_axis(ax)
        legend(ax, columns=2)
    return Picture(
        "holdout",
        "Predictions of the last fifth of the weeks by the best model of each family.",
        "The last fifth of the weeks, unseen by these fits, according to the best model of each "
        "family; shaded: 90% predictive intervals, where a model has any (one unit only). Spends "
        "and controls are taken as known.",
        drawing,
        vector=True,
    )


def windows(results: BaselineResults) -> Picture:
    """Shares and coefficients over rolling windows."""
    rows = results.tables["windows"]
    across = min(COLUMNS, len(results.channels))
    down = -(-len(results.channels) // across)
    drawing, axes = figure(down + 1, across, width=10, height=2.5 * (down + 1), bottom=0.75)
    above = list(axes[:down].ravel())
    for index, (ax, channel) in enumerate(zip(above, results.channels, strict=False)):
        of_channel = rows[rows["channel"] == channel]
        wide = 100 * of_channel.pivot(index="window_end", columns="model", values="share")
        draw.shares_over_windows(
            ax, wide[[m for m in results.summary["model"] if m in wide]], results.families,
            title=channel, ylabel="% of the outcome" if index % across == 0 else "",
        )  # fmt: skip
    linear = [model for model in ("ols", "ridge", "lasso") if (rows["model"] == model).any()]
    for ax in [*above[len(results.channels) :], *axes[down, len(linear) :]]:
        ax.set_axis_off()
    for ax, model in zip(axes[down], linear, strict=False):
        of_model = rows[rows["model"] == model]
        wide = of_model.pivot(index="window_end", columns="channel", values="coefficient")
        for channel, colour in zip(results.channels, OKABE_ITO * 5, strict=False):
            ax.plot(
                pd.to_datetime(wide.index), wide[channel], marker="o", markersize=3, color=colour,
                label=channel,
            )  # fmt: skip
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set_title(f"coefficients, {model}")
        draw.window_axis(ax, wide.index)
    if linear:
        handles, labels = axes[down, 0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="lower center", ncols=len(labels))
        axes[down, 0].set_ylabel("scaled")
    return Picture(
        "windows",
        "Shares of the outcome by channel and coefficients over rolling windows.",
        "Each window refitted, with the settings tuned for the first. Above: the share of the "
        "outcome in the window that every model attributes to a channel; colours are families "
        f"({family_legend(results)}). Below: coefficients of linear models, for one step of the "
        "scaled column. Windows share weeks. A line that leaves its axes is far beyond the others.",
        drawing,
        vector=True,
    )


def best_transfers(results: BaselineResults) -> Picture:
    """Transfer of money that each model thinks best."""
    best = results.tables["reallocation"].query("best").rename(columns={"from": "giver"})
    best[["gain", "lower", "upper"]] *= 100 / outcome_sum(results)
    drawing, axes = figure(height=1.4 + 0.36 * best["model"].nunique(), width=10)
    draw.best_transfers(axes[0, 0], best, results.families)
    return Picture(
        "reallocation",
        "Gain of the transfer of money that each model thinks best.",
        "For each model the transfer between two channels with the highest expected gain (named at "
        "the right), with 90% intervals. A transfer chosen for its gain is likely to gain less "
        "than expected (the winner's curse), and the interval does not account for that.",
        drawing,
        vector=True,
    )
