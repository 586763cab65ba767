"""Outcome of a plan, and the policy for the mediator's spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]

#: Whether the planner sets the mediator's spend, or it follows from the spend on its causes.
MediatorPolicy = Literal["planner", "caused"]


@dataclass(frozen=True)
class PlanOutcome:
    """Outcome of a plan, by draw, with its gradient.

    Attributes
    ----------
    outcome : array, shape (sample,)
        Summed over weeks and units; only differences between plans are meaningful.
    slope : array, shape (sample, unit, channel)
        Derivative of the outcome with respect to each weekly spend.
    mediator : array, shape (sample, unit)
        Weekly spend on a mediator that follows its causes, including carryover after the plan, as
        money a week of the plan; the planned spend if the planner sets it.
    mediator_slope : array, shape (sample, unit, channel)
        Derivative of the mediator's spend, summed over units.
    """

    outcome: Array
    slope: Array
    mediator: Array
    mediator_slope: Array
