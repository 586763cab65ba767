"""Leave-one-week-out cross-validation, with exact refits for unreliable weeks.

All units of a week are left out together, since they share the disturbances of that week.
Pareto-smoothed importance sampling is reliable for weeks with a Pareto k of at most 0.7; for the
others the model is fitted again without the week (Vehtari, Gelman, Gabry 2017, *Practical Bayesian
model evaluation using leave-one-out cross-validation and WAIC*; Vehtari, Simpson, Gelman, Yao,
Gabry 2024, *Pareto smoothed importance sampling*).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.loo import psis_loo


@dataclass(frozen=True)
class LeaveOneOut:
    """ELPD of each week given the other weeks.

    Attributes
    ----------
    elpd : arviz_stats.ELPDDataLOO
        With pointwise values ``elpd_i (time)``.
    pareto_k : xarray.DataArray, dims (time,)
        Pareto k of importance sampling, before any refit.
    refitted : xarray.DataArray of bool, dims (time,)
        Weeks whose value comes from an exact refit.
    """

    elpd: Any
    pareto_k: xr.DataArray
    refitted: xr.DataArray

    @property
    def unreliable(self) -> xr.DataArray:
        """True for weeks whose importance sampling estimate is unreliable, dims (time,)."""
        return self.pareto_k > self.elpd.good_k

    @property
    def unresolved(self) -> int:
        """Number of unreliable weeks without an exact refit."""
        return int((self.unreliable & ~self.refitted).sum())

    @property
    def weeks_to_refit(self) -> np.ndarray:
        """Dates of the unreliable weeks without an exact refit."""
        return self.unreliable["time"].values[(self.unreliable & ~self.refitted).values]


def leave_one_out(tree: xr.DataTree, scored: np.ndarray | None = None) -> LeaveOneOut:
    """PSIS-LOO of the outcome by week.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups ``posterior`` and ``log_likelihood``, the latter with ``outcome``.
    scored : array of bool, shape (time,), optional
        Weeks that are scored; all weeks by default.
    """
    if scored is not None:
        likelihood = tree["log_likelihood"].to_dataset()[["outcome"]].isel(time=scored)
        posterior = tree["posterior"].to_dataset()
        tree = xr.DataTree.from_dict({"posterior": posterior, "log_likelihood": likelihood})
    # The importance weights are as large as the likelihood, and are not needed.
    elpd = replace(psis_loo(tree), log_weights=None)
    return LeaveOneOut(elpd, elpd.pareto_k, xr.zeros_like(elpd.pareto_k, dtype=bool))


def refit_unreliable_weeks(loo: LeaveOneOut, refits: Any) -> LeaveOneOut:
    """The estimate with each unreliable week replaced by its value in an exact refit.

    Parameters
    ----------
    loo : LeaveOneOut
        Before any refit.
    refits : arviz_stats.SamplingWrapper
        Fits the model without a week and evaluates the log-likelihood of that week.
    """
    refitted = azs.reloo(
        refits,
        loo_orig=replace(loo.elpd, pareto_k=loo.pareto_k),
        var_name="outcome",
        k_threshold=loo.elpd.good_k,
        pointwise=True,
    )
    values = refitted.elpd_i.values
    # ArviZ divides by n - 1 here but by n in its other estimates; use n throughout.
    refitted = replace(refitted, se=float(np.sqrt(values.size * values.var())))
    return LeaveOneOut(refitted, loo.pareto_k, loo.unreliable)
