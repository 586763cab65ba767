"""Sensitivity of each effect to the prior and to the likelihood, by power scaling.

Power scaling raises the prior, or the likelihood, to a power near 1. Pareto-smoothed importance
weights give the resulting posterior of an effect without refitting. The sensitivity is the rate of
change of that posterior: the cumulative Jensen-Shannon distance to the original posterior, per
doubling of the power. It does not depend on the unit of the effect.

An effect depends more on the prior than on the data if its sensitivity to the prior is above 0.05
and above its sensitivity to the data. The data say little about an effect if its sensitivity to
them is below 0.05, about half of the sensitivity of a normal quantity with a flat prior.

Source: Kallioinen, Paananen, Bürkner, Vehtari (2024), *Detecting and diagnosing prior and
likelihood sensitivity with power-scaling*, Statistics and Computing 34, 57; the 0.05 is theirs.
"""

from __future__ import annotations

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.model.evaluation import SAMPLE_DIMS
from mmm_bayes.text import join_names

#: ROAS is the total effect over a constant spend, so its sensitivity is that of the total.
ESTIMANDS = ("total", "direct", "indirect", "roas")
SENSITIVITY_THRESHOLD = 0.05
#: Prefixes of the names of media parameters, whose priors are scaled.
MEDIA_PREFIXES = (
    "beta", "log_beta", "media_", "gamma", "adstock_", "saturation_", "mediation_",
    "effectiveness_",
)  # fmt: skip


def power_scaling_sensitivity(
    tree: xr.DataTree, draws: xr.Dataset, together: xr.Dataset | None = None
) -> xr.Dataset:
    """Sensitivity of each channel's effects, and of all media, to the media priors and to the data.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit. ``log_prior`` holds elementwise log-densities of the parameters on their own scale,
        ``log_likelihood`` those of the outcome and the mediator, which are scaled jointly.
    draws : xarray.Dataset
        Draws of `ESTIMANDS`, dims (chain, draw, unit, channel); the last unit is the sum over
        units.
    together : xarray.Dataset, optional
        Draws of the ``total`` of all media together, dims (chain, draw, unit).

    Returns
    -------
    xarray.Dataset
        ``sensitivity`` (component, effect, channel), component "prior" or "likelihood"; all media
        together are the channel `ALL_MEDIA`. NaN for an effect that is constant or does not exist.
        Empty if a log-density is missing or not finite, since the draws then have no importance
        weights.
    """
    densities = _densities(tree)
    if densities is None:
        return xr.Dataset()
    effects = draws[[name for name in ESTIMANDS if name in draws]].isel(unit=-1, drop=True)
    if together is not None:
        joint = together[["total"]].isel(unit=-1, drop=True).expand_dims(channel=[ALL_MEDIA])
        effects = xr.concat([effects, joint], "channel", join="outer")
    by_component = [
        _component_sensitivity(effects, densities, component)
        for component in ("prior", "likelihood")
    ]
    varies = effects.max(SAMPLE_DIMS) > effects.min(SAMPLE_DIMS)
    values = xr.concat(by_component, "component").where(varies.to_dataarray("effect"))
    return xr.Dataset(
        {"sensitivity": values.transpose("component", "effect", "channel")},
        coords={"component": ["prior", "likelihood"]},
    )


def _component_sensitivity(
    effects: xr.Dataset, densities: dict[str, xr.Dataset], component: str
) -> xr.DataArray:
    """Sensitivity of each effect to one component, dims (effect, channel)."""
    group = f"log_{component}"
    density = densities[group]["summed"]
    if density.max() == density.min():  # flat: no power changes a weight
        return xr.zeros_like(effects.isel(chain=0, draw=0, drop=True)).to_dataarray("effect")
    scaled = xr.DataTree.from_dict({"posterior": effects, group: densities[group]})
    with np.errstate(all="ignore"):  # the distance of a constant effect is 0 / 0
        return azs.psense(scaled, group=component).to_dataarray("effect")


def _densities(tree: xr.DataTree) -> dict[str, xr.Dataset] | None:
    """Log-density of each draw under the media priors, and under the likelihood."""
    densities = {}
    for group, prefixes in (("log_prior", MEDIA_PREFIXES), ("log_likelihood", ("",))):
        parts = tree[group].to_dataset() if group in tree.children else xr.Dataset()
        sums = [
            values.sum([dim for dim in values.dims if dim not in SAMPLE_DIMS], skipna=False)
            for name, values in parts.items()
            if str(name).startswith(prefixes)
        ]
        total = sum(sums[1:], sums[0]) if sums else None
        if total is None or not np.isfinite(total.values).all():
            return None
        densities[group] = total.to_dataset(name="summed")
    return densities


def is_prior_driven(sensitivities: xr.Dataset) -> xr.DataArray:
    """True for effects that depend more on the prior than on the data, or hardly on the data.

    Parameters
    ----------
    sensitivities : xarray.Dataset
        As `power_scaling_sensitivity` returns them.

    Returns
    -------
    xarray.DataArray of bool, dims (effect, channel)
    """
    values = sensitivities["sensitivity"]
    prior, data = values.sel(component="prior"), values.sel(component="likelihood")
    return ((prior > SENSITIVITY_THRESHOLD) & (prior > data)) | (data < SENSITIVITY_THRESHOLD)


def sensitivity_messages(sensitivities: xr.Dataset, channel: str) -> tuple[str, ...]:
    """Sentences that name the prior-driven effects of a channel.

    The direct effect of a channel without mediation is its total and is not named again, nor is
    ROAS.

    Parameters
    ----------
    sensitivities : xarray.Dataset
        As `power_scaling_sensitivity` returns them.
    """
    selected = sensitivities.sel(channel=channel)
    values, driven = selected["sensitivity"], is_prior_driven(selected)
    mediated = np.isfinite(values.sel(component="prior", effect="indirect"))
    from_prior: list[tuple[str, float, float]] = []
    uninformed: list[tuple[str, float, float]] = []
    for name in ("total", "direct", "indirect") if mediated else ("total",):
        if driven.sel(effect=name):
            prior, data = (float(value) for value in values.sel(effect=name))
            (from_prior if prior > data else uninformed).append((name, prior, data))
    sentences = []
    if from_prior:
        sentences.append(
            f"The prior influences {channel}'s {_effect_list(from_prior)} more than the data do."
        )
    if uninformed:
        sentences.append(f"The data say little about {channel}'s {_effect_list(uninformed)}.")
    return tuple(sentences)


def _effect_list(effects: list[tuple[str, float, float]]) -> str:
    """Effects with their sensitivities, as a sentence lists them."""
    (name, prior, data), *others = effects
    first = f"{name} effect (sensitivity {prior:.2f} to the prior, {data:.2f} to the data)"
    rest = [f"{name} effect ({prior:.2f}, {data:.2f})" for name, prior, data in others]
    return join_names([first, *rest])


def sensitivity_records(sensitivities: xr.Dataset) -> list[dict[str, object]]:
    """The ``prior_sensitivity`` records of diagnostics.json, one for each effect that varies.

    Parameters
    ----------
    sensitivities : xarray.Dataset
        As `power_scaling_sensitivity` returns them.
    """
    if "sensitivity" not in sensitivities:
        return []
    values, driven = sensitivities["sensitivity"], is_prior_driven(sensitivities)
    return [
        {
            "channel": str(channel),
            "estimand": str(effect),
            "prior": float(prior),
            "likelihood": float(data),
            "prior_driven": bool(driven.sel(channel=channel, effect=effect)),
        }
        for channel in values["channel"].values
        for effect in values["effect"].values
        for prior, data in [values.sel(channel=channel, effect=effect).values]
        if np.isfinite([prior, data]).all()
    ]
