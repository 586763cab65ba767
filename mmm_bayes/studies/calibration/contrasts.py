"""True contrasts of interactions: the effect at a high level of a control less that at a low one.

Like `process`, this file shares no code with `estimands`. The effect of a control is the difference
of two rows of covariates; the effect of a channel is the difference of two counterfactuals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.studies.calibration.equations import percent_of_outcome, share_of_outcome

Array = NDArray[np.float64]


def interaction_contrasts(
    design: Design, drawn: dict[str, Array], path: Array, located: Callable[..., Array]
) -> dict[str, float]:
    """Effect at the high level of a control less the effect at its low level.

    Parameters
    ----------
    design : Design
        The table with its simulated mediator and outcome.
    drawn : dict of str to array
        The parameters by name.
    path : array, shape (history + time, unit, channel)
        Observed exposure, in multiples of the active mean.
    located : callable
        From a path, and the columns of an interaction at a fixed level, to the location of the
        outcome, shape (time, unit).

    Returns
    -------
    dict of str to float
        ``interaction[name, of]``. Interactions with the season, which has four levels, are left
        out.
    """
    contrasts: dict[str, float] = {}
    controls = design.dataset.description.controls
    for name, interaction in design.dataset.description.interactions.items():
        first, second = interaction.between
        if "season" in (first, second):
            continue
        if first in controls and second in controls:
            for of, by in ((first, second), (second, first)):
                low, high = (
                    _control_effect(design, drawn, name, of, by, deviation)
                    for deviation in _low_and_high(design, by)
                )
                contrasts[f"interaction[{name}, {of}]"] = high - low
            continue
        channel, by = (first, second) if second in controls else (second, first)
        low, high = (
            _channel_effect(design, path, located, name, channel, by, deviation)
            for deviation in _low_and_high(design, by)
        )
        contrasts[f"interaction[{name}, {channel}]"] = high - low
    return contrasts


def _channel_effect(
    design: Design, path: Array, located: Callable[..., Array],
    name: str, channel: str, by: str, deviation: float,
) -> float:  # fmt: skip
    """Outcome per unit of a channel, if a control deviated this much from its mean every week."""
    position = list(design.scaling.columns).index(by)
    level = np.zeros(len(design.scaling.columns))
    level[position] = deviation / design.scaling.scale[position]
    without = path.copy()
    without[..., design.dataset.channels.index(channel)] = 0.0
    change = located(path, {name: level}) - located(without, {name: level})
    if design.form.link == "log" or design.form.likelihood == "lognormal":
        change = change * design.arrays["outcome_observed"].values / located(path)
    data = design.dataset.data.isel(time=design.weeks).sel(channel=channel)
    paid = design.dataset.description.channels[channel].spend is not None
    return float(change.sum()) / float(data["spend" if paid else "exposure"].sum())


def _control_effect(
    design: Design, drawn: dict[str, Array], name: str, of: str, by: str, deviation: float
) -> float:
    """Effect of one control while another deviates from its mean: two rows of covariates."""
    scaling, columns = design.scaling, list(design.scaling.columns)
    log = design.dataset.description.controls[of].transform == "log"
    step = 1.0 if log or _is_switch(design, of) else scaling.scale[columns.index(of)]
    rows = np.zeros((2, len(columns)))
    rows[:, columns.index(by)] = deviation
    rows[1, columns.index(of)] = step
    rows[1, columns.index(name)] = step * deviation
    low, high = rows / scaling.scale @ scaling.r_inverse @ drawn["covariate_effect"]
    change = float(high - low)
    return share_of_outcome(design, change) if log else percent_of_outcome(design, change)


def _low_and_high(design: Design, control: str) -> tuple[float, float]:
    """Off and on, or the 10% and 90% quantiles, of a control, less its mean."""
    mean = design.scaling.centre[:, list(design.scaling.columns).index(control)]
    if _is_switch(design, control):
        return -float(mean.mean()), 1 - float(mean.mean())
    raw = design.dataset.data["controls"].sel(control=control).values
    match design.dataset.description.controls[control].transform:
        case "log":
            raw = np.log(raw)
        case "log1p":
            raw = np.log1p(raw)
        case "growth":
            raw = np.diff(np.log1p(raw), axis=0, prepend=np.log1p(raw[:1]))
    low, high = np.quantile(raw[design.weeks] - mean, [0.1, 0.9])
    return float(low), float(high)


def _is_switch(design: Design, control: str) -> bool:
    """True if a control is 0 or 1 in every week."""
    raw = design.dataset.data["controls"].sel(control=control).values
    plain = design.dataset.description.controls[control].transform == "none"
    return plain and set(raw.ravel()) <= {0.0, 1.0}
