"""What the fitted curve leaves over: residuals, their autocorrelation, and classical tests.

The tests take residuals for disturbances, which is rough after fitting many coefficients: they
warn, and never fail a fit. The posterior-predictive checks are what judges it.
"""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from scipy.stats import shapiro
from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan
from statsmodels.tsa.stattools import acf

from mmm_bayes.diagnostics.check import Check
from mmm_bayes.diagnostics.predictive import scale_of

GROUP = "residuals"
WARN_BELOW = 0.01
MOST_LAGS = 13
FEWEST_WEEKS = 12

SAYS = {
    "ljung_box": (
        "The misses of neighbouring weeks are not alike",
        "The misses of neighbouring weeks are alike: something that lasts for weeks is missing "
        "(a trend, a season, a control, a longer carryover)",
    ),
    "breusch_pagan": (
        "The size of the misses does not depend on the level",
        "The size of the misses depends on the level: think of a log link",
    ),
    "shapiro_wilk": (
        "The misses are spread as the normal likelihood says",
        "The misses are not spread as the normal likelihood says: think of student_t",
    ),
}


def residuals(tree: xr.DataTree) -> xr.Dataset:
    """Standardised residuals of the outcome and their autocorrelation.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit.

    Returns
    -------
    xarray.Dataset
        `residual` (time, unit): observed less the posterior mean of its location, both
        logarithms under the log link or a log-normal likelihood, over the root mean square of its
        unit; NaN in a week at the outcome's floor. `fitted` (time, unit): that mean, original
        units, of a hurdle as the distance from the floor. `acf` (lag, unit): autocorrelation,
        1 at lag 0. `acf_band` (unit): half-width of the 95% band of a series without any.
    """
    observed = tree["observed_data"].to_dataset()["outcome"].transpose("time", "unit")
    scale = scale_of(tree, "outcome")
    posterior = tree["posterior"].to_dataset()
    draws = posterior["outcome_level" if "outcome_level" in posterior else "outcome_mean"]
    if scale.log:
        draws = draws.copy(data=np.log(draws.values))
    fitted = draws.mean(("chain", "draw")).transpose("time", "unit")
    if scale.log:
        fitted = fitted.copy(data=np.exp(fitted.values))
    residual = observed.copy(data=scale.residual(observed.values, fitted.values))
    spread = (residual**2).mean("time") ** 0.5
    residual = residual / spread.where(spread > 0, 1.0)
    lags = min(2 * MOST_LAGS, residual.sizes["time"] - 1)
    series = residual.values
    correlation = np.column_stack([_acf(column, lags) for column in series.T])
    return xr.Dataset(
        {
            "residual": residual,
            "fitted": fitted,
            "acf": (("lag", "unit"), correlation),
            "acf_band": ("unit", np.full(series.shape[1], 1.96 / np.sqrt(len(series)))),
        },
        coords={"lag": np.arange(lags + 1)},
    )


def residual_checks(tree: xr.DataTree) -> list[Check]:
    """Ljung-Box, Breusch-Pagan and, for a normal likelihood, Shapiro-Wilk.

    Each unit is tested by itself; the smallest p-value, times the number of units (Bonferroni), is
    compared with 0.01. Too short a series is not tested.
    """
    found = residuals(tree)
    if found.sizes["time"] < FEWEST_WEEKS:
        return []
    names = ["ljung_box", "breusch_pagan"]
    if tree.attrs.get("likelihood") != "student_t":
        names.append("shapiro_wilk")
    checks = []
    for name in names:
        p_values = np.array(
            [
                _p_value(name, found["residual"].values[:, at], found["fitted"].values[:, at])
                for at in range(found.sizes["unit"])
            ]
        )
        worst = int(p_values.argmin())
        p = min(1.0, float(p_values[worst]) * len(p_values))
        good = p >= WARN_BELOW
        where = f" in {found['unit'].values[worst]}" if len(p_values) > 1 and not good else ""
        says = f"{SAYS[name][0 if good else 1]} (p = {p:.2g}{where})."
        checks.append(Check(GROUP, name, p, WARN_BELOW, "pass" if good else "warn", says))
    return checks


def _p_value(name: str, residual: np.ndarray, fitted: np.ndarray) -> float:
    present = ~np.isnan(residual)
    residual, fitted = residual[present], fitted[present]
    if residual.size < FEWEST_WEEKS or np.ptp(residual) == 0:
        return 1.0
    if name == "ljung_box":
        lags = min(MOST_LAGS, len(residual) // 5)
        return float(acorr_ljungbox(residual, lags=[lags])["lb_pvalue"].iloc[0])
    if name == "breusch_pagan":
        if np.ptp(fitted) == 0:
            return 1.0
        scaled = (fitted - fitted.mean()) / fitted.std()
        return float(het_breuschpagan(residual, np.column_stack([np.ones(len(scaled)), scaled]))[1])
    with warnings.catch_warnings():  # beyond 5,000 weeks the p-value is only roughly right
        warnings.simplefilter("ignore", UserWarning)
        return float(shapiro(residual).pvalue)


def _acf(series: np.ndarray, lags: int) -> np.ndarray:
    """Autocorrelation over the pairs of weeks that both have a residual."""
    if np.nanmax(series) == np.nanmin(series):
        return np.r_[1.0, np.zeros(lags)]
    gaps = bool(np.isnan(series).any())
    return np.asarray(
        acf(series, nlags=lags, fft=not gaps, missing="conservative" if gaps else "none")
    )
