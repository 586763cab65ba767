"""Default priors, in one table, and overrides by a dataset's description."""

from __future__ import annotations

import inspect
import warnings
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any, Literal

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from pymc.logprob.utils import ParameterValueError

from mmm_bayes.data.description import Prior, suggestion
from mmm_bayes.data.design import Design
from mmm_bayes.data.interactions import modulation_terms
from mmm_bayes.errors import InputError
from mmm_bayes.model.terms.elicitation import from_quantiles
from mmm_bayes.model.transforms import load_transform
from mmm_bayes.model.transforms.registry import Spec

#: Draws of a described prior, by which its range is checked.
PROBES = 1000
#: Range of a parameter, by its default distribution, and distributions on each range.
_RANGES = {
    "Beta": (0.0, 1.0),
    "Gamma": (0.0, np.inf),
    "HalfNormal": (0.0, np.inf),
    "LogNormal": (0.0, np.inf),
}
_EXAMPLES = {
    (0.0, 1.0): "Beta or Uniform",
    (0.0, np.inf): "HalfNormal, LogNormal or Gamma",
    (-np.inf, np.inf): "Normal or StudentT with a smaller scale",
}
#: Beginning of the name of a channel's own parameter, and its range (None: that of the effect).
_QUANTITIES: dict[str, tuple[str, tuple[float, float] | None]] = {
    "roas": ("media_roas", None),
    "contribution_share": ("media_share", None),
    "adstock_alpha": ("adstock_alpha", (0.0, 1.0)),
    "half_life": ("adstock_half_life", (0.0, np.inf)),
    "saturation_kappa": ("saturation_kappa", (0.0, np.inf)),
    "saturation_slope": ("saturation_slope", (0.0, np.inf)),
}
#: Scale on which a parameter's deviations of units are pooled, by its default distribution.
_SCALES: dict[str, Literal["log", "logit"]] = {
    "Beta": "logit",
    "HalfNormal": "log",
    "LogNormal": "log",
}


def default_priors(design: Design, spread: Any, mediator_spread: Any) -> dict[str, Spec]:
    """Default priors by the name of the parameter.

    They are weakly informative. `media_share` is the mean contribution of all media together, in
    the outcome's unit of the model (`mmm_bayes.data.design.Scaling`); its prior is the same for 3
    channels and for 25. `media_division` are the logarithms of the channels' returns on the money
    spent, relative to one another; both make `beta`, the mean contribution of each channel. A prior
    on each channel alone would fix the sum of all media, the harder the more channels there are.

    `gamma` are the causes' mean contributions as shares of the mean mediator, half-saturation is a
    multiple of the channel's active mean, and the other scales are in standard deviations of the
    outcome or the mediator.

    Parameters
    ----------
    spread, mediator_spread : float or TensorVariable
        Standard deviations of the outcome and the mediator in the model's units.

    Returns
    -------
    dict of str to Spec
    """
    hurdle = design.form.mediator_likelihood == "hurdle"
    free = design.form.sign == "free"
    causes = max(len(design.causes), 1)
    return {
        "intercept": ("Normal", {"mu": 0.0, "sigma": spread}),
        "covariate_effect": ("Normal", {"mu": 0.0, "sigma": spread}),
        **_media_shares(design, spread),
        **_media_shapes(design),
        "modulation_effect": ("Normal", {"mu": 0.0, "sigma": _modulation_scale(design)}),
        "sigma": ("HalfNormal", {"sigma": spread}),
        "shared_sigma": ("HalfNormal", {"sigma": spread}),
        "nu": ("Gamma", {"alpha": 2.0, "beta": 0.1}),
        # No memory is the likeliest value, and disturbances that never fade are impossible.
        "phi": ("Beta", {"alpha": 1.0, "beta": 2.0}),
        "mediator_phi": ("Beta", {"alpha": 1.0, "beta": 2.0}),
        # What unseen demand makes of what is left of both: any share, and hardly with other signs.
        "rho": ("Uniform", {"lower": -0.2, "upper": 0.95}),
        "demand_delay": ("Beta", {"alpha": 1.0, "beta": 3.0}),
        "demand_loading": ("HalfNormal", {"sigma": 1.0}),
        # Spends that demand may move are standardised.
        "spend_intercept": ("Normal", {"mu": 0.0, "sigma": 1.0}),
        "spend_covariate_effect": ("Normal", {"mu": 0.0, "sigma": 1.0}),
        "spend_past_effect": ("Normal", {"mu": 0.0, "sigma": 1.0}),
        "spend_shifter_effect": ("Normal", {"mu": 0.0, "sigma": 1.0}),
        "spend_sigma": ("HalfNormal", {"sigma": 1.0}),
        "mediator_shifter_effect": ("Normal", {"mu": 0.0, "sigma": mediator_spread}),
        "gamma": ("Normal", {"mu": 0.0, "sigma": 0.35 / np.sqrt(causes)}),
        "mediator_intercept": ("Normal", {"mu": 0.0 if hurdle else 1.0, "sigma": mediator_spread}),
        "mediator_covariate_effect": ("Normal", {"mu": 0.0, "sigma": mediator_spread}),
        "mediator_sigma": ("HalfNormal", {"sigma": mediator_spread}),
        "mediator_shared_sigma": ("HalfNormal", {"sigma": mediator_spread}),
        "gamma_on": ("Normal", {"mu": 0.0, "sigma": 0.85 / np.sqrt(causes)}),
        "mediator_on_intercept": ("Normal", {"mu": 0.0, "sigma": 1.5}),
        "mediator_on_covariate_effect": ("Normal", {"mu": 0.0, "sigma": 0.5}),
        "outcome_on_intercept": ("Normal", {"mu": 0.0, "sigma": 2.5}),
        "outcome_on_covariate_effect": ("Normal", {"mu": 0.0, "sigma": 1.0}),
        "outcome_on_slope": ("Normal", {"mu": 0.0, "sigma": 1 / spread}),
        # Change of the trend's slope per span of the fitted weeks; changepoints are a tenth apart.
        "trend_change": ("Laplace", {"mu": 0.0, "b": 0.5 * spread}),
        "mediator_trend_change": ("Laplace", {"mu": 0.0, "b": 0.5 * mediator_spread}),
        "mediator_on_trend_change": ("Laplace", {"mu": 0.0, "b": 0.5}),
        "outcome_on_trend_change": ("Laplace", {"mu": 0.0, "b": 0.5}),
        # Drift of effects over the fitted weeks in log points: of all channels, and of one alone.
        "effectiveness_step": ("Normal", {"mu": 0.0, "sigma": 0.5}),
        "effectiveness_own_step": ("Normal", {"mu": 0.0, "sigma": 0.2}),
    } | {
        # Spread of the units of a pooled parameter, on the scale of `pooling_scale`.
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


def pooling_scale(design: Design, key: str) -> Literal["log", "logit", "plain"]:
    """Scale on which a parameter's deviations of units are pooled.

    Returns
    -------
    {"log", "logit", "plain"}
        For a positive parameter, one between 0 and 1, and one of either sign.
    """
    if key == "beta":
        return "plain" if design.form.sign == "free" else "log"
    dist, _ = default_priors(design, 1.0, 1.0)[key]
    return _SCALES.get(dist, "plain")


def _media_shapes(design: Design) -> dict[str, Spec]:
    """Priors of the carryover and saturation parameters, in both equations."""
    days = design.dataset.step.length
    forms = (
        load_transform("adstock", design.form.adstock),
        load_transform("saturation", design.form.saturation),
    )
    return {
        node: spec
        for path in (None, "mediation")
        for form in forms
        for node, spec in zip(form.node_names(path), form.priors_at(days).values(), strict=True)
    }


def _media_shares(design: Design, spread: Any) -> dict[str, Spec]:
    """Priors of the media's contributions: of their sum and its division, or of each by itself.

    Under the identity link all media together make 2% to 70% of the outcome's unit (90%), and the
    return on the money of one channel is 0.2 to 5 times that of the next (80%).

    Contributions of either sign have no sum to divide; that of all channels has the same scale
    whatever their number. Under the log link a channel that multiplies the outcome many times over
    would raise the sum, and with it what is expected of all others: there each has its own prior,
    smaller the more channels there are; variances add, so the scale of the mediator, which passes
    on what its causes send, is larger.
    """
    channels = len(design.dataset.channels)
    if design.form.sign == "free":
        return {"beta": ("Normal", {"mu": 0.0, "sigma": 0.3 / np.sqrt(channels)})}
    if design.form.link == "log":
        scale = np.full(channels, min(0.15, 0.6 / channels))
        if design.mediator is not None:
            scale[design.mediator_index] *= np.sqrt(1 + len(design.causes))
        return {"beta": ("HalfNormal", {"sigma": scale * (1 + spread)})}
    return {
        "media_share": ("LogNormal", {"mu": -2.13, "sigma": 1.08}),
        "media_division": ("Normal", {"mu": 0.0, "sigma": 0.9}),
    }


def _modulation_scale(design: Design) -> NDArray[np.float64]:
    """Prior scale of each coefficient of an interaction with a channel.

    One interaction, whether with a control or with several Fourier columns, gives the logarithm of
    the channel's effectiveness a standard deviation over weeks of about 0.3: weeks that differ by
    two standard deviations of the control differ by a factor of 0.4 to 2.7 (90%), and no difference
    is the most likely value.
    """
    names = [name for name, *_ in modulation_terms(design.dataset.description)]
    return np.array([0.3 / np.sqrt(names.count(name)) for name in names])


def model_priors(design: Design, model: pm.Model) -> dict[str, Spec]:
    """Priors of a model on a design, those of the description included, with numeric parameters."""
    scaling = design.scaling
    table = default_priors(design, scaling.spread, scaling.mediator_spread)
    if "beta_rest" in model.named_vars and "beta" in table:
        table["beta_rest"] = table["beta"]
    for key in design.dataset.description.stated_priors:
        table[key] = stated_prior(design, key)
    table |= {stated.node: stated.spec for stated in channel_priors(design)}
    return {
        name: (dist, {key: np.asarray(value).tolist() for key, value in parameters.items()})
        for name, (dist, parameters) in table.items()
        if name in model.named_vars
    }


def declare(
    design: Design,
    key: str,
    dims: str | tuple[str, ...] | None = None,
    *,
    name: str | None = None,
    index: NDArray[np.int_] | None = None,
) -> Any:
    """Declare a parameter with the prior that ``[priors]`` state, or the default one.

    Its arguments and errors are those of `mmm_bayes.model.terms.parameters.prior`.
    """
    if key in design.dataset.description.stated_priors:
        return declare_spec(name or key, stated_prior(design, key), dims)
    prior_scale = pm.modelcontext(None)["prior_scale"]
    defaults = default_priors(design, prior_scale[0], prior_scale[1])
    if key not in defaults:
        raise LookupError(
            f"there is no prior {key!r}{suggestion(key, ['beta', *defaults])}; use a key of "
            "terms.priors.default_priors, and 'name' for the parameter's own name"
        )
    dist, parameters = defaults[key]
    if index is not None:
        parameters = {
            name: value if np.ndim(value) == 0 else value[index]
            for name, value in parameters.items()
        }
    return getattr(pm, dist)(name or key, **parameters, dims=dims)


def declare_spec(name: str, spec: Spec, dims: str | tuple[str, ...] | None = None) -> Any:
    """Declare a parameter with a distribution that is described by numbers."""
    dist, parameters = spec
    # As arrays: PyTensor tries to put a plain number into fewer bits.
    arrays = {key: np.asarray(value) for key, value in parameters.items()}
    return getattr(pm, dist)(name, **arrays, dims=dims)


def stated_prior(design: Design, key: str) -> Spec:
    """Distribution of a parameter as ``[priors]`` of the description state it.

    Raises
    ------
    InputError
        If it is no distribution on the parameter's range.
    """
    described = design.dataset.description.stated_priors[key]
    if key == "rho":
        return _as_spec(f"{design.dataset.path}: [demand] strength", described, (0.0, 1.0))
    positive = key == "beta" and design.form.sign == "positive" and described.dist is None
    support = (0.0, np.inf) if positive else _support(design, key)
    return _as_spec(f"{design.dataset.path}: [priors] {key}", described, support)


@dataclass(frozen=True)
class Stated:
    """A prior that is stated for one channel.

    Attributes
    ----------
    channel : int
        Position of the channel.
    quantity : str
        A key of `mmm_bayes.data.description.ChannelPriors`; "sign" for an effect whose sign alone
        is stated.
    node : str
        Name of the parameter in the model.
    """

    channel: int
    quantity: str
    node: str
    spec: Spec


def channel_priors(design: Design) -> list[Stated]:
    """Priors that the description states for single channels.

    Raises
    ------
    InputError
        If one is no distribution on the range of its quantity.
    """
    free = 0.3 / np.sqrt(len(design.dataset.channels))
    stated = []
    for position, (channel, described) in enumerate(design.dataset.description.channels.items()):
        priors = described.priors
        sign = priors.sign or design.form.sign
        effect = (0.0, np.inf) if sign == "positive" else (-np.inf, np.inf)
        for quantity, (prefix, support) in _QUANTITIES.items():
            if (prior := getattr(priors, quantity)) is not None:
                where = f"{design.dataset.path}: [channels.{channel}.priors] {quantity}"
                spec = _as_spec(where, prior, support or effect)
                stated.append(Stated(position, quantity, f"{prefix}[{channel}]", spec))
        alone = priors.roas is None and priors.contribution_share is None
        if alone and sign != design.form.sign:
            dist = "HalfNormal" if sign == "positive" else "Normal"
            spec = (dist, {"sigma": free} | ({} if sign == "positive" else {"mu": 0.0}))
            stated.append(Stated(position, "sign", f"media_effect[{channel}]", spec))
    return stated


def _as_spec(where: str, described: Prior, support: tuple[float, float]) -> Spec:
    if described.dist is not None:
        _check_distribution(where, described, support)
        return described.dist, described.parameters
    assert described.q05 is not None
    assert described.q95 is not None
    try:
        return from_quantiles(described.q05, described.q95, support)
    except ValueError as problem:
        raise InputError(f"{where}: {problem}; correct the quantiles") from problem


def _check_distribution(where: str, described: Prior, support: tuple[float, float]) -> None:
    """Refuse a described prior that is no distribution on the parameter's range."""
    dist, parameters = described.dist or "", described.parameters
    distribution: Any = getattr(pm, dist, None)
    if not _is_continuous(distribution):
        raise InputError(
            f"{where}: {dist!r} is not a continuous distribution of PyMC; use for example "
            "Normal, HalfNormal, LogNormal, Beta, Gamma or Exponential"
        )
    known = [
        name
        for name, parameter in inspect.signature(distribution.dist).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise InputError(
            f"{where}: {dist} does not take {unknown[0]!r}{suggestion(unknown[0], known)}; its "
            f"parameters are {', '.join(known)}"
        )
    try:
        # PyTensor prints and warns of what the checks below say in a sentence.
        with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            variable = distribution.dist(**parameters)
            pm.logp(variable, 0.5).eval(mode="FAST_COMPILE")
            draws = pm.draw(variable, PROBES, random_seed=1, mode="FAST_COMPILE")
    except ParameterValueError as problem:
        stated = ", ".join(f"{name} = {value:g}" for name, value in parameters.items())
        needed = str(problem).splitlines()[0]
        raise InputError(f"{where}: {dist} needs {needed}, but has {stated}") from problem
    except Exception as problem:  # each distribution fails in its own way
        reason = str(problem).partition("\nApply node")[0]
        raise InputError(
            f"{where}: {dist} does not take {parameters}: {reason}; use for example Normal, "
            "HalfNormal, LogNormal, Beta, Gamma or Exponential"
        ) from problem
    low, high = support
    outside = 1 - float((np.isfinite(draws) & (draws >= low) & (draws <= high)).mean())
    if outside > 0:
        raise InputError(
            f"{where}: {outside:.0%} of its draws are outside the parameter's range, {low:g} to "
            f"{high:g}; take a distribution on that range, such as {_EXAMPLES[low, high]}"
        )


def _is_continuous(distribution: Any) -> bool:
    return isinstance(distribution, type) and issubclass(distribution, pm.Continuous)


def _support(design: Design, key: str) -> tuple[float, float]:
    """Range of the values that a parameter may have: that of its default prior.

    A contribution may be negative, if the description says so, whatever the default.
    """
    if key == "beta":
        return (-np.inf, np.inf)
    dist, _ = default_priors(design, 1.0, 1.0)[key]
    return _RANGES.get(dist, (-np.inf, np.inf))


def check_overrides(design: Design, model: pm.Model) -> None:
    """Refuse a description that states priors of anything but parameters of the model.

    Raises
    ------
    InputError
        It lists the model's parameters.
    """
    known = {"beta", *default_priors(design, 1.0, 1.0)}
    names = [name for name in known if name in model.named_vars]
    unknown = [name for name in design.dataset.description.priors if name not in names]
    if unknown:
        raise InputError(
            f"{design.dataset.path}: [priors] {', '.join(unknown)} is not a parameter of this "
            f"model; its parameters are {', '.join(sorted(names))}"
        )
    for stated in channel_priors(design):
        parameter = "adstock_alpha" if stated.quantity == "half_life" else stated.quantity
        if parameter.startswith(("adstock", "saturation")) and parameter not in model.named_vars:
            channel = design.dataset.channels[stated.channel]
            raise InputError(
                f"{design.dataset.path}: [channels.{channel}.priors] {stated.quantity} is no "
                f"parameter of this model with adstock = {design.form.adstock!r} and saturation = "
                f"{design.form.saturation!r}; remove it, or choose a form that has it"
            )


def check_interactions(design: Design, model: pm.Model) -> None:
    """Refuse a model without the description's interactions of channels.

    Raises
    ------
    InputError
        It names the interactions.
    """
    if "modulators" in design.arrays and "modulation_effect" not in model.named_vars:
        names = ", ".join(design.dataset.description.modulations)
        raise InputError(
            f"{design.dataset.path}: this model leaves out [interactions] {names}, which modulate "
            "a channel; multiply the outcome's media by terms.modulation(design) in the model "
            "file, or remove the interactions"
        )
