"""How much of the prior's uncertainty the data took away.

    shrinkage = 1 - posterior variance / prior variance

1: the data decide. 0: the posterior is as wide as the prior. Below 0: the data widened it.
Where the variances are those of prior draws with heavy tails, it errs upwards: read it beside the
sensitivities.

Source: Schad, Betancourt, Vasishth (2021), *Toward a principled Bayesian workflow in cognitive
science*, section 3.3.2 (posterior contraction).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.sensitivity import MEDIA

SAMPLE = ("chain", "draw")
#: Dimensions along which media parameters lie; all are channels.
ALONG = ("channel", "cause", "direct_channel")


def shrinkage(
    posterior: xr.Dataset, prior: xr.Dataset, channels: Iterable[str], names: Iterable[str]
) -> xr.DataArray:
    """Shrinkage of some quantities of each channel.

    Parameters
    ----------
    posterior, prior : xarray.Dataset
        Draws (chain, draw, ..., channel or cause); variances are averaged over what else there is.
    channels, names : iterable of str

    Returns
    -------
    xarray.DataArray, dims (quantity, channel)
        NaN where a channel does not have the quantity, or its prior is one value.
    """
    channels, names = list(channels), list(names)
    table = np.full((len(names), len(channels)), np.nan)
    for row, name in enumerate(names):
        before, after = _variances(prior[name]), _variances(posterior[name])
        for channel, was in before.items():
            if channel in channels and np.isfinite(was) and was > 0:
                table[row, channels.index(channel)] = 1 - after[channel] / was
    return xr.DataArray(
        table, dims=("quantity", "channel"), coords={"quantity": names, "channel": channels}
    )


def media_parameters(posterior: xr.Dataset, prior: xr.Dataset) -> list[str]:
    """Names of the media's parameters that have a value for each channel and are in both.

    What follows from others (a ceiling, a coefficient that is a copy with zeros) is left out, and
    so are the steps of a walk.
    """
    return [
        str(name)
        for name, values in prior.items()
        if str(name).startswith(MEDIA)
        and name in posterior
        and "ceiling" not in str(name)
        and not str(name).startswith("effectiveness")
        and not (name == "beta" and "beta_direct" in prior)
        and any(dim in ALONG for dim in values.dims)
    ]


def _variances(draws: xr.DataArray) -> dict[str, float]:
    (along,) = (dim for dim in draws.dims if dim in ALONG)
    others = [dim for dim in draws.dims if dim not in (*SAMPLE, along)]
    with np.errstate(all="ignore"):
        variances = draws.var(SAMPLE).mean(others)
    return {
        str(name): float(value)
        for name, value in zip(draws[along].values, variances.values, strict=True)
    }
