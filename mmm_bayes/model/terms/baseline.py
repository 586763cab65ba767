"""Baseline of an equation: intercept, controls, trend, seasons and holidays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.parameters import Declare, prior


def baseline(design: Design, prefix: str = "", *, declare: Declare = prior) -> Any:
    """Declare the baseline: intercept, covariates, and the hinges of a trend with changepoints.

        intercept + covariates . covariate_effect + hinges . trend_change

    The covariates are orthonormal (QR), so their coefficients are nearly independent in the
    posterior; ``control_effect`` converts them to one effect per standard deviation of each
    control. The changes of slope are common to all units, and stay near zero unless the data
    support them (Taylor, Letham 2018, *Forecasting at scale*, section 3.1).

    Parameters
    ----------
    prefix : str
        Prefix of the parameters' names, for a second equation ("mediator_").
    declare : callable
        `prior`, or `pooled_prior` if each unit has its own intercept and covariate effects.

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
        trend_change = prior(design, f"{prefix}trend_change", dims="changepoint")
        level = level + (model["hinges"] * trend_change).sum(-1)[:, None]
    if design.arrays.sizes["covariate"] == 0:
        return level * np.ones((1, 1))
    effect = declare(design, f"{prefix}covariate_effect", dims="covariate")
    if design.arrays.sizes["control"]:
        control_effect = (model["control_mix"] * model[f"{prefix}covariate_effect"]).sum(-1)
        pm.Deterministic(f"{prefix}control_effect", control_effect, dims="control")
    # (A * b).sum compiles in a fraction of the time of A @ b: it links no matrix product.
    return level + (model["covariates"] * effect).sum(-1)
