"""Response curves, and carryover by lag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, colours, limit_ticks, number_axis

#: Ground beyond the highest observed week.
BEYOND = "#F1F1F1"


def response_curves(
    axes: Sequence[Axes],
    curves: xr.Dataset,
    *,
    causes: Sequence[str] = (),
    all_channels: Sequence[str] = (),
    name: str = "outcome",
) -> None:
    """Draw the outcome that a constant weekly spend adds, one channel per axes.

    The dotted line is the mean spend of the weeks with spend. Beyond the highest observed week the
    ground is shaded: there the curve follows from the model's form, not from the data.

    Parameters
    ----------
    curves : xarray.Dataset
        `direct`, `total` (statistic, channel, point), `spend` (channel, point), `observed_mean`,
        `observed_max` (channel), and `measure` (channel), the name of what `spend` holds.
    causes : sequence of str
        Channels that also act through the mediator: their direct part is drawn dashed.
    all_channels : sequence of str
        For the colours, where `curves` holds only some of the channels.
    name : str
        Name of the outcome.
    """
    channels = [str(channel) for channel in curves["channel"].values]
    palette = colours(all_channels or channels)
    for ax, channel in zip(axes, channels, strict=False):
        curve = curves.sel(channel=channel)
        spend, total = curve["spend"].values, curve["total"]
        ax.axvspan(float(curve["observed_max"]), spend.max(), color=BEYOND, lw=0, zorder=0)
        ax.axvline(float(curve["observed_mean"]), color=GREY, linewidth=1, linestyle=":")
        ax.fill_between(
            spend, total.sel(statistic="lower"), total.sel(statistic="upper"),
            color=palette[channel], alpha=0.25, linewidth=0, label="90% band",
        )  # fmt: skip
        ax.plot(spend, total.sel(statistic="mean"), color=palette[channel], label="total")
        if channel in causes:
            ax.plot(
                spend, curve["direct"].sel(statistic="mean"), color=INK, linestyle="--",
                linewidth=1.1, label="direct only",
            )  # fmt: skip
        ax.set_title(channel)
        ax.set_xlim(0, spend.max())
        ax.set_ylim(bottom=min(0.0, float(np.min(total.sel(statistic="lower")))))
        measure = curve["measure"].item() if "measure" in curve.coords else "spend"
        ax.set_xlabel(f"weekly {measure}")
        limit_ticks(ax.xaxis, 4)
        number_axis(ax.xaxis)
        number_axis(ax.yaxis)
    axes[0].set_ylabel(f"{name} added per week")


def adstock_curves(axes: Sequence[Axes], adstock: xr.Dataset, *, mediator: str = "") -> None:
    """Draw the share of a week's effect that is felt at each lag, one channel per axes.

    Parameters
    ----------
    adstock : xarray.Dataset
        `weight` (statistic, channel, lag) and, for a mediated model, `mediation_weight`
        (statistic, cause, lag).
    mediator : str
        Its name, "" without one.
    """
    channels = [str(channel) for channel in adstock["channel"].values]
    palette = colours(channels)
    paths = {channel: [("weight", channel, palette[channel], "-")] for channel in channels}
    if "mediation_weight" in adstock:
        for cause in map(str, adstock["cause"].values):
            paths[cause].append(("mediation_weight", cause, INK, "--"))
    for ax, channel in zip(axes, channels, strict=False):
        for key, name, colour, line in paths[channel]:
            weight = adstock[key].sel({"channel" if key == "weight" else "cause": name})
            lag = weight["lag"].values
            ax.fill_between(
                lag, weight.sel(statistic="lower"), weight.sel(statistic="upper"), color=colour,
                alpha=0.25 if key == "weight" else 0.12, linewidth=0,
            )  # fmt: skip
            ax.plot(
                lag, weight.sel(statistic="mean"), color=colour, linestyle=line, marker="o",
                markersize=2.5, label="on the outcome" if key == "weight" else f"on {mediator}",
            )  # fmt: skip
        ax.set_title(channel)
        ax.set_ylim(0, 1)
        ax.set_xlabel("weeks later")
        if len(paths[channel]) > 1:
            ax.legend(loc="upper right")
    axes[0].set_ylabel("share of the effect")
