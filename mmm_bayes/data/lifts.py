"""Arrays of the lift tests: position of each test, and exposure under the tested spend.

All tests are padded to the length of the longest, so that one expression serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data import Dataset
from mmm_bayes.data.experiments import THESE_WEEKS, experiment_periods
from mmm_bayes.data.lags import lag_matrix

Array = NDArray[np.float64]

#: Standard error of a test that must not inform a fit: it changes no digit of the posterior.
NO_EVIDENCE = 1e30


def lift_arrays(
    dataset: Dataset, lags: Array, active: Array, weeks: slice = slice(None)
) -> xr.Dataset:
    """Data nodes of the lift tests' likelihood.

    A test counts only if all its weeks are fitted. A test that extends beyond them is kept, so that
    the arrays keep their shapes, but with the standard error `NO_EVIDENCE`: weeks outside a window,
    or held out, must not inform its fit.

    Parameters
    ----------
    lags : array, shape (time, unit, channel, lag)
        Exposure by lag in all weeks of the table, in active means.
    active : array, shape (unit, channel)
        Active means, in original units of exposure.
    weeks : slice
        Rows of the table that are fitted.

    Returns
    -------
    xarray.Dataset
        Empty without experiments; otherwise ``lift_rows (test_week, experiment)``, the position of
        the week among the fitted weeks; ``lift_counts (test_week, experiment, unit)``, 1 where a
        week belongs to the test; ``lift_lags (test_week, experiment, unit, channel, lag)``,
        exposure by lag under the tested spend; ``lift_observed`` and ``lift_error (experiment)``,
        the lift and its standard error; ``mediator_active (unit)``, the mediator's active mean;
        and, if a test was computed from the table's own weeks, ``replaced (time, unit)``, 1 in the
        fitted weeks whose outcome such a test replaces in the likelihood.
    """
    tests, data = dataset.experiments, dataset.data
    number = tests.sizes["experiment"]
    if number == 0:
        return xr.Dataset()
    periods = list(experiment_periods(tests, data))
    longest = max(span.stop - span.start for span, _, _ in periods)
    fitted = range(data.sizes["time"])[weeks]
    rows = np.zeros((longest, number), dtype=np.int32)  # PyMC's integer type
    counts = np.zeros((longest, number, data.sizes["unit"]))
    tested_lags = np.zeros((longest, number, *lags.shape[1:]))
    error = tests["standard_error"].values.copy()
    own = tests["source"].values == THESE_WEEKS
    replaced = np.zeros((data.sizes["time"], data.sizes["unit"]))
    changes = exposure_changes(dataset)
    for test, ((span, unit, channel), change) in enumerate(zip(periods, changes, strict=True)):
        length = span.stop - span.start
        test_weeks = np.minimum(np.arange(span.start, span.start + longest), span.stop - 1)
        rows[:, test] = np.clip(test_weeks - fitted.start, 0, len(fitted) - 1)
        counts[:length, test, unit] = 1.0
        # Carryover of the change itself begins with the test: nothing is changed before it.
        before = np.zeros(lags.shape[-1] - 1)
        change_lags = lag_matrix(np.concatenate([before, change]), lags.shape[-1])
        tested_lags[:, test] = lags[test_weeks]
        tested_lags[:length, test, unit, channel] = np.maximum(
            tested_lags[:length, test, unit, channel] + change_lags / active[unit, channel], 0.0
        )
        if span.start < fitted.start or span.stop > fitted.stop:
            error[test] = NO_EVIDENCE
        elif own[test]:
            replaced[span, unit] = 1.0
    arrays = xr.Dataset(
        {
            "lift_rows": (("test_week", "experiment"), rows),
            "lift_counts": (("test_week", "experiment", "unit"), counts),
            "lift_lags": (("test_week", "experiment", "unit", "channel", "lag"), tested_lags),
            "lift_observed": tests["lift"],
            "lift_error": ("experiment", error),
        },
        coords={"test_week": np.arange(longest)},
    )
    if own.any():
        arrays["replaced"] = (("time", "unit"), replaced[weeks])
    if dataset.mediator is not None:
        mediator = dataset.channels.index(dataset.mediator)
        arrays["mediator_active"] = ("unit", active[:, mediator])
    return arrays


def exposure_changes(dataset: Dataset) -> Iterator[Array]:
    """Change of exposure in each week of each test, shape (week,), in original units.

    The change of spend is distributed over the weeks in proportion to the observed spend, and each
    week's exposure changes in proportion to its spend. Where nothing was spent it is distributed
    evenly, and buys exposure at the channel's average price over the whole table.
    """
    tests, data = dataset.experiments, dataset.data
    spend, exposure = data["spend"].values, data["exposure"].values
    for (weeks, unit, channel), money in zip(
        experiment_periods(tests, data), tests["spend_change"].values, strict=True
    ):
        observed = spend[weeks, unit, channel].sum()
        if observed > 0:
            yield exposure[weeks, unit, channel] * (money / observed)
            continue
        totals = exposure[:, unit, channel].sum(), spend[:, unit, channel].sum()
        if totals[1] == 0:  # a unit that never had the channel: the average over all units
            totals = exposure[..., channel].sum(), spend[..., channel].sum()
        length = weeks.stop - weeks.start
        yield np.full(length, money / length * totals[0] / totals[1])
