"""The page of a rolling job: which effects are stable, and how the forecasts did."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmm_bayes.report.page import write_page
from mmm_bayes.report.rolling.figures import pictures
from mmm_bayes.report.rolling.folder import RollingResults, read
from mmm_bayes.report.rolling.sentences import (
    classes_sentence,
    forecast_sentence,
    stability_sentences,
    windows_sentence,
)
from mmm_bayes.report.rolling.tables import (
    fits_table,
    provenance_table,
    scores_table,
    stability_table,
)
from mmm_bayes.text import number

__all__ = ["render_rolling"]


def render_rolling(folder: Path) -> Path:
    """Write a rolling job's figures and its page.

    Nothing is fitted: the tables of the folder are enough.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of a finished rolling job.

    Returns
    -------
    pathlib.Path
        ``report.html`` in that folder; the figures are in ``figures``.

    Raises
    ------
    InputError
        If the folder is not a finished rolling job.
    """
    results = read(folder)
    return write_page(
        folder / "report.html",
        "rolling.html.j2",
        _context(results),
        pictures(results),
        results.words,
        figures=folder / "figures",
    )


def _context(results: RollingResults) -> dict[str, object]:
    fits = results.record["fits"]
    seconds = float(np.median([fit["sampling_seconds"] for fit in fits]))
    passed = sum(fit["verdict"] == "pass" for fit in fits)
    return {
        "name": results.folder.resolve().name,
        "outcome": results.outcome,
        "record": results.record,
        "windows_sentence": windows_sentence(fits),
        "sampling_sentence": f"{passed} of {len(fits)} windows passed the convergence checks; "
        f"sampling took {number(seconds)} s a window (median).",
        "notes": results.record.get("notes", []),
        "failures": [
            f"{fit['window_start']} to {fit['window_end']}: {fit['message']}"
            for fit in fits
            if fit["verdict"] != "pass"
        ],
        "classes_sentence": classes_sentence(),
        "channels": [(name, stability_sentences(results, name)) for name in results.channels],
        "stability": stability_table(results),
        "scores": scores_table(results),
        "forecast_sentence": forecast_sentence(results),
        "fits": fits_table(fits),
        "provenance": provenance_table(results.record),
    }
