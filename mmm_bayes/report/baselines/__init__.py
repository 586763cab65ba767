"""The page of the classical models: one table, and the results behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.report.baselines import tables
from mmm_bayes.report.baselines.explanations import (
    coefficients,
    importances,
    partial_dependence,
    residuals,
    shapley_values,
)
from mmm_bayes.report.baselines.figures import (
    best_transfers,
    channel_shares,
    first_stage,
    forecast_errors,
    holdout,
    windows,
)
from mmm_bayes.report.baselines.folder import BaselineResults, read
from mmm_bayes.report.page import write_page
from mmm_bayes.report.picture import Picture

__all__ = ["render_baselines"]

PAGE = "baselines.html"
_SUBJECTS = {
    "accuracy": "Accuracy",
    "mediation": "The first stage",
    "honesty": "Calibration of the intervals",
    "interpretation": "Interpretation",
    "use": "Use in a business",
}


def render_baselines(folder: Path) -> Path:
    """Write the figures and the page of a finished comparison; nothing is fitted.

    Returns
    -------
    pathlib.Path
        ``baselines.html`` in that folder; the figures are in ``figures``.

    Raises
    ------
    InputError
        If the folder is not a finished comparison with classical models.
    """
    results = read(folder)
    return write_page(
        folder / PAGE,
        "baselines.html.j2",
        _context(results),
        _pictures(results),
        results.words,
        figures=folder / "figures",
    )


def _context(results: BaselineResults) -> dict[str, object]:
    record = results.record
    return {
        "outcome": results.outcome,
        "name": results.folder.name,
        "record": record,
        "notes": record["notes"],
        "subjects": [
            (_SUBJECTS[name], sentences)
            for name, sentences in record["sentences"].items()
            if sentences
        ],
        "accuracy": tables.accuracy(results),
        "answers": tables.answers(results),
        "simulated": results.simulated,
        "together": ALL_MEDIA in set(results.shares["channel"]),
        "first_stage": tables.first_stage(results),
        "moves": tables.best_transfers(results),
        "tests": tables.residual_tests(results),
        "choices": tables.choices(results),
        "splits": tables.splits(results),
        "mediator": next(iter(record["description"].get("mediators", {})), None),
    }


def _pictures(results: BaselineResults) -> Iterator[Picture]:
    yield forecast_errors(results)
    yield channel_shares(results)
    if results.summary["mediator_r2"].notna().any():
        yield first_stage(results)
    yield holdout(results)
    yield windows(results)
    if "reallocation" in results.tables:
        yield best_transfers(results)
    if "coefficients" in results.tables:
        yield coefficients(results)
    yield importances(results)
    yield partial_dependence(results)
    if "shapley" in results.tables:
        yield shapley_values(results)
    yield residuals(results)
