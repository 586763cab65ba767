"""Joint distribution of a panel's units, with a shared shock and a separate one in each week.

    y_ut = m_ut + c_u e_t + s_u e_ut,    e_t, e_ut ~ Normal(0, 1)

Divisions of one business share weather, competitors and stock-outs; without e_t each further unit
would count as so many independent weeks, and intervals would be too narrow. The shared shock is
integrated out: the units of a week are jointly normal with covariance ``diag(s^2) + c c'``, whose
inverse and determinant have a closed form (Woodbury 1950, Sylvester 1851), so it adds no parameter
per week. With heavy tails they are jointly Student-t with that scale matrix: an extreme week is
extreme for all units.

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
    """Declare a variable whose units share a shock in each week.

    Parameters
    ----------
    location : TensorVariable, shape (time, unit)
        Location of the variable, or of its logarithm.
    noise, shock : TensorVariable, shape (unit,) or (time, unit)
        Scale of each unit's own disturbance, and of the shared one.
    nu : TensorVariable, optional
        Degrees of freedom of a joint Student-t; normal if left out.
    log : bool
        Whether the logarithm of the variable has this distribution.
    **kwargs
        Arguments of the variable: ``observed``, ``dims``.

    Returns
    -------
    TensorVariable, shape (time, unit)
        Its log-density has one value per week, that of all units jointly.
    """
    parameters = [location, *(pt.ones_like(location) * scale for scale in (noise, shock))]
    heavy_tailed = nu is not None
    if heavy_tailed:
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
        if heavy_tailed:
            weight = rng.chisquare(np.broadcast_to(tail, mu.shape[:-1])) / tail
            disturbance = disturbance / np.sqrt(weight)[..., None]
        with np.errstate(over="ignore"):  # heavy tails may overflow to infinity
            return np.exp(mu + disturbance) if log else mu + disturbance

    signature = "(u),(u),(u),()->(u)" if heavy_tailed else "(u),(u),(u)->(u)"
    return pm.CustomDist(name, *parameters, logp=logp, random=random, signature=signature, **kwargs)


def _density(z: Any, load: Any, nu: Any) -> Any:
    """Joint log-density of the units' standardised disturbances.

    Parameters
    ----------
    z : TensorVariable, shape (time, unit)
        Disturbances, in the units' own standard deviations.
    load : TensorVariable, shape (time, unit)
        Scale of the shared shock, in the same unit.

    Returns
    -------
    TensorVariable, shape (time,)
    """
    units = z.type.shape[-1]
    determinant = 1 + (load**2).sum(-1)
    square = (z**2).sum(-1) - (z * load).sum(-1) ** 2 / determinant
    if nu is None:
        return -(units * np.log(2 * np.pi) + pt.log(determinant) + square) / 2
    return (
        pt.gammaln((nu + units) / 2)
        - pt.gammaln(nu / 2)
        - (units * pt.log(nu * np.pi) + pt.log(determinant) + (nu + units) * pt.log1p(square / nu))
        / 2
    )
