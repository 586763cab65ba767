"""Ranks of the truth among posterior draws, and whether they are as even as they must be.

If data come from the model, the rank of the true value among independent posterior draws is
uniform, for any quantity of parameters and data (Talts, Betancourt, Simpson, Vehtari, Gelman
2018, *Validating Bayesian inference algorithms with simulation-based calibration*; Modrák et al.
2023 on quantities that use the data). The evidence is the ECDF of the ranks within a simultaneous
band (Säilynoja, Bürkner, Vehtari 2022), from ArviZ.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from arviz_stats.ecdf_utils import ecdf_pit
from numpy.typing import NDArray

from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

#: Probability that a calibrated model stays inside the bands of all its quantities at once.
JOINT = 0.95
SIMULATIONS = 20_000


def probability_integral_transform(truth: float, draws: Array, rng: np.random.Generator) -> float:
    """Rank of the truth among draws, made continuous: uniform on (0, 1) if calibrated.

    Parameters
    ----------
    truth : float
    draws : array, shape (sample,)
        Nearly independent; ties with the truth are broken at random.
    rng : numpy.random.Generator
    """
    below, level = int((draws < truth).sum()), int((draws == truth).sum())
    return float((below + rng.random() * (level + 1)) / (len(draws) + 1))


def summary(ranks: pd.DataFrame) -> pd.DataFrame:
    """The table of ``calibration.csv``.

    Parameters
    ----------
    ranks : pandas.DataFrame
        Columns quantity and pit, a row a quantity and simulated table.

    Returns
    -------
    pandas.DataFrame
        Columns quantity, simulations, coverage_90 (share of 90% equal-tailed intervals that hold
        the truth: of ranks between 0.05 and 0.95, which is exact for any number of draws, as
        quantiles of few draws are not) and inside_band: whether the ECDF of the ranks stays inside
        its band. The bands of all quantities hold together with probability `JOINT` (Bonferroni),
        so that a calibrated model of many quantities rarely leaves any.
    """
    groups = ranks.groupby("quantity", sort=False)
    each = band_probability(groups.ngroups)
    return pd.DataFrame(
        [
            (
                name,
                len(group),
                group["pit"].between(*INTERVAL).mean(),
                inside(group["pit"].to_numpy(), each),
            )
            for name, group in groups
        ],
        columns=["quantity", "simulations", "coverage_90", "inside_band"],
    )


def band_probability(quantities: int) -> float:
    """Probability of one quantity's band, so that all hold together with `JOINT`.

    Parameters
    ----------
    quantities : int
        How many bands there are.
    """
    return 1 - (1 - JOINT) / quantities


def inside(pit: Array, probability: float) -> bool:
    """Whether the ECDF of values in (0, 1) stays inside its simultaneous band.

    Parameters
    ----------
    pit : array, shape (simulation,)
    probability : float
        Of the band.
    """
    found = band(len(pit), probability)
    ecdf = np.searchsorted(np.sort(pit), found[0], side="right") / len(pit)
    return bool(((found[1] <= ecdf) & (ecdf <= found[2])).all())


@cache
def band(number: int, probability: float) -> tuple[Array, Array, Array]:
    """Simultaneous band of the ECDF of uniform values.

    Parameters
    ----------
    number : int
        Values, whose ECDF it is.
    probability : float
        With which the whole ECDF of uniform values stays inside.

    Returns
    -------
    tuple of array
        Points, lower and upper end.
    """
    uniform = (np.arange(number) + 0.5) / number
    points, _, lower, upper = ecdf_pit(
        uniform, probability, SIMULATIONS, rng=np.random.default_rng(1)
    )
    return points, lower, upper


def verdict(table: pd.DataFrame) -> tuple[bool, str]:
    """Whether a calibration passed, and a sentence.

    Parameters
    ----------
    table : pandas.DataFrame
        As `summary` gives it.
    """
    outside = table.loc[~table["inside_band"], "quantity"].tolist()
    simulations: Any = table["simulations"].min()
    if outside:
        return False, (
            f"Not calibrated: over {simulations} simulated tables the ranks of "
            f"{', '.join(outside)} leave their band, so the intervals of these mean something else "
            "than they say."
        )
    return True, (
        f"Calibrated as far as {simulations} simulated tables can show: the ranks of all "
        f"{len(table)} quantities stay inside bands that hold together with {JOINT:.0%} "
        f"probability, and their 90% intervals held the truth in {table['coverage_90'].min():.0%} "
        f"to {table['coverage_90'].max():.0%} of the tables."
    )
