"""Shrinkage of the prior variance by the data.

    shrinkage = 1 - posterior variance / prior variance

It is near 1 where the data decide, 0 where the posterior is as wide as the prior, and below 0 where
the posterior is wider. With a heavy-tailed prior it is biased upwards: read it together with the
sensitivities.

Source: Schad, Betancourt, Vasishth (2021), *Toward a principled Bayesian workflow in cognitive
science*, section 3.3.2 (posterior contraction).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.sensitivity import MEDIA_PREFIXES
from mmm_bayes.model.evaluation import SAMPLE_DIMS

#: Dimensions of media parameters; the labels of each are channels.
CHANNEL_DIMS = ("channel", "cause", "direct_channel")


def posterior_shrinkage(
    posterior: xr.Dataset, prior: xr.Dataset, channels: Iterable[str], names: Iterable[str]
) -> xr.DataArray:
    """Shrinkage of the named quantities of each channel.

    Parameters
    ----------
    posterior, prior : xarray.Dataset
        Draws of the quantities, dims (chain, draw, ..., one of `CHANNEL_DIMS`); variances are
        averaged over the other dims.

    Returns
    -------
    xarray.DataArray, dims (quantity, channel)
        NaN where a channel does not have the quantity, or its prior is a constant.
    """
    channels, names = list(channels), list(names)
    table = np.full((len(names), len(channels)), np.nan)
    for row, name in enumerate(names):
        before, after = _variances(prior[name]), _variances(posterior[name])
        for channel, variance in before.items():
            if channel in channels and np.isfinite(variance) and variance > 0:
                table[row, channels.index(channel)] = 1 - after[channel] / variance
    return xr.DataArray(
        table, dims=("quantity", "channel"), coords={"quantity": names, "channel": channels}
    )


def joint_shrinkage(posterior: xr.DataArray, prior: xr.DataArray) -> float:
    """Shrinkage of one quantity.

    Parameters
    ----------
    posterior, prior : xarray.DataArray, dims (chain, draw)

    Returns
    -------
    float
        NaN where the prior is a constant, or has no variance.
    """
    with np.errstate(all="ignore"):
        variance = float(prior.var())
        if not np.isfinite(variance) or variance == 0:
            return float("nan")
        return 1 - float(posterior.var()) / variance


def media_parameters(posterior: xr.Dataset, prior: xr.Dataset) -> list[str]:
    """Names of the media parameters that have a value for each channel and are in both datasets.

    A ceiling, a coefficient that is a copy with zeros, the division of media behind ``beta`` and
    the increments of a random walk are left out.

    Parameters
    ----------
    posterior, prior : xarray.Dataset
        Draws of all parameters, dims (chain, draw, ...).
    """
    return [
        str(name)
        for name, values in prior.items()
        if str(name).startswith(MEDIA_PREFIXES)
        and name in posterior
        and "ceiling" not in str(name)
        and not str(name).startswith(("effectiveness", "media_"))
        and not (name == "beta" and "beta_direct" in prior)
        and any(dim in CHANNEL_DIMS for dim in values.dims)
    ]


def _variances(draws: xr.DataArray) -> dict[str, float]:
    """Variance over draws by channel, averaged over the other dims."""
    (channel_dim,) = (dim for dim in draws.dims if dim in CHANNEL_DIMS)
    others = [dim for dim in draws.dims if dim not in (*SAMPLE_DIMS, channel_dim)]
    with np.errstate(all="ignore"):
        variances = draws.var(SAMPLE_DIMS).mean(others)
    return {
        str(name): float(value)
        for name, value in zip(draws[channel_dim].values, variances.values, strict=True)
    }
