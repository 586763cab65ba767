"""What would be without media: the level, the controls, the trend and the seasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from mmm_bayes.design import Design
from mmm_bayes.terms.priors import Declare, prior


def baseline(design: Design, prefix: str = "", *, declare: Declare = prior) -> Any:
    """Intercept, covariates and the bends of a trend that has them.

        intercept + covariates . covariate_effect + hinges . trend_change

    The covariates are orthonormal (QR), so their coefficients sample independently;
    ``control_effect`` turns them back into one effect per standard deviation of each control. The
    bends, all units' alike, are changes of slope that stay near zero unless the data ask for them
    (Taylor, Letham 2018, *Forecasting at scale*, section 3.1).

    Parameters
    ----------
    design : Design
    prefix : str
        Put before the parameters' names, for a second equation ("mediator_").
    declare : callable
        `prior`, or `pooled` where each unit has its own controls, trend and seasons.

    Returns
    -------
    TensorVariable, shape (time, unit)
        In the model's units. The intercept is the level of an average week, media included,
        because media terms are centred (`contribution`).
    """
    model = pm.modelcontext(None)
    if declare is prior:
        level = prior(design, f"{prefix}intercept", dims="unit")
    else:
        level = declare(design, f"{prefix}intercept")
    if "hinges" in design.arrays:
        bends = prior(design, f"{prefix}trend_change", dims="changepoint")
        level = level + (model["hinges"] * bends).sum(-1)[:, None]
    if design.arrays.sizes["covariate"] == 0:
        return level * np.ones((1, 1))
    effect = declare(design, f"{prefix}covariate_effect", dims="covariate")
    if design.arrays.sizes["control"]:
        each = (model["control_mix"] * model[f"{prefix}covariate_effect"]).sum(-1)
        pm.Deterministic(f"{prefix}control_effect", each, dims="control")
    # (A * b).sum compiles in a fraction of the time of A @ b: no matrix product to link.
    return level + (model["covariates"] * effect).sum(-1)
