"""The effect of advertising that never ran: an interval that should contain zero.

A placebo is a channel's own history moved in time, round the end of the table, so that it has the
same flights, season and carryover and no effect. It is added to the real channels, as one more
cause of the mediator; effects are sign-free here, or no interval could contain zero. In a second
kind of placebo the mediator's own history is moved: mediation is then impossible. Of many 90%
intervals that hold zero by construction a tenth should miss it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binom

from mmm_bayes.dataset import Dataset
from mmm_bayes.dataset.description import Channel, Description
from mmm_bayes.design import Design
from mmm_bayes.diagnostics import Check
from mmm_bayes.diagnostics.check import Status
from mmm_bayes.fitting import fitted_effects
from mmm_bayes.sampling import Compiled, Settings
from mmm_bayes.sensitivity.free import sign_free

PLACEBO = "placebo"
SETTINGS = Settings(draws=500, tune=500, chains=2)
SHIFTS = 3
INTERVAL_MISSES = 0.1  # of 90% intervals
WARN_BELOW, FAIL_BELOW = 0.05, 0.01


def placebo_design(real: Design, channel: str, shift: int, *, mediator: bool = False) -> Design:
    """The design with one more channel: a history moved in time.

    Parameters
    ----------
    real : Design
    channel : str
        Whose history is moved to make the placebo.
    shift : int
        Weeks it is moved by; what leaves at the end comes in at the beginning.
    mediator : bool
        Move the real mediator's history too, so that nothing causes it.
    """
    data, name = real.dataset.data, _free_name(real.dataset)
    if mediator:
        data = _moved(data, real.dataset.mediator, shift)
    fake = data[["spend", "exposure"]].sel(channel=[channel]).roll(time=shift, roll_coords=False)
    fake = fake.assign_coords(channel=[name], role=("channel", ["placebo"]))
    both = xr.concat(
        [data[["spend", "exposure"]], fake], "channel", coords="minimal", compat="override",
        join="outer",
    )  # fmt: skip
    made = both.assign(outcome=data["outcome"], controls=data["controls"])
    made.attrs = data.attrs
    dataset = dataclasses.replace(
        real.dataset, data=made, description=_described(real.dataset.description, channel, name)
    )
    return sign_free(dataclasses.replace(real, dataset=dataset))


def placebos(
    compiled: Compiled, real: Design, settings: Settings = SETTINGS, shifts: int = SHIFTS
) -> Iterator[pd.DataFrame]:
    """Fit every placebo with one compiled model.

    Parameters
    ----------
    compiled : Compiled
        Of a `placebo_design`.
    real : Design
    settings : Settings
        Its seed chooses the shifts.
    shifts : int
        Placebos made of each channel.

    Yields
    ------
    pandas.DataFrame
        Columns kind ("channel" or "mediator"), source (the channel whose history was moved),
        shift, channel, estimand, mean, median, sd, lower, upper, contains_zero. A placebo
        channel has its total effect; a placebo mediator the indirect effect of each cause.
    """
    rng = np.random.default_rng(settings.seed)
    name, causes = _free_name(real.dataset), list(real.causes)
    mediated = "mediator" in compiled.observed
    for kind, source, shift in plan(real, shifts, rng, mediated=mediated):
        made = placebo_design(real, source, shift, mediator=kind == "mediator")
        rows = fitted_effects(compiled, made, settings)
        rows = rows[rows["unit"] == rows["unit"].iloc[-1]].drop(columns=["unit", "divergences"])
        wanted = (rows["channel"] == name) & (rows["estimand"] == "total")
        if kind == "mediator":
            wanted = rows["channel"].isin(causes) & (rows["estimand"] == "indirect")
        found = rows[wanted].copy()
        found["contains_zero"] = (found["lower"] <= 0) & (found["upper"] >= 0)
        for at, (column, value) in enumerate(
            (("kind", kind), ("source", source), ("shift", shift))
        ):
            found.insert(at, column, value)
        yield found


def plan(
    real: Design, shifts: int, rng: np.random.Generator, *, mediated: bool
) -> list[tuple[str, str, int]]:
    """Kind, source and shift of each placebo.

    A shift is at least twice the carryover away from the real history, either way round.

    Parameters
    ----------
    real : Design
    shifts : int
        Placebos of each channel.
    rng : numpy.random.Generator
    mediated : bool
        Whether the mediator's own history is moved too.
    """
    weeks = real.arrays.sizes["time"]
    least = min(2 * real.form.max_lag, weeks // 3)

    def draw() -> list[int]:
        choice = np.arange(least, weeks - least + 1)
        return sorted(int(at) for at in rng.choice(choice, min(shifts, choice.size), replace=False))

    made = [("channel", name, shift) for name in real.dataset.channels for shift in draw()]
    if mediated:
        made += [("mediator", str(real.mediator), shift) for shift in draw()]
    return made


def placebo_checks(rows: pd.DataFrame) -> list[Check]:
    """Whether more intervals miss zero than chance explains.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `placebos` yields, together.
    """
    checks = []
    for kind, what in (
        ("channel", "advertising that never ran (a channel's history moved in time)"),
        ("mediator", "mediation through a mediator whose history was moved in time"),
    ):
        group = rows[rows["kind"] == kind]
        if group.empty:
            continue
        # Causes of one moved mediator are fitted together, so a fit counts once, by its worst.
        held = group.groupby(["source", "shift"])["contains_zero"]
        number, missed, chance = len(group), int((~group["contains_zero"]).sum()), INTERVAL_MISSES
        fits, failed = held.ngroups, int((~held.all()).sum())
        p = float(binom.sf(failed - 1, fits, 1 - (1 - chance) ** (number / fits)))
        status: Status = "pass"
        if p < WARN_BELOW:
            status = "fail" if p < FAIL_BELOW else "warn"
        says = (
            f"{number - missed} of {number} intervals for the effect of {what} contain 0 "
            f"(about {round((1 - chance) * number)} should)"
        )
        if status != "pass":
            says += ": the model finds effects where there are none, so its intervals are too sure"
        checks.append(Check(PLACEBO, f"placebo_{kind}", p, FAIL_BELOW, status, f"{says}."))
    return checks


def _moved(data: xr.Dataset, channel: Any, shift: int) -> xr.Dataset:
    moved = data.copy(deep=True)
    for name in ("spend", "exposure"):
        at = {"channel": channel}
        moved[name].loc[at] = np.roll(data[name].sel(at).values, shift, axis=0)
    return moved


def _described(real: Description, source: str, name: str) -> Description:
    """The description with the placebo as a channel, paid if its source is, and a cause."""
    kind = "spend" if real.channels[source].paid else "exposure"
    channels = real.channels | {name: Channel.model_validate({kind: name, "role": PLACEBO})}
    mediation = real.mediation and real.mediation.model_copy(
        update={"causes": (*real.mediation.causes, name)}
    )
    return real.model_copy(update={"channels": channels, "mediation": mediation})


def _free_name(dataset: Dataset) -> str:
    name = PLACEBO
    while name in dataset.channels or name in dataset.description.controls:
        name += "_"
    return name
