"""The page of the classical models: one table, and what stands behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmm_bayes.report.baselines import tables
from mmm_bayes.report.baselines.explained import (
    coefficients,
    dependence,
    importances,
    residuals,
    shapley,
)
from mmm_bayes.report.baselines.figures import (
    errors,
    holdout,
    reallocations,
    shares,
    stage,
    windows,
)
from mmm_bayes.report.baselines.folder import Compared, read
from mmm_bayes.report.page import write_page
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.tables import table

__all__ = ["render_baselines"]

PAGE = "baselines.html"
_SUBJECTS = {
    "accuracy": "Accuracy",
    "mediation": "The first stage",
    "honesty": "Honesty",
    "interpretation": "Interpretation",
    "use": "Use in a business",
}


def render_baselines(folder: Path) -> Path:
    """Write the figures and the page of a finished job; nothing is fitted.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    pathlib.Path
        ``baselines.html`` in that folder; the figures are in ``figures``.

    Raises
    ------
    InputError
        If the folder is not a finished job.
    """
    told = read(folder)
    return write_page(
        folder / PAGE,
        "baselines.html.j2",
        _context(told),
        _pictures(told),
        figures=folder / "figures",
    )


def _context(told: Compared) -> dict[str, object]:
    splits = told.record["splits"]
    return {
        "outcome": told.outcome,
        "name": told.folder.name,
        "record": told.record,
        "notes": told.record["notes"],
        "subjects": [
            (_SUBJECTS[name], says) for name, says in told.record["sentences"].items() if says
        ],
        "accuracy": tables.accuracy(told),
        "answers": tables.answers(told),
        "first_stage": tables.first_stage(told),
        "moves": tables.moves(told),
        "tests": tables.tests(told),
        "choices": tables.choices(told),
        "splits": table(
            ("split", "learned from", "predicted"),
            ([name, one["train"], one["test"]] for name, one in splits.items()),
        ),
        "mediator": (told.record["description"].get("mediation") or {}).get("mediator"),
    }


def _pictures(told: Compared) -> Iterator[Picture]:
    yield errors(told)
    yield shares(told)
    if told.summary["mediator_r2"].notna().any():
        yield stage(told)
    yield holdout(told)
    yield windows(told)
    if "reallocation" in told.tables:
        yield reallocations(told)
    if "coefficients" in told.tables:
        yield coefficients(told)
    yield importances(told)
    yield dependence(told)
    if "shapley" in told.tables:
        yield shapley(told)
    yield residuals(told)
