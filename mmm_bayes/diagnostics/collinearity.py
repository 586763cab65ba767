"""How alike the channels' advertising is after carryover and saturation, where it counts.

Two channels whose spends differ can still be one to the model: carryover smooths, saturation
flattens. So the media are transformed as each posterior draw says; covariates and the units' means,
which the model fits beside them, are taken out; and what is left is correlated, draw by draw. The
variance inflation of a channel says how much wider its effect is for the company of all others.

Source of the inflation factor: Marquardt (1970), *Generalized inverses, ridge regression, biased
linear estimation, and nonlinear estimation*.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.dataset.shape import correlations, variance_inflation
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.evaluation import flat, own_values
from mmm_bayes.transforms import carry_over, geometric_weights, hill

Array = NDArray[Any]

#: Posterior draws at which the media are transformed: medians of matrices need no more.
DRAWS = 100
#: A column of which less than this is left beside the covariates does not vary of its own.
NOTHING = 1e-9
#: Both equations' shape parameters; causes that have none of their own use those of the outcome.
SHAPES = {
    "outcome": ("adstock_alpha", "saturation_kappa", "saturation_slope"),
    "mediator": ("mediation_alpha", "mediation_kappa", "mediation_slope"),
}


def collinearity(tree: xr.DataTree) -> xr.Dataset:
    """Correlation and variance inflation of the transformed media in each equation.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit: the posterior, and ``exposure_lags`` and ``covariates`` in `constant_data`.

    Returns
    -------
    xarray.Dataset
        ``media_correlation`` (equation, channel, other), medians over draws, and
        ``variance_inflation`` (equation, statistic, channel), median, lower and upper (90%). NaN
        for channels that the equation does not have or that never vary in it. Empty if the model
        does not have the shape parameters that the others have.
    """
    posterior = tree["posterior"].to_dataset()
    data = tree["constant_data"].to_dataset() if "constant_data" in tree.children else xr.Dataset()
    if not {*SHAPES["outcome"]} <= set(posterior) or "exposure_lags" not in data:
        return xr.Dataset()
    channels = [str(name) for name in data["channel"].values]
    equations = {"outcome": _acting(posterior, channels)}
    if "cause" in posterior.dims:
        equations["mediator"] = [str(name) for name in posterior["cause"].values]
    size = len(channels)
    matrices = np.full((len(equations), size, size), np.nan)
    factors = np.full((len(equations), 3, size), np.nan)
    for row, (equation, names) in enumerate(equations.items()):
        at = [channels.index(name) for name in names]
        lags = data["exposure_lags"].transpose("time", "unit", "channel", "lag").values[:, :, at]
        media = transformed(lags, *_shapes(posterior, equation, at))
        if equation == "outcome":
            media = media * _effectiveness(posterior, data)[..., at]
        covariates = data["covariates"].transpose("time", "unit", "covariate").values
        left = [beside(values, covariates) for values in media]
        matrices[row][np.ix_(at, at)] = np.median([correlations(one) for one in left], axis=0)
        inflation = np.array([variance_inflation(one) for one in left])
        with np.errstate(invalid="ignore"):  # between infinities there is no number
            factors[row][:, at] = np.quantile(inflation, (0.5, *INTERVAL), axis=0)
    return xr.Dataset(
        {
            "media_correlation": (("equation", "channel", "other"), matrices),
            "variance_inflation": (("equation", "statistic", "channel"), factors),
        },
        coords={
            "equation": list(equations),
            "channel": channels,
            "other": channels,
            "statistic": ["median", "lower", "upper"],
        },
    )


def transformed(lags: Array, alpha: Array, kappa: Array, slope: Array) -> Array:
    """Media after carryover and saturation, draw by draw.

    Parameters
    ----------
    lags : array, shape (time, unit, channel, lag)
    alpha, kappa, slope : array, shape (sample, channel) or (sample, unit, channel)

    Returns
    -------
    array, shape (sample, time, unit, channel)
    """
    max_lag = lags.shape[-1]
    return np.stack(
        [
            hill(carry_over(lags, geometric_weights(a, max_lag)), k, s)
            for a, k, s in zip(alpha, kappa, slope, strict=True)
        ]
    )


def beside(media: Array, covariates: Array) -> Array:
    """What is left of the media when the units' means and the covariates are taken out.

    Parameters
    ----------
    media : array, shape (time, unit, channel)
    covariates : array, shape (time, unit, covariate)

    Returns
    -------
    array, shape (time, unit, channel)
        Residuals of a regression; exactly zero for a channel of which nothing is left.
    """
    centred = media - media.mean(0)
    span = (covariates - covariates.mean(0)).reshape(-1, covariates.shape[-1])
    values = centred.reshape(-1, media.shape[-1])
    residual = values - span @ np.linalg.lstsq(span, values)[0]
    size = np.sqrt(len(values)) * np.abs(media).max((0, 1))
    residual[:, np.sqrt((residual**2).sum(0)) <= NOTHING * size] = 0.0
    return residual.reshape(media.shape)


def _acting(posterior: xr.Dataset, channels: list[str]) -> list[str]:
    """Channels that act on the outcome by themselves: not those whose effect is fixed at zero."""
    if "beta" not in posterior or "channel" not in posterior["beta"].dims:
        return channels
    acts = (posterior["beta"] != 0).any([dim for dim in posterior["beta"].dims if dim != "channel"])
    return [str(name) for name in acts["channel"].values[acts.values]]


def _shapes(posterior: xr.Dataset, equation: str, at: list[int]) -> list[Array]:
    """Evenly spaced draws of retention, half-saturation and slope of some channels."""
    own = SHAPES[equation][0] in posterior
    names = SHAPES[equation] if own else SHAPES["outcome"]
    chosen = list(range(len(at))) if own and equation == "mediator" else at
    return [flat(own_values(posterior, name))[_rows(posterior)][..., chosen] for name in names]


def _effectiveness(posterior: xr.Dataset, data: xr.Dataset) -> Array:
    """What interactions make of each channel by week, (sample, time, unit, channel); 1 of none."""
    if "modulation_effect" not in posterior:
        return np.ones((1, 1, 1, data.sizes["channel"]))
    delta = flat(posterior["modulation_effect"])[_rows(posterior)]
    weeks = data["modulators"].transpose("time", "unit", "modulation").values
    of_channel = data["modulated"].transpose("modulation", "channel").values
    return np.asarray(np.exp(np.einsum("tum,sm,mc->stuc", weeks, delta, of_channel)))


def _rows(posterior: xr.Dataset) -> NDArray[np.int_]:
    """Evenly spaced places among the draws."""
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    return np.linspace(0, total - 1, min(total, DRAWS)).round().astype(int)
