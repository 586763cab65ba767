"""Counterfactual of a week by abduction: another location, the same disturbance.

    y' = y + m' - m      additive disturbance
    y' = y m' / m        multiplicative disturbance

with ``m`` the factual location of the week and ``m'`` the counterfactual one. Written in operators
that NumPy arrays and PyTensor graphs share, so that the counterfactuals of a posterior, the
likelihood of lift tests and plans use the same code.

Source: Pearl (2009), *Causality*, section 7.1.
"""

from __future__ import annotations

from typing import Any

from mmm_bayes.data.form import Form
from mmm_bayes.model.transforms.namespace import array_namespace

Array = Any


def counterfactual_outcome(form: Form, outcome: Array, fact: Array, other: Array) -> Array:
    """Outcome of weeks at another location.

    Parameters
    ----------
    form : Form
        Determines whether the disturbance is additive or multiplicative.
    outcome : array, shape (..., unit)
        Factual outcome (without a floor, if there is one), in its own units.
    fact, other : array, shape (..., unit)
        Factual and counterfactual location, in the same units.

    Returns
    -------
    array, shape (..., unit)
    """
    return outcome * (other / fact) if form.multiplicative else outcome + (other - fact)


def counterfactual_mediator(mediator: Array, fact: Array, other: Array) -> Array:
    """Mediator of weeks at another location, never below zero; for a mediator that is always on.

    Parameters
    ----------
    mediator : array, shape (..., unit)
        Factual mediator, in its own units.
    fact, other : array, shape (..., unit)
        Factual and counterfactual location, in the same units.

    Returns
    -------
    array, shape (..., unit)
    """
    shifted = mediator + (other - fact)
    return array_namespace(shifted).maximum(shifted, 0.0)
