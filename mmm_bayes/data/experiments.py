"""Lift tests: experiments that measured how the outcome responds to a change of spend.

A row describes a test of one channel over the weeks from `start` to `end`. `spend_change` and
`lift` are both relative to the table, which shows what happened: `spend_change` is the alternative
spend less the observed one, and `lift` the outcome under the alternative spend less the observed
outcome, over the same weeks. `source` says where the lift comes from: data that are not in the
table, or the table's own weeks, which are then evidence a second time unless the fit does without
their outcome.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import xarray as xr

from mmm_bayes.data.description import Description, suggestion
from mmm_bayes.data.step import step_of
from mmm_bayes.data.values import (
    DATE,
    FINITE,
    NAME,
    NUMBER,
    SIZED,
    date_kind,
    parse_columns,
    row_numbers,
    shortlist,
)
from mmm_bayes.errors import InputError

#: Tolerance for spends that were rounded, as a share of them.
ROUNDED = 1e-3
#: Two tests of the same weeks contradict each other if their returns differ by more standard errors
#: than the first number, and by a larger factor than the second, which no saturation explains.
CONTRADICTION = 3.0, 3.0

#: Sources of a lift: other data than the table's, and the table's own weeks.
INDEPENDENT, THESE_WEEKS = "independent", "these weeks"

_KINDS = {
    "channel": NAME,
    "source": NAME,
    "start": DATE,
    "end": DATE,
    "spend_change": NUMBER,
    "lift": NUMBER,
    "standard_error": NUMBER,
}
_RULES: dict[str, list[pa.Check]] = {
    "spend_change": [
        FINITE,
        SIZED,
        pa.Check(lambda x: x != 0, error="a change of 0; leave the row out, it tests nothing"),
    ],
    "lift": [FINITE, SIZED],
    "standard_error": [
        FINITE,
        pa.Check(
            lambda x: x > 0,
            error="a value that is not positive; write the standard error of the lift",
        ),
    ],
}


def no_experiments() -> xr.Dataset:
    """Experiments of a table without any: a Dataset of length 0."""
    return _as_dataset(pd.DataFrame(columns=["label", "unit", *_KINDS]))


def parse_experiments(
    cells: pd.DataFrame, description: Description, data: xr.Dataset
) -> xr.Dataset:
    """Experiments as labelled arrays, checked against the main table.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `cells.read_cells` returns. Columns: channel; start and end, the dates of the first and
        last week; spend_change, in money over the whole period; lift, in the outcome's units over
        the same weeks; standard_error of the lift; source, "independent" or "these weeks"; and, in
        a panel, unit.
    data : xarray.Dataset
        The main table, as in `Dataset.data`.

    Returns
    -------
    xarray.Dataset, dims (experiment)
        `tested_channel`, `tested_unit`, `source`, `start`, `end`, `spend_change`, `lift`,
        `standard_error`, in the order of the file; `experiment` labels each in words.

    Raises
    ------
    InputError
        For a column, value, channel, unit or date that does not fit the main table.
    """
    panel = description.unit is not None
    if not panel and "unit" in list(cells.columns):
        raise InputError(
            "column 'unit' is for a panel, but the description names no unit; remove the column"
        )
    day = date_kind(step_of(data["time"].values))
    kinds = _KINDS | {"start": day, "end": day} | ({"unit": NAME} if panel else {})
    frame = parse_columns(
        cells,
        kinds,
        pa.DataFrameSchema({name: pa.Column(checks=_RULES.get(name, [])) for name in kinds}),
        description.numbers,
    )
    if not panel:
        frame["unit"] = str(data["unit"].values[0])
    _check_source(frame, description)
    _check_known(frame, "channel", list(description.channels))
    _check_paid(frame, description)
    _check_local(frame, description)
    _check_known(frame, "unit", [str(name) for name in data["unit"].values])
    _check_dates(frame, data)
    _check_unrepeated(frame)
    _check_spend(frame, data)
    days = (frame[key].dt.strftime("%Y-%m-%d") for key in ("start", "end"))
    frame["label"] = [
        f"{channel} {start} to {end}" + (f" in {unit}" if panel else "")
        for channel, unit, start, end in zip(frame["channel"], frame["unit"], *days, strict=True)
    ]
    return _as_dataset(frame)


def experiment_periods(
    experiments: xr.Dataset, data: xr.Dataset
) -> Iterator[tuple[slice, int, int]]:
    """Positions of each experiment in the main table.

    Parameters
    ----------
    experiments : xarray.Dataset, dims (experiment)
        As `parse_experiments` returns it.
    data : xarray.Dataset
        The main table, as in `Dataset.data`.

    Yields
    ------
    tuple of slice, int and int
        Rows of the time axis, position of the unit, position of the channel.
    """
    for number in range(experiments.sizes["experiment"]):
        experiment = experiments.isel(experiment=number)
        ends = [experiment["start"].values, experiment["end"].values]
        first, last = np.searchsorted(data["time"].values, ends)
        unit = list(data["unit"].values).index(experiment["tested_unit"].item())
        channel = list(data["channel"].values).index(experiment["tested_channel"].item())
        yield slice(int(first), int(last) + 1), unit, channel


def contradictions(experiments: xr.Dataset) -> list[tuple[int, int]]:
    """Pairs of tests of one channel in the same weeks that can hardly both be true.

    Parameters
    ----------
    experiments : xarray.Dataset, dims (experiment)
        As `parse_experiments` returns it.

    Returns
    -------
    list of tuple of int and int
        Positions of tests whose weeks overlap and whose returns per unit of money differ by more
        than `CONTRADICTION`.
    """
    column = {str(name): values.values for name, values in experiments.items()}
    money = column["spend_change"]
    returns, errors = column["lift"] / money, column["standard_error"] / np.abs(money)
    standard_errors, factor = CONTRADICTION
    pairs = []
    for i, j in combinations(range(len(money)), 2):
        same = all(column[key][i] == column[key][j] for key in ("tested_channel", "tested_unit"))
        overlap = max(column["start"][[i, j]]) <= min(column["end"][[i, j]])
        small, large = sorted(returns[[i, j]], key=abs)
        far = abs(large - small) > standard_errors * np.hypot(errors[i], errors[j])
        if same and overlap and far and (small * large <= 0 or large / small > factor):
            pairs.append((i, j))
    return pairs


def _as_dataset(frame: pd.DataFrame) -> xr.Dataset:
    def column(name: str, dtype: Any) -> tuple[str, np.ndarray]:
        return "experiment", np.array(list(frame[name]), dtype=dtype)

    return xr.Dataset(
        {
            "tested_channel": column("channel", str),
            "tested_unit": column("unit", str),
            "source": column("source", str),
            "start": column("start", "datetime64[ns]"),
            "end": column("end", "datetime64[ns]"),
            "spend_change": column("spend_change", float),
            "lift": column("lift", float),
            "standard_error": column("standard_error", float),
        },
        coords={"experiment": column("label", str)},
    )


def _check_source(frame: pd.DataFrame, description: Description) -> None:
    unknown = ~frame["source"].isin([INDEPENDENT, THESE_WEEKS])
    if unknown.any():
        _, found = _first_value(frame, "source", unknown)
        raise InputError(
            f"{found}; write {INDEPENDENT!r} if the lift was "
            f"measured with other data than this table, or {THESE_WEEKS!r} if it was computed from "
            "the table's own weeks"
        )
    own = frame[frame["source"] == THESE_WEEKS]
    assert description.experiments is not None
    if len(own) and description.experiments.these_weeks == "refuse":
        raise InputError(
            f"column 'source' has {THESE_WEEKS!r} in {row_numbers(own.index)}, but the fit already "
            "learns from the outcome of those weeks, which would count twice; remove such rows, or "
            'write these_weeks = "leave_out" under [experiments] of the description, and the fit '
            "learns from the lift in place of those weeks' outcome"
        )


def _check_known(frame: pd.DataFrame, column: str, known: list[str]) -> None:
    unknown = ~frame[column].isin(known)
    if unknown.any():
        name, found = _first_value(frame, column, unknown)
        raise InputError(
            f"{found}, which is not a {column} of the table"
            f"{suggestion(name, known)}; the {column}s are {shortlist(known)}"
        )


def _check_paid(frame: pd.DataFrame, description: Description) -> None:
    unpaid = [name for name, channel in description.channels.items() if not channel.paid]
    _refuse_channels(frame, unpaid, "a channel without spend, but a lift test changes a spend")


def _check_local(frame: pd.DataFrame, description: Description) -> None:
    national = [name for name, channel in description.channels.items() if channel.national]
    _refuse_channels(
        frame, national, "a national channel, but a lift test changes the spend of one unit"
    )


def _refuse_channels(frame: pd.DataFrame, channels: list[str], reason: str) -> None:
    """Refuse tests of some channels."""
    refused = frame["channel"].isin(channels)
    if refused.any():
        _, found = _first_value(frame, "channel", refused)
        raise InputError(f"{found}, {reason}; leave such rows out")


def _first_value(frame: pd.DataFrame, column: str, rows: "pd.Series[bool]") -> tuple[str, str]:
    """First value of a column in some rows, and a clause on it and its rows among them."""
    values = frame.loc[rows, column]
    first = values.iloc[0]
    where = row_numbers(values.index[values == first])
    return first, f"column {column!r} has {first!r} in {where}"


def _check_dates(frame: pd.DataFrame, data: xr.Dataset) -> None:
    times = pd.DatetimeIndex(data["time"].values)
    for column in ("start", "end"):
        rows = frame[~frame[column].isin(times)]
        if len(rows):
            step = step_of(data["time"].values)
            raise InputError(
                f"column {column!r} has {rows[column].iloc[0]:%Y-%m-%d} in "
                f"{row_numbers(rows.index)}, which is not a date of the table, whose dates are "
                f"{times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d} every {step.noun}; write the table's "
                f"dates of the first and of the last {step.noun} of the test"
            )
    backwards = frame[frame["start"] > frame["end"]]
    if len(backwards):
        raise InputError(
            f"column 'start' is later than 'end' in {row_numbers(backwards.index)}; swap the two"
        )


def _check_unrepeated(frame: pd.DataFrame) -> None:
    keys = ["channel", "unit", "start", "end"]
    repeated = frame[frame.duplicated(keys, keep=False)]
    if len(repeated):
        first = (repeated[keys] == repeated[keys].iloc[0]).all(axis="columns")
        raise InputError(
            "columns 'channel', 'start' and 'end' are the same in "
            f"{row_numbers(repeated.index[first])}; keep one row, or pool them, because evidence "
            "counts only once"
        )


def _check_spend(frame: pd.DataFrame, data: xr.Dataset) -> None:
    for row, test in frame.iterrows():
        spend = data["spend"].sel(channel=test["channel"], unit=test["unit"])
        observed = float(spend.sel(time=slice(test["start"], test["end"])).sum())
        if test["spend_change"] < -(1 + ROUNDED) * observed:
            raise InputError(
                f"column 'spend_change' has {test['spend_change']:.15g} in row {row}, but the "
                f"table has a spend of only {observed:.15g} over that time; a reduction cannot "
                "exceed it"
            )
