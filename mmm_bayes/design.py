"""From a dataset to the arrays a model needs, and the way back to original units.

A `Scaling` is learned once, from the weeks that are fitted first; `arrange` applies it to any
span of weeks of the same table, so parameters mean the same in every window and a forecast
never peeks at its own future. Carryover reaches back over the real weeks before a span; only
weeks before the table begins are unknown, and each of them is taken to be an average week.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.dataset import Dataset
from mmm_bayes.dataset.profiling import MEDIATOR_OFF
from mmm_bayes.errors import InputError
from mmm_bayes.experiments import lift_arrays
from mmm_bayes.interactions import modulation_arrays, with_products
from mmm_bayes.transforms import lagged

Link = Literal["identity", "log"]
Likelihood = Literal["normal", "student_t", "lognormal"]
MediatorLikelihood = Literal["normal", "hurdle"]
Sign = Literal["positive", "free"]
AtFloor = Literal["censored", "hurdle"]

DAYS_PER_YEAR = 365.25
#: Stretches between the changepoints of a trend in the weeks that the scaling was learned from, and
#: as long ones after them, as far as leave-future-out looks ahead of the weeks that it starts from.
STRETCHES, STRETCHES_AHEAD = 10, 7


@dataclass(frozen=True)
class Form:
    """The choices of a fit that the table does not make by itself.

    Parameters
    ----------
    link : {"identity", "log"}
        Whether contributions add up (identity) or multiply (log).
    likelihood : {"normal", "student_t", "lognormal"}
        Distribution of the outcome around its location. Under the log link the disturbance is
        multiplicative: "normal" and "lognormal" are then the same, normal on the log scale.
    mediator_likelihood : {"normal", "hurdle"}
        Distribution of the mediator.
    max_lag : int
        Weeks that feel a week's advertising, its own included.
    sign : {"positive", "free"}
        Whether the channels' own effects on the outcome are positive by prior.
    floor : float, optional
        The lowest value that the outcome can have, in its own units, where weeks stand at exactly
        that value; None for an outcome without such a point mass.
    at_floor : {"censored", "hurdle"}
        How a week comes to stand there: its outcome would have been lower and is recorded as the
        floor, or an equation of its own decides whether there is anything above the floor. Only
        read with a floor.
    """

    link: Link
    likelihood: Likelihood
    mediator_likelihood: MediatorLikelihood
    max_lag: int
    sign: Sign = "positive"
    floor: float | None = None
    at_floor: AtFloor = "censored"

    @property
    def multiplies(self) -> bool:
        """Whether the outcome's disturbance multiplies, so that it is additive on a log scale."""
        return self.link == "log" or self.likelihood == "lognormal"

    @property
    def hurdle(self) -> bool:
        """Whether an equation of its own decides which weeks are above the floor."""
        return self.floor is not None and self.at_floor == "hurdle"


@dataclass(frozen=True)
class Scaling:
    """What turns original units into the model's, fixed once and used for every span.

    Attributes
    ----------
    outcome, mediator : array, shape (unit,)
        The mean that is 1 in the model; under the log link the geometric mean that is 0 there, of
        the weeks above the floor (for a hurdle, of what they are above it).
    exposure : array, shape (unit, channel)
        A channel's mean exposure over the weeks in which it is on; 1 for a channel never on.
    pre_sample : array, shape (unit, channel)
        Mean exposure over all weeks: what a week before the table is taken to have had.
    spread : float
        Standard deviation of the outcome in the model's units: a yardstick of the priors.
    mediator_spread : float
        The same of the mediator (of its logarithm when on, for a hurdle).
    centre, scale : array, shape (unit, column) and (column,)
        Mean and standard deviation of each covariate column.
    unmix : array, shape (column, column)
        Standardised columns times this are orthonormal; this times the coefficients of the
        orthonormal columns are the coefficients of the standardised ones.
    start : numpy.datetime64
        Trend is 0 here, and 1 at `end`.
    columns : tuple of str
        Names of the covariate columns: controls, calendar, products of interacting controls.
    """

    outcome: np.ndarray
    mediator: np.ndarray
    exposure: np.ndarray
    pre_sample: np.ndarray
    spread: float
    mediator_spread: float
    centre: np.ndarray
    scale: np.ndarray
    unmix: np.ndarray
    start: np.datetime64
    end: np.datetime64
    columns: tuple[str, ...]

    @property
    def intensity(self) -> np.ndarray:
        """Exposure per outcome, as a multiple of the mean unit's, shape (unit, channel).

        1 for a channel that no unit has.
        """
        rate = self.pre_sample / self.outcome[:, None]
        mean = rate.mean(0)
        return np.where(mean > 0, rate / np.where(mean > 0, mean, 1.0), 1.0)


@dataclass(frozen=True)
class Design:
    """All that a model is built from.

    Attributes
    ----------
    dataset : Dataset
        The whole table, so that carryover finds its history.
    form : Form
    scaling : Scaling
    arrays : xarray.Dataset
        What enters the model as data: ``exposure_lags (time, unit, channel, lag)`` in active
        means, ``covariates (time, unit, covariate)`` orthonormal, ``outcome_observed`` and
        ``mediator_observed (time, unit)`` and ``outcome_scale``, ``mediator_scale (unit)`` in
        original units, ``elapsed (time)``, 0 in the first and 1 in the last of the weeks that
        the scaling was learned from, ``intensity (unit, channel)``, the priors' ``yardstick``: the
        two spreads, ``control_mix (control, covariate)``, the rows of the scaling's `unmix` that
        belong to controls, and ``rho``, the assumed correlation of the mediator's and the outcome's
        disturbances: 0 in a fit. With a trend of changepoints, its ``hinges (time, changepoint)``,
        which rise by 1 a span of `elapsed` from their changepoint on. With experiments, what
        `mmm_bayes.experiments.lift_arrays` adds, and with channels that interact, what
        `mmm_bayes.interactions.modulation_arrays` adds.
    """

    dataset: Dataset
    form: Form
    scaling: Scaling
    arrays: xr.Dataset

    @property
    def mediator(self) -> str | None:
        """The channel that others raise, if the description names one."""
        return self.dataset.mediator

    @property
    def causes(self) -> tuple[str, ...]:
        """The channels that raise the mediator."""
        return self.dataset.causes

    @property
    def mediator_at(self) -> int:
        """Position of the mediator on the channel axis."""
        return self.dataset.channels.index(self.dataset.mediator)

    @property
    def causes_at(self) -> np.ndarray:
        """Positions of the causes on the channel axis."""
        return np.array([self.dataset.channels.index(cause) for cause in self.causes], dtype=int)

    @property
    def observed_path(self) -> np.ndarray:
        """Exposure as it was, shape (max_lag - 1 + time, unit, channel), in active means."""
        lags = self.arrays["exposure_lags"].values
        return np.concatenate([lags[0, :, :, :0:-1].transpose(2, 0, 1), lags[..., 0]])

    @property
    def weeks(self) -> slice:
        """The span of the table's rows that is fitted."""
        start = int(np.searchsorted(self.dataset.data["time"], self.arrays["time"][0]))
        return slice(start, start + self.arrays.sizes["time"])


def data_names(design: Design) -> list[str]:
    """Names of the data nodes of a model built on this design."""
    return [
        name
        for name in map(str, design.arrays.data_vars)
        if design.mediator is not None or not (name.startswith("mediator_") or name == "rho")
    ]


def form_for(
    dataset: Dataset,
    *,
    link: Link | None = None,
    likelihood: Likelihood | None = None,
    floor: float | None = None,
    at_floor: AtFloor | None = None,
) -> Form:
    """The form of a fit: what the caller wants, else the description's, else the data's.

    Weeks at a floor are a hurdle's under the log link, where only such a model reaches a floor of
    zero, and censored under the identity link.

    Parameters
    ----------
    dataset : Dataset
    link : {"identity", "log"}, optional
    likelihood : {"normal", "student_t", "lognormal"}, optional
    floor : float, optional
        In the outcome's units.
    at_floor : {"censored", "hurdle"}, optional

    Raises
    ------
    InputError
        If the form can't produce the outcome that was observed.
    """
    defaults = dataset.description.model
    link = link or defaults.link
    likelihood = likelihood or defaults.likelihood
    floor = defaults.floor if floor is None else floor
    at_floor = at_floor or defaults.at_floor
    _refuse_floor(dataset, link, likelihood, floor, at_floor)
    hurdle = False
    if dataset.mediator is not None:
        off = dataset.data["exposure"].sel(channel=dataset.mediator) == 0
        hurdle = float(off.mean()) >= MEDIATOR_OFF
    return Form(
        link,
        likelihood,
        "hurdle" if hurdle else "normal",
        defaults.max_lag,
        defaults.sign,
        floor,
        at_floor or ("hurdle" if link == "log" else "censored"),
    )


def _refuse_floor(
    dataset: Dataset,
    link: Link,
    likelihood: Likelihood,
    floor: float | None,
    at_floor: AtFloor | None,
) -> None:
    """Refuse a link, a likelihood and a floor that can't produce the outcome together."""
    outcome, name = dataset.data["outcome"].values, dataset.description.outcome
    positive = link == "log" or likelihood == "lognormal"
    if floor is None:
        if at_floor is not None:
            raise InputError(
                f"{dataset.path}: at_floor = {at_floor!r} needs a floor; give floor, the lowest "
                f"value that the outcome {name!r} can have"
            )
        if positive and (outcome <= 0).any():
            zeros = "" if (outcome < 0).any() else ", or floor = 0.0 with link = 'log'"
            raise InputError(
                f"{dataset.path}: {(outcome <= 0).sum()} values of the outcome {name!r} are zero "
                f"or negative, which link = {link!r} with likelihood = {likelihood!r} cannot "
                "produce; use link = 'identity' with likelihood = 'normal' or 'student_t'" + zeros
            )
        return
    if (outcome < floor).any():
        raise InputError(
            f"{dataset.path}: {(outcome < floor).sum()} values of the outcome {name!r} are below "
            f"floor = {floor:g}; give its lowest value, {outcome.min():g}, as the floor"
        )
    if not (outcome == floor).any():
        raise InputError(
            f"{dataset.path}: no value of the outcome {name!r} is at floor = {floor:g} (the lowest "
            f"is {outcome.min():.10g}); leave the floor out, or give the value that weeks stand at"
        )
    if at_floor == "hurdle" and link == "identity":
        raise InputError(
            f"{dataset.path}: at_floor = 'hurdle' needs link = 'log', because contributions that "
            "add up may lead below the floor; use at_floor = 'censored'"
        )
    if positive and floor <= 0 and (at_floor == "censored" or link == "identity"):
        mend = "at_floor = 'hurdle'" if link == "log" else "likelihood = 'normal' or 'student_t'"
        raise InputError(
            f"{dataset.path}: link = {link!r} with likelihood = {likelihood!r} never falls to "
            f"floor = {floor:g}, so no week can be censored there; use {mend}"
        )


def design(dataset: Dataset, form: Form | None = None, weeks: slice = slice(None)) -> Design:
    """Arrange some weeks of a table for a model, learning the scaling from those weeks.

    Parameters
    ----------
    dataset : Dataset
    form : Form, optional
        From the description and the data if left out (`form_for`).
    weeks : slice
        Rows of the table's time axis to fit; all of them if left out.

    Raises
    ------
    InputError
        If a covariate is constant, or a combination of others, over those weeks.
    """
    form = form or form_for(dataset)
    return arrange(dataset, form, _learn(dataset, form, weeks), weeks)


def arrange(dataset: Dataset, form: Form, scaling: Scaling, weeks: slice = slice(None)) -> Design:
    """Arrange some weeks of a table by a scaling that is already known.

    Parameters
    ----------
    dataset : Dataset
    form : Form
    scaling : Scaling
    weeks : slice
        Rows of the table's time axis; all of them if left out.
    """
    data = dataset.data
    history = form.max_lag - 1
    exposure = (data["exposure"] / scaling.exposure).values
    before = np.broadcast_to(scaling.pre_sample / scaling.exposure, (history, *exposure.shape[1:]))
    lags = lagged(np.concatenate([before, exposure]), form.max_lag)

    main = columns(dataset, scaling.start, scaling.end)
    table = with_products(dataset.description, main, scaling.centre).isel(time=weeks)
    standardised = (table - scaling.centre) / scaling.scale
    covariates = standardised.values @ scaling.unmix

    span = data.isel(time=weeks)
    mediator = (
        span["exposure"].sel(channel=dataset.mediator, drop=True)
        if dataset.mediator
        else xr.zeros_like(span["outcome"])
    )
    arrays = xr.Dataset(
        {
            "exposure_lags": (("time", "unit", "channel", "lag"), lags[weeks]),
            "covariates": (("time", "unit", "covariate"), covariates),
            "outcome_observed": span["outcome"],
            "mediator_observed": mediator,
            "elapsed": elapsed(span["time"], scaling.start, scaling.end),
            "outcome_scale": ("unit", scaling.outcome),
            "mediator_scale": ("unit", scaling.mediator),
            "intensity": (("unit", "channel"), scaling.intensity),
            "yardstick": ("spread", np.array([scaling.spread, scaling.mediator_spread])),
            "rho": ((), 0.0),
            "control_mix": (
                ("control", "covariate"),
                scaling.unmix[: len(dataset.description.controls)],
            ),
        },
        coords={
            "time": span["time"],
            "unit": span["unit"],
            "channel": span["channel"],
            "lag": np.arange(form.max_lag),
        },
    )
    if dataset.description.calendar.trend == "changepoints":
        arrays = arrays.assign_coords(changepoint=_changepoints())
        arrays["hinges"] = _hinges(arrays["elapsed"], arrays["changepoint"])
    tests = lift_arrays(dataset, lags, scaling.exposure, weeks)
    changed = modulation_arrays(dataset.description, standardised)
    return Design(dataset, form, scaling, arrays.merge(tests).merge(changed))


def columns(dataset: Dataset, start: np.datetime64, end: np.datetime64) -> xr.DataArray:
    """Every covariate in its own units: the controls as transformed, and the calendar.

    Parameters
    ----------
    dataset : Dataset
    start, end : numpy.datetime64
        Where the trend is 0 and 1.

    Returns
    -------
    xarray.DataArray, shape (time, unit, column)
        Controls first, in the description's order, then trend, seasons and holidays. Growth
        is the change of log(1 + x) since the week before; the table's first week has none, 0.
    """
    data, calendar = dataset.data, dataset.description.calendar
    parts = {
        name: _transform(data["controls"].sel(control=name, drop=True), control.transform)
        for name, control in dataset.description.controls.items()
    }
    time = data["time"]
    if calendar.trend != "none":
        parts["trend"] = elapsed(time, start, end)
    if calendar.trend == "quadratic":
        parts["trend_squared"] = elapsed(time, start, end) ** 2
    parts |= seasons(time, calendar.fourier)
    if calendar.holidays:
        parts["holidays"] = _holidays(time, calendar.holidays, int(data.attrs["step_days"]))

    shape = data["outcome"].shape
    stacked = [part.broadcast_like(data["outcome"]).values for part in parts.values()]
    values = np.stack(stacked, -1) if stacked else np.zeros((*shape, 0))
    return xr.DataArray(
        values,
        dims=("time", "unit", "column"),
        coords={"time": time, "unit": data["unit"], "column": list(parts)},
    )


def seasons(time: xr.DataArray, pairs: int) -> dict[str, xr.DataArray]:
    """Fourier columns of some dates, by name.

    Parameters
    ----------
    time : xarray.DataArray of datetime64
    pairs : int
        Sine-cosine pairs per year.
    """
    year = (time - np.datetime64("2000-01-01", "ns")) / np.timedelta64(1, "D") / DAYS_PER_YEAR
    parts = {}
    for pair in range(1, pairs + 1):
        angle = 2 * np.pi * pair * year
        parts[f"season_sin_{pair}"] = angle.copy(data=np.sin(angle.values))
        parts[f"season_cos_{pair}"] = angle.copy(data=np.cos(angle.values))
    return parts


def elapsed(time: xr.DataArray, start: np.datetime64, end: np.datetime64) -> xr.DataArray:
    """Time as a share of a span: 0 in its first week, 1 in its last, above 1 after it.

    Parameters
    ----------
    time : xarray.DataArray, dims (time)
        Dates.
    start, end : numpy.datetime64
        First and last week of the span.
    """
    return (time - start) / (end - start)


def _changepoints() -> np.ndarray:
    """Where a trend may bend, as `elapsed` counts.

    The grid goes on after the weeks that the scaling was learned from: no data speak of the bends
    there, so a forecast goes on with the last slope, less surely the further it reaches.
    """
    return np.arange(1, STRETCHES + STRETCHES_AHEAD) / STRETCHES


def _hinges(elapsed: xr.DataArray, changepoint: xr.DataArray) -> xr.DataArray:
    """What a change of slope adds from its week on, less its mean over the span of `elapsed`."""
    mean = (1 - changepoint).clip(min=0) ** 2 / 2
    return (elapsed - changepoint).clip(min=0) - mean


def _transform(values: xr.DataArray, transform: str) -> xr.DataArray:
    match transform:
        case "log":
            return values.copy(data=np.log(values.values))
        case "log1p":
            return values.copy(data=np.log1p(values.values))
        case "growth":
            level = values.copy(data=np.log1p(values.values))
            return level.diff("time").reindex(time=values["time"], fill_value=0.0)
        case _:
            return values


def _holidays(time: xr.DataArray, country: str, step_days: int) -> xr.DataArray:
    """Public holidays among the days that each row stands for, its date the first of them."""
    import holidays

    days = holidays.country_holidays(country)
    count = [
        sum(day in days for day in pd.date_range(first, periods=step_days))
        for first in pd.DatetimeIndex(time.values)
    ]
    return xr.DataArray(np.array(count, dtype=float), dims="time", coords={"time": time})


def _learn(dataset: Dataset, form: Form, weeks: slice) -> Scaling:
    span = dataset.data.isel(time=weeks)
    outcome, exposure = span["outcome"].values, span["exposure"].values
    on = exposure > 0
    active = np.where(on.any(0), exposure.sum(0) / np.maximum(on.sum(0), 1), 1.0)

    if form.link == "log":
        logs = np.ma.log(_above(outcome, form))
        centre = np.exp(logs.mean(0).filled(0.0))
        spread = float((logs - logs.mean(0)).std())
    else:
        centre = outcome.mean(0)
        spread = float((outcome / centre).std())

    mediator, mediator_spread = np.ones(exposure.shape[1]), 1.0
    if dataset.mediator is not None:
        observed = span["exposure"].sel(channel=dataset.mediator).values
        if form.mediator_likelihood == "hurdle":
            logs = np.ma.log(np.ma.masked_equal(observed, 0))
            mediator = np.exp(logs.mean(0).filled(0.0))
            mediator_spread = float((logs - logs.mean(0)).std())
        else:
            mediator = observed.mean(0)
            mediator_spread = float((observed / mediator).std())

    start, end = span["time"].values[[0, -1]]
    main = columns(dataset, start, end)
    table = with_products(dataset.description, main, main.values[weeks].mean(0)).isel(time=weeks)
    centred = table.values - table.values.mean(0)
    scale = centred.std((0, 1))
    names = table["column"].values
    _refuse(
        dataset, names[scale <= 1e-12 * np.abs(table.values).max((0, 1), initial=1.0)], "constant"
    )
    flat = (centred / scale).reshape(outcome.size, scale.size)
    triangle = np.linalg.qr(flat, mode="r") / np.sqrt(len(flat))
    _refuse(dataset, names[np.abs(np.diag(triangle)) < 1e-6], "a combination of the others")
    return Scaling(
        outcome=centre,
        mediator=mediator,
        exposure=active,
        pre_sample=exposure.mean(0),
        spread=spread,
        mediator_spread=mediator_spread,
        centre=table.values.mean(0),
        scale=scale,
        unmix=np.linalg.inv(triangle),
        start=start,
        end=end,
        columns=tuple(str(name) for name in names),
    )


def _above(outcome: np.ndarray, form: Form) -> np.ma.MaskedArray:
    """What the log link takes the logarithm of, masked at the floor."""
    if form.floor is None:
        return np.ma.masked_array(outcome)
    above = np.ma.masked_less_equal(outcome, form.floor)
    return above - form.floor if form.hurdle else above


def _refuse(dataset: Dataset, names: np.ndarray, what: str) -> None:
    if names.size:
        named = ", ".join(repr(str(name)) for name in names)
        raise InputError(
            f"{dataset.path}: over the fitted weeks the covariates {named} "
            f"are {what}, so their effects cannot be told apart; remove them from [controls] or "
            "[interactions], or simplify [calendar]"
        )
