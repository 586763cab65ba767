"""Ranks of simulated tables computed by workers, a few tables at a time, in the tables' order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import pandas as pd

from mmm_bayes.data import Dataset
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.inference.sampling import CompiledModel, Settings, compile_model
from mmm_bayes.studies.calibration.sbc import ranks
from mmm_bayes.studies.jobs import verified_member
from mmm_bayes.studies.workers import Workers, map_unordered, restore_order

#: Tables in one piece: drawing their parameters takes seconds, however few they are.
TABLES_PER_PIECE = 5
_LOCK = threading.Lock()


@dataclass(frozen=True)
class CalibrationPlan:
    """Everything that a worker needs: the fitted model, and the equations that make the tables.

    Attributes
    ----------
    model : str
        Name or path of the member that is fitted.
    source : str
        Hash of the source of its file.
    truth : str
        Name of the member whose equations make the tables.
    dataset : Dataset
        Its exposures, controls and scaling are those of every simulated table.
    """

    model: str
    source: str
    truth: str
    dataset: Dataset
    settings: Settings

    def __hash__(self) -> int:
        return hash((self.source, self.truth, self.dataset.sha256, self.settings))


def distribute_ranks(
    pool: Workers, plan: CalibrationPlan, first: int, last: int
) -> Iterator[pd.DataFrame]:
    """Ranks of the tables from `first` up to, but not including, `last`, as `ranks` yields them."""
    spans = [
        (start, min(start + TABLES_PER_PIECE, last))
        for start in range(first, last, TABLES_PER_PIECE)
    ]
    results = map_unordered(pool, partial(rank_tables, plan, pool.cores), spans)
    for frames in restore_order(results, spans):
        yield from frames


def rank_tables(
    plan: CalibrationPlan, cores: int | None, span: tuple[int, int]
) -> list[pd.DataFrame]:
    """Ranks of a few tables, computed in a worker.

    Parameters
    ----------
    cores : int or None
        Chains to run at a time; as many as there are cores if None.
    span : tuple of int
        First table, and the one after the last.
    """
    with _LOCK:
        compiled, reference = _compiled_model(plan)
        first, last = span
        return list(
            ranks(
                plan.truth, compiled, reference, last,
                settings=plan.settings, done=first, cores=cores,
            )
        )  # fmt: skip


@cache
def _compiled_model(plan: CalibrationPlan) -> tuple[CompiledModel, Design]:
    reference = make_design(plan.dataset)
    return compile_model(verified_member(plan.model, plan.source), reference), reference
