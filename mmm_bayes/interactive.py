"""What a notebook asks for: a fit that is made once, and the figures of a run by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmm_bayes import refitting, runs
from mmm_bayes.errors import InputError
from mmm_bayes.files import refuse_taken
from mmm_bayes.fitting import Job, prepare
from mmm_bayes.fitting import fit as work
from mmm_bayes.plots.style import styled
from mmm_bayes.report import figures
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.runs import Run
from mmm_bayes.sampling import Settings


def fit(
    model: str,
    data: str | Path,
    folder: str | Path,
    *,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    seed: int = 1,
    link: str | None = None,
    likelihood: str | None = None,
    floor: float | None = None,
    at_floor: str | None = None,
    say: Callable[[str], None] | None = print,
) -> Run:
    """Fit a model to a described table, or read the folder if it already holds this very fit.

    A cell that is run again costs nothing. The library's own version is not compared: remove the
    folder to fit anew.

    Parameters
    ----------
    model : str
        A member's name, or the path of a model file.
    data : path
        The TOML description of the table.
    folder : path
        Of the run: new, or that of the same fit.
    draws, tune, chains : int
        Draws kept of each chain, draws before them to adapt with, independent chains.
    seed : int
        The same seed gives the same draws.
    link : {"identity", "log"}, optional
        Whether contributions add up or multiply; this and what follows as the description says if
        left out.
    likelihood : {"normal", "student_t", "lognormal"}, optional
    floor : float, optional
        Lowest value of the outcome, where weeks stand at it; in the outcome's units.
    at_floor : {"hurdle", "censored"}, optional
        How weeks come there.
    say : callable, optional
        Told one line at each step; None for silence.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        For a bad table or setting, or if the folder holds something else.
    """
    folder = Path(folder)
    settings = Settings(draws=draws, tune=tune, chains=chains, seed=seed)
    job = prepare(
        model, Path(data), folder, settings,
        link=link, likelihood=likelihood, floor=floor, at_floor=at_floor,
    )  # fmt: skip
    if not (folder / runs.RECORD).exists():
        refuse_taken(folder)  # told before anything is sampled
        work(job, say or (lambda line: None))
    run = runs.load(folder)
    other = _differences(run, job)
    if other:
        raise InputError(
            f"{folder} holds a run with another {' and another '.join(other)}; name another "
            "folder, or remove it"
        )
    return run


def _differences(run: Run, job: Job) -> list[str]:
    """What decides the result of a fit and is not the same in a finished run."""
    dataset = job.dataset
    # As they are after a run's record has been through JSON.
    asked = {
        "model": job.member.source,
        "table": dataset.sha256,
        "description": dataset.description.model_dump(mode="json"),
        "form": vars(job.form),
        **vars(job.settings),
    }
    held = {**run.record, "table": run.record["data_sha256"], "model": run.model}
    different = [name for name, value in asked.items() if held[name] != value]
    if not refitting.dataset(run).experiments.equals(dataset.experiments):
        different.append("table of experiments")
    return different


def pictures(run: Run) -> dict[str, Picture]:
    """Every figure of a run's report, by name.

    A `Picture` shows itself in a notebook, and has what to see in it as its ``caption``.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict of str to Picture
        In the order of the report; what the run has no data for is left out.
    """
    with styled():
        return {picture.name: picture for picture in figures.pictures(View(run))}
