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

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.estimands.effects import EFFECTS, append_total, contrast, label_draws
from mmm_bayes.model.counterfactual import (
    Counterfactual,
    location_under,
    observed_location,
    outcome_change,
    take_draws,
)

Array = NDArray[Any]

CONTRASTS = ("observed", "plus20", "minus20")
#: Quantile of a channel's exposure that stands for its least.
LOWEST = 0.1
#: Relative change of exposure.
STEP = 0.2
#: Draws of the posterior that are evaluated.
DRAWS = 1000


def supported_effects(counterfactual: Counterfactual) -> tuple[xr.Dataset, xr.Dataset]:
    """Effects of each channel within what was observed, and of all channels together.

    Returns
    -------
    draws : xarray.Dataset, dims (chain, draw, unit, channel)
        ``total_observed``, ``direct_observed``, ``indirect_observed``, and the same for "plus20"
        and "minus20", summed over the fitted weeks, in the outcome's units. The last is negative
        where advertising works. No more than `DRAWS` draws, as a single chain.
    combined : xarray.Dataset, dims (chain, draw, unit)
        ``total_observed``, ``total_plus20`` and ``total_minus20`` of all channels together, each
        of them changed, the mediator too.
    """
    thinned = take_draws(counterfactual, DRAWS)
    path, lowest = thinned.observed_path, lowest_tenth(thinned.design)
    found: dict[str, list[Array]] = {}
    for index, _ in enumerate(thinned.design.dataset.channels):
        own = path[..., index]
        pairs = {
            "observed": (np.broadcast_to(lowest[:, index], own.shape), None, 1),
            "plus20": (None, (1 + STEP) * own, 1),
            "minus20": ((1 - STEP) * own, None, -1),
        }
        for name, (low, high, sign) in pairs.items():
            effects = contrast(thinned, index, low, high)
            for effect in EFFECTS:
                summed = append_total(sign * effects[effect].sum(1))
                found.setdefault(f"{effect}_{name}", []).append(summed)
    draws = {name: np.stack(values, -1) for name, values in found.items()}

    fact = observed_location(thinned)

    def change(other: Array) -> Array:
        """Outcome as it was less that on another path, summed over weeks."""
        location = location_under(thinned, other)
        return append_total(outcome_change(thinned, fact, location).sum(1))

    combined = {
        "total_observed": change(np.broadcast_to(lowest, path.shape)),
        "total_plus20": -change((1 + STEP) * path),
        "total_minus20": -change((1 - STEP) * path),
    }
    return label_draws(thinned, draws), label_draws(thinned, combined)


def lowest_tenth(design: Design) -> Array:
    """Exposure of each channel that a tenth of its weeks do not exceed, in active means.

    Returns
    -------
    array, shape (unit, channel)
    """
    path = design.observed_path[design.form.max_lag - 1 :]
    return np.asarray(np.quantile(path, LOWEST, axis=0, method="lower"))
