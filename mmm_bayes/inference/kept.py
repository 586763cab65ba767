"""Draws of finished fits, kept until the job of several fits is done that they belong to.

A job that was stopped is started again with the same command, and reads the fits that it had
finished. A fit is recognised by all that decides its draws: the model's source, the description
and the form, the data, and the sampler's settings.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import xarray as xr

from mmm_bayes.data.design import Design
from mmm_bayes.errors import InputError, kept_phrase, stop_context
from mmm_bayes.files import read_errors, write_bytes
from mmm_bayes.inference.sampling import CompiledModel, Settings, sample


@dataclass(frozen=True)
class KeptFits:
    """Folder of the finished fits of a job.

    Attributes
    ----------
    model : str
        Source of the model that is fitted.
    """

    folder: Path
    model: str


@contextmanager
def kept_fits(folder: Path) -> Iterator[Path]:
    """Context of a job whose finished fits are kept in a folder, which is removed when it is done.

    Raises
    ------
    KeyboardInterrupt
        With the number of kept fits, if the job is stopped.
    """
    with stop_context(lambda: kept_phrase(len(list(folder.glob("*.nc"))), "fits", folder)):
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


def sample_once(
    compiled: CompiledModel, design: Design, settings: Settings, kept: KeptFits | None
) -> xr.DataTree:
    """Draws as `sample` returns them; those of a kept fit if it is the same.

    Parameters
    ----------
    kept : KeptFits or None
        Where to look for the fit, and to keep it; nothing is kept if None.
    """
    if kept is None:
        return sample(compiled, design, settings)
    path = kept.folder / f"{_fingerprint(kept.model, design, settings)}.nc"
    if path.exists():
        try:
            with read_errors(path), xr.open_datatree(path, engine="h5netcdf") as tree:
                return tree.load()
        except InputError:
            pass  # a damaged file is made anew
    tree = sample(compiled, design, settings)
    write_bytes(path, bytes(tree.to_netcdf(engine="h5netcdf")))
    return tree


def _fingerprint(model: str, design: Design, settings: Settings) -> str:
    stated = {
        "version": version("mmm-bayes"),
        "model": model,
        "description": design.dataset.description.model_dump(mode="json"),
        "form": asdict(design.form),
        "settings": asdict(settings),
    }
    digest = hashlib.sha256(json.dumps(stated, sort_keys=True, default=str).encode())
    for name, array in sorted(design.arrays.variables.items(), key=lambda item: str(item[0])):
        values = array.values.astype(str) if array.dtype.kind == "O" else array.values
        digest.update(f"{name}{array.dims}{values.shape}".encode() + values.tobytes())
    return digest.hexdigest()[:24]
