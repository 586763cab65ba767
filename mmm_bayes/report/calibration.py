"""The figure of a calibration study, from its folder."""

from __future__ import annotations

from pathlib import Path

from mmm_bayes.plots.calibration import calibration_ecdf
from mmm_bayes.plots.letters import warn_of_letters
from mmm_bayes.plots.style import figure_style
from mmm_bayes.report.page import embed
from mmm_bayes.report.picture import Picture
from mmm_bayes.studies.calibration.job import TABLE, read_ranks
from mmm_bayes.studies.calibration.pit import JOINT, band_probability, ecdf_band, summarise_ranks
from mmm_bayes.text import percent


def render_calibration(folder: Path) -> Path:
    """Draw the ranks of a calibration study; its table is not changed.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of a calibration study.

    Returns
    -------
    pathlib.Path
        ``calibration.csv`` in that folder; the figure is ``figures/ecdf.png`` and ``.svg``.
    """
    ranks = read_ranks(folder)
    table = summarise_ranks(ranks)
    simulations = int(table["simulations"].min())
    outside = table.loc[~table["inside_band"], "quantity"].tolist()
    band = ecdf_band(simulations, band_probability(len(table)))
    with figure_style():
        picture = Picture(
            "ecdf",
            f"ECDF of the ranks of {len(table)} quantities over {simulations} simulated tables.",
            "The line of a calibrated quantity stays in the grey band; all of them do with a "
            f"probability of {percent(JOINT)}.",
            calibration_ecdf(ranks, band, outside),
        )
        warn_of_letters([embed(picture, folder / "figures").missing])
    return folder / TABLE
