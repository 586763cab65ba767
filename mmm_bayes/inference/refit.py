"""Model and design of a finished run, for sensitivity analyses and comparisons that refit it.

The table, its description and the form of the fit are read from the run folder. The model is the
family's member of that name, provided that its text is the one that was fitted: a folder is data,
and its copy of the model is never executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from mmm_bayes.data import Dataset
from mmm_bayes.data.dataset import INPUTS
from mmm_bayes.data.description import Description
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.data.experiments import no_experiments
from mmm_bayes.data.form import Form
from mmm_bayes.errors import InputError
from mmm_bayes.inference.runs import DRAWS, Run, version_errors
from mmm_bayes.model import family
from mmm_bayes.model.family import Member


@dataclass(frozen=True)
class Refit:
    """Model and design of a run.

    Attributes
    ----------
    design : Design
        All weeks of the run's table.
    """

    member: Member
    design: Design


def prepare_refit(run: Run, model: Path | None = None) -> Refit:
    """Model and design of a finished run.

    Parameters
    ----------
    model : pathlib.Path, optional
        Model file, if the model is not a member of the family.

    Raises
    ------
    InputError
        If the model's text is not the text that was fitted, or another version of the library
        fitted it.
    """
    with version_errors(run.folder, run.record):
        member = _member(run, model)
        return Refit(member, make_design(run_dataset(run), Form(**run.record["form"])))


def run_dataset(run: Run) -> Dataset:
    """Dataset that a run was fitted to, read from its folder."""
    constant = run.draws["constant_data"].to_dataset()
    outcome = run.draws["observed_data"].to_dataset()["outcome"]
    missing = [name for name in INPUTS if name not in constant]  # a run of an earlier version
    unknown = {
        "designed": xr.zeros_like(constant["exposure"]),
        "shifters": constant["controls"].isel(control=slice(0)).rename(control="shifter"),
    }
    constant = constant.assign({name: unknown[name] for name in missing})
    data = constant[INPUTS].assign(outcome=outcome)
    description = Description.model_validate(run.record["description"])
    tests = no_experiments()
    if "spend_change" in constant:
        tests = constant[list(tests)]
    return Dataset(description, run.folder / DRAWS, run.record["data_sha256"], data, tests)


def _member(run: Run, model: Path | None) -> Member:
    name = run.record["model"]
    if model is None and name not in family.member_names():
        raise InputError(
            f"{run.folder} was fitted with the model file {name}.py, which is not a member of "
            "the family; give the file with --model PATH"
        )
    member = family.load_member(name if model is None else str(model))
    if member.source != run.model:
        raise InputError(
            f"{run.folder} was fitted with a different version of the model {member.name}; "
            "fit it again, or give the file that was fitted with --model PATH"
        )
    return member
