"""The decomposition of the expected outcome as stacked areas, and the baseline with its band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.estimands.decomposition import BASELINE, THROUGH
from mmm_bayes.plots.style import GREY, INK, PALE, colours, date_axis, legend, number_axis


def contributions_over_time(
    ax: Axes,
    stack: xr.DataArray,
    channels: Sequence[str],
    *,
    mediator: str = "",
    name: str = "outcome",
) -> None:
    """Draw the parts of the outcome as stacked areas, the baseline at the bottom.

    Parameters
    ----------
    stack : xarray.DataArray, dims (part, time)
        As `mmm_bayes.estimands.decomposition.decompose_outcome` returns it, in units of the
        outcome; the part that the causes raised is hatched.
    channels : sequence of str
        All channels, for their colours.
    mediator, name : str
        Names of the mediator ("" without one) and of the outcome.
    """
    palette = colours(channels) | {BASELINE: PALE}
    below = np.zeros(stack.sizes["time"])
    for part in map(str, stack["part"].values):
        above = below + stack.sel(part=part).values
        through = part == THROUGH
        label = part
        if through:
            label = f"{mediator}, {part}"
        elif part == mediator:
            label = f"{part}, by itself"
        ax.fill_between(
            stack["time"].values, below, above, gid=part, label=label,
            facecolor=palette[mediator if through else part], hatch="////" if through else None,
            edgecolor="white", linewidth=0.0 if through else 0.3,
        )  # fmt: skip
        below = above
    ax.plot(stack["time"], below, color="#222222", linewidth=0.8)
    ax.set_ylabel(f"expected {name} per week")
    ax.set_ylim(bottom=min(0.0, float(stack.sel(part=BASELINE).min())))
    number_axis(ax.yaxis)
    date_axis(ax)
    legend(ax, columns=5)


def baseline_over_time(
    ax: Axes, baseline: xr.DataArray, expected: xr.DataArray, *, name: str = "outcome"
) -> None:
    """Draw the outcome without media with its 90% band, below the expected outcome with media.

    Parameters
    ----------
    baseline : xarray.DataArray, dims (statistic, time)
        With the statistics mean, lower and upper, in units of the outcome.
    expected : xarray.DataArray, dims (time,)
        Posterior mean of the outcome's location, media included.
    name : str
        Name of the outcome.
    """
    mean, lower, upper = (baseline.sel(statistic=key) for key in ("mean", "lower", "upper"))
    weeks = baseline["time"].values
    ax.fill_between(weeks, lower, upper, color=PALE, linewidth=0, label="baseline, 90%")
    ax.plot(weeks, mean, color=GREY, label="its mean")
    ax.plot(weeks, expected, color=INK, linewidth=0.8, linestyle="--", label="with media")
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set_ylabel(f"{name} without media")
    number_axis(ax.yaxis)
    date_axis(ax)
    legend(ax, columns=3)
