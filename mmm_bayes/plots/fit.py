"""What the model would have predicted for the weeks it saw, and for weeks it did not see."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mmm_bayes.plots.bands import WIDE, band, predictive_bands, summed
from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, dates, legend, numbers, wide_range


def fit_over_time(
    ax: Axes,
    predictive: xr.DataArray,
    observed: xr.DataArray,
    *,
    name: str = "outcome",
    colour: str = OKABE_ITO[0],
) -> None:
    """Draw predictive bands and what was observed, both summed over units.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    predictive : xarray.DataArray, dims (chain, draw, time, unit)
        Predictive draws: the noise is in them, so 90% of the weeks should be inside the band.
    observed : xarray.DataArray, dims (time, unit)
    name, colour : str
    """
    draws, seen = summed(predictive), summed(observed)
    predictive_bands(ax, draws, colour)
    ax.plot(
        seen["time"], seen, linestyle="", marker="o", markersize=2.6, color=INK, label="observed"
    )
    lower, upper = band(draws, WIDE).values
    inside = float(np.mean((seen.values >= lower) & (seen.values <= upper)))
    cut = _limits(ax, seen.values, lower, upper)
    ax.set_title(f"{name}: {inside:.0%} of weeks inside the 90% band{cut}")
    dates(ax)
    legend(ax)


def holdout_forecast(
    ax: Axes, fitted: xr.DataArray, forecast: xr.DataArray, observed: xr.DataArray,
    *, name: str = "outcome",
) -> None:  # fmt: skip
    """Draw the forecast of weeks kept from the model, after the weeks it was fitted on.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    fitted : xarray.DataArray, dims (time, unit)
        Observed outcome of all weeks; those before the forecast are drawn.
    forecast : xarray.DataArray, dims (chain, draw, time, unit)
        Predictive draws of the weeks kept away.
    observed : xarray.DataArray, dims (time, unit)
        What happened in those weeks.
    name : str
    """
    draws, seen, before = summed(forecast), summed(observed), summed(fitted)
    before = before.sel(time=before["time"] < seen["time"][0])
    ax.plot(before["time"], before, color=GREY, linewidth=1.1, label="fitted weeks")
    predictive_bands(ax, draws, OKABE_ITO[4])
    ax.plot(seen["time"], seen, color=INK, marker="o", markersize=2.6, lw=0.8, label="observed")
    ax.axvline(seen["time"].values[0], color=GREY, linewidth=1, linestyle=":")
    lower, upper = band(draws, WIDE).values
    inside = float(np.mean((seen.values >= lower) & (seen.values <= upper)))
    cut = _limits(ax, np.concatenate([before.values, seen.values]), lower, upper)
    ax.set_title(f"{name}: {inside:.0%} of {seen.size} weeks inside the 90% band{cut}")
    dates(ax)
    legend(ax, columns=4)


def _limits(ax: Axes, seen: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> str:
    """Keep the observed weeks readable however far the band reaches, and say if it is cut."""
    least, most = float(seen.min()), float(seen.max())
    if wide_range(seen):
        ax.set_yscale("log")
        low = max(least / 10, min(float(lower.min()), least)) * 0.8
        high = min(most * 10, max(float(upper.max()), most)) * 1.2
    else:
        spread = most - least or 1.0
        low = max(min(float(lower.min()), least), least - spread)
        high = min(max(float(upper.max()), most), most + spread)
        low, high = low - 0.05 * (high - low), high + 0.05 * (high - low)
    ax.set_ylim(low, high)
    numbers(ax.yaxis)
    return " (cut at the frame)" if lower.min() < low or upper.max() > high else ""
