"""The priors, all in one table, and how a dataset's description overrides one by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from mmm_bayes.design import Design
from mmm_bayes.errors import InputError
from mmm_bayes.interactions import modulating

#: A distribution's name and its parameters: numbers, or nodes of the model being declared.
Spec = tuple[str, dict[str, Any]]
#: How a term declares a parameter: `prior`, one for all units, or `pooled`, one for each.
Declare = Callable[..., Any]

_SHAPES: dict[str, Spec] = {
    "alpha": ("Beta", {"alpha": 2.0, "beta": 2.0}),
    "kappa": ("LogNormal", {"mu": 0.0, "sigma": 0.7}),
    "slope": ("LogNormal", {"mu": 0.18, "sigma": 0.3}),
}


def defaults(design: Design, spread: Any, mediator_spread: Any) -> dict[str, Spec]:
    """Default priors by the name of the parameter.

    Weakly informative, in units a marketer can judge: `beta` and `gamma` are a channel's mean
    contribution as a share of the mean outcome or mediator, half-saturation is a multiple of
    the channel's mean exposure when on, and what is left is measured in standard deviations of
    the outcome or the mediator.

    Parameters
    ----------
    design : Design
    spread, mediator_spread : float or TensorVariable
        Standard deviations of the outcome and the mediator in the model's units.

    Returns
    -------
    dict of str to Spec
    """
    log_link = design.form.link == "log"
    hurdle = design.form.mediator_likelihood == "hurdle"
    shares = _shares(design) * (1 + spread if log_link else 1.0)
    free = design.form.sign == "free"
    return {
        "intercept": ("Normal", {"mu": 0.0 if log_link else 1.0, "sigma": spread}),
        "covariate_effect": ("Normal", {"mu": 0.0, "sigma": spread}),
        "beta": ("Normal", {"mu": 0.0, "sigma": shares})
        if free
        else ("HalfNormal", {"sigma": shares}),
        "adstock_alpha": _SHAPES["alpha"],
        "saturation_kappa": _SHAPES["kappa"],
        "saturation_slope": _SHAPES["slope"],
        "modulation_effect": ("Normal", {"mu": 0.0, "sigma": _modulation(design)}),
        "sigma": ("HalfNormal", {"sigma": spread}),
        "shared_sigma": ("HalfNormal", {"sigma": spread}),
        "nu": ("Gamma", {"alpha": 2.0, "beta": 0.1}),
        "mediation_alpha": _SHAPES["alpha"],
        "mediation_kappa": _SHAPES["kappa"],
        "mediation_slope": _SHAPES["slope"],
        "gamma": ("Normal", {"mu": 0.0, "sigma": 0.2}),
        "mediator_intercept": ("Normal", {"mu": 0.0 if hurdle else 1.0, "sigma": mediator_spread}),
        "mediator_covariate_effect": ("Normal", {"mu": 0.0, "sigma": mediator_spread}),
        "mediator_sigma": ("HalfNormal", {"sigma": mediator_spread}),
        "mediator_shared_sigma": ("HalfNormal", {"sigma": mediator_spread}),
        "gamma_on": ("Normal", {"mu": 0.0, "sigma": 0.5}),
        "mediator_on_intercept": ("Normal", {"mu": 0.0, "sigma": 1.5}),
        "mediator_on_covariate_effect": ("Normal", {"mu": 0.0, "sigma": 0.5}),
        "outcome_on_intercept": ("Normal", {"mu": 0.0, "sigma": 2.5}),
        "outcome_on_covariate_effect": ("Normal", {"mu": 0.0, "sigma": 1.0}),
        "outcome_on_slope": ("Normal", {"mu": 0.0, "sigma": 1 / spread}),
        # A change of the trend's slope, per span of the fitted weeks: a tenth of it until the next.
        "trend_change": ("Laplace", {"mu": 0.0, "b": 0.5 * spread}),
        "mediator_trend_change": ("Laplace", {"mu": 0.0, "b": 0.5 * mediator_spread}),
        "mediator_on_trend_change": ("Laplace", {"mu": 0.0, "b": 0.5}),
        # How far effects drift over the fitted weeks in log points: all together, and one's own.
        "effectiveness_step": ("Normal", {"mu": 0.0, "sigma": 0.5}),
        "effectiveness_own_step": ("Normal", {"mu": 0.0, "sigma": 0.2}),
    } | {
        # How far units differ, where each has its own: half-normal, on the scale of `scale_of`.
        f"{name}_spread": ("HalfNormal", {"sigma": scale})
        for name, scale in {
            "beta": 0.1 if free else 0.5,
            "adstock_alpha": 0.5,
            "saturation_kappa": 0.3,
            "intercept": 0.3 * spread,
            "covariate_effect": 0.3 * spread,
            "gamma": 0.1,
            "mediator_intercept": 0.3 * mediator_spread,
            "mediator_covariate_effect": 0.3 * mediator_spread,
            "gamma_on": 0.25,
            "mediator_on_intercept": 0.5,
            "mediator_on_covariate_effect": 0.25,
        }.items()
    }


def scale_of(design: Design, key: str) -> Literal["log", "logit", "plain"]:
    """The scale on which units differ in a parameter.

    Returns
    -------
    {"log", "logit", "plain"}
        Of what is positive, of what lies between 0 and 1, and of what may have either sign.
    """
    if key in ("adstock_alpha", "mediation_alpha"):
        return "logit"
    if key == "saturation_kappa" or (key == "beta" and design.form.sign == "positive"):
        return "log"
    return "plain"


def _shares(design: Design) -> NDArray[np.float64]:
    """Prior scale of each channel's mean contribution, as a share of the outcome.

    At most 0.15, and less the more channels there are, so that all of them together are never
    expected to make much more than half of the outcome. The mediator passes on what its causes
    send through it besides its own: variances add, so its scale is ``sqrt(1 + causes)`` times as
    large. With one scale for all, a mediator that is never off came out a quarter too low.
    """
    channels = design.dataset.channels
    shares = np.full(len(channels), min(0.15, 0.6 / len(channels)))
    if design.mediator is not None:
        shares[design.mediator_at] *= np.sqrt(1 + len(design.causes))
    return shares


def _modulation(design: Design) -> NDArray[np.float64]:
    """Prior scale of each coefficient of an interaction with a channel.

    So that one interaction, whether by a control or by several Fourier columns, spreads the
    logarithm of the channel's effectiveness over the weeks with a standard deviation of about 0.3:
    weeks that differ by two standard deviations of the control differ by a factor of 0.4 to 2.7
    (90%), and no difference stays the most likely answer.
    """
    names = [name for name, *_ in modulating(design.dataset.description)]
    return np.array([0.3 / np.sqrt(names.count(name)) for name in names])


def used(design: Design, model: pm.Model) -> dict[str, Spec]:
    """The priors of a model on this design, overrides included, in numbers."""
    scaling = design.scaling
    table = defaults(design, scaling.spread, scaling.mediator_spread)
    given = design.dataset.description.priors
    table |= {name: (prior.dist, prior.parameters) for name, prior in given.items()}
    return {
        name: (dist, {key: np.asarray(value).tolist() for key, value in parameters.items()})
        for name, (dist, parameters) in table.items()
        if name in model.named_vars
    }


def prior(
    design: Design,
    key: str,
    dims: str | tuple[str, ...] | None = None,
    *,
    name: str | None = None,
    at: NDArray[np.int_] | None = None,
) -> Any:
    """Declare a parameter with the description's prior, or the default one.

    Parameters
    ----------
    design : Design
    key : str
        A key of `defaults`, and of the description's ``[priors]``.
    dims : str or tuple of str, optional
        Its dimensions.
    name : str, optional
        The parameter's name in the model where that is not `key`.
    at : array of int, optional
        Positions of the channels that have the parameter, where not all do.

    Raises
    ------
    InputError
        If the description names a distribution that PyMC does not have, or gives it
        parameters it does not take.
    """
    given = design.dataset.description.priors.get(key)
    if given is None:
        yardstick = pm.modelcontext(None)["yardstick"]
        dist, parameters = defaults(design, yardstick[0], yardstick[1])[key]
        if at is not None:
            parameters = {
                name: value if np.ndim(value) == 0 else value[at]
                for name, value in parameters.items()
            }
    else:
        dist, parameters = given.dist, given.parameters
    where = f"{design.dataset.path}: [priors] {key}"
    distribution = getattr(pm, dist, None)
    if not (isinstance(distribution, type) and issubclass(distribution, pm.Continuous)):
        raise InputError(
            f"{where}: {dist!r} is not a continuous distribution of PyMC; take for example "
            "Normal, HalfNormal, LogNormal, Beta, Gamma or Exponential"
        )
    try:
        return distribution(name or key, **parameters, dims=dims)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"{where}: {dist} does not take {parameters}: {' '.join(str(problem).split())}"
        ) from problem


def refuse_unknown(design: Design, model: pm.Model) -> None:
    """Refuse an override that names no parameter of the model.

    Raises
    ------
    InputError
        It lists the parameters that the model has.
    """
    names = [name for name in defaults(design, 1.0, 1.0) if name in model.named_vars]
    unknown = [name for name in design.dataset.description.priors if name not in names]
    if unknown:
        raise InputError(
            f"{design.dataset.path}: [priors] {', '.join(unknown)} is not a parameter of this "
            f"model; its parameters are {', '.join(names)}"
        )


def refuse_ignored(design: Design, model: pm.Model) -> None:
    """Refuse a model that leaves out an interaction of the description.

    Raises
    ------
    InputError
    """
    if "modulators" in design.arrays and "modulation_effect" not in model.named_vars:
        names = ", ".join(design.dataset.description.modulations)
        raise InputError(
            f"{design.dataset.path}: [interactions] {names} changes a channel, which this model "
            "does not have; multiply the outcome's media by terms.modulation(design) in the "
            "model file, or remove the interaction"
        )
