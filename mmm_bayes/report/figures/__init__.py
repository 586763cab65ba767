"""The figures of a run's report: which there are, what each shows, and what to see in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mmm_bayes.report import decisions
from mmm_bayes.report.figures.assumed import confounding, placebo
from mmm_bayes.report.figures.checks import (
    convergence,
    fit_over_time,
    holdout,
    predictive,
    residuals,
)
from mmm_bayes.report.figures.data import data, prices
from mmm_bayes.report.figures.effects import (
    carryover,
    causal_graph,
    contributions,
    effect_over_time,
    effects,
    response,
    return_over_time,
)
from mmm_bayes.report.figures.priors import apart, implied, prior, prior_effects
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.units import units

__all__ = ["contributions", "data", "effects", "pictures"]


def pictures(run: View) -> Iterator[Picture]:
    """Draw the figures of a run, one after the other.

    Parameters
    ----------
    run : View

    Yields
    ------
    Picture
        Those that the run has the data for.
    """
    drawers: tuple[Callable[[View], Picture | None], ...] = (
        causal_graph, effects, units, contributions, fit_over_time, holdout, response, carryover,
        effect_over_time, return_over_time, data, prices, implied, prior_effects, prior, apart,
        confounding, placebo, convergence, predictive, residuals,
    )  # fmt: skip
    for draw in drawers:
        drawn = draw(run)
        if drawn is not None:
            yield drawn
    yield from decisions.pictures(run)
