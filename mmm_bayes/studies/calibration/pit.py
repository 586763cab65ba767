"""Ranks of the truth among posterior draws, and tests of their uniformity.

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
#: Simulations that the limits of a band are computed from.
BAND_SIMULATIONS = 20_000


def probability_integral_transform(truth: float, draws: Array, chance: float) -> float:
    """Rank of the truth among draws, made continuous: uniform on (0, 1) if calibrated.

    Parameters
    ----------
    truth : float
        The true value, in the unit of the draws.
    draws : array, shape (sample,)
        Nearly independent.
    chance : float
        A uniform value in (0, 1), by which ties with the truth are broken. The same one for all
        quantities of a table gives quantities that always have the same order the same rank.
    """
    below, level = int((draws < truth).sum()), int((draws == truth).sum())
    return float((below + chance * (level + 1)) / (len(draws) + 1))


def summarise_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """Coverage and uniformity of the ranks of each quantity: the table of ``calibration.csv``.

    Parameters
    ----------
    ranks : pandas.DataFrame
        Columns quantity and pit, a row a quantity and simulated table.

    Returns
    -------
    pandas.DataFrame
        Columns quantity, simulations, coverage_90 and inside_band. ``coverage_90`` is the share of
        90% equal-tailed intervals that contain the truth. It is computed as the share of ranks
        between 0.05 and 0.95, which is exact for any number of draws, while quantiles of few draws
        are not. ``inside_band`` is whether the ECDF of the ranks stays inside its band. The bands
        of all quantities hold together with probability `JOINT` (Bonferroni), so that a calibrated
        model with many quantities rarely leaves any. Quantities with the same ranks in every table
        (a total and its return) count as one.
    """
    groups = ranks.groupby("quantity", sort=False)
    probability = band_probability(groups["pit"].agg(tuple).nunique())
    return pd.DataFrame(
        [
            (
                name,
                len(group),
                group["pit"].between(*INTERVAL).mean(),
                within_band(group["pit"].to_numpy(), probability),
            )
            for name, group in groups
        ],
        columns=["quantity", "simulations", "coverage_90", "inside_band"],
    )


def band_probability(quantities: int) -> float:
    """Probability of one quantity's band, such that all bands hold together with `JOINT`.

    Parameters
    ----------
    quantities : int
        Number of bands.
    """
    return 1 - (1 - JOINT) / quantities


def within_band(pit: Array, probability: float) -> bool:
    """True if the ECDF of values in (0, 1) stays inside its simultaneous band.

    The limits at 0 and 1, which such values always keep, are left out: a rank that was rounded to 0
    would break the first.

    Parameters
    ----------
    pit : array, shape (simulation,)
    probability : float
        Simultaneous coverage of the band.
    """
    points, lower, upper = ecdf_band(len(pit), probability)
    ecdf = np.searchsorted(np.sort(pit), points, side="right") / len(pit)
    inside = (lower <= ecdf) & (ecdf <= upper)
    return bool(inside[(points > 0) & (points < 1)].all())


@cache
def ecdf_band(number: int, probability: float) -> tuple[Array, Array, Array]:
    """Simultaneous band of the ECDF of uniform values.

    Parameters
    ----------
    number : int
        Number of uniform values.
    probability : float
        Probability that the whole ECDF stays inside the band.

    Returns
    -------
    tuple of array
        Points of evaluation, lower limit and upper limit.
    """
    uniform = (np.arange(number) + 0.5) / number
    points, _, lower, upper = ecdf_pit(
        uniform, probability, BAND_SIMULATIONS, rng=np.random.default_rng(1)
    )
    return points, lower, upper


def calibration_verdict(table: pd.DataFrame) -> tuple[bool, str]:
    """Verdict on a calibration, true if it passed, and its sentence.

    Parameters
    ----------
    table : pandas.DataFrame
        The result of `summarise_ranks`.
    """
    outside = table.loc[~table["inside_band"], "quantity"].tolist()
    simulations: Any = table["simulations"].min()
    if outside:
        return False, (
            f"Not calibrated: over {simulations} simulated tables the ranks of "
            f"{', '.join(outside)} leave their bands, so their intervals do not have the coverage "
            "that they claim."
        )
    return True, (
        f"Calibrated as far as {simulations} simulated tables can show: the ranks of all "
        f"{len(table)} quantities stay inside bands that hold together with {JOINT:.0%} "
        f"probability, and their 90% intervals contained the truth in "
        f"{table['coverage_90'].min():.0%} to {table['coverage_90'].max():.0%} of the tables."
    )
