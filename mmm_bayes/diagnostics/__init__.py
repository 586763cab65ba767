"""What is right and wrong with a fit, in numbers and in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import xarray as xr

from mmm_bayes.diagnostics.check import Check, Status, finite, verdict
from mmm_bayes.diagnostics.convergence import convergence_checks
from mmm_bayes.diagnostics.evidence import Evidence, evidence
from mmm_bayes.diagnostics.loo import Loo, leave_one_out, loo_checks
from mmm_bayes.diagnostics.predictive import compare, predictive_checks, test_statistics
from mmm_bayes.diagnostics.residuals import residual_checks, residuals
from mmm_bayes.diagnostics.scores import crps, holdout_checks, scores

__all__ = [
    "Check",
    "Diagnosis",
    "Evidence",
    "Loo",
    "compare",
    "crps",
    "diagnose",
    "evidence",
    "leave_one_out",
    "residuals",
    "scores",
    "test_statistics",
    "verdict",
]


@dataclass(frozen=True)
class Diagnosis:
    """Every check of a fit and the verdict over them.

    Attributes
    ----------
    verdict : {"pass", "warn", "fail"}
        The worst status.
    reasons : tuple of str
        A sentence for each check that did not pass, worst first.
    checks : tuple of Check
    scores : dict
        "in_sample" and, where there is one, "holdout": the numbers of `scores.scores`; the former
        with elpd_loo, elpd_loo_se and p_loo.
    evidence : tuple of Evidence
        One for each channel.
    """

    verdict: Status
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    scores: dict[str, dict[str, float | None]]
    evidence: tuple[Evidence, ...]

    def to_dict(self) -> dict[str, Any]:
        """What diagnostics.json holds; no NaN and no infinity, None instead."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "checks": [check.to_dict() for check in self.checks],
            "scores": self.scores,
            "evidence": [one.to_dict() for one in self.evidence],
        }


def diagnose(
    tree: xr.DataTree, effects: xr.DataTree | None, profile_warnings: Iterable[str] = ()
) -> Diagnosis:
    """Check a fit in every way the tree allows.

    Parameters
    ----------
    tree : xarray.DataTree
        Of a fit: posterior, sample_stats, posterior_predictive, log_likelihood, observed_data, and
        predictions of a holdout if there are any.
    effects : xarray.DataTree or None
        Its effects; without them nothing is said about the channels.
    profile_warnings : iterable of str
        What the table's profile warned of; each becomes a check of the group "data".
    """
    left_out = leave_one_out(tree)
    checks = (
        *convergence_checks(tree),
        *predictive_checks(tree),
        *holdout_checks(tree),
        *residual_checks(tree),
        *loo_checks(left_out),
        *(
            Check("data", f"profile_{number}", None, None, "warn", says)
            for number, says in enumerate(profile_warnings, start=1)
        ),
    )
    status, reasons = verdict(checks)
    return Diagnosis(
        status,
        reasons,
        checks,
        _scores(tree, left_out),
        () if effects is None else evidence(tree, effects),
    )


def _scores(tree: xr.DataTree, left_out: Loo | None) -> dict[str, dict[str, float | None]]:
    observed = tree["observed_data"].to_dataset()["outcome"]
    found = {"in_sample": scores(observed, tree["posterior_predictive"].to_dataset()["outcome"])}
    if left_out is not None:
        found["in_sample"] |= {
            "elpd_loo": finite(left_out.elpd),
            "elpd_loo_se": finite(left_out.se),
            "p_loo": finite(left_out.p),
        }
    if "predictions" in tree.children and "predictions_observed" in tree.children:
        found["holdout"] = scores(
            tree["predictions_observed"].to_dataset()["outcome"],
            tree["predictions"].to_dataset()["outcome"],
        )
    return found
