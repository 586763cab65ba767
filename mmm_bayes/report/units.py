"""The units of a panel in a report: a forest for each channel, and what can be said of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mmm_bayes.plots.style import colours, figure
from mmm_bayes.plots.units import NAMED, extremes, units_forest
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import summary
from mmm_bayes.report.words import spread

#: Probability from which two units are said to differ.
SURE = 0.95


def units(run: View) -> Picture | None:
    """The effect of every channel in every unit; None for a single market."""
    effects = run.effect("draws")
    if effects.sizes["unit"] == 1:
        return None
    shown, what, label = _shown(run, effects)
    count, number = len(run.channels), effects.sizes["unit"] - 1
    columns = min(4, count) if count not in (5, 6) else 3
    rows = math.ceil(count / columns)
    tall = 1.1 + (max(0.16, 0.6 / number) if number <= NAMED else 3.5 / number) * number
    longest = max(len(str(name)) for name in effects["unit"].values)
    made, axes = figure(
        rows, columns, width=9, height=tall * rows, left=0.25 + 0.062 * longest, across=0.25,
        down=0.95, sharey=True,
    )  # fmt: skip
    flat = list(axes.ravel())
    for ax in flat[count:]:
        ax.axis("off")
    pooling = run.effect("pooling").get("beta")
    units_forest(flat[:count], shown, colours(run.channels), pooling, label=label)
    caption = (
        f"{what}, by unit: posterior mean and 90% interval, units in the same order everywhere. "
        "Grey: all units together."
    )
    if pooling is not None:
        caption += (
            " Pooled: how far the units' estimates were drawn together. 100%: nothing of a "
            "unit's own is left; 0%: each unit's own data decide."
        )
    else:
        caption += " This model lets units differ in level and size only, not in response."
    return Picture(
        "units", f"{what} of each channel in each of {number} units, with 90% intervals.", caption,
        made, vector=number <= NAMED,
    )  # fmt: skip


@dataclass(frozen=True)
class UnitsSay:
    """How alike the units of a panel are.

    Attributes
    ----------
    what : str
        What of them is compared.
    says : list of str
        A sentence for each channel.
    """

    what: str
    says: list[str]


def units_say(run: View) -> UnitsSay | None:
    """For each channel, how alike its units are; None where the model does not pool."""
    pooling = run.effect("pooling").get("beta")
    if pooling is None:
        return None
    shown, what, _ = _shown(run, run.effect("draws"))
    said = []
    for channel in run.channels:
        one = shown.sel(channel=channel).isel(unit=slice(None, -1))
        here = one["unit"].values[np.isfinite(one.isel(chain=0, draw=0).values)]
        one = one.sel(unit=here)
        if one.sizes["unit"] < 2:
            continue
        low, high, larger = extremes(one)
        told = " to ".join(
            f"{' ('.join(spread(summary(one.sel(unit=name))))}) in {name}" for name in (low, high)
        )
        share = float(pooling.sel(channel=channel))
        differ = (
            f"they differ: P({high} > {low}) = {larger:.0%}"
            if larger >= SURE
            else f"the data do not tell even these apart: P({high} > {low}) = {larger:.0%}"
        )
        said.append(
            f"{channel}: from {told}; {differ}. The units' estimates are pooled by {share:.0%}."
        )
    return UnitsSay(f"{what}, by unit, with 90% intervals:", said)


def _shown(run: View, effects: xr.Dataset) -> tuple[xr.DataArray, str, str]:
    """What is compared between units of different sizes, its name, and that of an axis."""
    money = effects["roas"]
    if bool(np.isfinite(money.isel(unit=-1)).all()):
        return money, f"ROAS, {run.outcome} per unit of money spent", "ROAS"
    share, outcome = 100 * effects["contribution_share"], run.outcome
    return share, f"Total effect in % of the unit's {outcome}", f"% of {outcome}"
