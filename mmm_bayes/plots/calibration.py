"""Ranks of the truth among posterior draws: how far their ECDF strays from even."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmm_bayes.plots.style import GREY, INK, PALE, colours, figure

Array = NDArray[np.float64]
Band = tuple[Array, Array, Array]

#: Quantities by what they are called in the field, in the order in which people ask.
NAMES = {
    "total": "Total effect",
    "unit_total": "Total effect in each unit",
    "direct": "Direct effect",
    "indirect": "Indirect effect",
    "roas": "ROAS",
    "adstock_alpha": "Retention",
    "saturation_kappa": "Half-saturation",
    "saturation_slope": "Slope",
    "beta": "Mean contribution",
    "beta_direct": "Mean contribution",
    "gamma": "Effect on mediator",
    "gamma_on": "Effect on mediator on",
    "mediation_alpha": "Retention, mediation",
    "mediation_kappa": "Half-saturation, mediation",
    "mediation_slope": "Slope, mediation",
}
SPREADS = "Spread over units"
REST = "Intercepts and noise"


def calibration_ecdf(ranks: pd.DataFrame, band: Band, outside: Sequence[str]) -> Figure:
    """One panel for each kind of quantity: ECDF of the ranks less the diagonal, with the band.

    Parameters
    ----------
    ranks : pandas.DataFrame
        Columns quantity (``total[facebook]``) and pit, a row a quantity and simulated table.
    band : tuple of array
        Points in (0, 1), lower and upper end of a calibrated quantity's ECDF.
    outside : sequence of str
        Quantities that leave the band; they are drawn in full and named.
    """
    split = ranks["quantity"].str.extract(r"^(?P<kind>[^\[]+)(?:\[(?P<label>.*)\])?$")
    named = split["kind"].isin(list(NAMES))
    rest = np.where(split["kind"].str.endswith("_spread"), SPREADS, REST)
    kinds = split["kind"].where(named, rest)
    present = [kind for kind in [*NAMES, SPREADS, REST] if (kinds == kind).any()]
    channel = split["label"].str.split(", ").str[-1]  # "unit, channel" where it is a unit's own
    labels = channel[named].dropna().unique()
    shades = colours(tuple(labels))
    columns = min(4, len(present))
    rows = math.ceil(len(present) / columns)
    made, axes = figure(
        rows, columns, width=9.5, height=0.9 + 1.9 * rows, sharex=True, sharey=True, across=0.15,
        down=0.45, bottom=0.85, top=0.35, left=0.65,
    )  # fmt: skip
    flat = list(axes.ravel())
    for ax in flat[len(present) :]:
        ax.axis("off")
    for ax, kind in zip(flat, present, strict=False):
        chosen = ranks[kinds == kind].assign(label=split["label"], channel=channel)
        _panel(ax, chosen, band, shades, outside)
        ax.set_title(NAMES.get(kind, kind))
    for ax in axes[:, 0]:
        ax.set_ylabel("ECDF − even")
    handles: list[Any] = [
        flat[0].plot([], [], color=shades[label], label=label)[0]
        for label in labels
        if label != "all"
    ]
    made.legend(handles=handles, loc="lower center", ncols=max(1, len(handles)))
    made.text(0.5, 0.42 / made.get_figheight(), "rank of the truth among posterior draws, 0 to 1",
              ha="center", color=INK)  # fmt: skip
    return made


def _panel(
    ax: Axes, ranks: pd.DataFrame, band: Band, shades: dict[str, str], outside: Sequence[str]
) -> None:
    points, lower, upper = band
    ax.fill_between(points, lower - points, upper - points, color=PALE, linewidth=0)
    ax.axhline(0, color=GREY, linewidth=0.8)
    for name, group in ranks.groupby("quantity", sort=False):
        label = str(group["label"].iloc[0])
        ordered = np.sort(group["pit"].to_numpy())
        ecdf = np.arange(1, len(ordered) + 1) / len(ordered)
        left = name in outside
        ax.step(
            np.r_[0, ordered, 1], np.r_[0, ecdf - ordered, 0], where="post",
            color=shades.get(str(group["channel"].iloc[0]), INK), linewidth=1.8 if left else 0.9,
        )  # fmt: skip
        if left:
            worst = int(np.abs(ecdf - ordered).argmax())
            ax.annotate(
                label if label in shades else str(name),
                (ordered[worst], ecdf[worst] - ordered[worst]), fontsize=7, color=INK,
            )  # fmt: skip
