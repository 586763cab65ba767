"""Lift tests as arrays of a model: where each test stands, and what its weeks would have had.

All tests are padded to the weeks of the longest, so that one expression serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.dataset import Dataset
from mmm_bayes.dataset.experiments import periods
from mmm_bayes.transforms import lagged

Array = NDArray[np.float64]

#: Standard error given to a test that must not inform a fit: it moves no digit of the posterior.
NO_EVIDENCE = 1e30


def lift_arrays(
    dataset: Dataset, lags: Array, active: Array, weeks: slice = slice(None)
) -> xr.Dataset:
    """What the likelihood of the lift tests needs besides the arrays of the fitted weeks.

    A test counts if all its weeks are fitted. One that reaches outside them is kept, so that the
    arrays keep their shapes, with the standard error `NO_EVIDENCE`: what a window or the fit
    behind a holdout has not seen must not inform it.

    Parameters
    ----------
    dataset : Dataset
    lags : array, shape (time, unit, channel, lag)
        Exposure by lag in all weeks of the table, in active means.
    active : array, shape (unit, channel)
        What an exposure of one active mean is in original units.
    weeks : slice
        Rows of the table that are fitted.

    Returns
    -------
    xarray.Dataset
        Empty without experiments, else: ``lift_rows (test_week, experiment)``, the week's place
        among the fitted weeks; ``lift_counts (test_week, experiment, unit)``, 1 where a week
        belongs to the test; ``lift_lags (test_week, experiment, unit, channel, lag)``, exposure
        by lag had the spend been changed; ``lift_observed`` and ``lift_error (experiment)``, the
        lift and its standard error; and ``mediator_active (unit)``, the mediator's active mean.
    """
    tests, data = dataset.experiments, dataset.data
    number = tests.sizes["experiment"]
    if number == 0:
        return xr.Dataset()
    places = list(periods(tests, data))
    longest = max(span.stop - span.start for span, _, _ in places)
    fitted = range(data.sizes["time"])[weeks]
    rows = np.zeros((longest, number), dtype=np.int32)  # what PyMC keeps integers in
    counts = np.zeros((longest, number, data.sizes["unit"]))
    changed = np.zeros((longest, number, *lags.shape[1:]))
    error = tests["standard_error"].values.copy()
    changes = exposure_changes(dataset)
    for at, ((span, unit, channel), change) in enumerate(zip(places, changes, strict=True)):
        length = span.stop - span.start
        own = np.minimum(np.arange(span.start, span.start + longest), span.stop - 1)
        rows[:, at] = np.clip(own - fitted.start, 0, len(fitted) - 1)
        counts[:length, at, unit] = 1.0
        # Carryover of the change itself begins with the test: nothing is changed before it.
        before = np.zeros(lags.shape[-1] - 1)
        moved = lagged(np.concatenate([before, change]), lags.shape[-1]) / active[unit, channel]
        changed[:, at] = lags[own]
        changed[:length, at, unit, channel] = np.maximum(
            changed[:length, at, unit, channel] + moved, 0.0
        )
        if span.start < fitted.start or span.stop > fitted.stop:
            error[at] = NO_EVIDENCE
    arrays = xr.Dataset(
        {
            "lift_rows": (("test_week", "experiment"), rows),
            "lift_counts": (("test_week", "experiment", "unit"), counts),
            "lift_lags": (("test_week", "experiment", "unit", "channel", "lag"), changed),
            "lift_observed": tests["lift"],
            "lift_error": ("experiment", error),
        },
        coords={"test_week": np.arange(longest)},
    )
    if dataset.mediator is not None:
        mediator = dataset.channels.index(dataset.mediator)
        arrays["mediator_active"] = ("unit", active[:, mediator])
    return arrays


def exposure_changes(dataset: Dataset) -> Iterator[Array]:
    """The change of exposure in each week of each test, shape (week,), in original units.

    The change of spend is spread in proportion to the observed spend, and each week's exposure
    moves in proportion to its spend. Where nothing was spent it is spread evenly, and buys what
    the channel's money buys over the whole table.
    """
    tests, data = dataset.experiments, dataset.data
    spend, exposure = data["spend"].values, data["exposure"].values
    for (weeks, unit, channel), money in zip(
        periods(tests, data), tests["spend_change"].values, strict=True
    ):
        spent = spend[weeks, unit, channel].sum()
        if spent > 0:
            yield exposure[weeks, unit, channel] * (money / spent)
            continue
        bought = exposure[:, unit, channel].sum(), spend[:, unit, channel].sum()
        if bought[1] == 0:  # a unit that never had the channel: as in the others
            bought = exposure[..., channel].sum(), spend[..., channel].sum()
        length = weeks.stop - weeks.start
        yield np.full(length, money / length * bought[0] / bought[1])
