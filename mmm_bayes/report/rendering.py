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
from mmm_bayes.report.assumptions import assumptions
from mmm_bayes.report.changes import changes
from mmm_bayes.report.experiments import experiments
from mmm_bayes.report.figures import pictures
from mmm_bayes.report.interactions import interaction_sentences, interactions
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View, read
from mmm_bayes.report.units import units_say
from mmm_bayes.report.verdict import STATUS, judged
from mmm_bayes.report.words import before_the_data, channel_sentences

DPI = 115


@dataclass(frozen=True)
class Shown:
    """A picture as the page embeds it."""

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
