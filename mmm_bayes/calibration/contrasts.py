"""The true contrasts of interactions, by definition: what a high level of a control changes.

As `process`, they share no line with `estimands`: a control is moved in two rows of covariates, a
channel is taken away from two worlds that differ in its interaction alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.design import Design

Array = NDArray[np.float64]


def contrasts(
    design: Design, drawn: dict[str, Array], path: Array, located: Callable[..., Array]
) -> dict[str, float]:
    """What an effect is at the high level of a control less what it is at the low one.

    Parameters
    ----------
    design : Design
        The table, its mediator and outcome in it.
    drawn : dict of str to array
        The parameters.
    path : array, shape (history + time, unit, channel)
        Exposure as it was, in active means.
    located : callable
        The outcome's location (time, unit) under a path, and under an interaction's level.

    Returns
    -------
    dict of str to float
        ``interaction[name, of]``; none for interactions with the season, whose levels are four.
    """
    found: dict[str, float] = {}
    controls = design.dataset.description.controls
    for name, interaction in design.dataset.description.interactions.items():
        one, other = interaction.between
        if "season" in (one, other):
            continue
        if one in controls and other in controls:
            for of, at in ((one, other), (other, one)):
                low, high = (_moved(design, drawn, name, of, at, z) for z in _ends(design, at))
                found[f"interaction[{name}, {of}]"] = high - low
            continue
        channel, by = (one, other) if other in controls else (other, one)
        low, high = (_added(design, path, located, name, channel, by, z) for z in _ends(design, by))
        found[f"interaction[{name}, {channel}]"] = high - low
    return found


def _added(
    design: Design, path: Array, located: Callable[..., Array],
    name: str, channel: str, by: str, away: float,
) -> float:  # fmt: skip
    """What a unit of a channel adds when the control is away from its mean in every week."""
    place = list(design.scaling.columns).index(by)
    level = np.zeros(len(design.scaling.columns))
    level[place] = away / design.scaling.scale[place]
    without = path.copy()
    without[..., design.dataset.channels.index(channel)] = 0.0
    change = located(path, {name: level}) - located(without, {name: level})
    if design.form.link == "log":
        change = change * design.arrays["outcome_observed"].values / located(path)
    data = design.dataset.data.isel(time=design.weeks).sel(channel=channel)
    paid = design.dataset.description.channels[channel].spend is not None
    return float(change.sum()) / float(data["spend" if paid else "exposure"].sum())


def _moved(
    design: Design, drawn: dict[str, Array], name: str, of: str, at: str, away: float
) -> float:
    """What moving one control does when another is away from its mean: two rows of covariates."""
    scaling, columns = design.scaling, list(design.scaling.columns)
    log = design.dataset.description.controls[of].transform == "log"
    step = 1.0 if log or _is_switch(design, of) else scaling.scale[columns.index(of)]
    rows = np.zeros((2, len(columns)))
    rows[:, columns.index(at)] = away
    rows[1, columns.index(of)] = step
    rows[1, columns.index(name)] = step * away
    low, high = rows / scaling.scale @ scaling.unmix @ drawn["covariate_effect"]
    if log:
        return float(high - low)
    return 100 * float(np.expm1(high - low) if design.form.link == "log" else high - low)


def _ends(design: Design, control: str) -> tuple[float, float]:
    """Off and on, or the 10% and 90% quantile, of a control less its mean."""
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
    raw = design.dataset.data["controls"].sel(control=control).values
    plain = design.dataset.description.controls[control].transform == "none"
    return plain and set(raw.ravel()) <= {0.0, 1.0}
