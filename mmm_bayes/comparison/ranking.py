"""Differences of predictive densities, their errors, and the weights of the best blend.

Stacking finds the weights under which the mixture of the predictive distributions predicts best
(Yao, Vehtari, Simpson, Gelman 2018, *Using stacking to average Bayesian predictive
distributions*). When a difference may be taken at its word: Sivula, Magnusson, Matamoros, Vehtari
2025, *Uncertainty in Bayesian leave-one-out cross-validation based model comparison*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import arviz_stats as azs
import numpy as np
import pandas as pd

#: A difference below this is too small for its standard error to be trusted.
SMALL = 4.0
#: A difference has to be more than this many of its standard errors.
ERRORS = 2.0


def ranking(elpds: Mapping[str, Any]) -> pd.DataFrame:
    """Order runs by their predictive density.

    Parameters
    ----------
    elpds : mapping of str to arviz_stats.ELPDData
        Pointwise, over the same values.

    Returns
    -------
    pandas.DataFrame
        Columns run, elpd, elpd_se, elpd_diff (to the best: zero or negative), diff_se and weight;
        best first.
    """
    # Weights and differences are those of the densities relative to the best of each value, which
    # don't vanish where every model finds a value all but impossible.
    top = np.max([one.elpd_i.values for one in elpds.values()], axis=0)
    relative = {name: replace(one, elpd_i=one.elpd_i - top) for name, one in elpds.items()}
    found = azs.compare(relative, method="stacking", round_to="none")
    return pd.DataFrame(
        {
            "run": found.index,
            "elpd": found["elpd"].to_numpy(dtype=float),
            "elpd_se": found["se"].to_numpy(dtype=float),
            "elpd_diff": found["elpd_diff"].to_numpy(dtype=float),
            "diff_se": found["dse"].to_numpy(dtype=float),
            "weight": found["weight"].to_numpy(dtype=float).clip(0.0, 1.0).round(6),
        }
    )


def apart(difference: float, error: float) -> bool:
    """Whether the data tell two runs apart.

    Parameters
    ----------
    difference : float
        Of two expected log predictive densities.
    error : float
        Its standard error.
    """
    return abs(difference) >= SMALL and abs(difference) > ERRORS * error
