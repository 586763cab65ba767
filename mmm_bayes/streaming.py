"""Draws on the disk while they are made: a long fit that is killed leaves what it had drawn.

nutpie writes a Zarr store, sixteen draws at a time; what is not yet drawn is NaN there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mmm_bayes.errors import InputError
from mmm_bayes.files import refuse_taken

#: Statistics of the sampler that are read back: what the checks look at.
STATISTICS = ("diverging", "energy", "n_steps", "depth", "maxdepth_reached", "step_size", "logp")


def store(folder: Path) -> Any:
    """A store for the sampler to write into.

    Raises
    ------
    InputError
        If the folder holds something already.
    """
    import nutpie

    refuse_taken(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return nutpie.zarr_store.LocalStore(str(folder))


def read(folder: Path) -> xr.DataTree:
    """What a fit has drawn, be it finished, running or killed.

    Parameters
    ----------
    folder : pathlib.Path
        Of ``mmm-bayes fit --stream``.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` (the parameters) and ``sample_stats``, with as many draws of each chain
        as every chain has whole; the number that was asked for is the attribute ``asked``.

    Raises
    ------
    InputError
        If the folder holds no draws.
    """
    if not (folder / "posterior").is_dir():
        raise InputError(
            f"{folder} holds no draws; give a folder that mmm-bayes fit --stream wrote"
        )
    with xr.open_datatree(folder, engine="zarr", consolidated=False) as tree:
        posterior = tree["posterior"].to_dataset()
        # The sampler's own coordinates (a logarithm, a logit) stand beside the parameters.
        posterior = posterior.drop_vars([str(n) for n in posterior if str(n).endswith("__")])
        stats = tree["sample_stats"].to_dataset()
        stats = stats[[name for name in STATISTICS if name in stats]]
        asked = posterior.sizes["draw"]
        whole = min(_whole(values) for values in [*posterior.values(), stats["energy"]])
        if whole == 0:
            raise InputError(f"{folder} holds no whole draw yet; its chains were still adapting")
        groups = {
            name: _labelled(group.isel(draw=slice(0, whole)).load())
            for name, group in (("posterior", posterior), ("sample_stats", stats))
        }
    read = xr.DataTree.from_dict(groups)
    read.attrs["asked"] = asked
    return read


def _whole(values: xr.DataArray) -> int:
    """Draws before the first that some chain lacks."""
    array = values.transpose("chain", "draw", ...).values
    there = ~np.isnan(array.reshape(*array.shape[:2], -1)).any((0, 2))
    return int(there.size if there.all() else there.argmin())


def _labelled(group: xr.Dataset) -> xr.Dataset:
    """Only the labels that its variables use, as plain strings."""
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
