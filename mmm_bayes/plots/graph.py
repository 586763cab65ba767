"""The causal graph that was fitted, each arrow with its posterior effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from mmm_bayes.plots.bands import SAMPLE, pooled
from mmm_bayes.plots.style import GREY, INK, colours


def edges(
    posterior: xr.Dataset, direct: xr.DataArray, outcome: float, mediator: str
) -> pd.DataFrame:
    """The arrows of the fitted model, in percent of what they point at.

    An arrow from a channel to the outcome is its direct effect over the summed outcome; there
    is none where the model fixes `beta` at zero. An arrow from a cause to the mediator is
    `gamma`, its mean contribution over the mediator's mean; under a hurdle, the change of the
    spend when on, and `gamma_on`, the change of the odds that it is on.

    Parameters
    ----------
    posterior : xarray.Dataset
        Holds `beta` (chain, draw, channel) and, for a mediated model, `gamma` (…, cause).
    direct : xarray.DataArray, dims (chain, draw, unit, channel)
        Direct effects, in units of the outcome.
    outcome : float
        The summed outcome.
    mediator : str
        Name of the mediator, "" if there is none.

    Returns
    -------
    pandas.DataFrame
        source, target ("" is the outcome), says (what the numbers are), mean, lower, upper,
        null (whether the interval, or every interval of the arrow, contains zero).
    """
    rows = []
    share = 100 * pooled(direct) / outcome
    for channel in direct["channel"].values:
        if "beta" in posterior and not posterior["beta"].sel(channel=channel).any():
            continue
        rows.append({"source": str(channel), "target": "", "says": "", **_summary(share, channel)})
    if "gamma" in posterior:
        gamma = posterior["gamma"].rename(cause="channel")
        hurdle = "gamma_on" in posterior
        effects = {"when on" if hurdle else "": 100 * (np.exp(gamma) - 1 if hurdle else gamma)}
        if hurdle:
            on = posterior["gamma_on"].rename(cause="channel")
            effects["odds of being on"] = 100 * (np.exp(on) - 1)
        rows += [
            {"source": str(cause), "target": mediator, "says": says, **_summary(values, cause)}
            for cause in gamma["channel"].values
            for says, values in effects.items()
        ]
    table = pd.DataFrame(rows)
    table["null"] = (table["lower"] <= 0) & (table["upper"] >= 0)
    table["null"] = table.groupby(["source", "target"])["null"].transform("all")
    return table


def _summary(values: Any, channel: str) -> dict[str, float]:
    one = values.sel(channel=channel)
    lower, upper = one.quantile([0.05, 0.95], dim=SAMPLE).values
    return {"mean": float(one.mean()), "lower": float(lower), "upper": float(upper)}


def causal_graph(
    ax: Axes,
    arrows: pd.DataFrame,
    channels: list[str],
    *,
    mediator: str = "",
    outcome: str = "outcome",
) -> None:
    """Draw channels at the left, the mediator in the middle, the outcome at the right.

    A dashed arrow is one whose 90% interval contains zero. The causes of the mediator stand
    together at the top, so that arrows cross as little as they can.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    arrows : pandas.DataFrame
        As `edges` gives them.
    channels : list of str
    mediator, outcome : str
        Names; no mediator is "".
    """
    palette = colours(channels)
    causes = list(dict.fromkeys(arrows.loc[arrows["target"] != "", "source"]))
    others = [name for name in channels if name not in causes and name != mediator]
    left = causes + others
    # The mediator sits above the causes' direct arrows, which pass below it.
    place = {name: (0.0, -float(at)) for at, name in enumerate(left)}
    place[""] = (10.0, -(len(left) - 1) / 2)
    if mediator:
        place[mediator] = (5.2, 0.9)
    for name, (x, y) in place.items():
        said = name or outcome
        ax.text(
            x, y, said, ha="center", va="center", color="white", weight="bold", fontsize=9,
            bbox={"boxstyle": "round,pad=0.5", "facecolor": palette.get(name, INK), "lw": 0},
            zorder=4,
        )  # fmt: skip
    grouped: Any = arrows.groupby(["source", "target"], sort=False)
    for (source, target), rows in grouped:
        null = bool(rows["null"].iloc[0])
        (x0, y0), (x1, y1) = place[source], place[target]
        ax.add_patch(
            FancyArrowPatch(
                (x0, y0), (x1, y1), arrowstyle="-|>", mutation_scale=11, shrinkA=34, shrinkB=36,
                linestyle=(0, (4, 3)) if null else "-", linewidth=1.1 if null else 1.8,
                color=GREY if null else palette[source], zorder=1, gid=f"{source}>{target}",
            )
        )  # fmt: skip
        # Into the mediator short of half way, into the outcome half way: where arrows lie apart.
        at = 0.42 if target else 0.5
        text = "\n".join(
            f"{row.mean:+.1f}% [{row.lower:.1f}, {row.upper:.1f}]"
            + (f" {row.says}" if row.says else "")
            for row in rows.itertuples()
        ).replace("-", "−")
        ax.text(
            x0 + at * (x1 - x0), y0 + at * (y1 - y0), text, ha="center", va="center", fontsize=7,
            color=INK, zorder=3,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "lw": 0, "alpha": 0.9},
        )  # fmt: skip
    ax.set_xlim(-1.3, 11.3)
    ax.set_ylim(-len(left) + 0.4, 1.6 if mediator else 0.6)
    ax.axis("off")
