"""Pairs of channels that the data can't tell apart, and what the data added to the priors.

Two channels are weakly identified if their direct or their indirect effects have a posterior
correlation below -0.7 (half of the variance of one is shared with the other), or if their media,
after carryover and saturation and with the covariates projected out, have a correlation above 0.9
in absolute value. That warns and does not fail: their joint effect, and the other channels, may be
well identified.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import Check, finite_or_none
from mmm_bayes.diagnostics.collinearity import media_collinearity
from mmm_bayes.diagnostics.shrinkage import (
    joint_shrinkage,
    media_parameters,
    posterior_shrinkage,
)
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.model.media import Media

GROUP = "identifiability"
EFFECT_CORRELATION_MIN = -0.7
MEDIA_CORRELATION_MAX = 0.9
EFFECTS = ("total", "direct", "indirect")
#: Effects whose correlations are checked. Total effects overlap by design where one channel works
#: through the other.
CHECKED_EFFECTS = ("direct", "indirect")


@dataclass(frozen=True)
class ChannelPair:
    """Two channels that the data can't tell apart.

    Attributes
    ----------
    effect : str or None
        "direct" or "indirect", whichever has the lower correlation; None if neither has one.
    effect_correlation : float or None
        Posterior correlation of that effect of the two channels.
    media_correlation : float or None
        Correlation of the transformed media, the larger in absolute value of the two equations.
    message : str
        One sentence.
    """

    channels: tuple[str, str]
    effect: str | None
    effect_correlation: float | None
    media_correlation: float | None
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The pair as a JSON object."""
        return {
            "channels": list(self.channels),
            "effect": self.effect,
            "effect_correlation": finite_or_none(self.effect_correlation),
            "media_correlation": finite_or_none(self.media_correlation),
            "message": self.message,
        }


def identifiability_statistics(
    tree: xr.DataTree,
    media: Media | None,
    draws: xr.Dataset,
    prior: xr.Dataset | None,
    together: xr.Dataset | None = None,
) -> xr.Dataset:
    """Correlations of effects and of media, and the shrinkage of each prior.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit.
    media : Media or None
        Its media, if the model has them.
    draws : xarray.Dataset
        Posterior draws of `EFFECTS`, dims (chain, draw, unit, channel); the last unit is the sum
        over units.
    prior : xarray.Dataset, optional
        Prior draws of the same effects; with those of ``together``, the total of all media (chain,
        draw, unit), if its shrinkage is wanted.
    together : xarray.Dataset, optional
        Posterior draws of the ``total`` of all media together, dims (chain, draw, unit).

    Returns
    -------
    xarray.Dataset
        ``effect_correlation`` (effect, channel, other) over posterior draws; the variables of
        `media_collinearity`, if there are media; and with a prior, ``shrinkage`` (quantity,
        channel) of the effects and the media parameters, and ``joint_shrinkage``, that of the total
        of all media.
    """
    effects = draws[list(EFFECTS)].isel(unit=-1, drop=True)
    statistics = xr.Dataset() if media is None else media_collinearity(media)
    statistics["effect_correlation"] = effect_correlations(effects)
    if prior is not None and "prior" in tree.children:
        before, after = tree["prior"].to_dataset(), tree["posterior"].to_dataset()
        before = before.merge(prior[list(EFFECTS)].isel(unit=-1, drop=True), compat="override")
        after = after.merge(effects, compat="override")
        names = [*EFFECTS, *media_parameters(after, before)]
        channels = draws["channel"].values.tolist()
        statistics["shrinkage"] = posterior_shrinkage(after, before, channels, names)
        if together is not None and "together" in prior:
            joint = (values.isel(unit=-1) for values in (together["total"], prior["together"]))
            statistics["joint_shrinkage"] = joint_shrinkage(*joint)
    return statistics


def effect_correlations(effects: xr.Dataset) -> xr.DataArray:
    """Posterior correlations between the channels' effects.

    Parameters
    ----------
    effects : xarray.Dataset
        Draws of `EFFECTS`, dims (chain, draw, channel).

    Returns
    -------
    xarray.DataArray, dims (effect, channel, other)
        NaN for an effect that is constant.
    """
    channels = effects["channel"].values.tolist()
    matrices = []
    for name in EFFECTS:
        values = effects[name].transpose("chain", "draw", "channel").values
        with np.errstate(divide="ignore", invalid="ignore"):
            matrices.append(np.atleast_2d(np.corrcoef(values.reshape(-1, len(channels)).T)))
    return xr.DataArray(
        np.stack(matrices),
        dims=("effect", "channel", "other"),
        coords={"effect": list(EFFECTS), "channel": channels, "other": channels},
    )


def weakly_identified_pairs(
    statistics: xr.Dataset, effects: xr.Dataset, size: tuple[float, str]
) -> tuple[ChannelPair, ...]:
    """Pairs of channels that the data can't tell apart.

    Parameters
    ----------
    statistics : xarray.Dataset
        As `identifiability_statistics` returns them.
    effects : xarray.Dataset
        Draws of `EFFECTS`, dims (chain, draw, channel), in units of the outcome.
    size : tuple of float and str
        Size of the observed outcome and its name; the messages give effects as shares of it.
    """
    pairs = []
    for first, second in combinations(map(str, statistics["channel"].values), 2):
        selected = statistics.sel(channel=first, other=second)
        effect, effect_r = None, None
        for name in CHECKED_EFFECTS:
            r = float(selected["effect_correlation"].sel(effect=name))
            if np.isfinite(r) and (effect_r is None or r < effect_r):
                effect, effect_r = name, r
        by_equation = (
            selected["media_correlation"].values
            if "media_correlation" in selected
            else np.array([])
        )
        by_equation = by_equation[np.isfinite(by_equation)]
        media_r = float(by_equation[np.abs(by_equation).argmax()]) if by_equation.size else None
        if (effect_r is not None and effect_r < EFFECT_CORRELATION_MIN) or (
            media_r is not None and abs(media_r) > MEDIA_CORRELATION_MAX
        ):
            channels = (first, second)
            message = _message(effects, size, channels, effect, effect_r, media_r)
            pairs.append(ChannelPair(channels, effect, effect_r, media_r, message))
    return tuple(pairs)


def identifiability_checks(pairs: tuple[ChannelPair, ...], channels: int) -> list[Check]:
    """One check over all pairs of channels; none for a single channel.

    Parameters
    ----------
    pairs : tuple of ChannelPair
        Pairs that the data can't tell apart.
    channels : int
        Number of channels.
    """
    if channels < 2:
        return []
    message = " ".join(pair.message for pair in pairs)
    return [
        Check(
            GROUP, "pairs", float(len(pairs)), 1.0, "warn" if pairs else "pass",
            message or "The data can tell every channel from every other: no two effects trade off "
            "strongly, and no two channels' media move together.",
        )
    ]  # fmt: skip


def identifiability_record(
    statistics: xr.Dataset, pairs: tuple[ChannelPair, ...]
) -> dict[str, Any]:
    """The ``identifiability`` object of diagnostics.json.

    Parameters
    ----------
    statistics : xarray.Dataset
        As `identifiability_statistics` returns them; empty if there are none.
    pairs : tuple of ChannelPair
        Pairs that the data can't tell apart.
    """
    if "effect_correlation" not in statistics:
        return {"pairs": [], "correlations": [], "channels": [], "together": {}}
    channels = [str(name) for name in statistics["channel"].values]
    return {
        "pairs": [pair.to_dict() for pair in pairs],
        "correlations": [
            {
                "channels": [first, second],
                **_correlation_record(statistics.sel(channel=first, other=second)),
            }
            for first, second in combinations(channels, 2)
        ],
        "channels": [
            {"channel": name, **_channel_record(statistics.sel(channel=name))} for name in channels
        ],
        "together": _joint_record(statistics),
    }


def _joint_record(statistics: xr.Dataset) -> dict[str, dict[str, float]]:
    """Shrinkage of the effect of all media together; empty if that is not known."""
    value = float(statistics.get("joint_shrinkage", np.nan))
    return {"shrinkage": {"total": value}} if np.isfinite(value) else {}


def _correlation_record(statistics: xr.Dataset) -> dict[str, float | None]:
    record = {
        str(effect): finite_or_none(float(statistics["effect_correlation"].sel(effect=effect)))
        for effect in statistics["effect"].values
    }
    if "media_correlation" in statistics:
        for equation in map(str, statistics["equation"].values):
            value = float(statistics["media_correlation"].sel(equation=equation))
            record[f"media_in_{equation}"] = finite_or_none(value)
    return record


def _channel_record(statistics: xr.Dataset) -> dict[str, dict[str, float | None]]:
    record: dict[str, dict[str, float | None]] = {}
    if "shrinkage" in statistics:
        values = zip(statistics["quantity"].values, statistics["shrinkage"].values, strict=True)
        record["shrinkage"] = {str(k): float(v) for k, v in values if np.isfinite(v)}
    if "variance_inflation" in statistics:
        median = statistics["variance_inflation"].sel(statistic="median")
        record["variance_inflation"] = {
            str(equation): finite_or_none(float(median.sel(equation=equation)))
            for equation in statistics["equation"].values
        }
    return record


def _message(
    effects: xr.Dataset, size: tuple[float, str], channels: tuple[str, str],
    effect: str | None, effect_r: float | None, media_r: float | None,
) -> str:  # fmt: skip
    first, second = channels
    reasons = []
    if effect_r is not None and effect_r < EFFECT_CORRELATION_MIN:
        reasons.append(
            f"where the {effect} effect of one is larger, that of the other is smaller "
            f"(correlation {effect_r:.2f})"
        )
    if media_r is not None and abs(media_r) > MEDIA_CORRELATION_MAX:
        reasons.append(
            "after carryover and saturation their advertising moves "
            f"{'together' if media_r > 0 else 'in opposite directions'} (correlation {media_r:.2f})"
        )
    message = f"The data can't tell {first} from {second}: {', and '.join(reasons)}."
    reported = effect or "total"
    joint = effects[reported].sel(channel=list(channels)).sum("channel").values / size[0]
    lower, upper = np.quantile(joint, INTERVAL)
    return (
        f"{message} Read their {reported} effects together ({lower:.1%} to {upper:.1%} of "
        f"{size[1]}, 90%); weeks in which only one of them runs would separate them."
    )
