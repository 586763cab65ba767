"""Rows of a table for scikit-learn: one for each week and unit, with its own history.

Every row contains the exposures of the weeks before it, so a row has the same meaning in any fold,
window or bootstrap sample, and none uses a later week. Weeks before the table are assumed to have
had the mean exposure of the table's first `max_lag` weeks, or none if the channel starts in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.data import Dataset
from mmm_bayes.data.covariates import covariate_columns
from mmm_bayes.data.lags import lag_matrix, starts_inside

Array = NDArray[np.float64]

#: Columns before the controls: the positions of the week and the unit, the date in days since 1970,
#: the holidays of the week, the factor on the predicted mediator (1 except in a counterfactual),
#: and the outcome of the week before (in the table's first week: of that week).
WEEK, UNIT, DAY, HOLIDAYS, MEDIATOR_FACTOR, PREVIOUS_OUTCOME = range(6)
FIRST_CONTROL = 6


@dataclass(frozen=True)
class Layout:
    """Columns of a row, and the settings of the table's description.

    Attributes
    ----------
    max_lag : int
        Weeks over which an exposure acts, its own week included.
    fourier_pairs : int
        Fourier pairs a year.
    trend_degree : int
        Degree of the polynomial trend; 0 for none.
    products : tuple of (str, str)
        Pairs of interacting controls.
    modulations : tuple of (str, str)
        Pairs of a channel and the control or season that it interacts with.
    """

    channels: tuple[str, ...]
    controls: tuple[str, ...]
    units: tuple[str, ...]
    max_lag: int
    mediator: str | None
    causes: tuple[str, ...]
    fourier_pairs: int
    trend_degree: int
    weekdays: bool
    holidays: bool
    products: tuple[tuple[str, str], ...]
    modulations: tuple[tuple[str, str], ...]

    def control(self, name: str) -> int:
        """Column of a control, transformed as in the description."""
        return FIRST_CONTROL + self.controls.index(name)

    def lags(self, channels: Iterable[str]) -> list[int]:
        """Columns of the exposures of some channels: lag 0 first, channel by channel."""
        start = FIRST_CONTROL + len(self.controls)
        return [
            start + self.max_lag * self.channels.index(name) + lag
            for name in channels
            for lag in range(self.max_lag)
        ]


def row_layout(dataset: Dataset) -> Layout:
    """Layout of a table's rows."""
    description = dataset.description
    return Layout(
        channels=dataset.channels,
        controls=tuple(description.controls),
        units=tuple(str(unit) for unit in dataset.data["unit"].values),
        max_lag=description.model.max_lag,
        mediator=dataset.mediator,
        causes=dataset.causes,
        fourier_pairs=description.calendar.fourier,
        trend_degree=("none", "linear", "quadratic").index(description.calendar.trend),
        weekdays=description.calendar.weekdays,
        holidays=description.calendar.holidays is not None,
        products=tuple(description.products.values()),
        modulations=tuple(description.modulations.values()),
    )


def build_rows(dataset: Dataset, factors: Mapping[str, float] | None = None) -> Array:
    """Rows of every week and unit, time first.

    Parameters
    ----------
    factors : mapping of str to float, optional
        Factors on the exposures of some channels, in all weeks, those before the table included: 0
        for a channel that never ran.

    Returns
    -------
    array, shape (time * unit, column)
        Columns of the `Layout`.
    """
    layout, data = row_layout(dataset), dataset.data
    time, units = data.sizes["time"], data.sizes["unit"]
    factors = factors or {}
    exposure = data["exposure"].values * [factors.get(name, 1.0) for name in layout.channels]
    first = exposure[: layout.max_lag]
    average = np.where(starts_inside(first, layout.max_lag), 0.0, first.mean(0))
    before = np.broadcast_to(average, (layout.max_lag - 1, *exposure.shape[1:]))
    lags = lag_matrix(np.concatenate([before, exposure]), layout.max_lag)

    dates = data["time"].values
    covariates = covariate_columns(dataset, dates[0], dates[-1])
    week = np.repeat(np.arange(time, dtype=float), units)
    day = np.repeat((dates - np.datetime64(0, "D")) / np.timedelta64(1, "D"), units)
    holidays = np.zeros((time * units, 1))
    if layout.holidays:
        holidays = covariates.sel(column="holidays").values.reshape(-1, 1)
    controls = covariates.sel(column=list(layout.controls)).values.reshape(time * units, -1)
    factor = factors.get(layout.mediator, 1.0) if layout.mediator else 1.0
    outcome = data["outcome"].values
    previous = np.concatenate([outcome[:1], outcome[:-1]]).reshape(-1, 1)
    position_and_date = [week, np.tile(np.arange(units, dtype=float), time), day]
    return np.hstack(
        [
            np.stack(position_and_date, 1),
            holidays,
            np.full((time * units, 1), factor),
            previous,
            controls,
            lags.reshape(time * units, -1),
        ]
    )
