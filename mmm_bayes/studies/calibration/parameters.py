"""Parameters of every member of the family, drawn from their stated priors."""

from __future__ import annotations

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from scipy.special import expit, logit

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.priors import default_priors, stated_prior
from mmm_bayes.studies.calibration.equations import (
    TREND_SEGMENTS,
    WALK_STEPS,
    Equations,
    direct_channels,
    has_changepoints,
    has_hurdle,
    has_mediation_form,
    is_mediated,
)

Array = NDArray[np.float64]

#: Parameters that are partially pooled over the units of a panel, besides effects of covariates.
_POOLED = {
    "intercept", "adstock_alpha", "saturation_kappa", "beta", "gamma", "gamma_on",
    "mediator_intercept", "mediator_on_intercept",
}  # fmt: skip
#: Endings of the names of parameters that are not calibrated one by one.
UNNAMED = (
    "covariate_effect", "covariate_effect_spread", "_offset", "_step", "trend_change", "log_beta",
    "log_beta_direct",
)  # fmt: skip


def draw_parameters(member: str, design: Design, number: int, seed: int) -> dict[str, Array]:
    """Draws of every parameter from its stated prior.

    Parameters
    ----------
    number : int
        Number of draws.

    Returns
    -------
    dict of str to array, shape (number, ...)
        ``beta``, the mean contribution of each channel, is among them even where it is made from
        others.
    """
    channels, units = len(design.dataset.channels), design.arrays.sizes["unit"]
    covariates = design.arrays.sizes["covariate"]
    shapes: dict[str, tuple[int, ...]] = {
        "intercept": (units,), "sigma": (), "adstock_alpha": (channels,),
        "saturation_kappa": (channels,), "saturation_slope": (channels,),
    }  # fmt: skip
    direct = direct_channels(member, design)
    if divided := _divides_media(design):
        shapes |= {"media_share": (), "media_division": (len(direct),)}
    else:
        shapes["beta"] = (channels,)
    if covariates:
        shapes["covariate_effect"] = (covariates,)
    if design.form.likelihood == "student_t":
        shapes["nu"] = ()
    if "modulators" in design.arrays:
        shapes["modulation_effect"] = (design.arrays.sizes["modulation"],)
    if has_hurdle(design):
        shapes |= {"outcome_on_slope": (), "outcome_on_intercept": (units,)}
        if covariates:
            shapes["outcome_on_covariate_effect"] = (covariates,)
    if design.form.errors == "ar1":
        shapes["phi"] = ()
    mediated, equations = is_mediated(member, design), [""]
    if mediated:
        causes = len(design.causes)
        shapes |= {"gamma": (causes,), "mediator_sigma": ()}
        if design.form.errors == "ar1" and design.form.mediator_likelihood == "normal":
            shapes["mediator_phi"] = ()
        if design.form.demand == "unseen":
            shapes |= {"rho": (), "demand_delay": ()}
        equations.append("mediator_")
        if design.form.mediator_likelihood == "hurdle":
            equations.append("mediator_on_")
            shapes["gamma_on"] = (causes,)
        for prefix in equations[1:]:
            shapes[f"{prefix}intercept"] = (units,)
            if covariates:
                shapes[f"{prefix}covariate_effect"] = (covariates,)
    if mediated and has_mediation_form(member):
        shapes |= {f"mediation_{name}": (causes,) for name in ("alpha", "kappa", "slope")}
    if member == "time_varying":
        steps = sum(WALK_STEPS)
        shapes |= {"effectiveness_step": (steps,), "effectiveness_own_step": (channels, steps)}
    offsets: dict[str, tuple[int, ...]] = {}
    if member == "panel":
        pooled = [name for name in shapes if name in _POOLED or name.endswith("covariate_effect")]
        for name in pooled:
            shapes[name] = () if name.endswith("intercept") else shapes[name]
        pooled_shapes = {name: shapes[name] for name in pooled} | {"beta": (channels,)}
        for name, shape in pooled_shapes.items():
            shapes[f"{name}_spread"] = shape
            offsets[f"{name}_offset"] = (units, *shape)
        shapes |= {"shared_sigma": (), "sigma": (units,)}
        if mediated:
            shapes["mediator_sigma"] = (units,)
        if mediated and design.form.mediator_likelihood == "normal":
            shapes["mediator_shared_sigma"] = ()
    if has_changepoints(design):
        changepoints = sum(TREND_SEGMENTS) - 1
        bending = [*equations, "outcome_on_"] if has_hurdle(design) else equations
        shapes |= {f"{prefix}trend_change": (changepoints,) for prefix in bending}
    priors = default_priors(design, design.scaling.spread, design.scaling.mediator_spread)
    described = design.dataset.description.stated_priors
    priors |= {name: stated_prior(design, name) for name in described}
    variables = [
        getattr(pm, priors[name][0]).dist(**priors[name][1], shape=shape)
        for name, shape in shapes.items()
    ]
    variables += [pm.Normal.dist(shape=shape) for shape in offsets.values()]
    # A single draw would be returned without its axis.
    drawn = pm.draw(variables, draws=number + 1, random_seed=seed, mode="FAST_COMPILE")
    parameters = dict(zip([*shapes, *offsets], map(np.asarray, drawn), strict=True))
    if divided:
        beta = parameters["beta"] = _divide_by_money(design, direct, parameters)
        node = "beta_direct" if member == "full_mediation" else "beta"
        parameters[f"log_{node}"] = np.log(beta[:, direct])
        if not {"media_share", "media_division"} & design.dataset.description.priors.keys():
            # Known up to a constant only: the model reports them about their mean.
            division = parameters["media_division"]
            parameters["media_division"] = division - division.mean(-1, keepdims=True)
    return parameters


def _divides_media(design: Design) -> bool:
    """True if the prior is one on all media together."""
    stated = "beta" in design.dataset.description.priors
    return not stated and design.form.sign == "positive" and design.form.link == "identity"


def _divide_by_money(design: Design, direct: list[int], drawn: dict[str, Array]) -> Array:
    """Mean contributions (number, channel): the share of all media, by spend and relative return.

    A channel's spend is at least a hundredth of the average one; a channel that is not paid for
    counts as an average one.
    """
    spend = design.dataset.data["spend"].values[design.weeks].sum((0, 1))
    average = spend[spend > 0].mean() if (spend > 0).any() else 1.0
    money = np.where(spend > 0, np.maximum(spend / average, 0.01), 1.0)[direct]
    value = money * np.exp(drawn["media_division"])
    contributions = np.zeros((len(value), len(spend)))
    share = drawn["media_share"][:, None]
    if "media_share" in design.dataset.description.priors and design.form.link == "identity":
        outcome = design.dataset.data["outcome"].values[design.weeks]
        share = share * outcome.mean(0).sum() / (4 * outcome.std(0)).sum()  # of the mean outcome
    contributions[:, direct] = share * value / value.sum(-1, keepdims=True)
    return contributions


def unit_values(design: Design, drawn: dict[str, Array]) -> dict[str, Array]:
    """Parameters of each unit of a panel, shape (unit, ...).

    Parameters
    ----------
    drawn : dict of str to array
        Those of the typical unit, with spreads and standardised offsets.
    """
    values = dict(drawn)
    for name in [name for name in drawn if f"{name}_offset" in drawn]:
        deviation = drawn[f"{name}_spread"] * drawn[f"{name}_offset"]
        if name == "adstock_alpha":
            values[name] = expit(logit(drawn[name]) + deviation)
        elif name == "saturation_kappa" or (name == "beta" and design.form.sign == "positive"):
            values[name] = np.exp(np.log(drawn[name]) + deviation)
        else:
            values[name] = drawn[name] + deviation
    exposure = design.dataset.data["exposure"].values[design.weeks].mean(0)
    rate = exposure / design.arrays["outcome_scale"].values[:, None]
    values["beta"] = values["beta"] * rate / rate.mean(0)
    return values


def named_parameters(equations: Equations, drawn: dict[str, Array]) -> dict[str, float]:
    """Parameters by name, one scalar each, without the coefficients of covariates.

    Parameters
    ----------
    drawn : dict of str to array
        One draw of `draw_parameters`.
    """
    design = equations.design
    channels, causes = list(design.dataset.channels), list(design.causes)
    units = [str(unit) for unit in design.arrays["unit"].values]
    direct = [name for name in channels if name not in causes]
    truth: dict[str, float] = {}
    if equations.member == "time_varying":
        effectiveness = equations.effectiveness()
        quarter = max(1, round(len(effectiveness) / 4))
        late, early = effectiveness[-quarter:].mean(0), effectiveness[:quarter].mean(0)
        ratios = zip(channels, late / early, strict=True)
        truth |= {f"change[{label}]": float(ratio) for label, ratio in ratios}
    for name, values in drawn.items():
        if name.endswith(UNNAMED):
            continue
        labels = units if name.endswith(("intercept", "sigma")) else channels
        if name == "modulation_effect":
            labels = [str(label) for label in design.arrays["modulation"].values]
        if name.startswith(("gamma", "mediation_")):
            labels = causes
        if name == "media_division":
            labels = [channels[i] for i in direct_channels(equations.member, design)]
        if name == "beta" and equations.member == "full_mediation":
            name, labels = "beta_direct", direct
            values = values[[channels.index(label) for label in direct]]
        if values.ndim == 0:
            truth[name] = float(values)
        else:
            truth |= {f"{name}[{label}]": float(v) for label, v in zip(labels, values, strict=True)}
    return truth
