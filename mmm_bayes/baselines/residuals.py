"""Are a model's errors what its intervals and tests take them to be: normal, even, independent?

References
----------
.. [1] Shapiro, S. S., Wilk, M. B. (1965). An analysis of variance test for normality.
.. [2] Breusch, T. S., Pagan, A. R. (1979). A simple test for heteroscedasticity.
.. [3] Ljung, G. M., Box, G. E. P. (1978). On a measure of lack of fit in time series models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.stats import shapiro
from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan
from statsmodels.tsa.stattools import acf

from mmm_bayes.baselines.explain import stages

Array = NDArray[np.float64]

LAGS = 13
#: Shapiro and Wilk's p-value is accurate to here.
MOST = 5000


def residuals(model: Any, X: Array, y: Array) -> Array:
    """What is left in the weeks fitted, in shares of the unit's mean (of its logarithm).

    Parameters
    ----------
    model : fitted
    X : array, shape (row, column)
        As `rows_of` gives it.
    y : array, shape (row,)
    """
    *_, (_, stage, _) = stages(model, X)
    return np.asarray(stage.shares(X, y) - stage.shares(X, model.predict(X)))


def tests(name: str, left: Array, fitted: Array, units: int) -> pd.DataFrame:
    """Tests of residuals; those over time unit by unit, of which the smallest p is told.

    Parameters
    ----------
    name : str
        Of the model.
    left, fitted : array, shape (row,)
        Residuals, and what was predicted, in shares of the unit's mean.
    units : int

    Returns
    -------
    pandas.DataFrame
        Columns model, test, statistic, p. ``shapiro_wilk`` [1]_, ``breusch_pagan`` [2]_ against the
        prediction, ``ljung_box`` [3]_ up to lag `LAGS` with Bonferroni's p over units, and
        ``acf_1`` to ``acf_13`` (mean over units, p left empty).
    """
    some = left[:: -(-len(left) // MOST)]
    normal = shapiro(some)
    even = het_breuschpagan(left, sm.add_constant(fitted, has_constant="add"))
    each = left.reshape(-1, units)
    lags = min(LAGS, len(each) // 2 - 1)
    portmanteau = [acorr_ljungbox(one, lags=[lags]).iloc[0] for one in each.T]
    worst = min(portmanteau, key=lambda one: one["lb_pvalue"])
    rows = [
        ("shapiro_wilk", float(normal.statistic), float(normal.pvalue)),
        ("breusch_pagan", float(even[0]), float(even[1])),
        ("ljung_box", float(worst["lb_stat"]), min(1.0, units * float(worst["lb_pvalue"]))),
    ]
    over_lags = np.mean([acf(one, nlags=lags) for one in each.T], axis=0)
    rows += [(f"acf_{lag}", float(over_lags[lag]), np.nan) for lag in range(1, lags + 1)]
    return pd.DataFrame([(name, *row) for row in rows], columns=["model", "test", "statistic", "p"])
