"""Effects under other assumptions: unobserved confounding of the mediator, and placebos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, colours, subtitle
from mmm_bayes.text import fixed


def indirect_by_rho(
    axes: Sequence[Axes], rows: pd.DataFrame, channels: Sequence[str], *,
    causes: Sequence[str], tipping: Mapping[str, float | None], unit: float, label: str,
) -> None:  # fmt: skip
    """Draw each cause's indirect effect over the assumed correlation, one cause per axes.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns rho, channel, median, lower, upper: indirect effects of one unit, or of all.
    channels, causes : sequence of str
        All channels, for their colours, and those that get an axes.
    tipping : mapping of str to float or None
        Correlation at which the interval reaches 0.
    unit : float
        Amount of the outcome that is 1 on the axis.
    label : str
        Name of that unit.
    """
    palette = colours(channels)
    for ax, cause in zip(axes, causes, strict=False):
        of_cause = rows[rows["channel"] == cause].sort_values("rho")
        rho = of_cause["rho"].to_numpy()
        median, lower, upper = (
            of_cause[column].to_numpy() / unit for column in ("median", "lower", "upper")
        )
        ax.axhline(0, color=INK, linewidth=0.9)
        ax.axvline(0, color=GREY, linewidth=1, linestyle=":")
        ax.fill_between(rho, lower, upper, color=palette[cause], alpha=0.25, linewidth=0)
        ax.plot(rho, median, color=palette[cause], marker="o", markersize=3)
        tipping_point = tipping.get(cause)
        ax.set_title(f"{cause}\n")
        if tipping_point is None:
            zero = int(np.abs(rho).argmin())
            excludes = lower[zero] > 0 or upper[zero] < 0
            subtitle(ax, "excludes 0 everywhere" if excludes else "contains 0 even without it")
        else:
            ax.axvline(tipping_point, color=OKABE_ITO[4], linewidth=1.4, linestyle="--")
            subtitle(ax, f"reaches 0 at {fixed(tipping_point)}")
        ax.set_xlim(rho.min(), rho.max())
        ax.set_xlabel("assumed correlation")
    axes[0].set_ylabel(f"indirect effect, {label}")


def placebo_intervals(ax: Axes, rows: pd.DataFrame, *, unit: float, label: str) -> None:
    """Draw the interval of each placebo, those that exclude 0 in another colour.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns kind, source, shift, channel, median, lower, upper, contains_zero.
    unit : float
        Amount of the outcome that is 1 on the axis.
    label : str
        Name of that unit.
    """
    labels = [
        f"{row['source']}, moved {row['shift']} weeks"
        + (f": {row['channel']} through it" if row["kind"] == "mediator" else "")
        for _, row in rows.iterrows()
    ]
    places = np.arange(len(rows))[::-1]
    for y, (_, row) in zip(places, rows.iterrows(), strict=True):
        colour = OKABE_ITO[0] if row["contains_zero"] else OKABE_ITO[4]
        lower, median, upper = (
            float(row[column]) / unit for column in ("lower", "median", "upper")
        )
        ax.plot([lower, upper], [y, y], color=colour, linewidth=2)
        ax.plot([median], [y], color=colour, marker="o", markersize=4)
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.set_yticks(places, labels)
    ax.set_xlabel(f"estimated effect, {label} (the truth is 0)")
