"""Equations of every member of the family, in plain NumPy.

They share no code with `terms` and `transforms`, so that a calibration against them can fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from mmm_bayes.data.design import Design

Array = NDArray[np.float64]

_SHAPES = {
    "media": ("adstock_alpha", "saturation_kappa", "saturation_slope"),
    "path": ("mediation_alpha", "mediation_kappa", "mediation_slope"),
}
#: Steps of a random walk and segments of a trend, in the weeks of the scaling and after them.
WALK_STEPS, TREND_SEGMENTS = (8, 6), (10, 7)
#: Scale, as a share of the mean outcome, of the softplus that keeps the location of an additive
#: log-normal outcome positive.
SOFTPLUS_SCALE = 0.05


@dataclass(frozen=True)
class Equations:
    """Equations of a member at one draw of its parameters.

    Attributes
    ----------
    member : str
        One of `process.MEMBERS`.
    design : Design
        Its exposures, covariates and scaling.
    drawn : dict of str to array
        The parameters by name; those of a panel's units have the unit axis first.
    """

    member: str
    design: Design
    drawn: dict[str, Array]

    @property
    def mediated(self) -> bool:
        """True if there is an equation of the mediator."""
        return is_mediated(self.member, self.design)

    def _response(self, path: Array, names: str, channels: Any) -> Array:
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

    def _media(
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
        mean = (observed * self._response(observed_path, names, channels)).mean(axes)
        relative = current * self._response(path, names, channels) / mean
        return np.asarray((share * (relative - 1)).sum(-1))

    def _modulation(self, level: dict[str, Array] | None = None) -> Array | float:
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
        """Intercept, effects of covariates and trend, shape (time, unit).

        Parameters
        ----------
        prefix : str
            With which the names of the equation's parameters begin; "" for the outcome.
        """
        covariates = self.design.arrays["covariates"].values
        effect = self.drawn.get(f"{prefix}covariate_effect", np.zeros(0))
        level = self.drawn[f"{prefix}intercept"] + (covariates * effect).sum(-1)
        if has_changepoints(self.design):
            slopes = np.insert(np.cumsum(self.drawn[f"{prefix}trend_change"]), 0, 0.0)
            knots = np.arange(sum(TREND_SEGMENTS) + 1) / TREND_SEGMENTS[0]
            trend = np.insert(np.cumsum(slopes), 0, 0.0) / TREND_SEGMENTS[0]
            level = level + _interpolated(self.design, knots, trend)[:, None]
        return np.asarray(level)

    def predictor(
        self, path: Array, observed_path: Array, level: dict[str, Array] | None = None
    ) -> Array:
        """The outcome's location in the model's units, shape (time, unit).

        Parameters
        ----------
        path, observed_path : array, shape (history + time, unit, channel)
            Exposure in multiples of the active mean, and the observed one, by whose mean responses
            are divided.
        level : dict of str to array, optional
            Covariate columns that an interaction has in all weeks, in standard deviations.
        """
        channels = np.arange(path.shape[-1])
        share = self.drawn["beta"]
        if self.member == "full_mediation":
            share = np.where(np.isin(channels, self.design.cause_indices), 0.0, share)
        effectiveness = self.effectiveness()[:, None]
        modulations = effectiveness * self._modulation(level), effectiveness * self._modulation()
        media = self._media(path, observed_path, share, "media", channels, modulations)
        return self.non_media("") + media

    def mediator(
        self, path: Array, observed_path: Array, quantile: Array, shock: Any = 0.0
    ) -> Array:
        """The mediator in original units, not floored, shape (time, unit).

        Parameters
        ----------
        path, observed_path
            As for `predictor`.
        quantile : array, shape (time, unit)
            Of the mediator's own disturbance.
        shock : array, shape (time, 1)
            Disturbance that all units of a panel share; 0 elsewhere.
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
        """Standardised disturbance of a hurdle mediator, shape (time, unit); 0 when it is off.

        Parameters
        ----------
        path : array, shape (history + time, unit, channel)
            The observed exposure.
        quantile : array, shape (time, unit)
            Of the mediator in its distribution.
        """
        on = expit(self._of_causes("mediator_on_", "gamma_on", path, path))
        return np.where(quantile > 1 - on, _score_when_on(quantile, on), 0.0)

    def _of_causes(self, prefix: str, effect: str, path: Array, observed_path: Array) -> Array:
        """A part of the mediator's equation in the model's units, shape (time, unit)."""
        names = "path" if has_mediation_form(self.member) else "media"
        share, causes = self.drawn[effect], self.design.cause_indices
        return self.non_media(prefix) + self._media(path, observed_path, share, names, causes)


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


def outcome_location(equations: Equations, predictor: Array) -> Array:
    """Location of the outcome in its own units, shape (time, unit).

    Parameters
    ----------
    predictor : array, shape (time, unit)
        As `Equations.predictor` returns it.
    """
    form, arrays = equations.design.form, equations.design.arrays
    scale, mean = arrays["outcome_scale"].values, arrays["mean_outcome"].values
    if form.link == "log":
        return np.asarray(scale * np.exp(predictor))
    location = mean + scale * predictor
    if form.likelihood == "lognormal":
        width = SOFTPLUS_SCALE * mean
        return np.asarray(width * np.logaddexp(0.0, location / width))
    return np.asarray(location)


def _standardised_covariates(design: Design) -> Array:
    """Covariate columns in standard deviations, recovered from the orthonormal ones."""
    return np.asarray(design.arrays["covariates"].values @ np.linalg.inv(design.scaling.r_inverse))


def share_of_outcome(design: Design, change: float) -> float:
    """A change of the predictor as a share of the mean outcome; in log points under the log link.

    Parameters
    ----------
    change : float
        In the model's units.
    """
    if design.form.link == "log":
        return change
    arrays = design.arrays
    return change * float(arrays["outcome_scale"].sum() / arrays["mean_outcome"].sum())


def percent_of_outcome(design: Design, change: float) -> float:
    """A change of the predictor in per cent of the mean outcome; of the outcome under the log link.

    Parameters
    ----------
    change : float
        In the model's units.
    """
    share = share_of_outcome(design, change)
    return 100 * float(np.expm1(share) if design.form.link == "log" else share)


def exposure_path(design: Design) -> Array:
    """Exposure in multiples of the active mean, shape (max_lag - 1 + time, unit, channel)."""
    scaling, weeks = design.scaling, design.weeks
    history = design.form.max_lag - 1
    exposure = design.dataset.data["exposure"].values / scaling.exposure
    average = np.broadcast_to(scaling.pre_sample / scaling.exposure, (history, *exposure.shape[1:]))
    return np.concatenate([average, exposure])[weeks.start : weeks.stop + history]


def with_mediator(design: Design, path: Array, mediator: Array, *, shifted: bool = False) -> Array:
    """A path with another mediator.

    Parameters
    ----------
    path : array, shape (history + time, unit, channel)
        In multiples of the active mean.
    mediator : array, shape (time, unit)
        In original units.
    shifted : bool
        Whether the weeks before the span change by the mean change within the span.
    """
    index, history = design.mediator_index, design.form.max_lag - 1
    exposure = np.maximum(mediator, 0.0) / design.scaling.exposure[:, index]
    changed = path.copy()
    if shifted:
        change = (exposure - path[history:, :, index]).mean(0)
        changed[:history, :, index] = np.maximum(path[:history, :, index] + change, 0.0)
    changed[history:, :, index] = exposure
    return changed


def is_mediated(member: str, design: Design) -> bool:
    """True if the member has an equation of the table's mediator."""
    return member != "no_mediation" and design.mediator is not None


def has_mediation_form(member: str) -> bool:
    """True if causes have their own carryover and saturation in the mediator's equation."""
    return member != "full_mediation"


def has_changepoints(design: Design) -> bool:
    """True if the trend bends."""
    return design.dataset.description.calendar.trend == "changepoints"


def has_hurdle(design: Design) -> bool:
    """True if an equation of its own decides which weeks are above the floor."""
    return design.form.floor is not None and design.form.at_floor == "hurdle"


def direct_channels(member: str, design: Design) -> list[int]:
    """Positions of the channels that act on the outcome themselves."""
    causes = design.causes if member == "full_mediation" else ()
    return [i for i, name in enumerate(design.dataset.channels) if name not in causes]
