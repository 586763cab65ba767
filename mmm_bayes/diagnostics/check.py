"""One check of a fit, and the verdict over many."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["pass", "warn", "fail"]
SEVERITY: dict[Status, int] = {"pass": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and what it means.

    Attributes
    ----------
    group : str
        convergence, outcome_ppc, mediator_ppc, residuals, change, loo, holdout, prior,
        identifiability, experiments or data.
    name : str
        Stable, in snake_case; unique within its group.
    value : float or None
        What was measured; None where there is no such number.
    threshold : float or None
        The value at which the worse status begins.
    status : {"pass", "warn", "fail"}
    says : str
        One sentence for somebody who has never heard of the statistic.
    """

    group: str
    name: str
    value: float | None
    threshold: float | None
    status: Status
    says: str

    def to_dict(self) -> dict[str, Any]:
        """The check as JSON can hold it: no NaN and no infinity."""
        return {
            "group": self.group,
            "name": self.name,
            "value": finite(self.value),
            "threshold": finite(self.threshold),
            "status": self.status,
            "says": self.says,
        }


def verdict(checks: Iterable[Check]) -> tuple[Status, tuple[str, ...]]:
    """The worst status, and the sentences of every check that did not pass.

    Failures come before warnings; within each the order given is kept, so that what invalidates
    the rest (convergence) can be put first.
    """
    wrong = sorted(
        (check for check in checks if check.status != "pass"),
        key=lambda check: -SEVERITY[check.status],
    )
    return (wrong[0].status if wrong else "pass"), tuple(check.says for check in wrong)


def said(value: float) -> str:
    """A number in a sentence: four significant digits, thousands grouped.

    Parameters
    ----------
    value : float
    """
    short = f"{value:.4g}"
    grouped = 1000 <= abs(float(short)) < 1e15
    return f"{float(short):,.0f}" if grouped else short


def finite(value: float | None) -> float | None:
    """A plain float, or None for what is not a finite number.

    Parameters
    ----------
    value : float or None
    """
    return float(value) if value is not None and math.isfinite(value) else None
