"""What interactions do to the outcome: an effect at one level of the other, and at another level.

Two controls. With the other control held at a level, what moving the one does to the outcome, as
`control_effects` tells it: the lift of a control of zeros and ones, the elasticity of a control
that enters by its logarithm, the effect of one standard deviation of any other.

A channel and a control, or the season. What the channel itself adds in the fitted weeks, against
none of it ever, had its effectiveness been that of the level in all of them; everything else is as
it was, and each week keeps its own disturbance. It is told per unit of money, or per unit of
exposure of a channel that costs none. A part that goes through the mediator is not in it: the
interaction is not in the mediator's equation.

Levels: a control's 10% and 90% quantile over the fitted weeks, or off and on; the middle of each
quarter. The last rows of each are differences, which say whether the levels differ at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.counterfactual import World, change, outcome_location
from mmm_bayes.dataset.description import SEASON, Control
from mmm_bayes.design import Design, columns, seasons
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.evaluation import SAMPLE, flat
from mmm_bayes.interactions import modulating

Array = NDArray[np.float64]

#: Quantiles of a control that stand for a low and a high level of it.
LOW, HIGH = 0.1, 0.9
#: A day in the middle of each quarter.
QUARTERS = {
    "mid-February": "2001-02-15",
    "mid-May": "2001-05-16",
    "mid-August": "2001-08-15",
    "mid-November": "2001-11-15",
}
LABELS = ("interaction", "of", "at", "level", "quantity")


@dataclass(frozen=True)
class Level:
    """A level of a control or of the season.

    Attributes
    ----------
    name : str
        "low", "high", "off", "on" or the middle of a quarter.
    value : float
        In the control's own units (of a growth, the share that it grew by); NaN for a season.
    away : array, shape (column,)
        The covariate columns that it fixes, less their means.
    """

    name: str
    value: float
    away: Array


def interaction_effects(world: World) -> xr.Dataset:
    """The effects of every interaction of the description, level by level.

    Parameters
    ----------
    world : World

    Returns
    -------
    xarray.Dataset
        ``effect`` (chain, draw, row) with coordinates along `row`: the interaction, `of` what the
        effect is, `at` what the level is of, the level and its value, and the quantity:
        "elasticity", "lift" or "effect" (of one standard deviation), the last two in per cent of
        the mean outcome (identity link) or of the outcome (log link); "roas", outcome per unit of
        money, or "per_exposure", outcome per unit of exposure. Empty without interactions.
    """
    description = world.design.dataset.description
    rows: list[tuple[tuple[Any, ...], Array]] = []
    for name, (one, other) in description.products.items():
        for of, at in ((one, other), (other, one)):
            rows += _of_control(world, name, of, at)
    for name, (channel, by) in description.modulations.items():
        rows += _of_channel(world, name, channel, by)
    if not rows:
        return xr.Dataset()
    shape = (world.draws.sizes["chain"], world.draws.sizes["draw"])
    effects = np.stack([effect for _, effect in rows], -1)
    coords: dict[str, Any] = {
        key: ("row", np.array([label[at] for label, _ in rows], dtype=str))
        for at, key in enumerate(LABELS)
    }
    coords["value"] = ("row", np.array([label[-1] for label, _ in rows], dtype=float))
    return xr.Dataset({"effect": ((*SAMPLE, "row"), effects.reshape(*shape, -1))}, coords=coords)


def interaction_table(found: xr.Dataset) -> pd.DataFrame:
    """The tidy table of ``interactions.csv``.

    Parameters
    ----------
    found : xarray.Dataset
        As `interaction_effects` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns interaction, of, at, level, value, quantity, mean, median, sd, lower, upper; no
        rows without interactions.
    """
    names = ("interaction", "of", "at", "level", "value", "quantity")
    if "effect" not in found:
        return pd.DataFrame(columns=[*names, *STATISTICS])
    numbers = summarise(flat(found["effect"]))
    return pd.DataFrame(
        {name: found[name].values for name in names} | dict(zip(STATISTICS, numbers, strict=True))
    )


def _of_control(
    world: World, name: str, of: str, at: str
) -> Iterator[tuple[tuple[Any, ...], Array]]:
    """What moving one control does at levels of the other, in the typical unit of a panel."""
    design, scaling = world.design, world.design.scaling
    # Coefficients of the columns as they enter the equation, per unit: (sample, column).
    slopes = flat(world.draws["covariate_effect"]) @ scaling.unmix.T / scaling.scale
    own, product = scaling.columns.index(of), scaling.columns.index(name)
    control = design.dataset.description.controls[of]
    multiplies = design.form.link == "log"

    def told(slope: Array) -> tuple[str, Array]:
        if control.transform == "log":
            return "elasticity", slope
        quantity = "lift" if is_switch(design, of) else "effect"
        moved = slope * (1.0 if quantity == "lift" else scaling.scale[own])
        return quantity, 100 * (np.expm1(moved) if multiplies else moved)

    low, high = control_levels(design, at)
    effects = []
    for level in (low, high):
        quantity, effect = told(slopes[:, own] + slopes[:, product] * level.away[0])
        effects.append(effect)
        yield (name, of, at, level.name, quantity, level.value), effect
    yield (
        (name, of, at, f"{high.name} less {low.name}", quantity, np.nan),
        effects[1] - effects[0],
    )


def _of_channel(
    world: World, name: str, channel: str, by: str
) -> Iterator[tuple[tuple[Any, ...], Array]]:
    """What a unit of a channel adds at levels of what changes it."""
    design = world.design
    data = design.dataset.data.isel(time=design.weeks)
    quantity, amount = ("roas", "spend") if channel in design.dataset.paid else (
        "per_exposure", "exposure",
    )  # fmt: skip
    units = float(data[amount].sel(channel=channel).sum())
    without = world.observed_path.copy()
    without[..., design.dataset.channels.index(channel)] = 0.0
    none = outcome_location(world, without)  # no exposure: its effectiveness is nothing to it

    parts = modulating(design.dataset.description)
    own = [place for place, (interaction, _, _) in enumerate(parts) if interaction == name]
    at = [design.scaling.columns.index(parts[place][2]) for place in own]

    def added(level: Level) -> Array:
        modulators = design.arrays["modulators"].copy(deep=True)
        modulators[..., own] = level.away / design.scaling.scale[at]
        arrays = design.arrays.assign(modulators=modulators)
        there = replace(world, design=replace(design, arrays=arrays))
        location = outcome_location(there, world.observed_path)
        return np.asarray(change(world, location, none).sum((1, 2)) / units)

    levels = season_levels(design) if by == SEASON else control_levels(design, by)
    effects = [added(level) for level in levels]
    for level, effect in zip(levels, effects, strict=True):
        yield (name, channel, by, level.name, quantity, level.value), effect
    if by == SEASON:
        mean = np.mean(effects, 0)
        for level, effect in zip(levels, effects, strict=True):
            yield (name, channel, by, f"{level.name} less mean", quantity, np.nan), effect - mean
    else:
        low, high = levels
        yield (
            (name, channel, by, f"{high.name} less {low.name}", quantity, np.nan),
            effects[1] - effects[0],
        )


def is_switch(design: Design, control: str) -> bool:
    """Whether a control is off or on: zeros and ones, as they are."""
    values = design.dataset.data["controls"].sel(control=control).values
    plain = design.dataset.description.controls[control].transform == "none"
    return plain and bool(np.isin(values, (0.0, 1.0)).all())


def control_levels(design: Design, control: str) -> list[Level]:
    """A low and a high level of a control over the fitted weeks, or off and on.

    In a panel a level is that far from a unit's own mean, and its value that of the mean unit.
    """
    scaling = design.scaling
    place = scaling.columns.index(control)
    typical = float(scaling.centre[:, place].mean())
    if is_switch(design, control):
        return [
            Level(name, value, np.array([value - typical]))
            for name, value in (("off", 0.0), ("on", 1.0))
        ]
    table = columns(design.dataset, scaling.start, scaling.end)
    away = table.isel(time=design.weeks, column=place).values - scaling.centre[:, place]
    spec = design.dataset.description.controls[control]
    return [
        Level(name, _plain(spec, typical + quantile), np.array([quantile]))
        for name, quantile in zip(("low", "high"), np.quantile(away, [LOW, HIGH]), strict=True)
    ]


def season_levels(design: Design) -> list[Level]:
    """The middle of each quarter, as the Fourier columns of that day."""
    scaling = design.scaling
    days = xr.DataArray(np.array(list(QUARTERS.values()), dtype="datetime64[ns]"), dims="time")
    parts = seasons(days, design.dataset.description.calendar.fourier)
    values = np.stack([part.values for part in parts.values()], -1)
    places = [scaling.columns.index(name) for name in parts]
    away = values - scaling.centre[:, places].mean(0)
    return [Level(name, np.nan, row) for name, row in zip(QUARTERS, away, strict=True)]


def _plain(control: Control, value: float) -> float:
    """A transformed value in the control's own units."""
    match control.transform:
        case "log":
            return float(np.exp(value))
        case "log1p" | "growth":
            return float(np.expm1(value))
        case _:
            return value
