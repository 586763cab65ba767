"""Functions for notebooks: a fit that is reused when a cell runs again, and a run's figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmm_bayes.data.description import Description
from mmm_bayes.data.form import Form
from mmm_bayes.errors import InputError
from mmm_bayes.files import check_free
from mmm_bayes.inference import runs
from mmm_bayes.inference.fit import Job, prepare, run_fit
from mmm_bayes.inference.refit import run_dataset
from mmm_bayes.inference.runs import Run
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.plots.letters import complete_fonts, warn_of_letters
from mmm_bayes.plots.style import figure_style
from mmm_bayes.report import figures
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.wording import picture_in_steps


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
    errors: str | None = None,
    demand: str | None = None,
    say: Callable[[str], None] | None = print,
) -> Run:
    """Fit a model to a described table, or load the fit if the folder already holds the same one.

    Running a cell again therefore costs nothing. The version of the library is not compared:
    remove the folder to fit again.

    Parameters
    ----------
    model : str
        Name of a member of the family, or path of a model file.
    data : path
        TOML description of the table.
    folder : path
        Run folder: new, or that of the same fit.
    draws, tune, chains : int
        Posterior draws per chain, tuning draws per chain (discarded), number of chains.
    seed : int
        The same seed gives the same draws.
    link : {"identity", "log"}, optional
        Contributions add up or multiply. This and the following options default to the
        description's.
    likelihood : {"normal", "student_t", "lognormal"}, optional
    floor : float, optional
        Lowest value of the outcome, if some weeks are at exactly that value; in the outcome's
        units.
    at_floor : {"hurdle", "censored"}, optional
        How weeks come to be at the floor.
    errors : {"auto", "iid", "ar1"}, optional
        Disturbances: independent, autoregressive of order 1, or the latter if independent ones
        leave residuals that are autocorrelated.
    demand : {"unseen", "none"}, optional
        Demand in no column of the table that may move both a mediator and the outcome.
    say : callable, optional
        Receives one line of progress at each step; None for no output.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If the table or a setting is not valid, or the folder holds something else.
    """
    folder = Path(folder)
    settings = Settings(draws=draws, tune=tune, chains=chains, seed=seed)
    job = prepare(
        model, Path(data), folder, settings,
        link=link, likelihood=likelihood, floor=floor, at_floor=at_floor, errors=errors,
        demand=demand,
    )  # fmt: skip
    if not (folder / runs.RECORD).exists():
        check_free(folder)  # before anything is sampled
        folder = run_fit(job, say or (lambda line: None))
    run = runs.load(folder)
    with runs.version_errors(folder, run.record):
        different = _differences(run, job)
    if different:
        raise InputError(
            f"{folder} holds a run with another {' and another '.join(different)}; choose another "
            "folder, or remove it"
        )
    return run


def _differences(run: Run, job: Job) -> list[str]:
    """Names of the inputs that determine a fit and differ between a finished run and a job."""
    dataset = job.dataset
    # As they are after a run's record has been through JSON.
    requested = {
        "model": job.member.source,
        "table": dataset.sha256,
        "description": dataset.description.model_dump(mode="json"),
        **vars(job.settings),
    }
    # An earlier version's record lacks the keys that there were not yet.
    described = Description.model_validate(run.record["description"]).model_dump(mode="json")
    recorded = {
        **run.record,
        "table": run.record["data_sha256"],
        "description": described,
        "model": run.model,
    }
    different = [name for name, value in requested.items() if recorded[name] != value]
    if Form(**run.record["form"]) not in (job.form, job.alternative):
        different.append("form")
    if not run_dataset(run).experiments.equals(dataset.experiments):
        different.append("table of experiments")
    return different


def pictures(run: Run) -> dict[str, Picture]:
    """Figures of a run's report, by name.

    A `Picture` displays itself in a notebook; its ``caption`` says what to look for.

    Returns
    -------
    dict of str to Picture
        In the order of the report, without the figures that the run has no data for.
    """
    view = View(run)
    with figure_style():
        drawn = [picture_in_steps(picture, view.words) for picture in figures.pictures(view)]
        warn_of_letters([complete_fonts(picture.figure) for picture in drawn])
        return {picture.name: picture for picture in drawn}
