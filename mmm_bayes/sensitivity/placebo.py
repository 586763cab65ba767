"""Placebo tests: effects of advertising that never ran, whose intervals should contain zero.

A placebo is a channel's own history, shifted in time and wrapped around the end of the table, so
that it has the same flights, season and carryover but no effect. It is added to the real channels,
as another cause of the mediator; effects are free in sign, since otherwise no interval could
contain zero. A second kind of placebo shifts the mediator's own history, which rules out mediation.
The true effects are zero, so about a tenth of the 90% intervals should exclude zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binom

from mmm_bayes.data import Dataset
from mmm_bayes.data.description import Channel, Description
from mmm_bayes.data.design import Design
from mmm_bayes.diagnostics import Check
from mmm_bayes.diagnostics.check import Status
from mmm_bayes.inference.fit import fit_effects
from mmm_bayes.inference.kept import KeptFits
from mmm_bayes.inference.sampling import CompiledModel, Settings
from mmm_bayes.sensitivity.sign_free import sign_free_design

PLACEBO = "placebo"
SETTINGS = Settings(draws=500, tune=500, chains=2)
#: Placebos of each channel, and of the mediator.
SHIFTS = 3
#: Expected share of 90% intervals that exclude a true value of zero.
EXPECTED_MISSES = 0.1
WARN_BELOW, FAIL_BELOW = 0.05, 0.01


def placebo_design(real: Design, channel: str, shift: int, *, mediator: bool = False) -> Design:
    """The design with an additional placebo channel.

    Parameters
    ----------
    channel : str
        Channel whose shifted history is the placebo.
    shift : int
        Weeks; the last weeks wrap around to the beginning.
    mediator : bool
        Also shift the mediator's own history, so that the channels do not cause it.
    """
    data, name = real.dataset.data, _unused_name(real.dataset)
    if mediator:
        data = _shift_channel(data, real.dataset.mediator, shift)
    amounts = ["spend", "exposure", "designed"]
    placebo = data[amounts].sel(channel=[channel]).roll(time=shift, roll_coords=False)
    placebo = placebo.assign_coords(channel=[name], role=("channel", ["placebo"]))
    channels = xr.concat(
        [data[amounts], placebo], "channel", coords="minimal", compat="override",
        join="outer",
    )  # fmt: skip
    extended = channels.assign(data[["outcome", "controls", "shifters"]])
    extended.attrs = data.attrs
    description = _placebo_description(real.dataset.description, channel, name)
    dataset = dataclasses.replace(real.dataset, data=extended, description=description)
    return sign_free_design(dataclasses.replace(real, dataset=dataset))


def fit_placebos(
    compiled: CompiledModel,
    real: Design,
    settings: Settings = SETTINGS,
    shifts: int = SHIFTS,
    *,
    kept: KeptFits | None = None,
) -> Iterator[pd.DataFrame]:
    """Effects of each placebo, fitted with one compiled model.

    Parameters
    ----------
    compiled : CompiledModel
        Model compiled for a `placebo_design`.
    settings : Settings
        Its seed also chooses the shifts.
    shifts : int
        Number of placebos of each channel, and of the mediator.
    kept : KeptFits, optional
        Where finished fits are kept.

    Yields
    ------
    pandas.DataFrame
        Columns kind ("channel" or "mediator"), source (the channel whose history is shifted),
        shift, channel, estimand, mean, median, sd, lower, upper, contains_zero. The rows are the
        total effect of a placebo channel, or the indirect effects of all causes through a placebo
        mediator.
    """
    rng = np.random.default_rng(settings.seed)
    name, causes = _unused_name(real.dataset), list(real.causes)
    mediated = "mediator" in compiled.observed
    for kind, source, shift in plan_placebos(real, shifts, rng, mediated=mediated):
        design = placebo_design(real, source, shift, mediator=kind == "mediator")
        rows = fit_effects(compiled, design, settings, kept=kept)
        rows = rows[rows["unit"] == rows["unit"].iloc[-1]].drop(columns=["unit", "divergences"])
        selected = (rows["channel"] == name) & (rows["estimand"] == "total")
        if kind == "mediator":
            selected = rows["channel"].isin(causes) & (rows["estimand"] == "indirect")
        effects = rows[selected].copy()
        effects["contains_zero"] = (effects["lower"] <= 0) & (effects["upper"] >= 0)
        effects.insert(0, "kind", kind)
        effects.insert(1, "source", source)
        effects.insert(2, "shift", shift)
        yield effects


def plan_placebos(
    real: Design, shifts: int, rng: np.random.Generator, *, mediated: bool
) -> list[tuple[str, str, int]]:
    """Kind, source and shift in weeks of each placebo.

    Shifts are at least twice the carryover in either direction.

    Parameters
    ----------
    shifts : int
        Number of placebos of each channel, and of the mediator.
    mediated : bool
        Whether the mediator's own history is shifted too.
    """
    weeks = real.arrays.sizes["time"]
    smallest = min(2 * real.form.max_lag, weeks // 3)

    def draw_shifts() -> list[int]:
        candidates = np.arange(smallest, weeks - smallest + 1)
        drawn = rng.choice(candidates, min(shifts, candidates.size), replace=False)
        return sorted(int(shift) for shift in drawn)

    placebos = [
        ("channel", name, shift) for name in real.dataset.channels for shift in draw_shifts()
    ]
    if mediated:
        placebos += [("mediator", str(real.mediator), shift) for shift in draw_shifts()]
    return placebos


def placebo_checks(rows: pd.DataFrame) -> list[Check]:
    """Checks that no more intervals exclude zero than expected by chance.

    Parameters
    ----------
    rows : pandas.DataFrame
        All rows of `fit_placebos`.
    """
    checks = []
    for kind, effect in (
        ("channel", "advertising that never ran (a channel's history shifted in time)"),
        ("mediator", "mediation through a mediator whose history was shifted in time"),
    ):
        group = rows[rows["kind"] == kind]
        if group.empty:
            continue
        # The causes of a shifted mediator are fitted jointly, so a fit counts once: it fails if any
        # of its intervals excludes zero.
        by_fit = group.groupby(["source", "shift"])["contains_zero"]
        number, missed, chance = len(group), int((~group["contains_zero"]).sum()), EXPECTED_MISSES
        fits, failed = by_fit.ngroups, int((~by_fit.all()).sum())
        p = float(binom.sf(failed - 1, fits, 1 - (1 - chance) ** (number / fits)))
        status: Status = "pass"
        if p < WARN_BELOW:
            status = "fail" if p < FAIL_BELOW else "warn"
        message = (
            f"{number - missed} of {number} intervals for the effect of {effect} contain 0 "
            f"(about {round((1 - chance) * number)} should)"
        )
        if status != "pass":
            message += (
                ": the model finds effects where there are none, so its intervals are too narrow"
            )
        checks.append(Check(PLACEBO, f"placebo_{kind}", p, FAIL_BELOW, status, f"{message}."))
    return checks


def _shift_channel(data: xr.Dataset, channel: Any, shift: int) -> xr.Dataset:
    shifted = data.copy(deep=True)
    for name in ("spend", "exposure"):
        index = {"channel": channel}
        shifted[name].loc[index] = np.roll(data[name].sel(index).values, shift, axis=0)
    return shifted


def _placebo_description(real: Description, source: str, name: str) -> Description:
    """The description with the placebo as a channel, paid if its source is, and as a cause."""
    kind = "spend" if real.channels[source].paid else "exposure"
    channels = real.channels | {name: Channel.model_validate({kind: name, "role": PLACEBO})}
    mediators = {
        mediator: entry.model_copy(update={"causes": (*entry.causes, name)})
        for mediator, entry in real.mediators.items()
    }
    return real.model_copy(update={"channels": channels, "mediators": mediators})


def _unused_name(dataset: Dataset) -> str:
    name = PLACEBO
    while name in dataset.channels or name in dataset.description.controls:
        name += "_"
    return name
