"""Arrays that a model is built from, and the scaling that leads back to original units.

A `Scaling` is learned once, from the weeks that are fitted first; `arrange` applies it to any span
of weeks of the same table, so parameters mean the same in every window and a forecast uses nothing
from its own future. Carryover reaches back over the observed weeks before a span; only the weeks
before the table begins are unknown, and each of them is assumed to be an average week of its
channel, or one without it if the channel starts inside the table.

A part of a table may lack what the whole has: a channel that starts later, a constant dummy.
The span teaches nothing of such a column, whose unit is then that of the table's other weeks: when
later weeks are predicted, it has its prior, which means the same there as elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from mmm_bayes.data import Dataset
from mmm_bayes.data.covariates import changepoints, covariate_columns, elapsed_time, hinges
from mmm_bayes.data.demanded import SpendScaling, learn_spends, mediator_arrays, spend_arrays
from mmm_bayes.data.form import Form, form_for
from mmm_bayes.data.interactions import add_products, modulation_arrays
from mmm_bayes.data.lags import lag_matrix, starts_inside
from mmm_bayes.data.lifts import lift_arrays
from mmm_bayes.errors import InputError

#: Standard deviations of the outcome that are 1 in the model under the identity link: the mean, if
#: the standard deviation is a quarter of it, as that of revenue often is.
UNIT_DEVIATIONS = 4.0
#: Least money of a channel, in the money of an average one, by which media are divided among them.
LEAST_MONEY = 0.01
#: Share of a column's standard deviation below which the weeks of a part do not tell its effect.
NEGLIGIBLE = 0.01
#: Problems of a covariate whose effect the weeks do not identify.
CONSTANT, COMBINATION = "constant", "a combination of the others"
#: Clause after `missing_phrases`, on the weeks of a table that lack something.
UNLEARNED = "they tell nothing of its effect, which has its prior in forecasts from them"


@dataclass(frozen=True)
class Scaling:
    """Conversion between original units and the model's, fixed once and used for every span.

    Attributes
    ----------
    outcome : array, shape (unit,)
        What is 1 in the model: `UNIT_DEVIATIONS` standard deviations of the unit's outcome, which a
        constant added to the outcome does not move. Under the log link the geometric mean that is 0
        there, of the weeks above the floor (for a hurdle, of the excess over the floor).
    mean : array, shape (unit,)
        Mean outcome, which is 0 in the model under the identity link.
    mediator : array, shape (unit,)
        The mean that is 1 in the model; for a hurdle the geometric mean that is 0 there, of the
        weeks in which it is on.
    exposure : array, shape (unit, channel)
        Active mean: a channel's mean exposure over the weeks in which it is on; of all weeks of the
        table for a channel that is off in those that are fitted, and of the other units for one
        that is off in all weeks of a unit.
    mean_exposure : array, shape (unit, channel)
        Over all weeks.
    mean_spend : array, shape (channel,)
        Over all weeks, of all units; of all weeks of the table for a channel that is off in those
        that are fitted.
    pre_sample : array, shape (unit, channel)
        Exposure that is assumed for each week before the table: the mean, and 0 for a channel that
        starts inside the table.
    spread : float
        Standard deviation of the outcome in the model's units: a scale of the priors.
    mediator_spread : float
        The same for the mediator (for its logarithm when on, if it follows a hurdle).
    centre, scale : array, shape (unit, column) and (column,)
        Mean and standard deviation of each covariate column.
    r_inverse : array, shape (column, column)
        Standardised columns times this matrix are orthonormal; this matrix times the coefficients
        of the orthonormal columns gives the coefficients of the standardised ones.
    start : numpy.datetime64
        Week at which the trend is 0; it is 1 at `end`.
    columns : tuple of str
        Names of the covariate columns: controls, calendar, products of interacting controls.
    unidentified : dict of str to str
        Columns of these that are (nearly) constant, or a combination of others, over the fitted
        weeks, and which of the two: the column of each in the design is what the others do not
        predict of it, which is (nearly) 0 in these weeks.
    spends : SpendScaling
        Of the equations of spends that unseen demand may move.
    """

    outcome: np.ndarray
    mean: np.ndarray
    mediator: np.ndarray
    exposure: np.ndarray
    mean_exposure: np.ndarray
    mean_spend: np.ndarray
    pre_sample: np.ndarray
    spread: float
    mediator_spread: float
    centre: np.ndarray
    scale: np.ndarray
    r_inverse: np.ndarray
    start: np.datetime64
    end: np.datetime64
    columns: tuple[str, ...]
    unidentified: dict[str, str]
    spends: SpendScaling

    @property
    def money(self) -> np.ndarray:
        """Share of each channel in the money spent on all, shape (channel,).

        It is an average share for a channel without spend, and at least `LEAST_MONEY` of that for
        any; they add up to 1.
        """
        paid = self.mean_spend > 0
        average = self.mean_spend[paid].mean() if paid.any() else 1.0
        relative = np.where(paid, np.maximum(self.mean_spend / average, LEAST_MONEY), 1.0)
        return relative / relative.sum()

    @property
    def unit_share(self) -> float:
        """The model's unit of the outcome under the identity link, as a share of the mean outcome.

        Of all units of a panel; NaN if their mean outcome is not positive.
        """
        mean = float(self.mean.sum())
        return float(self.outcome.sum()) / mean if mean > 0 else float("nan")

    @property
    def return_unit(self) -> np.ndarray:
        """Mean contribution of a channel whose return on its money is 1, shape (channel,).

        In the model's units, over all units of a panel; 0 for a channel without spend.
        """
        return self.mean_spend / self.outcome.sum()

    @property
    def intensity(self) -> np.ndarray:
        """Exposure per outcome, as a multiple of its mean over units, shape (unit, channel).

        That of an active week in a unit without the channel; 1 for a channel that no unit has.
        """
        rate = self.mean_exposure / self.outcome[:, None]
        mean = rate.mean(0)
        rate = np.where(rate > 0, rate, self.exposure / self.outcome[:, None])
        return np.where(mean > 0, rate / np.where(mean > 0, mean, 1.0), 1.0)


@dataclass(frozen=True)
class Design:
    """A span of weeks arranged for a model.

    Attributes
    ----------
    dataset : Dataset
        The whole table, so that carryover has its history.
    arrays : xarray.Dataset
        Data nodes of the model: ``exposure_lags (time, unit, channel, lag)`` in active means;
        ``covariates (time, unit, covariate)``, orthonormal; ``outcome_observed`` and
        ``mediator_observed (time, unit)``, ``outcome_scale``, ``mean_outcome`` and
        ``mediator_scale (unit)``, in original units; ``money`` and ``return_unit (channel)``;
        ``elapsed (time)``, 0 in the first and 1 in the last of the weeks that the scaling was
        learned from; ``intensity (unit, channel)``; ``prior_scale``, the two spreads;
        ``control_mix (control, covariate)``, the rows of the scaling's `r_inverse` that belong to
        controls. Without unseen demand also ``rho``, the assumed correlation of the mediator's
        and the outcome's disturbances, 0 in a fit; with it, and with autoregressive
        disturbances, the ``gap (time)``, the number of steps since the row before, 0 in the first
        row. With a trend of changepoints its ``hinges (time, changepoint)``, which rise by 1 per
        span of `elapsed` from their changepoint on; with experiments the arrays of
        `mmm_bayes.data.lifts.lift_arrays`; with interactions of channels those of
        `mmm_bayes.data.interactions.modulation_arrays`; with spends that demand moves, tests that
        set them, and shifters those of `mmm_bayes.data.demanded`.
    """

    dataset: Dataset
    form: Form
    scaling: Scaling
    arrays: xr.Dataset

    @property
    def mediator(self) -> str | None:
        """Channel that others raise, if the description names one."""
        return self.dataset.mediator

    @property
    def causes(self) -> tuple[str, ...]:
        """Channels that raise the mediator."""
        return self.dataset.causes

    @property
    def mediator_index(self) -> int:
        """Position of the mediator on the channel axis."""
        return self.dataset.channels.index(self.dataset.mediator)

    @property
    def cause_indices(self) -> np.ndarray:
        """Positions of the causes on the channel axis, shape (cause,)."""
        return np.array([self.dataset.channels.index(cause) for cause in self.causes], dtype=int)

    @property
    def demanded(self) -> tuple[str, ...]:
        """Channels, other than the mediator, whose spend unseen demand may move in this form."""
        return self.dataset.description.demanded if self.form.demand == "unseen" else ()

    @property
    def observed_path(self) -> np.ndarray:
        """Observed exposure, shape (max_lag - 1 + time, unit, channel), in active means."""
        lags = self.arrays["exposure_lags"].values
        return np.concatenate([lags[0, :, :, :0:-1].transpose(2, 0, 1), lags[..., 0]])

    @property
    def weeks(self) -> slice:
        """Rows of the table's time axis that this design covers."""
        start = int(np.searchsorted(self.dataset.data["time"], self.arrays["time"][0]))
        return slice(start, start + self.arrays.sizes["time"])


def select_rows(design: Design, rows: np.ndarray) -> Design:
    """The design without the other rows of its time axis; the rows that stay are unchanged.

    Parameters
    ----------
    rows : array of int, shape (row,)
        Positions in the design's arrays, ascending.
    """
    arrays = design.arrays.isel(time=rows)
    if "gap" in arrays:
        position = design.arrays["gap"].values.cumsum()[rows]
        arrays = arrays.assign(gap=("time", np.diff(position, prepend=position[0])))
    return replace(design, arrays=arrays)


def missing_phrases(design: Design) -> list[str]:
    """Clauses on channels and covariates that vary in the table, but not in a design's weeks.

    Returns
    -------
    list of str
        Like "tiktok is off" and "lockdown is constant"; see `UNLEARNED`.
    """
    exposure = design.dataset.data["exposure"].transpose("time", "unit", "channel").values
    off = (exposure[design.weeks] == 0).all(0) & (exposure > 0).any(0)
    phrases = []
    for channel, units in zip(design.dataset.channels, off.T, strict=True):
        names = ", ".join(design.arrays["unit"].values[units])
        where = "" if units.all() else f" in {names}"
        phrases += [f"{channel} is off{where}"] if units.any() else []
    return phrases + [
        f"{column} is {problem}" for column, problem in design.scaling.unidentified.items()
    ]


def data_names(design: Design) -> list[str]:
    """Names of the data nodes of a model built on a design."""
    return [
        name
        for name in map(str, design.arrays.data_vars)
        if design.mediator is not None or not name.startswith("mediator_")
    ]


def make_design(dataset: Dataset, form: Form | None = None, weeks: slice = slice(None)) -> Design:
    """Design of some weeks of a table, with a scaling learned from those weeks.

    Parameters
    ----------
    form : Form, optional
        From the description and the data if left out (`form_for`).
    weeks : slice
        Rows of the table's time axis to fit; all of them if left out.

    Raises
    ------
    InputError
        If a covariate is constant, or a combination of others, over all weeks of the table, or the
        outcome never changes over the weeks to fit.
    """
    form = form or form_for(dataset)
    return arrange(dataset, form, _learn_scaling(dataset, form, weeks), weeks)


def arrange(dataset: Dataset, form: Form, scaling: Scaling, weeks: slice = slice(None)) -> Design:
    """Design of some weeks of a table under a scaling that is already known.

    Parameters
    ----------
    weeks : slice
        Rows of the table's time axis; all of them if left out.
    """
    data = dataset.data
    history = form.max_lag - 1
    exposure = (data["exposure"] / scaling.exposure).values
    before = np.broadcast_to(scaling.pre_sample / scaling.exposure, (history, *exposure.shape[1:]))
    lags = lag_matrix(np.concatenate([before, exposure]), form.max_lag)

    main = covariate_columns(dataset, scaling.start, scaling.end)
    table = add_products(dataset.description, main, scaling.centre).isel(time=weeks)
    standardised = (table - scaling.centre) / scaling.scale
    covariates = standardised.values @ scaling.r_inverse

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
            "elapsed": elapsed_time(span["time"], scaling.start, scaling.end),
            "outcome_scale": ("unit", scaling.outcome),
            "mean_outcome": ("unit", scaling.mean),
            "money": ("channel", scaling.money),
            "return_unit": ("channel", scaling.return_unit),
            "mediator_scale": ("unit", scaling.mediator),
            "intensity": (("unit", "channel"), scaling.intensity),
            "prior_scale": ("spread", np.array([scaling.spread, scaling.mediator_spread])),
            "control_mix": (
                ("control", "covariate"),
                scaling.r_inverse[: len(dataset.description.controls)],
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
        arrays = arrays.assign_coords(changepoint=changepoints())
        arrays["hinges"] = hinges(arrays["elapsed"], arrays["changepoint"])
    if dataset.mediator and form.demand == "none":
        arrays["rho"] = 0.0
    if form.errors == "ar1" or form.demand == "unseen":
        arrays["gap"] = ("time", np.minimum(np.arange(arrays.sizes["time"]), 1.0))
    if dataset.mediator:
        arrays = arrays.merge(mediator_arrays(dataset, scaling.spends, weeks))
    if dataset.description.demanded and form.demand == "unseen":
        arrays = arrays.merge(spend_arrays(dataset, scaling.spends, weeks))
    lift_tests = lift_arrays(dataset, lags, scaling.exposure, weeks)
    modulation = modulation_arrays(dataset.description, standardised)
    return Design(dataset, form, scaling, arrays.merge(lift_tests).merge(modulation))


def _learn_scaling(dataset: Dataset, form: Form, weeks: slice) -> Scaling:
    span = dataset.data.isel(time=weeks)
    outcome, exposure = span["outcome"].values, span["exposure"].values
    _check_outcome_varies(dataset, span["outcome"])

    if form.link == "log":
        logs = np.ma.log(_positive_part(outcome, form))
        scale_of_outcome = np.exp(logs.mean(0).filled(0.0))
        spread = float((logs - logs.mean(0)).std())
    else:
        deviations = outcome.std(0)
        scale_of_outcome = UNIT_DEVIATIONS * np.where(
            deviations > 0, deviations, np.sqrt((deviations**2).mean())
        )
        spread = 1 / UNIT_DEVIATIONS

    mediator, mediator_spread = np.ones(exposure.shape[1]), 1.0
    if dataset.mediator is not None:
        table = dataset.data["exposure"].sel(channel=dataset.mediator)
        mediator, mediator_spread = _mediator_scale(table.isel(time=weeks).values, form)
        whole, whole_spread = _mediator_scale(table.values, form)
        mediator = np.where(mediator > 0, mediator, whole)
        mediator_spread = mediator_spread if mediator_spread > 0 else whole_spread

    known = dataset.data["exposure"].values[: range(dataset.data.sizes["time"])[weeks].stop]
    start, end = span["time"].values[[0, -1]]
    main = covariate_columns(dataset, start, end)
    table = add_products(dataset.description, main, main.values[weeks].mean(0))
    _check_enough_rows(dataset, table.isel(time=weeks))
    centre_of_columns, scale, r_inverse, unidentified = _orthonormal_basis(dataset, table, weeks)
    return Scaling(
        outcome=scale_of_outcome,
        mean=outcome.mean(0),
        mediator=mediator,
        exposure=_active_means(exposure, dataset.data["exposure"].values),
        mean_exposure=exposure.mean(0),
        pre_sample=np.where(starts_inside(known, form.max_lag), 0.0, exposure.mean(0)),
        mean_spend=_mean_spend(dataset, weeks),
        spread=spread,
        mediator_spread=mediator_spread,
        centre=centre_of_columns,
        scale=scale,
        r_inverse=r_inverse,
        start=start,
        end=end,
        columns=tuple(map(str, table["column"].values)),
        unidentified=unidentified,
        spends=learn_spends(dataset, weeks),
    )


def _active_means(span: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Active means of `Scaling.exposure` from exposures (time, unit, channel)."""

    def mean_when_on(exposure: np.ndarray, axes: int | tuple[int, int]) -> np.ndarray:
        on = (exposure > 0).sum(axes)
        return np.where(on > 0, exposure.sum(axes) / np.maximum(on, 1), 0.0)

    active = mean_when_on(span, 0)
    for fallback in (mean_when_on(table, 0), mean_when_on(table, (0, 1)), 1.0):
        active = np.where(active > 0, active, fallback)
    return active


def _mean_spend(dataset: Dataset, weeks: slice) -> np.ndarray:
    spend = dataset.data["spend"].sum("unit").transpose("time", "channel").values
    mean = spend[weeks].mean(0)
    return np.where(mean > 0, mean, spend.mean(0))


def _mediator_scale(observed: np.ndarray, form: Form) -> tuple[np.ndarray, float]:
    """Mean and spread of a mediator (time, unit); 0 where the weeks do not tell them."""
    if form.mediator_likelihood == "hurdle":
        logs = np.ma.log(np.ma.masked_equal(observed, 0))
        mean = np.where((observed > 0).any(0), np.exp(logs.mean(0).filled(0.0)), 0.0)
        return mean, float(np.ma.filled((logs - logs.mean(0)).std(), 0.0))
    mean = observed.mean(0)
    on = mean > 0
    return mean, float((observed[:, on] / mean[on]).std()) if on.any() else 0.0


def _orthonormal_basis(
    dataset: Dataset, table: xr.DataArray, weeks: slice
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, str]]:
    """`centre`, `scale`, `r_inverse` and `unidentified` of a `Scaling`.

    Parameters
    ----------
    table : xarray.DataArray, dims (time, unit, column)
        Covariates of all weeks.
    """
    names, span = table["column"].values, table.values[weeks]
    centre, scale, whole = span.mean(0), _spread(span), _spread(table.values)
    constant = scale <= np.maximum(NEGLIGIBLE * whole, 1e-12 * np.abs(span).max((0, 1), initial=1))
    scale = np.where(constant, np.where(whole > 0, whole, 1.0), scale)
    flat = ((span - centre) / scale).reshape(span.shape[0] * span.shape[1], scale.size)
    flat[:, constant] = 0.0
    rest = np.abs(np.diag(np.linalg.qr(flat, mode="r"))) / np.sqrt(len(flat))
    if len(span) == len(table):
        _check_identified(dataset, names[constant], CONSTANT)
        _check_identified(dataset, names[rest < 1e-6], COMBINATION)
    unidentified = rest < NEGLIGIBLE
    free = np.flatnonzero(~unidentified)
    q, r = np.linalg.qr(flat[:, free])
    r_inverse = np.eye(scale.size)
    r_inverse[np.ix_(free, free)] = np.linalg.inv(r / np.sqrt(len(flat)))
    # Of the others, the part that the free columns do not predict in these weeks.
    r_inverse[np.ix_(free, unidentified)] = -np.linalg.solve(r, q.T @ flat[:, unidentified])
    problems = {
        str(names[column]): CONSTANT if constant[column] else COMBINATION
        for column in np.flatnonzero(unidentified)
    }
    return centre, scale, r_inverse, problems


def _spread(columns: np.ndarray) -> np.ndarray:
    """Standard deviation of each column within units."""
    return np.asarray((columns - columns.mean(0)).std((0, 1)))


def _check_outcome_varies(dataset: Dataset, outcome: xr.DataArray) -> None:
    """Refuse weeks in which the outcome of a unit never changes."""
    same = np.ptp(outcome.transpose("time", "unit").values, axis=0) == 0
    if same.any():
        first, last = (str(day)[:10] for day in outcome["time"].values[[0, -1]])
        units = ", ".join(repr(str(unit)) for unit in outcome["unit"].values[same])
        where = f" in unit {units}" if len(same) > 1 else ""
        raise InputError(
            f"{dataset.path}: the outcome {dataset.description.outcome!r} never changes{where} "
            f"from {first} to {last}, so these weeks teach nothing about it; fit more weeks"
        )


def _positive_part(outcome: np.ndarray, form: Form) -> np.ma.MaskedArray:
    """Argument of the logarithm under the log link, masked in the weeks at the floor."""
    if form.floor is None:
        return np.ma.masked_array(outcome)
    above = np.ma.masked_less_equal(outcome, form.floor)
    return above - form.floor if form.hurdle else above


def _check_enough_rows(dataset: Dataset, table: xr.DataArray) -> None:
    """Refuse as many covariates and intercepts as there are rows to estimate them from.

    Parameters
    ----------
    table : xarray.DataArray, dims (time, unit, column)
        Covariates of the fitted weeks.
    """
    rows, columns = table.sizes["time"] * table.sizes["unit"], table.sizes["column"]
    if columns + table.sizes["unit"] >= rows:
        description = dataset.description
        parts = {
            "[controls]": len(description.controls),
            "[calendar]": len(description.calendar.columns),
            "[interactions]": len(description.products),
        }
        counts = ", ".join(f"{number} of {name}" for name, number in parts.items() if number)
        raise InputError(
            f"{dataset.path}: there are {columns} covariates ({counts}) and only {rows} rows to "
            "estimate their effects from; remove controls or simplify [calendar], until there are "
            "several rows for each covariate"
        )


def _check_identified(dataset: Dataset, names: np.ndarray, problem: str) -> None:
    """Refuse covariates whose effects the fitted weeks cannot identify."""
    if names.size:
        quoted = ", ".join(repr(str(name)) for name in names)
        raise InputError(
            f"{dataset.path}: over the fitted {dataset.step.plural} the covariates {quoted} "
            f"are {problem}, so their effects cannot be told apart; remove them from [controls] or "
            "[interactions], or simplify [calendar]"
        )
