"""Conflict checks between the lift tests and the rest of the data.

A fit to a lift test lies closer to that test than the rest of the data would put it, so a plain
predictive p-value has almost no power. With m and v the posterior mean and variance of the lift, y
the measured lift and s its standard error, leaving the test out of a normal posterior gives

    z = (y - m) / sqrt(s^2 - v),

the difference between the measured lift and the estimate from the rest of the data, over its
standard deviation; it is standard normal if both estimate the same quantity. This is the
cross-validatory conflict of Marshall, Spiegelhalter (2007), *Identifying outliers in Bayesian
hierarchical models: a simulation-based approach*, and Presanis et al. (2013), *Conflict diagnostics
in directed acyclic graphs*, in closed form. Where the rest of the data hardly inform the lift (v
near s^2), the variance is kept at `MIN_VARIANCE_SHARE` of s^2 or more, so that Monte Carlo error is
not mistaken for a conflict.

P-values are two-sided and adjusted over the tests by Holm's method; one below 0.05 warns.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import ndtr

from mmm_bayes.data.experiments import contradictions
from mmm_bayes.diagnostics.check import Check
from mmm_bayes.diagnostics.multiplicity import holm
from mmm_bayes.diagnostics.predictive import WARN_BELOW
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.text import number

GROUP = "experiments"
MIN_VARIANCE_SHARE = 0.1


def experiment_checks(tree: xr.DataTree) -> list[Check]:
    """One check of each lift test against the rest of the data.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit; there are no checks without ``lift_mean`` in its posterior.
    """
    posterior = tree["posterior"].to_dataset()
    if "lift_mean" not in posterior:
        return []
    constant = tree["constant_data"].to_dataset()
    error = constant["lift_error"].values
    measured = tree["observed_data"].to_dataset()["lift"].values
    draws = posterior["lift_mean"].transpose(..., "experiment").values.reshape(-1, error.size)
    p_values = 2 * ndtr(-np.abs(conflict_scores(measured, error, draws)))
    adjusted = holm(p_values)
    names = [str(name) for name in posterior["experiment"].values]
    against = dict.fromkeys(names, "")
    for first, second in contradictions(constant) if "tested_channel" in constant else ():
        against[names[first]], against[names[second]] = names[second], names[first]
    return [
        _check(index, *values, against=against[values[0]])
        for index, values in enumerate(
            zip(names, measured, error, draws.T, adjusted, strict=True), start=1
        )
    ]


def conflict_scores(measured: np.ndarray, error: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """z-score of the difference between each lift test and the rest of the data.

    Parameters
    ----------
    measured, error : array, shape (experiment,)
        Measured lift and its standard error, in units of the outcome.
    draws : array, shape (sample, experiment)
        Posterior draws of the lift, from a fit that includes the tests.

    Returns
    -------
    array, shape (experiment,)
    """
    variance = np.maximum(error**2 - draws.var(axis=0), MIN_VARIANCE_SHARE * error**2)
    return (measured - draws.mean(axis=0)) / np.sqrt(variance)


def _check(
    index: int,
    name: str,
    measured: float,
    error: float,
    draws: np.ndarray,
    p: float,
    *,
    against: str,
) -> Check:
    lower, upper = np.quantile(draws, INTERVAL)
    measured_text, error_text, mean_text, lower_text, upper_text = map(
        number, (measured, error, float(draws.mean()), lower, upper)
    )
    message = (
        f"Experiment {name}: measured {measured_text} (standard error {error_text}); the model "
        f"estimates {mean_text} ({lower_text} to {upper_text}, 90%)"
    )
    good = bool(p >= WARN_BELOW)
    if good:
        message += "; the two agree."
    elif against:
        message += (
            f": it disagrees with the rest of the data (p = {p:.2g}), of which another test of the "
            f"same channel in the same weeks, {against}, is a part. The two can't both be true: "
            "correct or remove one of them."
        )
    else:
        message += (
            f": the experiment and the rest of the data disagree (p = {p:.2g}). Look for other "
            "events in those weeks, and for causes of both this channel's spend and the outcome."
        )
    return Check(GROUP, f"lift_{index}", float(p), WARN_BELOW, "pass" if good else "warn", message)
