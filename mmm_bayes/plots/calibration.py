"""Simulation-based calibration: ECDF of the ranks of the truth, less that of a uniform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmm_bayes.plots.style import GREY, INK, PALE, colours, panels

Array = NDArray[np.float64]
Band = tuple[Array, Array, Array]

#: Quantities with the name of an equation or a control, not of a channel.
NOT_OF_CHANNELS = ("log_likelihood", "control_effect")
#: Names of the quantities, in the order of the panels.
NAMES = {
    "joint": "Total effect, all media",
    "total": "Total effect",
    "unit_total": "Total effect in each unit",
    "direct": "Direct effect",
    "indirect": "Indirect effect",
    "total_observed": "Total, above lowest tenth",
    "direct_observed": "Direct, above lowest tenth",
    "indirect_observed": "Indirect, above lowest tenth",
    "roas": "ROAS",
    "mroas": "Marginal ROAS",
    "gain": "Gain of a plan",
    "control_effect": "Effects of controls",
    "adstock_alpha": "Retention",
    "saturation_kappa": "Half-saturation",
    "saturation_slope": "Slope",
    "media_share": "Mean contribution, all media",
    "media_division": "Relative return",
    "beta": "Mean contribution",
    "beta_direct": "Mean contribution",
    "gamma": "Effect on mediator",
    "gamma_on": "Effect on mediator on",
    "mediation_alpha": "Retention, mediation",
    "mediation_kappa": "Half-saturation, mediation",
    "mediation_slope": "Slope, mediation",
    "log_likelihood": "Log-likelihood",
}
SPREADS = "Spread over units"
OTHERS = "Intercepts and noise"
COLUMNS = 4
#: Names in a row of the legend, and the height of a further row in inches.
NAMES_IN_ROW, ROW = 7, 0.2


def calibration_ecdf(ranks: pd.DataFrame, band: Band, outside: Sequence[str]) -> Figure:
    """ECDF of the ranks less the diagonal, with its band, a panel for each kind of quantity.

    Parameters
    ----------
    ranks : pandas.DataFrame
        Columns quantity (``total[facebook]``) and pit (the rank over the number of draws), a row
        for each quantity and simulated table.
    band : tuple of array, shape (point,)
        Points in (0, 1), lower and upper end of a calibrated quantity's ECDF.
    outside : sequence of str
        Quantities that leave the band; their lines are thick and named.
    """
    split = ranks["quantity"].str.extract(r"^(?P<kind>[^\[]+)(?:\[(?P<label>.*)\])?$")
    has_name = split["kind"].isin(list(NAMES))
    others = np.where(split["kind"].str.endswith("_spread"), SPREADS, OTHERS)
    kinds = split["kind"].where(has_name, others)
    present = [kind for kind in [*NAMES, SPREADS, OTHERS] if (kinds == kind).any()]
    names = split["label"][split["kind"] == "total"].unique().tolist()
    channels = {label: _channel(label, names) for label in split["label"].dropna().unique()}
    channel = split["label"].map(channels)
    labels = channel[has_name & ~kinds.isin(NOT_OF_CHANNELS)].dropna().unique()
    palette = colours(tuple(labels))
    named = [label for label in labels if label != "all"]
    more = ROW * (max(0, len(named) - 1) // NAMES_IN_ROW)
    drawing, axes = panels(
        len(present), columns=COLUMNS, height=1.9, margin=0.9 + more, width=9.5, sharex=True,
        sharey=True, across=0.15, down=0.45, bottom=0.85 + more, top=0.35, left=0.65,
    )  # fmt: skip
    for ax, kind in zip(axes, present, strict=True):
        rows = ranks[kinds == kind].assign(label=split["label"], channel=channel)
        _panel(ax, rows, band, palette, outside)
        ax.set_title(NAMES.get(kind, kind))
    for ax in axes[::COLUMNS]:
        ax.set_ylabel("ECDF − uniform")
    handles: list[Any] = [
        axes[0].plot([], [], color=palette[label], label=label)[0] for label in named
    ]
    columns = max(1, min(NAMES_IN_ROW, len(handles)))
    drawing.legend(handles=handles, loc="lower center", ncols=columns)
    drawing.text(
        0.5, (0.42 + more) / drawing.get_figheight(),
        "rank of the truth among posterior draws, 0 to 1", ha="center", color=INK,
    )  # fmt: skip
    return drawing


def _channel(label: str, channels: Sequence[str]) -> str:
    """Channel of a quantity's label: the whole of it, or its end after the name of a unit."""
    ends = [name for name in channels if label == name or label.endswith(f", {name}")]
    return max(ends, key=len, default=label)


def _panel(
    ax: Axes, ranks: pd.DataFrame, band: Band, palette: dict[str, str], outside: Sequence[str]
) -> None:
    points, lower, upper = band
    ax.fill_between(points, lower - points, upper - points, color=PALE, linewidth=0)
    ax.axhline(0, color=GREY, linewidth=0.8)
    for name, group in ranks.groupby("quantity", sort=False):
        label = str(group["label"].iloc[0])
        ordered = np.sort(group["pit"].to_numpy())
        ecdf = np.arange(1, len(ordered) + 1) / len(ordered)
        leaves = name in outside
        ax.step(
            np.r_[0, ordered, 1], np.r_[0, ecdf - ordered, 0], where="post",
            color=palette.get(str(group["channel"].iloc[0]), INK), linewidth=1.8 if leaves else 0.9,
        )  # fmt: skip
        if leaves:
            worst = int(np.abs(ecdf - ordered).argmax())
            ax.annotate(
                label if label in palette else str(name),
                (ordered[worst], ecdf[worst] - ordered[worst]), fontsize=7, color=INK,
            )  # fmt: skip
