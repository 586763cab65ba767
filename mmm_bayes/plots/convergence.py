"""Whether the chains agree: effective sample sizes, and ranks of the worst parameters.

Source: Vehtari, A., Gelman, A., Simpson, D., Carpenter, B., Bürkner, P.-C. (2021).
Rank-normalization, folding, and localization: an improved R-hat. Bayesian Analysis 16(2).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, legend, numbers

ESS_WANTED = 400
RHAT_ALLOWED = 1.01


def parameters(posterior: xr.Dataset) -> pd.DataFrame:
    """Convergence of each scalar that is not a time series.

    Parameters
    ----------
    posterior : xarray.Dataset

    Returns
    -------
    pandas.DataFrame
        variable, where (its labels), mean, sd, lower, upper, r_hat, ess_bulk, ess_tail; worst
        R-hat first. Scalars that never vary (fixed at zero by the model) are left out.
    """
    names = [name for name, values in posterior.data_vars.items() if "time" not in values.dims]
    rows = []
    for name in names:
        values = posterior[name].transpose("chain", "draw", ...)
        array = values.values.reshape(*values.shape[:2], -1)
        for at, label in enumerate(labels(values)):
            one = array[..., at]
            if np.ptp(one) == 0:
                continue
            low, high = np.quantile(one, [0.05, 0.95])
            rows.append(
                {
                    "variable": str(name), "where": label, "mean": one.mean(), "sd": one.std(),
                    "lower": low, "upper": high,
                    "r_hat": float(array_stats.rhat(one)),
                    "ess_bulk": float(array_stats.ess(one, method="bulk")),
                    "ess_tail": float(array_stats.ess(one, method="tail", prob=0.9)),
                }
            )  # fmt: skip
    return pd.DataFrame(rows).sort_values("r_hat", ascending=False, ignore_index=True)


def labels(values: xr.DataArray) -> list[str]:
    """Labels of a variable's scalars in the order of its array; one, empty, for a scalar.

    Parameters
    ----------
    values : xarray.DataArray, dims (chain, draw, ...)
    """
    found = [""]
    for dim in values.dims[2:]:
        found = [
            ", ".join(filter(None, [label, str(value)]))
            for label in found
            for value in values[dim].values
        ]
    return found


def effective_sizes(ax: Axes, table: pd.DataFrame) -> None:
    """Draw bulk against tail effective sample size of each scalar.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        As `parameters` gives it.
    """
    bad = (
        (table["r_hat"] > RHAT_ALLOWED)
        | (table["ess_bulk"] < ESS_WANTED)
        | (table["ess_tail"] < ESS_WANTED)
    )
    for rows, colour, label in (
        (table[~bad], OKABE_ITO[0], "fine"),
        (table[bad], OKABE_ITO[4], "too few, or R-hat above 1.01"),
    ):
        if len(rows):
            ax.plot(
                rows["ess_bulk"], rows["ess_tail"], linestyle="", marker="o", markersize=4,
                alpha=0.7, color=colour, label=label,
            )  # fmt: skip
    ax.axvline(ESS_WANTED, color=GREY, linestyle=":", linewidth=1)
    ax.axhline(ESS_WANTED, color=GREY, linestyle=":", linewidth=1)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("bulk effective sample size")
    ax.set_ylabel("tail effective sample size")
    numbers(ax.xaxis)
    numbers(ax.yaxis)
    legend(ax)


def ranks(ax: Axes, draws: xr.DataArray, *, title: str, bins: int = 20) -> None:
    """Draw the histogram of each chain's ranks among all draws: level where the chains agree.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    draws : xarray.DataArray, dims (chain, draw)
    title : str
    bins : int
    """
    values = draws.transpose("chain", "draw").values
    order = array_stats.compute_ranks(values.ravel()).reshape(values.shape)
    edges = np.linspace(0, values.size, bins + 1)
    expected = values.shape[1] / bins
    for chain, row in enumerate(order):
        height = np.histogram(row - 0.5, edges)[0] / expected
        ax.step(
            edges / values.size, np.append(height, height[-1]), where="post", linewidth=1,
            color=OKABE_ITO[chain % len(OKABE_ITO)], label=f"chain {chain}",
        )  # fmt: skip
    ax.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 2)
    ax.set_title(title)
    ax.set_xlabel("rank among all draws")
