"""Do the lift tests and the rest of the data agree?

A fit that a test has informed lies closer to the test than the rest of the data would put it, so a
plain predictive p-value sees next to nothing. With m and v the posterior mean and variance of the
lift, y the measured lift and s its standard error, leaving the test out of a normal posterior gives

    z = (y - m) / sqrt(s^2 - v),

which is standard normal if the test and all else measure the same: the distance between what the
test says and what the rest says, over its standard deviation. It is the cross-validatory conflict
of Marshall, Spiegelhalter (2007), *Identifying outliers in Bayesian hierarchical models: a
simulation-based approach*, and Presanis et al. (2013), *Conflict diagnostics in directed acyclic
graphs*, in closed form. Where the rest says next to nothing (v near s^2), the variance is held at
`LEAST` of s^2, so that Monte-Carlo error is never taken for a conflict.

The rule. P-values are two-sided, adjusted over the tests by Holm's method; below 0.05 warns.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import ndtr

from mmm_bayes.diagnostics.check import Check
from mmm_bayes.diagnostics.predictive import WARN_BELOW, holm

GROUP = "experiments"
LEAST = 0.1


def experiment_checks(tree: xr.DataTree) -> list[Check]:
    """Hold each lift test against the model that has learnt from it.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit; without ``lift_mean`` in its posterior there is nothing to check.
    """
    posterior = tree["posterior"].to_dataset()
    if "lift_mean" not in posterior:
        return []
    error = tree["constant_data"].to_dataset()["lift_error"].values
    measured = tree["observed_data"].to_dataset()["lift"].values
    draws = posterior["lift_mean"].transpose(..., "experiment").values.reshape(-1, error.size)
    p_values = holm(2 * ndtr(-np.abs(conflict(measured, error, draws))))
    return [
        _check(number, str(name), *values)
        for number, (name, *values) in enumerate(
            zip(posterior["experiment"].values, measured, error, draws.T, p_values, strict=True),
            start=1,
        )
    ]


def conflict(measured: np.ndarray, error: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Distance of each test from the rest of the data, in standard deviations.

    Parameters
    ----------
    measured, error : array, shape (experiment,)
        Lift and standard error.
    draws : array, shape (sample, experiment)
        Posterior of the lift, the test included.
    """
    variance = np.maximum(error**2 - draws.var(axis=0), LEAST * error**2)
    return (measured - draws.mean(axis=0)) / np.sqrt(variance)


def _check(
    number: int, name: str, measured: float, error: float, draws: np.ndarray, p: float
) -> Check:
    lower, upper = np.quantile(draws, [0.05, 0.95])
    says = (
        f"Experiment {name}: measured {measured:,.4g} (standard error {error:,.4g}), the model "
        f"says {draws.mean():,.4g} ({lower:,.4g} to {upper:,.4g}, 90%)"
    )
    good = bool(p >= WARN_BELOW)
    says += (
        "; the two agree."
        if good
        else f": the experiment and the rest of the data disagree (p = {p:.2g}). Look for what "
        "else happened in those weeks, and for what moves both this channel's spend and the "
        "outcome."
    )
    return Check(GROUP, f"lift_{number}", float(p), WARN_BELOW, "pass" if good else "warn", says)
