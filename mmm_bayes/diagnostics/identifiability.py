"""What the data can't tell apart: channels whose effects trade off, or whose media move as one.

The rule. The data can't tell two channels apart if their direct effects, or their indirect ones,
have a posterior correlation below -0.7 (half of what is not known about the one is what is not
known about the other), or if their media, after carryover and saturation and beside the covariates,
have a correlation above 0.9 in size. It warns and does not fail: what both did together, and all
other channels, may be known well.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import Check, finite
from mmm_bayes.diagnostics.collinearity import collinearity
from mmm_bayes.diagnostics.shrinkage import media_parameters, shrinkage
from mmm_bayes.estimands.summary import INTERVAL

GROUP = "identifiability"
TRADE_OFF = -0.7
ALIKE = 0.9
EFFECTS = ("total", "direct", "indirect")
#: Correlation of two total effects is by design where one channel works through the other.
JUDGED = ("direct", "indirect")


@dataclass(frozen=True)
class Pair:
    """Two channels that the data can't tell apart.

    Attributes
    ----------
    channels : tuple of str
    effect : str or None
        "direct" or "indirect", whichever trades off more; None where neither is correlated.
    effect_correlation : float or None
        Of its posterior.
    media_correlation : float or None
        Of the transformed media, the larger in size of the two equations'.
    says : str
        One sentence.
    """

    channels: tuple[str, str]
    effect: str | None
    effect_correlation: float | None
    media_correlation: float | None
    says: str

    def to_dict(self) -> dict[str, Any]:
        """The pair as JSON can hold it."""
        return {
            "channels": list(self.channels),
            "effect": self.effect,
            "effect_correlation": finite(self.effect_correlation),
            "media_correlation": finite(self.media_correlation),
            "says": self.says,
        }


def identifiability(tree: xr.DataTree, draws: xr.Dataset, prior: xr.Dataset | None) -> xr.Dataset:
    """Correlations of effects and of media, and what the data added to each prior.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit.
    draws : xarray.Dataset
        Its effects, dims (chain, draw, unit, channel); the last unit is the sum over units.
    prior : xarray.Dataset, optional
        The same of prior draws.

    Returns
    -------
    xarray.Dataset
        ``effect_correlation`` (effect, channel, other) over posterior draws; what `collinearity`
        gives; ``shrinkage`` (quantity, channel) of the effects and the media's parameters, if there
        is a prior.
    """
    effects = draws[list(EFFECTS)].isel(unit=-1, drop=True)
    found = collinearity(tree)
    found["effect_correlation"] = effect_correlations(effects)
    if prior is not None and "prior" in tree.children:
        before, after = tree["prior"].to_dataset(), tree["posterior"].to_dataset()
        before = before.merge(prior[list(EFFECTS)].isel(unit=-1, drop=True), compat="override")
        after = after.merge(effects, compat="override")
        names = [*EFFECTS, *media_parameters(after, before)]
        found["shrinkage"] = shrinkage(after, before, draws["channel"].values.tolist(), names)
    return found


def effect_correlations(effects: xr.Dataset) -> xr.DataArray:
    """Posterior correlations between the channels' effects.

    Parameters
    ----------
    effects : xarray.Dataset
        `EFFECTS`, dims (chain, draw, channel).

    Returns
    -------
    xarray.DataArray, dims (effect, channel, other)
        NaN for an effect that is fixed.
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


def pairs(found: xr.Dataset, effects: xr.Dataset, summed: float) -> tuple[Pair, ...]:
    """The pairs of channels that the data can't tell apart.

    Parameters
    ----------
    found : xarray.Dataset
        Of `identifiability`.
    effects : xarray.Dataset
        `EFFECTS`, dims (chain, draw, channel).
    summed : float
        The summed outcome, to say effects in per cent of it.
    """
    named = []
    for one, other in combinations(map(str, found["channel"].values), 2):
        tied = found.sel(channel=one, other=other)
        effect, trade_off = None, None
        for name in JUDGED:
            r = float(tied["effect_correlation"].sel(effect=name))
            if np.isfinite(r) and (trade_off is None or r < trade_off):
                effect, trade_off = name, r
        media = tied["media_correlation"].values if "media_correlation" in tied else np.array([])
        media = media[np.isfinite(media)]
        alike = float(media[np.abs(media).argmax()]) if media.size else None
        if (trade_off is not None and trade_off < TRADE_OFF) or (
            alike is not None and abs(alike) > ALIKE
        ):
            sentence = _says(effects, summed, (one, other), effect, trade_off, alike)
            named.append(Pair((one, other), effect, trade_off, alike, sentence))
    return tuple(named)


def identifiability_checks(named: tuple[Pair, ...], number: int) -> list[Check]:
    """One check over all pairs of a number of channels; none for a single channel.

    Parameters
    ----------
    named : tuple of Pair
        Pairs that the data can't tell apart.
    number : int
        Channels.
    """
    if number < 2:
        return []
    says = " ".join(pair.says for pair in named)
    return [
        Check(
            GROUP, "pairs", float(len(named)), 1.0, "warn" if named else "pass",
            says or "No two channels' effects trade off so much, and no two channels' media move "
            "so alike, that the data can't tell them apart.",
        )
    ]  # fmt: skip


def to_dict(found: xr.Dataset, named: tuple[Pair, ...]) -> dict[str, Any]:
    """What diagnostics.json holds."""
    if "effect_correlation" not in found:
        return {"pairs": [], "correlations": [], "channels": []}
    channels = [str(name) for name in found["channel"].values]
    return {
        "pairs": [pair.to_dict() for pair in named],
        "correlations": [
            {"channels": [one, other], **_correlations(found.sel(channel=one, other=other))}
            for one, other in combinations(channels, 2)
        ],
        "channels": [
            {"channel": name, **_of_channel(found.sel(channel=name))} for name in channels
        ],
    }


def _correlations(tied: xr.Dataset) -> dict[str, float | None]:
    said = {
        str(effect): finite(float(tied["effect_correlation"].sel(effect=effect)))
        for effect in tied["effect"].values
    }
    if "media_correlation" in tied:
        for equation in map(str, tied["equation"].values):
            value = float(tied["media_correlation"].sel(equation=equation))
            said[f"media_in_{equation}"] = finite(value)
    return said


def _of_channel(one: xr.Dataset) -> dict[str, dict[str, float | None]]:
    said: dict[str, dict[str, float | None]] = {}
    if "shrinkage" in one:
        values = zip(one["quantity"].values, one["shrinkage"].values, strict=True)
        said["shrinkage"] = {str(k): float(v) for k, v in values if np.isfinite(v)}
    if "variance_inflation" in one:
        middle = one["variance_inflation"].sel(statistic="median")
        said["variance_inflation"] = {
            str(equation): finite(float(middle.sel(equation=equation)))
            for equation in one["equation"].values
        }
    return said


def _says(
    effects: xr.Dataset, summed: float, pair: tuple[str, str],
    effect: str | None, trade_off: float | None, alike: float | None,
) -> str:  # fmt: skip
    one, other = pair
    reasons = []
    if trade_off is not None and trade_off < TRADE_OFF:
        reasons.append(
            f"where the {effect} effect of one is larger, that of the other is smaller "
            f"(correlation {trade_off:.2f})"
        )
    if alike is not None and abs(alike) > ALIKE:
        reasons.append(
            "after carryover and saturation their advertising moves "
            f"{'as one' if alike > 0 else 'in opposite ways'} (correlation {alike:.2f})"
        )
    says = f"The data can't tell {one} from {other}: {', and '.join(reasons)}."
    known = effect or "total"
    together = effects[known].sel(channel=list(pair)).sum("channel").values / summed
    lower, upper = np.quantile(together, INTERVAL)
    return (
        f"{says} Read their {known} effects together ({lower:.1%} to {upper:.1%} of the outcome, "
        "90%); weeks in which only one of them runs would part them."
    )
