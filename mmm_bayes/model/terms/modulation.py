"""Modulation of a channel's effect by controls and the season: the interactions of channels.

    effectiveness_ct = exp(sum_k delta_ck z_kt)

multiplies the channel's response before `contribution` divides by its mean, so that ``beta`` stays
the mean contribution and ``delta`` describes how it varies over the weeks. ``z`` is centred and in
standard deviations: 0 is an average week.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.parameters import prior


def modulation(design: Design) -> Any:
    """Declare the factors on the channels' responses from the description's interactions.

    Returns
    -------
    TensorVariable, shape (time, unit, channel)
        Positive; 1 for a channel without interactions. The number 1 if no channel has any.
    """
    if "modulators" not in design.arrays:
        return 1.0
    model = pm.modelcontext(None)
    delta = prior(design, "modulation_effect", dims="modulation")
    by_channel = (delta[:, None] * model["modulated"]).T  # (channel, modulation)
    return pt.exp((model["modulators"][:, :, None, :] * by_channel).sum(-1))
