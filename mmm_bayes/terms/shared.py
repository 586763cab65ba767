"""Units whose weeks are disturbed together: one shock for all of them, and one of each.

    y_ut = m_ut + c_u e_t + s_u e_ut,    e_t, e_ut ~ Normal(0, 1)

Divisions of one business have the same weather, competitors and stock-outs; without e_t each new
unit would count as so many new weeks, and intervals shrink that should not. The shared shock is
integrated out: the units of a week are jointly normal with covariance ``diag(s^2) + c c'``, whose
inverse and determinant are closed (Woodbury 1950, Sylvester 1851), so it costs no parameter a week.
With heavy tails they are jointly Student-t with that scale matrix: a bad week is bad for all.

Random effects of time in panels: Baltagi (2021), *Econometric Analysis of Panel Data*, chapter 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt


def shared_normal(
    name: str, location: Any, noise: Any, shock: Any, *, nu: Any = None, log: bool, **kwargs: Any
) -> Any:
    """Declare a variable whose units are disturbed together.

    Parameters
    ----------
    name : str
    location : TensorVariable, shape (time, unit)
        Of the variable, or of its logarithm.
    noise, shock : TensorVariable, shape (unit,) or (time, unit)
        Scale of each unit's own disturbance, and of the shared one.
    nu : TensorVariable, optional
        Degrees of freedom of the week; normal if left out.
    log : bool
        Whether it is the logarithm that is so distributed.
    **kwargs
        Of the variable: ``observed``, ``dims``.

    Returns
    -------
    TensorVariable, shape (time, unit)
        Its log-density has one value a week: that of all units together.
    """
    parameters = [location, *(pt.ones_like(location) * scale for scale in (noise, shock))]
    heavy = nu is not None
    if heavy:
        parameters.append(nu)

    def logp(value: Any, mu: Any, own: Any, common: Any, tail: Any = None) -> Any:
        y = pt.log(value) if log else value
        density = _density((y - mu) / own, common / own, tail) - pt.log(own).sum(-1)
        return density - (y.sum(-1) if log else 0.0)

    def random(
        mu: Any, own: Any, common: Any, tail: Any = None, rng: Any = None, size: Any = None
    ) -> Any:
        disturbance = common * rng.standard_normal((*mu.shape[:-1], 1))
        disturbance = disturbance + own * rng.standard_normal(mu.shape)
        if heavy:
            weight = rng.chisquare(np.broadcast_to(tail, mu.shape[:-1])) / tail
            disturbance = disturbance / np.sqrt(weight)[..., None]
        with np.errstate(over="ignore"):  # infinity is the honest draw of tails that heavy
            return np.exp(mu + disturbance) if log else mu + disturbance

    signature = "(u),(u),(u),()->(u)" if heavy else "(u),(u),(u)->(u)"
    return pm.CustomDist(name, *parameters, logp=logp, random=random, signature=signature, **kwargs)


def _density(z: Any, load: Any, nu: Any) -> Any:
    """Log-density of standardised disturbances, jointly over units.

    Parameters
    ----------
    z : TensorVariable, shape (time, unit)
        Disturbances in units' own standard deviations.
    load : TensorVariable, shape (time, unit)
        The shared shock's scale in the same.
    nu : TensorVariable or None

    Returns
    -------
    TensorVariable, shape (time,)
    """
    units = z.type.shape[-1]
    whole = 1 + (load**2).sum(-1)
    square = (z**2).sum(-1) - (z * load).sum(-1) ** 2 / whole
    if nu is None:
        return -(units * np.log(2 * np.pi) + pt.log(whole) + square) / 2
    return (
        pt.gammaln((nu + units) / 2)
        - pt.gammaln(nu / 2)
        - (units * pt.log(nu * np.pi) + pt.log(whole) + (nu + units) * pt.log1p(square / nu)) / 2
    )
