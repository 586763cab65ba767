"""Simulated tables shared out among workers, a few at a time, and handed back in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import pandas as pd

from mmm_bayes.calibration.sbc import ranks
from mmm_bayes.dataset import Dataset
from mmm_bayes.design import Design, design
from mmm_bayes.executing import Workers, each, in_order
from mmm_bayes.jobs import member_of
from mmm_bayes.sampling import Compiled, Settings, compile_model

#: Tables of one piece: drawing their parameters takes seconds, however few they are.
SHARE = 5
_ONE = threading.Lock()


@dataclass(frozen=True)
class Plan:
    """All that a worker needs to know: the model fitted, and whose equations make the tables.

    Attributes
    ----------
    model : str
        Name or path of the member that is fitted.
    source : str
        Hash of its text.
    truth : str
        Name of the member whose equations make the tables.
    dataset : Dataset
        Whose spends and controls the tables have.
    settings : Settings
    """

    model: str
    source: str
    truth: str
    dataset: Dataset
    settings: Settings

    def __hash__(self) -> int:
        return hash((self.source, self.truth, self.dataset.sha256, self.settings))


def shared_out(hired: Workers, plan: Plan, first: int, last: int) -> Iterator[pd.DataFrame]:
    """Ranks of the tables from `first` up to `last`, as `ranks` yields them.

    Parameters
    ----------
    hired : Workers
    plan : Plan
    first, last : int
    """
    spans = [(start, min(start + SHARE, last)) for start in range(first, last, SHARE)]
    for frames in in_order(each(hired, partial(work, plan, hired.cores), spans), spans):
        yield from frames


def work(plan: Plan, cores: int | None, span: tuple[int, int]) -> list[pd.DataFrame]:
    """Rank a few tables, as a worker does it.

    Parameters
    ----------
    plan : Plan
    cores : int or None
        Chains to run at a time; as many as there are cores if None.
    span : tuple of int
        First table, and the one after the last.
    """
    with _ONE:
        compiled, reference = _compiled(plan)
        first, last = span
        return list(
            ranks(
                plan.truth, compiled, reference, last,
                settings=plan.settings, done=first, cores=cores,
            )
        )  # fmt: skip


@cache
def _compiled(plan: Plan) -> tuple[Compiled, Design]:
    arranged = design(plan.dataset)
    return compile_model(member_of(plan.model, plan.source), arranged), arranged
