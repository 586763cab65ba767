"""Score test of constant media effects.

If the effect of a channel grows by ``2 b`` over the weeks, a model with a constant effect leaves
``b (2 t - 1) contribution_t`` in its residuals, with t running from 0 to 1. The residuals are
therefore regressed on that column, together with everything the model fitted: the unit's level, the
covariates, and the derivatives of each channel's contribution with respect to its coefficient and
shape parameters. A linear trend is always added, whether or not the model has one. The t-test of
the slope b tests the hypothesis that the effect is constant. Each channel is tested, and all
channels jointly with a common b; the p-values are adjusted over these tests (Holm). Fitted columns
are projected out unit by unit, since each unit may have its own parameters; the slope is common to
all units.

An omitted cause of the outcome that lasts for weeks can look like a changing effect: where the
residuals are autocorrelated for another reason, the test rejects too often.

Source: Breusch, Pagan (1980), *The Lagrange multiplier test and its applications to model
specification in econometrics*; Davidson, MacKinnon (2004), *Econometric theory and methods*,
section 6.7, for the regression on the model's derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import t as student_t

from mmm_bayes.diagnostics.check import Check, Status
from mmm_bayes.diagnostics.multiplicity import holm
from mmm_bayes.diagnostics.predictive import FAIL_BELOW, WARN_BELOW
from mmm_bayes.diagnostics.residuals import standardised_residuals
from mmm_bayes.model.media import Media
from mmm_bayes.text import capitalised, join_names

Array = NDArray[np.float64]

GROUP = "change"
#: Relative size below which singular values, and columns after projection, count as zero.
NEGLIGIBLE = 1e-6
#: Fewest residual degrees of freedom, over all units, for a test.
MIN_RESIDUAL_DF = 12


@dataclass(frozen=True)
class SlopeTest:
    """Test of a linear change of the effect of one channel, or of all jointly (``""``).

    Attributes
    ----------
    slope : float
        Half the growth of the effect over the weeks, as a share of its mean.
    p_value : float
        Two-sided, not adjusted.
    """

    channel: str
    slope: float
    p_value: float


def change_checks(tree: xr.DataTree, media: Media | None) -> list[Check]:
    """Check that the effects are constant; no check for a model with time-varying effects.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with its posterior, observed and constant data.
    media : Media or None
        Media of the same fit.
    """
    tests = slope_tests(tree, media)
    if not tests:
        return []
    adjusted = holm([test.p_value for test in tests])
    smallest = float(adjusted.min())
    changed = [test for test, p in zip(tests, adjusted, strict=True) if p < WARN_BELOW]
    status: Status = "fail" if smallest < FAIL_BELOW else "warn" if changed else "pass"
    message = _message(changed, smallest)
    return [Check(GROUP, "constant_effect", smallest, FAIL_BELOW, status, message)]


def slope_tests(tree: xr.DataTree, media: Media | None) -> tuple[SlopeTest, ...]:
    """Test of each channel that acts on the outcome, then of all of them jointly.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with its posterior, observed and constant data.
    media : Media or None
        Media of the same fit.

    Returns
    -------
    tuple of SlopeTest
        Empty if the effects vary over time, the media are unknown, or there are too few weeks.
    """
    if media is None or "effectiveness" in tree["posterior"]:
        return ()
    residual, weight = _weighted_residuals(tree)
    posterior = tree["posterior"].to_dataset()
    phi = float(posterior["phi"].mean()) if "phi" in posterior else 0.0
    weeks, units = residual.shape
    channels = [str(name) for name in media.contribution["channel"].values]
    contributions = media.contribution.transpose("time", "unit", "channel").values
    derivatives = media.derivatives.transpose("unit", "time", "parameter", "channel").values
    covariates = media.covariates.transpose("time", "unit", "covariate").values
    trend = np.linspace(-1, 1, weeks)
    responses, regressors, degrees = [], [], 0
    for unit in range(units):
        contribution = contributions[:, unit]
        level = [np.ones(weeks), trend, covariates[:, unit]]
        fitted = np.column_stack([*level, contribution, derivatives[unit].reshape(weeks, -1)])
        slope = contribution * trend[:, None]
        columns = np.column_stack([residual[:, unit], slope, slope.sum(1)])
        columns[:, 1:] = _innovations(columns[:, 1:] * weight[:, unit, None], phi)
        columns[0, 0] *= np.sqrt(1 - phi**2)  # the first week's is the whole disturbance
        fitted = _innovations(fitted * weight[:, unit, None], phi)
        projected, rank = _project_out(columns, fitted)
        responses.append(projected[:, 0])
        identified = _remains(projected[:, 1:], columns[:, 1:])
        regressors.append(np.where(identified, projected[:, 1:], 0.0))
        degrees += weeks - rank
    if degrees < MIN_RESIDUAL_DF:
        return ()
    y, x = np.concatenate(responses), np.concatenate(regressors)
    return tuple(
        _slope_test(name, y, column, degrees - 1)
        for name, column in zip([*channels, ""], x.T, strict=True)
        if column.any()
    )


def _slope_test(name: str, y: Array, x: Array, degrees: int) -> SlopeTest:
    """t-test of the slope of y on x, without an intercept."""
    slope = float(x @ y / (x @ x))
    error = np.sqrt(((y - slope * x) ** 2).sum() / degrees / (x @ x))
    p = float(2 * student_t.sf(abs(slope) / error, degrees)) if error > 0 else 1.0
    return SlopeTest(name, slope, p)


def _weighted_residuals(tree: xr.DataTree) -> tuple[Array, Array]:
    """Standardised residuals, and their change per unit of the linear predictor.

    Returns
    -------
    tuple of array, shape (time, unit)
    """
    fit = standardised_residuals(tree).transpose("time", "unit", ...)
    observed = tree["observed_data"].to_dataset()["outcome"].transpose("time", "unit").values
    fitted = fit["fitted"].values
    scale = tree["constant_data"].to_dataset()["outcome_scale"].values
    if tree.attrs.get("link") == "log":
        residual, weight = np.log(observed / fitted), np.ones(observed.shape)
    elif tree.attrs.get("likelihood") == "lognormal":
        residual, weight = np.log(observed / fitted), scale / fitted
    else:
        residual, weight = observed - fitted, scale * np.ones(observed.shape)
    spread = np.sqrt((residual**2).mean(0))
    return fit["residual"].values, weight / np.where(spread > 0, spread, 1.0)


def _innovations(columns: Array, phi: float) -> Array:
    """Columns (time, column) less `phi` times the row before, the first row scaled to match."""
    new = columns.copy()
    new[0] *= np.sqrt(1 - phi**2)
    new[1:] -= phi * columns[:-1]
    return new


def _project_out(columns: Array, fitted: Array) -> tuple[Array, int]:
    """Residuals of columns regressed on the fitted ones, and the rank of the fitted ones."""
    size = np.sqrt((fitted**2).sum(0))
    left, values, _ = np.linalg.svd(fitted[:, size > 0] / size[size > 0], full_matrices=False)
    basis = left[:, values > NEGLIGIBLE * values[0]]
    return columns - basis @ (basis.T @ columns), basis.shape[1]


def _remains(projected: Array, columns: Array) -> NDArray[np.bool_]:
    """True for columns that are more than rounding error after the projection."""
    return np.asarray((projected**2).sum(0) > NEGLIGIBLE**2 * (columns**2).sum(0))


def _message(changed: list[SlopeTest], smallest: float) -> str:
    p = f"(p = {smallest:.2g}, adjusted over the tests)"
    if not changed:
        return f"The residuals show no change in the effect of advertising over the weeks {p}."
    tests = [test for test in changed if test.channel] or changed
    fallen = [test.channel or "all channels together" for test in tests if test.slope < 0]
    risen = [test.channel or "all channels together" for test in tests if test.slope > 0]
    parts = [
        f"the effect of {join_names(names)} seems to have {verb} over the weeks"
        for names, verb in ((fallen, "fallen"), (risen, "risen"))
        if names
    ]
    sentence = " and ".join(parts)
    return (
        f"{capitalised(sentence)} {p}: a constant effect describes them badly. Fit the "
        "model time_varying, whose effects may change; an omitted cause that lasts for weeks can "
        "look the same."
    )
