"""Equal-tailed bands of draws, and how a band is drawn."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes

#: Probability inside the bands: the wide one is the interval of every table, the narrow one half.
WIDE, NARROW = 0.90, 0.50
SAMPLE = ("chain", "draw")
HUGE = 1e100


def summed(values: xr.DataArray) -> xr.DataArray:
    """Sum over the units, if there is that dimension: a panel as one market."""
    return values.sum("unit") if "unit" in values.dims else values


def pooled(values: xr.DataArray) -> xr.DataArray:
    """The value for all units together: the unit "all" of a table of effects."""
    if "unit" not in values.dims:
        return values
    names = [str(name) for name in values["unit"].values]
    return values.isel(unit=names.index("all") if "all" in names else 0, drop=True)


def band(draws: xr.DataArray, inside: float) -> xr.DataArray:
    """Lower and upper edge of the equal-tailed interval that holds a share of the draws.

    Parameters
    ----------
    draws : xarray.DataArray, dims (chain, draw, ...)
    inside : float
        Probability inside.

    Returns
    -------
    xarray.DataArray, dims (quantile, ...)
    """
    tail = (1 - inside) / 2
    cut = draws.clip(-HUGE, HUGE)  # heavy tails overflow to infinity, which has no quantiles
    return cut.quantile([tail, 1 - tail], dim=SAMPLE)


def predictive_bands(ax: Axes, draws: xr.DataArray, colour: str, *, dim: str = "time") -> None:
    """Draw the 90% and 50% bands of draws along one dimension.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    draws : xarray.DataArray, dims (chain, draw, dim)
    colour : str
    dim : str
        The horizontal axis.
    """
    for inside, alpha in ((WIDE, 0.18), (NARROW, 0.32)):
        lower, upper = band(draws, inside).values
        ax.fill_between(
            draws[dim].values, lower, upper, color=colour, alpha=alpha, linewidth=0,
            label=f"{inside:.0%} predictive",
        )  # fmt: skip
