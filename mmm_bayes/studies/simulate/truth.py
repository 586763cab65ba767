"""True effects of media in a simulated market, and the true gain of a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.studies.simulate.equations import Array, Equation, HurdleMediator, NormalMediator

#: From the spends of a channel to other ones, week by week.
Change = Callable[[Array], Array]
#: Quantile of a channel's spend that stands for its least.
LOWEST_TENTH = 0.1


@dataclass(frozen=True, repr=False)
class World:
    """Equations of a market with the spends and the disturbances of its weeks.

    Attributes
    ----------
    link : {"identity", "log"}
        Whether contributions add up or multiply.
    channels, causes : sequence of str
        All channels, and those that act through the mediator.
    units : list of str
        Names of the units, "all" for a single one.
    outcome : Equation
        Location of the revenue, as a share of its mean.
    mediator : NormalMediator or HurdleMediator
        Its spend under other spends of its causes, disturbances kept.
    path : array, shape (history + time, unit, channel)
        Money a week.
    cause_path : array, shape (2 history + time, unit, cause)
        Money a week.
    scale : array, shape (unit,)
        Mean revenue.
    revenue : array, shape (time, unit)
        Before the floor.
    floor : float
        Lowest recorded revenue.
    """

    link: Literal["identity", "log"]
    channels: Sequence[str]
    causes: Sequence[str]
    mediator_name: str
    units: list[str]
    outcome: Equation
    mediator: NormalMediator | HurdleMediator
    path: Array
    cause_path: Array
    scale: Array
    revenue: Array
    floor: float

    @cached_property
    def location(self) -> Array:
        """Location of the revenue on the observed path, shape (time, unit)."""
        return self.outcome(self.path)

    @property
    def mediator_index(self) -> int:
        """Position of the mediator among the channels."""
        return self.channels.index(self.mediator_name)

    def mediator_under(self, cause_path: Array) -> Array:
        """Spend on the mediator had its causes spent something else, shape (history + time, unit).

        Parameters
        ----------
        cause_path : array, shape (2 history + time, unit, cause)
            Money a week.
        """
        observed = self.path[..., self.mediator_index]
        return self.mediator.abduct(observed, self.cause_path, cause_path)

    def revenue_change(self, location: Array, other: Array) -> Array:
        """Revenue at one location less that at another, summed over weeks, shape (unit,).

        Parameters
        ----------
        location, other : array, shape (time, unit)
            As the outcome's equation returns them.
        """
        if self.link == "log":
            first, second = (self.revenue * np.exp(at - self.location) for at in (location, other))
            change = np.maximum(first, self.floor) - np.maximum(second, self.floor)
        else:
            change = self.scale * (location - other)
        return np.asarray(change.sum(0))


def true_effects(world: World) -> list[dict[str, Any]]:
    """True effects of each channel and of all together.

    They are those of `mmm_bayes.estimands`: against the same weeks without the channel (total,
    direct, indirect), at the channel's lowest observed tenth (total_observed, ...), and of 20% more
    and 20% less (total_plus20, ..., total_minus20, ...). All channels together have totals only.

    Returns
    -------
    list of dict
        Rows of unit, channel, estimand and value.
    """
    found: list[tuple[str, str, Array]] = []
    observed = world.path[-len(world.revenue) :]
    lowest = np.quantile(observed, LOWEST_TENTH, axis=0, method="lower")
    for index, channel in enumerate(world.channels):
        for suffix, low, high, sign in _contrasts(lowest[:, index]):
            effects = _contrast(world, index, low, high)
            found += [(channel, f"{name}{suffix}", sign * amount) for name, amount in effects]
    for suffix, low, high, sign in _contrasts(lowest):
        before, after = (world.outcome(change(world.path)) for change in (low, high))
        found.append((ALL_MEDIA, f"total{suffix}", sign * world.revenue_change(after, before)))
    rows = []
    for channel, estimand, amounts in found:
        by_unit = dict(zip(world.units, amounts, strict=True)) if len(world.units) > 1 else {}
        rows += [
            {"unit": unit, "channel": channel, "estimand": estimand, "value": float(value)}
            for unit, value in {**by_unit, "all": amounts.sum()}.items()
        ]
    return rows


def _contrasts(lowest: Array) -> list[tuple[str, Change, Change, int]]:
    """Suffix of each contrast, the spends that it compares, and its sign."""
    return [
        ("", np.zeros_like, _as_it_was, 1),
        ("_observed", lambda spend: np.broadcast_to(lowest, spend.shape), _as_it_was, 1),
        ("_plus20", _as_it_was, lambda spend: 1.2 * spend, 1),
        ("_minus20", lambda spend: 0.8 * spend, _as_it_was, -1),
    ]


def _as_it_was(spend: Array) -> Array:
    return spend


def _contrast(world: World, index: int, low: Change, high: Change) -> list[tuple[str, Array]]:
    """Total, direct and indirect effect of a channel's spend at `high` against `low`."""

    def location(own: Change, caused_by: Change) -> Array:
        path, cause_path = world.path.copy(), world.cause_path.copy()
        path[..., index] = own(path[..., index])
        # A mediator whose causes are as they were is exactly what it was.
        if world.channels[index] in world.causes and caused_by is not _as_it_was:
            cause = world.causes.index(world.channels[index])
            cause_path[..., cause] = caused_by(cause_path[..., cause])
            path[..., world.mediator_index] = world.mediator_under(cause_path)
        return world.outcome(path)

    top, held, bottom = location(high, high), location(high, low), location(low, low)
    return [
        ("total", world.revenue_change(top, bottom)),
        ("direct", world.revenue_change(held, bottom)),
        ("indirect", world.revenue_change(top, held)),
    ]


def true_gain(
    world: World, factors: Array, horizon: int, policy: Literal["planner", "caused"]
) -> float:
    """Change of the revenue of the last weeks, had each channel spent a multiple of what it did.

    Each week keeps its own disturbance.

    Parameters
    ----------
    factors : array, shape (unit, channel)
        Of the spends of these weeks.
    horizon : int
        Number of weeks.
    policy : {"planner", "caused"}
        Whether the mediator's spend is multiplied, too, or follows from its causes.
    """
    path, cause_path = world.path.copy(), world.cause_path.copy()
    path[-horizon:] *= factors
    if policy == "caused":
        cause_path[-horizon:] *= factors[:, [world.channels.index(name) for name in world.causes]]
        path[..., world.mediator_index] = world.mediator_under(cause_path)
    return float(world.revenue_change(world.outcome(path), world.location).sum())
