"""Figures of a run's report: what each shows, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mmm_bayes.report import decisions
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
from mmm_bayes.report.figures.priors import (
    correlations,
    prior_and_posterior_effects,
    prior_and_posterior_parameters,
    prior_predictive,
)
from mmm_bayes.report.figures.sensitivity import confounding, placebo
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.units import units_picture

__all__ = ["contributions", "data", "effects", "pictures"]


def pictures(run: View) -> Iterator[Picture]:
    """Draw the figures of a run, one after the other.

    Yields
    ------
    Picture
        Those that the run has the data for.
    """
    drawers: tuple[Callable[[View], Picture | None], ...] = (
        causal_graph, effects, units_picture, contributions, fit_over_time, holdout, response,
        carryover, effect_over_time, return_over_time, data, prices, prior_predictive,
        prior_and_posterior_effects, prior_and_posterior_parameters, correlations, confounding,
        placebo, convergence, predictive, residuals,
    )  # fmt: skip
    for draw in drawers:
        picture = draw(run)
        if picture is not None:
            yield picture
    yield from decisions.pictures(run)
