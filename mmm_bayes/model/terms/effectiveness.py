"""Time-varying effectiveness: random walks of its logarithm, one shared and one per channel.

    log effectiveness_ct = sum_k r_k(t) (step_k + own_step_ck) / sqrt(STEPS)

with ``r_k`` rising linearly from 0 to 1 over the k-th of equally long segments of the fitted weeks,
less its mean over them: random walks on a grid, interpolated linearly. ``step ~ Normal(0, d)`` and
``own_step ~ Normal(0, d_own)``, so that d is the standard deviation, in log points, of the change
from the first fitted week to the last that all channels share, and d_own that of a channel's own
change. Both are fixed (`priors.default_priors`): a scale can hardly be learned from the few changes
within one table, and would make the posterior a funnel (``benchmarks/time_varying.py``).

The grid extends beyond the fitted weeks. The data do not inform the steps there, so a forecast
starts from the last level and becomes less certain with every week; beyond the grid the level is
constant.

Source: Harvey (1989), *Forecasting, structural time series models and the Kalman filter*, chapter
2, for the random walk; West, Harrison (1997), *Bayesian forecasting and dynamic models*, for
effects that follow one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.parameters import prior

#: Segments of the fitted weeks, and segments of the same length after them: three quarters as many
#: weeks, as far as leave-future-out predicts beyond the weeks that it starts from.
STEPS, AHEAD = 8, 6


def effectiveness(design: Design) -> Any:
    """Declare the effectiveness of every channel by week, common to all units.

    Returns
    -------
    TensorVariable, shape (time, 1, channel)
        Factor on the response of `saturated_media`, with a geometric mean of 1 over the fitted
        weeks. (The mean contribution does not depend on it: `contribution` divides by the mean.)
        Node ``effectiveness`` (time, channel).
    """
    model = pm.modelcontext(None)
    starts = np.arange(STEPS + AHEAD) / STEPS
    dim = "effectiveness_begins"
    model.add_coord(dim, starts)
    step = prior(design, "effectiveness_step", dims=dim)
    own_step = prior(design, "effectiveness_own_step", dims=("channel", dim))
    steps = (step + own_step) / np.sqrt(STEPS)
    ramps = pt.clip((model["elapsed"][:, None] - starts) * STEPS, 0.0, 1.0) - _ramp_means(starts)
    path = pt.exp((ramps[:, None, :] * steps).sum(-1))
    return pm.Deterministic("effectiveness", path, dims=("time", "channel"))[:, None, :]


def _ramp_means(starts: np.ndarray) -> np.ndarray:
    """Mean of each ramp over the fitted weeks, whichever weeks are evaluated."""
    return np.maximum(1 - starts - 1 / (2 * STEPS), 0.0)
