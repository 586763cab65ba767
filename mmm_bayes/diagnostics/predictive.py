"""Posterior-predictive checks: does data that the fitted model makes look like the data?

A curve that was fitted to a table lies closer to it than to a new one, so the misses of plain
predictive draws are larger, and more alike from week to week, than the observed ones ever are;
p-values from them cluster around one half and see little (Robins, van der Vaart, Ventura 2000,
*Asymptotic distribution of p values in composite null models*). Each replicated table is therefore
treated as if the model had been fitted to it as well. To first order a disturbance e moves the
posterior mean of the location by C psi(e), with C the posterior covariance of the location and psi
the score of the likelihood, so a refit would leave the residual e - C psi(e); it is put back around
the observed table's own fitted curve. For a normal linear model these are tables with the observed
coefficients: what approximate co-sufficient sampling draws (Barber, Janson 2022, *Testing
goodness-of-fit and conditional independence with approximate co-sufficient sampling*).

The rule. A statistic's two-sided p-value is twice the smaller share of replicated tables on either
side; the p-values of one variable are adjusted by Holm's method over its statistics, so that the
chance of any alarm at all is bounded. A check fails below 0.01 and warns below 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student_t

from mmm_bayes.diagnostics.check import Check, Status, said

Array = NDArray[np.float64]

FAIL_BELOW = 0.01
WARN_BELOW = 0.05
NEAR_ZERO = 0.01  # of the unit's observed mean: "near zero" is within this of zero
MAX_DRAWS = 2000
#: Scale of the shock that all units have in a week, in models in which they have one.
SHARED = {"outcome": "shared_sigma", "mediator": "mediator_shared_sigma"}
HUGE = 1e100  # predictive draws are cut here, so that their squares are numbers
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
WHAT = {
    "minimum": "smallest value",
    "maximum": "largest value",
    "share_near_zero": "share of weeks at or near zero",
    "coverage_90": "share of weeks inside their 90% predictive interval",
    "skewness": "lopsidedness of the weekly misses (skewness)",
    "autocorrelation": "likeness of one week's miss to the next (autocorrelation)",
    "kurtosis": "weight of the few largest misses (kurtosis; 3 for a normal spread)",
    "heteroscedasticity": "tendency of misses to grow with the level (correlation)",
}
MEND = {
    "minimum": "The likelihood makes values that do not occur: think of a log link, or of floor "
    "under [model].",
    "maximum": "The likelihood does not know such weeks: think of student_t or of a log link.",
    "share_near_zero": "A continuous likelihood cannot stay at one value: think of floor under "
    "[model].",
    "coverage_90": "The intervals are too narrow.",
    "skewness": "Think of a log link or a lognormal likelihood.",
    "autocorrelation": "Something that lasts for weeks is missing: a trend, a season, a longer "
    "carryover, a control.",
    "kurtosis": "Single weeks pull the fit: think of student_t, and look at those weeks.",
    "heteroscedasticity": "Effects multiply rather than add, or the spread depends on the level: "
    "think of a log link.",
}


@dataclass(frozen=True)
class Scale:
    """Where the residuals of a variable are differences.

    Attributes
    ----------
    log : bool
        Of logarithms rather than of values.
    base : float
        Taken off before the logarithm.
    floor : float
        At or below it a value has no residual.
    censored : bool
        Whether a value at the floor tells that it would have been lower.
    """

    log: bool
    base: float = 0.0
    floor: float = -np.inf
    censored: bool = False

    def residual(self, table: Array, curve: Array) -> Array:
        """Residuals of tables (..., time, unit) around a curve (time, unit); NaN at the floor.

        Parameters
        ----------
        table : array, shape (..., time, unit)
            Original units.
        curve : array, shape (time, unit)
            As `replicas` gives it.
        """
        if not self.log:
            return np.where(table > self.floor, table - curve, np.nan)
        above = table > max(self.floor, self.base)
        logs = np.log(np.where(above, table - self.base, 1.0))
        return np.where(above, logs - np.log(curve), np.nan)


def scale_of(tree: xr.DataTree, variable: str) -> Scale:
    """The scale of the outcome's residuals, or of the mediator's."""
    attrs = tree.attrs
    if variable == "mediator":
        hurdle = attrs.get("mediator_likelihood") == "hurdle"
        return Scale(log=True, floor=0.0) if hurdle else Scale(log=False)
    log = attrs.get("link") == "log" or attrs.get("likelihood") == "lognormal"
    if "floor" not in attrs:
        return Scale(log)
    floor, hurdle = float(attrs["floor"]), attrs["at_floor"] == "hurdle"
    return Scale(log, floor if hurdle else 0.0, floor, censored=not hurdle)


@dataclass(frozen=True)
class Comparison:
    """One statistic of the observed table among those of the replicated ones.

    Attributes
    ----------
    name : str
    observed : float
    median, lower, upper : float
        Of the replicated statistic; lower to upper is the 90% interval.
    p_value : float
        Two-sided predictive p-value.
    p_adjusted : float
        The same by Holm's method over the statistics of this table.
    """

    name: str
    observed: float
    median: float
    lower: float
    upper: float
    p_value: float
    p_adjusted: float


def predictive_checks(tree: xr.DataTree) -> list[Check]:
    """Check the outcome's predictions and, if there is one, the mediator's."""
    checks = []
    for variable in ("outcome", "mediator"):
        if variable in tree["posterior_predictive"]:
            called, floor = _called(tree, variable), _floor(tree, variable)
            checks += [
                _check(f"{variable}_ppc", called, comparison, floor)
                for comparison in compare(test_statistics(tree, variable))
            ]
    return checks


def test_statistics(tree: xr.DataTree, variable: str) -> xr.Dataset:
    """The statistics of the observed table and of the replicated ones.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit, with `posterior`, `posterior_predictive` and `observed_data`; `constant_data`
        gives the scale that sigma is a share of.
    variable : {"outcome", "mediator"}

    Returns
    -------
    xarray.Dataset
        `observed` (statistic) and `replicated` (statistic, sample), for at most `MAX_DRAWS` evenly
        spaced draws. NaN where a statistic does not exist for a table.
    """
    observed = np.asarray(
        tree["observed_data"].to_dataset()[variable].transpose("time", "unit"), dtype=float
    )
    tables, curve, scale = replicas(tree, variable)
    floor = _floor(tree, variable)
    near = NEAR_ZERO * np.abs(observed).mean(axis=0)
    low = (-near, near) if floor is None else (np.full_like(near, floor),) * 2
    band = np.quantile(_predicted(tree, variable), [0.05, 0.95], axis=0)
    one, many = (
        statistics(table, curve, low=low, band=band, scale=scale)
        for table in (observed[None], tables)
    )
    return xr.Dataset(
        {"observed": ("statistic", one[:, 0]), "replicated": (("statistic", "sample"), many)},
        coords={"statistic": list(STATISTICS)},
    )


test_statistics.__test__ = False  # type: ignore[attr-defined]  # a statistic, not a test of pytest


def _floor(tree: xr.DataTree, variable: str) -> float | None:
    """The floor that the fit gave the outcome, if it did."""
    return float(tree.attrs["floor"]) if variable == "outcome" and "floor" in tree.attrs else None


def replicas(tree: xr.DataTree, variable: str) -> tuple[Array, Array, Scale]:
    """Predictive tables as they would lie around the fitted curve had they been fitted too.

    Returns
    -------
    tables : array, shape (sample, time, unit)
    curve : array, shape (time, unit)
        The fitted location: the posterior mean, of its logarithm where residuals are on that scale.
        Of a hurdle, how far above the floor.
    scale : Scale
        Of the residuals.
    """
    on = scale_of(tree, variable)
    location, sigma = _location(tree, variable)
    table = _predicted(tree, variable)
    if on.log and variable == "outcome" and on.floor < 0:  # an exponential that underflowed
        table = np.maximum(table, TINY)
    centre = np.log(np.maximum(location, TINY)) if on.log else location
    disturbance = on.residual(table, np.exp(centre) if on.log else centre)
    off = np.isnan(disturbance)
    disturbance = np.where(off, 0.0, disturbance)
    curve = centre.mean(axis=0)
    score = _score(tree, variable, disturbance, sigma)
    if on.censored:
        hidden, pull = _below_the_floor(tree, on, centre, sigma)
        disturbance, score = np.where(off, hidden, disturbance), np.where(off, pull, score)
    refitted = curve + disturbance - _refit(score, centre - curve)
    if on.log:
        refitted = np.exp(np.minimum(refitted, np.log(HUGE))) + on.base
    if not on.censored:
        refitted = np.where(off, on.floor, refitted)
    return np.maximum(refitted, on.floor), np.exp(curve) if on.log else curve, on


def _refit(score: Array, deviation: Array) -> Array:
    """The move of the fitted curve: the score times the location's posterior covariance.

    Parameters
    ----------
    score, deviation : array, shape (sample, time, unit)
        The covariance is taken from its factor, the deviations of the draws from their mean.
    """
    factor = deviation.reshape(len(deviation), -1) / np.sqrt(max(1, len(deviation) - 1))
    flat = score.reshape(len(score), -1)
    return ((flat @ factor.T) @ factor).reshape(score.shape)


def _score(tree: xr.DataTree, variable: str, disturbance: Array, scale: Array) -> Array:
    """Derivative of the log-density with respect to the location, at some disturbances.

    Parameters
    ----------
    disturbance : array, shape (sample, time, unit)
    scale : array, shape (sample, 1, unit)
    """
    posterior = tree["posterior"].to_dataset()
    shared = SHARED[variable]
    heavy = variable == "outcome" and tree.attrs.get("likelihood") == "student_t"
    nu = _thinned(posterior["nu"])[:, None, None] if heavy else np.inf
    if shared not in posterior:
        if not heavy:
            return disturbance / scale**2
        return (nu + 1) * disturbance / (nu * scale**2 + disturbance**2)
    # Units disturbed together: the inverse of diag(scale^2) + shock shock', by Woodbury.
    shock = _thinned(_in_units(tree, variable, posterior[shared], posterior[f"{variable}_mean"]))
    load = shock / scale**2
    common = (load * disturbance).sum(-1, keepdims=True)
    whole = 1 + (load * shock).sum(-1, keepdims=True)
    solved = disturbance / scale**2 - load * common / whole
    if not heavy:
        return solved
    square = (disturbance * solved).sum(-1, keepdims=True)
    return (nu + disturbance.shape[-1]) * solved / (nu + square)


def _below_the_floor(
    tree: xr.DataTree, on: Scale, centre: Array, sigma: Array
) -> tuple[Array, Array]:
    """What a censored week hides: a disturbance drawn below the floor, and the score of being so.

    Were such a week to stay at the floor whatever the refit does, weeks could only ever sink to it.

    Parameters
    ----------
    tree : xarray.DataTree
    on : Scale
        With a floor; the disturbances are on it.
    centre : array, shape (sample, time, unit)
        The location on that scale.
    sigma : array, shape (sample, 1, unit)

    Returns
    -------
    disturbance : array, shape (sample, time, unit)
    score : array, shape (sample, time, unit)
        Derivative of the log-probability of being censored with respect to the location.
    """
    edge = np.log(on.floor) if on.log else on.floor
    standard: Any = norm
    if tree.attrs.get("likelihood") == "student_t":
        standard = student_t(_thinned(tree["posterior"].to_dataset()["nu"])[:, None, None])
    z = (edge - centre) / sigma
    score = np.asarray(-np.exp(standard.logpdf(z) - standard.logcdf(z)) / sigma)
    share = np.random.default_rng(0).uniform(size=z.shape)
    hidden = sigma * np.minimum(standard.ppf(share * standard.cdf(z)), z)
    return np.where(np.isfinite(hidden), hidden, edge - centre), score


def statistics(
    table: Array, curve: Array, *, low: tuple[Array, Array], band: Array, scale: Scale
) -> Array:
    """Every statistic of some tables.

    Parameters
    ----------
    table : array, shape (sample, time, unit)
        Original units.
    curve : array, shape (time, unit)
        The fitted location.
    low : tuple of array, shape (unit,)
        A value between these is near zero, or at the floor.
    band : array, shape (2, time, unit)
        Lower and upper ends of the 90% predictive intervals.
    scale : Scale
        Of the residuals, which are standardised by their root mean square within each unit.

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
    """Lag-1 autocorrelation over time of residuals whose mean is known to be 0.

    Parameters
    ----------
    z : array, shape (..., time, unit)
        NaN where there is none; only pairs of consecutive weeks that both have one count.

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


def compare(values: xr.Dataset) -> tuple[Comparison, ...]:
    """Place the observed statistics among the replicated ones.

    Parameters
    ----------
    values : xarray.Dataset
        Of `test_statistics`.
    """
    names = [str(name) for name in values["statistic"].values]
    observed, replicated = values["observed"].values, values["replicated"].values
    p_values = [p_value(t, draws) for t, draws in zip(observed, replicated, strict=True)]
    adjusted = holm(np.array(p_values))
    found = []
    for at, name in enumerate(names):
        draws = replicated[at][np.isfinite(replicated[at])]
        spread = np.quantile(draws, [0.5, 0.05, 0.95]) if draws.size else np.full(3, np.nan)
        median, lower, upper = map(float, spread)
        found.append(
            Comparison(
                name, float(observed[at]), median, lower, upper, p_values[at], float(adjusted[at])
            )
        )
    return tuple(found)


def holm(p_values: Array) -> Array:
    """P-values adjusted so that the chance of any at all below a level is at most that level.

    Holm 1979, *A simple sequentially rejective multiple test procedure*: the smallest is multiplied
    by their number, the next by one less, and so on, never falling.

    Parameters
    ----------
    p_values : array, shape (test,)
    """
    number = len(p_values)
    order = p_values.argsort()
    adjusted = np.empty(number)
    adjusted[order] = np.maximum.accumulate((number - np.arange(number)) * p_values[order])
    return np.minimum(adjusted, 1.0)


def p_value(observed: float, replicated: Array) -> float:
    """Two-sided predictive p-value of a statistic, as a Monte-Carlo test counts.

    Where no draw at all lies beyond the observed value, the share beyond it is read off an
    exponential tail fitted to the nearest 5% of draws: a thousand draws can then show what is far
    rarer than one in a thousand.

    Parameters
    ----------
    observed : float
        A statistic that the observed table does not have (NaN) is no evidence: 1.
    replicated : array, shape (sample,)
        Tables without the statistic are left out.
    """
    difference = replicated[~np.isnan(replicated)] - observed
    if difference.size == 0 or np.isnan(observed):
        return 1.0
    return min(1.0, 2 * min(_share_beyond(difference), _share_beyond(-difference)))


def _share_beyond(difference: Array) -> float:
    """Share of draws at or above zero, counting the observed table as one of them."""
    share = (1 + int((difference >= 0).sum())) / (1 + difference.size)
    if (difference >= 0).any():
        return share
    start = float(np.quantile(difference, 0.95))
    excess = float((difference[difference >= start] - start).mean())
    return min(share, 0.05 * float(np.exp(start / excess)) if excess > 0 else 0.0)


def _called(tree: xr.DataTree, variable: str) -> str:
    """What the table calls the outcome or the mediator."""
    return str(tree.attrs.get(variable) or variable)


def _check(group: str, variable: str, found: Comparison, floor: float | None) -> Check:
    what = WHAT[found.name]
    if floor is not None and found.name == "share_near_zero":
        what = "share of weeks at the floor"
    status: Status = "pass"
    if found.p_adjusted < WARN_BELOW:
        status = "fail" if found.p_adjusted < FAIL_BELOW else "warn"
    says = (
        f"{variable}: the {what} is {said(found.observed)}; tables made by the fitted "
        f"model have {said(found.median)} ({said(found.lower)} to {said(found.upper)}, 90%)."
    )
    if np.isnan(found.observed) or np.isnan(found.median):
        says = f"{variable}: the {what} cannot be computed here."
    elif status != "pass":
        says += f" {MEND[found.name]}"
    return Check(group, found.name, found.p_adjusted, FAIL_BELOW, status, says)


def _location(tree: xr.DataTree, variable: str) -> tuple[Array, Array]:
    """Location and scale of a variable's distribution.

    Returns
    -------
    location : array, shape (sample, time, unit), original units
        Of a hurdle, how far above the floor.
    scale : array, shape (sample, 1, unit), original units, or log units on the log scale
    """
    posterior = tree["posterior"].to_dataset()
    level = f"{variable}_level"
    location = posterior[level if level in posterior else f"{variable}_mean"]
    sigma = posterior["sigma" if variable == "outcome" else "mediator_sigma"]
    return _thinned(location), _thinned(_in_units(tree, variable, sigma, location))


def _in_units(
    tree: xr.DataTree, variable: str, sigma: xr.DataArray, location: xr.DataArray
) -> xr.DataArray:
    """A scale of the model as one of the table, (chain, draw, time, unit), alike in all weeks."""
    if not scale_of(tree, variable).log and "constant_data" in tree.children:
        sigma = sigma * tree["constant_data"].to_dataset()[f"{variable}_scale"]
    return sigma.broadcast_like(location.isel(time=0, drop=True)).expand_dims("time")


def _predicted(tree: xr.DataTree, variable: str) -> Array:
    """Predictive draws, shape (sample, time, unit), cut where their squares would overflow."""
    draws = _thinned(tree["posterior_predictive"].to_dataset()[variable])
    return np.clip(np.nan_to_num(draws, nan=HUGE), -HUGE, HUGE)


def _thinned(values: xr.DataArray) -> Array:
    """At most `MAX_DRAWS` evenly spaced draws with one sample axis, shape (sample, ...)."""
    last = [dim for dim in ("time", "unit") if dim in values.dims]
    array = np.asarray(values.transpose("chain", "draw", *last).values, dtype=float)
    array = array.reshape(-1, *array.shape[2:])
    total = len(array)
    return array[np.linspace(0, total - 1, min(total, MAX_DRAWS)).round().astype(int)]


def _correlation(x: Array, y: Array) -> Array:
    """Correlation within units, pooled: of values less their unit's mean."""
    both = (-2, -1)
    x = np.nan_to_num(x - _mean(x, -2)[..., None, :])
    y = np.nan_to_num(y - _mean(y, -2)[..., None, :])
    spread = np.sqrt((x**2).sum(both)) * np.sqrt((y**2).sum(both))
    return np.divide((x * y).sum(both), spread, out=np.zeros_like(spread), where=spread > 0)


def _mean(x: Array, axis: int | tuple[int, ...]) -> Array:
    """Mean over what is there; NaN of nothing, without a warning."""
    number = (~np.isnan(x)).sum(axis)
    total = np.nansum(x, axis)
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
