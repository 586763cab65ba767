"""Media whose effect drifts: random walks of its logarithm, one of all channels and one of each.

    log effectiveness_ct = sum_k r_k(t) (step_k + own_step_ck) / sqrt(STEPS)

with ``r_k`` rising from 0 to 1 over the k-th of equally long stretches of the fitted weeks, less
its mean over them: walks on a grid, drawn through by straight lines. ``step ~ Normal(0, d)`` and
``own_step ~ Normal(0, d_own)``, so that d is the standard deviation, in log points, of the change
from the first fitted week to the last that all channels share, and d_own of what a channel adds to
it. Both are fixed (`priors.defaults`): a scale that is to be learned from the few changes of one
table is hardly learned, and makes the posterior a funnel (``benchmarks/time_varying.py``).

The grid goes on after the fitted weeks. Of the steps there the data say nothing, so a forecast
starts from the last level and is less sure with every week; beyond the grid the level is held.

Source: Harvey (1989), *Forecasting, structural time series models and the Kalman filter*, chapter
2, for the random walk; West, Harrison (1997), *Bayesian forecasting and dynamic models*, for
effects that follow one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.design import Design
from mmm_bayes.terms.priors import prior

#: Stretches of the fitted weeks, and as long ones after them: three quarters as many weeks again,
#: which is as far as leave-future-out looks ahead of the weeks that it starts from.
STEPS, AHEAD = 8, 6


def effectiveness(design: Design) -> Any:
    """Declare the effectiveness of every channel by week, one for all units.

    Parameters
    ----------
    design : Design

    Returns
    -------
    TensorVariable, shape (time, 1, channel)
        To be multiplied into the response of `saturated_media`. Its geometric mean over the fitted
        weeks is 1 (the share of a contribution is its mean whatever this is: `contribution`
        divides by the mean). Node ``effectiveness`` (time, channel).
    """
    model = pm.modelcontext(None)
    begins = np.arange(STEPS + AHEAD) / STEPS
    model.add_coord("effectiveness_begins", begins)
    along = "effectiveness_begins"
    step = prior(design, "effectiveness_step", dims=along)
    own_step = prior(design, "effectiveness_own_step", dims=("channel", along))
    steps = (step + own_step) / np.sqrt(STEPS)
    ramps = pt.clip((model["elapsed"][:, None] - begins) * STEPS, 0.0, 1.0) - _means(begins)
    path = pt.exp((ramps[:, None, :] * steps).sum(-1))
    return pm.Deterministic("effectiveness", path, dims=("time", "channel"))[:, None, :]


def _means(begins: np.ndarray) -> np.ndarray:
    """Mean of each ramp over the fitted weeks, which are the same whatever weeks are looked at."""
    return np.maximum(1 - begins - 1 / (2 * STEPS), 0.0)
