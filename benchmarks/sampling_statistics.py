"""Statistics of a fit: what sampling cost, and the quality of the draws."""

from __future__ import annotations

import arviz_stats as azs
import xarray as xr


def summarise_sampling(tree: xr.DataTree) -> dict[str, float]:
    """Seconds, leapfrog steps, divergences, and the worst R-hat and bulk-ESS of any parameter.

    Parameters
    ----------
    tree : xarray.DataTree
        Result of `mmm_bayes.inference.sampling.sample`.
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
