"""A table of weeks to come: spends and controls as planned, joined to the weeks that are known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.dataset.loading import Dataset, labelled
from mmm_bayes.dataset.reading import read
from mmm_bayes.dataset.values import KINDS, NUMBER, checked, listed, schema
from mmm_bayes.errors import InputError, located


def continued(dataset: Dataset, table: Path) -> Dataset:
    """The dataset with the weeks of a plan after its own, whose outcome is not known (NaN).

    Parameters
    ----------
    dataset : Dataset
        What was fitted.
    table : pathlib.Path
        The plan: the columns of the fitted table but the outcome, in original units, for dates that
        go on where the fitted ones end. A channel may be off in all of them.

    Raises
    ------
    InputError
        With the file, the column, the rows and the mend.
    """
    description = dataset.description
    with located(table):
        cells, _ = read(table, "--spends")
        kinds = {
            name: KINDS.get(key, NUMBER)
            for key, name in description.columns()
            if name != description.outcome
        }
        frame = checked(cells, kinds, schema(description, ahead=True))
        step = int(dataset.data.attrs["step_days"])
        _check_dates(frame, description.date, description.unit, dataset, step)
    planned = labelled(frame.assign(**{description.outcome: np.nan}), description, step)
    whole = xr.concat(
        [dataset.data, planned], "time", data_vars="minimal", coords="minimal", compat="override",
        combine_attrs="override",
    )  # fmt: skip
    return dataclasses.replace(dataset, data=whole)


def _check_dates(
    frame: pd.DataFrame, date: str, unit: str | None, dataset: Dataset, step: int
) -> None:
    """Every unit has each date once, and the dates go on where the fitted ones end."""
    last = pd.Timestamp(dataset.data["time"].values[-1])
    dates = pd.DatetimeIndex(frame[date].unique()).sort_values()
    if dates[0] <= last:
        raise InputError(
            f"column {date!r} begins on {dates[0]:%Y-%m-%d}, and the fitted weeks end on "
            f"{last:%Y-%m-%d}; give the weeks after that day only"
        )
    wanted = pd.date_range(last, periods=len(dates) + 1, freq=f"{step}D")[1:]
    if absent := [f"{day:%Y-%m-%d}" for day in wanted.difference(dates)]:
        raise InputError(
            f"column {date!r} does not go on from {last:%Y-%m-%d} in steps of {step} days: "
            f"{listed(absent)} is absent; give every date up to the last one"
        )
    keys = [date] if unit is None else [date, unit]
    if frame.duplicated(keys).any():
        row = frame.index[frame.duplicated(keys)][0]
        raise InputError(f"row {row} repeats the date of another row; leave one of them out")
    if unit is None:
        return
    known = set(map(str, dataset.data["unit"].values))
    given = set(frame[unit])
    if given != known:
        wrong = sorted(given ^ known)
        raise InputError(
            f"column {unit!r} must have the units that were fitted, and differs by "
            f"{listed(map(repr, wrong))}; plan for every one of them and for no other"
        )
    if len(frame) != len(dates) * len(known):
        raise InputError(f"column {unit!r}: some units lack some dates; give every unit every date")
