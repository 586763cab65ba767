"""Posterior predictive checks of the outcome and the mediator.

A fitted curve lies closer to the table it was fitted to than to a new one, so the residuals of
plain predictive draws are larger and more autocorrelated than the observed residuals; the p-values
concentrate around one half and have little power (Robins, van der Vaart, Ventura 2000, *Asymptotic
distribution of p values in composite null models*). Each replicated table is therefore treated as
if the model had been fitted to it too. To first order a disturbance e moves the posterior mean of
the location by C psi(e), with C the posterior covariance of the location and psi the score of the
likelihood, so that a refit would leave the residual e - C psi(e); this residual is added to the
fitted curve of the observed table. For a normal linear model the resulting tables have the observed
coefficients, as in approximate co-sufficient sampling (Barber, Janson 2022, *Testing
goodness-of-fit and conditional independence with approximate co-sufficient sampling*).

The two-sided p-value of a statistic is twice the smaller share of replicated tables on either side.
The p-values of a variable are adjusted over its statistics by Holm's method, which bounds the
probability of any false alarm. A check fails below 0.01 and warns below 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student_t

from mmm_bayes.diagnostics.check import Check, Status
from mmm_bayes.diagnostics.multiplicity import holm
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.text import number

Array = NDArray[np.float64]

FAIL_BELOW = 0.01
WARN_BELOW = 0.05
#: Largest value that counts as near zero, as a share of the unit's observed mean.
NEAR_ZERO = 0.01
MAX_DRAWS = 2000
#: Parameter of models with a weekly shock common to all units: the shock's scale.
SHARED_SIGMA = {"outcome": "shared_sigma", "mediator": "mediator_shared_sigma"}
#: Predictive draws are clipped here, so that their squares are finite.
HUGE = 1e100
TINY = float(np.finfo(float).tiny)

STATISTICS = (
    "minimum",
    "maximum",
    "share_near_zero",
    "coverage_90",
    "skewness",
    "autocorrelation",
    "kurtosis",
    "heteroscedasticity",
)
LABELS = {
    "minimum": "smallest value",
    "maximum": "largest value",
    "share_near_zero": "share of weeks at or near zero",
    "coverage_90": "share of weeks inside their 90% predictive interval",
    "skewness": "asymmetry of the weekly residuals (skewness)",
    "autocorrelation": "correlation of one week's residual with the next (autocorrelation)",
    "kurtosis": "weight of the few largest residuals (kurtosis; 3 for a normal distribution)",
    "heteroscedasticity": "tendency of the residuals to grow with the level (correlation)",
}
REMEDIES = {
    "minimum": "The likelihood produces values that do not occur: consider a log link, or floor "
    "under [model].",
    "maximum": "The likelihood hardly ever produces such weeks: consider student_t or a log link.",
    "share_near_zero": "A continuous likelihood cannot produce the same value repeatedly: consider "
    "floor under [model].",
    "coverage_90": "The intervals are too narrow.",
    "skewness": "Consider a log link or a lognormal likelihood.",
    "autocorrelation": "Something that lasts for weeks is missing: a trend, a season, a longer "
    "carryover, a control. If you know of none, fit with errors = 'ar1' under [model].",
    "kurtosis": "Single weeks dominate the fit: consider student_t, and look at those weeks.",
    "heteroscedasticity": "Effects multiply rather than add, or the spread depends on the level: "
    "consider a log link.",
}


@dataclass(frozen=True)
class ResidualScale:
    """Scale on which the residuals of a variable are additive.

    Attributes
    ----------
    log : bool
        Whether residuals are differences of logarithms rather than of values.
    base : float
        Subtracted from values before taking logarithms, original units.
    floor : float
        Values at or below it have no residual, original units.
    censored : bool
        Whether a value at the floor is censored: it would have been at or below the floor.
    """

    log: bool
    base: float = 0.0
    floor: float = -np.inf
    censored: bool = False

    def residual(self, table: Array, curve: Array) -> Array:
        """Residuals of tables around a fitted curve; NaN at the floor.

        Parameters
        ----------
        table : array, shape (..., time, unit)
            Original units.
        curve : array, shape (time, unit)
            The fitted location, as `refitted_replicates` returns it.

        Returns
        -------
        array, shape (..., time, unit)
            Original units, or differences of logarithms if `log`.
        """
        if not self.log:
            return np.where(table > self.floor, table - curve, np.nan)
        above = table > max(self.floor, self.base)
        logs = np.log(np.where(above, table - self.base, 1.0))
        return np.where(above, logs - np.log(curve), np.nan)


def residual_scale(tree: xr.DataTree, variable: str) -> ResidualScale:
    """Scale of the residuals of the outcome or the mediator.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit; its attributes name link, likelihoods and floor.
    variable : {"outcome", "mediator"}
    """
    attrs = tree.attrs
    if variable == "mediator":
        hurdle = attrs.get("mediator_likelihood") == "hurdle"
        return ResidualScale(log=True, floor=0.0) if hurdle else ResidualScale(log=False)
    log = attrs.get("link") == "log" or attrs.get("likelihood") == "lognormal"
    if "floor" not in attrs:
        return ResidualScale(log)
    floor, hurdle = float(attrs["floor"]), attrs["at_floor"] == "hurdle"
    return ResidualScale(log, floor if hurdle else 0.0, floor, censored=not hurdle)


@dataclass(frozen=True)
class StatisticComparison:
    """A statistic of the observed table compared with that of the replicated tables.

    Attributes
    ----------
    observed : float
        Statistic of the observed table; NaN if it does not exist.
    median, lower, upper : float
        Median and 90% interval of the statistic over replicated tables.
    p_value : float
        Two-sided predictive p-value.
    p_adjusted : float
        The p-value adjusted by Holm's method over all statistics of the variable.
    """

    name: str
    observed: float
    median: float
    lower: float
    upper: float
    p_value: float
    p_adjusted: float


def predictive_checks(tree: xr.DataTree) -> list[Check]:
    """Checks of the predictive draws of the outcome and, if there is one, the mediator.

    Parameters
    ----------
    tree : xarray.DataTree
        As for `ppc_statistics`.
    """
    checks = []
    for variable in ("outcome", "mediator"):
        if variable in tree["posterior_predictive"]:
            column, floor = str(tree.attrs.get(variable) or variable), _floor(tree, variable)
            checks += [
                _check(f"{variable}_ppc", column, comparison, floor)
                for comparison in compare_statistics(ppc_statistics(tree, variable))
            ]
    return checks


def ppc_statistics(tree: xr.DataTree, variable: str) -> xr.Dataset:
    """Test statistics of the observed table and of the replicated tables.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with groups ``posterior``, ``posterior_predictive`` and ``observed_data``;
        ``constant_data`` has the scale of which sigma is a share.
    variable : {"outcome", "mediator"}

    Returns
    -------
    xarray.Dataset
        ``observed`` (statistic) and ``replicated`` (statistic, sample), from at most `MAX_DRAWS`
        evenly spaced draws. NaN where a statistic does not exist for a table.
    """
    observed = np.asarray(
        tree["observed_data"].to_dataset()[variable].transpose("time", "unit"), dtype=float
    )
    tables, curve, scale = refitted_replicates(tree, variable)
    floor = _floor(tree, variable)
    near = NEAR_ZERO * np.abs(observed).mean(axis=0)
    low = (-near, near) if floor is None else (np.full_like(near, floor),) * 2
    band = np.quantile(_predictive_draws(tree, variable), INTERVAL, axis=0)
    observed_values, replicated_values = (
        compute_statistics(table, curve, low=low, band=band, scale=scale)
        for table in (observed[None], tables)
    )
    return xr.Dataset(
        {
            "observed": ("statistic", observed_values[:, 0]),
            "replicated": (("statistic", "sample"), replicated_values),
        },
        coords={"statistic": list(STATISTICS)},
    )


def _floor(tree: xr.DataTree, variable: str) -> float | None:
    """Floor of the outcome in the fitted model, if it has one."""
    return float(tree.attrs["floor"]) if variable == "outcome" and "floor" in tree.attrs else None


def refitted_replicates(tree: xr.DataTree, variable: str) -> tuple[Array, Array, ResidualScale]:
    """Predictive tables, corrected as if the model had been fitted to each of them.

    Parameters
    ----------
    tree : xarray.DataTree
        As for `ppc_statistics`.
    variable : {"outcome", "mediator"}

    Returns
    -------
    tables : array, shape (sample, time, unit)
        Original units.
    curve : array, shape (time, unit)
        The fitted location: its posterior mean, or geometric mean where residuals are on the log
        scale. For a hurdle, its distance from the floor.
    scale : ResidualScale
    """
    scale = residual_scale(tree, variable)
    location, sigma = _location(tree, variable)
    table = _predictive_draws(tree, variable)
    if scale.log and variable == "outcome" and scale.floor < 0:  # an exponential that underflowed
        table = np.maximum(table, TINY)
    centre = np.log(np.maximum(location, TINY)) if scale.log else location
    disturbance = scale.residual(table, np.exp(centre) if scale.log else centre)
    at_floor = np.isnan(disturbance)
    disturbance = np.where(at_floor, 0.0, disturbance)
    curve = centre.mean(axis=0)
    score = _score(tree, variable, disturbance, sigma)
    if scale.censored:
        latent, latent_score = _censored_disturbance(tree, scale, centre, sigma)
        disturbance = np.where(at_floor, latent, disturbance)
        score = np.where(at_floor, latent_score, score)
    refitted = curve + disturbance - _curve_shift(score, centre - curve)
    if scale.log:
        refitted = np.exp(np.minimum(refitted, np.log(HUGE))) + scale.base
    if not scale.censored:
        refitted = np.where(at_floor, scale.floor, refitted)
    return np.maximum(refitted, scale.floor), np.exp(curve) if scale.log else curve, scale


def _curve_shift(score: Array, deviation: Array) -> Array:
    """Shift of the fitted curve: posterior covariance of the location times the score.

    Parameters
    ----------
    score : array, shape (sample, time, unit)
    deviation : array, shape (sample, time, unit)
        Location draws less their mean, the factor of the covariance.
    """
    factor = deviation.reshape(len(deviation), -1) / np.sqrt(max(1, len(deviation) - 1))
    flat = score.reshape(len(score), -1)
    return ((flat @ factor.T) @ factor).reshape(score.shape)


def _score(tree: xr.DataTree, variable: str, disturbance: Array, scale: Array) -> Array:
    """Derivative of the log-density with respect to the location.

    Parameters
    ----------
    disturbance : array, shape (sample, time, unit)
    scale : array, shape (sample, 1 or time, unit)
    """
    posterior = tree["posterior"].to_dataset()
    shared = SHARED_SIGMA[variable]
    heavy = variable == "outcome" and tree.attrs.get("likelihood") == "student_t"
    nu = _thinned(posterior["nu"])[:, None, None] if heavy else np.inf
    if shared not in posterior:
        if not heavy:
            return disturbance / scale**2
        return (nu + 1) * disturbance / (nu * scale**2 + disturbance**2)
    # A shock common to all units: the inverse of diag(scale^2) + shock shock', by Woodbury.
    share = _innovation_share(posterior, variable) * _unexplained_share(tree, variable)
    shock = _thinned(
        _in_units(tree, variable, posterior[shared] * share, posterior[f"{variable}_location"])
    )
    loading = shock / scale**2
    numerator = (loading * disturbance).sum(-1, keepdims=True)
    denominator = 1 + (loading * shock).sum(-1, keepdims=True)
    solved = disturbance / scale**2 - loading * numerator / denominator
    if not heavy:
        return solved
    square = (disturbance * solved).sum(-1, keepdims=True)
    return (nu + disturbance.shape[-1]) * solved / (nu + square)


def _censored_disturbance(
    tree: xr.DataTree, scale: ResidualScale, centre: Array, sigma: Array
) -> tuple[Array, Array]:
    """Latent disturbances of censored weeks, and the score of being censored.

    Without latent values, censored weeks would stay at the floor whatever a refit does, and other
    weeks could only be added to them.

    Parameters
    ----------
    scale : ResidualScale
        With a floor.
    centre : array, shape (sample, time, unit)
        Location on the residual scale.
    sigma : array, shape (sample, 1 or time, unit)
        Standard deviation on the residual scale.

    Returns
    -------
    disturbance : array, shape (sample, time, unit)
        Drawn from its distribution below the floor, on the residual scale.
    score : array, shape (sample, time, unit)
        Derivative of the log-probability of being censored with respect to the location.
    """
    edge = np.log(scale.floor) if scale.log else scale.floor
    standard: Any = norm
    if tree.attrs.get("likelihood") == "student_t":
        standard = student_t(_thinned(tree["posterior"].to_dataset()["nu"])[:, None, None])
    z = (edge - centre) / sigma
    score = np.asarray(-np.exp(standard.logpdf(z) - standard.logcdf(z)) / sigma)
    uniform = np.random.default_rng(0).uniform(size=z.shape)
    latent = sigma * np.minimum(standard.ppf(uniform * standard.cdf(z)), z)
    return np.where(np.isfinite(latent), latent, edge - centre), score


def compute_statistics(
    table: Array, curve: Array, *, low: tuple[Array, Array], band: Array, scale: ResidualScale
) -> Array:
    """All `STATISTICS` of each table.

    Parameters
    ----------
    table : array, shape (sample, time, unit)
        Original units.
    curve : array, shape (time, unit)
        The fitted location, as `refitted_replicates` returns it.
    low : tuple of array, shape (unit,)
        Lower and upper bound of the values that count as near zero, or as at the floor.
    band : array, shape (2, time, unit)
        Lower and upper ends of the 90% predictive intervals, original units.
    scale : ResidualScale
        Residuals on it are standardised by their root mean square within each unit.

    Returns
    -------
    array, shape (statistic, sample), in the order of `STATISTICS`
    """
    both = (-2, -1)
    residual, level = scale.residual(table, curve), np.log(curve) if scale.log else curve
    unit_scale = np.sqrt(_mean(residual**2, -2))[..., None, :]
    z = np.divide(residual, unit_scale, out=np.full_like(residual, np.nan), where=unit_scale > 0)
    return np.stack(
        [
            table.min(both),
            table.max(both),
            ((table >= low[0]) & (table <= low[1])).mean(both),
            ((table >= band[0]) & (table <= band[1])).mean(both),
            _mean(z * z * z, both),
            autocorrelation(z).mean(-1),
            _mean((z * z) ** 2, both),
            _correlation(np.abs(z), np.where(np.isnan(z), np.nan, level)),
        ]
    )


def autocorrelation(z: Array) -> Array:
    """Lag-1 autocorrelation over time of residuals with mean 0.

    Parameters
    ----------
    z : array, shape (..., time, unit)
        Residuals, NaN where there is none; only pairs of consecutive weeks that both have one
        count.

    Returns
    -------
    array, shape (..., unit)
    """
    present = ~np.isnan(z)
    value = np.where(present, z, 0.0)
    pairs = (present[..., 1:, :] & present[..., :-1, :]).sum(-2)
    product = (value[..., 1:, :] * value[..., :-1, :]).sum(-2)
    power = _mean(z**2, -2)
    return np.divide(
        product, pairs * power, out=np.zeros_like(power), where=(pairs > 0) & (power > 0)
    )


def compare_statistics(statistics: xr.Dataset) -> tuple[StatisticComparison, ...]:
    """Comparison of each observed statistic with the replicated ones.

    Parameters
    ----------
    statistics : xarray.Dataset
        As `ppc_statistics` returns them.
    """
    names = [str(name) for name in statistics["statistic"].values]
    observed, replicated = statistics["observed"].values, statistics["replicated"].values
    p_values = [two_sided_p_value(t, draws) for t, draws in zip(observed, replicated, strict=True)]
    adjusted = holm(p_values)
    comparisons = []
    for index, name in enumerate(names):
        draws = replicated[index][np.isfinite(replicated[index])]
        quantiles = np.quantile(draws, [0.5, *INTERVAL]) if draws.size else np.full(3, np.nan)
        median, lower, upper = map(float, quantiles)
        comparisons.append(
            StatisticComparison(
                name, float(observed[index]), median, lower, upper,
                p_values[index], float(adjusted[index]),
            )
        )  # fmt: skip
    return tuple(comparisons)


def autocorrelation_sentence(tree: xr.DataTree) -> str | None:
    """The autocorrelation that independent disturbances leave, in words.

    That of a hurdle mediator is left out: its disturbances are independent in every form.

    Parameters
    ----------
    tree : xarray.DataTree
        As for `ppc_statistics`.

    Returns
    -------
    str or None
        None if the check of the autocorrelation passes for the outcome and for the mediator.
    """
    found = []
    for variable in ("outcome", "mediator"):
        hurdle = variable == "mediator" and tree.attrs.get("mediator_likelihood") == "hurdle"
        if hurdle or variable not in tree["posterior_predictive"]:
            continue
        results = {
            result.name: result for result in compare_statistics(ppc_statistics(tree, variable))
        }
        result = results["autocorrelation"]
        if result.p_adjusted < WARN_BELOW and result.observed > result.median:
            column = str(tree.attrs.get(variable) or variable)
            found.append(f"{column} ({number(result.observed)} from one week to the next)")
    if not found:
        return None
    return (
        f"independent disturbances leave residuals that are autocorrelated: {' and '.join(found)}"
    )


def two_sided_p_value(observed: float, replicated: Array) -> float:
    """Two-sided predictive p-value of a statistic, as in a Monte Carlo test.

    Where no draw lies beyond the observed value, the tail probability comes from an exponential
    tail fitted to the nearest 5% of draws, so that it can be far below one over their number.

    Parameters
    ----------
    observed : float
        Statistic of the observed table; NaN, where it does not exist, gives a p-value of 1.
    replicated : array, shape (sample,)
        Statistics of the replicated tables; NaN is left out.
    """
    difference = replicated[~np.isnan(replicated)] - observed
    if difference.size == 0 or np.isnan(observed):
        return 1.0
    return min(1.0, 2 * min(_share_beyond(difference), _share_beyond(-difference)))


def _share_beyond(difference: Array) -> float:
    """Share of draws at or above zero, counting the observed table as a draw."""
    share = (1 + int((difference >= 0).sum())) / (1 + difference.size)
    if (difference >= 0).any():
        return share
    start = float(np.quantile(difference, 0.95))
    excess = float((difference[difference >= start] - start).mean())
    return min(share, 0.05 * float(np.exp(start / excess)) if excess > 0 else 0.0)


def _check(group: str, column: str, comparison: StatisticComparison, floor: float | None) -> Check:
    label = LABELS[comparison.name]
    if floor is not None and comparison.name == "share_near_zero":
        label = "share of weeks at the floor"
    status: Status = "pass"
    if comparison.p_adjusted < WARN_BELOW:
        status = "fail" if comparison.p_adjusted < FAIL_BELOW else "warn"
    observed, median, lower, upper = (
        number(value, digits=4)
        for value in (comparison.observed, comparison.median, comparison.lower, comparison.upper)
    )
    message = (
        f"{column}: the {label} is {observed}; in tables simulated from the fitted model it is "
        f"{median} ({lower} to {upper}, 90%)."
    )
    if np.isnan(comparison.observed) or np.isnan(comparison.median):
        message = f"{column}: the {label} cannot be computed for this table."
    elif status != "pass":
        message += f" {REMEDIES[comparison.name]}"
    return Check(group, comparison.name, comparison.p_adjusted, FAIL_BELOW, status, message)


def _location(tree: xr.DataTree, variable: str) -> tuple[Array, Array]:
    """Location and scale of the distribution of a variable.

    Returns
    -------
    location : array, shape (sample, time, unit)
        Original units; for a hurdle, the distance from the floor.
    scale : array, shape (sample, 1 or time, unit)
        Original units, or log units on the log scale.
    """
    posterior = tree["posterior"].to_dataset()
    location = conditional_location(tree, variable)
    sigma = posterior["sigma" if variable == "outcome" else "mediator_sigma"]
    sigma = sigma * _innovation_share(posterior, variable) * _unexplained_share(tree, variable)
    return _thinned(location), _thinned(_in_units(tree, variable, sigma, location))


def conditional_location(tree: xr.DataTree, variable: str) -> xr.DataArray:
    """Location of a variable given the week before and, with unseen demand, the mediator.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit.
    variable : {"outcome", "mediator"}

    Returns
    -------
    xarray.DataArray, dims (chain, draw, time, unit)
        Original units; for a hurdle, the distance from the floor.
    """
    posterior = tree["posterior"].to_dataset()
    if f"{variable}_centre" in posterior:
        centre = posterior[f"{variable}_centre"]
        if residual_scale(tree, variable).log:
            return centre.copy(data=np.exp(centre.values))
        return centre
    level = f"{variable}_level"
    return posterior[level if level in posterior else f"{variable}_location"]


def _phi(variable: str) -> str:
    return "phi" if variable == "outcome" else "mediator_phi"


def _innovation_share(posterior: xr.Dataset, variable: str) -> xr.DataArray | float:
    """Standard deviation of the innovation as a share of that of the disturbance."""
    phi = _phi(variable)
    return (1 - posterior[phi] ** 2) ** 0.5 if phi in posterior else 1.0


def _unexplained_share(tree: xr.DataTree, variable: str) -> xr.DataArray | float:
    """Standard deviation that spends which demand moves leave of the outcome's, as a share."""
    posterior = tree["posterior"].to_dataset()
    if variable == "mediator" or "demand_delay" not in posterior:
        return 1.0
    now = _revealing_weeks(tree)
    gap = tree["constant_data"].to_dataset()["gap"]
    last = now.shift(time=1, fill_value=False) & (gap == 1)
    delay = posterior["demand_delay"]
    share = posterior.get("demand_share", posterior["rho"])
    return (1 - (share**2 * ((1 - delay) * now + delay * last)).sum("moved")) ** 0.5


def _revealing_weeks(tree: xr.DataTree) -> xr.DataArray:
    """Weeks in which each spend reveals something of demand, bool (time, unit, moved)."""
    observed, data = tree["observed_data"].to_dataset(), tree["constant_data"].to_dataset()
    found = []
    if "mediator" in observed:
        hurdle = tree.attrs.get("mediator_likelihood") == "hurdle"
        known = (observed["mediator"] > 0) | (not hurdle)
        if "mediator_designed" in data:
            known = known & (data["mediator_designed"] == 0)
        found.append(known.expand_dims(moved=[str(tree.attrs.get("mediator"))]))
    if "spend_known" in data:
        found.append(data["spend_known"].rename(demanded="moved") > 0)
    return xr.concat(found, "moved").transpose("time", "unit", "moved")


def _in_units(
    tree: xr.DataTree, variable: str, sigma: xr.DataArray, location: xr.DataArray
) -> xr.DataArray:
    """Standard deviation in units of the table, dims (chain, draw, time, unit).

    One week long if it is the same in all weeks.
    """
    if not residual_scale(tree, variable).log and "constant_data" in tree.children:
        sigma = sigma * tree["constant_data"].to_dataset()[f"{variable}_scale"]
    if "time" in sigma.dims:
        return sigma.broadcast_like(location)
    return sigma.broadcast_like(location.isel(time=0, drop=True)).expand_dims("time")


def _predictive_draws(tree: xr.DataTree, variable: str) -> Array:
    """Predictive draws, shape (sample, time, unit), clipped where their squares would overflow."""
    draws = _thinned(tree["posterior_predictive"].to_dataset()[variable])
    return np.clip(np.nan_to_num(draws, nan=HUGE), -HUGE, HUGE)


def _thinned(values: xr.DataArray) -> Array:
    """At most `MAX_DRAWS` evenly spaced draws, shape (sample, ...)."""
    last = [dim for dim in ("time", "unit") if dim in values.dims]
    array = np.asarray(values.transpose("chain", "draw", *last).values, dtype=float)
    array = array.reshape(-1, *array.shape[2:])
    total = len(array)
    return array[np.linspace(0, total - 1, min(total, MAX_DRAWS)).round().astype(int)]


def _correlation(x: Array, y: Array) -> Array:
    """Correlation of deviations from the unit means, pooled over units."""
    both = (-2, -1)
    x = np.nan_to_num(x - _mean(x, -2)[..., None, :])
    y = np.nan_to_num(y - _mean(y, -2)[..., None, :])
    spread = np.sqrt((x**2).sum(both)) * np.sqrt((y**2).sum(both))
    return np.divide((x * y).sum(both), spread, out=np.zeros_like(spread), where=spread > 0)


def _mean(x: Array, axis: int | tuple[int, ...]) -> Array:
    """Mean of the values that are not NaN; NaN, without a warning, if there are none."""
    number = (~np.isnan(x)).sum(axis)
    total = np.nansum(x, axis)
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
