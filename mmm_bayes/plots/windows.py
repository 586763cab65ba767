"""What windows said: each answer with its interval over time, how much it varied, its forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, colours, dates, legend, numbers, subtitle

#: Beyond this a coefficient of variation only says that it is large.
WIDEST = 1.0
MARKERS = {"contribution": "o", "direct": "s", "indirect": "D"}


def over_windows(
    axes: Sequence[Axes],
    table: pd.DataFrame,
    channels: Sequence[str],
    *,
    label: str,
    times: float = 1.0,
    log: bool = False,
) -> None:
    """Draw an answer of every window at the window's last week, one channel per axes.

    Parameters
    ----------
    axes : sequence of Axes, one per channel
    table : pandas.DataFrame
        Columns window_end (datetime64), channel, median, lower, upper; one estimand of one unit.
    channels : sequence of str
    label : str
        Of the vertical axis.
    times : float
        The values are multiplied by it: 100 for per cent.
    log : bool
        Whether the vertical axis is logarithmic.
    """
    palette = colours(channels)
    for ax, channel in zip(axes, channels, strict=False):
        one = table[table["channel"] == channel].sort_values("window_end")
        when = one["window_end"].to_numpy()
        lower, middle, upper = (
            one[name].to_numpy() * times for name in ("lower", "median", "upper")
        )
        ax.fill_between(when, lower, upper, color=palette[channel], alpha=0.2, linewidth=0)
        ax.plot(when, middle, color=palette[channel], marker="o", markersize=3)
        # The first window's interval is the yardstick of whether the last one has drifted.
        ax.axhspan(lower[0], upper[0], color=GREY, alpha=0.12, linewidth=0)
        ax.set_title(channel)
        if log:
            ax.set_yscale("log")
        elif lower.min() >= 0:
            ax.set_ylim(bottom=0)
        numbers(ax.yaxis)
        dates(ax, most=4)
    axes[0].set_ylabel(label)


def paths_over_windows(
    axes: Sequence[Axes], table: pd.DataFrame, channels: Sequence[str], *, label: str, times: float
) -> None:
    """Draw direct and indirect effects of every window together, one channel per axes.

    Parameters
    ----------
    axes : sequence of Axes, one per channel
    table : pandas.DataFrame
        Columns window_end, channel, estimand (direct, indirect), median, lower, upper.
    channels : sequence of str
    label : str
    times : float
    """
    for ax, channel in zip(axes, channels, strict=False):
        for estimand, colour in (("direct", OKABE_ITO[0]), ("indirect", OKABE_ITO[4])):
            mine = (table["channel"] == channel) & (table["estimand"] == estimand)
            one = table[mine].sort_values("window_end")
            if not one[["lower", "upper"]].to_numpy().any():
                continue
            when = one["window_end"].to_numpy()
            ax.fill_between(
                when, one["lower"] * times, one["upper"] * times, color=colour, alpha=0.18,
                linewidth=0,
            )  # fmt: skip
            ax.plot(
                when, one["median"] * times, color=colour, marker=MARKERS[estimand], markersize=3,
                label=estimand,
            )  # fmt: skip
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set_title(channel)
        numbers(ax.yaxis)
        dates(ax, most=4)
    axes[0].set_ylabel(label)
    handles, names = axes[0].get_legend_handles_labels()
    if axes[0].figure is not None:
        axes[0].figure.legend(handles, names, loc="upper right", ncols=2)


def variation_bars(
    ax: Axes, table: pd.DataFrame, channels: Sequence[str], classes: Mapping[str, float]
) -> None:
    """Draw the coefficient of variation of each channel's answers over the limits of the classes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns channel, estimand, cv, cv_lower, cv_upper, cv_naive.
    channels : sequence of str
    classes : mapping of str to float
        Where each class ends, in order.
    """
    palette = colours(channels)
    start = 0.0
    for (name, end), shade in zip(classes.items(), (0.0, 0.10, 0.22), strict=True):
        stop = min(end, WIDEST)
        ax.axvspan(start, stop, color=GREY, alpha=shade, linewidth=0)
        ax.text((start + stop) / 2, -0.7, name, ha="center", va="center", fontsize=8, color=INK)
        start = stop
    shown = [name for name in MARKERS if (table["estimand"] == name).any()]
    if "indirect" not in shown:
        shown = ["contribution"]  # one path: the direct effect is all of it
    for at, channel in enumerate(channels):
        for offset, estimand in enumerate(shown):
            rows = table[(table["channel"] == channel) & (table["estimand"] == estimand)]
            if rows.empty:
                continue
            one = rows.iloc[0]
            y = at + 0.22 * (offset - (len(shown) - 1) / 2)
            solid = estimand == "contribution"
            ax.plot(
                [min(one["cv_lower"], WIDEST), min(one["cv_upper"], WIDEST)], [y, y],
                color=palette[channel], linewidth=2.4 if solid else 1.4,
            )  # fmt: skip
            ax.plot(
                min(one["cv"], WIDEST), y, marker=MARKERS[estimand], markersize=5,
                color=palette[channel], markerfacecolor=palette[channel] if solid else "white",
            )  # fmt: skip
            ax.plot(min(one["cv_naive"], WIDEST), y, marker="|", markersize=8, color=INK)
    for estimand in shown:
        ax.plot(
            [], [], marker=MARKERS[estimand], color=INK, markersize=5, label=estimand, linestyle="",
            markerfacecolor=INK if estimand == "contribution" else "white",
        )  # fmt: skip
    ax.plot(
        [], [], marker="|", color=INK, linestyle="", markersize=8, label="estimates, with noise"
    )
    ax.set_yticks(range(len(channels)), channels)
    ax.set_ylim(len(channels) - 0.4, -0.9)
    ax.set_xlim(0, WIDEST)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("coefficient of variation over the windows: median and 90% interval")
    legend(ax, columns=4)


def forecasts(ax: Axes, table: pd.DataFrame, observed: pd.Series, *, name: str) -> None:
    """Draw what came, and each window's forecast of the weeks after it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Columns window_start, date (datetime64), median, lower, upper; one unit.
    observed : pandas.Series
        What came, by date.
    name : str
        What the outcome is called.
    """
    starts = list(dict.fromkeys(table["window_start"]))
    # Forecasts overlap: two colours in turn keep neighbours apart.
    for at, start in enumerate(starts):
        one = table[table["window_start"] == start]
        colour = (OKABE_ITO[0], OKABE_ITO[1])[at % 2]
        when = one["date"].to_numpy()
        ax.fill_between(when, one["lower"], one["upper"], color=colour, alpha=0.16, linewidth=0)
        ax.plot(
            when, one["median"], color=colour, linewidth=1.2,
            label=("forecasts, with their 90% predictive intervals" if at == 0 else None),
        )  # fmt: skip
    ax.plot(observed.index, observed.to_numpy(), color=INK, marker=".", markersize=3, linewidth=0.8,
            label="what came")  # fmt: skip
    ax.set_ylabel(f"{name} per week")
    numbers(ax.yaxis)
    dates(ax)
    legend(ax, columns=2)


def horizon_scores(axes: Sequence[Axes], table: pd.DataFrame, *, name: str) -> None:
    """Draw how the forecasts fare the further they look: their error, and their intervals.

    Parameters
    ----------
    axes : sequence of two Axes
    table : pandas.DataFrame
        Columns horizon (int), crps, rmse, coverage_90, values; one unit.
    name : str
    """
    error, inside = axes
    horizon = table["horizon"].to_numpy(dtype=float)
    for column, colour, label in (("rmse", GREY, "RMSE"), ("crps", OKABE_ITO[0], "CRPS")):
        error.plot(horizon, table[column], color=colour, marker="o", markersize=3, label=label)
    error.set_ylim(bottom=0)
    error.set_ylabel(name)
    numbers(error.yaxis)
    error.set_title("error\n")
    subtitle(error, "smaller is better")
    legend(error, columns=2)
    inside.axhline(90, color=GREY, linewidth=1)
    inside.plot(horizon, 100 * table["coverage_90"], color=OKABE_ITO[2], marker="o", markersize=3)
    inside.set_ylim(0, 104)
    inside.set_title("weeks inside their 90% interval\n")
    fewest, most = int(np.min(table["values"])), int(np.max(table["values"]))
    each = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    subtitle(inside, f"{each} forecasts at each horizon; the line is 90%")
    inside.set_ylabel("%")
    for ax in axes:
        ax.set_xlabel("weeks ahead")


def subset_means(
    axes: Sequence[Axes], table: pd.DataFrame, channels: Sequence[str], *, label: str
) -> None:
    """Draw each channel's contribution per week in the two subsets of each control's weeks.

    Parameters
    ----------
    axes : sequence of Axes, one per control
    table : pandas.DataFrame
        Columns control, subset, channel, mean, lower, upper, without the differences.
    channels : sequence of str
    label : str
    """
    palette = colours(channels)
    for ax, control in zip(axes, dict.fromkeys(table["control"]), strict=False):
        mine = table[table["control"] == control]
        names = list(dict.fromkeys(mine["subset"]))
        for at, channel in enumerate(channels):
            for offset, subset in enumerate(names):
                one = mine[(mine["channel"] == channel) & (mine["subset"] == subset)].iloc[0]
                y = at + 0.22 * (offset - 0.5)
                ax.plot([one["lower"], one["upper"]], [y, y], color=palette[channel])
                ax.plot(
                    one["mean"], y, marker="os"[offset], markersize=5, color=palette[channel],
                    markerfacecolor="white" if offset == 0 else palette[channel],
                )  # fmt: skip
        for offset, subset in enumerate(names):
            ax.plot(
                [], [], marker="os"[offset], color=INK, label=subset, linestyle="",
                markerfacecolor="white" if offset == 0 else INK,
            )  # fmt: skip
        ax.set_title(control)
        ax.set_yticks(range(len(channels)), channels)
        ax.set_ylim(len(channels) - 0.5, -0.5)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(label)
        numbers(ax.xaxis)
        ax.set_xlim(left=min(0.0, float(mine["lower"].min())))
        legend(ax, columns=2)
