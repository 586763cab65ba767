"""Dataset: a table as labelled arrays, checked against its description."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.data.cells import read_cells
from mmm_bayes.data.dates import check_dates
from mmm_bayes.data.description import Description, read_description
from mmm_bayes.data.experiments import no_experiments, parse_experiments
from mmm_bayes.data.keys import aggregate_duplicates, select_units
from mmm_bayes.data.step import Step, Wording, step_of, with_step_defaults, wording
from mmm_bayes.data.values import (
    check_mediator_varies,
    check_national,
    check_outcome_varies,
    parse_table,
)
from mmm_bayes.errors import error_context

#: Variables of `Dataset.data` beside the outcome.
INPUTS = ["spend", "exposure", "controls", "designed", "shifters"]
ALL_UNITS = "all"  # name of a single market's only unit, and of the total over units


@dataclass(frozen=True, repr=False)
class Dataset:
    """A checked table as labelled arrays, with its description.

    Attributes
    ----------
    path : pathlib.Path
        The TOML file of the description.
    sha256 : str
        Hex digest of the table file's bytes.
    data : xarray.Dataset
        float64 variables in the table's own units, time first: `outcome` (time, unit); `spend`
        (time, unit, channel), money per step, 0 for a channel without spend; `exposure` (time,
        unit, channel), the spend where the description names no exposure; `controls` (time, unit,
        control), before their transforms, of length 0 along `control` where there are none;
        `designed` (time, unit, channel), 1 where a test set the spend; `shifters` (time, unit,
        shifter), by the names of their columns.
        Coordinates: `time` (datetime64[ns], a fixed `step` apart), `unit` (sorted; "all" for a
        single market), `channel` and `control` (in the order of the TOML), `role` (channel).
    experiments : xarray.Dataset
        The lift tests, as `parse_experiments` returns them; of length 0 where there are none.
    notes : tuple of str
        Sentences on rows that were left out or aggregated because the description asks for it.
    """

    description: Description
    path: Path
    sha256: str
    data: xr.Dataset
    experiments: xr.Dataset = field(default_factory=no_experiments)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """One line on the size of the table; `profile` summarises its contents."""
        sizes, days = self.data.sizes, self.data["time"].dt.strftime("%Y-%m-%d").values
        return (
            f"<Dataset {self.description.file}: {sizes['time']} dates from {days[0]} to {days[-1]},"
            f" {sizes['unit']} unit{'s' * (sizes['unit'] > 1)}, {sizes['channel']} channels>"
        )

    @property
    def step(self) -> Step:
        """Distance between consecutive dates."""
        return step_of(self.data["time"].values)

    @property
    def wording(self) -> Wording:
        """Words of sentences about this table."""
        return wording(self.description.model_dump(), self.step)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in the order of the description."""
        return tuple(self.description.channels)

    @property
    def paid(self) -> tuple[str, ...]:
        """Channels that cost money; the others are owned or organic."""
        return tuple(name for name, channel in self.description.channels.items() if channel.paid)

    @property
    def mediator(self) -> str | None:
        """Channel that others raise, if the description names one."""
        return self.description.mediator

    @property
    def causes(self) -> tuple[str, ...]:
        """Channels that raise the mediator; empty without mediation."""
        return self.description.causes


def load(path: str | Path) -> Dataset:
    """Dataset of a description and its table, both read and checked.

    Parameters
    ----------
    path : path
        The TOML description; the table's path in it is relative to the TOML's folder.

    Raises
    ------
    InputError
        For anything that cannot be modelled as it stands. The message names the file, the column
        and the rows, and says how to correct them.
    """
    path = Path(path)
    description = read_description(path)
    table = path.parent / description.file
    with error_context(table):
        cells, sha256 = read_cells(
            table,
            columns=list(dict.fromkeys(column for _, column in description.columns())),
            sheet=description.sheet,
            sheet_remedy="write sheet = '{sheet}' in the description",
        )
        cells, left_out = select_units(cells, description)
        frame, aggregated = aggregate_duplicates(parse_table(cells, description), description)
        check_outcome_varies(frame, description)
        check_mediator_varies(frame, description)
        check_national(frame, description)
        unit = None if description.unit is None else frame[description.unit]
        step = check_dates(frame[description.date], unit)
    with error_context(path):
        description = with_step_defaults(description, step)
    data = label_table(frame, description)
    experiments = no_experiments()
    if description.experiments is not None:
        tests = path.parent / description.experiments.file
        with error_context(tests):
            cells, _ = read_cells(tests, "'file' of [experiments] in the description")
            experiments = parse_experiments(cells, description, data)
    return Dataset(description, path, sha256, data, experiments, (*left_out, *aggregated))


def label_table(frame: pd.DataFrame, description: Description) -> xr.Dataset:
    """Checked table as labelled arrays (time, unit, ...), as in `Dataset.data`.

    The amount of a national channel, which the table repeats, is divided equally among the units.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (row, column)
        One row for each unit and date, as `values.parse_table` returns them, in any order.
    """
    keys = [description.date] if description.unit is None else [description.date, description.unit]
    frame = frame.sort_values(keys)
    time = frame[description.date].unique()
    unit = [ALL_UNITS] if description.unit is None else sorted(frame[description.unit].unique())

    def to_array(columns: list[str]) -> np.ndarray:
        return frame[columns].to_numpy(dtype=float).reshape(len(time), len(unit), len(columns))

    channels, controls = description.channels, description.controls
    spend = np.zeros((len(time), len(unit), len(channels)))
    spend[..., [channel.paid for channel in channels.values()]] = to_array(
        [channel.spend for channel in channels.values() if channel.spend is not None]
    )
    exposure = to_array([channel.exposure or channel.spend or "" for channel in channels.values()])
    national = np.array([channel.national for channel in channels.values()])
    spend, exposure = (amount / np.where(national, len(unit), 1) for amount in (spend, exposure))
    designed = np.zeros(spend.shape)
    tested = [channel.designed is not None for channel in channels.values()]
    designed[..., tested] = to_array(
        [channel.designed for channel in channels.values() if channel.designed is not None]
    )
    dims = ("time", "unit", "channel")
    return xr.Dataset(
        {
            "outcome": (("time", "unit"), to_array([description.outcome])[..., 0]),
            "spend": (dims, spend),
            "exposure": (dims, exposure),
            "controls": (
                ("time", "unit", "control"),
                to_array([control.column for control in controls.values()]),
            ),
            "designed": (dims, designed),
            "shifters": (("time", "unit", "shifter"), to_array(list(description.shifters))),
        },
        coords={
            "time": np.asarray(time, dtype="datetime64[ns]"),
            "unit": np.array(unit, dtype=str),
            "channel": np.array(list(channels), dtype=str),
            "control": np.array(list(controls), dtype=str),
            "shifter": np.array(description.shifters, dtype=str),
            "role": (
                "channel",
                np.array([channel.role for channel in channels.values()], dtype=str),
            ),
        },
    )
