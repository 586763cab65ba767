"""Checks of a fit: convergence, predictive and prior checks, identifiability, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import xarray as xr

from mmm_bayes.diagnostics.baseline import baseline_checks
from mmm_bayes.diagnostics.change import change_checks
from mmm_bayes.diagnostics.check import Check, Status, finite_or_none, verdict
from mmm_bayes.diagnostics.convergence import convergence_checks
from mmm_bayes.diagnostics.demand import demand_checks
from mmm_bayes.diagnostics.evidence import Evidence, channel_evidence, outcome_size
from mmm_bayes.diagnostics.experiments import experiment_checks
from mmm_bayes.diagnostics.identifiability import (
    EFFECTS,
    ChannelPair,
    identifiability_checks,
    identifiability_record,
    identifiability_statistics,
    weakly_identified_pairs,
)
from mmm_bayes.diagnostics.loo import Loo, leave_one_out, loo_checks
from mmm_bayes.diagnostics.predictive import compare_statistics, ppc_statistics, predictive_checks
from mmm_bayes.diagnostics.prior import (
    PriorPredictive,
    conflict_check,
    prior_checks,
    prior_predictive,
)
from mmm_bayes.diagnostics.residuals import residual_checks, standardised_residuals
from mmm_bayes.diagnostics.scores import crps, holdout_checks, predictive_scores
from mmm_bayes.diagnostics.sensitivity import power_scaling_sensitivity, sensitivity_records
from mmm_bayes.model.media import Media

__all__ = [
    "ChannelPair",
    "Check",
    "Diagnosis",
    "Evidence",
    "Loo",
    "PriorPredictive",
    "channel_evidence",
    "compare_statistics",
    "crps",
    "diagnose",
    "identifiability_statistics",
    "leave_one_out",
    "power_scaling_sensitivity",
    "ppc_statistics",
    "predictive_scores",
    "standardised_residuals",
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
        Messages of the checks that did not pass, failures first.
    checks : tuple of Check
        All checks, in the order in which they were made.
    scores : dict
        "in_sample" and, if there is one, "holdout": the scores of `predictive_scores`; the former
        with elpd_loo, elpd_loo_se and p_loo.
    evidence : tuple of Evidence
        One for each channel.
    prior_sensitivity : list of dict
        A record for each channel and estimand that varies, and for the total of all media together
        (channel `ALL_MEDIA`): channel, estimand (total, direct,
        indirect, roas), prior and likelihood (sensitivity to the media priors and to the data),
        prior_driven (the rule of `sensitivity`).
    prior_predictive : PriorPredictive or None
        Quantities implied by the priors.
    identifiability : dict
        pairs: channels that the data can't tell apart (channels, effect, effect_correlation,
        media_correlation, message). correlations: for every two channels those of their total,
        direct and indirect effects, and of their transformed media in each equation
        (media_in_outcome, media_in_mediator), null where there is none. channels: for each, the
        shrinkage of its effects and parameters and the variance_inflation of its media in each
        equation. together: the shrinkage of the total of all media.
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
        """The content of diagnostics.json; NaN and infinity become None."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "checks": [check.to_dict() for check in self.checks],
            "scores": self.scores,
            "evidence": [channel.to_dict() for channel in self.evidence],
            "prior_sensitivity": self.prior_sensitivity,
            "prior_predictive": self.prior_predictive.to_dict() if self.prior_predictive else None,
            "identifiability": self.identifiability,
        }


def diagnose(
    tree: xr.DataTree,
    effects: xr.DataTree | None,
    media: Media | None,
    profile_warnings: Iterable[str] = (),
) -> Diagnosis:
    """All checks that the groups of a fit allow, and the verdict.

    Parameters
    ----------
    tree : xarray.DataTree
        A fit, with groups ``posterior``, ``posterior_predictive`` and ``observed_data``; checks
        that need other groups (``sample_stats``, ``log_likelihood``, ``predictions`` of a holdout)
        are left out without them.
    effects : xarray.DataTree or None
        Its effects; without them there is no evidence on channels. The groups ``weekly``,
        ``prior``, ``sensitivity`` and ``identifiability`` may be missing.
    media : Media or None
        Its media; without them effects are not tested for a change.
    profile_warnings : iterable of str
        Warnings of the table's profile; each becomes a check of the group "data".
    """
    loo = leave_one_out(tree)
    draws, weekly, prior, sensitivities, statistics = (
        _group(effects, name)
        for name in ("draws", "weekly", "prior", "sensitivity", "identifiability")
    )
    implied = prior_predictive(tree, prior) if prior else None
    pairs: tuple[ChannelPair, ...] = ()
    if effects is not None and statistics:
        total = effects["draws"].to_dataset()[list(EFFECTS)].isel(unit=-1, drop=True)
        pairs = weakly_identified_pairs(statistics, total, outcome_size(tree))
    checks = (
        *convergence_checks(tree),
        *predictive_checks(tree),
        *holdout_checks(tree),
        *residual_checks(tree),
        *change_checks(tree, media),
        *baseline_checks(tree, weekly),
        *demand_checks(tree, draws),
        *loo_checks(loo),
        *experiment_checks(tree),
        *(
            prior_checks(implied, outcome=str(tree.attrs.get("outcome", "outcome")))
            if implied
            else []
        ),
        *_conflict_checks(tree, effects, prior),
        *(identifiability_checks(pairs, statistics.sizes["channel"]) if statistics else []),
        *(
            Check("data", f"profile_{number}", None, None, "warn", message)
            for number, message in enumerate(profile_warnings, start=1)
        ),
    )
    status, reasons = verdict(checks)
    return Diagnosis(
        status,
        reasons,
        checks,
        _scores(tree, loo),
        () if effects is None else channel_evidence(tree, effects),
        sensitivity_records(sensitivities),
        implied,
        identifiability_record(statistics, pairs),
    )


def _conflict_checks(
    tree: xr.DataTree, effects: xr.DataTree | None, prior: xr.Dataset
) -> list[Check]:
    if effects is None or "together" not in effects.children or "together" not in prior:
        return []
    together = effects["together"].to_dataset()["total"]
    posterior = effects["draws"].to_dataset()[["direct"]].assign(together=together)
    outcome = str(tree.attrs.get("outcome", "outcome"))
    return [conflict_check(posterior, prior, outcome=outcome)]


def _group(effects: xr.DataTree | None, name: str) -> xr.Dataset:
    """A group of the effects; empty if it is missing."""
    if effects is None or name not in effects.children:
        return xr.Dataset()
    return effects[name].to_dataset()


def _scores(tree: xr.DataTree, loo: Loo | None) -> dict[str, dict[str, float | None]]:
    """Scores in sample and, if there is one, of the holdout."""
    observed = tree["observed_data"].to_dataset()["outcome"]
    predicted = tree["posterior_predictive"].to_dataset()["outcome"]
    scores = {"in_sample": predictive_scores(observed, predicted)}
    if loo is not None:
        scores["in_sample"] |= {
            "elpd_loo": finite_or_none(loo.elpd),
            "elpd_loo_se": finite_or_none(loo.se),
            "p_loo": finite_or_none(loo.p),
        }
    if "predictions" in tree.children and "predictions_observed" in tree.children:
        scores["holdout"] = predictive_scores(
            tree["predictions_observed"].to_dataset()["outcome"],
            tree["predictions"].to_dataset()["outcome"],
        )
    return scores
