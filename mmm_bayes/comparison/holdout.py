"""Scores of the weeks that each run's second fit did not see."""

from __future__ import annotations

from collections.abc import Mapping

from mmm_bayes.comparison.loading import has_holdout
from mmm_bayes.diagnostics import scores
from mmm_bayes.runs import Run

SHOWN = ("crps", "r2", "rmse", "mape", "coverage_90")


def holdout(runs: Mapping[str, Run]) -> dict[str, dict[str, float | None]] | None:
    """Predictive scores of every run on the same weeks; None unless all runs have them.

    Parameters
    ----------
    runs : mapping of str to Run
        Their holdouts, where they have one, are of the same weeks.

    Returns
    -------
    dict of str to dict, or None
        Of each run, what `mmm_bayes.diagnostics.scores` gives.
    """
    if not all(map(has_holdout, runs.values())):
        return None
    return {
        name: scores(
            run.draws["predictions_observed"].to_dataset()["outcome"],
            run.draws["predictions"].to_dataset()["outcome"],
        )
        for name, run in runs.items()
    }
