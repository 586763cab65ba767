"""Effects of interactions: the effect of one partner at different levels of the other.

Two controls: the effect of one control on the outcome with the other held at a level, in the
quantities of `control_effects`: the lift of a control of zeros and ones, the elasticity of a
control that enters by its logarithm, the effect of one standard deviation of any other.

A channel and a control, or the season: the channel's direct effect in the fitted weeks if its
effectiveness had been that of the level in all of them, everything else as observed and each week
with its own disturbance; per unit of money, or per unit of exposure for an unpaid channel. The
indirect effect is not included, because the interaction is not in the mediator's equation.

Levels: a control's 10% and 90% quantile over the fitted weeks, or off and on; the middle of each
quarter. The last rows of each interaction are differences between levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.covariates import covariate_columns, fourier_columns
from mmm_bayes.data.description import SEASON, Control
from mmm_bayes.data.design import Design
from mmm_bayes.data.interactions import modulation_terms
from mmm_bayes.estimands.summary import STATISTICS, summarise
from mmm_bayes.model.counterfactual import Counterfactual, location_under, outcome_change
from mmm_bayes.model.evaluation import SAMPLE_DIMS, flatten_draws

Array = NDArray[np.float64]

#: Quantiles of a control at its low and its high level.
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
        In the control's own units (the relative change, for a growth); NaN for a season.
    deviation : array, shape (column,)
        Values of the level's covariate columns, less their means.
    """

    name: str
    value: float
    deviation: Array


def interaction_effects(counterfactual: Counterfactual) -> xr.Dataset:
    """Effects of every interaction of the description, by level.

    Returns
    -------
    xarray.Dataset
        ``effect`` (chain, draw, row) with coordinates along `row`: the `interaction`; `of`, the
        control or channel whose effect it is; `at`, the control or season of the level; the `level`
        and its `value`; and the `quantity`: "elasticity", "lift" or "effect" (of one standard
        deviation), the last two in per cent of the mean outcome (identity link; NaN where that is
        not positive) or of the outcome (log link); "roas", outcome per unit of money, or
        "per_exposure", outcome per unit of exposure. Empty without interactions, or for a model
        without covariates.
    """
    description = counterfactual.design.dataset.description
    rows: list[tuple[tuple[Any, ...], Array]] = []
    has_covariates = "covariate_effect" in counterfactual.draws
    for name, (first, second) in description.products.items() if has_covariates else ():
        for control, partner in ((first, second), (second, first)):
            rows += _control_rows(counterfactual, name, control, partner)
    for name, (channel, modulator) in description.modulations.items():
        rows += _channel_rows(counterfactual, name, channel, modulator)
    if not rows:
        return xr.Dataset()
    shape = (counterfactual.draws.sizes["chain"], counterfactual.draws.sizes["draw"])
    effects = np.stack([effect for _, effect in rows], -1)
    coords: dict[str, Any] = {
        key: ("row", np.array([label[position] for label, _ in rows], dtype=str))
        for position, key in enumerate(LABELS)
    }
    coords["value"] = ("row", np.array([label[-1] for label, _ in rows], dtype=float))
    return xr.Dataset(
        {"effect": ((*SAMPLE_DIMS, "row"), effects.reshape(*shape, -1))}, coords=coords
    )


def interaction_table(effects: xr.Dataset) -> pd.DataFrame:
    """Tidy table of ``interactions.csv``.

    Parameters
    ----------
    effects : xarray.Dataset, dims (chain, draw, row)
        As `interaction_effects` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns interaction, of, at, level, value, quantity, mean, median, sd, lower, upper; no rows
        without interactions.
    """
    names = ("interaction", "of", "at", "level", "value", "quantity")
    if "effect" not in effects:
        return pd.DataFrame(columns=[*names, *STATISTICS])
    statistics = summarise(flatten_draws(effects["effect"]))
    return pd.DataFrame(
        {name: effects[name].values for name in names}
        | dict(zip(STATISTICS, statistics, strict=True))
    )


def _control_rows(
    counterfactual: Counterfactual, name: str, control: str, partner: str
) -> Iterator[tuple[tuple[Any, ...], Array]]:
    """Labels and effects of a control at levels of its partner; in a panel's typical unit."""
    design, scaling = counterfactual.design, counterfactual.design.scaling
    # Coefficients of the unstandardised columns, (sample, column).
    coefficients = flatten_draws(counterfactual.draws["covariate_effect"])
    log_link = design.form.link == "log"
    slopes = coefficients @ scaling.r_inverse.T / scaling.scale
    slopes = slopes * (1.0 if log_link else scaling.unit_share)
    column, product = scaling.columns.index(control), scaling.columns.index(name)
    transform = design.dataset.description.controls[control].transform

    def quantify(slope: Array) -> tuple[str, Array]:
        if transform == "log":
            return "elasticity", slope
        quantity = "lift" if is_binary(design, control) else "effect"
        change = slope * (1.0 if quantity == "lift" else scaling.scale[column])
        return quantity, 100 * (np.expm1(change) if log_link else change)

    low, high = control_levels(design, partner)
    effects = []
    for level in (low, high):
        slope = slopes[:, column] + slopes[:, product] * level.deviation[0]
        quantity, effect = quantify(slope)
        effects.append(effect)
        yield (name, control, partner, level.name, quantity, level.value), effect
    yield (
        (name, control, partner, f"{high.name} less {low.name}", quantity, np.nan),
        effects[1] - effects[0],
    )


def _channel_rows(
    counterfactual: Counterfactual, name: str, channel: str, modulator: str
) -> Iterator[tuple[tuple[Any, ...], Array]]:
    """Labels and direct effects per unit of a channel at levels of its modulator."""
    design = counterfactual.design
    data = design.dataset.data.isel(time=design.weeks)
    quantity, amount = ("roas", "spend") if channel in design.dataset.paid else (
        "per_exposure", "exposure",
    )  # fmt: skip
    total = float(data[amount].sel(channel=channel).sum())
    path = counterfactual.observed_path.copy()
    path[..., design.dataset.channels.index(channel)] = 0.0
    without = location_under(counterfactual, path)  # the same at every level

    terms = modulation_terms(design.dataset.description)
    positions = [number for number, (term, _, _) in enumerate(terms) if term == name]
    columns = [design.scaling.columns.index(terms[number][2]) for number in positions]

    def effect_at(level: Level) -> Array:
        modulators = design.arrays["modulators"].copy(deep=True)
        modulators[..., positions] = level.deviation / design.scaling.scale[columns]
        arrays = design.arrays.assign(modulators=modulators)
        modified = replace(counterfactual, design=replace(design, arrays=arrays))
        location = location_under(modified, counterfactual.observed_path)
        return np.asarray(outcome_change(counterfactual, location, without).sum((1, 2)) / total)

    levels = season_levels(design) if modulator == SEASON else control_levels(design, modulator)
    effects = [effect_at(level) for level in levels]
    for level, effect in zip(levels, effects, strict=True):
        yield (name, channel, modulator, level.name, quantity, level.value), effect
    if modulator == SEASON:
        mean = np.mean(effects, 0)
        for level, effect in zip(levels, effects, strict=True):
            label = (name, channel, modulator, f"{level.name} less mean", quantity, np.nan)
            yield label, effect - mean
    else:
        low, high = levels
        yield (
            (name, channel, modulator, f"{high.name} less {low.name}", quantity, np.nan),
            effects[1] - effects[0],
        )


def is_binary(design: Design, control: str) -> bool:
    """True if a control has only the values zero and one, untransformed."""
    values = design.dataset.data["controls"].sel(control=control).values
    untransformed = design.dataset.description.controls[control].transform == "none"
    return untransformed and bool(np.isin(values, (0.0, 1.0)).all())


def control_levels(design: Design, control: str) -> list[Level]:
    """Low and high level of a control over the fitted weeks, or off and on.

    In a panel the levels are deviations from each unit's own mean, and their values are those of
    the average unit.
    """
    scaling = design.scaling
    column = scaling.columns.index(control)
    centre = float(scaling.centre[:, column].mean())
    if is_binary(design, control):
        return [
            Level(name, value, np.array([value - centre]))
            for name, value in (("off", 0.0), ("on", 1.0))
        ]
    table = covariate_columns(design.dataset, scaling.start, scaling.end)
    deviations = table.isel(time=design.weeks, column=column).values - scaling.centre[:, column]
    spec = design.dataset.description.controls[control]
    quantiles = np.quantile(deviations, [LOW, HIGH])
    return [
        Level(name, _back_transform(spec, centre + quantile), np.array([quantile]))
        for name, quantile in zip(("low", "high"), quantiles, strict=True)
    ]


def season_levels(design: Design) -> list[Level]:
    """Levels of the season: the Fourier columns in the middle of each quarter."""
    scaling = design.scaling
    days = xr.DataArray(np.array(list(QUARTERS.values()), dtype="datetime64[ns]"), dims="time")
    table = fourier_columns(days, design.dataset.description.calendar.fourier)
    values = np.stack([column.values for column in table.values()], -1)
    positions = [scaling.columns.index(name) for name in table]
    deviations = values - scaling.centre[:, positions].mean(0)
    return [Level(name, np.nan, row) for name, row in zip(QUARTERS, deviations, strict=True)]


def _back_transform(control: Control, value: float) -> float:
    """Value of a control in its own units, from its transformed value."""
    match control.transform:
        case "log":
            return float(np.exp(value))
        case "log1p" | "growth":
            return float(np.expm1(value))
        case _:
            return value
