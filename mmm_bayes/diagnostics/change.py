"""Does advertising still do what it did? A score test of a constant effect.

If the effect of a channel grows by ``2 b`` over the weeks, the outcome of a model in which it is
constant misses ``b (2 t - 1) contribution_t``, with t running from 0 to 1. So the residuals are
regressed on that, beside everything the model fitted: the unit's level, the covariates, and the
derivatives of each channel's contribution by its share, retention, half-saturation and slope; and
beside a straight trend, whether the model has one or not, since that could be anything. The t-test
of what is left of the slope is that of an effect that does not change. Each channel is tested, and
all of them together by one b; the p-values are adjusted over these tests (Holm). Units are
projected one by one, as each may have parameters of its own, and tested jointly.

A cause of the outcome that lasts for weeks and is in no column can look like a changing effect:
where the misses of neighbouring weeks are alike for another reason, the test rejects too often.

Source: Breusch, Pagan (1980), *The Lagrange multiplier test and its applications to model
specification in econometrics*; Davidson, MacKinnon (2004), *Econometric theory and methods*,
section 6.7, for the regression on the model's derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import t as student_t

from mmm_bayes.diagnostics.check import Check, Status
from mmm_bayes.diagnostics.predictive import FAIL_BELOW, WARN_BELOW, holm
from mmm_bayes.diagnostics.residuals import residuals
from mmm_bayes.transforms import carry_over, geometric_weights, hill

Array = NDArray[np.float64]

GROUP = "change"
SHAPES = ("adstock_alpha", "saturation_kappa", "saturation_slope")
#: Step of a numerical derivative, on the logit or logarithmic scale of the parameter.
STEP = 1e-4
#: What is left of a column beside the others, as a share of it, below which nothing is tested.
NOTHING = 1e-6
#: Weeks that must be left over, all units together, after everything that is fitted.
FEWEST = 12


@dataclass(frozen=True)
class Slope:
    """The test of one channel, or of all together (``""``).

    Attributes
    ----------
    channel : str
    b : float
        Half the growth of the effect over the weeks, as a share of its mean.
    p : float
        Two-sided, not adjusted.
    """

    channel: str
    b: float
    p: float


def change_checks(tree: xr.DataTree) -> list[Check]:
    """One check of an effect that is constant; none for a model in which it need not be.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit: posterior, observed and constant data.
    """
    found = slopes(tree)
    if not found:
        return []
    adjusted = holm(np.array([one.p for one in found]))
    worst = float(adjusted.min())
    named = [one for one, p in zip(found, adjusted, strict=True) if p < WARN_BELOW]
    status: Status = "fail" if worst < FAIL_BELOW else "warn" if named else "pass"
    return [Check(GROUP, "constant_effect", worst, FAIL_BELOW, status, _says(named, worst))]


def slopes(tree: xr.DataTree) -> tuple[Slope, ...]:
    """Test every channel that acts on the outcome, then all of them together.

    Parameters
    ----------
    tree : xarray.DataTree

    Returns
    -------
    tuple of Slope
        Empty where there is nothing to test: the model's effects change, it lacks the parameters
        that others have, or the weeks are too few.
    """
    posterior = tree["posterior"].to_dataset()
    data = tree["constant_data"].to_dataset() if "constant_data" in tree.children else xr.Dataset()
    known = {"beta", *SHAPES} <= set(posterior) and "exposure_lags" in data
    if not known or "effectiveness" in posterior:
        return ()
    residual, weight = _residual(tree)
    weeks, units = residual.shape
    channels = [str(name) for name in data["channel"].values]
    lags = data["exposure_lags"].transpose("time", "unit", "channel", "lag").values
    covariates = data["covariates"].transpose("time", "unit", "covariate").values
    late = np.linspace(-1, 1, weeks)
    left, tested, free = [], [], 0
    for unit in range(units):
        beta, *shape = (_mean(posterior, name, unit) for name in ("beta", *SHAPES))
        contribution, derivatives = _media(lags[:, unit], beta, shape)
        level = [np.ones(weeks), late, covariates[:, unit]]
        fitted = np.column_stack([*level, contribution, *derivatives])
        slope = contribution * late[:, None]
        columns = np.column_stack([residual[:, unit], slope, slope.sum(1)])
        columns[:, 1:] *= weight[:, unit, None]
        beside, rank = _beside(columns, fitted * weight[:, unit, None])
        left.append(beside[:, 0])
        tested.append(np.where(_some(beside[:, 1:], columns[:, 1:]), beside[:, 1:], 0.0))
        free += weeks - rank
    if free < FEWEST:
        return ()
    y, x = np.concatenate(left), np.concatenate(tested)
    return tuple(
        _tested(name, y, column, free - 1)
        for name, column in zip([*channels, ""], x.T, strict=True)
        if column.any()
    )


def _tested(name: str, y: Array, x: Array, free: int) -> Slope:
    b = float(x @ y / (x @ x))
    spread = np.sqrt(((y - b * x) ** 2).sum() / free / (x @ x))
    return Slope(name, b, float(2 * student_t.sf(abs(b) / spread, free)) if spread > 0 else 1.0)


def _mean(posterior: xr.Dataset, name: str, unit: int) -> Array:
    """Posterior mean by channel, a unit's own where it has one."""
    own = f"unit_{name}"
    values = posterior[own if own in posterior else name].mean(("chain", "draw"))
    return np.asarray(values.isel(unit=unit).values if "unit" in values.dims else values.values)


def _media(lags: Array, beta: Array, shape: list[Array]) -> tuple[Array, list[Array]]:
    """Contributions of the channels, shape (time, channel), and their derivatives by the shape."""
    alpha, kappa, slope = shape
    memory = lags.shape[-1]

    def response(alpha: Array, kappa: Array, slope: Array) -> Array:
        made: Any = hill(carry_over(lags, geometric_weights(alpha, memory)), kappa, slope)
        return np.asarray(made)

    base = response(alpha, kappa, slope)
    mean = base.mean(0)
    scale = beta / np.where(mean > 0, mean, 1.0)
    odds = alpha / (1 - alpha) * np.exp(STEP)
    moved = (
        response(odds / (1 + odds), kappa, slope),
        response(alpha, kappa * np.exp(STEP), slope),
        response(alpha, kappa, slope * np.exp(STEP)),
    )
    return base * scale, [(one - base) / STEP * scale for one in moved]


def _residual(tree: xr.DataTree) -> tuple[Array, Array]:
    """Standardised residuals, and what a unit of the linear predictor is worth in them.

    Returns
    -------
    tuple of array, shape (time, unit)
    """
    found = residuals(tree).transpose("time", "unit", ...)
    observed = tree["observed_data"].to_dataset()["outcome"].transpose("time", "unit").values
    fitted = found["fitted"].values
    scale = tree["constant_data"].to_dataset()["outcome_scale"].values
    if tree.attrs.get("link") == "log":
        left, worth = np.log(observed / fitted), np.ones(observed.shape)
    elif tree.attrs.get("likelihood") == "lognormal":
        left, worth = np.log(observed / fitted), scale / fitted
    else:
        left, worth = observed - fitted, scale * np.ones(observed.shape)
    spread = np.sqrt((left**2).mean(0))
    return found["residual"].values, worth / np.where(spread > 0, spread, 1.0)


def _beside(columns: Array, fitted: Array) -> tuple[Array, int]:
    """What is left of columns beside others, and the rank of the others."""
    size = np.sqrt((fitted**2).sum(0))
    left, values, _ = np.linalg.svd(fitted[:, size > 0] / size[size > 0], full_matrices=False)
    basis = left[:, values > NOTHING * values[0]]
    return columns - basis @ (basis.T @ columns), basis.shape[1]


def _some(left: Array, whole: Array) -> NDArray[np.bool_]:
    return np.asarray((left**2).sum(0) > NOTHING**2 * (whole**2).sum(0))


def _says(named: list[Slope], worst: float) -> str:
    p = f"(p = {worst:.2g}, adjusted over the tests)"
    if not named:
        return f"The misses do not say that the effect of advertising changed over the weeks {p}."
    channels = [one for one in named if one.channel] or named
    less = [one.channel or "all channels together" for one in channels if one.b < 0]
    more = [one.channel or "all channels together" for one in channels if one.b > 0]
    parts = [
        f"{', '.join(names)} {words}"
        for names, words in ((less, "less late than early"), (more, "more late than early"))
        if names
    ]
    return (
        f"Advertising seems to do, beside what the model fitted, {'; '.join(parts)} {p}: one "
        "effect for all weeks describes none of them. Fit the model time_varying, in which it may "
        "change; a missing cause that lasts for weeks can look the same."
    )
