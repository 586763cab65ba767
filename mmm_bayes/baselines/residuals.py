"""Residuals of a classical model, and tests of their normality, variance and independence.

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
#: Most residuals for which the p-value of the Shapiro-Wilk test is accurate.
SHAPIRO_WILK_LIMIT = 5000


def share_residuals(model: Any, X: Array, y: Array) -> Array:
    """Residuals of the weeks of the fit, as shares of the unit's mean (log link: of its logarithm).

    Parameters
    ----------
    model : ShareRegression or TwoStageRegression
        Fitted.
    X : array, shape (row, column)
        Rows of `build_rows`.
    y : array, shape (row,)
    """
    *_, (_, stage, _) = stages(model, X)
    return np.asarray(stage.to_shares(X, y) - stage.to_shares(X, model.predict(X)))


def residual_tests(name: str, residuals: Array, fitted: Array, units: int) -> pd.DataFrame:
    """Tests of residuals; serial correlation is tested by unit, and the smallest p reported.

    Parameters
    ----------
    name : str
        Name of the model.
    residuals, fitted : array, shape (row,)
        Residuals and predictions, as shares of the unit's mean.
    units : int
        Number of units of the table.

    Returns
    -------
    pandas.DataFrame
        Columns model, test, statistic, p. ``shapiro_wilk`` [1]_, ``breusch_pagan`` [2]_ against the
        prediction, ``ljung_box`` [3]_ up to lag `LAGS` with Bonferroni's p over units, and
        ``acf_1`` to ``acf_13`` (mean over units, p left empty).
    """
    normality = shapiro(residuals[:: -(-len(residuals) // SHAPIRO_WILK_LIMIT)])
    variance = het_breuschpagan(residuals, sm.add_constant(fitted, has_constant="add"))
    by_unit = residuals.reshape(-1, units)
    lags = min(LAGS, len(by_unit) // 2 - 1)
    portmanteau = [acorr_ljungbox(series, lags=[lags]).iloc[0] for series in by_unit.T]
    worst = min(portmanteau, key=lambda row: row["lb_pvalue"])
    rows = [
        ("shapiro_wilk", float(normality.statistic), float(normality.pvalue)),
        ("breusch_pagan", float(variance[0]), float(variance[1])),
        ("ljung_box", float(worst["lb_stat"]), min(1.0, units * float(worst["lb_pvalue"]))),
    ]
    correlations = np.mean([acf(series, nlags=lags) for series in by_unit.T], axis=0)
    rows += [(f"acf_{lag}", float(correlations[lag]), np.nan) for lag in range(1, lags + 1)]
    return pd.DataFrame([(name, *row) for row in rows], columns=["model", "test", "statistic", "p"])
