"""What leave-one-out says of runs by the draws that they saved: nothing is fitted again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from mmm_bayes.comparison.holdout import SHOWN, holdout
from mmm_bayes.comparison.loading import densities, refuse_incomparable
from mmm_bayes.comparison.loo import leave_one_out
from mmm_bayes.comparison.ranking import ranking
from mmm_bayes.comparison.words import notes, sentences
from mmm_bayes.runs import Run


@dataclass(frozen=True)
class Ranked:
    """Runs of one table, ranked by how well they predict weeks that they left out.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns run, elpd, elpd_se, elpd_diff, diff_se, weight and the scores of the holdout
        (missing where a run has none); best first.
    says, notes : tuple of str
        What to take from it, and what to know of how it came about.
    """

    table: pd.DataFrame
    says: tuple[str, ...]
    notes: tuple[str, ...]


def from_saved(runs: Mapping[str, Run]) -> Ranked:
    """Rank runs by importance sampling alone; weeks it can't be trusted with are named.

    Parameters
    ----------
    runs : mapping of str to Run
        Two or more.

    Raises
    ------
    InputError
        If their scores would not mean the same.
    """
    refuse_incomparable(runs)
    kept = densities(runs)
    found = {name: leave_one_out(run.draws, kept) for name, run in runs.items()}
    table = ranking({name: one.elpd for name, one in found.items()})
    scored = holdout(runs)
    for score in SHOWN:
        table[score] = [scored[name][score] if scored else None for name in table["run"]]
    known = notes(
        found, runs, {}, {}, refits=0, scored=scored is not None, left_out=int((~kept).sum())
    )
    return Ranked(table, tuple(sentences(table, found, runs)), tuple(known))
