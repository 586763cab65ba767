"""Prior predictive checks.

Prior draws give tables, shares and returns by the same functions as posterior draws. A check warns
if the priors imply one of these:

* a typical week, or a spread of the weeks, whose 90% interval extends beyond ten times the observed
  value, on either side of zero, or lies below a tenth of it. The spread is computed on the scale on
  which effects are additive: on logarithms under the log link;
* an outcome below zero in more than a third of the weeks, although none was observed;
* total media effects above nine tenths of the outcome in absolute value, with a probability above
  one quarter;
* a channel whose 90% interval of ROAS lies entirely above the ratio of the outcome to all spend,
  which would be the return if advertising made the whole outcome. This does not depend on the unit
  of the outcome. Channels with little spend fail it, because priors are on shares and not on
  returns.

Source: Gelman, Simpson, Betancourt (2017), *The prior can often only be understood in the context
of the likelihood*; Gabry, Simpson, Vehtari, Betancourt, Gelman (2019), *Visualization in Bayesian
workflow*, section 3.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.diagnostics.check import Check, finite_or_none
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.text import join_names, number

Array = NDArray[np.float64]

GROUP = "prior"
RATIO_MAX = 10.0
NEGATIVE_MAX = 1 / 3
NEARLY_ALL = 0.9
PROBABILITY_MAX = 0.25
#: Probability, under the prior, of an effect at least as far out as the posterior median.
CONFLICT_MIN = 0.01
TINY = float(np.finfo(float).tiny)
#: Prior draws are clipped here, so that they have finite quantiles.
HUGE = 1e100


@dataclass(frozen=True)
class PriorInterval:
    """Median and 90% equal-tailed interval of a quantity over prior draws.

    Attributes
    ----------
    median, lower, upper : float
        In the unit of the quantity.
    """

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class PriorPredictive:
    """Quantities implied by the priors.

    Attributes
    ----------
    draws : int
        Number of prior draws.
    level, spread : PriorInterval
        Median over weeks of the outcome, summed over units, and its standard deviation over weeks,
        the latter of logarithms in a multiplicative model.
    observed_level, observed_spread : float
        The same statistics of the observed outcome.
    log : bool
        Whether the spread is that of logarithms.
    negative : float
        Share of the weeks of prior tables in which the outcome of a unit is below zero.
    ever_negative : bool
        Whether the observed outcome is ever below zero.
    together : PriorInterval
        Joint effect of all channels, as a share of the observed outcome; NaN, as all shares, if the
        sum of that is not positive.
    p_nearly_all : float
        Probability that this share is above nine tenths in absolute value.
    shares : dict of str to PriorInterval
        Direct effect of each channel, as a share of the observed outcome.
    returns : dict of str to PriorInterval
        ROAS of each channel with spend.
    best_return : float
        Outcome over all spend, the ROAS if advertising made the whole outcome; NaN without spend.
    """

    draws: int
    level: PriorInterval
    spread: PriorInterval
    observed_level: float
    observed_spread: float
    log: bool
    negative: float
    ever_negative: bool
    together: PriorInterval
    p_nearly_all: float
    shares: dict[str, PriorInterval]
    returns: dict[str, PriorInterval]
    best_return: float

    def to_dict(self) -> dict[str, Any]:
        """The ``prior_predictive`` object of diagnostics.json."""
        return {
            "draws": self.draws,
            "level": {**asdict(self.level), "observed": self.observed_level},
            "spread": {**asdict(self.spread), "observed": self.observed_spread, "log": self.log},
            "negative": self.negative,
            "together": {
                name: finite_or_none(value) for name, value in asdict(self.together).items()
            }
            | {"p_nearly_all": self.p_nearly_all},
            "best_return": finite_or_none(self.best_return),
            "channels": [
                {
                    "channel": name,
                    "share": _record(share),
                    "roas": asdict(self.returns[name]) if name in self.returns else None,
                }
                for name, share in self.shares.items()
            ],
        }


def _record(interval: PriorInterval) -> dict[str, float | None]:
    return {name: finite_or_none(value) for name, value in asdict(interval).items()}


def prior_predictive(tree: xr.DataTree, prior: xr.Dataset) -> PriorPredictive:
    """Quantities implied by prior draws.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with groups ``prior_predictive`` and ``observed_data``.
    prior : xarray.Dataset
        Effects of prior draws: ``direct`` and ``roas`` (chain, draw, unit, channel), and
        ``together``, the joint effect of all channels (chain, draw, unit); the last unit is the sum
        over units.
    """
    observed = tree["observed_data"].to_dataset()["outcome"].transpose("time", "unit").values
    outcome = tree["prior_predictive"].to_dataset()["outcome"]
    tables = _flat_draws(outcome.transpose("chain", "draw", "time", "unit").values)
    weeks, observed_weeks = tables.sum(-1), observed.sum(-1)
    summed_outcome = float(observed.sum())
    whole = summed_outcome if summed_outcome > 0 else np.nan
    log = tree.attrs.get("link") == "log" or tree.attrs.get("likelihood") == "lognormal"
    scaled, observed_scaled = (
        _logarithms(tree, values) if log else values for values in (weeks, observed_weeks)
    )
    total = prior.isel(unit=-1, drop=True)
    together = _flat_draws(total["together"].values) / whole
    direct = {
        str(name): total["direct"].sel(channel=name).values for name in total["channel"].values
    }
    returns = {
        str(name): total["roas"].sel(channel=name).values for name in total["channel"].values
    }
    return PriorPredictive(
        draws=len(tables),
        level=_interval(np.median(weeks, 1)),
        spread=_interval(np.ma.filled(scaled.std(1), 0.0)),
        observed_level=float(np.median(observed_weeks)),
        observed_spread=float(observed_scaled.std()),
        log=log,
        negative=float((tables < 0).mean()),
        ever_negative=bool((observed < 0).any()),
        together=_interval(together),
        p_nearly_all=float((np.abs(together) > NEARLY_ALL).mean()),
        shares={name: _interval(_flat_draws(values) / whole) for name, values in direct.items()},
        returns={
            name: _interval(_flat_draws(values))
            for name, values in returns.items()
            if not np.isnan(values).all()
        },
        best_return=_best_return(tree, whole),
    )


def _logarithms(tree: xr.DataTree, weeks: Array) -> Array:
    """Logarithms of weeks, shape (..., time); masked at the floor of the outcome."""
    floor = tree.attrs.get("floor")
    logs = np.log(np.maximum(weeks, TINY))
    if floor is None:
        return logs
    units = tree["observed_data"].sizes["unit"]
    return np.ma.masked_where(weeks <= units * floor, logs)


def prior_checks(implied: PriorPredictive, *, outcome: str = "outcome") -> list[Check]:
    """Checks that warn of implausible priors.

    Parameters
    ----------
    implied : PriorPredictive
        As `prior_predictive` returns it.
    outcome : str
        Column name of the outcome, for the messages.
    """
    scale = "log " if implied.log else ""
    # Where the outcome may be negative, its level may be near 0: its spread is a size, too.
    size = abs(implied.observed_level)
    if implied.ever_negative:
        size = max(size, implied.observed_spread)
    checks = [
        _size_check(
            "level", f"the {outcome} of a typical week",
            implied.level, implied.observed_level, size,
            "narrow the prior of intercept (under a log link also those of covariate_effect, sigma "
            "and media_share) in [priors]",
        ),
        _size_check(
            "spread",
            f"the spread of the weeks (standard deviation of {scale}{outcome})",
            implied.spread, implied.observed_spread, abs(implied.observed_spread),
            "narrow the priors of covariate_effect, sigma and media_share in [priors]",
        ),
    ]  # fmt: skip
    if not implied.ever_negative:
        good = implied.negative <= NEGATIVE_MAX
        remedy = "" if good else ", which never happened: use a log link, or narrow intercept"
        checks.append(
            Check(
                GROUP, "negative", implied.negative, NEGATIVE_MAX, "pass" if good else "warn",
                f"The priors put {outcome} below zero in {implied.negative:.0%} of the "
                f"weeks{remedy}.",
            )
        )  # fmt: skip
    if not np.isfinite(implied.together.median):
        return [*checks, *_return_checks(implied)]
    good = implied.p_nearly_all <= PROBABILITY_MAX
    remedy = "" if good else ", which is implausible: narrow media_share (or beta) in [priors]"
    checks.append(
        Check(
            GROUP, "together", implied.p_nearly_all, PROBABILITY_MAX, "pass" if good else "warn",
            f"According to the priors, all advertising together makes "
            f"{implied.together.lower:.0%} to {implied.together.upper:.0%} of {outcome} (90%), and "
            "more than nine tenths of it with a probability of "
            f"{implied.p_nearly_all:.0%}{remedy}.",
        )
    )  # fmt: skip
    return [*checks, *_return_checks(implied)]


def _return_checks(implied: PriorPredictive) -> list[Check]:
    """One check over the returns of all channels, if there is any spend."""
    if not implied.returns or not np.isfinite(implied.best_return):
        return []
    largest = max(roas.lower for roas in implied.returns.values()) / implied.best_return
    implausible = {
        name: roas for name, roas in implied.returns.items() if roas.lower > implied.best_return
    }
    limit = (
        f"{number(implied.best_return)} per unit of money, the return if advertising made "
        "the whole outcome"
    )
    message = f"According to the priors, every channel may return less than {limit}."
    if implausible:
        intervals = join_names(
            [
                f"{name} ({number(roas.lower)} to {number(roas.upper)})"
                for name, roas in implausible.items()
            ]
        )
        message = (
            f"According to the priors, the return of {intervals} lies entirely above {limit}: for "
            "a channel with little spend, a prior on its share of the outcome implies a large "
            "return; state its return (roas) in [channels.NAME.priors], and read the channel's "
            "return together with its prior."
        )
    return [Check(GROUP, "returns", largest, 1.0, "warn" if implausible else "pass", message)]


def conflict_check(posterior: xr.Dataset, prior: xr.Dataset, *, outcome: str) -> Check:
    """Check that no effect lies where its prior hardly allowed it.

    Parameters
    ----------
    posterior : xarray.Dataset
        Draws of ``direct`` (chain, draw, unit, channel), and of ``together``, the joint effect of
        all channels (chain, draw, unit); the last unit is the sum over units.
    prior : xarray.Dataset
        The same of prior draws.
    outcome : str
        Column name of the outcome, for the message.
    """
    before, after = (draws.isel(unit=-1, drop=True) for draws in (prior, posterior))
    effects = {
        f"the own effect of {name}": (
            before["direct"].sel(channel=name),
            after["direct"].sel(channel=name),
        )
        for name in map(str, after["channel"].values)
    }
    effects["the effect of all media together"] = before["together"], after["together"]
    smallest, messages = 1.0, []
    for name, draws in effects.items():
        expected, found = (_flat_draws(values.values) for values in draws)
        if expected.min() == expected.max():  # absent by assumption
            continue
        middle = float(np.median(found))
        probability = 2 * min(
            float((expected >= middle).mean()), float((expected <= middle).mean())
        )
        smallest = min(smallest, probability)
        if probability < CONFLICT_MIN:
            low, high = np.quantile(expected, [CONFLICT_MIN / 2, 1 - CONFLICT_MIN / 2])
            messages.append(
                f"{name} on {outcome} at {number(middle)}, where the priors allow "
                f"{number(low)} to {number(high)} (99%)"
            )
    if not messages:
        return Check(
            GROUP, "conflict", smallest, CONFLICT_MIN, "pass",
            "No effect lies where its prior hardly allowed it.",
        )  # fmt: skip
    return Check(
        GROUP, "conflict", smallest, CONFLICT_MIN, "warn",
        f"Prior and data disagree: the data put {join_names(messages)}. Look for what the model "
        "lacks, or widen the prior: media_share in [priors], or that of the channel.",
    )  # fmt: skip


def _size_check(
    name: str, quantity: str, prior: PriorInterval, observed: float, size: float, remedy: str
) -> Check:
    """Check that the prior interval of a quantity has the size of its observed value."""
    reach = max(abs(prior.upper), abs(prior.lower))
    ratio = reach / size if size > 0 else np.inf
    good = ratio <= RATIO_MAX and prior.upper >= size / RATIO_MAX
    message = (
        f"According to the priors, {quantity} is {number(prior.lower)} to "
        f"{number(prior.upper)} (90%); it was {number(observed)}"
    )
    return Check(
        GROUP, name, ratio, RATIO_MAX, "pass" if good else "warn",
        f"{message}." if good else f"{message}. The prior is implausibly wide or low: {remedy}.",
    )  # fmt: skip


def _best_return(tree: xr.DataTree, summed_outcome: float) -> float:
    if "constant_data" not in tree.children or "spend" not in tree["constant_data"]:
        return float("nan")
    spend = float(tree["constant_data"].to_dataset()["spend"].sum())
    return summed_outcome / spend if spend > 0 else float("nan")


def _interval(values: Array) -> PriorInterval:
    lower, median, upper = np.quantile(values, [INTERVAL[0], 0.5, INTERVAL[1]])
    return PriorInterval(float(median), float(lower), float(upper))


def _flat_draws(values: Array) -> Array:
    """Draws of shape (chain, draw, ...) as (sample, ...), clipped where they would overflow."""
    flat = values.reshape(-1, *values.shape[2:])
    return np.clip(np.nan_to_num(flat, nan=HUGE), -HUGE, HUGE)
