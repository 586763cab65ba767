"""The family's equations in plain NumPy, apart from the models: what a model says it is.

A model that made its own tables would find itself calibrated whatever it does. So the tables of a
calibration come from here: parameters from the stated priors, a mediator, an outcome, and the true
effects by the definition of the estimands, with no line shared with `terms`, `transforms` or
`counterfactual`. The planned spends, the controls and the scaling are those of a reference table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from mmm_bayes.calibration.contrasts import contrasts
from mmm_bayes.design import Design
from mmm_bayes.terms.priors import defaults

Array = NDArray[np.float64]

MEMBERS = ("direct", "full_mediation", "partial_mediation", "time_varying", "panel")
_SHAPES = {
    "media": ("adstock_alpha", "saturation_kappa", "saturation_slope"),
    "path": ("mediation_alpha", "mediation_kappa", "mediation_slope"),
}
#: Parameters of which each unit of a panel has its own, pooled, besides the effects of covariates.
_OWN = {
    "intercept", "adstock_alpha", "saturation_kappa", "beta", "gamma", "gamma_on",
    "mediator_intercept", "mediator_on_intercept",
}  # fmt: skip
#: A walk's steps, and a trend's stretches: in the weeks of the scaling, and after them.
STEPS, STRETCHES = (8, 6), (10, 7)
#: What the names of parameters end with that no calibration looks at one by one.
UNNAMED = (
    "covariate_effect", "covariate_effect_spread", "_offset", "_step", "trend_change",
)  # fmt: skip
BEND = 0.05  # of the softplus that keeps the location of an additive log-normal positive


@dataclass(frozen=True)
class Table:
    """A table with its truth.

    Attributes
    ----------
    design : Design
        The reference with this table's mediator and outcome in it.
    truth : dict of str to float
        Effects and parameters, named as `quantities.quantities` names them.
    """

    design: Design
    truth: dict[str, float]


def tables(member: str, reference: Design, number: int, seed: int) -> Iterator[Table]:
    """Draw tables from the joint distribution that a member of the family states.

    The first tables are the same however many are asked for.

    Parameters
    ----------
    member : {"direct", "full_mediation", "partial_mediation", "time_varying", "panel"}
    reference : Design
    number : int
    seed : int

    Yields
    ------
    Table
    """
    drawn = parameters(member, reference, number, seed)
    for at in range(number):
        rng = np.random.default_rng([seed, at])
        one = {name: values[at] for name, values in drawn.items()}
        yield _table(member, reference, one, rng)


def parameters(member: str, design: Design, number: int, seed: int) -> dict[str, Array]:
    """Draws of every parameter from its stated prior.

    Parameters
    ----------
    member : str
    design : Design
    number : int
        Draws.
    seed : int

    Returns
    -------
    dict of str to array, shape (number, ...)
    """
    channels, units = len(design.dataset.channels), design.arrays.sizes["unit"]
    covariates = design.arrays.sizes["covariate"]
    shapes: dict[str, tuple[int, ...]] = {
        "intercept": (units,), "sigma": (), "adstock_alpha": (channels,),
        "saturation_kappa": (channels,), "saturation_slope": (channels,), "beta": (channels,),
    }  # fmt: skip
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
    mediated, equations = _mediated(member, design), [""]
    if mediated:
        causes = len(design.causes)
        shapes |= {"gamma": (causes,), "mediator_sigma": ()}
        equations.append("mediator_")
        if design.form.mediator_likelihood == "hurdle":
            equations.append("mediator_on_")
            shapes["gamma_on"] = (causes,)
        for prefix in equations[1:]:
            shapes[f"{prefix}intercept"] = (units,)
            if covariates:
                shapes[f"{prefix}covariate_effect"] = (covariates,)
    if mediated and _two_forms(member):
        shapes |= {f"mediation_{name}": (causes,) for name in ("alpha", "kappa", "slope")}
    if member == "time_varying":
        walked = sum(STEPS)
        shapes |= {"effectiveness_step": (walked,), "effectiveness_own_step": (channels, walked)}
    offsets: dict[str, tuple[int, ...]] = {}
    if member == "panel":
        for name in [name for name in shapes if name in _OWN or name.endswith("covariate_effect")]:
            shapes[name] = () if name.endswith("intercept") else shapes[name]
            shapes[f"{name}_spread"] = shapes[name]
            offsets[f"{name}_offset"] = (units, *shapes[name])
        shapes |= {"shared_sigma": (), "sigma": (units,)}
        if mediated:
            shapes["mediator_sigma"] = (units,)
        if mediated and design.form.mediator_likelihood == "normal":
            shapes["mediator_shared_sigma"] = ()
    if _bends(design):
        bends = sum(STRETCHES) - 1
        shapes |= {f"{prefix}trend_change": (bends,) for prefix in equations}
    table = defaults(design, design.scaling.spread, design.scaling.mediator_spread)
    given = design.dataset.description.priors
    table |= {name: (prior.dist, prior.parameters) for name, prior in given.items()}
    variables = [
        getattr(pm, table[name][0]).dist(**table[name][1], shape=shape)
        for name, shape in shapes.items()
    ]
    variables += [pm.Normal.dist(shape=shape) for shape in offsets.values()]
    # One draw alone would come back without its axis.
    drawn = pm.draw(variables, draws=number + 1, random_seed=seed, mode="FAST_COMPILE")
    return dict(zip([*shapes, *offsets], map(np.asarray, drawn), strict=True))


def _mediated(member: str, design: Design) -> bool:
    return member != "direct" and design.mediator is not None


def _own_values(design: Design, drawn: dict[str, Array]) -> dict[str, Array]:
    """What each unit of a panel has: shape (unit, ...) instead of the typical unit's (...)."""
    own = dict(drawn)
    for name in [name for name in drawn if f"{name}_offset" in drawn]:
        away = drawn[f"{name}_spread"] * drawn[f"{name}_offset"]
        if name == "adstock_alpha":
            own[name] = expit(logit(drawn[name]) + away)
        elif name == "saturation_kappa" or (name == "beta" and design.form.sign == "positive"):
            own[name] = np.exp(np.log(drawn[name]) + away)
        else:
            own[name] = drawn[name] + away
    exposure = design.dataset.data["exposure"].values[design.weeks].mean(0)
    rate = exposure / design.arrays["outcome_scale"].values[:, None]
    own["beta"] = own["beta"] * rate / rate.mean(0)
    return own


def _table(member: str, reference: Design, drawn: dict[str, Array], rng: Any) -> Table:
    own = _own_values(reference, drawn) if member == "panel" else drawn
    equations = _Equations(member, reference, own)
    path = _path(reference)
    truth = _named(equations, drawn)
    design, observed, quantile = reference, np.zeros(0), np.zeros(0)
    if equations.mediated:
        shape = reference.arrays["mediator_observed"].shape
        quantile = rng.random(shape)
        shock = 0.0
        if "mediator_shared_sigma" in own:
            shock = own["mediator_shared_sigma"] * rng.standard_normal((shape[0], 1))
        observed = equations.mediator(path, path, quantile, shock)
        path = _with_mediator(reference, path, observed)
        design = _observing(reference, path, observed)
    predictor = equations.predictor(path, path)
    chance = _Chance(_draw_outcome(equations, predictor, rng), rng.random(predictor.shape))
    recorded = _recorded(equations, predictor, predictor, chance)
    design = _observing(design, path, None, recorded)
    for at, channel in enumerate(reference.dataset.channels):
        effects = _effects(equations, design, path, at, observed, quantile, chance)
        truth |= {f"{name}[{channel}]": float(value.sum()) for name, value in effects.items()}
        spend = float(design.dataset.data["spend"].values[design.weeks, :, at].sum())
        if spend > 0:
            truth[f"roas[{channel}]"] = truth[f"total[{channel}]"] / spend
        if member == "panel":
            for unit, value in zip(design.arrays["unit"].values, effects["total"], strict=True):
                truth[f"unit_total[{unit}, {channel}]"] = float(value)

    def located(other: Array, level: dict[str, Array] | None = None) -> Array:
        return _location(equations, equations.predictor(other, path, level))

    return Table(design, truth | contrasts(design, drawn, path, located))


def _two_forms(member: str) -> bool:
    """Whether a cause's form on the mediator is not that on the outcome."""
    return member != "full_mediation"


def _bends(design: Design) -> bool:
    return design.dataset.description.calendar.trend == "changepoints"


@dataclass(frozen=True)
class _Equations:
    member: str
    design: Design
    drawn: dict[str, Array]

    @property
    def mediated(self) -> bool:
        return _mediated(self.member, self.design)

    def response(self, path: Array, names: str, at: Any) -> Array:
        """Saturated carryover of some channels, shape (time, unit, channel)."""
        alpha, kappa, slope = (self.drawn[name] for name in _SHAPES[names])
        if names == "media":
            alpha, kappa, slope = alpha[..., at], kappa[..., at], slope[..., at]
        memory = self.design.form.max_lag
        weeks = len(path) - memory + 1
        stock = np.zeros((weeks, *path[:, :, at].shape[1:]))
        for lag in range(memory):
            begin = memory - 1 - lag
            stock += alpha**lag * path[begin : begin + weeks][:, :, at]
        stock /= sum(alpha**lag for lag in range(memory))
        return np.asarray(1 / (1 + (kappa / np.where(stock > 0, stock, np.inf)) ** slope)) * (
            stock > 0
        )

    def media(
        self, path: Array, fact: Array, share: Array, names: str, at: Any, changed: Any = (1.0, 1.0)
    ) -> Array:
        """Sum of ``share (f / mean(f) - 1)``, the mean that of the history as it was.

        ``f`` is the response times what changes it: now, and as it was. The mean is that of each
        unit by itself in a panel, of all units together elsewhere.
        """
        now, was = changed
        over = 0 if self.member == "panel" else (0, 1)
        mean = (was * self.response(fact, names, at)).mean(over)
        return np.asarray((share * (now * self.response(path, names, at) / mean - 1)).sum(-1))

    def changed(self, level: dict[str, Array] | None = None) -> Array | float:
        """What interactions make of each channel, shape (time, unit, channel).

        A level holds the covariate columns of one interaction where they are, in all weeks, instead
        of where they were: its name, then the columns' values in standard deviations.
        """
        design = self.design
        if "modulation_effect" not in self.drawn:
            return 1.0
        channels, columns = list(design.dataset.channels), list(design.scaling.columns)
        weeks = _standardised(design)
        made = np.ones((*weeks.shape[:2], len(channels)))
        deltas = iter(self.drawn["modulation_effect"])
        for name, interaction in design.dataset.description.interactions.items():
            (channel,) = [one for one in interaction.between if one in channels] or [""]
            if not channel:
                continue
            (by,) = (one for one in interaction.between if one != channel)
            for at in [at for at, one in enumerate(columns) if one == by or (
                by == "season" and one.startswith("season_")
            )]:  # fmt: skip
                z = weeks[..., at] if level is None or name not in level else level[name][at]
                made[..., channels.index(channel)] *= np.exp(next(deltas) * z)
        return made

    def effectiveness(self) -> Array:
        """What there is of each channel's effect, (time, channel): a walk, week by week."""
        drawn, (inside, ahead) = self.drawn, STEPS
        time = self.design.arrays["time"].values
        if self.member != "time_varying":
            return np.ones((len(time), 1))
        knots = np.arange(inside + ahead + 1) / inside
        steps = drawn["effectiveness_step"] + drawn["effectiveness_own_step"]
        walks = np.insert(np.cumsum(steps, 1), 0, 0.0, 1) / np.sqrt(inside)
        return np.exp(np.column_stack([_drawn_through(self.design, knots, walk) for walk in walks]))

    def other(self, prefix: str) -> Array:
        """Intercept and covariates."""
        covariates = self.design.arrays["covariates"].values
        effect = self.drawn.get(f"{prefix}covariate_effect", np.zeros(0))
        level = self.drawn[f"{prefix}intercept"] + (covariates * effect).sum(-1)
        if _bends(self.design):
            slopes = np.insert(np.cumsum(self.drawn[f"{prefix}trend_change"]), 0, 0.0)
            knots = np.arange(sum(STRETCHES) + 1) / STRETCHES[0]
            trend = np.insert(np.cumsum(slopes), 0, 0.0) / STRETCHES[0]
            level = level + _drawn_through(self.design, knots, trend)[:, None]
        return np.asarray(level)

    def predictor(self, path: Array, fact: Array, level: dict[str, Array] | None = None) -> Array:
        """The outcome's location in the model's units, shape (time, unit)."""
        every = np.arange(path.shape[-1])
        share = self.drawn["beta"]
        if self.member == "full_mediation":
            share = np.where(np.isin(every, self.design.causes_at), 0.0, share)
        walked = self.effectiveness()[:, None]
        changed = walked * self.changed(level), walked * self.changed()
        return self.other("") + self.media(path, fact, share, "media", every, changed)

    def mediator(self, path: Array, fact: Array, quantile: Array, shock: Any = 0.0) -> Array:
        """The mediator whose disturbance has this quantile, in original units, not floored.

        The shock is what all units of a panel have in a week, besides.
        """
        scale = self.design.arrays["mediator_scale"].values
        names = "path" if _two_forms(self.member) else "media"

        def equation(prefix: str, share: Array) -> Array:
            return self.other(prefix) + self.media(path, fact, share, names, self.design.causes_at)

        location = equation("mediator_", self.drawn["gamma"])
        sigma = self.drawn["mediator_sigma"]
        if self.design.form.mediator_likelihood == "normal":
            return np.asarray(scale * (location + sigma * ndtri(quantile) + shock))
        on = expit(equation("mediator_on_", self.drawn["gamma_on"]))
        given_on = np.clip((quantile - (1 - on)) / on, 1e-300, 1 - 1e-16)
        amount = scale * np.exp(location + sigma * ndtri(given_on))
        return np.where(quantile > 1 - on, amount, 0.0)


def _drawn_through(design: Design, knots: Array, values: Array) -> Array:
    """Straight lines through values at some times, less their mean over the span of the scaling."""
    start, end = design.scaling.start, design.scaling.end
    time = (design.arrays["time"].values - start) / (end - start)
    inside = knots <= 1 + 1e-9
    mean = np.trapezoid(values[inside], knots[inside])
    return np.asarray(np.interp(time, knots, values) - mean)


def _draw_outcome(equations: _Equations, predictor: Array, rng: Any) -> Array:
    form, drawn = equations.design.form, equations.drawn
    shape = predictor.shape
    heavy = form.likelihood == "student_t"
    if equations.member == "panel":  # a week's shock, its units' own, and its one weight
        noise = drawn["sigma"] * rng.standard_normal(shape)
        noise = noise + drawn["shared_sigma"] * rng.standard_normal((shape[0], 1))
        if heavy:
            noise /= np.sqrt(rng.chisquare(drawn["nu"], (shape[0], 1)) / drawn["nu"])
    elif heavy:
        noise = drawn["sigma"] * rng.standard_t(drawn["nu"], shape)
    else:
        noise = drawn["sigma"] * rng.standard_normal(shape)
    with np.errstate(over="ignore"):
        return _disturbed(equations, predictor, noise)


def _disturbed(equations: _Equations, predictor: Array, noise: Array) -> Array:
    form, scale = equations.design.form, equations.design.arrays["outcome_scale"].values
    if form.link == "log":
        return np.asarray(scale * np.exp(predictor + noise))
    if form.likelihood == "lognormal":
        return np.asarray(_location(equations, predictor) * np.exp(noise))
    return np.asarray(scale * (predictor + noise))


def _location(equations: _Equations, predictor: Array) -> Array:
    scale, form = equations.design.arrays["outcome_scale"].values, equations.design.form
    if form.link == "log":
        return np.asarray(scale * np.exp(predictor))
    if form.likelihood == "lognormal":
        return np.asarray(scale * BEND * np.logaddexp(0.0, predictor / BEND))
    return np.asarray(scale * predictor)


@dataclass(frozen=True)
class _Chance:
    """What the weeks have of their own.

    ``latent`` is the outcome before its floor (of a hurdle, above it); ``side`` the uniform that
    decides, for a hurdle, whether there is anything above the floor. Shape (time, unit).
    """

    latent: Array
    side: Array


def _recorded(equations: _Equations, fact: Array, other: Array, chance: _Chance) -> Array:
    """The outcome at another predictor, by the chance that the weeks had at the first one."""
    form = equations.design.form
    before, after = _location(equations, fact), _location(equations, other)
    moved = chance.latent + after - before
    if form.link == "log":
        moved = chance.latent * after / before
    if form.floor is None:
        return np.asarray(moved)
    if not _has_hurdle(equations.design):
        return np.where(moved > form.floor, moved, form.floor)
    slope = equations.drawn["outcome_on_slope"]
    on = expit(equations.other("outcome_on_") + slope * other)
    return np.where(chance.side < on, form.floor + moved, form.floor)


def _has_hurdle(design: Design) -> bool:
    return design.form.floor is not None and design.form.at_floor == "hurdle"


def _effects(
    equations: _Equations,
    design: Design,
    path: Array,
    at: int,
    observed: Array,
    quantile: Array,
    chance: _Chance,
) -> dict[str, Array]:
    """Total, direct and indirect effect of one channel by definition, summed over weeks."""
    without = path.copy()
    without[..., at] = 0.0
    held = path
    if equations.mediated and at in design.causes_at:
        if design.form.mediator_likelihood == "normal":
            fact = equations.mediator(path, path, np.full(quantile.shape, 0.5))
            change = fact - equations.mediator(without, path, np.full(quantile.shape, 0.5))
            changed = np.maximum(observed - change, 0.0)
        else:
            changed = equations.mediator(without, path, quantile)
        held = _with_mediator(design, path, changed, shifted=True)
        without = held.copy()
        without[..., at] = 0.0

    fact = equations.predictor(path, path)

    def outcome(other: Array) -> Array:
        return _recorded(equations, fact, equations.predictor(other, path), chance)

    whole, kept, none = (outcome(other).sum(0) for other in (path, held, without))
    return {"total": whole - none, "direct": kept - none, "indirect": whole - kept}


def _standardised(design: Design) -> Array:
    """Every covariate column in standard deviations, from the orthonormal ones."""
    return np.asarray(design.arrays["covariates"].values @ np.linalg.inv(design.scaling.unmix))


def _path(design: Design) -> Array:
    """Exposure in active means from the table itself, shape (max_lag - 1 + time, unit, channel)."""
    scaling, weeks = design.scaling, design.weeks
    history = design.form.max_lag - 1
    exposure = design.dataset.data["exposure"].values / scaling.exposure
    average = np.broadcast_to(scaling.pre_sample / scaling.exposure, (history, *exposure.shape[1:]))
    return np.concatenate([average, exposure])[weeks.start : weeks.stop + history]


def _with_mediator(design: Design, path: Array, mediator: Array, *, shifted: bool = False) -> Array:
    """A path with another mediator, shape (time, unit), in original units.

    Shifted, the weeks before the span move as the average week of the span does.
    """
    at, history = design.mediator_at, design.form.max_lag - 1
    now = np.maximum(mediator, 0.0) / design.scaling.exposure[:, at]
    made = path.copy()
    if shifted:
        change = (now - path[history:, :, at]).mean(0)
        made[:history, :, at] = np.maximum(path[:history, :, at] + change, 0.0)
    made[history:, :, at] = now
    return made


def _observing(
    design: Design, path: Array, mediator: Array | None, outcome: Array | None = None
) -> Design:
    """The design in which this mediator, or outcome, was observed."""
    data, arrays = design.dataset.data.copy(), design.arrays
    if mediator is not None:
        at, memory = design.mediator_at, design.form.max_lag
        weeks = arrays.sizes["time"]
        lags = arrays["exposure_lags"].copy(deep=True)
        for lag in range(memory):
            begin = memory - 1 - lag
            lags.values[:, :, at, lag] = path[begin : begin + weeks, :, at]
        paid = design.mediator in design.dataset.paid
        for name in ("spend", "exposure") if paid else ("exposure",):
            values = data[name].copy(deep=True)
            values.values[design.weeks, :, at] = np.maximum(mediator, 0.0)
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


def _named(equations: _Equations, drawn: dict[str, Array]) -> dict[str, float]:
    """Parameters but the coefficients of covariates, one name a number."""
    design = equations.design
    channels, causes = list(design.dataset.channels), list(design.causes)
    units = [str(unit) for unit in design.arrays["unit"].values]
    own = [name for name in channels if name not in causes]
    truth: dict[str, float] = {}
    if equations.member == "time_varying":
        effect = equations.effectiveness()
        quarter = max(1, round(len(effect) / 4))
        late, early = effect[-quarter:].mean(0), effect[:quarter].mean(0)
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
        if name == "beta" and equations.member == "full_mediation":
            name, labels = "beta_direct", own
            values = values[[channels.index(label) for label in own]]
        if values.ndim == 0:
            truth[name] = float(values)
        else:
            truth |= {f"{name}[{label}]": float(v) for label, v in zip(labels, values, strict=True)}
    return truth
