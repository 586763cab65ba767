"""Ranking of runs by leave-one-out from their saved draws, without refits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from mmm_bayes.comparison.holdout import SCORE_COLUMNS, holdout_scores
from mmm_bayes.comparison.loo import leave_one_out
from mmm_bayes.comparison.ranking import rank_runs
from mmm_bayes.comparison.runs import check_comparable, comparable_weeks
from mmm_bayes.comparison.words import notes, ranking_sentences
from mmm_bayes.inference.runs import Run


@dataclass(frozen=True)
class SavedRanking:
    """Runs of one table, ranked by leave-one-out prediction from their saved draws.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns run, elpd, elpd_se, elpd_diff, diff_se, weight and the scores on the holdout
        (missing unless all runs have one); best first.
    message : tuple of str
        Sentences that interpret the ranking.
    notes : tuple of str
        Sentences on the limits of the comparison.
    """

    table: pd.DataFrame
    message: tuple[str, ...]
    notes: tuple[str, ...]


def rank_saved_runs(runs: Mapping[str, Run]) -> SavedRanking:
    """Ranking of runs by PSIS-LOO; the notes name runs with unreliable weeks.

    Parameters
    ----------
    runs : mapping of str to Run
        Two or more.

    Raises
    ------
    InputError
        If their scores are not comparable.
    """
    check_comparable(runs)
    scored = comparable_weeks(runs)
    loos = {name: leave_one_out(run.draws, scored) for name, run in runs.items()}
    table = rank_runs({name: loo.elpd for name, loo in loos.items()})
    holdout = holdout_scores(runs)
    for score in SCORE_COLUMNS:
        table[score] = [holdout[name][score] if holdout else None for name in table["run"]]
    limits = notes(
        loos, runs, {}, {}, refits=0, has_holdout=holdout is not None,
        left_out=int((~scored).sum()),
    )  # fmt: skip
    return SavedRanking(table, tuple(ranking_sentences(table, loos, runs)), tuple(limits))
