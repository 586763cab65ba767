"""Figures of the sensitivity analyses: unobserved confounding, and placebos."""

from __future__ import annotations

from mmm_bayes.inference import runs
from mmm_bayes.plots.sensitivity import indirect_by_rho, placebo_intervals
from mmm_bayes.plots.style import figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View


def confounding(run: View) -> Picture | None:
    """Indirect effect of each cause over an assumed correlation; None if it was not estimated."""
    rows = run.extra_table(runs.CONFOUNDING)
    if rows.empty:
        return None
    rows = rows[(rows["unit"] == rows["unit"].iloc[-1]) & (rows["estimand"] == "indirect")]
    tipping = {
        record["channel"]: record["rho"] for record in run.diagnostics.get("confounding", [])
    }
    unit, label = run.effect_unit
    drawing, axes = figure(1, len(run.causes), width=9, height=2.9, sharey=True, across=0.3)
    indirect_by_rho(
        list(axes[0]), rows, run.channels, causes=run.causes, tipping=tipping,
        unit=unit, label=label,
    )  # fmt: skip
    return Picture(
        "confounding",
        "Indirect effect of each cause over the assumed correlation of the disturbances of "
        f"{run.mediator} and of {run.outcome}.",
        f"The indirect effect (median and 90% interval) if the disturbances of {run.mediator} and "
        f"of {run.outcome} were correlated, because something outside the table moves both. "
        "Everything else in this report assumes 0, the dotted line. Demand that raises both is to "
        "the right. Dashed: the correlation at which the interval reaches 0, so that the data no "
        "longer show mediation.",
        drawing,
        vector=True,
    )


def placebo(run: View) -> Picture | None:
    """Effects estimated for placebos; None if there were none."""
    rows = run.extra_table(runs.PLACEBO)
    if rows.empty:
        return None
    drawing, axes = figure(width=9, height=1.0 + 0.2 * len(rows))
    unit, label = run.effect_unit
    placebo_intervals(axes[0, 0], rows, unit=unit, label=label)
    return Picture(
        "placebo",
        f"Effects estimated for {len(rows)} placebos with 90% intervals.",
        "Effects estimated for advertising that never ran: a channel's history, moved in time. "
        "Nine in ten intervals should contain 0 (blue); one in ten may exclude it (orange).",
        drawing,
        vector=True,
    )
