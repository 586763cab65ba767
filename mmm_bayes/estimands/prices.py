"""Cost of exposure: CPM, the cost per thousand units, by week.

    CPM = 1000 * spend / exposure

Exposure drives the response but a return is relative to spend, so a channel whose price varies has
a higher return in cheap weeks for the same response.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.design import Design
from mmm_bayes.data.profiles import variable_price_channels


def cost_per_thousand(design: Design) -> xr.Dataset:
    """Cost per thousand of each channel that has an exposure besides its spend.

    Returns
    -------
    xarray.Dataset
        ``cpm`` (time, unit, channel) over the fitted weeks, money per thousand units of exposure,
        NaN in a week without exposure; the last unit of a panel, "all", has total spend over total
        exposure. Without channels whose exposure is proportional to their spend; empty if none is
        left.
    """
    channels = variable_price_channels(design.dataset)
    if not channels:
        return xr.Dataset()
    data = design.dataset.data.isel(time=design.weeks).sel(channel=channels)
    amounts = data[["spend", "exposure"]].drop_vars("role")
    if amounts.sizes["unit"] > 1:
        total = amounts.sum("unit").expand_dims(unit=[ALL_UNITS])
        amounts = xr.concat([amounts, total], "unit").transpose("time", "unit", "channel")
    exposure = amounts["exposure"].where(amounts["exposure"] > 0, np.nan)
    return (1000 * amounts["spend"] / exposure).to_dataset(name="cpm")
