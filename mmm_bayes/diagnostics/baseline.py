"""Sign of the baseline: the outcome that a fit expects of each week without any media.

An outcome that is never negative has no week below zero without media either, and effects that add
up do not know that: a model may give media more than the whole outcome of a week and make up for it
with a negative baseline. One such week is noise; many of them mean that media are credited with
what something else brought. A week counts if more than half of the posterior of its baseline lies
below zero.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import Check, Status
from mmm_bayes.text import percent

GROUP = "baseline"
#: Share of the weeks with a negative baseline above which the check warns.
NEGATIVE_MAX = 0.05


def baseline_checks(tree: xr.DataTree, weekly: xr.Dataset) -> list[Check]:
    """Check that the baseline is seldom negative.

    There is no check where the outcome itself is negative in some week, nor where the model allows
    no negative baseline: under a log link, and with a floor.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with its group ``observed_data``.
    weekly : xarray.Dataset
        As `Effects.weekly`: ``baseline`` (statistic, time, unit), in units of the outcome. Each
        unit of a panel is judged by itself.
    """
    observed = tree["observed_data"].to_dataset()["outcome"]
    bounded = tree.attrs.get("link") == "log" or "floor" in tree.attrs
    if "baseline" not in weekly or bounded or bool((observed < 0).any()):
        return []
    median, upper = (weekly["baseline"].sel(statistic=name).values for name in ("median", "upper"))
    share, surely = float(np.mean(median < 0)), float(np.mean(upper < 0))
    status: Status = "warn" if share > NEGATIVE_MAX else "pass"
    outcome = str(tree.attrs.get("outcome", "outcome"))
    message = f"Without media the model expects {outcome} below zero in {percent(share)} of weeks"
    if status == "warn":
        message += (
            f" (in {percent(surely)} the whole 90% interval), which cannot be: it credits media "
            "with what something else brought, so believe no total; add the trend, season or "
            "controls that are missing, use a log link, or narrow media_share in [priors]"
        )
    return [Check(GROUP, "negative", share, NEGATIVE_MAX, status, f"{message}.")]
