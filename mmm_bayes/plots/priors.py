"""Priors: what they imply for the business, and how far the data moved them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.plots.style import (
    GREY,
    INK,
    OKABE_ITO,
    PALE,
    colours,
    legend,
    limit_ticks,
    number_axis,
    subtitle,
)
from mmm_bayes.text import Summary

#: Prior draws beyond these quantiles are off the axis.
INSIDE = (0.01, 0.99)
BINS = 30
#: Effects in the order of their panels, and the panels' titles.
TITLES = {
    "total": "total effect",
    "direct": "direct effect",
    "indirect": "indirect effect",
}
#: Smallest share of the axis that the posteriors fill; a longer prior is cut.
FILL = 0.35
#: Parameters a marketer can judge, and what they mean.
MEANINGS = {
    "adstock_alpha": "carryover: share kept a week later",
    "adstock_theta": "carryover: weeks to its peak",
    "adstock_scale": "carryover: its scale in weeks",
    "adstock_shape": "carryover: its shape",
    "saturation_kappa": "half-saturation, in mean exposures",
    "saturation_slope": "steepness of the response",
    "saturation_exponent": "elasticity of the response",
    "beta": "media effect",
    "media_share": "all media together",
    "media_division": "relative return, as a logarithm",
    "mediation_alpha": "carryover on the mediator",
    "gamma": "effect on the mediator",
    "gamma_on": "effect on the mediator being on",
}
#: Grid points of a density in a figure with many, and of a single density.
GRID, FINE_GRID = 100, 200
#: Share of the draws at either end that the axis of a single density leaves out.
BEYOND = 0.002


def prior_histogram(
    ax: Axes, draws: np.ndarray, *, title: str, label: str, observed: float
) -> None:
    """Draw the prior distribution of a quantity, and its observed value.

    Parameters
    ----------
    draws : array, shape (sample,)
        In any unit; draws that are not finite are left out.
    title, label : str
        Of the axes, and of its horizontal axis.
    observed : float
        In the unit of the draws; NaN where the table does not show the quantity.
    """
    draws = draws[np.isfinite(draws)]
    low, high = np.quantile(draws, INSIDE)
    if np.isfinite(observed):
        low, high = min(low, observed), max(high, observed)
    ax.hist(draws, BINS, range=(low, high), color=PALE, edgecolor=GREY, linewidth=0.5)
    if np.isfinite(observed):
        ax.axvline(observed, color=OKABE_ITO[4], linewidth=2)
    number_axis(ax.xaxis)
    limit_ticks(ax.xaxis, 5)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.set_title(title)
    ax.set_xlabel(label)


def shown_effects(posterior: xr.Dataset) -> list[str]:
    """Effects that get a panel: the indirect and the direct one only with mediation.

    Parameters
    ----------
    posterior : xarray.Dataset
        With a variable `indirect`.
    """
    return list(TITLES) if bool((posterior["indirect"] != 0).any()) else ["total"]


def prior_and_posterior_intervals(
    ax: Axes, posterior: xr.DataArray, prior: xr.DataArray, *,
    unit: float, label: str, channels: Sequence[str], key: bool = False,
) -> None:  # fmt: skip
    """Draw each channel's 90% interval under the prior (grey) and under the posterior.

    Parameters
    ----------
    posterior, prior : xarray.DataArray, dims (statistic, channel)
        One effect, in units of the outcome, with the statistics mean, lower and upper. A channel
        whose effect is fixed at zero has no line.
    unit : float
        Amount of the outcome that is 1 on the axis.
    label : str
        Label of the axis.
    channels : sequence of str
        Rows, from the top.
    key : bool
        Whether to explain the colours.
    """
    palette = colours(channels)
    ends = []
    for row, channel in enumerate(channels):
        mean, *after = posterior.sel(channel=channel).values / unit
        _, *before = prior.sel(channel=channel).values / unit
        if not any((mean, *after)):
            continue
        ends.append((before, after))
        ax.plot(before, [row - 0.14] * 2, color=PALE, linewidth=6, solid_capstyle="butt")
        ax.plot(after, [row + 0.14] * 2, color=palette[channel], linewidth=2.6)
        ax.plot(mean, row + 0.14, marker="o", markersize=4.5, color=palette[channel])
    if ends:
        ax.set_xlim(*_limits(np.array(ends)))
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(channels)), list(channels))
    ax.set_ylim(len(channels) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(label)
    if key:
        ax.plot([], [], color=PALE, linewidth=6, label="before the data (prior)")
        ax.plot([], [], color=INK, linewidth=2.6, marker="o", label="after (posterior)")
        legend(ax, columns=2)


def _limits(ends: np.ndarray) -> tuple[float, float]:
    """Limits that show all posteriors, and the priors as far as they leave room for that.

    Parameters
    ----------
    ends : array, shape (channel, prior or posterior, end)
    """
    low, high = min(0.0, float(ends[:, 1].min())), max(0.0, float(ends[:, 1].max()))
    room = (high - low) / FILL
    low = max(float(ends.min()), high - room, low - room) if ends.min() < low else low
    high = min(float(ends.max()), low + room) if ends.max() > high else high
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def comparable_parameters(posterior: xr.Dataset, prior: xr.Dataset) -> list[str]:
    """Names of the media parameters of each channel that are in both posterior and prior.

    One that has a single value is left out: that of an effect fixed at zero, and the division of
    media among one channel.

    Parameters
    ----------
    posterior, prior : xarray.Dataset
        A variable for each parameter.
    """
    present = [name for name in MEANINGS if name in posterior and name in prior]
    of_channels = [name for name in present if set(posterior[name].dims) > {"chain", "draw"}]
    return [name for name in of_channels if _varying(posterior[name])]


def _varying(posterior: xr.DataArray) -> list[str]:
    """Channels or causes whose draws are not all the same."""
    dim = posterior.dims[-1]
    spread = posterior.std([name for name in posterior.dims if name != dim])
    return [str(channel) for channel in posterior[dim].values[spread.values > 0]]


def prior_and_posterior_ridges(
    ax: Axes, posterior: xr.DataArray, prior: xr.DataArray, *, channels: Sequence[str]
) -> None:
    """Draw prior and posterior density of one parameter, a ridge for each channel.

    Parameters
    ----------
    posterior, prior : xarray.DataArray, dims (chain, draw, channel or cause)
        A channel whose draws are all the same (an effect fixed at zero) is left out.
    channels : sequence of str
        All channels, for their colours.
    """
    name, dim = str(posterior.name), str(posterior.dims[-1])
    palette = colours(channels)
    shown = _varying(posterior)
    ends = [
        np.quantile(values.sel({dim: channel}).values, [0.003, 0.99])
        for channel in shown
        for values in (posterior, prior)
    ]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    if name.startswith("saturation"):
        low = 0.0
    for row, channel in enumerate(shown):
        before: dict[str, Any] = {"facecolor": PALE, "alpha": 0.8, "edgecolor": GREY, "zorder": 2}
        after: dict[str, Any] = {"facecolor": palette[channel], "edgecolor": INK, "alpha": 0.6}
        for values, options in ((prior, before), (posterior, {**after, "zorder": 3})):
            draws = values.sel({dim: channel}).values.ravel()
            grid, density, _ = array_stats.kde(draws, grid_len=GRID)
            height = 0.85 * density / density.max()
            ax.fill_between(
                grid, row, row - height, linewidth=0.6, gid=f"{name}:{channel}", **options
            )
    if name.startswith("gamma"):
        ax.axvline(0, color=INK, linewidth=0.9, zorder=4)
    ax.set_yticks(range(len(shown)), shown)
    ax.set_ylim(len(shown) - 0.8, -1.0)
    ax.set_xlim(low, high)
    ax.grid(axis="y", visible=False)
    ax.set_title(f"{name}\n", fontsize=9)
    subtitle(ax, MEANINGS.get(name, ""))


def parameter_density(
    ax: Axes,
    posterior: xr.DataArray,
    prior: xr.DataArray | None = None,
    *,
    summary: Summary,
    name: str,
) -> None:
    """Draw the posterior density of a parameter with its 90% interval, over that of its prior.

    Parameters
    ----------
    posterior, prior : xarray.DataArray, dims (chain, draw)
    summary : Summary
        Of the posterior.
    name : str
        Name of the parameter.
    """
    low, high = np.quantile(posterior.values, [BEYOND, 1 - BEYOND])
    if prior is not None and np.ptp(prior.values) > 0:
        lower, upper = np.quantile(prior.values, [0.025, 0.975])
        low, high = min(low, lower), max(high, upper)
        x, y, _ = array_stats.kde(prior.values.ravel(), grid_len=FINE_GRID)
        ax.fill_between(x, y, facecolor=PALE, edgecolor=GREY, linewidth=0.8, label="prior")
    x, y, _ = array_stats.kde(posterior.values.ravel(), grid_len=FINE_GRID)
    ax.fill_between(
        x, y, facecolor=OKABE_ITO[0], edgecolor=INK, alpha=0.6, linewidth=0.8, label="posterior"
    )
    ax.plot(
        [summary.lower, summary.upper], [0, 0], color=INK, linewidth=4, solid_capstyle="butt",
        label="90% interval",
    )  # fmt: skip
    ax.set_xlim(low, high)
    ax.set_ylim(bottom=0)
    ax.set_yticks([])
    ax.set_xlabel(name)
    legend(ax, columns=3)
