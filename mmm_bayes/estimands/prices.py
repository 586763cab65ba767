"""What exposure costs: the price of a thousand units of it, week by week.

    CPM = 1000 * spend / exposure

The response is driven by exposure and a return is measured on spend, so a channel whose price moves
returns more in cheap weeks for the same response.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.dataset.profiling import priced
from mmm_bayes.design import Design


def cost_per_thousand(design: Design) -> xr.Dataset:
    """Cost per thousand of each channel that has an exposure besides its spend.

    Parameters
    ----------
    design : Design

    Returns
    -------
    xarray.Dataset
        ``cpm`` (time, unit, channel) over the fitted weeks, money per thousand units of exposure,
        NaN in a week without exposure; the last unit of a panel, "all", has all spend over all
        exposure. Channels whose exposure is their spend at one fixed price are left out; empty
        where none is left.
    """
    channels = priced(design.dataset)
    if not channels:
        return xr.Dataset()
    data = design.dataset.data.isel(time=design.weeks).sel(channel=channels)
    amounts = data[["spend", "exposure"]].drop_vars("role")
    if amounts.sizes["unit"] > 1:
        whole = amounts.sum("unit").expand_dims(unit=[WHOLE])
        amounts = xr.concat([amounts, whole], "unit").transpose("time", "unit", "channel")
    exposure = amounts["exposure"].where(amounts["exposure"] > 0, np.nan)
    return (1000 * amounts["spend"] / exposure).to_dataset(name="cpm")
