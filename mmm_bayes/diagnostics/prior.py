"""What the priors say before the data are seen: a check on them, not on the fit.

Draws of the prior give tables, shares and returns by the same functions as draws of the posterior.
A prior is absurd if it takes seriously what nobody would believe of the business:

* a typical week, or a spread of the weeks, whose 90% interval reaches beyond ten times what was
  observed, on either side of zero, or stays below a tenth of it. The spread is taken on the scale
  on which effects add up: of logarithms under the log link;
* an outcome below zero in more than a third of the weeks, where it never was;
* advertising that makes (or costs) more than nine tenths of the outcome, with a probability above
  one quarter;
* a channel whose 90% interval of the return lies wholly above the return that all advertising money
  would have if advertising made the whole outcome. It needs no unit of the outcome; a channel with
  little spend trips it, for priors are on shares and not on returns.

Source: Gelman, Simpson, Betancourt (2017), *The prior can often only be understood in the context
of the likelihood*; Gabry, Simpson, Vehtari, Betancourt, Gelman (2019), *Visualization in Bayesian
workflow*, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.diagnostics.check import Check, finite, said
from mmm_bayes.estimands.summary import INTERVAL

Array = NDArray[np.float64]

GROUP = "prior"
WITHIN = 10.0
NEGATIVE_MAX = 1 / 3
NEARLY_ALL = 0.9
PROBABILITY_MAX = 0.25
TINY = float(np.finfo(float).tiny)
HUGE = 1e100  # prior draws are cut here, so that they have quantiles


@dataclass(frozen=True)
class Implied:
    """Median and 90% equal-tailed interval of a quantity over prior draws.

    Attributes
    ----------
    median : float
    lower, upper : float
        Ends of the interval.
    """

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class PriorPredictive:
    """What the priors imply.

    Attributes
    ----------
    draws : int
    level, spread : Implied
        Median over weeks of the outcome, summed over units, and standard deviation over weeks of
        it or, where the model multiplies, of its logarithm.
    observed_level, observed_spread : float
        The same of the table.
    log : bool
        Whether the spread is that of logarithms.
    negative : float
        Share of the weeks of prior tables in which the outcome of a unit is below zero.
    ever_negative : bool
        Whether the observed outcome ever is.
    together : Implied
        What all channels add together, as a share of the observed outcome.
    p_nearly_all : float
        Probability that it is above nine tenths in size.
    shares : dict of str to Implied
        Each channel's direct effect, as a share of the observed outcome.
    returns : dict of str to Implied
        Each channel's total effect over what was spent on it, if anything was.
    best_return : float
        Outcome over all spend: the return of all money if advertising made the whole outcome.
    """

    draws: int
    level: Implied
    spread: Implied
    observed_level: float
    observed_spread: float
    log: bool
    negative: float
    ever_negative: bool
    together: Implied
    p_nearly_all: float
    shares: dict[str, Implied]
    returns: dict[str, Implied]
    best_return: float

    def to_dict(self) -> dict[str, Any]:
        """What diagnostics.json holds."""
        return {
            "draws": self.draws,
            "level": {**asdict(self.level), "observed": self.observed_level},
            "spread": {**asdict(self.spread), "observed": self.observed_spread, "log": self.log},
            "negative": self.negative,
            "together": {**asdict(self.together), "p_nearly_all": self.p_nearly_all},
            "best_return": finite(self.best_return),
            "channels": [
                {
                    "channel": name,
                    "share": asdict(share),
                    "roas": asdict(self.returns[name]) if name in self.returns else None,
                }
                for name, share in self.shares.items()
            ],
        }


def prior_predictive(tree: xr.DataTree, prior: xr.Dataset) -> PriorPredictive:
    """Summarise what prior draws imply.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit, with `prior_predictive` and `observed_data`.
    prior : xarray.Dataset
        Effects of prior draws: ``direct`` and ``roas`` (chain, draw, unit, channel), and
        ``together`` (chain, draw, unit); the last unit is the sum over units.
    """
    observed = tree["observed_data"].to_dataset()["outcome"].transpose("time", "unit").values
    made = tree["prior_predictive"].to_dataset()["outcome"]
    tables = _draws(made.transpose("chain", "draw", "time", "unit").values)
    weeks, seen = tables.sum(-1), observed.sum(-1)
    summed = float(observed.sum())
    log = tree.attrs.get("link") == "log" or tree.attrs.get("likelihood") == "lognormal"
    scaled, scaled_seen = (_scaled(tree, one) if log else one for one in (weeks, seen))
    last = prior.isel(unit=-1, drop=True)
    together = _draws(last["together"].values) / summed
    returns = {str(name): last["roas"].sel(channel=name).values for name in last["channel"].values}
    return PriorPredictive(
        draws=len(tables),
        level=_implied(np.median(weeks, 1)),
        spread=_implied(np.ma.filled(scaled.std(1), 0.0)),
        observed_level=float(np.median(seen)),
        observed_spread=float(scaled_seen.std()),
        log=log,
        negative=float((tables < 0).mean()),
        ever_negative=bool((observed < 0).any()),
        together=_implied(together),
        p_nearly_all=float((np.abs(together) > NEARLY_ALL).mean()),
        shares={
            str(name): _implied(_draws(last["direct"].sel(channel=name).values) / summed)
            for name in last["channel"].values
        },
        returns={
            name: _implied(_draws(values))
            for name, values in returns.items()
            if not np.isnan(values).all()
        },
        best_return=_best_return(tree, summed),
    )


def _scaled(tree: xr.DataTree, weeks: Array) -> Array:
    """Logarithms of weeks, (..., time); masked where they stand at the outcome's floor."""
    floor = tree.attrs.get("floor")
    logs = np.log(np.maximum(weeks, TINY))
    if floor is None:
        return logs
    units = tree["observed_data"].sizes["unit"]
    return np.ma.masked_where(weeks <= units * floor, logs)


def prior_checks(found: PriorPredictive, *, outcome: str = "outcome") -> list[Check]:
    """Warn of priors that take seriously what nobody would believe.

    Parameters
    ----------
    found : PriorPredictive
    outcome : str
        What the outcome is called.
    """
    scale = "log " if found.log else ""
    checks = [
        _within(
            "level", f"the {outcome} of a typical week", found.level, found.observed_level,
            "narrow the prior of intercept (under a log link also those of covariate_effect, sigma "
            "and beta) in [priors]",
        ),
        _within(
            "spread",
            f"the spread of the weeks (standard deviation of {scale}{outcome})",
            found.spread, found.observed_spread,
            "narrow the priors of covariate_effect, sigma and beta in [priors]",
        ),
    ]  # fmt: skip
    if not found.ever_negative:
        good = found.negative <= NEGATIVE_MAX
        mend = "" if good else ", which never is: think of a log link, or narrow intercept"
        checks.append(
            Check(
                GROUP, "negative", found.negative, NEGATIVE_MAX, "pass" if good else "warn",
                f"In {found.negative:.0%} of the weeks that the priors imply, {outcome} is below "
                f"zero{mend}.",
            )
        )  # fmt: skip
    good = found.p_nearly_all <= PROBABILITY_MAX
    mend = "" if good else ": nobody believes that; narrow the prior of beta in [priors]"
    checks.append(
        Check(
            GROUP, "together", found.p_nearly_all, PROBABILITY_MAX, "pass" if good else "warn",
            f"Before the data, all advertising together makes {_percent(found.together)} of "
            f"{outcome} (90%), and more than nine tenths of it with a probability of "
            f"{found.p_nearly_all:.0%}{mend}.",
        )
    )  # fmt: skip
    return [*checks, *_returns(found)]


def _returns(found: PriorPredictive) -> list[Check]:
    """One check over the returns of all channels, if any money was spent."""
    if not found.returns or not np.isfinite(found.best_return):
        return []
    worst = max(one.lower for one in found.returns.values()) / found.best_return
    absurd = [name for name, one in found.returns.items() if one.lower > found.best_return]
    limit = (
        f"{said(found.best_return)} per unit of money, the return if advertising made everything"
    )
    says = f"Before the data, every channel may well return less than {limit}."
    if absurd:
        told = _listed(
            f"{name} ({said(found.returns[name].lower)} to {said(found.returns[name].upper)})"
            for name in absurd
        )
        says = (
            f"Before the data, the return of {told} lies wholly above {limit}: where a channel "
            "spends little, a prior on its share is a large return; narrow the prior of beta in "
            "[priors], and do not read this channel's return without its prior."
        )
    return [Check(GROUP, "returns", worst, 1.0, "warn" if absurd else "pass", says)]


def _within(name: str, what: str, found: Implied, observed: float, mend: str) -> Check:
    """Whether a quantity's prior interval is of the size that was observed."""
    size = abs(observed)
    furthest = max(abs(found.upper), abs(found.lower)) / size
    good = furthest <= WITHIN and found.upper >= size / WITHIN
    says = (
        f"Before the data, {what} is {said(found.lower)} to {said(found.upper)} (90%); it was "
        f"{said(observed)}"
    )
    return Check(
        GROUP, name, furthest, WITHIN, "pass" if good else "warn",
        f"{says}." if good else f"{says}, and nobody would be that unsure: {mend}.",
    )  # fmt: skip


def _best_return(tree: xr.DataTree, summed: float) -> float:
    if "constant_data" not in tree.children or "spend" not in tree["constant_data"]:
        return float("nan")
    spend = float(tree["constant_data"].to_dataset()["spend"].sum())
    return summed / spend if spend > 0 else float("nan")


def _implied(values: Array) -> Implied:
    lower, median, upper = np.quantile(values, [INTERVAL[0], 0.5, INTERVAL[1]])
    return Implied(float(median), float(lower), float(upper))


def _draws(values: Array) -> Array:
    """Draws (chain, draw, ...) with one sample axis, cut where they would overflow."""
    flat = values.reshape(-1, *values.shape[2:])
    return np.clip(np.nan_to_num(flat, nan=HUGE), -HUGE, HUGE)


def _percent(found: Implied) -> str:
    return f"{found.lower:.0%} to {found.upper:.0%}"


def _listed(names: Any) -> str:
    told: Sequence[str] = list(names)
    return ", ".join(told[:-1]) + (" and " if told[:-1] else "") + told[-1]
