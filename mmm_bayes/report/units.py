"""Units of a panel in a report: a forest for each channel, and how alike the units are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from mmm_bayes.estimands.intervals import mean_and_ends, summary_of
from mmm_bayes.estimands.units import extreme_units
from mmm_bayes.plots.forest import NAMED, units_forest
from mmm_bayes.plots.style import colours, panels
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.text import mean_and_interval, percent, probability

#: Posterior probability from which two units are said to differ.
CERTAIN = 0.95


def units_picture(run: View) -> Picture | None:
    """Effect of every channel in every unit; None for a single market."""
    draws = run.effects("draws")
    if draws.sizes["unit"] == 1:
        return None
    effect, name, label = _comparable_effect(run, draws)
    count, units = len(run.channels), draws.sizes["unit"] - 1
    height = 1.1 + (max(0.16, 0.6 / units) if units <= NAMED else 3.5 / units) * units
    longest = max(len(str(unit)) for unit in draws["unit"].values)
    drawing, axes = panels(
        count, columns=3 if count in (5, 6) else 4, height=height, width=9,
        left=0.25 + 0.062 * longest, across=0.25, down=0.95, sharey=True,
    )  # fmt: skip
    pooling = run.effects("pooling").get("beta")
    units_forest(axes, mean_and_ends(effect), colours(run.channels), pooling, label=label)
    caption = (
        f"{name}, by unit: posterior mean and 90% interval, units in the same order everywhere. "
        "Grey: all units together."
    )
    if pooling is not None:
        caption += (
            " Pooled: how strongly the units' estimates were drawn together. 100%: the units do "
            "not differ; 0%: each unit's own data decide."
        )
    else:
        caption += " This model lets units differ in level and size only, not in response."
    alt = f"{name} of each channel in each of {units} units, with 90% intervals."
    return Picture("units", alt, caption, drawing, vector=units <= NAMED)


@dataclass(frozen=True)
class UnitFindings:
    """Pooling of the units of a panel.

    Attributes
    ----------
    title : str
        The effect that is compared.
    sentences : list of str
        A sentence for each channel.
    """

    title: str
    sentences: list[str]


def unit_findings(run: View) -> UnitFindings | None:
    """Pooling factors of the units, for each channel; None where the model does not pool."""
    pooling = run.effects("pooling").get("beta")
    if pooling is None:
        return None
    effect, name, _ = _comparable_effect(run, run.effects("draws"))
    sentences = []
    for channel in run.channels:
        draws = effect.sel(channel=channel).isel(unit=slice(None, -1))
        draws = draws.isel(unit=np.isfinite(draws.isel(chain=0, draw=0).values))
        if draws.sizes["unit"] < 2:
            continue
        low, high, larger = extreme_units(draws)
        estimates = []
        for unit in (low, high):
            mean, interval = mean_and_interval(summary_of(draws.sel(unit=unit).values))
            estimates.append(f"{mean} ({interval}) in {unit}")
        difference = (
            "they differ" if larger >= CERTAIN else "the data do not distinguish even these"
        )
        sentences.append(
            f"{channel}: from {' to '.join(estimates)}; {difference}: the probability that {high} "
            f"has the larger effect is {probability(larger)}. The units' estimates are pooled by "
            f"{percent(float(pooling.sel(channel=channel)))}."
        )
    return UnitFindings(f"{name}, by unit, with 90% intervals:", sentences)


def _comparable_effect(run: View, draws: xr.Dataset) -> tuple[xr.DataArray, str, str]:
    """Effect that can be compared between units of different sizes, its name, and an axis label."""
    roas = draws["roas"]
    if bool(np.isfinite(roas.isel(unit=-1)).all()):
        return roas, f"ROAS, {run.outcome} per unit of money spent", "ROAS"
    share, outcome = 100 * draws["contribution_share"], run.outcome
    return share, f"Total effect in % of the unit's {outcome}", f"% of {outcome}"
