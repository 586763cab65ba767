"""Profile of a dataset: summary statistics, and warnings of what will limit a model of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from mmm_bayes.data.dataset import Dataset
from mmm_bayes.data.demanded import first_stage
from mmm_bayes.data.description import SEASON, WEEKDAYS
from mmm_bayes.data.experiments import contradictions, experiment_periods
from mmm_bayes.data.moved_controls import moved_controls
from mmm_bayes.data.shape import (
    Correlation,
    Floats,
    correlation_with_interval,
    correlations,
    count_modes,
    skewness,
    variance_inflation,
)
from mmm_bayes.data.step import Step
from mmm_bayes.data.values import shortlist
from mmm_bayes.text import join_names, number

POINT_MASS = 0.05  # share of weeks at one exact value that calls for more than a density
MEDIATOR_OFF = 0.05  # share of weeks with the mediator off from which it needs a hurdle
WEAK_SHIFTERS = 10.0  # F statistic below which shifters tell little of a spend
MASS_ROWS = 4  # fewest rows at one exact value that are not taken for chance
OFF_ROWS = 2  # fewest rows with the mediator off that are not taken for a single event
NEARLY_COLLINEAR = 0.9
VARIANCE_INFLATED = 10.0
WEEKS_PER_PARAMETER = 4.0
FEW_DATES = 4  # fewer dates than this are one event, not a channel's record
TINY = 1e-300  # avoids 0 / 0 where no channel is paid


@dataclass(frozen=True)
class OutcomeSummary:
    """Summary of the outcome's distribution over all weeks and units.

    Attributes
    ----------
    minimum, maximum, mean : float
        In the outcome's own units.
    quantiles : tuple of float
        The 5, 25, 50, 75 and 95% quantiles.
    skewness : float
        Of the values standardised within each unit.
    repeated : float
        Most frequent exact value.
    repeated_rows : int
        Weeks at that value.
    repeated_share : float
        Their share.
    modes : int
        Number of modes of the values standardised within each unit, on the log scale if all are
        positive.
    """

    minimum: float
    quantiles: tuple[float, float, float, float, float]
    maximum: float
    mean: float
    skewness: float
    repeated: float
    repeated_rows: int
    repeated_share: float
    modes: int


@dataclass(frozen=True)
class Profile:
    """Profile of a dataset.

    Attributes
    ----------
    table : str
        The table's file, as the description names it.
    sha256 : str
        Hex digest of the table.
    dates : int
        Number of dates.
    first, last : pandas.Timestamp
        First and last date.
    step : Step
        Distance between consecutive dates.
    channels : DataFrame, one row per channel
        role; paid; zero_share, the share of rows without spend (for an unpaid channel, without
        exposure); total spend, and its share of the total over channels, both NaN for an unpaid
        channel; mean_on, the mean spend (or exposure) of the rows that have any; vif, the variance
        inflation factor of the exposure.
    controls : DataFrame, one row per control
        mean, sd, minimum, maximum, all before any transform; vif.
    correlation : DataFrame, shape (channel and control, channel and control)
        Same-date correlation of exposures and untransformed controls, within units.
    mediation : dict of cause to Correlation
        Correlation of the mediator's exposure with that of each cause.
    experiments : DataFrame, one row per experiment
        change, the change of spend as a share of the observed spend of those weeks (infinite where
        there was none); lift and standard_error.
    parameters : int
        Approximate number of parameters of a model of this description.
    weeks_per_parameter : float
        Rows of the table over `parameters`.
    warnings, notes : tuple of str
        Sentences on what will limit a model, and on what is merely worth knowing.
    """

    table: str
    sha256: str
    dates: int
    first: pd.Timestamp
    last: pd.Timestamp
    step: Step
    units: tuple[str, ...]
    outcome: OutcomeSummary
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
    """Profile of a dataset, with warnings of what will limit a model of it.

    Parameters
    ----------
    floor : float, optional
        The outcome's floor in a fit, in its own units; the description's if left out.
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
        step=dataset.step,
        units=tuple(map(str, data["unit"].to_numpy())),
        outcome=outcome,
        channels=_channels(dataset, vif[: len(dataset.channels)]),
        controls=_controls(dataset, vif[len(dataset.channels) :]),
        correlation=pd.DataFrame(correlation, index=names, columns=names),
        mediation=mediation,
        experiments=_experiments(dataset),
        parameters=parameters,
        weeks_per_parameter=weeks_per_parameter,
        warnings=_in_steps(
            dataset,
            *_channel_warnings(dataset),
            *_mismatch_warnings(dataset),
            *_flight_warnings(dataset),
            *_repeated_amount_warnings(dataset),
            *_experiment_warnings(dataset),
            *_collinearity_warnings(names, correlation, vif),
            *_mediation_warnings(dataset, mediation),
            *_moved_control_warnings(dataset),
            *_shifter_warnings(dataset),
            *_outcome_warnings(outcome, floor),
            *_sample_size_warnings(weeks_per_parameter, parameters),
        ),
        notes=_in_steps(
            dataset,
            *dataset.notes,
            *_proportional_exposure_notes(dataset),
            *_unpaid_channel_notes(dataset),
            *_demand_notes(dataset),
        ),
    )


def _in_steps(dataset: Dataset, *sentences: str) -> tuple[str, ...]:
    return tuple(map(dataset.wording, sentences))


def count_parameters(dataset: Dataset) -> int:
    """Approximate number of parameters of a model of this dataset.

    Four per channel (retention, half-saturation, slope, effect), four more per cause of the
    mediator, one per control and interaction, two per Fourier pair (and as many again for a channel
    that interacts with the season), six for weekdays, one or two for a trend (ten with
    changepoints), one for holidays, an intercept per unit and a scale.
    """
    description = dataset.description
    calendar = description.calendar
    return (
        4 * (len(dataset.channels) + len(dataset.causes))
        + len(description.controls)
        + len(description.products)
        + sum(
            2 * calendar.fourier if modulator == SEASON else 1
            for _, modulator in description.modulations.values()
        )
        + 2 * calendar.fourier
        + len(WEEKDAYS) * calendar.weekdays
        + {"none": 0, "linear": 1, "quadratic": 2, "changepoints": 10}[calendar.trend]
        + (calendar.holidays is not None)
        + dataset.data.sizes["unit"]
        + 1
    )


def _outcome(values: Floats) -> OutcomeSummary:
    """Summary of an outcome of shape (time, unit)."""
    logs = np.log(values) if (values > 0).all() else values
    distinct, counts = np.unique(values, return_counts=True)
    return OutcomeSummary(
        minimum=float(values.min()),
        quantiles=tuple(np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        skewness=skewness(_standardised(values)),
        repeated=float(distinct[counts.argmax()]),
        repeated_rows=int(counts.max()),
        repeated_share=float(counts.max() / values.size),
        modes=count_modes(_standardised(logs)),
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
    constant = constant_channels(dataset)
    varies = [channel for channel in dataset.channels if channel not in constant]
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
    observed = np.array(
        [
            data["spend"].values[weeks, unit, channel].sum()
            for weeks, unit, channel in experiment_periods(tests, data)
        ]
    )
    change = np.full(len(observed), np.inf)
    np.divide(tests["spend_change"].to_numpy(), observed, out=change, where=observed > 0)
    return pd.DataFrame(
        {
            "source": tests["source"].to_numpy(),
            "change": change,
            "lift": tests["lift"].to_numpy(),
            "standard_error": tests["standard_error"].to_numpy(),
        },
        index=pd.Index(tests["experiment"].to_numpy(), name="experiment"),
    )


def _channel_warnings(dataset: Dataset) -> Iterator[str]:
    constant = constant_channels(dataset)
    if constant:
        yield (
            f"constant: {', '.join(constant)}; the effect of such a channel rests on its prior "
            "alone."
        )
    exposure = dataset.data["exposure"]
    always = [
        name
        for name in dataset.channels
        if name not in constant and bool((exposure.sel(channel=name) > 0).all())
    ]
    if always:
        yield (
            f"never off: {', '.join(always)}; the total effect of such a channel is an "
            "extrapolation to weeks without it, which the table does not have."
        )


def _mismatch_warnings(dataset: Dataset) -> Iterator[str]:
    """Spend without exposure, and exposure without spend."""
    days = dataset.data["time"].dt.strftime("%Y-%m-%d").to_numpy()
    for name, channel in dataset.description.channels.items():
        if channel.spend is None or channel.exposure is None:
            continue
        spend = dataset.data["spend"].sel(channel=name).to_numpy()
        exposure = dataset.data["exposure"].sel(channel=name).to_numpy()
        for has, rows, lacks, consequence in (
            ("spend", (spend > 0) & (exposure == 0), "exposure",
             "that money has no effect in a model, which lowers the channel's return"),
            ("exposure", (exposure > 0) & (spend == 0), "spend",
             "its effect costs nothing, which raises the channel's return"),
        ):  # fmt: skip
            if rows.any():
                number = int(rows.sum())
                yield (
                    f"{name}: {number} row{'s' * (number > 1)} with {has} and without {lacks} "
                    f"({shortlist(days[rows.any(axis=1)])}): {consequence}; check the columns "
                    f"{channel.spend} and {channel.exposure}."
                )


def _flight_warnings(dataset: Dataset) -> Iterator[str]:
    """Warnings on channels and controls that a few dates or one end of the table show alone."""
    days = [str(day)[:10] for day in dataset.data["time"].to_numpy()]
    on = (dataset.data["exposure"].to_numpy() > 0).any(axis=1)
    for channel, name in enumerate(dataset.channels):
        dates = np.flatnonzero(on[:, channel])
        if not len(dates):
            continue
        if len(dates) < FEW_DATES:
            yield (
                f"{name} is on in only {len(dates)} of {len(days)} weeks "
                f"({', '.join(days[date] for date in dates)}): whatever else happened there counts "
                "as its effect, and its carryover and saturation rest on their priors."
            )
        elif dates[0] >= len(days) / 2:
            yield (
                f"{name} starts on {days[dates[0]]}, in the last {len(days) - dates[0]} of "
                f"{len(days)} weeks: a forecast from the weeks before knows nothing of its effect."
            )
        elif dates[-1] < len(days) / 2:
            yield (
                f"{name} ends on {days[dates[-1]]}, in the first {dates[-1] + 1} of {len(days)} "
                "weeks: the weeks after that tell nothing of its effect."
            )
    for name in dataset.description.controls:
        values = dataset.data["controls"].sel(control=name).transpose("time", "unit").to_numpy()
        changes = np.flatnonzero((np.diff(values, axis=0) != 0).any(axis=1))
        if len(changes) and changes[0] + 1 >= len(days) / 2:
            yield (
                f"{name} never changes before {days[changes[0] + 1]}: a forecast from the weeks "
                "before knows nothing of its effect."
            )


def _repeated_amount_warnings(dataset: Dataset) -> Iterator[str]:
    """Warnings on channels of a panel that may be one national amount."""
    units = dataset.data.sizes["unit"]
    for name, channel in dataset.description.channels.items():
        amount = dataset.data["spend" if channel.paid else "exposure"].sel(channel=name)
        same = (np.ptp(amount.transpose("time", "unit").to_numpy(), axis=1) == 0).all()
        if units > 1 and same and not channel.national:
            yield (
                f"{name} is the same in every unit in every week, and counts {units} times; if it "
                f"is one national amount, write national = true under [channels.{name}], and it "
                "counts once."
            )


def _experiment_warnings(dataset: Dataset) -> Iterator[str]:
    """Warnings on lift tests that contradict each other, or the size of the outcome."""
    tests, data = dataset.experiments, dataset.data
    names = [str(name) for name in tests["experiment"].to_numpy()]
    lift, money = (tests[key].to_numpy() for key in ("lift", "spend_change"))
    for first, second in contradictions(tests):
        yield (
            f"the lift tests {names[first]} and {names[second]} are of the same weeks and can't "
            f"both be true: {number(lift[first] / money[first])} and "
            f"{number(lift[second] / money[second])} per unit of money; correct or remove one of "
            "them."
        )
    for test, (weeks, unit, _) in enumerate(experiment_periods(tests, data)):
        outcome = float(data["outcome"].to_numpy()[weeks, unit].sum())
        if abs(lift[test]) > abs(outcome):
            yield (
                f"the lift test {names[test]} has a lift of {number(lift[test])}, more than the "
                f"whole outcome of its weeks, {number(outcome)}; check its unit and its sign."
            )


def _collinearity_warnings(names: list[str], correlation: Floats, vif: Floats) -> Iterator[str]:
    in_pairs = set()
    for i, j in combinations(range(len(names)), 2):
        if abs(correlation[i, j]) > NEARLY_COLLINEAR:
            in_pairs |= {i, j}
            yield (
                f"{names[i]} and {names[j]} move together (r = {correlation[i, j]:.2f}): "
                "their separate effects depend on the priors."
            )
    for i in sorted(set(np.flatnonzero(vif > VARIANCE_INFLATED).tolist()) - in_pairs):
        yield (
            f"{names[i]} is nearly a combination of the other columns (variance inflation "
            f"{vif[i]:.0f}): its own effect depends on the prior."
        )


def _mediation_warnings(dataset: Dataset, mediation: dict[str, Correlation]) -> Iterator[str]:
    unclear = {cause: c for cause, c in mediation.items() if c.lower <= 0 <= c.upper}
    if unclear:
        causes = ", ".join(
            f"{cause} ({c.r:.2f}, {c.lower:.2f} to {c.upper:.2f})" for cause, c in unclear.items()
        )
        yield (
            f"{dataset.mediator}, the mediator, shows no clear same-date correlation with {causes} "
            "(90% intervals, corrected for lag-1 autocorrelation); expect intervals of the "
            "indirect effects to contain zero, unless carryover or other columns hide the relation."
        )
    if dataset.mediator is not None and mediator_needs_hurdle(dataset):
        off = float((dataset.data["exposure"].sel(channel=dataset.mediator) == 0).mean())
        yield (
            f"{dataset.mediator}, the mediator, is off in {off:.0%} of rows: "
            "its equation needs a hurdle."
        )


def _moved_control_warnings(dataset: Dataset) -> Iterator[str]:
    """Warnings on controls that stand between media and the outcome."""
    for control, channels in moved_controls(dataset).items():
        yield (
            f"{control}, a control, moves with or after {join_names(channels)}, beyond the "
            "calendar and the other controls: it probably stands between media and the outcome, "
            "and as a control it takes that part of the channels' effects away; leave it out, or "
            "declare it as a mediator."
        )


def _shifter_warnings(dataset: Dataset) -> Iterator[str]:
    """Warnings on shifters that hardly move their channel's spend."""
    for name, channel in dataset.description.channels.items():
        if channel.shifters and (strength := first_stage(dataset, name)) < WEAK_SHIFTERS:
            plural = len(channel.shifters) > 1
            yield (
                f"{join_names(channel.shifters)} hardly move{'' if plural else 's'} the spend on "
                f"{name} beyond the calendar, the controls and the week before (F "
                f"{number(strength)}, below {WEAK_SHIFTERS:g}), so "
                f"{'they tell' if plural else 'it tells'} little of what the spend does and what "
                "demand does."
            )


def _demand_notes(dataset: Dataset) -> Iterator[str]:
    """Notes on spends that demand in no column may move, and on what tells them from it."""
    description = dataset.description
    if description.demand.assume == "none":
        return
    for name in (*description.mediators, *description.demanded):
        channel = description.channels[name]
        parts = []
        if channel.designed is not None:
            weeks = int((dataset.data["designed"].sel(channel=name) > 0).any("unit").sum())
            parts.append(f"a test set it in {weeks} weeks")
        if channel.shifters:
            parts.append(f"{join_names(channel.shifters)} may move it and nothing else")
        if parts or name in description.demanded:
            told = f"; {', and '.join(parts)}" if parts else ""
            yield f"{name}: demand that is in no column may move its spend{told}."


def mediator_needs_hurdle(dataset: Dataset) -> bool:
    """True if the mediator is off so often that a normal likelihood does not describe it."""
    off = dataset.data["exposure"].sel(channel=dataset.mediator).to_numpy() == 0
    return bool(off.sum() >= OFF_ROWS and off.mean() >= MEDIATOR_OFF)


def _outcome_warnings(outcome: OutcomeSummary, floor: float | None) -> Iterator[str]:
    mass = outcome.repeated_rows >= MASS_ROWS and outcome.repeated_share >= POINT_MASS
    if mass and outcome.repeated != floor:
        yield (
            f"the outcome is exactly {outcome.repeated:.15g} in {outcome.repeated_share:.1%} of "
            "rows: a floor, a cap or a default value, which no continuous likelihood describes"
            + (
                f"; it is the lowest value, so set floor = {outcome.repeated:.15g} under [model], "
                f"or fit with --floor {outcome.repeated:.15g}."
                if outcome.repeated == outcome.minimum
                else "."
            )
        )
    if outcome.modes > 1:
        yield (
            f"the outcome has {outcome.modes} modes: find out what switches between them before "
            "trusting a likelihood with a single mode."
        )


def _sample_size_warnings(weeks_per_parameter: float, parameters: int) -> Iterator[str]:
    if weeks_per_parameter < WEEKS_PER_PARAMETER:
        yield (
            f"there are {weeks_per_parameter:.1f} rows for each of about {parameters} parameters: "
            "the priors will influence the estimates."
        )


def _proportional_exposure_notes(dataset: Dataset) -> Iterator[str]:
    with_exposure = [
        name
        for name, channel in dataset.description.channels.items()
        if channel.paid and channel.exposure
    ]
    varying = variable_price_channels(dataset)
    proportional = [name for name in with_exposure if name not in varying]
    if proportional:
        yield (
            f"exposure proportional to spend: {', '.join(proportional)}; it adds no information to "
            "the spend."
        )


def _unpaid_channel_notes(dataset: Dataset) -> Iterator[str]:
    unpaid = [name for name in dataset.channels if name not in dataset.paid]
    if unpaid:
        yield f"no spend: {', '.join(unpaid)}; such a channel has an effect but no return on money."


def variable_price_channels(dataset: Dataset) -> list[str]:
    """Paid channels whose exposure is not proportional to their spend."""
    names = []
    for name, channel in dataset.description.channels.items():
        if not channel.paid or channel.exposure is None:
            continue
        spend = dataset.data["spend"].sel(channel=name).to_numpy()
        exposure = dataset.data["exposure"].sel(channel=name).to_numpy()
        price = spend.sum() / exposure.sum()
        # Spends are rounded, and such differences are no sign of a varying price.
        if not np.allclose(spend, price * exposure, rtol=1e-3, atol=1e-4 * spend.max()):
            names.append(name)
    return names


def constant_channels(dataset: Dataset) -> list[str]:
    """Channels whose exposure never changes in any unit."""
    exposure = dataset.data["exposure"].transpose("time", "unit", "channel").to_numpy()
    constant = (np.ptp(exposure, axis=0) == 0).all(axis=0)
    return [name for name, same in zip(dataset.channels, constant, strict=True) if same]
