"""What the posterior says about each channel, in words: is there mediation, any effect at all?

"Not supported" is an answer, not a failure, so none of this enters the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import finite
from mmm_bayes.diagnostics.sensitivity import of_the_prior
from mmm_bayes.diagnostics.sensitivity import says as sensitivity_says
from mmm_bayes.estimands.summary import INTERVAL

NEAR_ZERO = 0.01  # of the summed outcome


@dataclass(frozen=True)
class Evidence:
    """The evidence about one channel, over all units and weeks.

    Attributes
    ----------
    channel : str
    p_indirect_positive : float or None
        Posterior probability that the indirect effect is positive; None, as the next two, for a
        channel that has no path through the mediator in this model.
    share_near_zero : float or None
        Posterior probability that it is within 1% of the summed outcome of zero.
    interval_contains_zero : bool or None
        Whether its 90% equal-tailed interval contains zero.
    total_near_zero : float
        Posterior probability that the total effect is within 1% of the summed outcome of zero.
    total_compatible_with_zero : bool
        Whether the 90% interval of the total effect reaches into that region.
    never_off : bool
        The total effect is then an extrapolation to weeks without the channel.
    prior_driven : bool
        The total effect is the prior's more than the data's, or the data hardly speak of it, by the
        rule of `sensitivity`; False where no sensitivity is known.
    says : tuple of str
        Sentences for the reader.
    leaning : tuple of str
        Those of them that say which effects are the prior's.
    """

    channel: str
    p_indirect_positive: float | None
    share_near_zero: float | None
    interval_contains_zero: bool | None
    total_near_zero: float
    total_compatible_with_zero: bool
    never_off: bool
    prior_driven: bool
    says: tuple[str, ...]
    leaning: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON can hold it."""
        return {
            "channel": self.channel,
            "p_indirect_positive": finite(self.p_indirect_positive),
            "share_near_zero": finite(self.share_near_zero),
            "interval_contains_zero": self.interval_contains_zero,
            "total_near_zero": finite(self.total_near_zero),
            "total_compatible_with_zero": self.total_compatible_with_zero,
            "never_off": self.never_off,
            "prior_driven": self.prior_driven,
            "says": list(self.says),
            "leaning": list(self.leaning),
        }


def evidence(tree: xr.DataTree, effects: xr.DataTree) -> tuple[Evidence, ...]:
    """Weigh every channel's indirect and total effect.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit.
    effects : xarray.DataTree
        Its effects; the last unit of `draws` is the sum over units. The group ``sensitivity`` may
        be missing.
    """
    draws = effects["draws"].to_dataset().isel(unit=-1)
    summed = float(tree["observed_data"].to_dataset()["outcome"].sum())
    always_on = _never_off(tree)
    moved = _sensitivity(effects)
    driven = of_the_prior(moved) if moved else None
    positive = _positive_by_prior(tree, effects)
    found = []
    for channel in map(str, draws["channel"].values):
        one = draws[["total", "indirect"]].sel(channel=channel) / summed
        total, indirect = one["total"].values.ravel(), one["indirect"].values.ravel()
        never_off = channel in always_on
        prior = driven is not None and bool(driven.sel(effect="total", channel=channel))
        lower, upper = np.quantile(total, INTERVAL)
        compatible = bool(lower <= NEAR_ZERO and upper >= -NEAR_ZERO)
        says = [_total_says(lower, upper, compatible)]
        if never_off:
            says.append("That is an extrapolation: the table has no week without it.")
        mediated = bool(np.any(indirect != 0))
        if mediated:
            lower, upper = np.quantile(indirect, INTERVAL)
            says.append(_indirect_says(channel, lower, upper, positive))
            if lower <= 0 <= upper:
                says.append(
                    f"P(indirect effect > 0) is {(indirect > 0).mean():.0%}, and "
                    f"{_near(indirect):.0%} of its posterior lies within 1% of the outcome around "
                    "0."
                )
        leaning = () if driven is None else sensitivity_says(moved, channel)
        found.append(
            Evidence(
                channel=channel,
                p_indirect_positive=float((indirect > 0).mean()) if mediated else None,
                share_near_zero=_near(indirect) if mediated else None,
                interval_contains_zero=bool(lower <= 0 <= upper) if mediated else None,
                total_near_zero=_near(total),
                total_compatible_with_zero=compatible,
                never_off=never_off,
                prior_driven=prior,
                says=(*says, *leaning),
                leaning=leaning,
            )
        )
    return tuple(found)


def _indirect_says(channel: str, lower: float, upper: float, positive: bool) -> str:
    says = (
        f"The 90% interval of the indirect effect of {channel} ({lower:.1%} to {upper:.1%} of the "
        "outcome) "
    )
    if lower <= 0 <= upper:
        return says + "contains 0: this table gives no evidence of mediation."
    sign = "raises" if lower > 0 else "lowers"
    little = max(abs(lower), abs(upper)) <= NEAR_ZERO
    if not positive:
        says += f"excludes 0: through the mediator, {channel} {sign} the outcome"
        return says + (
            ", but by less than 1% of it."
            if little
            else ", if nothing outside the table moves both."
        )
    says += f"is {'above' if lower > 0 else 'below'} 0" + (
        ", by less than 1% of the outcome" if little else ""
    )
    return says + (
        f": {channel} {sign} the mediator. That the mediator raises the outcome is positive by "
        "prior, so this says how large the effect is, not whether there is one."
    )


def _total_says(lower: float, upper: float, compatible: bool) -> str:
    says = f"In all it made {lower:.1%} to {upper:.1%} of the outcome (90%)"
    return says + (", which cannot be told from no effect." if compatible else ".")


def _positive_by_prior(tree: xr.DataTree, effects: xr.DataTree) -> bool:
    """Whether the prior has no draw in which the mediator lowers the outcome.

    An indirect effect then has the sign of its cause's effect on the mediator, whatever the data
    say of the second step. Where no draws of the prior were saved, the model's usual prior is
    taken, which is positive.
    """
    if "prior" not in effects.children or not tree.attrs.get("mediator"):
        return True
    draws = effects["prior"].to_dataset().isel(unit=-1)["total"]
    return not bool((draws.sel(channel=tree.attrs["mediator"]) < 0).any())


def _sensitivity(effects: xr.DataTree) -> xr.Dataset:
    return (
        effects["sensitivity"].to_dataset() if "sensitivity" in effects.children else xr.Dataset()
    )


def _near(values: np.ndarray) -> float:
    return float((np.abs(values) <= NEAR_ZERO).mean())


def _never_off(tree: xr.DataTree) -> set[str]:
    """Channels that are on in every week of every unit."""
    if "constant_data" not in tree.children or "exposure" not in tree["constant_data"]:
        return set()
    on = (tree["constant_data"].to_dataset()["exposure"] > 0).all(("time", "unit"))
    return {str(name) for name in on["channel"].values[on.values]}
