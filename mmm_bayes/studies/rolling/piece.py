"""Pieces of a rolling job, each computed by a worker from a plan that contains everything.

A worker compiles once and reuses the compiled model for every window of the same form, even of
another table: windows of a thousand brands with the same columns share it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, replace

import pandas as pd
import xarray as xr

from mmm_bayes.data import Dataset
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.data.form import Form
from mmm_bayes.data.splits import Split
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    compile_model,
    compute_deterministics,
    sample,
)
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.studies.jobs import verified_member
from mmm_bayes.studies.rolling.subsets import subset_effects
from mmm_bayes.studies.rolling.windows import fit_window, window_design

#: Piece that fits the whole table.
WHOLE_TABLE = "whole"
#: A compiled model has one set of buffers, so a process fits one window at a time.
_LOCK = threading.Lock()
_COMPILED: dict[str, CompiledModel] = {}


@dataclass(frozen=True)
class RollingPlan:
    """Everything that a worker needs.

    Attributes
    ----------
    model : str
        A member's name, or the path of a model file that every worker can read.
    source : str
        Hash of the source of that file.
    notes : tuple of str
        Sentences about what some windows lack, and about windows that were left out.
    """

    model: str
    source: str
    dataset: Dataset
    form: Form
    splits: tuple[Split, ...]
    settings: Settings
    notes: tuple[str, ...] = ()


def run_piece(plan: RollingPlan, cores: int | None, piece: int | str) -> xr.Dataset | pd.DataFrame:
    """Fit one window, or the whole table.

    Parameters
    ----------
    cores : int or None
        Chains to run at a time; as many as there are cores if None.
    piece : int or str
        Index of a window, or `WHOLE_TABLE`.

    Returns
    -------
    xarray.Dataset or pandas.DataFrame
        The result of `fit_window` for a window, and of `subset_effects` for the whole table.
    """
    with _LOCK:
        if isinstance(piece, str):
            return _fit_whole_table(plan, cores)
        settings = replace(plan.settings, seed=plan.settings.seed + piece)
        window = window_design(plan.dataset, plan.form, plan.splits, piece)
        compiled = _compiled_model(plan, window)
        return fit_window(compiled, window, plan.splits[piece].test, settings, cores=cores)


def _fit_whole_table(plan: RollingPlan, cores: int | None) -> pd.DataFrame:
    full_design = make_design(plan.dataset, plan.form)
    compiled = _compiled_model(plan, full_design)
    tree = sample(compiled, full_design, plan.settings, cores=cores)
    draws = compute_deterministics(compiled, full_design, tree["posterior"].to_dataset())
    return subset_effects(abduct(compiled.model, full_design, draws, seed=plan.settings.seed))


def _compiled_model(plan: RollingPlan, window: Design) -> CompiledModel:
    key = _model_key(plan, window)
    if key not in _COMPILED:
        member = verified_member(plan.model, plan.source)
        _COMPILED.clear()  # one is enough, and each takes a few hundred megabytes
        _COMPILED[key] = compile_model(member, window)
    return _COMPILED[key]


def _model_key(plan: RollingPlan, window: Design) -> str:
    """Hash of everything that two windows must have in common to share a compiled model."""
    description = plan.dataset.description.model_dump(mode="json")
    form = {
        "source": plan.source,
        "form": vars(plan.form),
        "sizes": {name: size for name, size in window.arrays.sizes.items() if name != "time"},
        "units": window.arrays["unit"].values.tolist(),
        "channels": list(plan.dataset.channels),
        "causes": list(plan.dataset.causes),
        "mediator": plan.dataset.mediator,
        "described": {
            name: description.get(name)
            for name in ("controls", "interactions", "priors", "calendar", "demand")
        },
        "spends": {
            name: [channel.set_by, channel.designed, channel.shifters]
            for name, channel in plan.dataset.description.channels.items()
        },
    }
    return hashlib.sha256(json.dumps(form, sort_keys=True, default=str).encode()).hexdigest()
