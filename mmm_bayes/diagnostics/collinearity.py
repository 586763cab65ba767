"""Collinearity of the media after carryover and saturation.

Channels whose spends differ can still be nearly collinear in the model, since carryover smooths and
saturation flattens them. The media are therefore transformed with each posterior draw; the
covariates and unit means, which the model fits alongside, are projected out; and the residuals are
correlated, draw by draw. The variance inflation factor of a channel is the factor by which the
variance of its effect grows because the other channels are in the model.

Source of the inflation factor: Marquardt (1970), *Generalized inverses, ridge regression, biased
linear estimation, and nonlinear estimation*.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.shape import correlations, variance_inflation
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.model.evaluation import flatten_draws
from mmm_bayes.model.media import Media

Array = NDArray[Any]

#: Root mean square of a projected column, as a share of the channel's maximum, that counts as zero.
NEGLIGIBLE = 1e-9


def media_collinearity(media: Media) -> xr.Dataset:
    """Correlation and variance inflation of the transformed media in each equation.

    Returns
    -------
    xarray.Dataset
        ``media_correlation`` (equation, channel, other), medians over draws, and
        ``variance_inflation`` (equation, statistic, channel), median, lower and upper (90%). NaN
        for channels that are not in the equation or do not vary in it.
    """
    channels = [str(name) for name in media.contribution["channel"].values]
    covariates = media.covariates.transpose("time", "unit", "covariate").values
    size = len(channels)
    matrices = np.full((len(media.responses), size, size), np.nan)
    factors = np.full((len(media.responses), 3, size), np.nan)
    for row, (equation, response) in enumerate(media.responses.items()):
        dim = "channel" if equation == "outcome" else "cause"
        if equation == "outcome":
            acts = (media.contribution != 0).any(("time", "unit"))
            response = response.isel(channel=np.flatnonzero(acts.values))
        index = [channels.index(str(name)) for name in response[dim].values]
        draws = flatten_draws(response.transpose("chain", "draw", "time", "unit", dim))
        residuals = [partial_out(values, covariates) for values in draws]
        matrices[row][np.ix_(index, index)] = np.median(
            [correlations(residual) for residual in residuals], axis=0
        )
        inflation = np.array([variance_inflation(residual) for residual in residuals])
        with np.errstate(invalid="ignore"):  # interpolating between infinities gives NaN
            factors[row][:, index] = np.quantile(inflation, (0.5, *INTERVAL), axis=0)
    return xr.Dataset(
        {
            "media_correlation": (("equation", "channel", "other"), matrices),
            "variance_inflation": (("equation", "statistic", "channel"), factors),
        },
        coords={
            "equation": list(media.responses),
            "channel": channels,
            "other": channels,
            "statistic": ["median", "lower", "upper"],
        },
    )


def partial_out(media: Array, covariates: Array) -> Array:
    """Residuals of the media after regression on the covariates and the unit means.

    Parameters
    ----------
    media : array, shape (time, unit, channel)
    covariates : array, shape (time, unit, covariate)

    Returns
    -------
    array, shape (time, unit, channel)
        Exactly zero for a channel that the covariates and unit means explain entirely.
    """
    centred = media - media.mean(0)
    span = (covariates - covariates.mean(0)).reshape(-1, covariates.shape[-1])
    values = centred.reshape(-1, media.shape[-1])
    residual = values - span @ np.linalg.lstsq(span, values)[0]
    size = np.sqrt(len(values)) * np.abs(media).max((0, 1))
    residual[:, np.sqrt((residual**2).sum(0)) <= NEGLIGIBLE * size] = 0.0
    return residual.reshape(media.shape)
