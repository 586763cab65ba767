"""The table itself: the outcome, the spends, what exposure cost."""

from __future__ import annotations

import math

import xarray as xr

from mmm_bayes.plots import prices as costs
from mmm_bayes.plots import series
from mmm_bayes.plots.style import figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import mean_price


def data(run: View) -> Picture:
    """The outcome and every channel's spend over time."""
    count = len(run.channels)
    rows = 1 + math.ceil(count / 2)
    made, axes = figure(rows, 2, width=9, height=1.35 * rows, top=0.3, bottom=0.35, down=0.55)
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:
        ax.remove()
    series.outcome_over_time(made.add_subplot(grid[0, :]), run.observed, name=run.outcome)
    flat = list(axes[1:].ravel())
    for ax in flat[count:]:
        ax.axis("off")
    known = run.group("constant_data")
    paid = xr.DataArray([run.paid(name) for name in run.channels], dims="channel")
    series.spends_over_time(
        flat[:count],
        known["spend"].where(paid, known["exposure"]),
        measures={name: run.measure(name) for name in run.channels if not run.paid(name)},
    )
    return Picture(
        "data",
        f"{run.outcome} and the spend of each channel over time.",
        f"The data: {run.outcome} and weekly spends"
        + ("" if paid.all() else ", or the exposure of a channel that costs nothing")
        + (", summed over units." if run.observed.sizes["unit"] > 1 else ".")
        + " No model can tell apart channels that move together.",
        made,
    )


def prices(run: View) -> Picture | None:
    """Money per thousand units of exposure; None where exposure is spend."""
    found = run.effect("cpm")
    if "cpm" not in found:
        return None
    cpm = found["cpm"].isel(unit=-1, drop=True)
    names = [str(name) for name in cpm["channel"].values]
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    made, axes = figure(rows, columns, width=9, height=0.4 + 2.1 * rows, across=0.95, left=0.85)
    flat = list(axes.ravel())
    for ax in flat[len(names) :]:
        ax.axis("off")
    costs.cost_over_time(
        flat[: len(names)],
        cpm,
        means={name: mean_price(run, name) for name in names},
        channels=run.channels,
        measures={name: run.measure(name) for name in names},
    )
    return Picture(
        "prices",
        "Cost per thousand units of exposure over time.",
        "What exposure cost: money per 1,000 units of it (CPM), week by week; dotted, over all "
        "weeks. Weeks without exposure are gaps. The response follows exposure and the return "
        "follows money: in a dear week the same money buys less of both.",
        made, vector=True,
    )  # fmt: skip
