"""The form of a fit: link, likelihoods, carryover, saturation, floor and disturbances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mmm_bayes.data import Dataset
from mmm_bayes.data.profiles import mediator_needs_hurdle
from mmm_bayes.errors import InputError

Link = Literal["identity", "log"]
Likelihood = Literal["normal", "student_t", "lognormal"]
MediatorLikelihood = Literal["normal", "hurdle"]
Sign = Literal["positive", "free"]
AtFloor = Literal["censored", "hurdle"]
Errors = Literal["iid", "ar1"]
Demand = Literal["unseen", "none"]


@dataclass(frozen=True)
class Form:
    """Modelling choices that the table itself does not determine.

    Attributes
    ----------
    link : {"identity", "log"}
        Contributions add up (identity) or multiply (log).
    likelihood : {"normal", "student_t", "lognormal"}
        Distribution of the outcome around its location. Under the log link the disturbance is
        multiplicative: "normal" and "lognormal" are then the same, normal on the log scale.
    mediator_likelihood : {"normal", "hurdle"}
        Distribution of the mediator.
    max_lag : int
        Weeks over which a week's advertising acts, its own included.
    sign : {"positive", "free"}
        Prior support of the channels' own effects on the outcome: positive, or of either sign.
    floor : float, optional
        Lowest possible value of the outcome, in its own units, where some weeks are at exactly
        that value; None for an outcome without such a point mass.
    at_floor : {"censored", "hurdle"}
        How a week comes to be at the floor: its outcome would have been lower and is recorded as
        the floor, or a separate equation decides whether there is anything above the floor. Only
        used with a floor.
    adstock, saturation : str
        Names of the carryover and saturation transforms.
    errors : {"iid", "ar1"}
        Disturbances of the outcome, and of a mediator that is always on: independent from step to
        step, or autoregressive of order 1 (`mmm_bayes.model.terms.autoregression`).
    demand : {"unseen", "none"}
        Whether a demand that no column holds may move both the outcome and the spends on the
        mediator and on channels that are set by demand (`mmm_bayes.model.terms.demand`); "none"
        without such spends.
    """

    link: Link
    likelihood: Likelihood
    mediator_likelihood: MediatorLikelihood
    max_lag: int
    sign: Sign = "positive"
    floor: float | None = None
    at_floor: AtFloor = "censored"
    adstock: str = "geometric"
    saturation: str = "hill"
    errors: Errors = "iid"
    demand: Demand = "none"

    @property
    def multiplicative(self) -> bool:
        """True if the outcome's disturbance multiplies, and so adds on the log scale."""
        return self.link == "log" or self.likelihood == "lognormal"

    @property
    def hurdle(self) -> bool:
        """True if a separate equation decides which weeks are above the floor."""
        return self.floor is not None and self.at_floor == "hurdle"


def form_for(
    dataset: Dataset,
    *,
    link: Link | None = None,
    likelihood: Likelihood | None = None,
    floor: float | None = None,
    at_floor: AtFloor | None = None,
    errors: Literal["auto"] | Errors | None = None,
    demand: Demand | None = None,
) -> Form:
    """Form of a fit: the caller's choices, else the description's, else defaults from the data.

    By default, weeks at a floor follow a hurdle under the log link, where only a hurdle can reach
    a floor of zero, and are censored under the identity link. The mediator follows a hurdle if it
    is off in at least 5% of the rows.

    Parameters
    ----------
    link : {"identity", "log"}, optional
    likelihood : {"normal", "student_t", "lognormal"}, optional
    floor : float, optional
        In the outcome's units.
    at_floor : {"censored", "hurdle"}, optional
    errors : {"auto", "iid", "ar1"}, optional
        "auto" is "iid"; see `remembering`.
    demand : {"unseen", "none"}, optional

    Raises
    ------
    InputError
        If the form cannot produce the observed outcome.
    """
    defaults = dataset.description.model
    link = link or defaults.link
    likelihood = likelihood or defaults.likelihood
    floor = defaults.floor if floor is None else floor
    at_floor = at_floor or defaults.at_floor
    errors = errors or defaults.errors
    errors = "iid" if errors == "auto" else errors
    _check_floor(dataset, link, likelihood, floor, at_floor)
    _check_errors(dataset, floor, errors)
    _check_max_lag(dataset)
    hurdle = dataset.mediator is not None and mediator_needs_hurdle(dataset)
    movable = dataset.mediator is not None or dataset.description.demanded
    return Form(
        link,
        likelihood,
        "hurdle" if hurdle else "normal",
        defaults.max_lag,
        defaults.sign,
        floor,
        at_floor or ("hurdle" if link == "log" else "censored"),
        defaults.adstock,
        defaults.saturation,
        errors,
        (demand or dataset.description.demand.assume) if movable else "none",
    )


def remembering(dataset: Dataset, form: Form) -> Form | None:
    """The form with autoregressive disturbances; None where they are not modelled."""
    try:
        _check_errors(dataset, form.floor, "ar1")
    except InputError:
        return None
    return replace(form, errors="ar1")


def _check_errors(dataset: Dataset, floor: float | None, errors: Errors) -> None:
    """Refuse autoregressive disturbances where a week does not reveal its own."""
    if errors == "iid":
        return
    noun = dataset.step.noun
    if floor is not None:
        raise InputError(
            f"{dataset.path}: errors = 'ar1' is not modelled for an outcome with a floor, because "
            f"a {noun} at the floor does not reveal the disturbance that the next one inherits; "
            "use errors = 'iid', or leave floor out"
        )
    experiments = dataset.description.experiments
    if experiments is not None and experiments.these_weeks == "leave_out":
        raise InputError(
            f"{dataset.path}: errors = 'ar1' is not modelled with these_weeks = 'leave_out', "
            f"because the {noun} after a test would still speak of the {dataset.step.plural} that "
            "the test replaces; use errors = 'iid', or independent tests"
        )


def _check_max_lag(dataset: Dataset) -> None:
    """Refuse carryover over more dates than the table has."""
    dates, max_lag = dataset.data.sizes["time"], dataset.description.model.max_lag
    if max_lag > dates:
        raise InputError(
            f"{dataset.path}: max_lag = {max_lag} is longer than the table, which has {dates} "
            f"{dataset.step.plural}; set it to the {dataset.step.plural} over which advertising "
            "acts"
        )


def _check_floor(
    dataset: Dataset,
    link: Link,
    likelihood: Likelihood,
    floor: float | None,
    at_floor: AtFloor | None,
) -> None:
    """Refuse a combination of link, likelihood and floor that cannot produce the outcome."""
    outcome, name = dataset.data["outcome"].values, dataset.description.outcome
    positive = link == "log" or likelihood == "lognormal"
    if floor is None:
        if at_floor is not None:
            raise InputError(
                f"{dataset.path}: at_floor = {at_floor!r} needs a floor; set floor to the lowest "
                f"value that the outcome {name!r} can have"
            )
        if positive and (outcome <= 0).any():
            zeros = "" if (outcome < 0).any() else ", or floor = 0.0 with link = 'log'"
            raise InputError(
                f"{dataset.path}: {(outcome <= 0).sum()} values of the outcome {name!r} are zero "
                f"or negative, which link = {link!r} with likelihood = {likelihood!r} cannot "
                "produce; use link = 'identity' with likelihood = 'normal' or 'student_t'" + zeros
            )
        return
    if (outcome < floor).any():
        raise InputError(
            f"{dataset.path}: {(outcome < floor).sum()} values of the outcome {name!r} are below "
            f"floor = {floor:.15g}; set the floor to its lowest value, {outcome.min():.15g}"
        )
    if not (outcome == floor).any():
        raise InputError(
            f"{dataset.path}: no value of the outcome {name!r} is at floor = {floor:.15g} (the "
            f"lowest is {outcome.min():.15g}); leave the floor out, or set it to the value "
            f"that the {dataset.step.plural} at the floor have"
        )
    if at_floor == "hurdle" and link == "identity":
        raise InputError(
            f"{dataset.path}: at_floor = 'hurdle' needs link = 'log', because contributions that "
            "add up may fall below the floor; use at_floor = 'censored'"
        )
    if positive and floor <= 0 and (at_floor == "censored" or link == "identity"):
        remedy = "at_floor = 'hurdle'" if link == "log" else "likelihood = 'normal' or 'student_t'"
        raise InputError(
            f"{dataset.path}: link = {link!r} with likelihood = {likelihood!r} never falls to "
            f"floor = {floor:.15g}, so no {dataset.step.noun} can be censored there; use {remedy}"
        )
