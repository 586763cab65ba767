"""What changes a channel's effect from week to week: interactions with controls and the season.

    effectiveness_ct = exp(sum_k delta_ck z_kt)

multiplies the channel's response before `contribution` divides by its mean, so that ``beta`` stays
the mean contribution and ``delta`` says how it is spread over the weeks. ``z`` is centred and in
standard deviations: 0 is a week like the mean one.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.design import Design
from mmm_bayes.terms.priors import prior


def modulation(design: Design) -> Any:
    """Effectiveness of each channel by week, as the interactions of the description have it.

    Parameters
    ----------
    design : Design

    Returns
    -------
    TensorVariable, shape (time, unit, channel)
        Positive, 1 for a channel that interacts with nothing; the number 1 where none does.
    """
    if "modulators" not in design.arrays:
        return 1.0
    model = pm.modelcontext(None)
    delta = prior(design, "modulation_effect", dims="modulation")
    of_channel = (delta[:, None] * model["modulated"]).T  # (channel, modulation)
    return pt.exp((model["modulators"][:, :, None, :] * of_channel).sum(-1))
