"""Plans: what they spend, what caution costs, and two spends against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from scipy.spatial import ConvexHull, QhullError

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, PALE, compact, few, numbers

_NOW, _PLAN = OKABE_ITO[0], OKABE_ITO[4]


def spends(ax: Axes, plan: pd.DataFrame) -> None:
    """Draw each channel's weekly spend, today's and the plan's.

    Parameters
    ----------
    ax : Axes
    plan : pandas.DataFrame
        Columns channel, spend_now and spend_plan, one row a channel.
    """
    places = np.arange(len(plan))[::-1]
    now, then = plan["spend_now"].to_numpy(), plan["spend_plan"].to_numpy()
    ax.hlines(places, now, then, color=PALE, linewidth=3, zorder=1)
    ax.scatter(now, places, s=34, facecolor="white", edgecolor=_NOW, label="today", zorder=2)
    ax.scatter(then, places, s=34, color=_PLAN, label="plan", zorder=3)
    for place, before, after in zip(places, now, then, strict=True):
        if before > 0:
            change = f"{100 * (after / before - 1):+.0f}%".replace("-", "−")
            ax.annotate(change, (max(before, after), place), (8, 0), textcoords="offset points",
                        va="center", fontsize=8)  # fmt: skip
    ax.set_yticks(places, plan["channel"].astype(str))
    ax.set_xlim(0, 1.15 * max(now.max(), then.max()))
    ax.set_ylim(-0.6, len(plan) - 0.4)
    ax.set_xlabel("spend a week")
    ax.grid(axis="y", visible=False)
    numbers(ax.xaxis)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)


def frontier(ax: Axes, points: pd.DataFrame, *, name: str = "outcome", worst: float = 0.1) -> None:
    """Draw the expected gain of plans against that of their worst cases.

    Parameters
    ----------
    ax : Axes
    points : pandas.DataFrame
        Columns caution (missing for the last two rows: the chosen plan and today's), mean, cvar.
    name : str
        Of the outcome.
    worst : float
        Part of the draws that are the worst cases.
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
    ax.set_xlabel(f"mean gain of {name} in the worst {worst:.0%} of cases")
    ax.set_ylabel(f"expected gain of {name}")
    ax.margins(0.25)
    few(ax.xaxis, 5)
    few(ax.yaxis, 5)
    numbers(ax.xaxis)
    numbers(ax.yaxis)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)


def tradeoff(
    ax: Axes,
    grid: pd.DataFrame,
    weeks: pd.DataFrame,
    *,
    now: tuple[float, float],
    plan: tuple[float, float],
    names: tuple[str, str],
) -> None:
    """Draw the expected outcome over two spends, and where the table has weeks.

    Outside the smallest convex area that holds all observed weeks the ground is grey: what the
    contours say there is the model's form.

    Parameters
    ----------
    ax : Axes
    grid : pandas.DataFrame
        Columns x, y and mean, the change of the outcome a week, on a rectangular grid.
    weeks : pandas.DataFrame
        Columns x and y: the observed weeks.
    now, plan : tuple of float
        Today's spends and the plan's.
    names : tuple of str
        Of the two axes.
    """
    table = grid.pivot(index="y", columns="x", values="mean")
    x, y = table.columns.to_numpy(), table.index.to_numpy()
    lines = ax.contour(x, y, table.to_numpy(), levels=9, colors=INK, linewidths=0.9)
    ax.clabel(lines, fmt=lambda value: _signed(value), fontsize=7.5)
    _grey_outside(ax, weeks, x, y)
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
    few(ax.xaxis, 5)
    numbers(ax.xaxis)
    numbers(ax.yaxis)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2,
              handletextpad=0.2, columnspacing=0.8)  # fmt: skip


def price_curve(axes: Sequence[Axes], curve: pd.DataFrame, *, name: str = "outcome") -> None:
    """Draw the outcome over a price, and the outcome per unit of the price.

    Parameters
    ----------
    axes : sequence of two Axes
    curve : pandas.DataFrame
        Columns control, level, price, mean, lower and upper; the first level has the band.
    name : str
        Of the outcome.
    """
    for ax, by_price in zip(axes, (False, True), strict=True):
        for at, (level, rows) in enumerate(curve.groupby("level", sort=False)):
            price = rows["price"].to_numpy()
            by = price if by_price else np.ones_like(price)
            colour = OKABE_ITO[at % len(OKABE_ITO)]
            if at == 0:
                ax.fill_between(price, rows["lower"] / by, rows["upper"] / by, color=colour,
                                alpha=0.25, linewidth=0)  # fmt: skip
            ax.plot(price, rows["mean"] / by, color=colour, label=str(level),
                    linestyle="-" if at == 0 else "--")  # fmt: skip
        ax.set_xlabel(str(curve["control"].iloc[0]))
        ax.set_ylabel(f"{name} a week" + (" / price" if by_price else ""))
        few(ax.xaxis, 5)
        numbers(ax.yaxis)
    axes[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)


def _grey_outside(ax: Axes, weeks: pd.DataFrame, x: Any, y: Any) -> None:
    points = weeks[["x", "y"]].to_numpy()
    frame = np.array([[0, 0], [x.max(), 0], [x.max(), y.max()], [0, y.max()], [0, 0]])
    try:
        hull = points[ConvexHull(points).vertices]
    except QhullError:  # weeks on a line have no area: all of the ground is without data
        ax.set_facecolor("#E9E9E9")
        return
    inside = np.vstack([hull[::-1], hull[-1:]])
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    codes += [Path.MOVETO, *[Path.LINETO] * (len(hull) - 1), Path.CLOSEPOLY]
    shade = Path(np.vstack([frame, inside]), codes)
    ax.add_patch(PathPatch(shade, facecolor="#E9E9E9", edgecolor="none", alpha=0.8, zorder=0.5))


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + compact(value)
