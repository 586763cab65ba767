"""The log-density of `direct` and `partial_mediation` and its gradient, written out by hand.

What a careful programmer would get from numba for the same numbers: one pass a channel, the
history read in place (no lag is copied), every logarithm and exponential computed once and kept for
the gradient. It is the practical floor that the compiled graph is measured against.

Identity link, normal likelihood, an always-on mediator, one unit. With the mediator's disturbance
independent of the outcome's, `partial_mediation` is two equations of one form that share no
parameter, so `equation` is called twice.

Parameters come as the sampler moves them: logits of retentions, logarithms of what is positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pymc as pm
from scipy.special import betaln

from mmm_bayes.design import Design
from mmm_bayes.terms.media import TINY
from mmm_bayes.terms.priors import used

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
#: log sqrt(2 / pi): what a half-normal's density has at its scale of one.
HALF_NORMAL = 0.5 * np.log(2 / np.pi)


@dataclass(frozen=True)
class Equation:
    """Data and priors of one equation.

    Attributes
    ----------
    starts : array of int, shape (7,)
        Where in the point its parameters begin: intercept, covariates' effects, retention,
        half-saturation, slope, share, sigma.
    observed : array, shape (time,)
        As a multiple of `scale`.
    covariates : array, shape (covariate, time)
    paths : array, shape (channel, history + time)
        Exposure, with the weeks that carry over into the first one.
    max_lag : int
    log_scale : float
    priors : array, shape (9,)
        Mean and standard deviation of the intercept; standard deviation of covariates' effects;
        the retention's two; mean and standard deviation of log half-saturation; of log slope.
    share : array, shape (channel,)
        Prior scale of the shares.
    positive : bool
        Whether shares are half-normal and move as logarithms, or normal.
    sigma : float
        Prior scale of the disturbance.
    log_beta : float
        Logarithm of the beta function at the retention's two.
    """

    starts: np.ndarray
    observed: np.ndarray
    covariates: np.ndarray
    paths: np.ndarray
    max_lag: int
    log_scale: float
    priors: np.ndarray
    share: np.ndarray
    positive: bool
    sigma: float
    log_beta: float

    @property
    def arguments(self) -> tuple[Any, ...]:
        """As `equation` takes them after point and gradient."""
        names = self.__dataclass_fields__
        return tuple(getattr(self, name) for name in names)


def by_hand(model: pm.Model, design: Design) -> Callable[[np.ndarray, np.ndarray], float]:
    """The model's log-density, which writes its gradient into the second argument.

    The point holds the model's free variables in their order, as nutpie joins them.
    """
    equations = [_equation(model, design, "")]
    if "mediator" in model.named_vars:
        equations.append(_equation(model, design, "mediator_"))
    if len(equations) == 1:
        one = equations[0].arguments

        @numba.njit
        def only(point: np.ndarray, gradient: np.ndarray) -> float:
            return equation(point, gradient, *one)

        return only
    first, second = (each.arguments for each in equations)

    @numba.njit
    def both(point: np.ndarray, gradient: np.ndarray) -> float:
        return equation(point, gradient, *first) + equation(point, gradient, *second)

    return both


def _equation(model: pm.Model, design: Design, prefix: str) -> Equation:
    sizes = {name: value.size for name, value in model.initial_point().items()}
    values = [model.rvs_to_values[variable].name for variable in model.free_RVs]
    starts = dict(
        zip(
            (variable.name for variable in model.free_RVs),
            np.cumsum([0, *(sizes[name] for name in values)]).tolist(),
            strict=False,
        )
    )
    arrays = design.arrays.isel(unit=0)
    media = "mediation" if prefix else "adstock"
    curve = "mediation" if prefix else "saturation"
    keys = [
        f"{prefix}intercept", f"{prefix}covariate_effect", f"{media}_alpha", f"{curve}_kappa",
        f"{curve}_slope", "gamma" if prefix else "beta", f"{prefix}sigma",
    ]  # fmt: skip

    prior = {key: parameters for key, (_, parameters) in used(design, model).items()}
    level, effect, alpha, kappa, slope, share, sigma = (prior[key] for key in keys)
    lags = arrays["exposure_lags"].values
    if prefix:
        lags = lags[:, design.causes_at]
    # Row 0 holds the whole history of the first week, the latest first.
    paths = np.concatenate([lags[0, :, :0:-1], lags[:, :, 0].T], axis=1)
    scale = float(arrays[f"{prefix or 'outcome_'}scale"])
    return Equation(
        starts=np.array([starts[key] for key in keys]),
        observed=arrays[f"{prefix or 'outcome_'}observed"].values / scale,
        covariates=np.ascontiguousarray(arrays["covariates"].values.T),
        paths=np.ascontiguousarray(paths),
        max_lag=lags.shape[-1],
        log_scale=float(np.log(scale)),
        priors=np.array(
            [
                level["mu"],
                level["sigma"],
                effect["sigma"],
                alpha["alpha"],
                alpha["beta"],
                kappa["mu"],
                kappa["sigma"],
                slope["mu"],
                slope["sigma"],
            ],
            dtype=float,
        ),
        share=np.broadcast_to(np.asarray(share["sigma"], dtype=float), lags.shape[1]).copy(),
        positive=not prefix,
        sigma=float(sigma["sigma"]),
        log_beta=float(betaln(alpha["alpha"], alpha["beta"])),
    )


@numba.njit(fastmath=True, error_model="numpy")
def equation(
    point, gradient, starts, observed, covariates, paths, max_lag, log_scale,
    priors, share, positive, sigma_scale, log_beta,
):  # fmt: skip
    """Log-density of one equation with its priors; its gradient is written, not added."""
    weeks, channels, columns = observed.size, share.size, covariates.shape[0]
    at_level, at_effect, at_alpha, at_kappa, at_slope, at_share, at_sigma = starts

    response = np.empty((channels, weeks))  # after saturation
    distance = np.empty((channels, weeks))  # log of the exposure over the half-saturation point
    stock = np.empty((channels, weeks))  # after carryover
    weights = np.empty((channels, max_lag))
    totals = np.empty(channels)
    means = np.empty(channels)
    left = observed - point[at_level]
    for p in range(columns):
        effect = point[at_effect + p]
        for t in range(weeks):
            left[t] -= effect * covariates[p, t]

    for c in range(channels):
        alpha = 1.0 / (1.0 + np.exp(-point[at_alpha + c]))
        weight, total = 1.0, 0.0
        for lag in range(max_lag):
            weights[c, lag] = weight
            total += weight
            weight *= alpha
        totals[c] = total
        for lag in range(max_lag):
            weights[c, lag] /= total
        stock[c] = 0.0
        for lag in range(max_lag):
            weight, first = weights[c, lag], max_lag - 1 - lag
            for t in range(weeks):
                stock[c, t] += weight * paths[c, first + t]
        half, slope = point[at_kappa + c], np.exp(point[at_slope + c])
        total = 0.0
        for t in range(weeks):
            if stock[c, t] > 0:
                far = np.log(stock[c, t]) - half
                reached = 1.0 / (1.0 + np.exp(-slope * far))
            else:
                far = reached = 0.0
            distance[c, t] = far
            response[c, t] = reached
            total += reached
        means[c] = total / weeks
        amount = np.exp(point[at_share + c]) if positive else point[at_share + c]
        ceiling = amount / (means[c] + TINY)
        for t in range(weeks):
            left[t] -= ceiling * response[c, t] - amount

    sigma = np.exp(point[at_sigma])
    square = total = 0.0
    for t in range(weeks):
        square += left[t] * left[t]
        left[t] /= sigma * sigma  # from here on the gradient with respect to the location
        total += left[t]
    square /= sigma * sigma
    density = -0.5 * square - weeks * (point[at_sigma] + log_scale + HALF_LOG_2PI)
    density += HALF_NORMAL - np.log(sigma_scale) - 0.5 * (sigma / sigma_scale) ** 2
    density += point[at_sigma]
    gradient[at_sigma] = square - weeks + 1.0 - (sigma / sigma_scale) ** 2

    z = (point[at_level] - priors[0]) / priors[1]
    density -= 0.5 * z * z + np.log(priors[1]) + HALF_LOG_2PI
    gradient[at_level] = total - z / priors[1]
    for p in range(columns):
        z = point[at_effect + p] / priors[2]
        density -= 0.5 * z * z + np.log(priors[2]) + HALF_LOG_2PI
        slope = 0.0
        for t in range(weeks):
            slope += left[t] * covariates[p, t]
        gradient[at_effect + p] = slope - z / priors[2]

    moved = np.empty(weeks)
    for c in range(channels):
        amount = np.exp(point[at_share + c]) if positive else point[at_share + c]
        mean = means[c] + TINY
        ceiling, slope = amount / mean, np.exp(point[at_slope + c])
        along = 0.0
        for t in range(weeks):
            along += left[t] * response[c, t]
        # The mean in the denominator moves with every week's response.
        shift = -amount * along / (mean * mean * weeks)
        by_half = by_slope = 0.0
        for t in range(weeks):
            reached = response[c, t]
            step = (left[t] * ceiling + shift) * reached * (1.0 - reached)
            by_half += step
            by_slope += step * distance[c, t]
            moved[t] = step * slope / stock[c, t] if stock[c, t] > 0 else 0.0
        alpha = 1.0 / (1.0 + np.exp(-point[at_alpha + c]))
        # d w_l / d alpha = (l alpha^(l-1) - w_l sum_k k alpha^(k-1)) / sum_k alpha^k
        power, both, mixed, own = 1.0, 0.0, 0.0, 0.0
        for lag in range(max_lag):
            first, inner = max_lag - 1 - lag, 0.0
            for t in range(weeks):
                inner += moved[t] * paths[c, first + t]
            mixed += inner * weights[c, lag]
            if lag > 0:
                own += inner * lag * power
                both += lag * power
                power *= alpha
        by_alpha = (own - mixed * both) / totals[c]

        a, b = priors[3], priors[4]
        density += a * np.log(alpha) + b * np.log(1.0 - alpha) - log_beta
        gradient[at_alpha + c] = (by_alpha * alpha * (1.0 - alpha)) + a - (a + b) * alpha
        z = (point[at_kappa + c] - priors[5]) / priors[6]
        density -= 0.5 * z * z + np.log(priors[6]) + HALF_LOG_2PI
        gradient[at_kappa + c] = -slope * by_half - z / priors[6]
        z = (point[at_slope + c] - priors[7]) / priors[8]
        density -= 0.5 * z * z + np.log(priors[8]) + HALF_LOG_2PI
        gradient[at_slope + c] = slope * by_slope - z / priors[8]
        z = amount / share[c]
        by_share = along / mean - total - z / share[c]
        density -= 0.5 * z * z + np.log(share[c])
        if positive:
            density += HALF_NORMAL + point[at_share + c]
            gradient[at_share + c] = by_share * amount + 1.0
        else:
            density -= HALF_LOG_2PI
            gradient[at_share + c] = by_share
    return density
