"""Effects before and after the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.bands import WIDE, band, pooled
from mmm_bayes.plots.style import GREY, INK, PALE, colours, legend

#: Panels, in their order, and their titles.
TITLES = {
    "total": "total effect",
    "direct": "direct effect",
    "indirect": "indirect effect",
}
#: Of the axis: the posteriors fill at least this much of it, and a longer prior is cut.
FILLS = 0.35


def shown(posterior: xr.Dataset) -> list[str]:
    """Effects that have a panel: the indirect and the direct one only with mediation."""
    return list(TITLES) if bool((posterior["indirect"] != 0).any()) else ["total"]


def before_and_after(
    ax: Axes, posterior: xr.DataArray, prior: xr.DataArray, *,
    outcome: float, channels: Sequence[str], name: str = "outcome", key: bool = False,
) -> None:  # fmt: skip
    """Draw each channel's 90% interval under the prior (grey) and under the posterior.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    posterior, prior : xarray.DataArray, dims (chain, draw, unit, channel)
        One effect, in units of the outcome. A channel whose effect is fixed at zero has no line.
    outcome : float
        The summed outcome.
    channels : sequence of str
        Rows, from the top.
    name : str
        What the outcome is called.
    key : bool
        Whether to explain the colours.
    """
    palette = colours(channels)
    rows = {str(c): at for at, c in enumerate(channels)}
    ends = []
    for channel, at in rows.items():
        after, before = (
            100 * pooled(values).sel(channel=channel) / outcome for values in (posterior, prior)
        )
        if not bool((after != 0).any()):
            continue
        grey, coloured = band(before, WIDE).values, band(after, WIDE).values
        ends.append((grey, coloured))
        ax.plot(grey, [at - 0.14] * 2, color=PALE, linewidth=6, solid_capstyle="butt")
        ax.plot(coloured, [at + 0.14] * 2, color=palette[channel], linewidth=2.6)
        ax.plot(float(after.mean()), at + 0.14, marker="o", markersize=4.5, color=palette[channel])
    if ends:
        ax.set_xlim(*_limits(np.array(ends)))
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"% of {name}")
    if key:
        ax.plot([], [], color=PALE, linewidth=6, label="before the data (prior)")
        ax.plot([], [], color=INK, linewidth=2.6, marker="o", label="after (posterior)")
        legend(ax, columns=2)


def _limits(ends: np.ndarray) -> tuple[float, float]:
    """Edges that show all posteriors, and the priors as far as they leave room for that.

    Parameters
    ----------
    ends : array, shape (channel, prior or posterior, edge)
    """
    low, high = min(0.0, float(ends[:, 1].min())), max(0.0, float(ends[:, 1].max()))
    room = (high - low) / FILLS
    low = max(float(ends.min()), high - room, low - room) if ends.min() < low else low
    high = min(float(ends.max()), low + room) if ends.max() > high else high
    edge = 0.04 * (high - low)
    return low - edge, high + edge
