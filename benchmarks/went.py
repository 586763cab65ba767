"""How a fit went: what it cost, and what its draws are worth."""

from __future__ import annotations

import arviz_stats as azs
import xarray as xr


def went(tree: xr.DataTree) -> dict[str, float]:
    """Seconds, leapfrog steps, divergences, and the worst R-hat and bulk-ESS of any parameter.

    Parameters
    ----------
    tree : xarray.DataTree
        Of `mmm_bayes.sampling.sample`.
    """
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    smallest = min(float(value.min()) for value in azs.ess(posterior).values())
    return {
        "seconds": tree.attrs["sampling_seconds"],
        "steps a draw": float(stats["n_steps"].mean()),
        "divergences": int(stats["diverging"].sum()),
        "largest R-hat": max(float(value.max()) for value in azs.rhat(posterior).values()),
        "smallest ESS": smallest,
        "ESS a second": smallest / tree.attrs["sampling_seconds"],
    }
