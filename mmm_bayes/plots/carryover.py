"""How a week's advertising is felt in the weeks after it."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import INK, colours


def adstock_curves(axes: Sequence[Axes], adstock: xr.Dataset, *, mediator: str = "") -> None:
    """Draw the share of a week's effect that arrives in each later week, one channel per axes.

    Parameters
    ----------
    axes : sequence of Axes, one per channel
    adstock : xarray.Dataset
        `weight` (statistic, channel, lag) and, for a mediated model, `mediation_weight`
        (statistic, cause, lag).
    mediator : str
        Its name, for the labels.
    """
    channels = [str(channel) for channel in adstock["channel"].values]
    palette = colours(channels)
    paths = {channel: [("weight", channel, palette[channel], "-")] for channel in channels}
    if "mediation_weight" in adstock:
        for cause in map(str, adstock["cause"].values):
            paths[cause].append(("mediation_weight", cause, INK, "--"))
    for ax, channel in zip(axes, channels, strict=False):
        for key, name, colour, line in paths[channel]:
            one = adstock[key].sel({"channel" if key == "weight" else "cause": name})
            lag = one["lag"].values
            ax.fill_between(
                lag, one.sel(statistic="lower"), one.sel(statistic="upper"), color=colour,
                alpha=0.25 if key == "weight" else 0.12, linewidth=0,
            )  # fmt: skip
            ax.plot(
                lag, one.sel(statistic="mean"), color=colour, linestyle=line, marker="o",
                markersize=2.5, label="on the outcome" if key == "weight" else f"on {mediator}",
            )  # fmt: skip
        ax.set_title(channel)
        ax.set_ylim(0, 1)
        ax.set_xlabel("weeks later")
        if len(paths[channel]) > 1:
            ax.legend(loc="upper right")
    axes[0].set_ylabel("share of the effect")
