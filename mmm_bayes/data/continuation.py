"""Plans of future weeks, appended to the weeks of a dataset."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.data.cells import read_cells
from mmm_bayes.data.dataset import Dataset, label_table
from mmm_bayes.data.values import (
    KINDS,
    NUMBER,
    check_national,
    date_kind,
    parse_columns,
    shortlist,
    table_schema,
)
from mmm_bayes.errors import InputError, error_context


def append_plan(dataset: Dataset, table: Path) -> Dataset:
    """Dataset with the weeks of a plan appended, whose outcome is NaN.

    Parameters
    ----------
    dataset : Dataset
        The fitted weeks.
    table : pathlib.Path
        The plan: the columns of the fitted table except the outcome and those that tell what sets
        a spend, in original units, for the dates that follow the fitted ones. A channel may be off
        in all of them. Its spends are designed.

    Raises
    ------
    InputError
        For a plan that does not fit the table. The message names the file, the column and the rows,
        and says how to correct them.
    """
    description = dataset.description
    with error_context(table):
        tests = {channel.designed for channel in description.channels.values()} - {None}
        unplanned = {
            description.outcome: np.nan,
            **dict.fromkeys(tests, 1.0),
            **dict.fromkeys(description.shifters, 0.0),
        }
        kinds = {
            name: KINDS.get(key, NUMBER)
            for key, name in description.columns()
            if name not in unplanned
        } | {description.date: date_kind(dataset.step)}
        cells, _ = read_cells(table, "--spends", columns=list(kinds))
        rules = table_schema(description, plan=True)
        frame = parse_columns(cells, kinds, rules, description.numbers)
        _check_dates(frame, description.date, description.unit, dataset)
        check_national(frame, description)
    plan = label_table(frame.assign(**unplanned), description)
    data = xr.concat(
        [dataset.data, plan], "time", data_vars="minimal", coords="minimal", compat="override",
        combine_attrs="override",
    )  # fmt: skip
    return dataclasses.replace(dataset, data=data)


def _check_dates(frame: pd.DataFrame, date: str, unit: str | None, dataset: Dataset) -> None:
    """Refuse a plan unless every unit has each date once, and the dates follow the fitted ones."""
    step, last = dataset.step, pd.Timestamp(dataset.data["time"].values[-1])
    dates = pd.DatetimeIndex(frame[date].unique()).sort_values()
    if dates[0] <= last:
        raise InputError(
            f"column {date!r} begins on {dates[0]:%Y-%m-%d}, but the fitted {step.plural} end on "
            f"{last:%Y-%m-%d}; give only the {step.plural} after that day"
        )
    expected = step.dates(last, len(dates) + 1)[1:]
    if missing := [f"{day:%Y-%m-%d}" for day in expected.difference(dates)]:
        raise InputError(
            f"column {date!r} does not continue from {last:%Y-%m-%d} {step.noun} by {step.noun}: "
            f"{shortlist(missing)} is missing; give every date up to the last one"
        )
    keys = [date] if unit is None else [date, unit]
    if frame.duplicated(keys).any():
        row = frame.index[frame.duplicated(keys)][0]
        raise InputError(f"row {row} repeats the date of another row; remove one of them")
    if unit is None:
        return
    fitted = set(map(str, dataset.data["unit"].values))
    planned = set(frame[unit])
    if planned != fitted:
        differing = sorted(planned ^ fitted)
        raise InputError(
            f"column {unit!r} must have exactly the units that were fitted, but differs by "
            f"{shortlist(map(repr, differing))}; plan for all of them and for no others"
        )
    if len(frame) != len(dates) * len(fitted):
        raise InputError(f"column {unit!r}: some units lack some dates; give every unit every date")
