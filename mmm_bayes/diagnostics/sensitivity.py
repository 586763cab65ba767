"""Whose answer is it: how far each effect moves when the prior, or the data, weigh a little more.

Power scaling raises the prior, or the likelihood, to a power near 1. Importance weights of the
draws (Pareto-smoothed) show where the posterior of an effect would go, without refitting. The
sensitivity is the rate of that move: the cumulative Jensen-Shannon distance to the posterior, per
doubling of the power. It does not depend on the effect's unit.

The rule. An effect is the prior's more than the data's if its sensitivity to the prior is above
0.05 and above its sensitivity to the data; and the data hardly speak of it if its sensitivity to
them is below 0.05, about half of what a normal quantity has whose prior says nothing.

Source: Kallioinen, Paananen, Bürkner, Vehtari (2024), *Detecting and diagnosing prior and
likelihood sensitivity with power-scaling*, Statistics and Computing 34, 57; the 0.05 is theirs.
"""

from __future__ import annotations

import arviz_stats as azs
import numpy as np
import xarray as xr

#: Effects that are looked at. The return is the total over what was spent: it moves as that does.
ESTIMANDS = ("total", "direct", "indirect", "roas")
FELT = 0.05
#: What the names of the media's parameters begin with: theirs are the priors that are scaled.
MEDIA = ("beta", "gamma", "adstock_", "saturation_", "mediation_", "effectiveness_")
SAMPLE = ("chain", "draw")


def sensitivity(tree: xr.DataTree, draws: xr.Dataset) -> xr.Dataset:
    """Sensitivity of every channel's effects to the media's priors and to the data.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit. ``log_prior`` holds elementwise log-densities of the parameters on their own
        scale, ``log_likelihood`` those of the outcome and the mediator, which are scaled together.
    draws : xarray.Dataset
        `ESTIMANDS`, dims (chain, draw, unit, channel); the last unit is the sum over units.

    Returns
    -------
    xarray.Dataset
        ``sensitivity`` (component, effect, channel), component "prior" or "likelihood". NaN for an
        effect that is fixed, or does not exist. Empty if a log-density is missing or not finite:
        such draws have no weights.
    """
    densities = _densities(tree)
    if densities is None:
        return xr.Dataset()
    effects = draws[[name for name in ESTIMANDS if name in draws]].isel(unit=-1, drop=True)
    found = [_moves(effects, densities, component) for component in ("prior", "likelihood")]
    varies = effects.max(SAMPLE) > effects.min(SAMPLE)
    values = xr.concat(found, "component").where(varies.to_dataarray("effect"))
    return xr.Dataset(
        {"sensitivity": values.transpose("component", "effect", "channel")},
        coords={"component": ["prior", "likelihood"]},
    )


def _moves(effects: xr.Dataset, densities: dict[str, xr.Dataset], component: str) -> xr.DataArray:
    """Sensitivity of each effect to one component, (effect, channel)."""
    density = densities[f"log_{component}"]["summed"]
    if density.max() == density.min():  # flat: no power changes a weight
        return xr.zeros_like(effects.isel(chain=0, draw=0, drop=True)).to_dataarray("effect")
    one = {f"log_{component}": densities[f"log_{component}"]}
    scaled = xr.DataTree.from_dict({"posterior": effects, **one})
    with np.errstate(all="ignore"):  # the distance of what does not vary is 0 / 0
        return azs.psense(scaled, group=component).to_dataarray("effect")


def _densities(tree: xr.DataTree) -> dict[str, xr.Dataset] | None:
    """Log-densities of each draw: of the media's parameters, and of all data."""
    found = {}
    for group, named in (("log_prior", MEDIA), ("log_likelihood", ("",))):
        parts = tree[group].to_dataset() if group in tree.children else xr.Dataset()
        sums = [
            values.sum([dim for dim in values.dims if dim not in SAMPLE], skipna=False)
            for name, values in parts.items()
            if str(name).startswith(named)
        ]
        together = sum(sums[1:], sums[0]) if sums else None
        if together is None or not np.isfinite(together.values).all():
            return None
        found[group] = together.to_dataset(name="summed")
    return found


def of_the_prior(found: xr.Dataset) -> xr.DataArray:
    """Whether each effect is the prior's more than the data's, (effect, channel)."""
    values = found["sensitivity"]
    prior, data = values.sel(component="prior"), values.sel(component="likelihood")
    return ((prior > FELT) & (prior > data)) | (data < FELT)


def says(found: xr.Dataset, channel: str) -> tuple[str, ...]:
    """Sentences on the effects of a channel that are the prior's more than the data's.

    The direct effect is not named beside a total that is the same, nor the return.
    """
    one = found.sel(channel=channel)
    values, driven = one["sensitivity"], of_the_prior(one)
    mediated = np.isfinite(values.sel(component="prior", effect="indirect"))
    leans: list[tuple[str, float, float]] = []
    silent: list[tuple[str, float, float]] = []
    for name in ("total", "direct", "indirect") if mediated else ("total",):
        if driven.sel(effect=name):
            prior, data = (float(value) for value in values.sel(effect=name))
            (leans if prior > data else silent).append((name, prior, data))
    sentences = []
    if leans:
        sentences.append(
            f"What is said of {channel}'s {_told(leans)} leans on the prior more than on the data."
        )
    if silent:
        sentences.append(f"The data hardly speak of {channel}'s {_told(silent)}.")
    return tuple(sentences)


def _told(effects: list[tuple[str, float, float]]) -> str:
    """Effects and their sensitivities, in a sentence."""
    (name, prior, data), *others = effects
    first = f"{name} effect (sensitivity {prior:.2f} to the prior, {data:.2f} to the data)"
    told = [first, *(f"{name} effect ({prior:.2f}, {data:.2f})" for name, prior, data in others)]
    return " and ".join([", ".join(told[:-1]), told[-1]] if others else told)


def to_list(found: xr.Dataset) -> list[dict[str, object]]:
    """What diagnostics.json holds: a record for each effect that varies."""
    if "sensitivity" not in found:
        return []
    values, driven = found["sensitivity"], of_the_prior(found)
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
