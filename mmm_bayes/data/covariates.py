"""Covariates of the equations: transformed controls, trend, seasons and public holidays.

The trend of "changepoints" is piecewise linear (Taylor, Letham 2018, *Forecasting at scale*,
section 3.1): a straight line, which is a covariate, and hinges at fixed points of the span.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.data.dataset import Dataset
from mmm_bayes.data.description import WEEKDAYS
from mmm_bayes.data.step import DAYS_PER_YEAR, Step

#: Most days between a holiday and the day on which it is observed.
OBSERVED_WITHIN = 3
#: Segments between the changepoints of a trend over the weeks that the scaling was learned from,
#: and segments of the same length after them, as far as leave-future-out predicts beyond the weeks
#: that it starts from.
SEGMENTS, SEGMENTS_AHEAD = 10, 7


def covariate_columns(dataset: Dataset, start: np.datetime64, end: np.datetime64) -> xr.DataArray:
    """Covariates before any scaling: transformed controls and the calendar's columns.

    Parameters
    ----------
    start, end : numpy.datetime64
        Weeks at which the trend is 0 and 1.

    Returns
    -------
    xarray.DataArray, dims (time, unit, column)
        Controls first, in the description's order, then trend, seasons and holidays. Growth is
        the change of log(1 + x) since the week before; it is 0 in the table's first week.
    """
    data, calendar = dataset.data, dataset.description.calendar
    parts = {
        name: _transform(data["controls"].sel(control=name, drop=True), control.transform)
        for name, control in dataset.description.controls.items()
    }
    time = data["time"]
    if calendar.trend != "none":
        parts["trend"] = elapsed_time(time, start, end)
    if calendar.trend == "quadratic":
        parts["trend_squared"] = elapsed_time(time, start, end) ** 2
    parts |= fourier_columns(time, calendar.fourier)
    if calendar.weekdays:
        parts |= weekday_columns(time)
    if calendar.holidays:
        parts["holidays"] = _holidays(time, calendar.holidays, dataset.step)

    shape = data["outcome"].shape
    stacked = [part.broadcast_like(data["outcome"]).values for part in parts.values()]
    values = np.stack(stacked, -1) if stacked else np.zeros((*shape, 0))
    return xr.DataArray(
        values,
        dims=("time", "unit", "column"),
        coords={"time": time, "unit": data["unit"], "column": list(parts)},
    )


def fourier_columns(time: xr.DataArray, pairs: int) -> dict[str, xr.DataArray]:
    """Sines and cosines of the time of year, by column name.

    Parameters
    ----------
    time : xarray.DataArray, dims (time)
        Dates.
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


def weekday_columns(time: xr.DataArray) -> dict[str, xr.DataArray]:
    """Indicators of the days of the week after Monday, by column name.

    Parameters
    ----------
    time : xarray.DataArray, dims (time)
        Dates.
    """
    weekday = time.dt.weekday
    return {name: (weekday == day).astype(float) for day, name in enumerate(WEEKDAYS, start=1)}


def elapsed_time(time: xr.DataArray, start: np.datetime64, end: np.datetime64) -> xr.DataArray:
    """Time as a share of a span: 0 in its first week, 1 in its last, above 1 after it.

    Parameters
    ----------
    time : xarray.DataArray, dims (time)
        Dates.
    start, end : numpy.datetime64
        First and last week of the span.
    """
    return (time - start) / (end - start)


def changepoints() -> np.ndarray:
    """Points at which a trend may change its slope, in units of `elapsed_time`.

    The grid extends beyond the weeks that the scaling was learned from. No data inform the changes
    there, so a forecast continues with the last slope, with an uncertainty that grows with the
    horizon.

    Returns
    -------
    array, shape (changepoint,)
    """
    return np.arange(1, SEGMENTS + SEGMENTS_AHEAD) / SEGMENTS


def hinges(elapsed: xr.DataArray, changepoint: xr.DataArray) -> xr.DataArray:
    """Trend after a unit change of slope at each changepoint, less its mean over the span.

    Parameters
    ----------
    elapsed : xarray.DataArray, dims (time)
        As `elapsed_time` returns it.
    changepoint : xarray.DataArray, dims (changepoint)
        In the same units.

    Returns
    -------
    xarray.DataArray, dims (time, changepoint)
    """
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


def _holidays(time: xr.DataArray, country: str, step: Step) -> xr.DataArray:
    """Number of public holidays in the period of each date.

    A holiday counts on its own day. The day on which it is observed instead counts only where the
    table does not have the day itself.
    """
    import holidays

    own = holidays.country_holidays(country, observed=False)
    observed = holidays.country_holidays(country)
    periods = [list(step.period(date)) for date in pd.DatetimeIndex(time.values)]
    table = {day for period in periods for day in period}
    near = [pd.Timedelta(days=days) for days in range(-OBSERVED_WITHIN, OBSERVED_WITHIN + 1)]

    def counts(day: pd.Timestamp) -> bool:
        if day in own:
            return True
        return day in observed and not any(day + d in table and day + d in own for d in near)

    count = [sum(map(counts, period)) for period in periods]
    return xr.DataArray(np.array(count, dtype=float), dims="time", coords={"time": time})
