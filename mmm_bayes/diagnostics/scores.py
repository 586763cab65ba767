"""Scores of predictive draws: accuracy of their median and calibration of their intervals."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.diagnostics.check import Check, Status, finite_or_none
from mmm_bayes.diagnostics.predictive import FAIL_BELOW, WARN_BELOW, two_sided_p_value
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.text import number

Array = NDArray[np.float64]

GROUP = "holdout"
#: Smallest outcome, as a share of the unit's mean, for which a percentage error is computed.
NEAR_ZERO = 0.01


def predictive_scores(observed: xr.DataArray, draws: xr.DataArray) -> dict[str, float | None]:
    """Scores of predictive draws against the observed outcome.

    The point prediction of a week is the median of its draws, which exists for every likelihood.

    Parameters
    ----------
    observed : xarray.DataArray, dims (time, unit)
        Original units.
    draws : xarray.DataArray, dims (chain, draw, time, unit)
        Predictive draws, original units.

    Returns
    -------
    dict of str to float or None
        ``r2``: 1 - sum of squared errors / sum of squared deviations from each unit's own mean
        over these weeks; None if the outcome is constant. ``rmse``, original units. ``mape``:
        mean of |error / observed|, a share, over the weeks whose outcome is at least 1% of its
        unit's mean; ``mape_left_out`` is the number of the others. ``crps``: mean continuous
        ranked probability score, original units, smaller is better; None where the draws have no
        finite mean. ``coverage_90``: share of weeks inside their 90% equal-tailed interval.
        ``weeks``: number of values scored.
    """
    y, x = to_arrays(observed, draws)
    error = y - np.median(x, axis=0)
    total = ((y - y.mean(axis=0)) ** 2).sum()
    kept = np.abs(y) >= NEAR_ZERO * np.abs(y).mean(axis=0)
    kept &= y != 0
    with np.errstate(over="ignore", invalid="ignore"):
        values: dict[str, float | None] = {
            "r2": 1 - (error**2).sum() / total if total > 0 else None,
            "rmse": np.sqrt((error**2).mean()),
            "mape": np.abs(error[kept] / y[kept]).mean() if kept.any() else None,
            "mape_left_out": float((~kept).sum()),
            "crps": crps(y, x).mean(),
            "coverage_90": float(inside_interval(y, x).mean()),
            "weeks": float(y.size),
        }
    return {name: finite_or_none(value) for name, value in values.items()}


def crps(observed: Array, draws: Array) -> Array:
    """Continuous ranked probability score, by the fair estimator.

        E|X - y| - E|X - X'| / 2,

    the second mean over distinct pairs of draws, so that it is unbiased for any number of draws
    (Ferro 2014, *Fair scores for ensemble forecasts*); pairs are summed in sorted order (Gneiting,
    Raftery 2007, *Strictly proper scoring rules, prediction, and estimation*).

    Parameters
    ----------
    observed : array, shape (...)
        Any unit.
    draws : array, shape (sample, ...)
        At least two predictive draws, in the same unit.

    Returns
    -------
    array, shape (...)
        In the same unit; smaller is better.
    """
    number = len(draws)
    ordered = np.sort(draws, axis=0)
    rank = np.arange(1, number + 1).reshape(-1, *(1,) * observed.ndim)
    pairs = ((2 * rank - number - 1) * ordered).sum(axis=0)  # sum over i < j of x_j - x_i
    return np.asarray(np.abs(draws - observed).mean(axis=0) - pairs / (number * (number - 1)))


def inside_interval(observed: Array, draws: Array) -> NDArray[np.bool_]:
    """True for values in the 90% equal-tailed interval of their draws.

    Parameters
    ----------
    observed : array, shape (...)
        Any unit.
    draws : array, shape (sample, ...)
        In the same unit.

    Returns
    -------
    array of bool, shape (...)
    """
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    return np.asarray((lower <= observed) & (observed <= upper))


def holdout_checks(tree: xr.DataTree) -> list[Check]:
    """Checks of the forecast of the holdout weeks; none without a holdout.

    The coverage is compared with that of tables drawn from the forecast itself. Parameter errors
    are common to all weeks, so the number of covered weeks varies more than a binomial one, and a
    binomial test would give false alarms.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit; its holdout is in the groups ``predictions`` and ``predictions_observed``.
    """
    if "predictions" not in tree.children or "predictions_observed" not in tree.children:
        return []
    observed, draws = (
        tree["predictions_observed"].to_dataset()["outcome"],
        tree["predictions"].to_dataset()["outcome"],
    )
    y, x = to_arrays(observed, draws)
    inside = float(inside_interval(y, x).mean())
    lower, upper = np.quantile(x, INTERVAL, axis=0)
    expected = ((lower <= x) & (x <= upper)).mean(axis=(-2, -1))
    p = two_sided_p_value(inside, expected)
    status: Status = "pass" if p >= WARN_BELOW else "warn"
    if p < FAIL_BELOW and inside < 0.9:
        status = "fail"
    message = f"{inside:.0%} of the {y.size} holdout values lie in their 90% predictive intervals"
    if status != "pass":
        fault = "narrow: the forecast is overconfident" if inside < 0.9 else "wide"
        message += f", so these intervals are too {fault}"
    checks = [Check(GROUP, "coverage_90", inside, 0.9, status, f"{message}.")]
    r2 = predictive_scores(observed, draws)["r2"]
    if r2 is not None:
        checks.append(_r2_check(r2, y, x, _past_mean(tree, observed)))
    return checks


def _past_mean(tree: xr.DataTree, observed: xr.DataArray) -> Array:
    """Mean outcome of each unit before the holdout, shape (unit,)."""
    outcome = tree["observed_data"].to_dataset()["outcome"]
    before = outcome["time"] < observed["time"].values[0]
    return np.asarray(outcome.isel(time=np.flatnonzero(before)).mean("time").values, dtype=float)


def _r2_check(r2: float, y: Array, x: Array, past: Array) -> Check:
    """Check of R²: one below 0 fails if the mean of the past would have predicted better.

    Where the outcome has little to predict, a good forecast is close to the mean of the past, and
    which of the two comes closer is chance. So it fails only if tables drawn from the forecast
    itself seldom (in `WARN_BELOW` of them) favour the mean of the past as much.

    Parameters
    ----------
    y : array, shape (time, unit)
        Observed outcome.
    x : array, shape (sample, time, unit)
        Predictive draws.
    past : array, shape (unit,)
        Mean outcome before these weeks.
    """
    if r2 >= 0:
        message = f"In the holdout the model explains {r2:.0%} of the variance of the outcome."
        return Check(GROUP, "r2", r2, 0.0, "pass", message)
    skill = _skill(y, np.median(x, axis=0), past)
    seldom = float((_skill(x, np.median(x, axis=0), past) <= skill).mean()) < WARN_BELOW
    status: Status = "fail" if skill < 0 and seldom else "warn"
    reference = "of the weeks before" if skill < 0 else "of those weeks"
    return Check(
        GROUP, "r2", r2, 0.0, status,
        f"In the holdout the model predicts worse than the mean {reference} would "
        f"(R² {number(r2)}), so do not use it to forecast.",
    )  # fmt: skip


def _skill(y: Array, point: Array, past: Array) -> Array:
    """Share by which a forecast's squared error is below that of the mean of the past.

    Parameters
    ----------
    y : array, shape (..., time, unit)
    point : array, shape (time, unit)
    past : array, shape (unit,)

    Returns
    -------
    array, shape (...)
    """
    error, reference = (((y - forecast) ** 2).sum((-2, -1)) for forecast in (point, past))
    return np.asarray(1 - error / reference)


def to_arrays(observed: xr.DataArray, draws: xr.DataArray) -> tuple[Array, Array]:
    """Observed values, shape (time, unit), and draws, shape (sample, time, unit).

    Parameters
    ----------
    observed : xarray.DataArray, dims (time, unit)
    draws : xarray.DataArray, dims (chain, draw, time, unit)
    """
    y = np.asarray(observed.transpose("time", "unit").values, dtype=float)
    x = np.asarray(draws.transpose("chain", "draw", "time", "unit").values, dtype=float)
    return y, x.reshape(-1, *y.shape)
