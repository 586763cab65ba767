"""Where the outcome came from, week by week, nothing counted twice.

A cause's total effect runs partly through the mediator, and so does the mediator's: stacking
the totals would count that part twice. Here each channel is stacked with its direct effect, and
the mediator with its total, split into the part that the causes raised (hatched) and its own.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import PALE, colours, dates, legend, numbers

BASELINE = "baseline"
THROUGH = "raised by the causes"


def parts(
    baseline: xr.DataArray, weekly: xr.Dataset, outcome_mean: xr.DataArray, *, mediator: str = ""
) -> xr.DataArray:
    """Split the expected outcome of each week into parts that add up to it.

    The parts of the mediator that would be negative are shown as zero. Where effects multiply
    (log link) what the channels add one at a time is not what they add jointly: the joint
    addition, `outcome_mean - baseline`, is then shared out in proportion to the parts.

    Parameters
    ----------
    baseline : xarray.DataArray, dims (time,)
        The outcome without any media.
    weekly : xarray.Dataset
        `total`, `direct`, `indirect`, dims (time, channel).
    outcome_mean : xarray.DataArray, dims (time,)
    mediator : str
        Its name, "" if there is none.

    Returns
    -------
    xarray.DataArray, dims (part, time)
        "baseline", then each channel, then "raised by the causes": the part of the mediator's
        effect that the causes raised.
    """
    direct = weekly["direct"].transpose("channel", "time")
    stack = {str(name): direct.sel(channel=name, drop=True) for name in direct["channel"].values}
    if mediator:
        whole = weekly["total"].sel(channel=mediator, drop=True).clip(min=0)
        raised = weekly["indirect"].drop_sel(channel=mediator).sum("channel")
        through = raised.clip(min=0, max=whole)
        del stack[mediator]
        stack |= {mediator: whole - through, THROUGH: through}
    media = xr.concat([part.clip(min=0) for part in stack.values()], "part", coords="minimal",
                      compat="override")  # fmt: skip
    joint = outcome_mean - baseline
    each = media.sum("part")
    media = media * (joint / each.where(each > 0, 1.0)).where(each > 0, 0.0)
    whole_stack = xr.concat([outcome_mean - media.sum("part"), media], "part", coords="minimal",
                            compat="override")  # fmt: skip
    return whole_stack.assign_coords(part=[BASELINE, *stack]).transpose("part", "time")


def contributions_over_time(
    ax: Axes, stack: xr.DataArray, channels: list[str], *, mediator: str = "", name: str = "outcome"
) -> None:
    """Draw the parts as stacked areas, the baseline at the bottom.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    stack : xarray.DataArray, dims (part, time)
        As `parts` gives it.
    channels : list of str
        All channels, for their colours.
    mediator, name : str
    """
    palette = colours(channels) | {BASELINE: PALE}
    below = np.zeros(stack.sizes["time"])
    for part in map(str, stack["part"].values):
        above = below + stack.sel(part=part).values
        through = part == THROUGH
        ax.fill_between(
            stack["time"].values, below, above, gid=part, label=f"{mediator}, {part}"
            if through
            else (f"{part}, by itself" if part == mediator else part),
            facecolor=palette[mediator if through else part], hatch="////" if through else None,
            edgecolor="white", linewidth=0.0 if through else 0.3,
        )  # fmt: skip
        below = above
    ax.plot(stack["time"], below, color="#222222", linewidth=0.8)
    ax.set_ylabel(f"expected {name} per week")
    ax.set_ylim(bottom=min(0.0, float(stack.sel(part=BASELINE).min())))
    numbers(ax.yaxis)
    dates(ax)
    legend(ax, columns=5)
