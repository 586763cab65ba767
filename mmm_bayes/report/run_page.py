"""The page of a run: one HTML file that needs no other file."""

from __future__ import annotations

from pathlib import Path

from mmm_bayes.inference.runs import version_errors
from mmm_bayes.report import decisions, tables
from mmm_bayes.report.assumptions import list_assumptions
from mmm_bayes.report.changes import change_sentences
from mmm_bayes.report.figures import pictures
from mmm_bayes.report.interactions import interaction_sentences, interactions_table
from mmm_bayes.report.page import write_page
from mmm_bayes.report.run import View, read
from mmm_bayes.report.sentences import (
    channel_sentences,
    joint_prior_sentences,
    prior_sentences,
)
from mmm_bayes.report.units import unit_findings
from mmm_bayes.report.verdict import STATUS, read_verdict


def render(folder: Path) -> Path:
    """Write a run's figures and its report.

    Nothing is fitted and no model is built: the files of the run are enough.

    Parameters
    ----------
    folder : pathlib.Path
        A run folder.

    Returns
    -------
    pathlib.Path
        ``report.html`` in that folder; the figures are in ``figures``.

    Raises
    ------
    InputError
        If the folder is not a complete run.
    """
    run = read(folder)
    with version_errors(folder, run.record):
        return write_page(
            folder / "report.html",
            "run.html.j2",
            _context(run),
            pictures(run),
            run.words,
            figures=folder / "figures",
        )


def _context(run: View) -> dict[str, object]:
    verdict = read_verdict(run)
    prior_predictive = run.diagnostics.get("prior_predictive") or {}
    return {
        "run": run,
        "outcome": run.outcome,
        "mediator": run.mediator,
        "verdict": verdict.verdict,
        "verdict_sentence": verdict.sentence,
        "reasons": verdict.reasons,
        "channels": [(c.name, channel_sentences(c)) for c in tables.channel_summaries(run)],
        "effects": tables.effects(run),
        "supported": tables.supported_effects(run),
        "units": unit_findings(run),
        "changes": change_sentences(run),
        "controls": tables.controls(run),
        "experiments": tables.lift_tests(run),
        "interactions": interactions_table(run),
        "interaction_sentences": interaction_sentences(run),
        "plan": decisions.plan_sentences(run),
        "moves": decisions.move_sentences(run),
        "return_flags": decisions.flag_sentences(run),
        "returns": decisions.returns(run),
        "next_experiments": decisions.next_experiments(run),
        "prices": tables.price_sentences(run),
        "data_notes": [
            *run.record.get("profile_notes", []),
            *run.record.get("holdout_notes", []),
        ],
        "data": tables.data(run),
        "data_sentence": tables.data_sentence(run),
        "data_warnings": verdict.notes,
        "model_sentences": tables.model_sentences(run),
        "priors": tables.priors(run),
        "stated_priors": tables.stated_priors(run),
        "prior_sentences": prior_sentences(prior_predictive, run.outcome),
        "prior_sensitivity": tables.prior_sensitivity(run),
        "prior_driven": _prior_driven(run),
        "shrinkage": tables.shrinkage(run),
        "unmoved_parameters": tables.unmoved_parameters(run),
        "pairs": run.diagnostics.get("identifiability", {}).get("pairs"),
        "variance_inflation": tables.variance_inflation(run),
        "confounding": run.diagnostics.get("confounding"),
        "convergence": tables.convergence(run),
        "scores": tables.scores(run),
        "provenance": tables.provenance(run),
        "assumptions": list_assumptions(run),
        "checks": verdict.checks,
        "status": STATUS,
    }


def _prior_driven(run: View) -> list[str]:
    """Sentences about effects that the prior determines more than the data."""
    sentences = [
        message
        for evidence in run.diagnostics.get("evidence", [])
        for message in evidence.get("leaning", [])
    ]
    return sentences + joint_prior_sentences(run.diagnostics.get("prior_sensitivity", []))
