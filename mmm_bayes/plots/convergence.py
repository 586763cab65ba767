"""Convergence: effective sample sizes of all parameters, and ranks of the worst.

Source: Vehtari, A., Gelman, A., Simpson, D., Carpenter, B., Bürkner, P.-C. (2021).
Rank-normalization, folding, and localization: an improved R-hat. Bayesian Analysis 16(2).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from mmm_bayes.diagnostics.convergence import ESS_MIN, RHAT_MAX
from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, legend, number_axis


def effective_sizes(ax: Axes, table: pd.DataFrame) -> None:
    """Draw bulk against tail effective sample size of each scalar parameter.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns r_hat, ess_bulk, ess_tail; a row for each scalar.
    """
    bad = (
        (table["r_hat"] > RHAT_MAX) | (table["ess_bulk"] < ESS_MIN) | (table["ess_tail"] < ESS_MIN)
    )
    for rows, colour, label in (
        (table[~bad], OKABE_ITO[0], "sufficient"),
        (table[bad], OKABE_ITO[4], f"too few, or R-hat above {RHAT_MAX}"),
    ):
        if len(rows):
            ax.plot(
                rows["ess_bulk"], rows["ess_tail"], linestyle="", marker="o", markersize=4,
                alpha=0.7, color=colour, label=label,
            )  # fmt: skip
    ax.axvline(ESS_MIN, color=GREY, linestyle=":", linewidth=1)
    ax.axhline(ESS_MIN, color=GREY, linestyle=":", linewidth=1)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("bulk effective sample size")
    ax.set_ylabel("tail effective sample size")
    number_axis(ax.xaxis)
    number_axis(ax.yaxis)
    legend(ax)


def rank_histogram(ax: Axes, draws: xr.DataArray, *, title: str, bins: int = 20) -> None:
    """Draw the histogram of each chain's ranks among all draws: level where the chains agree.

    Parameters
    ----------
    draws : xarray.DataArray, dims (chain, draw)
        Of one scalar.
    bins : int
        Of the ranks; a height of 1 is the expected number.
    """
    values = draws.transpose("chain", "draw").values
    ranks = array_stats.compute_ranks(values.ravel()).reshape(values.shape)
    edges = np.linspace(0, values.size, bins + 1)
    expected = values.shape[1] / bins
    for chain, row in enumerate(ranks):
        height = np.histogram(row - 0.5, edges)[0] / expected
        ax.step(
            edges / values.size, np.append(height, height[-1]), where="post", linewidth=1,
            color=OKABE_ITO[chain % len(OKABE_ITO)], label=f"chain {chain}",
        )  # fmt: skip
    ax.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 2)
    ax.set_title(title)
    ax.set_xlabel("rank among all draws")
