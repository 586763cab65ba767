"""The causal graph that was fitted, each arrow with its posterior effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from mmm_bayes.plots.style import GREY, INK, colours
from mmm_bayes.text import Summary, mean_and_interval


def causal_graph(
    ax: Axes,
    arrows: pd.DataFrame,
    channels: Sequence[str],
    *,
    mediator: str = "",
    outcome: str = "outcome",
    demand: Mapping[str, Summary] | None = None,
) -> None:
    """Draw the causal graph: channels at the left, mediator in the middle, outcome at the right.

    A dashed arrow is one whose 90% interval contains zero. The causes of the mediator stand
    together at the top, so that arrows cross as little as they can.

    Parameters
    ----------
    arrows : pandas.DataFrame
        As `mmm_bayes.estimands.arrows.causal_arrows` returns them, in percent.
    channels : sequence of str
        In the order of the description.
    mediator, outcome : str
        Names; "" if there is no mediator.
    demand : mapping of str to Summary, optional
        Strength of unseen demand by the channel whose spend it may move, in percent of what is left
        unexplained of that spend and of the outcome.
    """
    palette = colours(channels)
    causes = list(dict.fromkeys(arrows.loc[arrows["target"] != "", "source"]))
    others = [name for name in channels if name not in causes and name != mediator]
    left = causes + others
    # The mediator sits above the causes' direct arrows, which pass below it.
    places = {name: (0.0, -float(row)) for row, name in enumerate(left)}
    places[""] = (10.0, -(len(left) - 1) / 2)
    if mediator:
        places[mediator] = (5.2, 0.9)
    for name, (x, y) in places.items():
        ax.text(
            x, y, name or outcome, ha="center", va="center", color="white", weight="bold",
            fontsize=9, zorder=4,
            bbox={"boxstyle": "round,pad=0.5", "facecolor": palette.get(name, INK), "lw": 0},
        )  # fmt: skip
    grouped: Any = arrows.groupby(["source", "target"], sort=False)
    for (source, target), rows in grouped:
        weak = bool(rows["contains_zero"].iloc[0])
        (x0, y0), (x1, y1) = places[source], places[target]
        ax.add_patch(
            FancyArrowPatch(
                (x0, y0), (x1, y1), arrowstyle="-|>", mutation_scale=11, shrinkA=34, shrinkB=36,
                linestyle=(0, (4, 3)) if weak else "-", linewidth=1.1 if weak else 1.8,
                color=GREY if weak else palette[source], zorder=1, gid=f"{source}>{target}",
            )
        )  # fmt: skip
        # Into the mediator short of half way, into the outcome half way: where arrows lie apart.
        share = 0.42 if target else 0.5
        label = "\n".join(map(arrow_label, rows.itertuples()))
        ax.text(
            x0 + share * (x1 - x0), y0 + share * (y1 - y0), label, ha="center", va="center",
            fontsize=7, color=INK, zorder=3,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "lw": 0, "alpha": 0.9},
        )  # fmt: skip
    if demand:
        _draw_demand(ax, demand, places)
    ax.set_xlim(-1.3, 11.3)
    ax.set_ylim(-len(left) + 0.4, 1.6 if mediator or demand else 0.6)
    ax.axis("off")


def _draw_demand(
    ax: Axes, strength: Mapping[str, Summary], places: Mapping[str, tuple[float, float]]
) -> None:
    """Draw the demand that is in no column, above the outcome."""
    outcome = places[""]
    place = (outcome[0], max(0.9, outcome[1] + 1.5))
    several = len(strength) > 1
    lines = ["unseen demand"]
    for name, share in strength.items():
        mean, interval = mean_and_interval(share, unit="%")
        lines.append(f"{f'{name} ' if several else ''}{mean} ({interval})")
    ax.text(
        *place, "\n".join(lines), ha="center", va="center", color=INK, fontsize=7, zorder=4,
        bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": GREY, "ls": ":"},
    )  # fmt: skip
    ends = [(name, places[name], 40, 30) for name in strength] + [("", outcome, 18, 14)]
    for name, end, begins, stops in ends:
        ax.add_patch(
            FancyArrowPatch(
                place, end, arrowstyle="-|>", mutation_scale=11, shrinkA=begins, shrinkB=stops,
                linestyle=":", linewidth=1.3, color=GREY, zorder=1,
                gid=f"demand>{name or 'outcome'}",
            )
        )  # fmt: skip


def arrow_label(arrow: Any) -> str:
    """Effect of an arrow with its interval: ``5.1% (3.5% to 6.8%)``.

    Parameters
    ----------
    arrow : named tuple
        Of the table of arrows: quantity, unit, mean, lower and upper.
    """
    summary = Summary(arrow.mean, arrow.lower, arrow.upper)
    mean, interval = mean_and_interval(summary, unit=arrow.unit)
    return f"{mean} ({interval})" + (f" {arrow.quantity}" if arrow.quantity else "")
