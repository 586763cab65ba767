"""Decomposition of the expected outcome by week into baseline and channels, nothing counted twice.

A cause's total effect runs partly through the mediator, and so does the mediator's: stacking
the totals would count that part twice. Here each channel is stacked with its direct effect, and
the mediator with its total, split into the part that the causes raised and its own.
"""

from __future__ import annotations

import xarray as xr

BASELINE = "baseline"
THROUGH = "raised by the causes"


def decompose_outcome(
    baseline: xr.DataArray,
    weekly: xr.Dataset,
    outcome_location: xr.DataArray,
    *,
    mediator: str = "",
) -> xr.DataArray:
    """Split the expected outcome of each week into parts that add up to it.

    The parts of the mediator that would be negative are set to zero. Where effects multiply
    (log link), what the channels add one at a time is not what they add jointly: the joint
    addition, `outcome_location - baseline`, is then shared out in proportion to the parts.

    Parameters
    ----------
    baseline : xarray.DataArray, dims (time,)
        The outcome without any media.
    weekly : xarray.Dataset
        `total`, `direct`, `indirect`, dims (time, channel).
    outcome_location : xarray.DataArray, dims (time,)
        The outcome with media.
    mediator : str
        Its name, "" if there is none.

    Returns
    -------
    xarray.DataArray, dims (part, time)
        "baseline", then each channel, then "raised by the causes": the part of the mediator's
        effect that the causes raised.
    """
    direct = weekly["direct"].transpose("channel", "time")
    parts = {str(name): direct.sel(channel=name, drop=True) for name in direct["channel"].values}
    if mediator:
        total = weekly["total"].sel(channel=mediator, drop=True).clip(min=0)
        indirect = weekly["indirect"].drop_sel(channel=mediator).sum("channel")
        through = indirect.clip(min=0, max=total)
        del parts[mediator]
        parts |= {mediator: total - through, THROUGH: through}
    media = xr.concat([part.clip(min=0) for part in parts.values()], "part", coords="minimal",
                      compat="override")  # fmt: skip
    joint = outcome_location - baseline
    separate = media.sum("part")
    media = media * (joint / separate.where(separate > 0, 1.0)).where(separate > 0, 0.0)
    rest = outcome_location - media.sum("part")
    stack = xr.concat([rest, media], "part", coords="minimal", compat="override")
    return stack.assign_coords(part=[BASELINE, *parts]).transpose("part", "time")
