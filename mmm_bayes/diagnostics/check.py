"""Checks of a fit and the verdict over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["pass", "warn", "fail"]
SEVERITY: dict[Status, int] = {"pass": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True)
class Check:
    """Result of one check, with the sentence that explains it.

    Attributes
    ----------
    group : str
        convergence, outcome_ppc, mediator_ppc, residuals, change, baseline, demand, loo, holdout,
        prior, identifiability, experiments or data.
    name : str
        Identifier in snake_case, unique within its group and the same in every version.
    value : float or None
        The statistic; None if it does not exist.
    threshold : float or None
        Value of the statistic at which the status becomes worse.
    status : {"pass", "warn", "fail"}
    message : str
        One sentence for a reader who does not know the statistic.
    """

    group: str
    name: str
    value: float | None
    threshold: float | None
    status: Status
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The check as a JSON object; NaN and infinity become None."""
        return {
            "group": self.group,
            "name": self.name,
            "value": finite_or_none(self.value),
            "threshold": finite_or_none(self.threshold),
            "status": self.status,
            "message": self.message,
        }


def verdict(checks: Iterable[Check]) -> tuple[Status, tuple[str, ...]]:
    """The worst status, and the messages of all checks that did not pass.

    Failures come before warnings; the order is otherwise kept, so that a check that invalidates the
    others (convergence) can be put first.
    """
    problems = sorted(
        (check for check in checks if check.status != "pass"),
        key=lambda check: -SEVERITY[check.status],
    )
    return (problems[0].status if problems else "pass"), tuple(check.message for check in problems)


def verdict_record(diagnostics: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict of a run and its first reason, for the JSON of whatever rests on it.

    Parameters
    ----------
    diagnostics : mapping
        Content of ``diagnostics.json``.

    Returns
    -------
    dict
        ``verdict`` ("fail" for a run that was not checked) and ``reason`` (None if it passed).
    """
    status, reasons = diagnostics.get("verdict"), diagnostics.get("reasons", [])
    if status not in SEVERITY:
        return {"verdict": "fail", "reason": "The run has not been checked: it has no verdict."}
    return {"verdict": status, "reason": next(iter(reasons), None)}


def verdict_line(record: Mapping[str, Any], subject: str = "the checks of the fit") -> str:
    """A verdict and its first reason in one line, for the command line.

    Parameters
    ----------
    record : mapping
        As `verdict_record` returns it.
    subject : str
        What was checked.
    """
    meaning = {
        "pass": f"pass: {subject} found no problem",
        "warn": f"warn: {subject} gave warnings, so use the numbers with care",
        "fail": f"fail: {subject} failed, so the numbers must not be used for decisions",
    }[record["verdict"]]
    return f"verdict {meaning}" + (f". {record['reason']}" if record["reason"] else "")


def finite_or_none(value: float | None) -> float | None:
    """The `value` as a float; None if it is NaN, infinite or None."""
    return float(value) if value is not None and math.isfinite(value) else None
