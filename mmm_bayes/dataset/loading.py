"""The labelled dataset every other part of the library starts from."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.dataset.dates import step_of
from mmm_bayes.dataset.description import Description, describe
from mmm_bayes.dataset.experiments import experiments_of, no_experiments
from mmm_bayes.dataset.keys import chosen_units, settled
from mmm_bayes.dataset.reading import read
from mmm_bayes.dataset.values import check_outcome_varies, typed
from mmm_bayes.errors import located

WHOLE = "all"  # the one unit of a single market, and the total over units


@dataclass(frozen=True, repr=False)
class Dataset:
    """A checked table with labels.

    Attributes
    ----------
    description
        What the TOML file says.
    path
        The TOML file.
    sha256
        Hex digest of the table file's bytes.
    data : xarray.Dataset
        float64 variables in the table's own units, time first: `outcome` (time, unit); `spend`
        (time, unit, channel), money per step, 0 for a channel that is not paid; `exposure` (time,
        unit, channel), the spend where the description names no exposure; `controls` (time, unit,
        control), before its transform, of length 0 along `control` where there is none.
        Coordinates: `time` (datetime64[ns], a fixed step of `attrs["step_days"]` days), `unit`
        (sorted; "all" for a single market), `channel` and `control` (in the order of the TOML),
        `role` (channel).
    experiments : xarray.Dataset
        The lift tests, as `experiments_of` returns them; of length 0 where there are none.
    notes : tuple of str
        What became of the table's rows on the way in, because the description says so.
    """

    description: Description
    path: Path
    sha256: str
    data: xr.Dataset
    experiments: xr.Dataset = field(default_factory=no_experiments)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Say what it is in one line: `profile` says what is in it."""
        sizes, days = self.data.sizes, self.data["time"].dt.strftime("%Y-%m-%d").values
        return (
            f"<Dataset {self.description.file}: {sizes['time']} dates from {days[0]} to {days[-1]},"
            f" {sizes['unit']} unit{'s' * (sizes['unit'] > 1)}, {sizes['channel']} channels>"
        )

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels' names, in the order of the description."""
        return tuple(self.description.channels)

    @property
    def paid(self) -> tuple[str, ...]:
        """The channels that cost money; the others are owned or organic."""
        return tuple(name for name, one in self.description.channels.items() if one.paid)

    @property
    def mediator(self) -> str | None:
        """The channel through which others act, if the description names one."""
        return self.description.mediation.mediator if self.description.mediation else None

    @property
    def causes(self) -> tuple[str, ...]:
        """The channels that raise the mediator; empty without mediation."""
        return self.description.mediation.causes if self.description.mediation else ()


def load(path: str | Path) -> Dataset:
    """Read a description and the table beside it, check both, and label the numbers.

    Parameters
    ----------
    path
        The TOML description; the table's path in it is relative to the TOML's folder.

    Raises
    ------
    InputError
        With the file, the column, the rows and the mend, for anything that cannot be modelled as it
        stands.
    """
    path = Path(path)
    description = describe(path)
    table = path.parent / description.file
    with located(table):
        cells, sha256 = read(table)
        cells, left_out = chosen_units(cells, description)
        frame, aggregated = settled(typed(cells, description), description)
        check_outcome_varies(frame, description)
        unit = None if description.unit is None else frame[description.unit]
        step_days = step_of(frame[description.date], unit)
    data = labelled(frame, description, step_days)
    experiments = no_experiments()
    if description.experiments is not None:
        tests = path.parent / description.experiments.file
        with located(tests):
            cells, _ = read(tests, "'file' of [experiments]")
            experiments = experiments_of(cells, description, data)
    return Dataset(description, path, sha256, data, experiments, (*left_out, *aggregated))


def labelled(frame: pd.DataFrame, description: Description, step_days: int) -> xr.Dataset:
    """Fold the checked rows, complete and unrepeated, into (time, unit, ...) arrays.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (row, column)
    description : Description
    step_days : int
        Days from one date to the next.
    """
    keys = [description.date] if description.unit is None else [description.date, description.unit]
    frame = frame.sort_values(keys)
    time = frame[description.date].unique()
    unit = [WHOLE] if description.unit is None else sorted(frame[description.unit].unique())

    def fold(columns: list[str]) -> np.ndarray:
        return frame[columns].to_numpy(dtype=float).reshape(len(time), len(unit), len(columns))

    def spends() -> np.ndarray:
        paid = [one.spend for one in channels.values() if one.spend is not None]
        spend = np.zeros((len(time), len(unit), len(channels)))
        spend[..., [one.paid for one in channels.values()]] = fold(paid)
        return spend

    channels, controls = description.channels, description.controls
    driving = [one.exposure or one.spend or "" for one in channels.values()]
    each_channel = ("time", "unit", "channel")
    return xr.Dataset(
        {
            "outcome": (("time", "unit"), fold([description.outcome])[..., 0]),
            "spend": (each_channel, spends()),
            "exposure": (each_channel, fold(driving)),
            "controls": (("time", "unit", "control"), fold([c.column for c in controls.values()])),
        },
        coords={
            "time": np.asarray(time, dtype="datetime64[ns]"),
            "unit": np.array(unit, dtype=str),
            "channel": np.array(list(channels), dtype=str),
            "control": np.array(list(controls), dtype=str),
            "role": ("channel", np.array([c.role for c in channels.values()], dtype=str)),
        },
        attrs={"step_days": step_days},
    )
