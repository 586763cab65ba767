"""Figures of the data: the outcome, the spends, and what exposure cost."""

from __future__ import annotations

import math

import xarray as xr

from mmm_bayes.plots.series import cost_over_time, outcome_over_time, spends_over_time
from mmm_bayes.plots.style import figure, panels
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import mean_cpm


def data(run: View) -> Picture:
    """The outcome and every channel's spend over time."""
    count = len(run.channels)
    rows = 1 + math.ceil(count / 2)
    drawing, axes = figure(rows, 2, width=9, height=1.35 * rows, top=0.3, bottom=0.35, down=0.55)
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:
        ax.remove()
    outcome_over_time(drawing.add_subplot(grid[0, :]), run.observed, name=run.outcome)
    flat = list(axes[1:].ravel())
    for ax in flat[count:]:
        ax.axis("off")
    constant = run.group("constant_data")
    paid = xr.DataArray([run.has_spend(name) for name in run.channels], dims="channel")
    spends_over_time(
        flat[:count],
        constant["spend"].where(paid, constant["exposure"]),
        measures={n: run.exposure_name(n) for n in run.channels if not run.has_spend(n)},
    )
    return Picture(
        "data",
        f"{run.outcome} and the spend of each channel over time.",
        f"The data: {run.outcome} and weekly spends"
        + ("" if paid.all() else ", or the exposure of a channel that has no spend")
        + (", summed over units." if run.observed.sizes["unit"] > 1 else ".")
        + " No model can distinguish channels that move together.",
        drawing,
    )


def prices(run: View) -> Picture | None:
    """Money per thousand units of exposure; None where exposure is spend."""
    prices = run.effects("cpm")
    if "cpm" not in prices:
        return None
    cpm = prices["cpm"].isel(unit=-1, drop=True)
    names = [str(name) for name in cpm["channel"].values]
    drawing, axes = panels(
        len(names), columns=3, height=2.1, margin=0.4, width=9, across=0.95, left=0.85
    )
    cost_over_time(
        axes,
        cpm,
        means={name: mean_cpm(run, name) for name in names},
        channels=run.channels,
        measures={name: run.exposure_name(name) for name in names},
    )
    return Picture(
        "prices",
        "Cost per thousand units of exposure over time.",
        "Cost of exposure: money per 1,000 units of it (CPM), week by week; dotted, over all "
        "weeks. Weeks without exposure are gaps. The response follows exposure and the return "
        "follows money: in an expensive week the same money buys less of both.",
        drawing,
        vector=True,
    )
