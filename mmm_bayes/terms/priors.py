"""The priors, all in one table, and how a dataset's description overrides one by name."""

from __future__ import annotations

from typing import Any

import pymc as pm

from mmm_bayes.dataset.description import Prior
from mmm_bayes.design import Design
from mmm_bayes.errors import InputError

_SHAPES = {
    "adstock_alpha": Prior(dist="Beta", alpha=2.0, beta=2.0),
    "saturation_kappa": Prior(dist="LogNormal", mu=0.0, sigma=0.7),
    "saturation_slope": Prior(dist="LogNormal", mu=0.18, sigma=0.3),
}


def defaults(design: Design) -> dict[str, Prior]:
    """Default priors by the name of the parameter.

    Weakly informative, in units a marketer can judge: `beta` and `gamma` are a channel's mean
    contribution as a share of the mean outcome or mediator, half-saturation is a multiple of
    the channel's mean exposure when on, and what is left is measured in standard deviations of
    the outcome or the mediator.

    Returns
    -------
    dict of str to Prior
    """
    spread, mediator_spread = design.scaling.spread, design.scaling.mediator_spread
    log_link = design.form.link == "log"
    return {
        "intercept": Prior(dist="Normal", mu=0.0 if log_link else 1.0, sigma=spread),
        "covariate_effect": Prior(dist="Normal", mu=0.0, sigma=spread),
        "beta": Prior(dist="HalfNormal", sigma=0.15 * (max(1.0, spread) if log_link else 1.0)),
        **_SHAPES,
        **{
            f"mediation_{name.split('_')[1]}": shape.model_copy() for name, shape in _SHAPES.items()
        },
        "sigma": Prior(dist="HalfNormal", sigma=spread),
        "nu": Prior(dist="Gamma", alpha=2.0, beta=0.1),
        "gamma": Prior(dist="Normal", mu=0.0, sigma=0.2),
        "mediator_intercept": Prior(
            dist="Normal",
            mu=0.0 if design.form.mediator_likelihood == "hurdle" else 1.0,
            sigma=mediator_spread,
        ),
        "mediator_covariate_effect": Prior(dist="Normal", mu=0.0, sigma=mediator_spread),
        "mediator_sigma": Prior(dist="HalfNormal", sigma=mediator_spread),
        "gamma_on": Prior(dist="Normal", mu=0.0, sigma=0.5),
        "mediator_on_intercept": Prior(dist="Normal", mu=0.0, sigma=1.5),
        "mediator_on_covariate_effect": Prior(dist="Normal", mu=0.0, sigma=0.5),
    }


def prior(
    design: Design, key: str, dims: str | None = None, *, name: str | None = None
) -> Any:
    """Declare a parameter with the description's prior, or the default one.

    Parameters
    ----------
    design : Design
    key : str
        A key of `defaults`, and of the description's ``[priors]``.
    dims : str, optional
        Its dimension.
    name : str, optional
        The parameter's name in the model where that is not `key`.

    Raises
    ------
    InputError
        If the description names a distribution that PyMC does not have, or gives it
        parameters it does not take.
    """
    spec = design.dataset.description.priors.get(key) or defaults(design)[key]
    where = f"{design.dataset.path}: [priors] {key}"
    distribution = getattr(pm, spec.dist, None)
    if not (isinstance(distribution, type) and issubclass(distribution, pm.Continuous)):
        raise InputError(
            f"{where}: {spec.dist!r} is not a continuous distribution of PyMC; take for example "
            "Normal, HalfNormal, LogNormal, Beta, Gamma or Exponential"
        )
    try:
        return distribution(name or key, **spec.parameters, dims=dims)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"{where}: {spec.dist} does not take {spec.parameters}: "
            f"{' '.join(str(problem).split())}"
        ) from problem


def refuse_unknown(design: Design, model: pm.Model) -> None:
    """Refuse an override that names no parameter of the model.

    Raises
    ------
    InputError
        It lists the parameters that the model has.
    """
    names = [name for name in defaults(design) if name in model.named_vars]
    unknown = [name for name in design.dataset.description.priors if name not in names]
    if unknown:
        raise InputError(
            f"{design.dataset.path}: [priors] {', '.join(unknown)} is not a parameter of this "
            f"model; its parameters are {', '.join(names)}"
        )
