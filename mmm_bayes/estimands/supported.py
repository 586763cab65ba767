"""Effects within the range of what was observed, where the data support them.

The total effect of a channel compares the fitted weeks with the same weeks without it. Where a
channel is never off, the table has no such week, and all that is said of it depends on the foot of
the saturation curve. These contrasts stay inside the observed range, or near it:

    observed    exposure as it was, against the same weeks at the channel's lowest observed tenth
    plus20      20% more in every week, against as it was
    minus20     20% less in every week, against as it was

The lowest tenth is the 10% quantile of a channel's weekly exposure in each unit, held constantly,
carryover from earlier weeks included. It is 0 for a channel that is off in a tenth of the weeks,
whose observed contrast is its total effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.estimands.effects import (
    EFFECTS,
    append_total,
    contrast,
    joint_contrast,
    label_draws,
)
from mmm_bayes.model.counterfactual import Counterfactual, take_draws

Array = NDArray[Any]

CONTRASTS = ("observed", "plus20", "minus20")
#: Quantile of a channel's exposure that stands for its least.
LOWEST = 0.1
#: Relative change of exposure.
STEP = 0.2
#: Draws of the posterior that are evaluated.
DRAWS = 1000


def supported_effects(
    counterfactual: Counterfactual, contrasts: Sequence[str] = CONTRASTS
) -> tuple[xr.Dataset, xr.Dataset]:
    """Effects of each channel within what was observed, and of all channels together.

    Parameters
    ----------
    contrasts : sequence of str
        Some of `CONTRASTS`.

    Returns
    -------
    draws : xarray.Dataset, dims (chain, draw, unit, channel)
        ``total_observed``, ``direct_observed``, ``indirect_observed``, and the same for "plus20"
        and "minus20", summed over the fitted weeks, in the outcome's units. The last is negative
        where advertising works. No more than `DRAWS` draws.
    combined : xarray.Dataset, dims (chain, draw, unit)
        ``total_observed``, ``total_plus20`` and ``total_minus20`` of all channels together, each
        of them changed, the mediator too.
    """
    thinned = take_draws(counterfactual, DRAWS)
    path = thinned.observed_path
    lowest = np.broadcast_to(lowest_tenth(thinned.design), path.shape)
    pairs = {
        "observed": (lowest, None, 1),
        "plus20": (None, (1 + STEP) * path, 1),
        "minus20": ((1 - STEP) * path, None, -1),
    }
    draws: dict[str, Array] = {}
    combined: dict[str, Array] = {}
    for name in contrasts:
        low, high, sign = pairs[name]
        summed: dict[str, list[Array]] = {effect: [] for effect in EFFECTS}
        for index, _ in enumerate(thinned.design.dataset.channels):
            own = (None if history is None else history[..., index] for history in (low, high))
            effects = contrast(thinned, index, *own)
            for effect, values in summed.items():
                values.append(append_total(sign * effects[effect].sum(1)))
        draws |= {f"{effect}_{name}": np.stack(values, -1) for effect, values in summed.items()}
        combined[f"total_{name}"] = sign * joint_contrast(thinned, low, high)
    return label_draws(thinned, draws), label_draws(thinned, combined)


def lowest_tenth(design: Design) -> Array:
    """Exposure of each channel that a tenth of its weeks do not exceed, in active means.

    Returns
    -------
    array, shape (unit, channel)
    """
    path = design.observed_path[design.form.max_lag - 1 :]
    return np.asarray(np.quantile(path, LOWEST, axis=0, method="lower"))
