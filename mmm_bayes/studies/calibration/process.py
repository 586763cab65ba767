"""Data-generating process of every member of the family, written in plain NumPy.

A model that simulated its own tables would appear calibrated even if its code were wrong. So the
tables of a calibration are simulated here: parameters from the stated priors, a mediator, an
outcome, and the true effects by the definition of the estimands. The equations share no code with
`terms`, `transforms` or `counterfactual`. The planned exposures, the controls and the scaling are
those of a reference table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

from mmm_bayes.data.design import Design
from mmm_bayes.model.terms.priors import default_priors, stated_prior
from mmm_bayes.studies.calibration.contrasts import interaction_contrasts

Array = NDArray[np.float64]

MEMBERS = ("no_mediation", "full_mediation", "partial_mediation", "time_varying", "panel")
_SHAPES = {
    "media": ("adstock_alpha", "saturation_kappa", "saturation_slope"),
    "path": ("mediation_alpha", "mediation_kappa", "mediation_slope"),
}
#: Parameters that are partially pooled over the units of a panel, besides effects of covariates.
_POOLED = {
    "intercept", "adstock_alpha", "saturation_kappa", "beta", "gamma", "gamma_on",
    "mediator_intercept", "mediator_on_intercept",
}  # fmt: skip
#: Steps of a random walk and segments of a trend, in the weeks of the scaling and after them.
WALK_STEPS, TREND_SEGMENTS = (8, 6), (10, 7)
#: Endings of the names of parameters that are not calibrated one by one.
UNNAMED = (
    "covariate_effect", "covariate_effect_spread", "_offset", "_step", "trend_change", "log_beta",
    "log_beta_direct",
)  # fmt: skip
#: Scale, as a share of the mean outcome, of the softplus that keeps the location of an additive
#: log-normal outcome positive.
SOFTPLUS_SCALE = 0.05


@dataclass(frozen=True)
class SimulatedTable:
    """A simulated table with its truth.

    Attributes
    ----------
    design : Design
        The reference design with the simulated mediator and outcome.
    truth : dict of str to float
        Effects and parameters, named as in `quantities.posterior_quantities`.
    parameters : dict of str to array
        The parameters that made it, named as in the model.
    """

    design: Design
    truth: dict[str, float]
    parameters: dict[str, Array]


def simulate_tables(
    member: str, reference: Design, number: int, seed: int
) -> Iterator[SimulatedTable]:
    """Draw tables from the joint distribution that a member of the family states.

    The first tables do not depend on `number`.

    Parameters
    ----------
    member : {"no_mediation", "full_mediation", "partial_mediation", "time_varying", "panel"}
    reference : Design
        Its exposures, controls and scaling are those of every table.
    number : int
        Number of tables.

    Yields
    ------
    SimulatedTable
    """
    drawn = draw_parameters(member, reference, number, seed)
    for index in range(number):
        rng = np.random.default_rng([seed, index])
        table_parameters = {name: values[index] for name, values in drawn.items()}
        yield _simulate_table(member, reference, table_parameters, rng)


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
    direct = _direct_channels(member, design)
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
    if _has_hurdle(design):
        shapes |= {"outcome_on_slope": (), "outcome_on_intercept": (units,)}
        if covariates:
            shapes["outcome_on_covariate_effect"] = (covariates,)
    if design.form.errors == "ar1":
        shapes["phi"] = ()
    mediated, equations = _mediated(member, design), [""]
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
    if mediated and _has_mediation_form(member):
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
    if _has_changepoints(design):
        changepoints = sum(TREND_SEGMENTS) - 1
        bending = [*equations, "outcome_on_"] if _has_hurdle(design) else equations
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


def _direct_channels(member: str, design: Design) -> list[int]:
    """Positions of the channels that act on the outcome themselves."""
    causes = design.causes if member == "full_mediation" else ()
    return [i for i, name in enumerate(design.dataset.channels) if name not in causes]


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


def _mediated(member: str, design: Design) -> bool:
    return member != "no_mediation" and design.mediator is not None


def _unit_values(design: Design, drawn: dict[str, Array]) -> dict[str, Array]:
    """Parameters of each unit of a panel, shape (unit, ...), from those of the typical unit."""
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


def _simulate_table(
    member: str, reference: Design, drawn: dict[str, Array], rng: Any
) -> SimulatedTable:
    unit_values = _unit_values(reference, drawn) if member == "panel" else drawn
    equations = _Equations(member, reference, unit_values)
    path = _exposure_path(reference)
    truth = _named_parameters(equations, drawn)
    design, observed, quantile = reference, np.zeros(0), np.zeros(0)
    revealed = None
    if equations.mediated:
        shape = reference.arrays["mediator_observed"].shape
        quantile = rng.random(shape)
        own, shock = unit_values["mediator_sigma"], 0.0
        if reference.form.mediator_likelihood == "hurdle":
            revealed = equations.revealed(path, quantile)
        else:
            revealed = ndtri(quantile)
        if "mediator_phi" in unit_values:
            quantile = ndtr(_remembered(ndtri(quantile), unit_values["mediator_phi"]))
        if "mediator_shared_sigma" in unit_values:
            common = unit_values["mediator_shared_sigma"]
            chance = rng.standard_normal((shape[0], 1))
            revealed = (own * revealed + common * chance) / np.hypot(own, common)
            if "mediator_phi" in unit_values:
                chance = _remembered(chance, unit_values["mediator_phi"])
            shock = common * chance
        observed = equations.mediator(path, path, quantile, shock)
        path = _with_mediator(reference, path, observed)
        design = _with_observations(reference, path, observed)
    predictor = equations.predictor(path, path)
    latent = _draw_outcome(equations, predictor, rng, revealed)
    disturbances = _Disturbances(latent, rng.random(predictor.shape))
    off = equations.predictor(np.zeros_like(path), path)
    recorded = _recorded_outcome(equations, predictor, predictor, disturbances)
    change = recorded - _recorded_outcome(equations, predictor, off, disturbances)
    truth["joint"] = float(change.sum())
    design = _with_observations(design, path, None, recorded)
    for index, channel in enumerate(reference.dataset.channels):
        effects = _effects(equations, design, path, index, observed, quantile, disturbances)
        truth |= {f"{name}[{channel}]": float(value.sum()) for name, value in effects.items()}
        spend = float(design.dataset.data["spend"].values[design.weeks, :, index].sum())
        if spend > 0:
            truth[f"roas[{channel}]"] = truth[f"total[{channel}]"] / spend
        if member == "panel":
            for unit, value in zip(design.arrays["unit"].values, effects["total"], strict=True):
                truth[f"unit_total[{unit}, {channel}]"] = float(value)

    def location(other: Array, level: dict[str, Array] | None = None) -> Array:
        return _location(equations, equations.predictor(other, path, level))

    contrasts = interaction_contrasts(design, drawn, path, location)
    parameters = dict(drawn)
    if member == "full_mediation":
        parameters["beta_direct"] = drawn["beta"][_direct_channels(member, reference)]
    return SimulatedTable(design, truth | contrasts, parameters)


def _has_mediation_form(member: str) -> bool:
    """True if causes have their own carryover and saturation in the mediator's equation."""
    return member != "full_mediation"


def _has_changepoints(design: Design) -> bool:
    return design.dataset.description.calendar.trend == "changepoints"


@dataclass(frozen=True)
class _Equations:
    """Equations of a member at one draw of its parameters; units of a panel have their own."""

    member: str
    design: Design
    drawn: dict[str, Array]

    @property
    def mediated(self) -> bool:
        return _mediated(self.member, self.design)

    def response(self, path: Array, names: str, channels: Any) -> Array:
        """Saturated carryover of some channels, shape (time, unit, channel)."""
        alpha, kappa, slope = (self.drawn[name] for name in _SHAPES[names])
        if names == "media":
            alpha, kappa, slope = alpha[..., channels], kappa[..., channels], slope[..., channels]
        memory = self.design.form.max_lag
        weeks = len(path) - memory + 1
        stock = np.zeros((weeks, *path[:, :, channels].shape[1:]))
        for lag in range(memory):
            begin = memory - 1 - lag
            stock += alpha**lag * path[begin : begin + weeks][:, :, channels]
        stock /= sum(alpha**lag for lag in range(memory))
        return np.asarray(1 / (1 + (kappa / np.where(stock > 0, stock, np.inf)) ** slope)) * (
            stock > 0
        )

    def media(
        self,
        path: Array,
        observed_path: Array,
        share: Array,
        names: str,
        channels: Any,
        modulations: Any = (1.0, 1.0),
    ) -> Array:
        """Sum over channels of ``share (f / mean(f) - 1)``, with the mean over the observed path.

        ``f`` is the response times its modulation, on this path and on the observed one. The mean
        is that of each unit in a panel, and of all units together elsewhere.
        """
        current, observed = modulations
        axes = 0 if self.member == "panel" else (0, 1)
        mean = (observed * self.response(observed_path, names, channels)).mean(axes)
        relative = current * self.response(path, names, channels) / mean
        return np.asarray((share * (relative - 1)).sum(-1))

    def modulation(self, level: dict[str, Array] | None = None) -> Array | float:
        """Factor by which interactions multiply each channel's response (time, unit, channel).

        A level fixes the covariate columns of one interaction in all weeks: from its name to the
        values of all columns, in standard deviations.
        """
        design, fixed = self.design, level or {}
        if "modulation_effect" not in self.drawn:
            return 1.0
        channels, columns = list(design.dataset.channels), list(design.scaling.columns)
        covariates = _standardised_covariates(design)
        modulation = np.ones((*covariates.shape[:2], len(channels)))
        deltas = iter(self.drawn["modulation_effect"])
        for name, interaction in design.dataset.description.interactions.items():
            (channel,) = [part for part in interaction.between if part in channels] or [""]
            if not channel:
                continue
            (by,) = (part for part in interaction.between if part != channel)
            modulators = [
                index
                for index, column in enumerate(columns)
                if column == by or (by == "season" and column.startswith("season_"))
            ]
            for index in modulators:
                z = fixed[name][index] if name in fixed else covariates[..., index]
                modulation[..., channels.index(channel)] *= np.exp(next(deltas) * z)
        return modulation

    def effectiveness(self) -> Array:
        """Effectiveness of each channel by week, shape (time, channel): a random walk, or 1."""
        drawn, (fitted, after) = self.drawn, WALK_STEPS
        time = self.design.arrays["time"].values
        if self.member != "time_varying":
            return np.ones((len(time), 1))
        knots = np.arange(fitted + after + 1) / fitted
        steps = drawn["effectiveness_step"] + drawn["effectiveness_own_step"]
        walks = np.insert(np.cumsum(steps, 1), 0, 0.0, 1) / np.sqrt(fitted)
        return np.exp(np.column_stack([_interpolated(self.design, knots, walk) for walk in walks]))

    def non_media(self, prefix: str) -> Array:
        """Intercept, effects of covariates and trend, shape (time, unit)."""
        covariates = self.design.arrays["covariates"].values
        effect = self.drawn.get(f"{prefix}covariate_effect", np.zeros(0))
        level = self.drawn[f"{prefix}intercept"] + (covariates * effect).sum(-1)
        if _has_changepoints(self.design):
            slopes = np.insert(np.cumsum(self.drawn[f"{prefix}trend_change"]), 0, 0.0)
            knots = np.arange(sum(TREND_SEGMENTS) + 1) / TREND_SEGMENTS[0]
            trend = np.insert(np.cumsum(slopes), 0, 0.0) / TREND_SEGMENTS[0]
            level = level + _interpolated(self.design, knots, trend)[:, None]
        return np.asarray(level)

    def predictor(
        self, path: Array, observed_path: Array, level: dict[str, Array] | None = None
    ) -> Array:
        """The outcome's location in the model's units, shape (time, unit)."""
        channels = np.arange(path.shape[-1])
        share = self.drawn["beta"]
        if self.member == "full_mediation":
            share = np.where(np.isin(channels, self.design.cause_indices), 0.0, share)
        effectiveness = self.effectiveness()[:, None]
        modulations = effectiveness * self.modulation(level), effectiveness * self.modulation()
        media = self.media(path, observed_path, share, "media", channels, modulations)
        return self.non_media("") + media

    def mediator(
        self, path: Array, observed_path: Array, quantile: Array, shock: Any = 0.0
    ) -> Array:
        """The mediator whose disturbance has this quantile, in original units, not floored.

        The shock is shared by all units of a panel in a week.
        """
        scale = self.design.arrays["mediator_scale"].values
        location = self._of_causes("mediator_", "gamma", path, observed_path)
        sigma = self.drawn["mediator_sigma"]
        if self.design.form.mediator_likelihood == "normal":
            return np.asarray(scale * (location + sigma * ndtri(quantile) + shock))
        on = expit(self._of_causes("mediator_on_", "gamma_on", path, observed_path))
        amount = scale * np.exp(location + sigma * _score_when_on(quantile, on))
        return np.where(quantile > 1 - on, amount, 0.0)

    def revealed(self, path: Array, quantile: Array) -> Array:
        """Standardised disturbance of a hurdle mediator, shape (time, unit); 0 when it is off."""
        on = expit(self._of_causes("mediator_on_", "gamma_on", path, path))
        return np.where(quantile > 1 - on, _score_when_on(quantile, on), 0.0)

    def _of_causes(self, prefix: str, effect: str, path: Array, observed_path: Array) -> Array:
        """A part of the mediator's equation in the model's units, shape (time, unit)."""
        names = "path" if _has_mediation_form(self.member) else "media"
        share, causes = self.drawn[effect], self.design.cause_indices
        return self.non_media(prefix) + self.media(path, observed_path, share, names, causes)


def _score_when_on(quantile: Array, on: Array) -> Array:
    """Standard normal score of an amount, from its quantile in the hurdle distribution."""
    return np.asarray(ndtri(np.clip((quantile - (1 - on)) / on, 1e-300, 1 - 1e-16)))


def _interpolated(design: Design, knots: Array, values: Array) -> Array:
    """Linear interpolation of values at knots, less its mean over the span of the scaling."""
    start, end = design.scaling.start, design.scaling.end
    time = (design.arrays["time"].values - start) / (end - start)
    inside = knots <= 1 + 1e-9
    mean = np.trapezoid(values[inside], knots[inside])
    return np.asarray(np.interp(time, knots, values) - mean)


def _draw_outcome(
    equations: _Equations, predictor: Array, rng: Any, revealed: Array | None
) -> Array:
    """The outcome before its floor, given what the mediator's disturbances reveal."""
    form, drawn = equations.design.form, equations.drawn
    shape = predictor.shape
    student_t = form.likelihood == "student_t"
    if equations.member == "panel":  # a shared shock, a shock of each unit, and one weight a week
        noise = drawn["sigma"] * rng.standard_normal(shape)
        noise = noise + drawn["shared_sigma"] * rng.standard_normal((shape[0], 1))
        if student_t:
            noise /= np.sqrt(rng.chisquare(drawn["nu"], (shape[0], 1)) / drawn["nu"])
    elif student_t:
        noise = drawn["sigma"] * rng.standard_t(drawn["nu"], shape)
    else:
        noise = drawn["sigma"] * rng.standard_normal(shape)
    if revealed is not None and "rho" in drawn:
        size = np.hypot(drawn["sigma"], drawn.get("shared_sigma", 0.0))
        noise = _with_demand(noise, size, revealed, drawn["rho"], drawn["demand_delay"])
    if "phi" in drawn:
        noise = _remembered(noise, drawn["phi"])
    with np.errstate(over="ignore"):
        return _disturbed(equations, predictor, noise)


def _with_demand(noise: Array, size: Array, revealed: Array, rho: Array, delay: Array) -> Array:
    """Disturbances of the same size, partly those of the mediator in this week and the last."""
    disturbance = noise.copy()
    for week in range(len(noise)):
        left = np.ones(noise.shape[1])
        explained = np.zeros(noise.shape[1])
        for source, part in ((week, 1 - delay), (week - 1, delay)):
            if source >= 0:
                explained += np.sqrt(part) * revealed[source]
                left -= rho**2 * part * (revealed[source] != 0)
        disturbance[week] = rho * size * explained + np.sqrt(left) * noise[week]
    return disturbance


def _remembered(noise: Array, phi: Array) -> Array:
    """Disturbances that keep a share of the week before's, as large as the independent `noise`."""
    disturbance = noise.copy()
    for week in range(1, len(noise)):
        disturbance[week] = phi * disturbance[week - 1] + np.sqrt(1 - phi**2) * noise[week]
    return disturbance


def _disturbed(equations: _Equations, predictor: Array, noise: Array) -> Array:
    form, arrays = equations.design.form, equations.design.arrays
    if form.link == "log":
        return np.asarray(arrays["outcome_scale"].values * np.exp(predictor + noise))
    if form.likelihood == "lognormal":
        return np.asarray(_location(equations, predictor) * np.exp(noise))
    return np.asarray(_location(equations, predictor + noise))


def _location(equations: _Equations, predictor: Array) -> Array:
    form, arrays = equations.design.form, equations.design.arrays
    scale, mean = arrays["outcome_scale"].values, arrays["mean_outcome"].values
    if form.link == "log":
        return np.asarray(scale * np.exp(predictor))
    location = mean + scale * predictor
    if form.likelihood == "lognormal":
        width = SOFTPLUS_SCALE * mean
        return np.asarray(width * np.logaddexp(0.0, location / width))
    return np.asarray(location)


@dataclass(frozen=True)
class _Disturbances:
    """Random parts of the observed weeks, which counterfactuals keep. Shape (time, unit).

    ``latent`` is the outcome before its floor (of a hurdle, above it). ``uniform`` decides, for a
    hurdle, whether the outcome is above the floor.
    """

    latent: Array
    uniform: Array


def _recorded_outcome(
    equations: _Equations, observed: Array, predictor: Array, disturbances: _Disturbances
) -> Array:
    """The recorded outcome at a predictor, with the disturbances of the observed weeks."""
    form = equations.design.form
    before, after = _location(equations, observed), _location(equations, predictor)
    if form.link == "log" or form.likelihood == "lognormal":  # the disturbance is a factor
        latent = disturbances.latent * after / before
    else:
        latent = disturbances.latent + after - before
    if form.floor is None:
        return np.asarray(latent)
    if not _has_hurdle(equations.design):
        return np.where(latent > form.floor, latent, form.floor)
    slope = equations.drawn["outcome_on_slope"]
    on = expit(equations.non_media("outcome_on_") + slope * predictor)
    return np.where(disturbances.uniform < on, form.floor + latent, form.floor)


def _has_hurdle(design: Design) -> bool:
    return design.form.floor is not None and design.form.at_floor == "hurdle"


def _effects(
    equations: _Equations,
    design: Design,
    path: Array,
    channel: int,
    observed: Array,
    quantile: Array,
    disturbances: _Disturbances,
) -> dict[str, Array]:
    """Total, direct and indirect effect of a channel by definition, summed over weeks."""
    without = path.copy()
    without[..., channel] = 0.0
    mediator_only = path  # the mediator responds, the channel itself stays
    if equations.mediated and channel in design.cause_indices:
        if design.form.mediator_likelihood == "normal":
            median = np.full(quantile.shape, 0.5)
            location = equations.mediator(path, path, median)
            change = location - equations.mediator(without, path, median)
            mediator = np.maximum(observed - change, 0.0)
        else:
            mediator = equations.mediator(without, path, quantile)
        mediator_only = _with_mediator(design, path, mediator, shifted=True)
        without = mediator_only.copy()
        without[..., channel] = 0.0

    predictor = equations.predictor(path, path)

    def outcome(other: Array) -> Array:
        """Outcome on a path, summed over weeks, shape (unit,)."""
        other_predictor = equations.predictor(other, path)
        return np.asarray(
            _recorded_outcome(equations, predictor, other_predictor, disturbances).sum(0)
        )

    fact, mediated, none = outcome(path), outcome(mediator_only), outcome(without)
    return {"total": fact - none, "direct": mediated - none, "indirect": fact - mediated}


def _standardised_covariates(design: Design) -> Array:
    """Covariate columns in standard deviations, recovered from the orthonormal ones."""
    return np.asarray(design.arrays["covariates"].values @ np.linalg.inv(design.scaling.r_inverse))


def _exposure_path(design: Design) -> Array:
    """Exposure in multiples of the active mean, shape (max_lag - 1 + time, unit, channel)."""
    scaling, weeks = design.scaling, design.weeks
    history = design.form.max_lag - 1
    exposure = design.dataset.data["exposure"].values / scaling.exposure
    average = np.broadcast_to(scaling.pre_sample / scaling.exposure, (history, *exposure.shape[1:]))
    return np.concatenate([average, exposure])[weeks.start : weeks.stop + history]


def _with_mediator(design: Design, path: Array, mediator: Array, *, shifted: bool = False) -> Array:
    """A path with another mediator, shape (time, unit), in original units.

    If `shifted`, the weeks before the span change by the mean change within the span.
    """
    index, history = design.mediator_index, design.form.max_lag - 1
    exposure = np.maximum(mediator, 0.0) / design.scaling.exposure[:, index]
    changed = path.copy()
    if shifted:
        change = (exposure - path[history:, :, index]).mean(0)
        changed[:history, :, index] = np.maximum(path[:history, :, index] + change, 0.0)
    changed[history:, :, index] = exposure
    return changed


def _with_observations(
    design: Design, path: Array, mediator: Array | None, outcome: Array | None = None
) -> Design:
    """The design with a simulated mediator or outcome in place of the observed one."""
    data, arrays = design.dataset.data.copy(), design.arrays
    if mediator is not None:
        index, memory = design.mediator_index, design.form.max_lag
        weeks = arrays.sizes["time"]
        lags = arrays["exposure_lags"].copy(deep=True)
        for lag in range(memory):
            begin = memory - 1 - lag
            lags.values[:, :, index, lag] = path[begin : begin + weeks, :, index]
        paid = design.mediator in design.dataset.paid
        for name in ("spend", "exposure") if paid else ("exposure",):
            values = data[name].copy(deep=True)
            values.values[design.weeks, :, index] = np.maximum(mediator, 0.0)
            data[name] = values
        arrays = arrays.assign(
            exposure_lags=lags, mediator_observed=arrays["mediator_observed"].copy(data=mediator)
        )
    if outcome is not None:
        values = data["outcome"].copy(deep=True)
        values.values[design.weeks] = outcome
        data["outcome"] = values
        arrays = arrays.assign(outcome_observed=arrays["outcome_observed"].copy(data=outcome))
    return replace(design, dataset=replace(design.dataset, data=data), arrays=arrays)


def _named_parameters(equations: _Equations, drawn: dict[str, Array]) -> dict[str, float]:
    """Parameters by name, one scalar each, without the coefficients of covariates."""
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
            labels = [channels[i] for i in _direct_channels(equations.member, design)]
        if name == "beta" and equations.member == "full_mediation":
            name, labels = "beta_direct", direct
            values = values[[channels.index(label) for label in direct]]
        if values.ndim == 0:
            truth[name] = float(values)
        else:
            truth |= {f"{name}[{label}]": float(v) for label, v in zip(labels, values, strict=True)}
    return truth
