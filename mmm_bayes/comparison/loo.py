"""Leave-one-week-out prediction whose unreliable weeks are replaced by exact ones.

A week is left out whole, all its units: they share what disturbs the week. Pareto-smoothed
importance sampling is reliable for one whose weights' tail has a shape k of at most 0.7. Above it
the model is fitted again without that week (Vehtari, Gelman, Gabry 2017,
*Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC*; Vehtari,
Simpson, Gelman, Yao, Gabry 2024, *Pareto smoothed importance sampling*).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.loo import psis


@dataclass(frozen=True)
class LeaveOneOut:
    """How well each week is predicted from the other weeks.

    Attributes
    ----------
    elpd : arviz_stats.ELPDDataLOO
        With its pointwise values ``elpd_i (time)``.
    pareto_k : xarray.DataArray, dims (time,)
        As importance sampling found it, before any refit.
    refitted : xarray.DataArray of bool, dims (time,)
        Weeks that are exact now.
    """

    elpd: Any
    pareto_k: xr.DataArray
    refitted: xr.DataArray

    @property
    def bad(self) -> xr.DataArray:
        """Weeks that importance sampling can't be trusted with."""
        return self.pareto_k > self.elpd.good_k

    @property
    def left_bad(self) -> int:
        """Number of weeks that are neither reliable nor exact."""
        return int((self.bad & ~self.refitted).sum())

    @property
    def weeks(self) -> np.ndarray:
        """Weeks that need a refit."""
        return self.bad["time"].values[(self.bad & ~self.refitted).values]


def leave_one_out(tree: xr.DataTree, kept: np.ndarray | None = None) -> LeaveOneOut:
    """PSIS-LOO of the outcome, every week by itself.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups ``posterior`` and ``log_likelihood``, the latter with ``outcome``.
    kept : array of bool, shape (time,), optional
        Weeks that are scored; all of them if left out.
    """
    if kept is not None:
        likelihood = tree["log_likelihood"].to_dataset()[["outcome"]].isel(time=kept)
        posterior = tree["posterior"].to_dataset()
        tree = xr.DataTree.from_dict({"posterior": posterior, "log_likelihood": likelihood})
    # The weights of every draw are as large as the likelihood, and not needed.
    slim = replace(psis(tree), log_weights=None)
    return LeaveOneOut(slim, slim.pareto_k, xr.zeros_like(slim.pareto_k, dtype=bool))


def exact(found: LeaveOneOut, refits: Any) -> LeaveOneOut:
    """Replace each unreliable week by its value in a fit which did not see it.

    Parameters
    ----------
    found : LeaveOneOut
    refits : arviz_stats.SamplingWrapper
    """
    bad = found.bad
    corrected = azs.reloo(
        refits,
        loo_orig=replace(found.elpd, pareto_k=found.pareto_k),
        var_name="outcome",
        k_threshold=found.elpd.good_k,
        pointwise=True,
    )
    values = corrected.elpd_i.values
    # ArviZ divides by n - 1 here and by n in every other estimate: by n, they compare.
    corrected = replace(corrected, se=float(np.sqrt(values.size * values.var())))
    return LeaveOneOut(corrected, found.pareto_k, bad)
