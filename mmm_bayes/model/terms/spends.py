"""Equations of the spends that unseen demand may move, other than the mediator's.

    root_t = intercept + covariates_t . theta + past_t . kappa + shifters_t . zeta + sigma z_t

with ``root`` the square root of a channel's exposure, standardised, and ``past`` the channel's and
the outcome's last week: budgets follow what was spent and what was sold. What is left, ``z``, is a
standard normal variable that demand may move (`mmm_bayes.model.terms.demand`). The shifters move
the spend, and the outcome through it alone, so they tell the spend's part in ``z`` from demand's:
they are instruments. Weeks that tell nothing of demand have ``z = 0`` and no density.

Source: Heckman, Robb (1985), *Alternative methods for evaluating the impact of interventions: an
overview* (control functions), Journal of Econometrics 30.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.demanded import shifts
from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.parameters import prior


def spend_disturbances(design: Design) -> Any:
    """Declare the equations of spends that demand may move, and the potential ``spends``.

    Returns
    -------
    TensorVariable, shape (time, unit, demanded)
        Disturbance of each spend in standard deviations; 0 in weeks that tell nothing of demand.
    """
    data = pm.modelcontext(None)
    known, root = data["spend_known"], data["spend_root"]
    predictor = prior(design, "spend_intercept", dims=("unit", "demanded"))
    if design.arrays.sizes["covariate"]:
        effect = prior(design, "spend_covariate_effect", dims=("demanded", "covariate"))
        predictor = predictor + (data["covariates"][:, :, None] * effect).sum(-1)
    past = prior(design, "spend_past_effect", dims=("demanded", "past"))
    predictor = predictor + (data["spend_past"] * past).sum(-1)
    if "spend_shifters" in data.named_vars:
        effect = prior(design, "spend_shifter_effect", dims="shift")
        moved = (data["spend_shifters"] * effect)[..., None, :]
        predictor = predictor + (moved * _pairs(design)).sum(-1)
    sigma = prior(design, "spend_sigma", dims="demanded")
    disturbance = known * (root - predictor) / sigma
    density = -(disturbance**2) / 2 - pt.log(sigma) - np.log(2 * np.pi) / 2
    pm.Potential("spends", (known * density).sum())
    return disturbance


def _pairs(design: Design) -> np.ndarray:
    """Indicator of the channel of each shifter, shape (demanded, shift), 0 or 1."""
    pairs = shifts(design.dataset, list(design.demanded))
    return np.array([[float(name == of) for of, _ in pairs] for name in design.demanded])
