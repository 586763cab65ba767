"""What the checks say of a run, for the top of every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmm_bayes.report.run import View
from mmm_bayes.report.tables import GROUPS
from mmm_bayes.report.words import verdict_sentence

STATUS = {"pass": "passed", "warn": "warning", "fail": "failed"}


@dataclass(frozen=True)
class Judged:
    """A run as its checks judge it.

    Attributes
    ----------
    verdict : {"pass", "warn", "fail"}
        "fail" for a run that was not checked.
    sentence : str
        What it means for the use of the numbers.
    reasons : list of str
        Checks that warn or fail, in words; those of the table are `notes`.
    notes : list of str
        What in the table itself limits any model.
    checks : list of (str, list of dict)
        All checks of the fit, by group.
    """

    verdict: str
    sentence: str
    reasons: list[str]
    notes: list[str]
    checks: list[tuple[str, list[dict[str, Any]]]]


def judged(run: View) -> Judged:
    """Read the checks of a run."""
    known = run.diagnostics.get("verdict")
    verdict = known if known in STATUS else "fail"
    every = run.diagnostics.get("checks", [])
    notes = [check["says"] for check in every if check.get("group") == "data"]
    checks = [check for check in every if check.get("group") != "data"]
    reasons = [says for says in run.diagnostics.get("reasons", []) if says not in notes]
    return Judged(
        verdict=verdict,
        sentence=verdict_sentence(verdict, only_data=bool(notes) and not reasons),
        reasons=reasons if known in STATUS else ["The run has no verdict of the checks."],
        notes=notes or run.record.get("profile_warnings", []),
        checks=[
            (GROUPS.get(group, group), [c for c in checks if c.get("group") == group])
            for group in dict.fromkeys(str(c.get("group")) for c in checks)
        ],
    )
