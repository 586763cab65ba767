"""A finished run made ready to be fitted again: what sensitivity and comparison start from.

The table, its description and the form of the fit are read from the run folder. The model is the
family's member of that name, and only if its text is what was fitted: a folder is data, and the
copy of the model in it is never executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmm_bayes import family
from mmm_bayes.dataset import Dataset
from mmm_bayes.dataset.description import Description
from mmm_bayes.dataset.experiments import no_experiments
from mmm_bayes.design import Design, Form, design
from mmm_bayes.errors import InputError
from mmm_bayes.family import Member
from mmm_bayes.runs import DRAWS, Run


@dataclass(frozen=True)
class Refit:
    """What a run was made of.

    Attributes
    ----------
    member : Member
    design : Design
        All weeks of its table.
    """

    member: Member
    design: Design


def refit(run: Run, model: Path | None = None) -> Refit:
    """Take a run apart into the model and the design that it was made of.

    Parameters
    ----------
    run : Run
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.

    Raises
    ------
    InputError
        If the model's text is not the text that was fitted.
    """
    return Refit(_member(run, model), design(dataset(run), Form(**run.record["form"])))


def dataset(run: Run) -> Dataset:
    """The table that a run was fitted to, from its folder."""
    given = run.draws["constant_data"].to_dataset()
    outcome = run.draws["observed_data"].to_dataset()["outcome"]
    data = given[["spend", "exposure", "controls"]].assign(outcome=outcome)
    description = Description.model_validate(run.record["description"])
    days = (data["time"].values[1] - data["time"].values[0]).astype("timedelta64[D]").astype(int)
    data.attrs = {"step_days": int(days)}
    tests = no_experiments()
    if "spend_change" in given:
        tests = given[list(tests)]
    return Dataset(description, run.folder / DRAWS, run.record["data_sha256"], data, tests)


def _member(run: Run, model: Path | None) -> Member:
    name = run.record["model"]
    if model is None and name not in family.names():
        raise InputError(
            f"{run.folder} was fitted with the model file {name}.py, which is not a member of "
            "the family; give it by --model PATH"
        )
    member = family.member(name if model is None else str(model))
    if member.source != run.model:
        raise InputError(
            f"{run.folder} was fitted with another text of the model {member.name} than this one; "
            "fit it anew, or give the file that was fitted by --model PATH"
        )
    return member
