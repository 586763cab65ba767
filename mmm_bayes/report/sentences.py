"""Sentences of a report: findings of each channel, the priors' implications, the verdict.

Pure functions of summaries. Every sentence is decided by the draws' interval, so that the text
can't claim more than the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.text import UNKNOWN, Summary, estimate, fixed, mean_and_interval, number, percent

#: Share of the mean below which the lower end of a positive effect's interval is near zero.
NEAR_ZERO = 0.2


@dataclass(frozen=True)
class ChannelSummary:
    """Effects of one channel, and the evidence for them.

    Attributes
    ----------
    total, direct : Summary
        In units of the outcome, over all fitted weeks.
    share : Summary
        Total effect in percent of the outcome.
    roas : Summary
        Outcome per unit of money spent.
    observed, less : Summary
        Effect of its exposure as it was against its lowest tenth, and of 20% less of it, in units
        of the outcome; of NaN in runs without them.
    never_off : bool
        Whether it is on in every week, so that its total effect is an extrapolation.
    evidence : tuple of str
        Sentences of the diagnostics about the channel, verbatim.
    direct_fixed : bool
        Whether the model itself sets the direct effect to zero.
    positive_priors : bool
        Whether the priors allow no channel a negative direct effect.
    has_spend : bool
        Whether it costs money.
    """

    name: str
    outcome: str
    total: Summary
    direct: Summary
    share: Summary
    roas: Summary
    observed: Summary = UNKNOWN
    less: Summary = UNKNOWN
    never_off: bool = False
    evidence: tuple[str, ...] = ()
    direct_fixed: bool = False
    positive_priors: bool = False
    has_spend: bool = True


def channel_sentences(channel: ChannelSummary) -> list[str]:
    """Findings about a channel, with their limits.

    Returns
    -------
    list of str
        The effect first, then the evidence as the diagnostics put it, then limits. The effect of a
        channel that is never off is first that against its lowest tenth, which the data support.
    """
    sentences = [_effect_sentence(channel), *channel.evidence]
    if channel.never_off and channel.observed.exists:
        sentences.insert(0, _observed_sentence(channel))
    if channel.direct_fixed:
        sentences.append(
            "Its direct effect is 0 because this model assumes so, not because the data show it."
        )
    elif channel.positive_priors and _near_zero(channel.direct):
        sentences.append(
            "The interval of its direct effect begins near 0, and the priors allow no negative "
            f"effect on {channel.outcome}: the data hardly distinguish it from no direct effect."
        )
    return sentences


def _observed_sentence(channel: ChannelSummary) -> str:
    """Effect within what was observed; the lowest tenth is that of the channel's weeks."""
    return (
        f"Above the level of its lowest tenth of weeks, it {_added(channel, channel.observed)}; "
        f"20% less of it would have changed {channel.outcome} by {estimate(channel.less)}."
    )


def _effect_sentence(channel: ChannelSummary) -> str:
    outcome = channel.outcome
    if not channel.total.exists:
        return f"It added nothing to {outcome} in these weeks: it was never on."
    against = "Compared with none of it at all, it" if channel.never_off else "It"
    text = f"{against} {_added(channel, channel.total)}"
    share = channel.share if channel.total.mean >= 0 else channel.share.negated
    if share.exists:
        text += f", {mean_and_interval(share, unit='%')[0]} of the total"
    if channel.roas.exists:
        mean, interval = mean_and_interval(channel.roas)
        text += f"; each unit of money spent returned {mean} ({interval})"
    if not channel.has_spend:
        text += ". It has no spend, and so no return on money"
    return text + "."


def _added(channel: ChannelSummary, effect: Summary) -> str:
    """What an effect of a channel did to the outcome."""
    if effect.mean >= 0:
        return f"added {estimate(effect)} to {channel.outcome}"
    return f"took away {estimate(effect.negated)} from {channel.outcome}"


def _near_zero(effect: Summary) -> bool:
    return effect.exists and 0 <= effect.lower < NEAR_ZERO * effect.mean


def prior_sentences(check: Mapping[str, Any], outcome: str) -> list[str]:
    """Sentences on what the priors imply, next to the observed outcome.

    Parameters
    ----------
    check : mapping
        ``prior_predictive`` of the diagnostics; empty if the run has none.
    outcome : str
        Name of the outcome.
    """
    if not check:
        return []
    level, together = check["level"], check["together"]
    week = Summary(level["median"], level["lower"], level["upper"])
    return [
        f"Before the data, the priors expect a typical week's {outcome} to be "
        f"{mean_and_interval(week)[1]} (90%); it was {number(level['observed'])}.",
        *(
            [
                f"They expect all advertising together to make {percent(together['lower'])} to "
                f"{percent(together['upper'])} of {outcome}."
            ]
            if together["lower"] is not None
            else []
        ),
    ]


def joint_prior_sentences(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence if the effect of all media together rests more on the prior than on the data.

    Parameters
    ----------
    records : iterable of mapping
        ``prior_sensitivity`` of the diagnostics.
    """
    sentences = []
    for record in records:
        if record["channel"] != ALL_MEDIA or not record["prior_driven"]:
            continue
        prior, data = float(record["prior"]), float(record["likelihood"])
        moves = f"(sensitivity {fixed(prior)} to the prior, {fixed(data)} to the data)"
        sentences.append(
            f"The prior influences the effect of all media together {moves} more than the data do."
            if prior > data
            else f"The data say little about the effect of all media together {moves}."
        )
    return sentences


def verdict_sentence(verdict: str, *, only_data: bool = False) -> str:
    """Meaning of a verdict for the use of the numbers.

    Parameters
    ----------
    verdict : {"pass", "warn", "fail"}
    only_data : bool
        Whether all warnings are about the table itself.
    """
    if verdict == "warn" and only_data:
        return (
            "The model passed its checks, but the table itself limits what any model can find. "
            "Read its warnings before the numbers."
        )
    return {
        "pass": "All checks passed. Read the numbers with their intervals and the assumptions.",
        "warn": "Usable with care: some checks gave a warning. Read them before the numbers.",
        "fail": "These numbers must not be used for decisions: the model failed checks that it "
        "has to pass.",
    }[verdict]
