"""Limits of a plan: bounds on the spend of channels and roles, and a budget.

Bounds are multiples of the status quo, by default one half and one and a half, or money per step of
the table. They apply to a channel or a role; those of a role bound the sum of its channels. A
multiple of nothing is nothing: a channel that is paused, without spend in the status quo, has only
bounds in money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from mmm_bayes.data.design import Design
from mmm_bayes.decisions.status_quo import StatusQuo, extrapolation_ratios, split_by_unit
from mmm_bayes.errors import InputError
from mmm_bayes.text import number

Array = NDArray[Any]

LOWER, UPPER = 0.5, 1.5
#: Largest spend of a channel, in multiples of the highest that was sustained.
EXTRAPOLATION = 1.5
#: Name under which bounds apply to every channel.
EVERY = ""


@dataclass(frozen=True)
class Bound:
    """A bound as it is given.

    Attributes
    ----------
    value : float
        A multiple of the status quo, or money per step of the table.
    money : bool
        Which of the two it is.
    """

    value: float
    money: bool = False

    def of(self, spend: float) -> float:
        """The bound in money.

        Parameters
        ----------
        spend : float
            What is bounded, in the status quo: money per step.
        """
        return self.value if self.money else self.value * spend


@dataclass(frozen=True)
class Limits:
    """Feasible set of a plan.

    Attributes
    ----------
    channels : tuple of str
        Names along the channel axis.
    decided : array, shape (unit, channel) of bool
        Spends that the plan chooses; the others stay at the status quo, or follow from their
        causes.
    lower, upper : array, shape (unit, channel)
        Bounds of each spend, money a week.
    groups : array, shape (group, unit, channel) of bool
        Spends whose sum is bounded.
    least, most : array, shape (group,)
        Bounds of each sum, money a week.
    names : tuple of str
        Names of the groups.
    """

    channels: tuple[str, ...]
    decided: Array
    lower: Array
    upper: Array
    groups: Array
    least: Array
    most: Array
    names: tuple[str, ...]


def spend_limits(
    design: Design,
    start: StatusQuo,
    *,
    lower: Mapping[str, float | str],
    upper: Mapping[str, float | str],
    follows: str | None,
    extrapolate: float = EXTRAPOLATION,
) -> Limits:
    """Limits in money from bounds in multiples of the status quo or in money.

    Parameters
    ----------
    lower, upper : mapping of str to float or str
        Multiples of the status quo by channel or role, or money per step of the table as text
        (``"2000/step"``), of all units together; "" is every channel.
    follows : str, optional
        The mediator, if its spend follows from its causes.
    extrapolate : float
        Largest spend of a channel, in multiples of the highest that was sustained.

    Raises
    ------
    InputError
        If a bound is unknown, negative, contradictory or too far from the observed spends.
    """
    channels = list(design.dataset.channels)
    roles = [str(role) for role in design.dataset.data["role"].values]
    decided = start.buyable & np.isin(channels, design.dataset.paid)
    decided &= np.array([name != follows for name in channels])
    described = design.dataset.description.channels.values()
    decided &= np.array([not channel.national for channel in described])
    if not decided.any():
        raise InputError("no channel has a spend to plan; a plan needs a paid channel")
    ends, sums = {}, {}
    for option, given, default in (("--lower", lower, LOWER), ("--upper", upper, UPPER)):
        bounds = {
            name: _parse(option, name, value, design, start, follows)
            for name, value in given.items()
        }
        every = bounds.get(EVERY, Bound(default))
        now = zip(channels, start.spend.sum(0), strict=True)
        money = np.array([bounds.get(name, every).of(spend) for name, spend in now])
        ends[option] = np.where(decided, split_by_unit(start, money), start.spend)
        sums[option] = {name: bounds[name] for name in bounds if name in set(roles) - set(channels)}
    names = tuple(dict.fromkeys([*sums["--lower"], *sums["--upper"]]))
    groups = np.array([decided & (np.array(roles) == name) for name in names]).reshape(
        (len(names), *decided.shape)
    )
    sum_now = [
        (name, float(start.spend[group].sum())) for name, group in zip(names, groups, strict=True)
    ]
    least, most = (
        np.array([sums[option].get(name, free).of(now) for name, now in sum_now])
        for option, free in (("--lower", Bound(0.0)), ("--upper", Bound(np.inf, money=True)))
    )
    _check_ordered(design, ends, names, least, most)
    _check_extrapolation(design, start, decided, ends["--upper"], extrapolate)
    return Limits(
        tuple(channels), decided, ends["--lower"], ends["--upper"], groups, least, most, names
    )


def nearest_plan(limit: Limits, spends: Array, budget: float | None) -> Array:
    """The feasible plan that moves the least money from a given one, shape (unit, channel).

    Parameters
    ----------
    spends : array, shape (unit, channel)
        Money a week.
    budget : float, optional
        Sum of the decided spends, money a week; free by default.

    Raises
    ------
    InputError
        If no plan is feasible.
    """
    target = spends[limit.decided]
    size = len(target)
    # Variables: the spends, then the absolute change of each.
    groups = [group[limit.decided].astype(float) for group in limit.groups]
    rows = [np.concatenate([sign * group, np.zeros(size)])
            for sign in (-1.0, 1.0) for group in groups]  # fmt: skip
    bounds = [*-limit.least, *limit.most]
    rows = [row for row, most in zip(rows, bounds, strict=True) if np.isfinite(most)]
    most = [most for most in bounds if np.isfinite(most)]
    eye = np.eye(size)
    distance = np.block([[eye, -eye], [-eye, -eye]])
    total = {} if budget is None else {
        "A_eq": np.concatenate([np.ones(size), np.zeros(size)])[None], "b_eq": [budget],
    }  # fmt: skip
    solution = linprog(
        np.concatenate([np.zeros(size), np.ones(size)]),
        A_ub=np.vstack([distance, *rows]),
        b_ub=np.concatenate([target, -target, most]),
        bounds=[
            *zip(limit.lower[limit.decided], limit.upper[limit.decided], strict=True),
            *[(0, None)] * size,
        ],
        **total,
    )
    if solution.status != 0:
        raise InputError(_infeasible_message(limit, budget))
    plan = spends.copy()
    plan[limit.decided] = solution.x[:size]
    return plan


def _infeasible_message(limit: Limits, budget: float | None) -> str:
    low, high = (float(ends[limit.decided].sum()) for ends in (limit.lower, limit.upper))
    if budget is not None and not low <= budget <= high:
        lower = np.where(limit.decided, limit.lower, 0.0).sum(0)
        largest = int(lower.argmax())
        problem, remedy = (
            (
                "below the sum of the lower bounds",
                f"lower --lower, whose largest is that of {limit.channels[largest]}, "
                f"{number(float(lower[largest]))}",
            )
            if budget < low
            else ("above the sum of the upper bounds", "raise --upper")
        )
        budget_text, low_text, high_text = (number(x, digits=5) for x in (budget, low, high))
        return (
            f"a budget of {budget_text} for the planned channels is {problem}, which allow "
            f"{low_text} to {high_text}; change the budget, or {remedy}"
        )
    groups = ", ".join(limit.names)
    return (
        f"no plan keeps the bounds of {groups} and those of their channels within the budget; "
        "widen one of them"
    )


def paused(limit: Limits, start: StatusQuo) -> tuple[str, ...]:
    """Channels that a plan leaves off: its bounds are multiples of a status quo without them."""
    off = limit.decided.any(0) & (start.spend.sum(0) == 0) & (limit.upper.sum(0) == 0)
    return tuple(name for name, is_off in zip(limit.channels, off, strict=True) if is_off)


def example_bound(start: StatusQuo, channels: Array) -> str:
    """A bound in money as one would give it: the highest spend of some channels, two digits of it.

    Parameters
    ----------
    channels : array, shape (channel,) of bool
        Those that are bounded.
    """
    highest = float(f"{start.highest[:, channels].sum():.2g}")
    return f"{np.format_float_positional(highest, trim='-')}/step"


def _parse(
    option: str,
    name: str,
    given: float | str,
    design: Design,
    start: StatusQuo,
    follows: str | None,
) -> Bound:
    dataset = design.dataset
    text = f"{option} {name}={given}" if name else f"{option} {given}"
    roles = dataset.data["role"].values
    if name not in {EVERY, *dataset.channels, *map(str, roles)}:
        raise InputError(
            f"{text}: {name!r} is neither a channel nor a role; the channels are "
            f"{', '.join(dataset.channels)}"
        )
    amount, slash, unit = str(given).partition("/")
    try:
        bound = Bound(float(amount), bool(slash))
    except ValueError:
        raise InputError(
            f"{text}: {amount!r} is not a number; give a multiple of today's spend such as 1.2, or "
            "money such as 2000/step"
        ) from None
    if slash and unit not in ("step", dataset.step.noun):
        raise InputError(
            f"{text}: money is bounded per step of the table, a {dataset.step.noun}; write "
            f"{amount}/step"
        )
    if not np.isfinite(bound.value) or bound.value < 0:
        raise InputError(
            f"{text}: a spend can't be negative; give a multiple of today's spend, 0 or more"
        )
    if name and name == follows:
        raise InputError(
            f"{text}: the spend of {name} follows from its causes and has no bounds; bound the "
            "causes, or use --mediator planner"
        )
    if name in dataset.channels and dataset.description.channels[name].national:
        raise InputError(
            f"{text}: {name} is national, and a plan of units leaves its spend as it is; remove "
            "the bound"
        )
    unpaid = name in dataset.channels and name not in dataset.paid
    if unpaid:
        raise InputError(f"{text}: {name} costs no money, so it is not part of a budget")
    members = np.array(dataset.channels) == name if name in dataset.channels else roles == name
    if name and not bound.money and bound.value > 0 and start.spend[:, members].sum() == 0:
        raise InputError(
            f"{text}: {name} has no spend in the last year, and a multiple of nothing is nothing; "
            f"give money, such as {option} {name}={example_bound(start, members)}"
        )
    return bound


def _check_ordered(
    design: Design, ends: dict[str, Array], names: tuple[str, ...], least: Array, most: Array
) -> None:
    crossed = (ends["--lower"] > ends["--upper"]).any(0)
    wrong = [name for name, bad in zip(design.dataset.channels, crossed, strict=True) if bad]
    wrong += [name for name, low, high in zip(names, least, most, strict=True) if low > high]
    if wrong:
        raise InputError(
            f"--lower is above --upper for {', '.join(wrong)}; both are multiples of today's spend "
            f"(by default {LOWER:g} and {UPPER:g}) or money per step"
        )


def _check_extrapolation(
    design: Design, start: StatusQuo, decided: Array, upper: Array, extrapolate: float
) -> None:
    ratio = np.where(decided, extrapolation_ratios(start, upper), 0.0).max(0)
    if (ratio > extrapolate * (1 + 1e-9)).any():
        index = int(ratio.argmax())
        raise InputError(
            f"--upper lets {design.dataset.channels[index]} spend {ratio[index]:.3g} times the "
            f"highest spend that it sustained in the table; a plan beyond {extrapolate:g} times is "
            f"not reliable, so lower it, or use --extrapolate {np.ceil(ratio[index] * 10) / 10:g}"
        )
