"""Data nodes of hypothetical weeks, which differ from an observed week in their exposure.

Response curves, returns, plans and prices all evaluate the model on such weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.data.design import Design, data_names

Array = NDArray[Any]


def mean_week(design: Design, rows: slice = slice(None)) -> dict[str, Array]:
    """Data nodes of the mean of some fitted weeks, without exposure and at the last week's time.

    Where effects change over time, future weeks have the effects of the last week.

    Parameters
    ----------
    rows : slice
        Rows among the fitted weeks; all of them if left out.

    Returns
    -------
    dict of str to array
        Nodes with a time axis have one week.
    """
    arrays = design.arrays[[name for name in data_names(design) if name != "exposure_lags"]]
    week = {
        str(name): values.values[rows].mean(0, keepdims=True)
        if "time" in values.dims
        else values.values
        for name, values in arrays.items()
    }
    return week | {"elapsed": arrays["elapsed"].values[-1:]}


def hypothetical_weeks(
    design: Design,
    week: Mapping[str, Array],
    exposure: Array | Callable[[slice], Array],
    number: int,
) -> dict[str, Any]:
    """Data nodes of hypothetical weeks.

    Parameters
    ----------
    week : mapping of str to array
        Data nodes except exposure; a node with a time axis has one week, which is repeated, or
        `number` weeks.
    exposure : array, shape (week, unit, channel, lag), or callable
        In active means; a callable returns the exposures for a slice of the samples, shape
        (sample, week, unit, channel, lag).
    number : int
        Number of weeks.

    Returns
    -------
    dict
        Every data node, as `mmm_bayes.model.evaluation.GraphFunction` takes them; exposure has a
        value for each draw.
    """
    timed = {name for name in week if "time" in design.arrays[name].dims}
    data: dict[str, Any] = {
        name: np.broadcast_to(values, (number, *values.shape[1:])) if name in timed else values
        for name, values in week.items()
    }

    if callable(exposure):
        return data | {"exposure_lags": exposure}
    lags = exposure

    def repeat(rows: slice) -> Array:
        return np.broadcast_to(lags, (rows.stop - rows.start, *lags.shape))

    return data | {"exposure_lags": repeat}
