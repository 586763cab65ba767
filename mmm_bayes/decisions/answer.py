"""What may be asked of a plan, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from mmm_bayes.decisions.today import Today
from mmm_bayes.design import Design

Array = NDArray[Any]

#: Whether the mediator's spend is decided, or follows from the other channels' spends.
How = Literal["planner", "caused"]


@dataclass(frozen=True)
class Answer:
    """What a plan brings.

    Attributes
    ----------
    outcome : array, shape (sample,)
        Summed over weeks and units; only differences between plans mean anything.
    slope : array, shape (sample, unit, channel)
        Its derivative with respect to each weekly spend.
    mediator : array, shape (sample, unit)
        Weekly spend on a mediator that follows its causes, all that the plan causes after its end
        included; today's where the planner sets it.
    mediator_slope : array, shape (sample, unit, channel)
        Derivative of its sum over units.
    """

    outcome: Array
    slope: Array
    mediator: Array
    mediator_slope: Array


class Answers(Protocol):
    """What answers to any plan: the model's graph (`response`), or saved draws (`saved`).

    Attributes
    ----------
    design : Design
    today : Today
    horizon : int
        Weeks of a plan.
    how : {"planner", "caused"}
    """

    @property
    def design(self) -> Design: ...  # noqa: D102
    @property
    def today(self) -> Today: ...  # noqa: D102
    @property
    def horizon(self) -> int: ...  # noqa: D102
    @property
    def how(self) -> How: ...  # noqa: D102

    def __call__(self, spends: Array) -> Answer:
        """Answer to a constant weekly spend, shape (unit, channel)."""

    def total(self, spends: Array) -> Array:
        """The answer's outcome alone, shape (sample,), which may cost less.

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        """
