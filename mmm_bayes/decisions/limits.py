"""What a plan may spend: bounds of each channel and group, and a budget.

Bounds are multiples of today's spend, and the usual ones keep each channel between half and one and
a half times its own. They may name a channel or a role; a role bounds the sum of its channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from mmm_bayes.decisions.today import Today
from mmm_bayes.design import Design
from mmm_bayes.errors import InputError

Array = NDArray[Any]

LOWER, UPPER = 0.5, 1.5
#: Most that a channel may spend a week, in multiples of the highest week that was observed.
EXTRAPOLATION = 1.5
#: The name that bounds every channel.
EVERY = ""


@dataclass(frozen=True)
class Limits:
    """The set that a plan is chosen from.

    Attributes
    ----------
    decided : array, shape (unit, channel) of bool
        Spends that are chosen; the others stay as they are, or follow.
    lower, upper : array, shape (unit, channel)
        Money a week.
    groups : array, shape (group, unit, channel) of bool
        Sums that are bounded.
    least, most : array, shape (group,)
        Money a week.
    names : tuple of str
        Of the groups.
    """

    decided: Array
    lower: Array
    upper: Array
    groups: Array
    least: Array
    most: Array
    names: tuple[str, ...]


def limits(
    design: Design,
    start: Today,
    *,
    lower: Mapping[str, float],
    upper: Mapping[str, float],
    follows: str | None,
    extrapolate: float = EXTRAPOLATION,
) -> Limits:
    """Bounds in money, checked.

    Parameters
    ----------
    design : Design
    start : Today
    lower, upper : mapping of str to float
        Multiples of today's spend, by channel or role; "" is every channel.
    follows : str, optional
        The mediator, where its spend is not decided.
    extrapolate : float
        Most that a channel may spend a week, in multiples of its highest week.

    Raises
    ------
    InputError
    """
    channels = list(design.dataset.channels)
    roles = [str(role) for role in design.dataset.data["role"].values]
    decided = start.buyable & np.isin(channels, design.dataset.paid)
    decided &= np.array([name != follows for name in channels])
    if not decided.any():
        raise InputError("no channel's spend can be decided; a plan needs a paid channel")
    ends, sums = {}, {}
    for option, given, usual in (("--lower", lower, LOWER), ("--upper", upper, UPPER)):
        known = {EVERY, *channels, *roles}
        for name, value in given.items():
            _check(option, name, value, known, design, follows)
        factor = [given.get(name, given.get(EVERY, usual)) for name in channels]
        ends[option] = np.where(decided, start.spend * factor, start.spend)
        sums[option] = {name: given[name] for name in given if name in set(roles) - set(channels)}
    names = tuple(dict.fromkeys([*sums["--lower"], *sums["--upper"]]))
    groups = np.array([decided & (np.array(roles) == name) for name in names]).reshape(
        (len(names), *decided.shape)
    )
    money = np.array([start.spend[group].sum() for group in groups])
    least = money * [sums["--lower"].get(name, 0.0) for name in names]
    most = money * [sums["--upper"].get(name, np.inf) for name in names]
    _refuse_crossed(design, ends, names, least, most)
    _refuse_far(design, start, decided, ends["--upper"], extrapolate)
    return Limits(decided, ends["--lower"], ends["--upper"], groups, least, most, names)


def nearest(limit: Limits, spends: Array, budget: float | None) -> Array:
    """The allowed plan that moves the least money from another one.

    Parameters
    ----------
    limit : Limits
    spends : array, shape (unit, channel)
    budget : float, optional
        What the decided spends add up to; free if left out.

    Raises
    ------
    InputError
        If no plan is allowed.
    """
    wanted = spends[limit.decided]
    number = len(wanted)
    # Variables: the spends, then how far each is moved.
    groups = [group[limit.decided].astype(float) for group in limit.groups]
    rows = [np.concatenate([sign * group, np.zeros(number)])
            for sign in (-1.0, 1.0) for group in groups]  # fmt: skip
    bounds = [*-limit.least, *limit.most]
    rows = [row for row, most in zip(rows, bounds, strict=True) if np.isfinite(most)]
    most = [most for most in bounds if np.isfinite(most)]
    eye = np.eye(number)
    away = np.block([[eye, -eye], [-eye, -eye]])
    whole = {} if budget is None else {
        "A_eq": np.concatenate([np.ones(number), np.zeros(number)])[None], "b_eq": [budget],
    }  # fmt: skip
    found = linprog(
        np.concatenate([np.zeros(number), np.ones(number)]),
        A_ub=np.vstack([away, *rows]),
        b_ub=np.concatenate([wanted, -wanted, most]),
        bounds=[
            *zip(limit.lower[limit.decided], limit.upper[limit.decided], strict=True),
            *[(0, None)] * number,
        ],
        **whole,
    )
    if found.status != 0:
        raise InputError(_impossible(limit, budget))
    plan = spends.copy()
    plan[limit.decided] = found.x[:number]
    return plan


def _impossible(limit: Limits, budget: float | None) -> str:
    low, high = (float(ends[limit.decided].sum()) for ends in (limit.lower, limit.upper))
    if budget is not None and not low <= budget <= high:
        side, mend = (
            ("below the sum of the lower bounds", "lower --lower")
            if budget < low
            else ("above the sum of the upper bounds", "raise --upper")
        )
        return (
            f"a budget of {budget:,.0f} a week for the channels that are decided is {side}; they "
            f"allow {low:,.0f} to {high:,.0f}: change the budget, or {mend}"
        )
    named = ", ".join(limit.names)
    return (
        f"no plan keeps the bounds of {named} and those of their channels within the budget; "
        "widen one of them"
    )


def _check(
    option: str, name: str, value: float, known: set[str], design: Design, follows: str | None
) -> None:
    said = f"{option} {name}={value:g}" if name else f"{option} {value:g}"
    if name not in known:
        raise InputError(
            f"{said}: {name!r} is neither a channel nor a role; the channels are "
            f"{', '.join(design.dataset.channels)}"
        )
    if not np.isfinite(value) or value < 0:
        raise InputError(f"{said}: a spend is never negative; give a multiple of today's, from 0")
    if name and name == follows:
        raise InputError(
            f"{said}: the spend of {name} follows from its causes and has no bounds; bound the "
            "causes, or take --mediator planner"
        )
    unpaid = name in design.dataset.channels and name not in design.dataset.paid
    if unpaid:
        raise InputError(f"{said}: {name} costs no money, so it is no part of a budget")


def _refuse_crossed(
    design: Design, ends: dict[str, Array], names: tuple[str, ...], least: Array, most: Array
) -> None:
    crossed = (ends["--lower"] > ends["--upper"]).any(0)
    wrong = [name for name, bad in zip(design.dataset.channels, crossed, strict=True) if bad]
    wrong += [name for name, low, high in zip(names, least, most, strict=True) if low > high]
    if wrong:
        raise InputError(
            f"--lower is above --upper for {', '.join(wrong)}; both are multiples of today's spend "
            f"(unless told, {LOWER:g} and {UPPER:g})"
        )


def _refuse_far(
    design: Design, start: Today, decided: Array, upper: Array, extrapolate: float
) -> None:
    ratio = np.where(decided, upper / np.where(decided, start.highest, 1.0), 0.0).max(0)
    if (ratio > extrapolate * (1 + 1e-9)).any():
        at = int(ratio.argmax())
        raise InputError(
            f"--upper lets {design.dataset.channels[at]} spend {ratio[at]:.3g} times the highest "
            f"week that was observed, and beyond {extrapolate:g} times a plan is guesswork; lower "
            f"it, or say --extrapolate {np.ceil(ratio[at] * 10) / 10:g}"
        )
