"""Dependence of the effect of a mediator, or a channel set by demand, on demand in no column.

What demand brings and what the spend brings are told apart by little, so the posterior of the
spend's effect falls as that of demand's strength rises. The check says how far: the effect that
the same fit gives where demand is weak and where it is strong, by a regression of the draws of the
one on those of the other. It is a statement about this posterior, whose prior on the strength is
part of the model.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.diagnostics.check import Check, Status
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.text import number, percent

GROUP = "demand"
#: Ratio of the spend's effect where demand is weak to that where it is strong.
RATIO_MAX = 2.0


def moved_spends(tree: xr.DataTree) -> tuple[str, ...]:
    """Channels whose spend unseen demand may move in a fit: the mediator, those set by demand.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit.
    """
    mediates = tree.attrs.get("mediator") and "mediator" in tree["observed_data"]
    mediator = (str(tree.attrs["mediator"]),) if mediates else ()
    data = tree["constant_data"].to_dataset() if "constant_data" in tree.children else {}
    return (*mediator, *(map(str, data["demanded"].values) if "demanded" in data else ()))


def demand_shares(posterior: xr.Dataset, spends: tuple[str, ...]) -> xr.DataArray:
    """Strength of unseen demand by spend, dims (chain, draw, moved).

    Parameters
    ----------
    posterior : xarray.Dataset
        With ``rho``, and ``demand_share`` if demand may move several spends.
    spends : tuple of str
        As `moved_spends` returns them.
    """
    return posterior.get("demand_share", posterior["rho"].expand_dims(moved=list(spends)))


def demand_checks(tree: xr.DataTree, effects: xr.Dataset) -> list[Check]:
    """Checks that effects of spends which demand moves do not hang on the strength of demand.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit; its attributes name the mediator and the outcome.
    effects : xarray.Dataset
        As `Effects.draws`: ``total`` (chain, draw, unit, channel), the last unit their sum.
    """
    mediator, outcome = tree.attrs.get("mediator"), str(tree.attrs.get("outcome", "outcome"))
    spends = moved_spends(tree)
    if not spends or "total" not in effects:
        return []
    posterior = tree["posterior"].to_dataset()
    if "rho" not in posterior:
        message = (
            f"This fit assumes that no unseen demand moves both {mediator} and {outcome}; if one "
            f"does, the effect of {mediator} and what others do through it are too large."
        )
        return [Check(GROUP, str(mediator), None, None, "warn", message)]
    share = demand_shares(posterior, spends)
    total = effects["total"].isel(unit=-1, drop=True)
    return [
        _strength_check(
            total.sel(channel=spend, drop=True), share.sel(moved=spend, drop=True),
            spend=spend, outcome=outcome, mediates=spend == mediator,
        )
        for spend in spends
    ]  # fmt: skip


def _strength_check(
    total: xr.DataArray, share: xr.DataArray, *, spend: str, outcome: str, mediates: bool
) -> Check:
    """Check of one spend, from draws (chain, draw) of its total effect and demand's share."""
    effect, strength = total.transpose(*share.dims).values.ravel(), share.values.ravel()
    lower, median, upper = np.quantile(strength, (INTERVAL[0], 0.5, INTERVAL[1]))
    weak, strong = effect_at(effect, strength, np.array([lower, upper]))
    ratio = float(weak / strong) if strong > 0 and weak > 0 else np.inf
    status: Status = "warn" if ratio > RATIO_MAX or ratio < 1 / RATIO_MAX else "pass"
    message = (
        f"Demand that is in no column makes {percent(median)} ({percent(lower)} to "
        f"{percent(upper)}, 90%) of what is left unexplained of both {spend} and {outcome}; the "
        f"total effect of {spend} is {number(weak)} at {percent(lower)} and {number(strong)} at "
        f"{percent(upper)}"
    )
    if status == "warn":
        message += ", and what others do through it changes with it" if mediates else ""
        message += (
            ": a lift test of its own would tell, or weeks in which a test set it (designed), or "
            "what you know of the strength, under [demand]"
        )
    return Check(GROUP, spend, ratio, RATIO_MAX, status, f"{message}.")


def effect_at(
    effect: NDArray[np.float64], strength: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected effect of draws at given values of the strength, by local linear regression.

    Parameters
    ----------
    effect, strength : array, shape (sample,)
    at : array, shape (value,)

    Returns
    -------
    array, shape (value,)
    """
    width = strength.std() * len(strength) ** -0.2
    found = []
    for value in at:
        distance = (strength - value) / max(width, np.finfo(float).tiny)
        root = np.exp(-(distance**2) / 4)  # of the weights, a normal kernel
        columns = np.column_stack([np.ones_like(distance), distance]) * root[:, None]
        found.append(np.linalg.lstsq(columns, effect * root, rcond=None)[0][0])
    return np.array(found)
