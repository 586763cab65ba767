"""Standardised residuals, their autocorrelation, and classical tests on them.

The tests treat residuals as disturbances, which is only approximate after fitting many
coefficients, so they warn and never fail a fit. The posterior predictive checks decide on failure.
"""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from scipy.stats import shapiro
from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan
from statsmodels.tsa.stattools import acf

from mmm_bayes.diagnostics.check import Check
from mmm_bayes.diagnostics.predictive import conditional_location, residual_scale
from mmm_bayes.text import capitalised

GROUP = "residuals"
WARN_BELOW = 0.01
MAX_LAGS = 13
MIN_WEEKS = 12

MESSAGES = {
    "ljung_box": (
        "The residuals show no autocorrelation",
        "The residuals are autocorrelated: something that lasts for weeks is missing (a trend, a "
        "season, a control, a longer carryover, or errors = 'ar1' under [model])",
    ),
    "breusch_pagan": (
        "The size of the residuals does not depend on the level",
        "The size of the residuals depends on the level: consider a log link",
    ),
    "shapiro_wilk": (
        "The residuals are consistent with the normal likelihood",
        "The residuals are not normally distributed as the likelihood assumes: consider student_t",
    ),
}


def standardised_residuals(tree: xr.DataTree) -> xr.Dataset:
    """Standardised residuals of the outcome and their autocorrelation.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with groups ``posterior`` and ``observed_data``.

    Returns
    -------
    xarray.Dataset
        ``residual`` (time, unit): observed outcome less the posterior mean of its location (given
        the week before, if disturbances remember it), both as
        logarithms under the log link or a lognormal likelihood, divided by the root mean square
        within the unit; NaN in weeks at the floor of the outcome. ``fitted`` (time, unit): the
        posterior mean (geometric mean on the log scale), original units; for a hurdle, the distance
        from the floor. ``acf`` (lag, unit): autocorrelation, 1 at lag 0. ``acf_band`` (unit):
        half-width of the 95% band of an uncorrelated series.
    """
    observed = tree["observed_data"].to_dataset()["outcome"].transpose("time", "unit")
    scale = residual_scale(tree, "outcome")
    draws = conditional_location(tree, "outcome")
    if scale.log:
        draws = draws.copy(data=np.log(draws.values))
    fitted = draws.mean(("chain", "draw")).transpose("time", "unit")
    if scale.log:
        fitted = fitted.copy(data=np.exp(fitted.values))
    residual = observed.copy(data=scale.residual(observed.values, fitted.values))
    spread = (residual**2).mean("time") ** 0.5
    residual = residual / spread.where(spread > 0, 1.0)
    lags = min(2 * MAX_LAGS, residual.sizes["time"] - 1)
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
    """Ljung-Box, Breusch-Pagan and, for a normal likelihood, Shapiro-Wilk tests.

    A fit whose disturbances remember, because independent ones were autocorrelated, warns of what
    that leaves open.

    Each unit is tested separately; the smallest p-value, times the number of units (Bonferroni), is
    compared with 0.01. Series shorter than `MIN_WEEKS` are not tested.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with groups ``posterior`` and ``observed_data``.
    """
    memory = _memory_checks(tree)
    fit = standardised_residuals(tree)
    if fit.sizes["time"] < MIN_WEEKS:
        return memory
    names = ["ljung_box", "breusch_pagan"]
    if tree.attrs.get("likelihood") != "student_t":
        names.append("shapiro_wilk")
    checks = memory
    for name in names:
        p_values = np.array(
            [
                _p_value(name, residual, fitted)
                for residual, fitted in zip(
                    fit["residual"].values.T, fit["fitted"].values.T, strict=True
                )
            ]
        )
        worst = int(p_values.argmin())
        p = min(1.0, float(p_values[worst]) * len(p_values))
        good = p >= WARN_BELOW
        unit = f" in {fit['unit'].values[worst]}" if len(p_values) > 1 and not good else ""
        message = f"{MESSAGES[name][0 if good else 1]} (p = {p:.2g}{unit})."
        checks.append(Check(GROUP, name, p, WARN_BELOW, "pass" if good else "warn", message))
    return checks


def _memory_checks(tree: xr.DataTree) -> list[Check]:
    reason = tree.attrs.get("errors_reason")
    if reason is None:
        return []
    message = (
        f"{capitalised(reason)}; in this fit they remember, which corrects the intervals and no "
        "bias: if what lasts moves advertising too, or is a path that the model lacks, add it."
    )
    return [Check(GROUP, "memory", None, None, "warn", message)]


def _p_value(name: str, residual: np.ndarray, fitted: np.ndarray) -> float:
    present = ~np.isnan(residual)
    residual, fitted = residual[present], fitted[present]
    if residual.size < MIN_WEEKS or np.ptp(residual) == 0:
        return 1.0
    if name == "ljung_box":
        lags = min(MAX_LAGS, len(residual) // 5)
        return float(acorr_ljungbox(residual, lags=[lags])["lb_pvalue"].iloc[0])
    if name == "breusch_pagan":
        if np.ptp(fitted) == 0:
            return 1.0
        scaled = (fitted - fitted.mean()) / fitted.std()
        return float(het_breuschpagan(residual, np.column_stack([np.ones(len(scaled)), scaled]))[1])
    with warnings.catch_warnings():  # above 5,000 weeks the p-value is only approximate
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
