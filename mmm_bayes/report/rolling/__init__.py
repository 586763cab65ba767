"""The page of a rolling job: what is stable, what is not, and how its forecasts fared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmm_bayes.report.page import write_page
from mmm_bayes.report.rolling import words
from mmm_bayes.report.rolling.figures import pictures
from mmm_bayes.report.rolling.folder import Rolled, read
from mmm_bayes.report.rolling.tables import (
    fits_table,
    provenance_table,
    scores_table,
    stability_table,
)
from mmm_bayes.report.words import number

__all__ = ["render_rolling"]


def render_rolling(folder: Path) -> Path:
    """Write a rolling job's figures and its page.

    Nothing is fitted: the tables of the folder are enough.

    Parameters
    ----------
    folder : pathlib.Path
        Of a finished rolling job.

    Returns
    -------
    pathlib.Path
        ``report.html`` in that folder; the figures are in ``figures``.

    Raises
    ------
    InputError
        If the folder is not a finished rolling job.
    """
    rolled = read(folder)
    return write_page(
        folder / "report.html",
        "rolling.html.j2",
        _context(rolled),
        pictures(rolled),
        figures=folder / "figures",
    )


def _context(rolled: Rolled) -> dict[str, object]:
    fits = rolled.record["fits"]
    seconds = np.array([fit["sampling_seconds"] for fit in fits])
    good = sum(fit["verdict"] == "pass" for fit in fits)
    return {
        "name": rolled.folder.resolve().name,
        "outcome": rolled.outcome,
        "record": rolled.record,
        "span": words.span(fits),
        "sampled": f"{good} of {len(fits)} windows passed the convergence checks; a window took "
        f"{number(float(np.median(seconds)))} s to sample (median).",
        "troubles": [
            f"{fit['window_start']} to {fit['window_end']}: {fit['says']}"
            for fit in fits
            if fit["verdict"] != "pass"
        ],
        "rule": words.rule(),
        "channels": [(name, words.sentences(rolled, name)) for name in rolled.channels],
        "stability": stability_table(rolled),
        "scores": scores_table(rolled),
        "forecast_says": words.forecast_says(rolled),
        "fits": fits_table(fits),
        "provenance": provenance_table(rolled.record),
    }
