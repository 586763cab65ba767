"""Demand that no column holds: a common cause of spends' and the outcome's disturbances.

    z_t = sqrt(s_M) d_t + sqrt(1 - s_M) u_t                                      spend
    e_t = sqrt(s) (sqrt(1 - w) d_t + sqrt(w) d_{t-1}) + sqrt(1 - s) v_t          outcome

in standard deviations of the innovations. People search when they want a thing, and buy it in the
same step or in the next: demand ``d`` makes a share ``s_M`` of what is left unexplained of the
spend on their searches, and a share ``s`` of what is left of the outcome, ``w`` of it a step later.
The data tell of ``rho = sqrt(s s_M)`` alone, which is that share where it is the same in both:

    e_t | z ~ D(rho (sqrt(1 - w) z_t + sqrt(w) z_{t-1}), sqrt(1 - rho^2))

The density is that of the spend times that of the outcome given the spend, so no latent series is
sampled, and demand remembers as the disturbances do. What the spend does not reveal of the last
step's demand is taken for chance of this step. ``rho`` and the spend's effect on the outcome are
told apart by the curve and the carryover of that effect, by what is known of returns, and by tests.

Where demand may move several spends (the mediator's, and those of channels that are set by demand),
each reveals a part of it: ``z_t = sum_i l_i z_it`` with ``sum_i l_i^2 = 1``, so that the
correlation of the outcome with spend ``i`` is ``rho l_i``. All directions of ``l`` that are
positive are equally likely.

Source: Imai, Keele, Yamamoto (2010), *Identification, inference and sensitivity analysis for causal
mediation effects*, Statistical Science 25, section 5, where ``rho`` is assumed and not estimated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.autoregression import row_before
from mmm_bayes.model.terms.parameters import prior
from mmm_bayes.model.terms.spends import spend_disturbances


def revealing_disturbances(design: Design, mediator: Any = None) -> Any:
    """Disturbances of the spends that demand may move, which reveal it.

    Declares the equations of the channels that are set by demand, and the coordinate ``moved`` of
    the spends' names.

    Parameters
    ----------
    mediator : TensorVariable, shape (time, unit), optional
        Disturbance of the mediator, as `mmm_bayes.model.terms.mediator` returns it.

    Returns
    -------
    TensorVariable, shape (time, unit, moved), or None
        In standard deviations; 0 where a spend reveals nothing. None if demand moves no spend.
    """
    names = [] if mediator is None else [str(design.mediator)]
    parts = [] if mediator is None else [mediator[..., None]]
    if design.demanded:
        names += design.demanded
        parts.append(spend_disturbances(design))
    if not parts:
        return None
    pm.modelcontext(None).add_coord("moved", names)
    return parts[0] if len(parts) == 1 else pt.concatenate(parts, axis=-1)


def given_demand(design: Design, disturbances: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of the outcome's disturbance given those of spends.

    Declares ``rho`` and ``demand_delay``, which is ``w``, and for several spends
    ``demand_loading`` and the correlations ``demand_share``, which are ``rho l``; without unseen
    demand ``rho`` is a data node and nothing is delayed.

    Parameters
    ----------
    disturbances : TensorVariable, shape (time, unit, moved)
        As `revealing_disturbances` returns them.

    Returns
    -------
    mean, deviation : TensorVariable, shape (time, unit)
        In standard deviations of the outcome's innovation.
    """
    data = pm.modelcontext(None)
    if design.form.demand == "none":
        disturbance = disturbances[..., 0]
        rho = data["rho"] * pt.neq(disturbance, 0.0)
        return rho * disturbance, pt.sqrt(1 - rho**2)
    share, delay = _shares(design, len(data.coords["moved"])), prior(design, "demand_delay")
    last = pt.switch(pt.eq(data["gap"][:, None, None], 1.0), row_before(disturbances), 0.0)
    mean = (share * (pt.sqrt(1 - delay) * disturbances + pt.sqrt(delay) * last)).sum(-1)
    revealed = (1 - delay) * pt.neq(disturbances, 0.0) + delay * pt.neq(last, 0.0)
    return mean, pt.sqrt(1 - (share**2 * revealed).sum(-1))


def _shares(design: Design, number: int) -> Any:
    """Correlations of the outcome's disturbance with those of the spends, shape (moved,)."""
    rho = prior(design, "rho")
    if number == 1:
        return rho * np.ones(1)
    loading = prior(design, "demand_loading", dims="moved")
    loading = loading / pt.sqrt((loading**2).sum())
    return pm.Deterministic("demand_share", rho * loading, dims="moved")
