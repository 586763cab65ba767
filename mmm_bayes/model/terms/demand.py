"""Demand that no column holds: a common cause of the mediator's and the outcome's disturbances.

    z_t = sqrt(s_M) d_t + sqrt(1 - s_M) u_t                                      mediator
    e_t = sqrt(s) (sqrt(1 - w) d_t + sqrt(w) d_{t-1}) + sqrt(1 - s) v_t          outcome

in standard deviations of the innovations. People search when they want a thing, and buy it in the
same step or in the next: demand ``d`` makes a share ``s_M`` of what is left unexplained of the
spend on their searches, and a share ``s`` of what is left of the outcome, ``w`` of it a step later.
The data tell of ``rho = sqrt(s s_M)`` alone, which is that share where it is the same in both:

    e_t | z ~ D(rho (sqrt(1 - w) z_t + sqrt(w) z_{t-1}), sqrt(1 - rho^2))

The density is that of the mediator times that of the outcome given the mediator, so no latent
series is sampled, and demand remembers as the disturbances do. What the mediator does not reveal of
the last step's demand is taken for chance of this step. ``rho`` and the mediator's effect on the
outcome are told apart by the curve and the carryover of that effect, by what is known of returns,
and by tests.

Source: Imai, Keele, Yamamoto (2010), *Identification, inference and sensitivity analysis for causal
mediation effects*, Statistical Science 25, section 5, where ``rho`` is assumed and not estimated.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.parameters import prior


def given_demand(design: Design, disturbance: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of the outcome's disturbance given that of the mediator.

    Declares ``rho`` and ``demand_delay``, which is ``w``; without unseen demand ``rho`` is a data
    node and nothing is delayed.

    Parameters
    ----------
    disturbance : TensorVariable, shape (time, unit)
        Innovation of the mediator in standard deviations; 0 where the mediator reveals nothing of
        it.

    Returns
    -------
    mean, deviation : TensorVariable, shape (time, unit)
        In standard deviations of the outcome's innovation.
    """
    data = pm.modelcontext(None)
    if design.form.demand == "none":
        rho = data["rho"] * pt.neq(disturbance, 0.0)
        return rho * disturbance, pt.sqrt(1 - rho**2)
    rho, delay = prior(design, "rho"), prior(design, "demand_delay")
    last = pt.concatenate([disturbance[:1], disturbance[:-1]])
    last = pt.switch(pt.eq(data["gap"][:, None], 1.0), last, 0.0)
    mean = pt.sqrt(1 - delay) * disturbance + pt.sqrt(delay) * last
    revealed = (1 - delay) * pt.neq(disturbance, 0.0) + delay * pt.neq(last, 0.0)
    return rho * mean, pt.sqrt(1 - rho**2 * revealed)
