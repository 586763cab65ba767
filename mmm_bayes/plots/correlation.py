"""Correlations between channels as a map: which channels the data can tell apart."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from mmm_bayes.plots.style import INK, subtitle
from mmm_bayes.text import fixed

#: From purple (-1) over white to orange (+1), safe for the colour-blind.
COLOUR_MAP = "PuOr_r"
#: Above this size a cell is dark, and its number white.
DARK = 0.75


def correlation_map(
    ax: Axes, correlation: xr.DataArray, *,
    title: str, caption: str = "", framed: Collection[frozenset[str]] = (),
) -> None:  # fmt: skip
    """Draw the correlations between channels, each pair once.

    Parameters
    ----------
    correlation : xarray.DataArray, dims (channel, other)
        From -1 to 1; channels without a number are left out.
    title, caption : str
        Above the map, and smaller below the title.
    framed : collection of frozenset of str
        Pairs of channels that get a frame.
    """
    kept = _without_missing(correlation)
    names = [str(name) for name in kept["channel"].values]
    values = np.where(np.tri(len(names), k=-1, dtype=bool), kept.values, np.nan)[1:, :-1]
    ax.imshow(values, cmap=COLOUR_MAP, vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            ax.text(
                column, row, fixed(float(value)), ha="center", va="center", fontsize=8,
                color="white" if abs(value) > DARK else INK,
            )  # fmt: skip
        if frozenset((names[row + 1], names[column])) in framed and row >= column:
            ax.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=2.5)
            )
    ax.set_xticks(range(len(names) - 1), names[:-1], rotation=30, ha="right")
    ax.set_yticks(range(len(names) - 1), names[1:])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_title(f"{title}\n" if caption else title)
    subtitle(ax, caption)


def has_pairs(correlation: xr.DataArray) -> bool:
    """True if at least two channels have a correlation.

    Parameters
    ----------
    correlation : xarray.DataArray, dims (channel, other)
        NaN where a channel has none.
    """
    return bool(_without_missing(correlation).sizes["channel"] > 1)


def _without_missing(correlation: xr.DataArray) -> xr.DataArray:
    values = correlation.transpose("channel", "other")
    present = np.flatnonzero(np.isfinite(np.diag(values.values)))
    return values.isel(channel=present, other=present)
