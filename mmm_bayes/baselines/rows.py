"""A table as the rows that scikit-learn expects: one for each week and unit, with its own history.

Every row carries the exposures of the weeks before it, so a row means the same in whatever fold,
window or bootstrap sample it stands, and none knows a later week. A week before the table begins is
taken to have had the mean exposure of the table's first `max_lag` weeks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.dataset import Dataset
from mmm_bayes.design import columns
from mmm_bayes.transforms import lagged

Array = NDArray[np.float64]

#: Columns before the controls: the week's and the unit's position, the date in days since 1970, the
#: holidays of the week, what the predicted mediator is multiplied by (1 but in a counterfactual),
#: and the outcome of the week before (the table's first week: its own).
WEEK, UNIT, DAY, HOLIDAYS, FACTOR, PREVIOUS = range(6)
FIRST = 6


@dataclass(frozen=True)
class Layout:
    """Which column of a row holds what, and what the description asks for.

    Attributes
    ----------
    channels, controls : tuple of str
    units : tuple of str
    max_lag : int
    mediator : str, optional
    causes : tuple of str
    pairs : int
        Fourier pairs a year.
    degree : int
        Of the trend.
    holidays : bool
    products : tuple of pairs of controls
    modulations : tuple of (channel, control or "season")
    """

    channels: tuple[str, ...]
    controls: tuple[str, ...]
    units: tuple[str, ...]
    max_lag: int
    mediator: str | None
    causes: tuple[str, ...]
    pairs: int
    degree: int
    holidays: bool
    products: tuple[tuple[str, str], ...]
    modulations: tuple[tuple[str, str], ...]

    def control(self, name: str) -> int:
        """The column of a control, as the description transforms it."""
        return FIRST + self.controls.index(name)

    def lags(self, channels: Iterable[str]) -> list[int]:
        """The columns of some channels' exposures: lag 0 first, channel by channel."""
        start = FIRST + len(self.controls)
        return [
            start + self.max_lag * self.channels.index(name) + lag
            for name in channels
            for lag in range(self.max_lag)
        ]


def layout_of(dataset: Dataset) -> Layout:
    """The layout of a table's rows."""
    said = dataset.description
    return Layout(
        channels=dataset.channels,
        controls=tuple(said.controls),
        units=tuple(str(unit) for unit in dataset.data["unit"].values),
        max_lag=said.model.max_lag,
        mediator=dataset.mediator,
        causes=dataset.causes,
        pairs=said.calendar.fourier,
        degree=("none", "linear", "quadratic").index(said.calendar.trend),
        holidays=said.calendar.holidays is not None,
        products=tuple(said.products.values()),
        modulations=tuple(said.modulations.values()),
    )


def rows_of(dataset: Dataset, factors: Mapping[str, float] | None = None) -> Array:
    """Every week of every unit, time first.

    Parameters
    ----------
    dataset : Dataset
    factors : mapping of str to float, optional
        What the exposures of some channels are multiplied by, in every week that ever was: 0 for a
        channel that never ran.

    Returns
    -------
    array, shape (time * unit, column)
        As the `Layout` says.
    """
    layout, data = layout_of(dataset), dataset.data
    time, units = data.sizes["time"], data.sizes["unit"]
    factors = factors or {}
    exposure = data["exposure"].values * [factors.get(name, 1.0) for name in layout.channels]
    before = np.broadcast_to(
        exposure[: layout.max_lag].mean(0), (layout.max_lag - 1, *exposure.shape[1:])
    )
    lags = lagged(np.concatenate([before, exposure]), layout.max_lag)

    dates = data["time"].values
    covariates = columns(dataset, dates[0], dates[-1])
    week = np.repeat(np.arange(time, dtype=float), units)
    day = np.repeat((dates - np.datetime64(0, "D")) / np.timedelta64(1, "D"), units)
    rest = np.zeros((time * units, 1))
    if layout.holidays:
        rest = covariates.sel(column="holidays").values.reshape(-1, 1)
    controls = covariates.sel(column=list(layout.controls)).values.reshape(time * units, -1)
    factor = factors.get(layout.mediator, 1.0) if layout.mediator else 1.0
    outcome = data["outcome"].values
    previous = np.concatenate([outcome[:1], outcome[:-1]]).reshape(-1, 1)
    fixed = [week, np.tile(np.arange(units, dtype=float), time), day]
    return np.hstack(
        [
            np.stack(fixed, 1),
            rest,
            np.full((time * units, 1), factor),
            previous,
            controls,
            lags.reshape(time * units, -1),
        ]
    )
