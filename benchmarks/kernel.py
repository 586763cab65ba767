"""Handwritten log-density of `no_mediation` and `partial_mediation`, with its gradient.

An efficient implementation in numba: one pass a channel, the history read in place (no lag is
copied), every logarithm and exponential computed once and reused in the gradient. It is the
practical floor with which the compiled graph is compared.

Identity link, normal likelihood, an always-on mediator, one unit. As the disturbances of the
mediator and the outcome are independent, `partial_mediation` is two equations of one form without
common parameters, so `equation` is called twice.

Parameters are unconstrained, as for the sampler: logits of retentions, logarithms of positive ones.
The channels' shares have independent priors and no demand is unseen (`independent_equations`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np
import pymc as pm
from scipy.special import betaln

from mmm_bayes.data import Dataset
from mmm_bayes.data.description import Demand, Prior
from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.priors import model_priors

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
#: log sqrt(2 / pi), the normalising constant of a half-normal with scale 1.
HALF_NORMAL = 0.5 * np.log(2 / np.pi)


@dataclass(frozen=True)
class Equation:
    """Data and priors of one equation.

    Attributes
    ----------
    starts : array of int, shape (7,)
        Positions in the point at which its parameters start: intercept, effects of covariates,
        retention, half-saturation, slope, share, sigma.
    observed : array, shape (time,)
        Response, as a multiple of its scale.
    covariates : array, shape (covariate, time)
    paths : array, shape (channel, history + time)
        Exposure, with the weeks that carry over into the first one.
    max_lag : int
        Weeks over which an exposure acts, its own week included.
    log_scale : float
        Logarithm of the scale.
    priors : array, shape (9,)
        Mean and standard deviation of the intercept; standard deviation of the covariates' effects;
        the two parameters of the retention's beta distribution; mean and standard deviation of the
        logarithm of half-saturation, and of the slope.
    share : array, shape (channel,)
        Prior scale of the shares.
    positive : bool
        Whether shares are half-normal, with logarithms as parameters, or normal.
    sigma : float
        Prior scale of the disturbance.
    log_beta : float
        Logarithm of the beta function at the two parameters of the retention.
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
        """Arguments of `equation` after the point and the gradient."""
        names = self.__dataclass_fields__
        return tuple(getattr(self, name) for name in names)


def independent_equations(dataset: Dataset) -> Dataset:
    """The table with a prior of each channel's own contribution and without unseen demand."""
    priors = {**dataset.description.priors, "beta": Prior(dist="HalfNormal", sigma=0.15)}
    changed = {"priors": priors, "demand": Demand(assume="none")}
    return replace(dataset, description=dataset.description.model_copy(update=changed))


def handwritten_density(
    model: pm.Model, design: Design
) -> Callable[[np.ndarray, np.ndarray], float]:
    """Log-density of a model, which writes its gradient into the second argument.

    The point contains the model's free variables in their order, as in nutpie.
    """
    equations = [_build_equation(model, design, "")]
    if "mediator" in model.named_vars:
        equations.append(_build_equation(model, design, "mediator_"))
    if len(equations) == 1:
        arguments = equations[0].arguments

        @numba.njit
        def only(point: np.ndarray, gradient: np.ndarray) -> float:
            return equation(point, gradient, *arguments)

        return only
    first, second = (part.arguments for part in equations)

    @numba.njit
    def both(point: np.ndarray, gradient: np.ndarray) -> float:
        return equation(point, gradient, *first) + equation(point, gradient, *second)

    return both


def _build_equation(model: pm.Model, design: Design, prefix: str) -> Equation:
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

    prior = {key: parameters for key, (_, parameters) in model_priors(design, model).items()}
    level, effect, alpha, kappa, slope, share, sigma = (prior[key] for key in keys)
    lags = arrays["exposure_lags"].values
    if prefix:
        lags = lags[:, design.cause_indices]
    # Row 0 contains the whole history of the first week, the latest week first.
    paths = np.concatenate([lags[0, :, :0:-1], lags[:, :, 0].T], axis=1)
    scale = float(arrays[f"{prefix or 'outcome_'}scale"])
    origin = 0.0 if prefix else float(arrays["mean_outcome"])
    return Equation(
        starts=np.array([starts[key] for key in keys]),
        observed=(arrays[f"{prefix or 'outcome_'}observed"].values - origin) / scale,
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
    """Log-density of one equation with its priors; overwrites its part of the gradient."""
    weeks, channels, columns = observed.size, share.size, covariates.shape[0]
    at_level, at_effect, at_alpha, at_kappa, at_slope, at_share, at_sigma = starts

    response = np.empty((channels, weeks))  # after saturation
    distance = np.empty((channels, weeks))  # log of the exposure over the half-saturation point
    stock = np.empty((channels, weeks))  # after carryover
    weights = np.empty((channels, max_lag))
    totals = np.empty(channels)
    means = np.empty(channels)
    residual = observed - point[at_level]
    for p in range(columns):
        effect = point[at_effect + p]
        for t in range(weeks):
            residual[t] -= effect * covariates[p, t]

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
                log_ratio = np.log(stock[c, t]) - half
                saturation = 1.0 / (1.0 + np.exp(-slope * log_ratio))
            else:
                log_ratio = saturation = 0.0
            distance[c, t] = log_ratio
            response[c, t] = saturation
            total += saturation
        means[c] = total / weeks
        amount = np.exp(point[at_share + c]) if positive else point[at_share + c]
        ceiling = amount / means[c]
        for t in range(weeks):
            residual[t] -= ceiling * response[c, t] - amount

    sigma = np.exp(point[at_sigma])
    sum_of_squares = total = 0.0
    for t in range(weeks):
        sum_of_squares += residual[t] * residual[t]
        residual[t] /= sigma * sigma  # now the gradient with respect to the location
        total += residual[t]
    sum_of_squares /= sigma * sigma
    density = -0.5 * sum_of_squares - weeks * (point[at_sigma] + log_scale + HALF_LOG_2PI)
    density += HALF_NORMAL - np.log(sigma_scale) - 0.5 * (sigma / sigma_scale) ** 2
    density += point[at_sigma]
    gradient[at_sigma] = sum_of_squares - weeks + 1.0 - (sigma / sigma_scale) ** 2

    z = (point[at_level] - priors[0]) / priors[1]
    density -= 0.5 * z * z + np.log(priors[1]) + HALF_LOG_2PI
    gradient[at_level] = total - z / priors[1]
    for p in range(columns):
        z = point[at_effect + p] / priors[2]
        density -= 0.5 * z * z + np.log(priors[2]) + HALF_LOG_2PI
        slope = 0.0
        for t in range(weeks):
            slope += residual[t] * covariates[p, t]
        gradient[at_effect + p] = slope - z / priors[2]

    by_stock = np.empty(weeks)
    for c in range(channels):
        amount = np.exp(point[at_share + c]) if positive else point[at_share + c]
        mean = means[c]
        ceiling, slope = amount / mean, np.exp(point[at_slope + c])
        projection = 0.0
        for t in range(weeks):
            projection += residual[t] * response[c, t]
        # The mean in the denominator depends on every week's response.
        shift = -amount * projection / (mean * mean * weeks)
        by_half = by_slope = 0.0
        for t in range(weeks):
            saturation = response[c, t]
            step = (residual[t] * ceiling + shift) * saturation * (1.0 - saturation)
            by_half += step
            by_slope += step * distance[c, t]
            by_stock[t] = step * slope / stock[c, t] if stock[c, t] > 0 else 0.0
        alpha = 1.0 / (1.0 + np.exp(-point[at_alpha + c]))
        # d w_l / d alpha = (l alpha^(l-1) - w_l sum_k k alpha^(k-1)) / sum_k alpha^k
        power, normaliser, mixed_term, own_term = 1.0, 0.0, 0.0, 0.0
        for lag in range(max_lag):
            first, inner = max_lag - 1 - lag, 0.0
            for t in range(weeks):
                inner += by_stock[t] * paths[c, first + t]
            mixed_term += inner * weights[c, lag]
            if lag > 0:
                own_term += inner * lag * power
                normaliser += lag * power
                power *= alpha
        by_alpha = (own_term - mixed_term * normaliser) / totals[c]

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
        by_share = projection / mean - total - z / share[c]
        density -= 0.5 * z * z + np.log(share[c])
        if positive:
            density += HALF_NORMAL + point[at_share + c]
            gradient[at_share + c] = by_share * amount + 1.0
        else:
            density -= HALF_LOG_2PI
            gradient[at_share + c] = by_share
    return density
