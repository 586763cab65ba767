"""The verdict on a run, for the top of every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmm_bayes.report.run import View
from mmm_bayes.report.sentences import verdict_sentence
from mmm_bayes.report.tables import GROUPS

STATUS = {"pass": "passed", "warn": "warning", "fail": "failed"}


@dataclass(frozen=True)
class RunVerdict:
    """The verdict on a run, with the checks behind it.

    Attributes
    ----------
    verdict : {"pass", "warn", "fail"}
        "fail" for a run that was not checked.
    sentence : str
        What the verdict means for the use of the numbers.
    reasons : list of str
        Sentences of the checks of the fit that warn or fail.
    notes : list of str
        Warnings about the table itself, which limit any model.
    checks : list of (str, list of dict)
        All checks of the fit, by group.
    """

    verdict: str
    sentence: str
    reasons: list[str]
    notes: list[str]
    checks: list[tuple[str, list[dict[str, Any]]]]


def read_verdict(run: View) -> RunVerdict:
    """Verdict and checks of a run, from its diagnostics."""
    recorded = str(run.diagnostics.get("verdict"))
    checked = recorded in STATUS
    verdict = recorded if checked else "fail"
    checks = run.diagnostics.get("checks", [])
    notes = [check["message"] for check in checks if check.get("group") == "data"]
    of_fit = [check for check in checks if check.get("group") != "data"]
    reasons = [message for message in run.diagnostics.get("reasons", []) if message not in notes]
    return RunVerdict(
        verdict=verdict,
        sentence=verdict_sentence(verdict, only_data=bool(notes) and not reasons),
        reasons=reasons if checked else ["The run has not been checked: it has no verdict."],
        notes=notes or run.record.get("profile_warnings", []),
        checks=[
            (GROUPS.get(group, group), [c for c in of_fit if c.get("group") == group])
            for group in dict.fromkeys(str(c.get("group")) for c in of_fit)
        ],
    )
