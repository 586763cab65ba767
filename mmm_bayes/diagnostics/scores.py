"""How well predictive draws predict: accuracy of their middle, honesty of their intervals."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.diagnostics.check import Check, Status, finite
from mmm_bayes.diagnostics.predictive import FAIL_BELOW, WARN_BELOW, p_value
from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

GROUP = "holdout"
NEAR_ZERO = 0.01  # of the unit's mean: weeks this close to zero have no percentage error


def scores(observed: xr.DataArray, draws: xr.DataArray) -> dict[str, float | None]:
    """Score predictive draws against what happened.

    Parameters
    ----------
    observed : xarray.DataArray, dims (time, unit), original units
    draws : xarray.DataArray, dims (chain, draw, time, unit)

    Returns
    -------
    dict of str to float or None
        The prediction of a week is the median of its draws, which exists for every likelihood.

        ``r2``: 1 - sum of squared errors / sum of squared deviations from each unit's own mean
        over these weeks; None if the outcome is constant. ``rmse``, original units. ``mape``:
        mean of |error / observed|, a share, over the weeks whose outcome is at least 1% of its
        unit's mean; ``mape_left_out`` is the number of the others. ``crps``: mean continuous
        ranked probability score, original units, smaller is better; None where the draws have no
        finite mean. ``coverage_90``: share of weeks inside their 90% equal-tailed interval.
        ``weeks``: number of values scored.
    """
    y, x = arrays(observed, draws)
    error = y - np.median(x, axis=0)
    total = ((y - y.mean(axis=0)) ** 2).sum()
    kept = np.abs(y) >= NEAR_ZERO * np.abs(y).mean(axis=0)
    kept &= y != 0
    with np.errstate(over="ignore", invalid="ignore"):
        found: dict[str, float | None] = {
            "r2": 1 - (error**2).sum() / total if total > 0 else None,
            "rmse": np.sqrt((error**2).mean()),
            "mape": np.abs(error[kept] / y[kept]).mean() if kept.any() else None,
            "mape_left_out": float((~kept).sum()),
            "crps": crps(y, x).mean(),
            "coverage_90": float(covered(y, x).mean()),
            "weeks": float(y.size),
        }
    return {name: finite(value) for name, value in found.items()}


def crps(observed: Array, draws: Array) -> Array:
    """Continuous ranked probability score, by its fair estimator.

        E|X - y| - E|X - X'| / 2,

    the second mean over distinct pairs of draws, so that it is unbiased for any number of draws
    (Ferro 2014, *Fair scores for ensemble forecasts*); pairs are summed in sorted order (Gneiting,
    Raftery 2007, *Strictly proper scoring rules, prediction, and estimation*).

    Parameters
    ----------
    observed : array, shape (...)
    draws : array, shape (sample, ...)
        At least two.
    """
    number = len(draws)
    ordered = np.sort(draws, axis=0)
    rank = np.arange(1, number + 1).reshape(-1, *(1,) * observed.ndim)
    pairs = ((2 * rank - number - 1) * ordered).sum(axis=0)  # sum over i < j of x_j - x_i
    return np.asarray(np.abs(draws - observed).mean(axis=0) - pairs / (number * (number - 1)))


def covered(observed: Array, draws: Array) -> NDArray[np.bool_]:
    """Whether each value lies in the 90% equal-tailed interval of its draws (sample first).

    Parameters
    ----------
    observed : array, shape (...)
    draws : array, shape (sample, ...)
    """
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    return np.asarray((lower <= observed) & (observed <= upper))


def holdout_checks(tree: xr.DataTree) -> list[Check]:
    """Check the forecast of the weeks that the second fit did not see; none if there is none.

    The coverage is compared with that of tables drawn from the forecast itself. Errors of the
    parameters are shared by all weeks, so the number of weeks covered varies more than a binomial
    one, and its band would ring false alarms.
    """
    if "predictions" not in tree.children or "predictions_observed" not in tree.children:
        return []
    observed, draws = (
        tree["predictions_observed"].to_dataset()["outcome"],
        tree["predictions"].to_dataset()["outcome"],
    )
    y, x = arrays(observed, draws)
    inside = float(covered(y, x).mean())
    lower, upper = np.quantile(x, INTERVAL, axis=0)
    expected = ((lower <= x) & (x <= upper)).mean(axis=(-2, -1))
    p = p_value(inside, expected)
    status: Status = "pass" if p >= WARN_BELOW else "warn"
    if p < FAIL_BELOW and inside < 0.9:
        status = "fail"
    says = f"{inside:.0%} of the {y.size} unseen values lie in their 90% predictive intervals"
    if status != "pass":
        wrong = "narrow: the forecast claims too much" if inside < 0.9 else "wide"
        says += f", so these intervals are too {wrong}"
    checks = [Check(GROUP, "coverage_90", inside, 0.9, status, f"{says}.")]
    r2 = scores(observed, draws)["r2"]
    if r2 is not None:
        checks.append(
            Check(
                GROUP, "r2", r2, 0.0, "pass" if r2 >= 0 else "warn",
                f"On unseen weeks the model explains {r2:.0%} of the outcome's variance."
                if r2 >= 0
                else f"On unseen weeks the model predicts worse than their mean would "
                f"(R² {r2:.2f}), so do not use it to forecast.",
            )
        )  # fmt: skip
    return checks


def arrays(observed: xr.DataArray, draws: xr.DataArray) -> tuple[Array, Array]:
    """Values (time, unit) and draws (sample, time, unit) as plain arrays."""
    y = np.asarray(observed.transpose("time", "unit").values, dtype=float)
    x = np.asarray(draws.transpose("chain", "draw", "time", "unit").values, dtype=float)
    return y, x.reshape(-1, *y.shape)
