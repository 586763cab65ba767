"""Classical models side by side: forecasts, answers about the channels, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, PALE, needs_log_scale, number_axis
from mmm_bayes.text import fixed, number, percent

#: Colour of each family of models.
FAMILIES = {
    "linear": OKABE_ITO[0],
    "trees": OKABE_ITO[2],
    "two stages": OKABE_ITO[1],
    "Bayesian": OKABE_ITO[4],
}
#: Numbers this many times beyond the median of the others are marked at the edge of the axes.
BEYOND = 4.0
#: Lowest R² on the axis of the first stage.
LOWEST_R2 = -2.0


def forecast_errors(
    ax: Axes, folds: pd.DataFrame, summary: pd.DataFrame, families: Mapping[str, str]
) -> None:
    """Draw each model's error in every fold, their mean, and that of the last weeks.

    Parameters
    ----------
    folds : pandas.DataFrame, shape (model, fold)
        RMSE in units of the outcome; from the best model down.
    summary : pandas.DataFrame
        Columns mean and sd over the folds, and last, the RMSE of the last fifth; by model.
    families : mapping of str to str
        Family of each model.
    """
    for y, model in enumerate(map(str, folds.index)):
        errors = folds.loc[model].to_numpy(dtype=float)
        colour = FAMILIES[families[model]]
        mean, sd, last = (float(summary[column][model]) for column in ("mean", "sd", "last"))
        ax.plot([mean - sd, mean + sd], [y, y], color=colour, linewidth=2.2)
        ax.plot(errors, np.full(len(errors), y), "o", color=colour, markersize=3, alpha=0.45)
        ax.plot(mean, y, "o", color=colour, markersize=7)
        ax.plot(last, y, "D", color="white", markeredgecolor=INK, markersize=5)
    _name_models(ax, [str(model) for model in folds.index], families)
    ax.plot([], [], "o", color=INK, markersize=7, label="mean of the blocked folds, ± 1 sd")
    ax.plot([], [], "o", color=INK, markersize=3, alpha=0.45, label="each fold")
    ax.plot([], [], "D", color="white", markeredgecolor=INK, markersize=5, label="last fifth")
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.0), ncols=3).set_in_layout(True)
    ax.set_ylim(len(folds) - 0.4, -1.6)
    if needs_log_scale(folds.values):
        ax.set_xscale("log")
    number_axis(ax.xaxis)
    ax.set_xlabel("RMSE in unseen weeks, units of the outcome")


def channel_shares(
    ax: Axes,
    table: pd.DataFrame,
    families: Mapping[str, str],
    *,
    truth: float | None,
    channel: str,
    labels: bool,
) -> None:
    """Draw each model's share of the outcome of one channel, with its 90% interval.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, value, lower, upper, in percent.
    families : mapping of str to str
        Family of each model.
    truth : float, optional
        The channel's share in a simulated market, in percent.
    channel : str
        Title of the axes.
    labels : bool
        Whether the models are named.
    """
    low, high = _axis_limits(table, truth)
    for y, row in enumerate(table.itertuples(index=False)):
        colour = FAMILIES[families[str(row.model)]]
        value: Any = row.value
        if np.isnan(value):
            ax.annotate("unknown", (0, y), va="center", fontsize=7, color=GREY)
            continue
        ends: Any = np.clip([row.lower, row.upper], low, high)
        ax.plot(ends, [y, y], color=colour, linewidth=1.8)
        if low <= value <= high:
            ax.plot(value, y, "o", color=colour, markersize=4.5)
        else:
            ax.annotate(
                f"{number(value)}% →", (high, y), ha="right", va="bottom", fontsize=7,
                color=colour,
            )  # fmt: skip
            ax.plot(high, y, ">", color=colour, markersize=4)
    ax.axvline(0, color=GREY, linewidth=1)
    if truth is not None:
        ax.axvline(truth, color=INK, linewidth=1.2, linestyle="--")
    names = list(table["model"].astype(str)) if labels else [""] * len(table)
    _name_models(ax, names, families)
    ax.set_xlim(low, high)
    ax.set_title(channel)
    ax.set_xlabel("% of the outcome")


def best_transfers(ax: Axes, table: pd.DataFrame, families: Mapping[str, str]) -> None:
    """Draw the gain of the transfer of money that each model thinks best, at both sizes.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, giver, to, share (of the giver's money), gain, lower, upper, in percent of
        the outcome.
    families : mapping of str to str
        Family of each model.
    """
    names = list(dict.fromkeys(table["model"].astype(str)))
    limits = _axis_limits(table.rename(columns={"gain": "value"}), None)
    for row in table.itertuples(index=False):
        large = row.share == table["share"].max()
        y = names.index(str(row.model)) + (0.17 if large else -0.17)
        colour = FAMILIES[families[str(row.model)]]
        gain: Any = row.gain
        ax.plot(np.clip([row.lower, row.upper], *limits), [y, y], color=colour, linewidth=1.6)
        ax.plot(
            np.clip(gain, *limits), y, "o" if large else "s", color=colour, markersize=5,
            markerfacecolor=colour if large else "white",
        )  # fmt: skip
        if large:
            ax.annotate(
                f"{row.giver} to {row.to}", (1.01, y - 0.17),
                xycoords=("axes fraction", "data"), fontsize=7.5, va="center",
            )  # fmt: skip
    for share, marker, face in ((0.05, "s", "white"), (0.10, "o", INK)):
        ax.plot([], [], marker, color=INK, markerfacecolor=face, label=f"{percent(share)} moved")
    ax.axvline(0, color=GREY, linewidth=1)
    _name_models(ax, names, families)
    ax.set_ylim(len(names) - 0.4, -1.4)
    ax.legend(loc="upper left", ncols=2)
    ax.set_xlim(*limits)
    ax.set_xlabel("gain over all weeks, % of the outcome")


def first_stage(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the first stage's R² in its training weeks and in unseen ones.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, trained, unseen.
    """
    for y, row in enumerate(table.itertuples(index=False)):
        trained: Any = row.trained
        unseen: Any = row.unseen
        shown = max(unseen, LOWEST_R2)
        ax.annotate("", (shown, y), (trained, y), arrowprops={"arrowstyle": "->", "color": GREY})
        ax.plot(trained, y, "o", color=OKABE_ITO[0], markersize=7)
        ax.plot(shown, y, "D", color=OKABE_ITO[4], markersize=6)
        if unseen < LOWEST_R2:
            ax.annotate(fixed(unseen), (LOWEST_R2 + 0.05, y), fontsize=7.5, va="bottom")
    ax.plot([], [], "o", color=OKABE_ITO[0], label="training weeks")
    ax.plot([], [], "D", color=OKABE_ITO[4], label="last fifth, unseen")
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(range(len(table)), list(table["model"]))
    ax.set_ylim(len(table) - 0.4, -1.2)
    ax.legend(loc="upper left", ncols=2)
    ax.set_xlabel("R² of the mediator; below 0 is worse than its mean")


def shares_over_windows(
    ax: Axes, table: pd.DataFrame, families: Mapping[str, str], *, title: str, ylabel: str = ""
) -> None:
    """Draw a channel's share according to each model, at the last week of each window.

    Parameters
    ----------
    table : pandas.DataFrame, shape (window_end, model)
        In percent of the outcome.
    families : mapping of str to str
        Family of each model.
    """
    for model in table:
        ax.plot(
            pd.to_datetime(table.index), table[model], marker="o", markersize=3, linewidth=1.2,
            color=FAMILIES[families[str(model)]], alpha=0.8,
        )  # fmt: skip
    ax.axhline(0, color=GREY, linewidth=1)
    median = np.nanmedian(np.abs(table.values))
    largest = float(np.nanmax(np.abs(table.values)))
    if largest > BEYOND * median > 0:
        low = float(np.nanquantile(table.values, 0.02))
        ax.set_ylim(min(1.2 * low, -0.1 * median), 2 * BEYOND * median)
    window_axis(ax, table.index)
    ax.set_title(title)
    ax.set_ylabel(ylabel)


def window_axis(ax: Axes, ends: Iterable[Any]) -> None:
    """Label the horizontal axis with the last weeks of windows, at most four of them.

    Parameters
    ----------
    ends : iterable
        Dates, as pandas reads them.
    """
    days = pd.to_datetime(pd.Index(ends))
    labelled = days[:: -(-len(days) // 4)]
    ax.set_xticks(list(labelled), [f"{day:%b %Y}" for day in labelled])
    ax.margins(x=0.05)


def coefficients(ax: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw the coefficients of the linear models with their bootstrap intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, feature, value, lower, upper.
    names : sequence of str
        Features, from the top.
    """
    models = list(dict.fromkeys(table["model"]))
    for index, model in enumerate(models):
        rows = table[table["model"] == model].set_index("feature").reindex(names)
        y = np.arange(len(names)) + 0.7 * ((index + 0.5) / len(models) - 0.5)
        colour = OKABE_ITO[index % len(OKABE_ITO)]
        ax.hlines(y, rows["lower"], rows["upper"], color=colour, linewidth=1.5)
        ax.plot(rows["value"], y, "o", color=colour, markersize=4, label=model)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel("change in shares of the mean outcome for one step of the scaled column")
    ax.legend(loc="lower right")


def importances(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the permutation importance of each column in each model.

    Parameters
    ----------
    table : pandas.DataFrame, shape (feature, model)
        What R² loses when the column is shuffled.
    """
    top = max(float(np.nanquantile(table.values, 0.95)), 1e-6)
    ax.imshow(np.clip(table.values, 0, top), aspect="auto", cmap="Blues", vmin=0, vmax=top * 1.3)
    for (row, column), value in np.ndenumerate(table.values):
        if np.isfinite(value):
            colour = "white" if value > 0.7 * top else INK
            ax.text(
                column, row, fixed(float(value)), ha="center", va="center", fontsize=7,
                color=colour,
            )  # fmt: skip
    ax.set_xticks(range(table.shape[1]), list(table.columns), rotation=35, ha="right")
    ax.set_yticks(range(table.shape[0]), list(table.index))
    ax.grid(visible=False)


def partial_dependence(ax: Axes, table: pd.DataFrame, *, main: str, title: str) -> None:
    """Draw the partial dependence of the outcome on a channel, and single weeks of one model.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, exposure, row, outcome.
    main : str
        The model whose weeks are drawn.
    """
    single = table[(table["model"] == main) & (table["row"] != "mean")]
    for _, week in single.groupby("row"):
        ax.plot(week["exposure"], week["outcome"], color=PALE, linewidth=0.8)
    means = table[table["row"] == "mean"]
    for index, (model, curve) in enumerate(means.groupby("model", sort=False)):
        colour = OKABE_ITO[index % len(OKABE_ITO)]
        ax.plot(curve["exposure"], curve["outcome"], color=colour, label=model)
    ax.set_title(title)
    ax.set_xlabel("exposure, every week")
    number_axis(ax.xaxis)
    number_axis(ax.yaxis)


def shapley_values(ax: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw the Shapley value of each column in each week, dark where the column was high.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns feature, value, shapley (a share of the mean outcome).
    names : sequence of str
        Features, from the top.
    """
    rng = np.random.default_rng(0)
    for y, name in enumerate(names):
        rows = table[table["feature"] == name]
        rank = rows["value"].rank(pct=True)
        ax.scatter(
            100 * rows["shapley"], y + rng.uniform(-0.28, 0.28, len(rows)), c=rank,
            cmap="cividis_r", s=8, linewidths=0,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel("Shapley value, % of the mean outcome (dark: the column was high)")


def _axis_limits(table: pd.DataFrame, truth: float | None) -> tuple[float, float]:
    """Limits of an axis that shows all but what is far beyond the rest."""
    table = table.dropna(subset="value")
    if table.empty:
        return 0.0, 1.1 * (truth or 1.0)
    ends = table[["value", "lower", "upper"]].to_numpy(dtype=float)
    median = float(np.nanmedian(np.abs(table["value"]))) or 1.0
    most = float(np.nanquantile(np.abs(ends), 0.8))
    edge = max(min(BEYOND * median, 1.2 * most), 1.2 * (truth or 0.0), most)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    high = max(1.1 * high, 1.1 * (truth or 0.0))
    return max(min(1.1 * low, 0.0), -edge) - 0.03 * edge, min(high, edge)


def _name_models(ax: Axes, names: Sequence[str], families: Mapping[str, str]) -> None:
    """Name the rows, each model in the colour of its family; "" for no name."""
    ax.set_yticks(range(len(names)), list(names))
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        if name:
            label.set_color(FAMILIES[families[name]])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
