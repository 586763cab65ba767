"""From a run folder to one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from mmm_bayes.report import decisions, tables
from mmm_bayes.report.assumptions import assumptions
from mmm_bayes.report.changes import changes
from mmm_bayes.report.experiments import experiments
from mmm_bayes.report.figures import pictures
from mmm_bayes.report.interactions import interaction_sentences, interactions
from mmm_bayes.report.page import write_page
from mmm_bayes.report.run import View, read
from mmm_bayes.report.units import units_say
from mmm_bayes.report.verdict import STATUS, judged
from mmm_bayes.report.words import before_the_data, channel_sentences


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
    return write_page(
        folder / "report.html",
        "run.html.j2",
        _context(run),
        pictures(run),
        figures=folder / "figures",
    )


def _context(run: View) -> dict[str, object]:
    found = judged(run)
    return {
        "run": run,
        "outcome": run.outcome,
        "mediator": run.mediator,
        "verdict": found.verdict,
        "verdict_sentence": found.sentence,
        "reasons": found.reasons,
        "channels": [(one.name, channel_sentences(one)) for one in tables.channels(run)],
        "effects": tables.effects(run),
        "units": units_say(run),
        "changes": changes(run),
        "controls": tables.controls(run),
        "experiments": experiments(run),
        "interactions": interactions(run),
        "interacting": interaction_sentences(run),
        "plan": decisions.plan_sentences(run),
        "moves": decisions.move_sentences(run),
        "odd_returns": decisions.flag_sentences(run),
        "returns": decisions.returns(run),
        "next_experiments": decisions.experiments(run),
        "prices": tables.prices(run),
        "known": run.record.get("profile_notes", []),
        "data": tables.data(run),
        "span": tables.span(run),
        "notes": found.notes,
        "form": tables.form(run),
        "priors": tables.priors(run),
        "before": before_the_data(run.diagnostics.get("prior_predictive") or {}, run.outcome),
        "sensitivities": tables.sensitivities(run),
        "leaning": _leaning(run),
        "shrinkage": tables.shrinkage(run),
        "unmoved": tables.unmoved(run),
        "pairs": run.diagnostics.get("identifiability", {}).get("pairs"),
        "inflation": tables.inflation(run),
        "confounding": run.diagnostics.get("confounding"),
        "convergence": tables.convergence(run),
        "scores": tables.scores(run),
        "provenance": tables.provenance(run),
        "assumptions": assumptions(run),
        "checks": found.checks,
        "status": STATUS,
    }


def _leaning(run: View) -> list[str]:
    """The sentences on effects that are the prior's more than the data's."""
    return [says for one in run.diagnostics.get("evidence", []) for says in one.get("leaning", [])]
