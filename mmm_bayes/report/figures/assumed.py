"""Other assumptions, other answers: an unseen cause, and advertising that never ran."""

from __future__ import annotations

from mmm_bayes import runs
from mmm_bayes.plots import assumed
from mmm_bayes.plots.style import figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View


def confounding(run: View) -> Picture | None:
    """Each cause's indirect effect over an assumed correlation; None if it was not asked for."""
    rows = run.added(runs.CONFOUNDING)
    if rows.empty:
        return None
    rows = rows[(rows["unit"] == rows["unit"].iloc[-1]) & (rows["estimand"] == "indirect")]
    told = {one["channel"]: one["rho"] for one in run.diagnostics.get("confounding", [])}
    made, axes = figure(1, len(run.causes), width=9, height=2.9, sharey=True, across=0.3)
    assumed.indirect_by_rho(
        list(axes[0]), rows, run.channels, causes=run.causes, tipping=told,
        whole=float(run.observed.sum()), name=run.outcome,
    )  # fmt: skip
    return Picture(
        "confounding",
        f"Indirect effect of each cause against the assumed correlation of what is unexplained in "
        f"{run.mediator} and in {run.outcome}.",
        f"The indirect effect (median and 90% interval) if what the model leaves unexplained of "
        f"{run.mediator} and of {run.outcome} were correlated, because something outside the "
        "table moves both. Everything else in this report is the dotted line at 0. Demand that "
        "raises both is to the right. Dashed: where the interval reaches 0, and the mediation can "
        "no longer be told from none.",
        made, vector=True,
    )  # fmt: skip


def placebo(run: View) -> Picture | None:
    """The effects found for placebos; None if they were not asked for."""
    rows = run.added(runs.PLACEBO)
    if rows.empty:
        return None
    made, axes = figure(width=9, height=1.0 + 0.2 * len(rows))
    assumed.placebo_intervals(axes[0, 0], rows, whole=float(run.observed.sum()), name=run.outcome)
    return Picture(
        "placebo",
        f"Effects found for {len(rows)} placebos with 90% intervals.",
        "Effects found for advertising that never ran: a channel's history, moved in time. Nine "
        "in ten intervals should contain 0 (blue); one in ten may miss it (orange).",
        made, vector=True,
    )  # fmt: skip
