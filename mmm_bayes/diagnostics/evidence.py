"""Evidence for a total effect and for mediation of each channel, in sentences.

"No evidence" is an answer and not a failure, so none of this enters the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import finite_or_none
from mmm_bayes.diagnostics.sensitivity import is_prior_driven, sensitivity_messages
from mmm_bayes.estimands.summary import INTERVAL

#: Largest effect that counts as near zero, as a share of the summed outcome.
NEAR_ZERO = 0.01


@dataclass(frozen=True)
class Evidence:
    """Evidence for the effects of one channel, over all units and weeks.

    Attributes
    ----------
    p_indirect_positive : float or None
        Posterior probability that the indirect effect is positive; None, like the next two, for a
        channel without a path through the mediator.
    share_near_zero : float or None
        Posterior probability that the indirect effect is at most 1% of the summed outcome in size.
    interval_contains_zero : bool or None
        Whether the 90% equal-tailed interval of the indirect effect contains zero.
    total_near_zero : float
        Posterior probability that the total effect is at most 1% of the summed outcome in size.
    total_compatible_with_zero : bool
        Whether the 90% interval of the total effect overlaps that region.
    never_off : bool
        Whether the channel is on in every week, so that its total effect is an extrapolation.
    prior_driven : bool
        Whether the total effect depends more on the prior than on the data, or hardly on the data,
        by the rule of `sensitivity`; False where no sensitivity is known.
    message : tuple of str
        Sentences for the reader.
    leaning : tuple of str
        Those of the sentences that name prior-driven effects.
    """

    channel: str
    p_indirect_positive: float | None
    share_near_zero: float | None
    interval_contains_zero: bool | None
    total_near_zero: float
    total_compatible_with_zero: bool
    never_off: bool
    prior_driven: bool
    message: tuple[str, ...]
    leaning: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The evidence as a JSON object."""
        return {
            "channel": self.channel,
            "p_indirect_positive": finite_or_none(self.p_indirect_positive),
            "share_near_zero": finite_or_none(self.share_near_zero),
            "interval_contains_zero": self.interval_contains_zero,
            "total_near_zero": finite_or_none(self.total_near_zero),
            "total_compatible_with_zero": self.total_compatible_with_zero,
            "never_off": self.never_off,
            "prior_driven": self.prior_driven,
            "message": list(self.message),
            "leaning": list(self.leaning),
        }


def channel_evidence(tree: xr.DataTree, effects: xr.DataTree) -> tuple[Evidence, ...]:
    """Evidence for the total and the indirect effect of each channel.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit.
    effects : xarray.DataTree
        Its effects; the last unit of ``draws`` is the sum over units. The groups ``prior`` and
        ``sensitivity`` may be missing.
    """
    draws = effects["draws"].to_dataset().isel(unit=-1)
    size, whole = outcome_size(tree)
    always_on = _channels_never_off(tree)
    sensitivities = (
        effects["sensitivity"].to_dataset() if "sensitivity" in effects.children else xr.Dataset()
    )
    driven = is_prior_driven(sensitivities) if sensitivities else None
    positive = _mediator_effect_is_positive(tree, effects)
    results = []
    for channel in map(str, draws["channel"].values):
        shares = draws[["total", "indirect"]].sel(channel=channel) / size
        total, indirect = shares["total"].values.ravel(), shares["indirect"].values.ravel()
        never_off = channel in always_on
        lower, upper = np.quantile(total, INTERVAL)
        compatible = bool(lower <= NEAR_ZERO and upper >= -NEAR_ZERO)
        message = [_total_message(lower, upper, compatible, whole)]
        if never_off:
            message.append("That is an extrapolation: the table has no week without it.")
        mediated = bool(np.any(indirect != 0))
        if mediated:
            lower, upper = np.quantile(indirect, INTERVAL)
            message.append(_indirect_message(channel, lower, upper, positive, whole))
            if lower <= 0 <= upper:
                message.append(
                    f"P(indirect effect > 0) is {(indirect > 0).mean():.0%}, and "
                    f"{_probability_near_zero(indirect):.0%} of the posterior lies within 1% of "
                    f"{whole} around 0."
                )
        leaning = () if driven is None else sensitivity_messages(sensitivities, channel)
        results.append(
            Evidence(
                channel=channel,
                p_indirect_positive=float((indirect > 0).mean()) if mediated else None,
                share_near_zero=_probability_near_zero(indirect) if mediated else None,
                interval_contains_zero=bool(lower <= 0 <= upper) if mediated else None,
                total_near_zero=_probability_near_zero(total),
                total_compatible_with_zero=compatible,
                never_off=never_off,
                prior_driven=(
                    driven is not None and bool(driven.sel(effect="total", channel=channel))
                ),
                message=(*message, *leaning),
                leaning=leaning,
            )
        )
    return tuple(results)


def outcome_size(tree: xr.DataTree) -> tuple[float, str]:
    """Size of an outcome, which effects are shares of, and its name: the sum of absolute values.

    It is the sum of an outcome that is never negative.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit.
    """
    outcome = tree["observed_data"].to_dataset()["outcome"]
    name = "the outcome" if bool((outcome >= 0).all()) else "the outcome (sum of absolute values)"
    return float(np.abs(outcome).sum()), name


def _indirect_message(channel: str, lower: float, upper: float, positive: bool, whole: str) -> str:
    message = (
        f"The 90% interval of the indirect effect of {channel} ({lower:.1%} to {upper:.1%} of "
        f"{whole}) "
    )
    if lower <= 0 <= upper:
        return message + "contains 0: this table gives no evidence of mediation."
    sign = "raises" if lower > 0 else "lowers"
    small = max(abs(lower), abs(upper)) <= NEAR_ZERO
    if not positive:
        message += f"excludes 0: through the mediator, {channel} {sign} the outcome"
        return message + (
            ", but by less than 1% of it."
            if small
            else ", unless something outside the table moves both."
        )
    message += f"is {'above' if lower > 0 else 'below'} 0" + (
        f", by less than 1% of {whole}" if small else ""
    )
    return message + (
        f": {channel} {sign} the mediator. The prior assumes that the mediator raises the outcome, "
        "so this shows how large the indirect effect is, not whether there is one."
    )


def _total_message(lower: float, upper: float, compatible: bool, whole: str) -> str:
    message = f"In total it made {lower:.1%} to {upper:.1%} of {whole} (90%)"
    return message + (", which is compatible with no effect." if compatible else ".")


def _mediator_effect_is_positive(tree: xr.DataTree, effects: xr.DataTree) -> bool:
    """True if the mediator raises the outcome in every prior draw.

    The prior then fixes the sign of the effect of the mediator on the outcome, and an indirect
    effect has the sign of its cause's effect on the mediator. Without saved prior draws the default
    prior is assumed, which is positive.
    """
    if "prior" not in effects.children or not tree.attrs.get("mediator"):
        return True
    draws = effects["prior"].to_dataset().isel(unit=-1)["total"]
    return not bool((draws.sel(channel=tree.attrs["mediator"]) < 0).any())


def _probability_near_zero(shares: np.ndarray) -> float:
    return float((np.abs(shares) <= NEAR_ZERO).mean())


def _channels_never_off(tree: xr.DataTree) -> set[str]:
    """Channels that are on in every week of every unit."""
    if "constant_data" not in tree.children or "exposure" not in tree["constant_data"]:
        return set()
    on = (tree["constant_data"].to_dataset()["exposure"] > 0).all(("time", "unit"))
    return {str(name) for name in on["channel"].values[on.values]}
