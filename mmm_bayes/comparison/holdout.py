"""Scores of runs on their holdout weeks."""

from __future__ import annotations

from collections.abc import Mapping

from mmm_bayes.comparison.runs import has_holdout
from mmm_bayes.diagnostics import predictive_scores
from mmm_bayes.inference.runs import Run

SCORE_COLUMNS = ("crps", "r2", "rmse", "mape", "coverage_90")


def holdout_scores(runs: Mapping[str, Run]) -> dict[str, dict[str, float | None]] | None:
    """Predictive scores of each run on the common holdout; None unless all runs have one.

    Parameters
    ----------
    runs : mapping of str to Run
        Runs whose holdouts, if any, have the same weeks.

    Returns
    -------
    dict of str to dict, or None
        For each run, the scores of `mmm_bayes.diagnostics.predictive_scores`.
    """
    if not all(map(has_holdout, runs.values())):
        return None
    return {
        name: predictive_scores(
            run.draws["predictions_observed"].to_dataset()["outcome"],
            run.draws["predictions"].to_dataset()["outcome"],
        )
        for name, run in runs.items()
    }
