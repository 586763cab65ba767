"""Rolling windows: estimates with their intervals, their variation, forecasts and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm_bayes.plots.style import (
    GREY,
    INK,
    OKABE_ITO,
    colours,
    date_axis,
    legend,
    number_axis,
    subtitle,
)
from mmm_bayes.text import count

#: Largest coefficient of variation on the axis; larger ones are drawn at its edge.
WIDEST = 1.0
MARKERS = {"contribution": "o", "direct": "s", "indirect": "D"}


def estimates_over_windows(
    axes: Sequence[Axes],
    table: pd.DataFrame,
    channels: Sequence[str],
    *,
    label: str,
    times: float = 1.0,
    log: bool = False,
) -> None:
    """Draw the estimates of every window at the window's last week, one channel per axes.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns window_end (datetime64), channel, median, lower, upper; one estimand of one unit.
    channels : sequence of str
        In the order of the axes.
    label : str
        Of the vertical axis, with its unit.
    times : float
        Factor of the values: 100 for percent.
    log : bool
        Whether the vertical axis is logarithmic.
    """
    palette = colours(channels)
    for ax, channel in zip(axes, channels, strict=False):
        rows = table[table["channel"] == channel].sort_values("window_end")
        dates = rows["window_end"].to_numpy()
        lower, median, upper = (
            rows[name].to_numpy() * times for name in ("lower", "median", "upper")
        )
        ax.fill_between(dates, lower, upper, color=palette[channel], alpha=0.2, linewidth=0)
        ax.plot(dates, median, color=palette[channel], marker="o", markersize=3)
        # Whether the last window has drifted is judged by the first window's interval.
        ax.axhspan(lower[0], upper[0], color=GREY, alpha=0.12, linewidth=0)
        ax.set_title(channel)
        if log:
            ax.set_yscale("log")
        elif lower.min() >= 0:
            ax.set_ylim(bottom=0)
        number_axis(ax.yaxis)
        date_axis(ax, most=4)
    axes[0].set_ylabel(label)


def paths_over_windows(
    axes: Sequence[Axes], table: pd.DataFrame, channels: Sequence[str], *, label: str, times: float
) -> None:
    """Draw direct and indirect effects of every window together, one channel per axes.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns window_end, channel, estimand (direct, indirect), median, lower, upper.
    channels : sequence of str
        In the order of the axes.
    label : str
        Of the vertical axis, with its unit.
    times : float
        Factor of the values.
    """
    for ax, channel in zip(axes, channels, strict=False):
        for estimand, colour in (("direct", OKABE_ITO[0]), ("indirect", OKABE_ITO[4])):
            chosen = (table["channel"] == channel) & (table["estimand"] == estimand)
            rows = table[chosen].sort_values("window_end")
            if not rows[["lower", "upper"]].to_numpy().any():
                continue
            dates = rows["window_end"].to_numpy()
            ax.fill_between(
                dates, rows["lower"] * times, rows["upper"] * times, color=colour, alpha=0.18,
                linewidth=0,
            )  # fmt: skip
            ax.plot(
                dates, rows["median"] * times, color=colour, marker=MARKERS[estimand],
                markersize=3, label=estimand,
            )  # fmt: skip
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set_title(channel)
        number_axis(ax.yaxis)
        date_axis(ax, most=4)
    axes[0].set_ylabel(label)
    handles, names = axes[0].get_legend_handles_labels()
    if axes[0].figure is not None:
        axes[0].figure.legend(handles, names, loc="upper right", ncols=2)


def variation_bars(
    ax: Axes, table: pd.DataFrame, channels: Sequence[str], classes: Mapping[str, float]
) -> None:
    """Draw the coefficient of variation of each channel's estimates over the stability classes.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns channel, estimand, cv, cv_lower, cv_upper, cv_naive.
    channels : sequence of str
        Rows, from the top.
    classes : mapping of str to float
        Upper limit of each class, in ascending order.
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
    for row, channel in enumerate(channels):
        for offset, estimand in enumerate(shown):
            rows = table[(table["channel"] == channel) & (table["estimand"] == estimand)]
            if rows.empty:
                continue
            cv, lower, upper, naive = (
                min(rows.iloc[0][column], WIDEST)
                for column in ("cv", "cv_lower", "cv_upper", "cv_naive")
            )
            y = row + 0.22 * (offset - (len(shown) - 1) / 2)
            solid = estimand == "contribution"
            ax.plot([lower, upper], [y, y], color=palette[channel], linewidth=2.4 if solid else 1.4)
            ax.plot(
                cv, y, marker=MARKERS[estimand], markersize=5, color=palette[channel],
                markerfacecolor=palette[channel] if solid else "white",
            )  # fmt: skip
            ax.plot(naive, y, marker="|", markersize=8, color=INK)
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
    """Draw the observed outcome, and each window's forecast of the weeks after it.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns window_start, date (datetime64), median, lower, upper; one unit.
    observed : pandas.Series
        The outcome by date.
    name : str
        Name of the outcome.
    """
    starts = list(dict.fromkeys(table["window_start"]))
    # Forecasts overlap: two colours in turn keep neighbours apart.
    for index, start in enumerate(starts):
        rows = table[table["window_start"] == start]
        colour = OKABE_ITO[index % 2]
        dates = rows["date"].to_numpy()
        ax.fill_between(dates, rows["lower"], rows["upper"], color=colour, alpha=0.16, linewidth=0)
        ax.plot(
            dates, rows["median"], color=colour, linewidth=1.2,
            label="forecasts, with their 90% predictive intervals" if index == 0 else None,
        )  # fmt: skip
    ax.plot(observed.index, observed.to_numpy(), color=INK, marker=".", markersize=3, linewidth=0.8,
            label="observed")  # fmt: skip
    ax.set_ylabel(f"{name} per week")
    number_axis(ax.yaxis)
    date_axis(ax)
    legend(ax, columns=2)


def horizon_scores(axes: Sequence[Axes], table: pd.DataFrame, *, name: str) -> None:
    """Draw error and coverage of the forecasts by the number of weeks ahead.

    Parameters
    ----------
    axes : sequence of Axes
        For the error, and for the coverage.
    table : pandas.DataFrame
        Columns horizon (int), crps, rmse, coverage_90, values; one unit.
    name : str
        Name of the outcome.
    """
    error, coverage = axes
    horizon = table["horizon"].to_numpy(dtype=float)
    for column, colour, label in (("rmse", GREY, "RMSE"), ("crps", OKABE_ITO[0], "CRPS")):
        error.plot(horizon, table[column], color=colour, marker="o", markersize=3, label=label)
    error.set_ylim(bottom=0)
    error.set_ylabel(name)
    number_axis(error.yaxis)
    error.set_title("error\n")
    subtitle(error, "smaller is better")
    legend(error, columns=2)
    coverage.axhline(90, color=GREY, linewidth=1)
    coverage.plot(horizon, 100 * table["coverage_90"], color=OKABE_ITO[2], marker="o", markersize=3)
    coverage.set_ylim(0, 104)
    coverage.set_title("weeks inside their 90% interval\n")
    fewest, most = int(np.min(table["values"])), int(np.max(table["values"]))
    each = count(most) if fewest == most else f"{count(fewest)} to {count(most)}"
    subtitle(coverage, f"{each} forecasts at each horizon; the line is 90%")
    coverage.set_ylabel("%")
    for ax in axes:
        ax.set_xlabel("weeks ahead")


def subset_means(
    axes: Sequence[Axes], table: pd.DataFrame, channels: Sequence[str], *, label: str
) -> None:
    """Draw each channel's contribution per week in the two subsets of each control's weeks.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns control, subset, channel, mean, lower, upper, without the differences.
    channels : sequence of str
        Rows, from the top.
    label : str
        Of the horizontal axis, with its unit.
    """
    palette = colours(channels)
    for ax, control in zip(axes, dict.fromkeys(table["control"]), strict=False):
        of_control = table[table["control"] == control]
        subsets = list(dict.fromkeys(of_control["subset"]))
        for row, channel in enumerate(channels):
            of_channel = of_control[of_control["channel"] == channel].set_index("subset")
            for offset, subset in enumerate(subsets):
                mean, lower, upper = of_channel.loc[subset, ["mean", "lower", "upper"]]
                y = row + 0.22 * (offset - 0.5)
                ax.plot([lower, upper], [y, y], color=palette[channel])
                ax.plot(
                    mean, y, marker="os"[offset], markersize=5, color=palette[channel],
                    markerfacecolor="white" if offset == 0 else palette[channel],
                )  # fmt: skip
        for offset, subset in enumerate(subsets):
            ax.plot(
                [], [], marker="os"[offset], color=INK, label=subset, linestyle="",
                markerfacecolor="white" if offset == 0 else INK,
            )  # fmt: skip
        ax.set_title(control)
        ax.set_yticks(range(len(channels)), channels)
        ax.set_ylim(len(channels) - 0.5, -0.5)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(label)
        number_axis(ax.xaxis)
        ax.set_xlim(left=min(0.0, float(of_control["lower"].min())))
        legend(ax, columns=2)
