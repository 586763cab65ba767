"""The family's equations as plain arithmetic on saved draws: nothing to build, import or compile.

A model's graph says what it is, and `mmm_bayes.evaluation` answers with it. A page that opens in a
second can't wait for PyMC, so this is a second reading of the same equations, from the parameters
that every member names. It is believed only as far as it can be checked: `reproduced` computes the
fitted weeks anew and compares them with what the graph made of them when the run was saved. A model
file with equations of its own is so found out, and not answered for.

All arrays may be complex, so that a derivative can be taken by a step into the imaginary numbers,
which cancels nothing (Squire, Trapp 1998, *Using complex variables to estimate derivatives of real
functions*).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.design import Design
from mmm_bayes.evaluation import BATCH_ELEMENTS, THREADS, flat
from mmm_bayes.transforms import carry_over, geometric_weights, hill

Array = NDArray[Any]

#: Where a positive outcome's additive location bends away from zero, as `terms.outcome` has it.
BEND = 0.05
#: Draws that are computed anew to see whether the equations are the run's, and the largest
#: difference, in shares of the value, that rounding explains.
CHECKED, ROUNDING = 8, 1e-6
_DIRECT = ("adstock_alpha", "saturation_kappa", "saturation_slope")
_MEDIATION = ("mediation_alpha", "mediation_kappa", "mediation_slope")


@dataclass(frozen=True)
class Arithmetic:
    """A posterior that answers by arithmetic.

    Attributes
    ----------
    design : Design
        Of the fitted weeks.
    draws : mapping of str to array, shape (sample, ...)
        Every node without a time axis, and ``effectiveness`` in the last fitted week, shape
        (sample, 1, channel), of a model that has it.
    """

    design: Design
    draws: Mapping[str, Array]

    @property
    def mediated(self) -> bool:
        """Whether the mediator has an equation."""
        return "gamma" in self.draws

    def __len__(self) -> int:
        return len(next(iter(self.draws.values())))


def arithmetic(design: Design, posterior: xr.Dataset) -> Arithmetic:
    """Take what the equations need out of a posterior.

    Parameters
    ----------
    design : Design
    posterior : xarray.Dataset
        With its deterministics, as a run saves it.
    """
    draws = {
        str(name): flat(values) for name, values in posterior.items() if "time" not in values.dims
    }
    if "effectiveness" in posterior:
        draws["effectiveness"] = flat(posterior["effectiveness"])[:, -1:]
    return Arithmetic(design, draws)


def reproduced(design: Design, posterior: xr.Dataset) -> bool:
    """Whether these equations make of some draws what the model's graph made of them.

    Parameters
    ----------
    design : Design
    posterior : xarray.Dataset
        Holds the nodes ``outcome_mean`` and, with mediation, ``mediator_mean``.
    """
    kept = np.unique(np.linspace(0, posterior.sizes["draw"] - 1, CHECKED, dtype=int))
    some = posterior.isel(draw=kept)
    model = arithmetic(design, some)
    if "effectiveness" in some:  # that of every week
        model = replace(model, draws={**model.draws, "effectiveness": flat(some["effectiveness"])})
    week = {str(name): values.values for name, values in design.arrays.items()}
    lags = week["exposure_lags"]
    try:
        made = {"outcome_mean": outcome_mean(model, lags, week)}
        if "mediator_mean" in some:
            made["mediator_mean"] = mediator_mean(model, lags, week)
    except KeyError:  # a parameter goes by another name
        return False
    return all(
        np.allclose(values, flat(some[name]), rtol=ROUNDING, atol=0)
        for name, values in made.items()
    )


def mediator_mean(model: Arithmetic, lags: Array, week: Mapping[str, Array]) -> Array:
    """The mediator's expected value.

    Parameters
    ----------
    model : Arithmetic
    lags : array, shape (time, unit, channel, lag)
        Exposure in active means.
    week : mapping of str to array
        Data nodes of these weeks, or of one week that they all are like.

    Returns
    -------
    array, shape (sample, time, unit)
        In the units of its exposure.
    """
    design, draws = model.design, model.draws
    causes = design.causes_at
    own = _MEDIATION[0] in draws or f"unit_{_MEDIATION[0]}" in draws
    shape = [_own(draws, name) for name in (_MEDIATION if own else _DIRECT)]
    if not own:
        shape = [values[..., causes] for values in shape]
    path = _saturated(lags[:, :, causes, :], *shape)
    scale = design.arrays["mediator_scale"].values
    predictor = _baseline(draws, "mediator_", week) + _contribution(
        draws, path, "mediation_ceiling"
    )
    if design.form.mediator_likelihood == "normal":
        return scale * predictor
    logit = _baseline(draws, "mediator_on_", week) + _contribution(
        draws, path, "mediation_on_ceiling"
    )
    sigma = draws["mediator_sigma"]
    sigma = sigma.reshape(len(sigma), 1, -1)
    return _sigmoid(logit) * scale * np.exp(predictor + sigma**2 / 2)


def outcome_mean(
    model: Arithmetic, lags: Array, week: Mapping[str, Array], mediator: Array | None = None
) -> Array:
    """The outcome's location.

    Parameters
    ----------
    model : Arithmetic
    lags, week
        As in `mediator_mean`.
    mediator : array, shape (sample, time, unit, lag), optional
        The mediator's exposure in each draw, in place of the one in `lags`.

    Returns
    -------
    array, shape (sample, time, unit)
        In the outcome's units; of a hurdle, the floor plus what is above it times its probability.
    """
    design, draws = model.design, model.draws
    alpha, kappa, slope = (_own(draws, name) for name in _DIRECT)
    response = _saturated(lags, alpha, kappa, slope)
    if mediator is not None:
        at = design.mediator_at
        own = (values[..., [at]] for values in (alpha, kappa, slope))
        response[..., at] = _saturated(mediator[..., None, :], *own)[..., 0]
    if "effectiveness" in draws:
        response = response * draws["effectiveness"][:, :, None, :]
    if "modulation_effect" in draws:
        of_channel = draws["modulation_effect"][:, :, None] * design.arrays["modulated"].values
        # (sample, 1, 1, modulation, channel) by (time, unit, modulation, 1)
        moved = week["modulators"][..., None] * of_channel[:, None, None]
        response = response * np.exp(moved.sum(-2))
    predictor = _baseline(draws, "", week) + _contribution(draws, response, "ceiling")
    form, scale = design.form, design.arrays["outcome_scale"].values
    if form.link == "log":
        location = scale * np.exp(predictor)
    elif form.likelihood == "lognormal":
        location = scale * BEND * np.log1p(np.exp(predictor / BEND))
    else:
        location = scale * predictor
    if form.hurdle:
        slope = draws["outcome_on_slope"][:, None, None]
        on = _sigmoid(_baseline(draws, "outcome_on_", week) + slope * predictor)
        return form.floor + on * location
    return location


def typical(model: Arithmetic, location: Array) -> Array:
    """A week's typical outcome at a location: the same, or a censored outcome's floor.

    Parameters
    ----------
    model : Arithmetic
    location : array, shape (sample, time, unit)
    """
    form = model.design.form
    if form.floor is None or form.hurdle:
        return location
    return np.maximum(location, form.floor)


def in_batches(
    model: Arithmetic, elements: int, work: Callable[[Arithmetic], tuple[Array, ...]]
) -> tuple[Array, ...]:
    """Work on some draws at a time, so that what is computed fits a core's cache.

    Parameters
    ----------
    model : Arithmetic
    elements : int
        Of the largest array, for each draw.
    work : callable
        From some of the draws to arrays whose first axis is the sample.
    """
    step = max(1, BATCH_ELEMENTS // elements)
    parts = [
        replace(model, draws={name: values[at : at + step] for name, values in model.draws.items()})
        for at in range(0, len(model), step)
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(work, parts))
    return tuple(np.concatenate(values) for values in zip(*done, strict=True))


def _own(draws: Mapping[str, Array], name: str) -> Array:
    """A parameter as the units have it, with axes (sample, time, unit, ...); ones where alike."""
    if f"unit_{name}" in draws:
        return draws[f"unit_{name}"][:, None]
    values = draws[name]
    return values[:, None] if name.endswith("intercept") else values[:, None, None]


def _saturated(lags: Array, alpha: Array, kappa: Array, slope: Array) -> Array:
    """Exposure after carryover and saturation, shape (sample, time, unit, channel)."""
    return hill(carry_over(lags, geometric_weights(alpha, lags.shape[-1])), kappa, slope)


def _baseline(draws: Mapping[str, Array], prefix: str, week: Mapping[str, Array]) -> Array:
    level = _own(draws, f"{prefix}intercept")
    if f"{prefix}trend_change" in draws:
        bends = draws[f"{prefix}trend_change"][:, None]
        level = level + (week["hinges"] * bends).sum(-1)[..., None]
    if f"{prefix}covariate_effect" in draws:
        effect = _own(draws, f"{prefix}covariate_effect")
        level = level + (week["covariates"] * effect).sum(-1)
    return level


def _contribution(draws: Mapping[str, Array], response: Array, name: str) -> Array:
    ceiling, offset = draws[name], draws[f"{name}_mean"]
    each = ceiling.ndim == 3  # a unit's own
    ceiling = ceiling[:, None] if each else ceiling[:, None, None]
    offset = offset[:, None] if each else offset[:, None, None]
    return (response * ceiling).sum(-1) - offset


def _sigmoid(logit: Array) -> Array:
    return 1 / (1 + np.exp(-logit))
