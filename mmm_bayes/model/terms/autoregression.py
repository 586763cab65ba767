"""Autoregressive disturbances of order 1, of a variable whose history is observed.

    v_t - m_t = phi (v_{t-1} - m_{t-1}) + e_t,        sd(v_t - m_t) = sigma

``v`` is the variable, or its logarithm if disturbances multiply, and ``m`` its location, which does
not depend on the past: what advertising does and what it leaves behind is in ``m`` alone, and the
disturbance only says how long everything else lasts. Given the row before, ``g`` steps ago,

    v_t ~ D(m_t + phi^g (v_{t-g} - m_{t-g}), sigma sqrt(1 - phi^(2g)))

and the first row has the stationary distribution D(m_t, sigma). This is the exact likelihood, with
gaps too, if D is normal; for a Student-t the standardised innovations have that distribution.

Source: Jones (1980), *Maximum likelihood fitting of ARMA models to time series with missing
observations*, Technometrics 22.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.parameters import prior


def given_the_past(
    design: Design, location: Any, observed: Any, prefix: str = "", *, designed: Any = None
) -> tuple[Any, Any]:
    """Centre of each row given the row before, and the innovation's share of the noise.

    Declares the autocorrelation ``phi``, unless the form has independent disturbances: then the
    centre is the location, and the share is 1.

    Parameters
    ----------
    location : TensorVariable, shape (time, unit)
        Location on the scale on which disturbances add up.
    observed : TensorVariable, shape (time, unit)
        Observed values on that scale.
    prefix : str
        Of the name of the parameter; "" for the outcome.
    designed : TensorVariable, shape (time, unit), optional
        1 in the rows that reveal nothing of their disturbance, because a test set the variable.

    Returns
    -------
    centre : TensorVariable, shape (time, unit)
    share : TensorVariable, shape (time, 1) or (time, unit), or 1.0
        Standard deviation of the innovation as a share of that of the disturbance.
    """
    if design.form.errors == "iid":
        return location, 1.0
    gap = pm.modelcontext(None)["gap"][:, None]
    phi = prior(design, f"{prefix}phi")
    kept = pt.switch(gap > 0, phi ** pt.maximum(gap, 1.0), 0.0)
    if designed is not None:
        kept = kept * (1 - row_before(designed)) * (1 - designed)
    before = row_before(observed - location)
    return location + kept * before, pt.sqrt(1 - kept**2)


def row_before(values: Any) -> Any:
    """Values of the row before; for the first row its own.

    Parameters
    ----------
    values : TensorVariable, shape (time, ...)
    """
    return pt.concatenate([values[:1], values[:-1]])
