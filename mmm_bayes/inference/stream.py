"""Draws written to disk while sampling, so that a long fit that is killed leaves its draws.

nutpie writes a Zarr store, sixteen draws at a time; draws that are not yet made are NaN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mmm_bayes.errors import InputError
from mmm_bayes.files import check_free

#: Sampler statistics that the checks use.
STATISTICS = ("diverging", "energy", "n_steps", "depth", "maxdepth_reached", "step_size", "logp")


def create_store(folder: Path) -> Any:
    """Zarr store for the sampler's draws, in a new folder.

    Raises
    ------
    InputError
        If the folder already holds anything.
    """
    import nutpie

    check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return nutpie.zarr_store.LocalStore(str(folder))


@contextmanager
def store_errors(folder: Path | None) -> Iterator[None]:
    """Context in which a store that can't be written is reported by name.

    Parameters
    ----------
    folder : pathlib.Path or None
        The store's folder, if the draws are written to one.

    Raises
    ------
    InputError
        If nutpie fails inside because of the file system.
    """
    try:
        yield
    except RuntimeError as error:
        reason = re.search(r": ([^:\n]*) \(os error \d+\)", str(error))
        if folder is None or reason is None:
            raise
        raise InputError(
            f"{folder} can't be written: {reason[1].lower()}; make room there, or name another "
            "folder"
        ) from None


def read(folder: Path) -> xr.DataTree:
    """Draws of a fit that is finished, running or killed.

    Parameters
    ----------
    folder : pathlib.Path
        Folder given to ``mmm-bayes fit --stream``.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` (the parameters) and ``sample_stats``, with the draws that are complete
        in every chain; the attribute ``requested`` is the number of draws per chain requested.

    Raises
    ------
    InputError
        If the folder holds no draws.
    """
    if not (folder / "posterior").is_dir():
        raise InputError(
            f"{folder} holds no draws; give a folder written by mmm-bayes fit --stream"
        )
    with xr.open_datatree(folder, engine="zarr", consolidated=False) as tree:
        posterior = tree["posterior"].to_dataset()
        # The store also has the unconstrained parameters (a logarithm, a logit).
        posterior = posterior.drop_vars([str(n) for n in posterior if str(n).endswith("__")])
        stats = tree["sample_stats"].to_dataset()
        stats = stats[[name for name in STATISTICS if name in stats]]
        requested = posterior.sizes["draw"]
        complete = min(_complete_draws(values) for values in [*posterior.values(), stats["energy"]])
        if complete == 0:
            raise InputError(f"{folder} holds no complete draw yet; its chains were still tuning")
        groups = {
            name: _plain_coords(group.isel(draw=slice(0, complete)).load())
            for name, group in (("posterior", posterior), ("sample_stats", stats))
        }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs["requested"] = requested
    return tree


def _complete_draws(values: xr.DataArray) -> int:
    """Number of draws before the first that is incomplete in some chain."""
    array = values.transpose("chain", "draw", ...).values
    complete = ~np.isnan(array.reshape(*array.shape[:2], -1)).any((0, 2))
    return int(complete.size if complete.all() else complete.argmin())


def _plain_coords(group: xr.Dataset) -> xr.Dataset:
    """Group with only the coordinates that its variables use, as plain strings."""
    used = {dim for values in group.values() for dim in values.dims}
    kept = group.drop_vars([name for name in group.coords if name not in used])
    return kept.assign_coords(
        {name: np.arange(group.sizes[name]) for name in ("chain", "draw")}
        | {
            str(name): values.values.astype(object)
            for name, values in kept.coords.items()
            if values.dtype.kind == "T"
        }
    )
