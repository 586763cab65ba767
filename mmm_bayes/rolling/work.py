"""A piece of a rolling job as a worker does it: anywhere, from a plan that says everything.

A worker compiles once and keeps the compiled model for every window that has the same form, be it
of another table: windows of a thousand brands with the same columns share it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, replace

import pandas as pd
import xarray as xr

from mmm_bayes.counterfactual import world
from mmm_bayes.dataset import Dataset
from mmm_bayes.design import Design, Form, design
from mmm_bayes.errors import InputError
from mmm_bayes.family import Member, member
from mmm_bayes.rolling.subsets import subsets
from mmm_bayes.rolling.windows import Fitter, arranged, fit_window, fitter
from mmm_bayes.sampling import Settings, follow, sample
from mmm_bayes.splits import Split

#: The piece that is the fit to the whole table.
WHOLE_TABLE = "whole"
#: A compiled model is one set of buffers: a process fits one window at a time.
_ONE = threading.Lock()
_KEPT: dict[str, Fitter] = {}


@dataclass(frozen=True)
class Plan:
    """All that a worker needs to know.

    Attributes
    ----------
    model : str
        A member's name, or the path of a model file that every worker can read.
    source : str
        Hash of the text that it must have.
    dataset : Dataset
    form : Form
    splits : tuple of Split
    settings : Settings
    """

    model: str
    source: str
    dataset: Dataset
    form: Form
    splits: tuple[Split, ...]
    settings: Settings


def source_of(chosen: Member) -> str:
    """Hash of a model file's text."""
    return hashlib.sha256(chosen.source.encode()).hexdigest()


def work(plan: Plan, cores: int | None, piece: int | str) -> xr.Dataset | pd.DataFrame:
    """Fit one window, by its number, or the whole table.

    Returns
    -------
    xarray.Dataset or pandas.DataFrame
        What `fit_window` gives for a window, and `subsets` for the whole table.
    """
    with _ONE:
        # Compiled on the first window whatever the piece, so that the prior's draws are the same.
        ready = _ready(plan, arranged(plan.dataset, plan.form, plan.splits, 0))
        if isinstance(piece, str):
            return _whole(plan, ready, cores)
        settings = replace(plan.settings, seed=plan.settings.seed + piece)
        window = arranged(plan.dataset, plan.form, plan.splits, piece)
        return fit_window(ready, window, plan.splits[piece].test, settings, cores=cores)


def _whole(plan: Plan, ready: Fitter, cores: int | None) -> pd.DataFrame:
    compiled, whole = ready.compiled, design(plan.dataset, plan.form)
    tree = sample(compiled, whole, plan.settings, cores=cores)
    draws = follow(compiled, whole, tree["posterior"].to_dataset())
    return subsets(world(compiled.model, whole, draws, seed=plan.settings.seed))


def _ready(plan: Plan, first: Design) -> Fitter:
    key = _key(plan, first)
    if key not in _KEPT:
        chosen = member(plan.model)
        if source_of(chosen) != plan.source:
            raise InputError(
                f"a worker has another text of the model {plan.model}; install the same version "
                "everywhere"
            )
        _KEPT.clear()  # one is enough, and each takes some hundred megabytes
        _KEPT[key] = fitter(chosen, first, seed=plan.settings.seed)
    return _KEPT[key]


def _key(plan: Plan, first: Design) -> str:
    """What must be the same for two windows to share a compiled model."""
    described = plan.dataset.description.model_dump(mode="json")
    alike = {
        "source": plan.source,
        "form": vars(plan.form),
        "sizes": {name: size for name, size in first.arrays.sizes.items() if name != "time"},
        "units": first.arrays["unit"].values.tolist(),
        "channels": list(plan.dataset.channels),
        "causes": list(plan.dataset.causes),
        "mediator": plan.dataset.mediator,
        "described": {name: described.get(name) for name in ("controls", "priors", "calendar")},
        "seed": plan.settings.seed,
    }
    return hashlib.sha256(json.dumps(alike, sort_keys=True, default=str).encode()).hexdigest()
