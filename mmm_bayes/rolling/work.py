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
from mmm_bayes.jobs import member_of
from mmm_bayes.rolling.subsets import subsets
from mmm_bayes.rolling.windows import arranged, fit_window
from mmm_bayes.sampling import Compiled, Settings, compile_model, follow, sample
from mmm_bayes.splits import Split

#: The piece that is the fit to the whole table.
WHOLE_TABLE = "whole"
#: A compiled model is one set of buffers: a process fits one window at a time.
_ONE = threading.Lock()
_KEPT: dict[str, Compiled] = {}


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


def work(plan: Plan, cores: int | None, piece: int | str) -> xr.Dataset | pd.DataFrame:
    """Fit one window, by its number, or the whole table.

    Parameters
    ----------
    plan : Plan
    cores : int or None
        Chains to run at a time; as many as there are cores if None.
    piece : int or str
        A window, or `WHOLE_TABLE`.

    Returns
    -------
    xarray.Dataset or pandas.DataFrame
        What `fit_window` gives for a window, and `subsets` for the whole table.
    """
    with _ONE:
        if isinstance(piece, str):
            return _whole(plan, cores)
        settings = replace(plan.settings, seed=plan.settings.seed + piece)
        window = arranged(plan.dataset, plan.form, plan.splits, piece)
        compiled = _compiled(plan, window)
        return fit_window(compiled, window, plan.splits[piece].test, settings, cores=cores)


def _whole(plan: Plan, cores: int | None) -> pd.DataFrame:
    whole = design(plan.dataset, plan.form)
    compiled = _compiled(plan, whole)
    tree = sample(compiled, whole, plan.settings, cores=cores)
    draws = follow(compiled, whole, tree["posterior"].to_dataset())
    return subsets(world(compiled.model, whole, draws, seed=plan.settings.seed))


def _compiled(plan: Plan, window: Design) -> Compiled:
    key = _key(plan, window)
    if key not in _KEPT:
        chosen = member_of(plan.model, plan.source)
        _KEPT.clear()  # one is enough, and each takes some hundred megabytes
        _KEPT[key] = compile_model(chosen, window)
    return _KEPT[key]


def _key(plan: Plan, window: Design) -> str:
    """What must be the same for two windows to share a compiled model."""
    described = plan.dataset.description.model_dump(mode="json")
    alike = {
        "source": plan.source,
        "form": vars(plan.form),
        "sizes": {name: size for name, size in window.arrays.sizes.items() if name != "time"},
        "units": window.arrays["unit"].values.tolist(),
        "channels": list(plan.dataset.channels),
        "causes": list(plan.dataset.causes),
        "mediator": plan.dataset.mediator,
        "described": {
            name: described.get(name) for name in ("controls", "interactions", "priors", "calendar")
        },
    }
    return hashlib.sha256(json.dumps(alike, sort_keys=True, default=str).encode()).hexdigest()
