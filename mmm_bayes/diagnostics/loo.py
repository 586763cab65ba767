"""How well each week would be predicted from the others, without refitting.

Pareto-smoothed importance sampling (Vehtari, Gelman, Gabry 2017, *Practical Bayesian model
evaluation using leave-one-out cross-validation and WAIC*).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import Check

GROUP = "loo"
SEVERAL = 0.05  # share of weeks whose estimate may be unreliable before it is worth a warning


@dataclass(frozen=True)
class Loo:
    """Leave-one-out prediction of the outcome.

    Attributes
    ----------
    elpd, se : float
        Expected log predictive density of a week (all its units together), summed over weeks, and
        its standard error; larger is better.
    p : float
        Effective number of parameters.
    good_k : float
        Largest shape of the importance weights' tail that is reliable: 0.7, less for few draws.
    pareto_k : xarray.DataArray, dims (time,)
    """

    elpd: float
    se: float
    p: float
    good_k: float
    pareto_k: xr.DataArray

    @property
    def share_unreliable(self) -> float:
        """Share of weeks whose shape is above `good_k`."""
        return float((self.pareto_k > self.good_k).mean())


def leave_one_out(tree: xr.DataTree) -> Loo | None:
    """PSIS-LOO of the outcome; None without a pointwise log-likelihood that is finite."""
    if "log_likelihood" not in tree.children or "outcome" not in tree["log_likelihood"]:
        return None
    if not np.isfinite(tree["log_likelihood"].to_dataset()["outcome"].values).all():
        return None
    found = psis(tree)
    return Loo(
        float(found.elpd), float(found.se), float(found.p), float(found.good_k), found.pareto_k
    )


def psis(tree: xr.DataTree) -> Any:
    """ArviZ's estimate for the outcome, week by week, without its warnings.

    Returns
    -------
    arviz_stats.ELPDDataLOO
        What ArviZ would warn of is in its ``pareto_k``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return azs.loo(tree, var_name="outcome", pointwise=True)


def loo_checks(found: Loo | None) -> list[Check]:
    """Warn where too many weeks sway the fit for the estimate to be trusted."""
    if found is None:
        return []
    share = found.share_unreliable
    size = found.pareto_k.size
    number = round(share * size)
    good = share <= SEVERAL
    says = f"Leave-one-out prediction is reliable for all but {number} of {size} weeks"
    if not good:
        says = (
            f"{number} of {size} weeks sway the fit so much that their "
            "leave-one-out prediction is unreliable: compare models by the holdout instead"
        )
    return [Check(GROUP, "pareto_k", share, SEVERAL, "pass" if good else "warn", f"{says}.")]
