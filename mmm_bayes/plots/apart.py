"""Which channels the data can tell apart: correlations as a map."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from mmm_bayes.plots.style import INK, subtitle

#: A map from purple (-1) over white to orange (+1), told apart by the colour-blind too.
MAP = "PuOr_r"
#: Above this size a cell is dark, and its number white.
DARK = 0.75


def correlation_map(
    ax: Axes, correlation: xr.DataArray, *,
    title: str, says: str = "", named: Collection[frozenset[str]] = (),
) -> None:  # fmt: skip
    """Draw the correlations between channels, each pair once.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    correlation : xarray.DataArray, dims (channel, other)
        Channels without a number are left out.
    title, says : str
        Above the map, and smaller below that.
    named : collection of frozenset of str
        Pairs that get a frame.
    """
    kept = _known(correlation)
    names = [str(name) for name in kept["channel"].values]
    values = np.where(np.tri(len(names), k=-1, dtype=bool), kept.values, np.nan)[1:, :-1]
    ax.imshow(values, cmap=MAP, vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            said = f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # no negative zero
            ax.text(
                column, row, said, ha="center", va="center", fontsize=8,
                color="white" if abs(value) > DARK else INK,
            )  # fmt: skip
        if frozenset((names[row + 1], names[column])) in named and row >= column:
            ax.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=2.5)
            )
    ax.set_xticks(range(len(names) - 1), names[:-1], rotation=30, ha="right")
    ax.set_yticks(range(len(names) - 1), names[1:])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_title(f"{title}\n" if says else title)
    subtitle(ax, says)


def pairs_known(correlation: xr.DataArray) -> bool:
    """Whether there are two channels with a correlation."""
    return bool(_known(correlation).sizes["channel"] > 1)


def _known(correlation: xr.DataArray) -> xr.DataArray:
    values = correlation.transpose("channel", "other")
    at = np.flatnonzero(np.isfinite(np.diag(values.values)))
    return values.isel(channel=at, other=at)
