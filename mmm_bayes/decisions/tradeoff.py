"""Two spends against each other, everything else at today's: the expected outcome over both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.decisions.optimum import thinned
from mmm_bayes.decisions.response import Response
from mmm_bayes.errors import InputError

Array = NDArray[Any]

POINTS, DRAWS = 15, 400


def tradeoff(response: Response, across: str, along: str) -> pd.DataFrame:
    """The expected outcome a week over the spends of two channels or roles.

    Spends run from nothing to the highest observed week. Those of a role, and of several units,
    move in today's proportion.

    Parameters
    ----------
    response : Response
        The mediator is set, not caused, or none of the two is the mediator.
    across, along : str
        A channel or a role: the horizontal and the vertical axis.

    Returns
    -------
    pandas.DataFrame
        Columns ``x``, ``y`` (money a week over all units), and mean, lower, upper of the change of
        the outcome a week against today's spends.
    """
    some = thinned(response.world.draws, DRAWS)
    now = response.today.spend
    before = response(now, some).outcome
    rows = []
    ends = [(_members(response, name), _highest(response, name)) for name in (across, along)]
    for y in np.linspace(0, ends[1][1], POINTS):
        for x in np.linspace(0, ends[0][1], POINTS):
            spends = now.copy()
            for (members, _), money in zip(ends, (x, y), strict=True):
                spends[:, members] *= money / now[:, members].sum()
            gain = (response(spends, some).outcome - before) / response.horizon
            lower, upper = np.quantile(gain, [0.05, 0.95])
            rows.append((x, y, float(gain.mean()), lower, upper))
    return pd.DataFrame(rows, columns=["x", "y", "mean", "lower", "upper"])


def observed(response: Response, across: str, along: str) -> pd.DataFrame:
    """The weeks that were observed on the same axes: columns date, x and y.

    Parameters
    ----------
    response : Response
    across, along : str
        Channel or role of either axis.
    """
    design = response.world.design
    data = design.dataset.data.isel(time=design.weeks)
    made = {"date": data["time"].values}
    for axis, name in (("x", across), ("y", along)):
        made[axis] = data["spend"].values[:, :, _members(response, name)].sum((1, 2))
    return pd.DataFrame(made)


def pairs(response: Response) -> list[tuple[str, str]]:
    """What is worth a picture: the mediator against all of its causes, and against the largest."""
    design, now = response.world.design, response.today.spend.sum(0)
    paid = [name for name in design.causes if now[design.dataset.channels.index(name)] > 0]
    if design.mediator is None or not paid or now[design.mediator_at] == 0:
        return []
    largest = max(paid, key=lambda name: now[design.dataset.channels.index(name)])
    roles = {str(design.dataset.data["role"].sel(channel=name).item()) for name in design.causes}
    made = [(largest, design.mediator)]
    if len(roles) == 1 and len(paid) > 1 and _alone(response, *roles):
        made.insert(0, (roles.pop(), design.mediator))
    return made


def _alone(response: Response, role: str) -> bool:
    design = response.world.design
    return set(np.array(design.dataset.channels)[_members(response, role)]) == set(design.causes)


def _members(response: Response, name: str) -> Array:
    dataset = response.world.design.dataset
    if name in dataset.channels:
        return np.array([dataset.channels.index(name)])
    found = np.flatnonzero(dataset.data["role"].values == name)
    if not found.size:
        raise InputError(f"{name!r} is neither a channel nor a role of {dataset.path}")
    return found


def _highest(response: Response, name: str) -> float:
    design = response.world.design
    data = design.dataset.data.isel(time=design.weeks)
    return float(data["spend"].values[:, :, _members(response, name)].sum((1, 2)).max())
