"""The picture of a calibration, from its folder."""

from __future__ import annotations

from pathlib import Path

from mmm_bayes.calibration.job import TABLE, read
from mmm_bayes.calibration.pit import JOINT, band, band_probability, summary
from mmm_bayes.plots.calibration import calibration_ecdf
from mmm_bayes.plots.style import styled
from mmm_bayes.report.page import embedded
from mmm_bayes.report.picture import Picture


def render_calibration(folder: Path) -> Path:
    """Draw the ranks of a calibration; its table stays as it is.

    Parameters
    ----------
    folder : pathlib.Path
        Of a calibration.

    Returns
    -------
    pathlib.Path
        ``calibration.csv`` in that folder; the picture is ``figures/ecdf.png`` and ``.svg``.
    """
    ranks = read(folder)
    table = summary(ranks)
    number = int(table["simulations"].min())
    outside = table.loc[~table["inside_band"], "quantity"].tolist()
    with styled():
        made = calibration_ecdf(ranks, band(number, band_probability(len(table))), outside)
        embedded(
            Picture(
                "ecdf",
                f"ECDF of the ranks of {len(table)} quantities over {number} simulated tables.",
                f"A calibrated quantity's line stays in the grey band; with {JOINT:.0%} "
                "probability all of them do.",
                made,
            ),
            folder / "figures",
        )
    return folder / TABLE
