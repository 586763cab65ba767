"""Expected outcome over a grid of two spends, all other spends at the status quo."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.decisions.response import Response
from mmm_bayes.errors import InputError
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.model.evaluation import thin_draws

Array = NDArray[Any]

POINTS, DRAWS = 15, 400


def tradeoff_grid(response: Response, across: str, along: str) -> pd.DataFrame:
    """Expected change of the outcome over the spends of two channels or roles.

    Spends range from zero to the highest that was sustained. The channels of a role, and the units
    of a panel, keep the proportions of the status quo.

    Parameters
    ----------
    response : Response
        With the policy "planner" if one of the two is the mediator.
    across, along : str
        Channel or role on the horizontal and on the vertical axis.

    Returns
    -------
    pandas.DataFrame
        Columns ``x``, ``y`` (money a week over all units), and mean, lower, upper of the change of
        the outcome a week against the status quo.
    """
    draws = thin_draws(response.fitted.draws, DRAWS)
    now = response.status_quo.spend
    before = response(now, draws).outcome
    rows = []
    ends = [(_members(response, name), _highest(response, name)) for name in (across, along)]
    for y in np.linspace(0, ends[1][1], POINTS):
        for x in np.linspace(0, ends[0][1], POINTS):
            spends = now.copy()
            for (members, _), money in zip(ends, (x, y), strict=True):
                spends[:, members] *= money / now[:, members].sum()
            gain = (response(spends, draws).outcome - before) / response.horizon
            lower, upper = np.quantile(gain, INTERVAL)
            rows.append((x, y, float(gain.mean()), lower, upper))
    return pd.DataFrame(rows, columns=["x", "y", "mean", "lower", "upper"])


def observed_spends(response: Response, across: str, along: str) -> pd.DataFrame:
    """Observed spends on the axes of the grid: columns date, x and y, money a week.

    Each is the mean of the weeks over which carryover lasts, up to its date: what was sustained.

    Parameters
    ----------
    across, along : str
        Channel or role on the horizontal and on the vertical axis.
    """
    design = response.fitted.design
    data = design.dataset.data.isel(time=design.weeks)
    columns = {"date": data["time"].values}
    for axis, name in (("x", across), ("y", along)):
        columns[axis] = data["spend"].values[:, :, _members(response, name)].sum((1, 2))
    table = pd.DataFrame(columns).set_index("date")
    return table.rolling(design.form.max_lag, min_periods=1).mean().reset_index()


def tradeoff_pairs(response: Response) -> list[tuple[str, str]]:
    """Pairs to plot: the mediator with the role of its causes, and with the largest cause."""
    design, now = response.fitted.design, response.status_quo.spend.sum(0)
    paid = [name for name in design.causes if now[design.dataset.channels.index(name)] > 0]
    if design.mediator is None or not paid or now[design.mediator_index] == 0:
        return []
    largest = max(paid, key=lambda name: now[design.dataset.channels.index(name)])
    roles = {str(design.dataset.data["role"].sel(channel=name).item()) for name in design.causes}
    pairs = [(largest, design.mediator)]
    if len(roles) == 1 and len(paid) > 1 and _contains_only_causes(response, *roles):
        pairs.insert(0, (roles.pop(), design.mediator))
    return pairs


def _contains_only_causes(response: Response, role: str) -> bool:
    design = response.fitted.design
    return set(np.array(design.dataset.channels)[_members(response, role)]) == set(design.causes)


def _members(response: Response, name: str) -> Array:
    dataset = response.fitted.design.dataset
    if name in dataset.channels:
        return np.array([dataset.channels.index(name)])
    members = np.flatnonzero(dataset.data["role"].values == name)
    if not members.size:
        raise InputError(f"{name!r} is neither a channel nor a role of {dataset.path}")
    return members


def _highest(response: Response, name: str) -> float:
    return float(response.status_quo.highest[:, _members(response, name)].sum())
