"""What the effects would be under other assumptions: an unseen cause, and placebos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, colours, subtitle


def indirect_by_rho(
    axes: Sequence[Axes], rows: pd.DataFrame, channels: Sequence[str], *,
    causes: Sequence[str], tipping: Mapping[str, float | None], whole: float, name: str,
) -> None:  # fmt: skip
    """Draw each cause's indirect effect against the assumed correlation, one cause per axes.

    Parameters
    ----------
    axes : sequence of Axes, one per cause
    rows : pandas.DataFrame
        Columns rho, channel, median, lower, upper: indirect effects of one unit, or of all.
    channels, causes : sequence of str
    tipping : mapping of str to float or None
        Where the interval reaches 0.
    whole : float
        The outcome summed over the fitted weeks.
    name : str
        Of the outcome.
    """
    shades = colours(channels)
    for ax, cause in zip(axes, causes, strict=False):
        one = rows[rows["channel"] == cause].sort_values("rho")
        rho = one["rho"].to_numpy()
        median, lower, upper = (
            100 * one[column].to_numpy() / whole for column in ("median", "lower", "upper")
        )
        ax.axhline(0, color=INK, linewidth=0.9)
        ax.axvline(0, color=GREY, linewidth=1, linestyle=":")
        ax.fill_between(rho, lower, upper, color=shades[cause], alpha=0.25, linewidth=0)
        ax.plot(rho, median, color=shades[cause], marker="o", markersize=3)
        tip = tipping.get(cause)
        ax.set_title(f"{cause}\n")
        if tip is None:
            zero = int(np.abs(rho).argmin())
            told = lower[zero] > 0 or upper[zero] < 0
            subtitle(ax, "clear of 0 everywhere" if told else "contains 0 already without it")
        else:
            ax.axvline(tip, color=OKABE_ITO[4], linewidth=1.4, linestyle="--")
            subtitle(ax, f"reaches 0 at {tip:.2f}".replace("-", "−"))
        ax.set_xlim(rho.min(), rho.max())
        ax.set_xlabel("assumed correlation")
    axes[0].set_ylabel(f"indirect effect, % of {name}")


def placebo_intervals(ax: Axes, rows: pd.DataFrame, *, whole: float, name: str) -> None:
    """Draw the interval of each placebo, those that miss 0 in another colour.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    rows : pandas.DataFrame
        Columns kind, source, shift, channel, median, lower, upper, contains_zero.
    whole : float
    name : str
    """
    labels = [
        f"{row['source']}, moved {row['shift']} weeks"
        + (f": {row['channel']} through it" if row["kind"] == "mediator" else "")
        for _, row in rows.iterrows()
    ]
    places = np.arange(len(rows))[::-1]
    for at, (_, row) in zip(places, rows.iterrows(), strict=True):
        colour = OKABE_ITO[0] if row["contains_zero"] else OKABE_ITO[4]
        lower, median, upper = (
            100 * float(row[column]) / whole for column in ("lower", "median", "upper")
        )
        ax.plot([lower, upper], [at, at], color=colour, linewidth=2)
        ax.plot([median], [at], color=colour, marker="o", markersize=4)
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.set_yticks(places, labels)
    ax.set_xlabel(f"effect found, % of {name} (the truth is 0)")
