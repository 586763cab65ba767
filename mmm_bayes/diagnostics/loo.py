"""Leave-one-week-out prediction by Pareto-smoothed importance sampling, without refits.

Source: Vehtari, Gelman, Gabry (2017), *Practical Bayesian model evaluation using leave-one-out
cross-validation and WAIC*.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import Check, Status

GROUP = "loo"
#: Share of weeks with an unreliable estimate above which the check warns.
UNRELIABLE_SHARE_MAX = 0.05


@dataclass(frozen=True)
class Loo:
    """Leave-one-out prediction of the outcome.

    Attributes
    ----------
    elpd, se : float
        Expected log predictive density of a week (all units jointly), summed over weeks, and its
        standard error; larger is better.
    p : float
        Effective number of parameters.
    good_k : float
        Largest Pareto k that is reliable: 0.7, less for few draws.
    pareto_k : xarray.DataArray, dims (time,)
        Tail shape of each week's importance weights.
    """

    elpd: float
    se: float
    p: float
    good_k: float
    pareto_k: xr.DataArray

    @property
    def share_unreliable(self) -> float:
        """Share of weeks whose Pareto k is above `good_k`."""
        return float((self.pareto_k > self.good_k).mean())


def leave_one_out(tree: xr.DataTree) -> Loo | None:
    """PSIS-LOO of the outcome; None without a finite pointwise log-likelihood.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups ``posterior`` and, if present, ``log_likelihood`` with ``outcome``.
    """
    if "log_likelihood" not in tree.children or "outcome" not in tree["log_likelihood"]:
        return None
    if not np.isfinite(tree["log_likelihood"].to_dataset()["outcome"].values).all():
        return None
    loo = psis_loo(tree)
    return Loo(float(loo.elpd), float(loo.se), float(loo.p), float(loo.good_k), loo.pareto_k)


def psis_loo(tree: xr.DataTree) -> Any:
    """Pointwise PSIS-LOO estimate of the outcome by ArviZ, without its warnings.

    Weeks that are in no likelihood, because a lift test replaces their outcome, are left out.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups ``posterior`` and ``log_likelihood``, the latter with ``outcome``.

    Returns
    -------
    arviz_stats.ELPDDataLOO
        Unreliable weeks, which ArviZ warns of, have a large ``pareto_k``.
    """
    likelihood = tree["log_likelihood"].to_dataset()[["outcome"]]
    absent = (likelihood["outcome"] == 0).all(("chain", "draw"))
    if absent.any():
        groups = {"posterior": tree["posterior"].to_dataset()}
        groups["log_likelihood"] = likelihood.isel(time=np.flatnonzero(~absent))
        tree = xr.DataTree.from_dict(groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return azs.loo(tree, var_name="outcome", pointwise=True)


def loo_checks(loo: Loo | None) -> list[Check]:
    """Check that the estimate is reliable for most weeks; no check without one."""
    if loo is None:
        return []
    share = loo.share_unreliable
    size = loo.pareto_k.size
    number = round(share * size)
    good = share <= UNRELIABLE_SHARE_MAX
    message = f"Leave-one-out prediction is reliable for all but {number} of {size} weeks"
    if not good:
        message = (
            f"{number} of {size} weeks influence the fit so much that their leave-one-out "
            "prediction is unreliable: compare models by the holdout instead"
        )
    status: Status = "pass" if good else "warn"
    return [Check(GROUP, "pareto_k", share, UNRELIABLE_SHARE_MAX, status, f"{message}.")]
