"""Lift tests: what was spent otherwise than planned, where and when, and what the outcome did.

A row says that over the weeks from `start` to `end` the spend of `channel` was `spend_change` away
from what it would otherwise have been, and that the outcome of the same weeks moved by `lift`. Both
are told from the table's point of view: the table shows what happened, `spend_change` is another
spend less the observed one, and `lift` is the outcome under that other spend less the observed one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import xarray as xr

from mmm_bayes.dataset.description import Description, nearest
from mmm_bayes.dataset.values import DATE, FINITE, NAME, NUMBER, checked, listed, rows
from mmm_bayes.errors import InputError

#: What rounding to cents may add to a period's spend.
CENT = 0.01

_KINDS = {
    "channel": NAME,
    "start": DATE,
    "end": DATE,
    "spend_change": NUMBER,
    "lift": NUMBER,
    "standard_error": NUMBER,
}
_RULES: dict[str, list[pa.Check]] = {
    "spend_change": [
        FINITE,
        pa.Check(lambda x: x != 0, error="a change of 0; it tests nothing, leave the row out"),
    ],
    "lift": [FINITE],
    "standard_error": [
        FINITE,
        pa.Check(
            lambda x: x > 0,
            error="a value that is not positive; write the standard error of the lift",
        ),
    ],
}


def no_experiments() -> xr.Dataset:
    """The experiments of a table that has none."""
    return _labelled(pd.DataFrame(columns=["label", "unit", *_KINDS]))


def experiments_of(cells: pd.DataFrame, description: Description, data: xr.Dataset) -> xr.Dataset:
    """Check the table of experiments against the main table, and label it.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `reading.read` returns. Columns: channel; start and end, the dates of the first and of
        the last week; spend_change, in money over the whole period; lift, in the outcome's units
        over the same weeks; standard_error of the lift; and unit in a panel.
    description
    data : xarray.Dataset
        The main table, as `Dataset.data` has it.

    Returns
    -------
    xarray.Dataset
        Along `experiment`, labelled in words and in the order of the file: `tested_channel`,
        `tested_unit`, `start`, `end`, `spend_change`, `lift`, `standard_error`.

    Raises
    ------
    InputError
        For whatever cannot be compared with the main table.
    """
    panel = description.unit is not None
    if not panel and "unit" in list(cells.columns):
        raise InputError(
            "column 'unit' is for a panel, and the description names no unit; remove the column"
        )
    kinds = _KINDS | ({"unit": NAME} if panel else {})
    frame = checked(
        cells,
        kinds,
        pa.DataFrameSchema({name: pa.Column(checks=_RULES.get(name, [])) for name in kinds}),
    )
    if not panel:
        frame["unit"] = str(data["unit"].values[0])
    _check_known(frame, "channel", list(description.channels))
    _check_paid(frame, description)
    _check_known(frame, "unit", [str(name) for name in data["unit"].values])
    _check_dates(frame, data)
    _check_unrepeated(frame)
    _check_spend(frame, data)
    days = (frame[key].dt.strftime("%Y-%m-%d") for key in ("start", "end"))
    frame["label"] = [
        f"{channel} {start} to {end}" + (f" in {unit}" if panel else "")
        for channel, unit, start, end in zip(frame["channel"], frame["unit"], *days, strict=True)
    ]
    return _labelled(frame)


def periods(experiments: xr.Dataset, data: xr.Dataset) -> Iterator[tuple[slice, int, int]]:
    """Where each experiment stands in the table: its rows of time, its unit and its channel."""
    for at in range(experiments.sizes["experiment"]):
        one = experiments.isel(experiment=at)
        first, last = np.searchsorted(data["time"].values, [one["start"].values, one["end"].values])
        unit = list(data["unit"].values).index(one["tested_unit"].item())
        channel = list(data["channel"].values).index(one["tested_channel"].item())
        yield slice(int(first), int(last) + 1), unit, channel


def _labelled(frame: pd.DataFrame) -> xr.Dataset:
    def column(name: str, dtype: Any) -> tuple[str, np.ndarray]:
        return "experiment", np.array(list(frame[name]), dtype=dtype)

    return xr.Dataset(
        {
            "tested_channel": column("channel", str),
            "tested_unit": column("unit", str),
            "start": column("start", "datetime64[ns]"),
            "end": column("end", "datetime64[ns]"),
            "spend_change": column("spend_change", float),
            "lift": column("lift", float),
            "standard_error": column("standard_error", float),
        },
        coords={"experiment": column("label", str)},
    )


def _check_known(frame: pd.DataFrame, column: str, known: list[str]) -> None:
    wrong = frame[~frame[column].isin(known)]
    if len(wrong):
        name = wrong[column].iloc[0]
        where = rows(wrong.index[wrong[column] == name])
        raise InputError(
            f"column {column!r} has {name!r} in {where}, which is not a {column} of the table"
            f"{nearest(name, known)}; the {column}s are {listed(known)}"
        )


def _check_paid(frame: pd.DataFrame, description: Description) -> None:
    free = [name for name, one in description.channels.items() if not one.paid]
    wrong = frame[frame["channel"].isin(free)]
    if len(wrong):
        name = wrong["channel"].iloc[0]
        raise InputError(
            f"column 'channel' has {name!r} in {rows(wrong.index[wrong['channel'] == name])}, a "
            "channel without spend, and a lift test changes a spend; leave such rows out"
        )


def _check_dates(frame: pd.DataFrame, data: xr.Dataset) -> None:
    times = pd.DatetimeIndex(data["time"].values)
    for column in ("start", "end"):
        wrong = frame[~frame[column].isin(times)]
        if len(wrong):
            step = data.attrs["step_days"]
            raise InputError(
                f"column {column!r} has {wrong[column].iloc[0]:%Y-%m-%d} in {rows(wrong.index)}, "
                f"not a date of the table, whose dates are {times[0]:%Y-%m-%d} to "
                f"{times[-1]:%Y-%m-%d} every {step} days; write the table's dates of the first "
                "and of the last week of the test"
            )
    backwards = frame[frame["start"] > frame["end"]]
    if len(backwards):
        raise InputError(
            f"column 'start' is later than 'end' in {rows(backwards.index)}; swap the two"
        )


def _check_unrepeated(frame: pd.DataFrame) -> None:
    keys = ["channel", "unit", "start", "end"]
    repeated = frame[frame.duplicated(keys, keep=False)]
    if len(repeated):
        first = (repeated[keys] == repeated[keys].iloc[0]).all(axis="columns")
        raise InputError(
            f"columns 'channel', 'start' and 'end' are the same in {rows(repeated.index[first])}; "
            "evidence counts once: keep one row, or pool them"
        )


def _check_spend(frame: pd.DataFrame, data: xr.Dataset) -> None:
    for row, one in frame.iterrows():
        spend = data["spend"].sel(channel=one["channel"], unit=one["unit"])
        observed = float(spend.sel(time=slice(one["start"], one["end"])).sum())
        if one["spend_change"] < -observed - CENT:
            raise InputError(
                f"column 'spend_change' has {one['spend_change']:.15g} in row {row}, and the table "
                f"shows a spend of {observed:.15g} over those weeks; no more than that can be "
                "taken away"
            )
