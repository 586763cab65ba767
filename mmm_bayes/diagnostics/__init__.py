"""What is right and wrong with a fit, in numbers and in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import xarray as xr

from mmm_bayes.diagnostics.change import change_checks
from mmm_bayes.diagnostics.check import Check, Status, finite, verdict
from mmm_bayes.diagnostics.convergence import convergence_checks
from mmm_bayes.diagnostics.evidence import Evidence, evidence
from mmm_bayes.diagnostics.experiments import experiment_checks
from mmm_bayes.diagnostics.identifiability import (
    EFFECTS,
    Pair,
    identifiability,
    identifiability_checks,
    pairs,
)
from mmm_bayes.diagnostics.identifiability import to_dict as identifiability_to_dict
from mmm_bayes.diagnostics.loo import Loo, leave_one_out, loo_checks
from mmm_bayes.diagnostics.predictive import compare, predictive_checks, test_statistics
from mmm_bayes.diagnostics.prior import PriorPredictive, prior_checks, prior_predictive
from mmm_bayes.diagnostics.residuals import residual_checks, residuals
from mmm_bayes.diagnostics.scores import crps, holdout_checks, scores
from mmm_bayes.diagnostics.sensitivity import sensitivity
from mmm_bayes.diagnostics.sensitivity import to_list as sensitivity_to_list

__all__ = [
    "Check",
    "Diagnosis",
    "Evidence",
    "Loo",
    "Pair",
    "PriorPredictive",
    "compare",
    "crps",
    "diagnose",
    "evidence",
    "identifiability",
    "leave_one_out",
    "residuals",
    "scores",
    "sensitivity",
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
    prior_sensitivity : list of dict
        A record for each channel and estimand that varies: channel, estimand (total, direct,
        indirect, roas), prior and likelihood (sensitivity to a change of the media's priors and of
        the data), prior_driven (the rule of `sensitivity`).
    prior_predictive : PriorPredictive or None
        What the priors imply before the data: draws; level and spread of the outcome over weeks
        (median, lower, upper, observed); negative, the share of weeks below zero; together, what
        all channels make as a share of the outcome (and p_nearly_all); best_return, the outcome
        over all spend; channels, each with its direct share and its roas (null without spend).
    identifiability : dict
        pairs, the channels that the data can't tell apart (channels, effect, effect_correlation,
        media_correlation, says); correlations, for every two channels those of their total, direct
        and indirect effects, and of their transformed media in each equation (media_in_outcome,
        media_in_mediator), null where there is none; channels, each with the shrinkage of its
        effects and parameters and the variance_inflation of its media in each equation.
    """

    verdict: Status
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    scores: dict[str, dict[str, float | None]]
    evidence: tuple[Evidence, ...]
    prior_sensitivity: list[dict[str, Any]]
    prior_predictive: PriorPredictive | None
    identifiability: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """What diagnostics.json holds; no NaN and no infinity, None instead."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "checks": [check.to_dict() for check in self.checks],
            "scores": self.scores,
            "evidence": [one.to_dict() for one in self.evidence],
            "prior_sensitivity": self.prior_sensitivity,
            "prior_predictive": self.prior_predictive.to_dict() if self.prior_predictive else None,
            "identifiability": self.identifiability,
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
        Its effects; without them nothing is said about the channels. The groups ``prior``,
        ``sensitivity`` and ``identifiability`` may be missing.
    profile_warnings : iterable of str
        What the table's profile warned of; each becomes a check of the group "data".
    """
    left_out = leave_one_out(tree)
    prior, moved, apart = (
        _group(effects, name) for name in ("prior", "sensitivity", "identifiability")
    )
    implied = prior_predictive(tree, prior) if prior else None
    named: tuple[Pair, ...] = ()
    if effects is not None and apart:
        whole = effects["draws"].to_dataset()[list(EFFECTS)].isel(unit=-1, drop=True)
        named = pairs(apart, whole, float(tree["observed_data"].to_dataset()["outcome"].sum()))
    checks = (
        *convergence_checks(tree),
        *predictive_checks(tree),
        *holdout_checks(tree),
        *residual_checks(tree),
        *change_checks(tree),
        *loo_checks(left_out),
        *experiment_checks(tree),
        *(
            prior_checks(implied, outcome=str(tree.attrs.get("outcome", "outcome")))
            if implied
            else []
        ),
        *(identifiability_checks(named, apart.sizes["channel"]) if apart else []),
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
        sensitivity_to_list(moved),
        implied,
        identifiability_to_dict(apart, named),
    )


def _group(effects: xr.DataTree | None, name: str) -> xr.Dataset:
    known = effects is not None and name in effects.children
    return effects[name].to_dataset() if effects is not None and known else xr.Dataset()


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
