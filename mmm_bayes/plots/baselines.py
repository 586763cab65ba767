"""Many models side by side: how they predict, what they say of the channels, what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, PALE, compact, numbers, wide_range

#: Colour of each family of models.
FAMILIES = {
    "linear": OKABE_ITO[0],
    "trees": OKABE_ITO[2],
    "two stages": OKABE_ITO[1],
    "Bayesian": OKABE_ITO[4],
}
#: Numbers this many times beyond the middle of the others are marked at the edge of the axes.
BEYOND = 4.0


def errors(ax: Axes, folds: pd.DataFrame, last: pd.Series, families: Mapping[str, str]) -> None:
    """Draw each model's error in every fold, their mean, and that of the last weeks.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    folds : pandas.DataFrame, shape (model, fold)
        RMSE; from the best model down.
    last : pandas.Series
        RMSE of the last fifth, by model.
    families : mapping of str to str
        Of each model.
    """
    for at, (model, row) in enumerate(folds.iterrows()):
        colour = FAMILIES[families[str(model)]]
        mean, sd = row.mean(), row.std(ddof=1)
        ax.plot([mean - sd, mean + sd], [at, at], color=colour, linewidth=2.2)
        ax.plot(
            row.to_numpy(dtype=float),
            np.full(len(row), at),
            "o",
            color=colour,
            markersize=3,
            alpha=0.45,
        )
        ax.plot(mean, at, "o", color=colour, markersize=7)
        ax.plot(last.get(model, np.nan), at, "D", color="white", markeredgecolor=INK, markersize=5)
    _models(ax, [str(model) for model in folds.index], families)
    ax.plot([], [], "o", color=INK, markersize=7, label="mean of the blocked folds, ± 1 sd")
    ax.plot([], [], "o", color=INK, markersize=3, alpha=0.45, label="each fold")
    ax.plot([], [], "D", color="white", markeredgecolor=INK, markersize=5, label="last fifth")
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.0), ncols=3).set_in_layout(True)
    ax.set_ylim(len(folds) - 0.4, -1.6)
    if wide_range(folds.values):
        ax.set_xscale("log")
    numbers(ax.xaxis)
    ax.set_xlabel("RMSE in unseen weeks, units of the outcome")


def shares(
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
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns model, value, lower, upper, in percent.
    families : mapping of str to str
    truth : float, optional
        In percent.
    channel : str
    labels : bool
        Whether the models are named.
    """
    reach = _reach(table, truth)
    for at, row in enumerate(table.itertuples(index=False)):
        colour = FAMILIES[families[str(row.model)]]
        value: Any = row.value
        ends: Any = np.clip([row.lower, row.upper], *reach)
        ax.plot(ends, [at, at], color=colour, linewidth=1.8)
        if reach[0] <= value <= reach[1]:
            ax.plot(value, at, "o", color=colour, markersize=4.5)
        else:
            ax.annotate(
                f"{compact(value)}% →", (reach[1], at), ha="right", va="bottom", fontsize=7,
                color=colour,
            )  # fmt: skip
            ax.plot(reach[1], at, ">", color=colour, markersize=4)
    ax.axvline(0, color=GREY, linewidth=1)
    if truth is not None:
        ax.axvline(truth, color=INK, linewidth=1.2, linestyle="--")
    _models(ax, list(table["model"].astype(str)) if labels else [""] * len(table), families)
    ax.set_xlim(*reach)
    ax.set_title(channel)
    ax.set_xlabel("% of the outcome")


def moves(ax: Axes, table: pd.DataFrame, families: Mapping[str, str]) -> None:
    """Draw what each model's favourite transfer of money gains, at both sizes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns model, from, to, share, gain, lower, upper, in percent of the outcome.
    families : mapping of str to str
    """
    names = list(dict.fromkeys(table["model"].astype(str)))
    reach = _reach(table.rename(columns={"gain": "value"}), None)
    for row in table.itertuples(index=False):
        part: Any = row.share
        large = part == table["share"].max()
        y = names.index(str(row.model)) + (0.17 if large else -0.17)
        colour = FAMILIES[families[str(row.model)]]
        gain: Any = row.gain
        ax.plot(np.clip([row.lower, row.upper], *reach), [y, y], color=colour, linewidth=1.6)
        ax.plot(
            np.clip(gain, *reach), y, "o" if large else "s", color=colour, markersize=5,
            markerfacecolor=colour if large else "white",
        )  # fmt: skip
        if large:
            ax.annotate(
                f"{row.giver} to {row.to}", (1.01, y - 0.17),
                xycoords=("axes fraction", "data"), fontsize=7.5, va="center",
            )  # fmt: skip
    for part, marker, face in ((0.05, "s", "white"), (0.10, "o", INK)):
        ax.plot([], [], marker, color=INK, markerfacecolor=face, label=f"{part:.0%} moved")
    ax.axvline(0, color=GREY, linewidth=1)
    _models(ax, names, families)
    ax.set_ylim(len(names) - 0.4, -1.4)
    ax.legend(loc="upper left", ncols=2)
    ax.set_xlim(*reach)
    ax.set_xlabel("gain over all weeks, % of the outcome")


def first_stage(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the first stage's R² in the weeks it learned from and in those it had not seen.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns model, trained, unseen.
    """
    for at, row in enumerate(table.itertuples(index=False)):
        trained: Any = row.trained
        unseen: Any = row.unseen
        ax.annotate(
            "", (max(unseen, -2), at), (trained, at), arrowprops={"arrowstyle": "->", "color": GREY}
        )
        ax.plot(trained, at, "o", color=OKABE_ITO[0], markersize=7)
        ax.plot(max(unseen, -2), at, "D", color=OKABE_ITO[4], markersize=6)
        if unseen < -2:
            ax.annotate(f"{unseen:.1f}", (-1.95, at), fontsize=7.5, va="bottom")
    ax.plot([], [], "o", color=OKABE_ITO[0], label="weeks learned from")
    ax.plot([], [], "D", color=OKABE_ITO[4], label="last fifth, unseen")
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(range(len(table)), list(table["model"]))
    ax.set_ylim(len(table) - 0.4, -1.2)
    ax.legend(loc="upper left", ncols=2)
    ax.set_xlabel("R² of the mediator; below 0 is worse than its mean")


def lines(
    ax: Axes, table: pd.DataFrame, families: Mapping[str, str], *, title: str, ylabel: str = ""
) -> None:
    """Draw a number of each model over windows, at their last weeks.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame, shape (window_end, model)
    families : mapping of str to str
    title, ylabel : str
    """
    for model in table:
        ax.plot(
            pd.to_datetime(table.index), table[model], marker="o", markersize=3, linewidth=1.2,
            color=FAMILIES[families[str(model)]], alpha=0.8,
        )  # fmt: skip
    ax.axhline(0, color=GREY, linewidth=1)
    middle = np.nanmedian(np.abs(table.values))
    top = float(np.nanmax(np.abs(table.values)))
    if top > BEYOND * middle > 0:
        low = float(np.nanquantile(table.values, 0.02))
        ax.set_ylim(min(1.2 * low, -0.1 * middle), 2 * BEYOND * middle)
    window_ends(ax, table.index)
    ax.set_title(title)
    ax.set_ylabel(ylabel)


def window_ends(ax: Axes, ends: Iterable[Any]) -> None:
    """Label the x-axis with the last weeks of windows, at most four of them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ends : iterable of date
    """
    days = pd.to_datetime(pd.Index(ends))
    some = days[:: -(-len(days) // 4)]
    ax.set_xticks(list(some), [f"{day:%b %Y}" for day in some])
    ax.margins(x=0.05)


def coefficients(ax: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw the coefficients of the linear models with their bootstrap intervals.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns model, feature, value, lower, upper.
    names : sequence of str
        Features, from the top.
    """
    models = list(dict.fromkeys(table["model"]))
    for at, model in enumerate(models):
        rows = table[table["model"] == model].set_index("feature").reindex(names)
        y = np.arange(len(names)) + 0.7 * ((at + 0.5) / len(models) - 0.5)
        colour = OKABE_ITO[at % len(OKABE_ITO)]
        ax.hlines(y, rows["lower"], rows["upper"], color=colour, linewidth=1.5)
        ax.plot(rows["value"], y, "o", color=colour, markersize=4, label=model)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel("change in shares of the mean outcome for one step of the scaled column")
    ax.legend(loc="lower right")


def importances(ax: Axes, table: pd.DataFrame) -> None:
    """Draw what R² loses when a column is shuffled, model by model.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame, shape (feature, model)
    """
    top = max(float(np.nanquantile(table.values, 0.95)), 1e-6)
    ax.imshow(np.clip(table.values, 0, top), aspect="auto", cmap="Blues", vmin=0, vmax=top * 1.3)
    for (i, j), value in np.ndenumerate(table.values):
        if np.isfinite(value):
            text = f"{value:.2f}".replace("-", "−")
            colour = "white" if value > 0.7 * top else INK
            ax.text(j, i, text, ha="center", va="center", fontsize=7, color=colour)
    ax.set_xticks(range(table.shape[1]), list(table.columns), rotation=35, ha="right")
    ax.set_yticks(range(table.shape[0]), list(table.index))
    ax.grid(visible=False)


def dependence(ax: Axes, table: pd.DataFrame, *, main: str, title: str) -> None:
    """Draw the partial dependence of the outcome on a channel, and single weeks of one model.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns model, exposure, row, outcome.
    main : str
        The model whose weeks are drawn.
    title : str
    """
    single = table[(table["model"] == main) & (table["row"] != "mean")]
    for _, week in single.groupby("row"):
        ax.plot(week["exposure"], week["outcome"], color=PALE, linewidth=0.8)
    means = table[table["row"] == "mean"]
    for at, (model, curve) in enumerate(means.groupby("model", sort=False)):
        ax.plot(
            curve["exposure"], curve["outcome"], color=OKABE_ITO[at % len(OKABE_ITO)], label=model
        )
    ax.set_title(title)
    ax.set_xlabel("exposure, every week")
    numbers(ax.xaxis)
    numbers(ax.yaxis)


def shapley(ax: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw the Shapley value of each column in each week, dark where the column was high.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns feature, value, shapley.
    names : sequence of str
        Features, from the top.
    """
    rng = np.random.default_rng(0)
    for at, name in enumerate(names):
        rows = table[table["feature"] == name]
        rank = rows["value"].rank(pct=True)
        ax.scatter(
            100 * rows["shapley"], at + rng.uniform(-0.28, 0.28, len(rows)), c=rank,
            cmap="cividis_r", s=8, linewidths=0,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel("Shapley value, % of the mean outcome (dark: the column was high)")


def _reach(table: pd.DataFrame, truth: float | None) -> tuple[float, float]:
    """Ends of an axis that shows all but what is far beyond the rest."""
    ends = table[["value", "lower", "upper"]].to_numpy(dtype=float)
    middle = float(np.nanmedian(np.abs(table["value"]))) or 1.0
    most = float(np.nanquantile(np.abs(ends), 0.8))
    edge = max(min(BEYOND * middle, 1.2 * most), 1.2 * (truth or 0.0), most)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    high = max(1.1 * high, 1.1 * (truth or 0.0))
    return max(min(1.1 * low, 0.0), -edge) - 0.03 * edge, min(high, edge)


def _models(ax: Axes, names: Sequence[str], families: Mapping[str, str]) -> None:
    ax.set_yticks(range(len(names)), list(names))
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        if name:
            label.set_color(FAMILIES[families[name]])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
