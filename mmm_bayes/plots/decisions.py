"""Plans: their spends, the efficient frontier, two spends traded against each other, prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from scipy.spatial import ConvexHull, QhullError

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, PALE, limit_ticks, number_axis
from mmm_bayes.text import number, percent

_NOW, _PLAN = OKABE_ITO[0], OKABE_ITO[4]
#: Ground where no week was observed.
UNOBSERVED = "#E9E9E9"


def spend_changes(ax: Axes, plan: pd.DataFrame) -> None:
    """Draw each channel's weekly spend, today and in the plan.

    Parameters
    ----------
    plan : pandas.DataFrame
        Columns channel, spend_now and spend_plan, one row a channel.
    """
    rows = np.arange(len(plan))[::-1]
    now, planned = plan["spend_now"].to_numpy(), plan["spend_plan"].to_numpy()
    ax.hlines(rows, now, planned, color=PALE, linewidth=3, zorder=1)
    ax.scatter(now, rows, s=34, facecolor="white", edgecolor=_NOW, label="today", zorder=2)
    ax.scatter(planned, rows, s=34, color=_PLAN, label="plan", zorder=3)
    for row, before, after in zip(rows, now, planned, strict=True):
        if before > 0:
            change = percent(after / before - 1, signed=True)
            ax.annotate(change, (max(before, after), row), (8, 0), textcoords="offset points",
                        va="center", fontsize=8)  # fmt: skip
    ax.set_yticks(rows, plan["channel"].astype(str))
    ax.set_xlim(0, 1.15 * max(now.max(), planned.max()))
    ax.set_ylim(-0.6, len(plan) - 0.4)
    ax.set_xlabel("spend a week")
    ax.grid(axis="y", visible=False)
    number_axis(ax.xaxis)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)


def efficient_frontier(
    ax: Axes, points: pd.DataFrame, *, name: str = "outcome", worst: float = 0.1
) -> None:
    """Draw the expected gain of plans against the mean gain of their worst cases.

    Parameters
    ----------
    points : pandas.DataFrame
        Columns caution (missing for the last two rows: the chosen plan and today's), mean, cvar.
    name : str
        Name of the outcome.
    worst : float
        Share of the draws that are the worst cases.
    """
    line = points[points["caution"].notna()].sort_values("caution")
    chosen = points.iloc[-2]
    ax.plot(line["cvar"], line["mean"], color=GREY, marker="o", markersize=4, zorder=2)
    ends = (
        (line.iloc[0], "most expected", (0, 10)),
        (line.iloc[-1], "most cautious", (0, -16)),
    )
    for row, label, shift in ends:
        ax.annotate(label, (row["cvar"], row["mean"]), shift, textcoords="offset points",
                    fontsize=8, ha="center")  # fmt: skip
    ax.scatter([chosen["cvar"]], [chosen["mean"]], color=_PLAN, s=60, marker="D", zorder=3,
               label="the plan")  # fmt: skip
    ax.set_xlabel(f"mean gain of {name} in the worst {percent(worst)} of cases")
    ax.set_ylabel(f"expected gain of {name}")
    ax.margins(0.25)
    limit_ticks(ax.xaxis, 5)
    limit_ticks(ax.yaxis, 5)
    number_axis(ax.xaxis)
    number_axis(ax.yaxis)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)


def spend_tradeoff(
    ax: Axes,
    grid: pd.DataFrame,
    weeks: pd.DataFrame,
    *,
    now: tuple[float, float],
    plan: tuple[float, float],
    names: tuple[str, str],
) -> None:
    """Draw the expected outcome over two spends, with the observed weeks.

    Outside the convex hull of the observed weeks the ground is grey: the contours there follow
    from the model's form.

    Parameters
    ----------
    grid : pandas.DataFrame
        Columns x, y and mean, the change of the outcome a week, on a rectangular grid.
    weeks : pandas.DataFrame
        Columns x and y: the observed weeks.
    now, plan : tuple of float
        Both spends, today and in the plan.
    names : tuple of str
        Names of the two spends: of the horizontal axis first.
    """
    table = grid.pivot(index="y", columns="x", values="mean")
    x, y = table.columns.to_numpy(), table.index.to_numpy()
    lines = ax.contour(x, y, table.to_numpy(), levels=9, colors=INK, linewidths=0.9)
    ax.clabel(lines, fmt=lambda value: number(value, signed=True), fontsize=7.5)
    _shade_unobserved(ax, weeks, x.max(), y.max())
    ax.scatter(weeks["x"], weeks["y"], s=9, color=GREY, alpha=0.7, label="observed weeks", zorder=3)
    ax.scatter(
        *now, s=50, facecolor="white", edgecolor=_NOW, linewidth=1.6, label="today", zorder=4
    )
    ax.scatter(*plan, s=50, color=_PLAN, label="plan", zorder=4)
    ax.set_xlim(0, x.max())
    ax.set_ylim(0, y.max())
    ax.grid(visible=False)
    ax.set_xlabel(f"{names[0]}: spend a week")
    ax.set_ylabel(f"{names[1]}: spend a week")
    limit_ticks(ax.xaxis, 5)
    number_axis(ax.xaxis)
    number_axis(ax.yaxis)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2,
              handletextpad=0.2, columnspacing=0.8)  # fmt: skip


def price_curves(axes: Sequence[Axes], curve: pd.DataFrame, *, name: str = "outcome") -> None:
    """Draw the outcome over a price, and the outcome per unit of the price.

    Parameters
    ----------
    axes : sequence of Axes
        Two.
    curve : pandas.DataFrame
        Columns control, level, price, mean, lower and upper; the first level has the band.
    name : str
        Name of the outcome.
    """
    for ax, per_price in zip(axes, (False, True), strict=True):
        for index, (level, rows) in enumerate(curve.groupby("level", sort=False)):
            price = rows["price"].to_numpy()
            divisor = price if per_price else np.ones_like(price)
            colour = OKABE_ITO[index % len(OKABE_ITO)]
            if index == 0:
                ax.fill_between(price, rows["lower"] / divisor, rows["upper"] / divisor,
                                color=colour, alpha=0.25, linewidth=0)  # fmt: skip
            ax.plot(price, rows["mean"] / divisor, color=colour, label=str(level),
                    linestyle="-" if index == 0 else "--")  # fmt: skip
        ax.set_xlabel(str(curve["control"].iloc[0]))
        ax.set_ylabel(f"{name} a week" + (" / price" if per_price else ""))
        limit_ticks(ax.xaxis, 5)
        number_axis(ax.yaxis)
    axes[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)


def _shade_unobserved(ax: Axes, weeks: pd.DataFrame, width: float, height: float) -> None:
    """Shade the ground outside the convex hull of the observed weeks."""
    points = weeks[["x", "y"]].to_numpy()
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height], [0, 0]])
    try:
        hull = points[ConvexHull(points).vertices]
    except QhullError:  # weeks on a line have no area: all of the ground is without data
        ax.set_facecolor(UNOBSERVED)
        return
    hole = np.vstack([hull[::-1], hull[-1:]])
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    codes += [Path.MOVETO, *[Path.LINETO] * (len(hull) - 1), Path.CLOSEPOLY]
    shade = Path(np.vstack([frame, hole]), codes)
    ax.add_patch(PathPatch(shade, facecolor=UNOBSERVED, edgecolor="none", alpha=0.8, zorder=0.5))
