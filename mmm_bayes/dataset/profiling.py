"""What a dataset holds, and what in it will matter to a model, before any model is fitted."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from mmm_bayes.dataset.description import SEASON
from mmm_bayes.dataset.experiments import periods
from mmm_bayes.dataset.loading import Dataset
from mmm_bayes.dataset.shape import (
    Correlation,
    Floats,
    correlation_with_interval,
    correlations,
    modes,
    skewness,
    variance_inflation,
)

POINT_MASS = 0.05  # share of weeks at one exact value that a continuous likelihood cannot hold
MEDIATOR_OFF = 0.05  # share of weeks without the mediator from which its equation needs a hurdle
NEARLY_COLLINEAR = 0.9
VARIANCE_INFLATED = 10.0
WEEKS_PER_PARAMETER = 4.0
TINY = 1e-300  # keeps 0 / 0 out where no channel is paid


@dataclass(frozen=True)
class Outcome:
    """The outcome's distribution over all weeks and units, in its own units.

    `quantiles` are the 5, 25, 50, 75 and 95% ones. `repeated` is the exact value that most weeks
    share, and `repeated_share` the share of weeks at it. Skewness and modes are of the values
    standardised within each unit, the modes on the log scale where all values are positive.

    Attributes
    ----------
    minimum, maximum, mean : float
    quantiles : tuple of float
    skewness : float
    repeated, repeated_share : float
    modes : int
        Number of modes of the smoothed distribution.
    """

    minimum: float
    quantiles: tuple[float, float, float, float, float]
    maximum: float
    mean: float
    skewness: float
    repeated: float
    repeated_share: float
    modes: int


@dataclass(frozen=True)
class Profile:
    """What was found in a dataset.

    Attributes
    ----------
    table : str
        The table's file, as the description names it.
    sha256 : str
        Hex digest of the table.
    dates : int
        Number of dates; `first` and `last` are the outer ones, `step_days` the days between two of
        them.
    units : tuple of str
    outcome : Outcome
    channels : DataFrame, one row per channel
        role; paid; zero_share, the share of rows without spend (without exposure, of a channel that
        is not paid); total spend, and its share of the total over channels, NaN for a channel that
        is not paid; mean_on, the mean spend, or exposure, of the rows with any; vif, the variance
        inflation factor of the exposure.
    controls : DataFrame, one row per control
        mean, sd, minimum, maximum, before any transform; vif.
    correlation : DataFrame, shape (channel and control, channel and control)
        Of exposures and raw controls, same date, within units.
    mediation : dict of cause to Correlation
        Of the mediator's exposure with each cause's.
    experiments : DataFrame, one row per experiment
        change, its spend change as a share of the observed spend of those weeks (infinite where
        there was none); lift and standard_error.
    parameters : int
        About how many parameters a model of this description has.
    weeks_per_parameter : float
        Rows of the table over `parameters`.
    warnings, notes : tuple of str
        What matters to a model, and what is merely good to know; one sentence each.
    """

    table: str
    sha256: str
    dates: int
    first: pd.Timestamp
    last: pd.Timestamp
    step_days: int
    units: tuple[str, ...]
    outcome: Outcome
    channels: pd.DataFrame
    controls: pd.DataFrame
    correlation: pd.DataFrame
    mediation: dict[str, Correlation]
    experiments: pd.DataFrame
    parameters: int
    weeks_per_parameter: float
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def profile(dataset: Dataset, *, floor: float | None = None) -> Profile:
    """Describe a dataset and warn of what in it will matter to a model.

    Parameters
    ----------
    dataset : Dataset
    floor : float, optional
        The outcome's floor in a fit; the description's if left out.
    """
    data = dataset.data
    floor = dataset.description.model.floor if floor is None else floor
    outcome = _outcome(data["outcome"].to_numpy())
    names = [*dataset.channels, *dataset.description.controls]
    columns = np.concatenate([data["exposure"].to_numpy(), data["controls"].to_numpy()], axis=-1)
    correlation, vif = correlations(columns), variance_inflation(columns)
    mediation = _mediation(dataset)
    parameters = count_parameters(dataset)
    weeks_per_parameter = data["outcome"].size / parameters
    return Profile(
        table=dataset.description.file,
        sha256=dataset.sha256,
        dates=data.sizes["time"],
        first=pd.Timestamp(data["time"].to_numpy()[0]),
        last=pd.Timestamp(data["time"].to_numpy()[-1]),
        step_days=data.attrs["step_days"],
        units=tuple(map(str, data["unit"].to_numpy())),
        outcome=outcome,
        channels=_channels(dataset, vif[: len(dataset.channels)]),
        controls=_controls(dataset, vif[len(dataset.channels) :]),
        correlation=pd.DataFrame(correlation, index=names, columns=names),
        mediation=mediation,
        experiments=_experiments(dataset),
        parameters=parameters,
        weeks_per_parameter=weeks_per_parameter,
        warnings=(
            *_of_channels(dataset),
            *_of_collinearity(names, correlation, vif),
            *_of_mediation(dataset, mediation),
            *_of_outcome(outcome, floor),
            *_of_size(weeks_per_parameter, parameters),
        ),
        notes=(*dataset.notes, *_of_exposure(dataset), *_of_owned(dataset)),
    )


def count_parameters(dataset: Dataset) -> int:
    """Count, approximately, the parameters of a model of this dataset.

    Four per channel (retention, half-saturation, slope, effect), four more per cause on the
    mediator, one per control and interaction, two per Fourier pair (and as many where a channel
    changes by season), one or two of trend (one that bends has the changes inside the weeks too),
    one of holidays, an intercept per unit and a scale.
    """
    description = dataset.description
    calendar = description.calendar
    return (
        4 * (len(dataset.channels) + len(dataset.causes))
        + len(description.controls)
        + len(description.products)
        + sum(
            2 * calendar.fourier if by == SEASON else 1
            for _, by in description.modulations.values()
        )
        + 2 * calendar.fourier
        + {"none": 0, "linear": 1, "quadratic": 2, "changepoints": 10}[calendar.trend]
        + (calendar.holidays is not None)
        + dataset.data.sizes["unit"]
        + 1
    )


def _outcome(values: Floats) -> Outcome:
    """Summarise the outcome, shape (time, unit)."""
    logs = np.log(values) if (values > 0).all() else values
    distinct, counts = np.unique(values, return_counts=True)
    return Outcome(
        minimum=float(values.min()),
        quantiles=tuple(np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        skewness=skewness(_standardised(values)),
        repeated=float(distinct[counts.argmax()]),
        repeated_share=float(counts.max() / values.size),
        modes=modes(_standardised(logs)),
    )


def _standardised(values: Floats) -> Floats:
    return ((values - values.mean(axis=0)) / values.std(axis=0)).ravel()


def _channels(dataset: Dataset, vif: Floats) -> pd.DataFrame:
    paid = np.array([name in dataset.paid for name in dataset.channels])
    spend, exposure = dataset.data["spend"].to_numpy(), dataset.data["exposure"].to_numpy()
    amount = np.where(paid, spend, exposure)
    on = amount > 0
    total = np.where(paid, spend.sum(axis=(0, 1)), np.nan)
    return pd.DataFrame(
        {
            "role": dataset.data["role"].to_numpy(),
            "paid": paid,
            "zero_share": 1 - on.mean(axis=(0, 1)),
            "total": total,
            "share": total / max(spend.sum(), TINY),
            "mean_on": amount.sum(axis=(0, 1)) / on.sum(axis=(0, 1)),
            "vif": vif,
        },
        index=pd.Index(dataset.channels, name="channel"),
    )


def _controls(dataset: Dataset, vif: Floats) -> pd.DataFrame:
    values, names = dataset.data["controls"].to_numpy(), list(dataset.description.controls)
    return pd.DataFrame(
        {
            "mean": values.mean(axis=(0, 1)),
            "sd": values.std(axis=(0, 1), ddof=1),
            "minimum": values.min(axis=(0, 1)),
            "maximum": values.max(axis=(0, 1)),
            "vif": vif,
        },
        index=pd.Index(names, name="control"),
    )


def _mediation(dataset: Dataset) -> dict[str, Correlation]:
    varies = [channel for channel in dataset.channels if not _is_constant(dataset, channel)]
    if dataset.mediator not in varies:
        return {}
    exposure = dataset.data["exposure"]
    mediator = exposure.sel(channel=dataset.mediator).to_numpy()
    return {
        cause: correlation_with_interval(exposure.sel(channel=cause).to_numpy(), mediator)
        for cause in dataset.causes
        if cause in varies
    }


def _experiments(dataset: Dataset) -> pd.DataFrame:
    tests, data = dataset.experiments, dataset.data
    spent = np.array(
        [
            data["spend"].values[weeks, unit, channel].sum()
            for weeks, unit, channel in periods(tests, data)
        ]
    )
    changed = tests["spend_change"].to_numpy()
    return pd.DataFrame(
        {
            "change": np.divide(changed, spent, out=np.full(len(spent), np.inf), where=spent > 0),
            "lift": tests["lift"].to_numpy(),
            "standard_error": tests["standard_error"].to_numpy(),
        },
        index=pd.Index(tests["experiment"].to_numpy(), name="experiment"),
    )


def _of_channels(dataset: Dataset) -> Iterator[str]:
    constant = [name for name in dataset.channels if _is_constant(dataset, name)]
    if constant:
        yield f"never changing: {', '.join(constant)}; such an effect rests on its prior alone."
    exposure = dataset.data["exposure"]
    always = [
        name
        for name in dataset.channels
        if name not in constant and bool((exposure.sel(channel=name) > 0).all())
    ]
    if always:
        yield (
            f"never off: {', '.join(always)}; the total effect of such a channel extrapolates to "
            "weeks without it, which were never seen."
        )


def _of_collinearity(names: list[str], correlation: Floats, vif: Floats) -> Iterator[str]:
    told = set()
    for i, j in combinations(range(len(names)), 2):
        if abs(correlation[i, j]) > NEARLY_COLLINEAR:
            told |= {i, j}
            yield (
                f"{names[i]} and {names[j]} move together (r = {correlation[i, j]:.2f}): "
                "their separate effects rest on the priors."
            )
    for i in sorted(set(np.flatnonzero(vif > VARIANCE_INFLATED).tolist()) - told):
        yield (
            f"{names[i]} is nearly a combination of the other columns (variance inflation "
            f"{vif[i]:.0f}): its own effect rests on the prior."
        )


def _of_mediation(dataset: Dataset, mediation: dict[str, Correlation]) -> Iterator[str]:
    unclear = {cause: c for cause, c in mediation.items() if c.lower <= 0 <= c.upper}
    if unclear:
        told = ", ".join(
            f"{cause} ({c.r:.2f}, {c.lower:.2f} to {c.upper:.2f})" for cause, c in unclear.items()
        )
        yield (
            f"{dataset.mediator}, the mediator, shows no clear same-date correlation with {told}: "
            "90% intervals, corrected for lag-1 autocorrelation; expect indirect effects that "
            "contain zero, unless carryover or other columns hide the link."
        )
    if dataset.mediator is not None:
        off = float((dataset.data["exposure"].sel(channel=dataset.mediator) == 0).mean())
        if off >= MEDIATOR_OFF:
            yield (
                f"{dataset.mediator}, the mediator, is off in {off:.0%} of rows: "
                "its equation needs a hurdle."
            )


def _of_outcome(outcome: Outcome, floor: float | None) -> Iterator[str]:
    if outcome.repeated_share >= POINT_MASS and outcome.repeated != floor:
        yield (
            f"the outcome is exactly {outcome.repeated:g} in {outcome.repeated_share:.1%} of "
            "rows: a floor, a cap or a default value, which no continuous likelihood holds"
            + (
                f"; it is the lowest value, so say floor = {outcome.repeated:g} under [model], or "
                f"fit with --floor {outcome.repeated:g}."
                if outcome.repeated == outcome.minimum
                else "."
            )
        )
    if outcome.modes > 1:
        yield (
            f"the outcome has {outcome.modes} modes: look for what switches between them before "
            "trusting a likelihood with one."
        )


def _of_size(weeks_per_parameter: float, parameters: int) -> Iterator[str]:
    if weeks_per_parameter < WEEKS_PER_PARAMETER:
        yield (
            f"there are {weeks_per_parameter:.1f} rows for each of about {parameters} parameters: "
            "the priors will weigh on the answer."
        )


def _of_exposure(dataset: Dataset) -> Iterator[str]:
    known = [
        name for name, one in dataset.description.channels.items() if one.paid and one.exposure
    ]
    proportional = [name for name in known if name not in priced(dataset)]
    if proportional:
        yield (
            f"exposure proportional to spend: {', '.join(proportional)}; it says nothing that the "
            "spend does not."
        )


def _of_owned(dataset: Dataset) -> Iterator[str]:
    free = [name for name in dataset.channels if name not in dataset.paid]
    if free:
        yield f"no spend: {', '.join(free)}; such a channel has an effect and no return on money."


def priced(dataset: Dataset) -> list[str]:
    """The paid channels whose exposure is not their spend at one price throughout."""
    found = []
    for name, channel in dataset.description.channels.items():
        if not channel.paid or channel.exposure is None:
            continue
        spend = dataset.data["spend"].sel(channel=name).to_numpy()
        exposure = dataset.data["exposure"].sel(channel=name).to_numpy()
        price = spend.sum() / exposure.sum()
        # Money is written in cents: less than that cannot tell a fixed price from a moving one.
        if not np.allclose(spend, price * exposure, rtol=1e-3, atol=0.006):
            found.append(name)
    return found


def _is_constant(dataset: Dataset, channel: str) -> bool:
    """Whether a channel's exposure never changes in any unit."""
    exposure = dataset.data["exposure"].sel(channel=channel).to_numpy()
    return bool((np.ptp(exposure, axis=0) == 0).all())
