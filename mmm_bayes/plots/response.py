"""What a constant weekly spend adds per week."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, colours, few, numbers


def response_curves(
    axes: Sequence[Axes],
    curves: xr.Dataset,
    *,
    causes: Sequence[str] = (),
    among: Sequence[str] = (),
    name: str = "outcome",
) -> None:
    """Draw the total response with its 90% band, one channel per axes.

    The line is the mean spend of the weeks with spend; beyond the highest observed week the
    ground is shaded: there the curve is the model's form, not the data.

    Parameters
    ----------
    axes : sequence of Axes, one per channel
    curves : xarray.Dataset
        `direct`, `total` (statistic, channel, point), `spend` (channel, point), `observed_mean`,
        `observed_max` (channel), and `measure` (channel), what `spend` is where it is no spend.
    causes : sequence of str
        Channels that also act through the mediator: their direct part is drawn dashed.
    among : sequence of str
        All channels, for their colours, where `curves` holds some of them.
    name : str
    """
    channels = [str(channel) for channel in curves["channel"].values]
    palette = colours(among or channels)
    for ax, channel in zip(axes, channels, strict=False):
        one = curves.sel(channel=channel)
        spend, total = one["spend"].values, one["total"]
        ax.axvspan(float(one["observed_max"]), spend.max(), color="#F1F1F1", lw=0, zorder=0)
        ax.axvline(float(one["observed_mean"]), color=GREY, linewidth=1, linestyle=":")
        ax.fill_between(
            spend, total.sel(statistic="lower"), total.sel(statistic="upper"),
            color=palette[channel], alpha=0.25, linewidth=0, label="90% band",
        )  # fmt: skip
        ax.plot(spend, total.sel(statistic="mean"), color=palette[channel], label="total")
        if channel in causes:
            ax.plot(
                spend, one["direct"].sel(statistic="mean"), color=INK, linestyle="--",
                linewidth=1.1, label="direct only",
            )  # fmt: skip
        ax.set_title(channel)
        ax.set_xlim(0, spend.max())
        ax.set_ylim(bottom=min(0.0, float(np.min(total.sel(statistic="lower")))))
        ax.set_xlabel(f"weekly {one['measure'].item() if 'measure' in one.coords else 'spend'}")
        few(ax.xaxis, 4)
        numbers(ax.xaxis)
        numbers(ax.yaxis)
    axes[0].set_ylabel(f"{name} added per week")
