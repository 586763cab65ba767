"""From a run folder to one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from mmm_bayes.files import write_bytes, write_text
from mmm_bayes.plots.style import styled
from mmm_bayes.report import decisions, tables
from mmm_bayes.report.changes import changes
from mmm_bayes.report.experiments import experiments
from mmm_bayes.report.figures import pictures
from mmm_bayes.report.interactions import interaction_sentences, interactions
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View, read
from mmm_bayes.report.units import units_say
from mmm_bayes.report.words import before_the_data, channel_sentences, verdict_sentence

DPI = 115
_STATUS = {"pass": "passed", "warn": "warning", "fail": "failed"}
_GROUPS = {
    "convergence": "Sampling",
    "outcome_ppc": "Does the model make such outcomes?",
    "mediator_ppc": "Does it make such mediator spends?",
    "residuals": "What is left over",
    "loo": "Single weeks that pull",
    "holdout": "Weeks held out",
    "change": "Does advertising still do what it did?",
    "experiments": "Lift tests",
    "prior": "Do the priors expect such a business?",
    "identifiability": "Can the channels be told apart?",
    "placebo": "Does it find effects where there are none?",
}


@dataclass(frozen=True)
class Shown:
    """A picture as the page embeds it.

    Attributes
    ----------
    alt, caption : str
    source : str
        Of the image: a data URI.
    """

    alt: str
    caption: str
    source: str


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
    shown = {}
    with styled():
        for picture in pictures(run):
            shown[picture.name] = save(picture, folder / "figures")
    page = folder / "report.html"
    write_text(page, template("template.html.j2").render(**_context(run), figures=shown))
    return page


def _context(run: View) -> dict[str, object]:
    known = run.diagnostics.get("verdict")
    verdict = known if known in _STATUS else "fail"
    checks = run.diagnostics.get("checks", [])
    notes = [check["says"] for check in checks if check.get("group") == "data"]
    checks = [check for check in checks if check.get("group") != "data"]
    reasons = [says for says in run.diagnostics.get("reasons", []) if says not in notes]
    return {
        "run": run,
        "outcome": run.outcome,
        "mediator": run.mediator,
        "verdict": verdict,
        "verdict_sentence": verdict_sentence(verdict, only_data=bool(notes) and not reasons),
        "reasons": reasons if known in _STATUS else ["The run has no verdict of the checks."],
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
        "notes": notes or run.record.get("profile_warnings", []),
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
        "checks": [
            (_GROUPS.get(group, group), [c for c in checks if c.get("group") == group])
            for group in dict.fromkeys(c.get("group") for c in checks)
        ],
        "status": _STATUS,
    }


def _leaning(run: View) -> list[str]:
    """The sentences on effects that are the prior's more than the data's."""
    return [says for one in run.diagnostics.get("evidence", []) for says in one.get("leaning", [])]


def save(picture: Picture, folder: Path) -> Shown:
    """Write a picture's files, and give the one for the page as a data URI."""
    png = _bytes(picture, "png")
    picture.figure.set_layout_engine("none")  # the layout is found: no second search for the SVG
    svg = _bytes(picture, "svg")
    write_bytes(folder / f"{picture.name}.png", png)
    write_bytes(folder / f"{picture.name}.svg", svg)
    kind, content = ("image/svg+xml", svg) if picture.vector else ("image/png", png)
    source = f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
    return Shown(picture.alt, picture.caption, source)


def _bytes(picture: Picture, kind: str) -> bytes:
    buffer = io.BytesIO()
    # Without a date, the same run gives the same files.
    metadata: Any = {"Date": None} if kind == "svg" else {"Software": None}
    picture.figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


@cache
def template(name: str) -> Template:
    """A page's template, by the name of its file in this folder."""
    # Names come from the user's files: everything is escaped.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
