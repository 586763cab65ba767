"""Ranking of runs by expected log predictive density (ELPD), with stacking weights.

Stacking chooses the weights under which the mixture of the predictive distributions predicts best
(Yao, Vehtari, Simpson, Gelman 2018, *Using stacking to average Bayesian predictive
distributions*). For the rule on when a difference is reliable see Sivula, Magnusson, Matamoros,
Vehtari 2025, *Uncertainty in Bayesian leave-one-out cross-validation based model comparison*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import arviz_stats as azs
import numpy as np
import pandas as pd

#: Columns of a ranking that are in log units.
LOG_UNITS = ("elpd", "elpd_se", "elpd_diff", "diff_se")
#: Differences of ELPD below this are negligible, and their standard errors unreliable.
NEGLIGIBLE_DIFFERENCE = 4.0
#: Smallest distinguishable difference, in its standard errors.
MIN_STANDARD_ERRORS = 2.0


def rank_runs(elpds: Mapping[str, Any]) -> pd.DataFrame:
    """Ranking of runs by ELPD.

    Parameters
    ----------
    elpds : mapping of str to arviz_stats.ELPDData
        Pointwise estimates of each run, over the same weeks.

    Returns
    -------
    pandas.DataFrame
        Columns run, elpd, elpd_se, elpd_diff (to the best run: zero or negative), diff_se and
        weight (stacking); best first.
    """
    # Densities relative to the best model of each week have the same differences and weights, and
    # do not underflow where a week is nearly impossible under every model.
    best = np.max([elpd.elpd_i.values for elpd in elpds.values()], axis=0)
    relative = {name: replace(elpd, elpd_i=elpd.elpd_i - best) for name, elpd in elpds.items()}
    table = azs.compare(relative, method="stacking", round_to="none")
    return pd.DataFrame(
        {
            "run": table.index,
            "elpd": table["elpd"].to_numpy(dtype=float),
            "elpd_se": table["se"].to_numpy(dtype=float),
            "elpd_diff": table["elpd_diff"].to_numpy(dtype=float),
            "diff_se": table["dse"].to_numpy(dtype=float),
            "weight": table["weight"].to_numpy(dtype=float).clip(0.0, 1.0).round(6),
        }
    )


def are_distinguishable(difference: float, error: float) -> bool:
    """True if the predictive performance of two runs can be distinguished.

    Parameters
    ----------
    difference : float
        Difference of their ELPDs, in log units.
    error : float
        Its standard error, in log units.
    """
    return (
        abs(difference) >= NEGLIGIBLE_DIFFERENCE and abs(difference) > MIN_STANDARD_ERRORS * error
    )
