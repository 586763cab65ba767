"""Arrays of the spends that unseen demand may move, and of what tells them apart from demand.

A week tells of demand what its spend tells beyond the calendar, the controls, the week before it
and its shifters. It tells nothing if a test set the spend, if the channel was off, or if the week
before is not known or was set by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from mmm_bayes.data.covariates import covariate_columns
from mmm_bayes.data.dataset import Dataset

#: Regressors from the week before: the channel's own spend, and the outcome.
PAST = ("spend", "outcome")


@dataclass(frozen=True)
class SpendScaling:
    """Means and standard deviations over the fitted weeks, by unit.

    Attributes
    ----------
    spend : tuple of array, shape (unit, demanded)
        Of the square root of the exposure, in weeks that no test set.
    outcome : tuple of array, shape (unit,)
    shifters : tuple of array, shape (unit, shifter)
    """

    spend: tuple[np.ndarray, np.ndarray]
    outcome: tuple[np.ndarray, np.ndarray]
    shifters: tuple[np.ndarray, np.ndarray]


def learn_spends(dataset: Dataset, weeks: slice) -> SpendScaling:
    """Scaling of the spends that unseen demand may move.

    Parameters
    ----------
    weeks : slice
        Rows of the table's time axis to fit.
    """
    span = dataset.data.isel(time=weeks)
    designed = span["designed"].sel(channel=list(dataset.description.demanded)).values > 0
    return SpendScaling(
        _moments(np.ma.masked_array(_roots(dataset)[weeks], designed)),
        _moments(np.ma.asarray(span["outcome"].values)),
        _moments(np.ma.asarray(span["shifters"].values)),
    )


def spend_arrays(dataset: Dataset, scaling: SpendScaling, weeks: slice) -> xr.Dataset:
    """Data nodes of the equations of spends that demand may move.

    Parameters
    ----------
    weeks : slice
        Rows of the table's time axis.

    Returns
    -------
    xarray.Dataset
        ``spend_root (time, unit, demanded)``, standardised; ``spend_past (time, unit, demanded,
        past)``, 0 where it is not known; ``spend_known (time, unit, demanded)``, 1 in the weeks
        that tell of demand; with shifters, ``spend_shifters (time, unit, shift)``, standardised,
        one for each pair of channel and shifter (`shifts`).
    """
    names = list(dataset.description.demanded)
    root = _standardised(_roots(dataset), scaling.spend)
    outcome = _standardised(dataset.data["outcome"].values, scaling.outcome)
    past = np.zeros((*root.shape, len(PAST)))
    past[1:, ..., 0] = root[:-1]
    past[1:, ..., 1] = outcome[:-1, :, None]
    tells = _revealing(dataset, names) & np.isfinite(past).all(-1)
    dims = ("time", "unit", "demanded")
    arrays = xr.Dataset(
        {
            "spend_root": (dims, np.where(tells, root, 0.0)[weeks]),
            "spend_past": ((*dims, "past"), np.where(tells[..., None], past, 0.0)[weeks]),
            "spend_known": (dims, tells[weeks].astype(float)),
        },
        coords={"demanded": names, "past": list(PAST)},
    )
    pairs = shifts(dataset, names)
    return arrays.merge(_shifter_array(dataset, scaling, weeks, pairs, "spend_shifters", "shift"))


def mediator_arrays(dataset: Dataset, scaling: SpendScaling, weeks: slice) -> xr.Dataset:
    """Data nodes of the mediator that tests set in some weeks, or that shifters move.

    Parameters
    ----------
    weeks : slice
        Rows of the table's time axis.

    Returns
    -------
    xarray.Dataset
        ``mediator_designed (time, unit)``, 1 where a test set the mediator, if the description
        names such a column; ``mediator_shifters (time, unit, mediator_shift)``, standardised, if it
        names shifters.
    """
    name = str(dataset.mediator)
    pairs = shifts(dataset, [name])
    arrays = _shifter_array(dataset, scaling, weeks, pairs, "mediator_shifters", "mediator_shift")
    if dataset.description.channels[name].designed is not None:
        designed = dataset.data["designed"].sel(channel=name, drop=True).isel(time=weeks)
        arrays["mediator_designed"] = (("time", "unit"), (designed.values > 0).astype(float))
    return arrays


def first_stage(dataset: Dataset, channel: str) -> float:
    """F statistic of a channel's shifters in a regression of its spend, by least squares.

    The other regressors are units, calendar, controls, the week before and, of a mediator, its
    causes' exposure. Staiger, Stock (1997), *Instrumental variables regression with weak
    instruments*, call instruments below 10 weak.

    Parameters
    ----------
    channel : str
        A channel with shifters.
    """
    time, data = dataset.data["time"].values, dataset.data
    root = np.sqrt(data["exposure"].values)
    own = root[..., dataset.channels.index(channel)]
    outcome = data["outcome"].values
    causes = dataset.causes if channel == dataset.mediator else ()
    covariates = covariate_columns(dataset, time[0], time[-1]).transpose("time", "unit", "column")
    units = np.broadcast_to(np.eye(own.shape[1]), (len(own) - 1, own.shape[1], own.shape[1]))
    others = np.concatenate(
        [units, covariates.values[1:], own[:-1, :, None], outcome[:-1, :, None],
         root[1:, :, [dataset.channels.index(cause) for cause in causes]]], -1
    )  # fmt: skip
    names = list(dataset.description.channels[channel].shifters)
    shifters = data["shifters"].sel(shifter=names).values[1:]
    kept = _revealing(dataset, [channel])[1:].ravel()

    response, without, shifted = (
        values.reshape(kept.size, -1)[kept] for values in (own[1:], others, shifters)
    )
    both = np.concatenate([without, shifted], 1)
    if len(response) <= both.shape[1]:
        return 0.0
    left, left_of_both = _squares(response, without), _squares(response, both)
    freedom = len(response) - np.linalg.matrix_rank(both)
    return float((left - left_of_both) / len(names) / max(left_of_both / freedom, 1e-300))


def _revealing(dataset: Dataset, channels: list[str]) -> np.ndarray:
    """Weeks whose spend no test set, nor that of the week before, bool (time, unit, channel).

    The first week, and those without the channel, are not among them.
    """
    data = dataset.data.sel(channel=channels)
    free, on = data["designed"].values == 0, data["exposure"].values > 0
    revealing = np.zeros(free.shape, bool)
    revealing[1:] = free[1:] & free[:-1] & on[1:]
    return revealing


def _squares(response: np.ndarray, columns: np.ndarray) -> float:
    """Sum of squares that least squares leave."""
    scale = np.abs(columns).max(0)
    columns = columns / np.where(scale > 0, scale, 1.0)
    fit = columns @ np.linalg.lstsq(columns, response, rcond=None)[0]
    return float(((response - fit) ** 2).sum())


def shifts(dataset: Dataset, channels: list[str]) -> list[tuple[str, str]]:
    """Pairs of a channel and a column that moves its spend.

    Parameters
    ----------
    channels : list of str
        Those of which shifters are taken.
    """
    return [
        (channel, shifter)
        for channel in channels
        for shifter in dataset.description.channels[channel].shifters
    ]


def _shifter_array(
    dataset: Dataset,
    scaling: SpendScaling,
    weeks: slice,
    pairs: list[tuple[str, str]],
    name: str,
    dim: str,
) -> xr.Dataset:
    if not pairs:
        return xr.Dataset()
    values = _standardised(dataset.data["shifters"].values, scaling.shifters)[weeks]
    places = [dataset.description.shifters.index(shifter) for _, shifter in pairs]
    labels = [f"{shifter} ({channel})" for channel, shifter in pairs]
    return xr.Dataset({name: (("time", "unit", dim), values[..., places])}, coords={dim: labels})


def _roots(dataset: Dataset) -> np.ndarray:
    names = list(dataset.description.demanded)
    return np.sqrt(dataset.data["exposure"].sel(channel=names).values)


def _moments(values: np.ma.MaskedArray) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = (np.ma.filled(part, 0.0) for part in (values.mean(0), values.std(0)))
    return mean, np.where(deviation > 0, deviation, 1.0)


def _standardised(values: np.ndarray, moments: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    mean, deviation = moments
    return np.asarray((values - mean) / deviation)
