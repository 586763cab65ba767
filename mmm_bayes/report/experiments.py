"""Lift tests in a report: what was measured against what the model says."""

from __future__ import annotations

from mmm_bayes.report.run import View
from mmm_bayes.report.tables import Table, summary, table
from mmm_bayes.report.words import Summary, number, spread

#: Half of a normal's 90% interval, in standard deviations.
HALF = 1.6448536269514722


def experiments(run: View) -> Table | None:
    """Each test's lift as measured and as the fitted model has it; None without experiments."""
    lift = run.group("posterior").get("lift_mean")
    if lift is None:
        return None
    tests = run.group("constant_data")
    rows = []
    for at, name in enumerate(lift["experiment"].values):
        one = tests.isel(experiment=at)
        measured, error = float(one["lift_observed"]), float(one["standard_error"])
        told = Summary(measured, measured - HALF * error, measured + HALF * error)
        model = summary(lift.isel(experiment=at))
        cells: list[str | tuple[str, ...]] = [str(name), number(float(one["spend_change"]))]
        rows.append([*cells, spread(told), spread(model)])
    return table(("experiment", "change of spend", "lift measured", "lift in the model"), rows)
