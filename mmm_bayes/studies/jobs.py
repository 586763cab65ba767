"""Folders of long jobs: created, recognised when a job is resumed, and never mixed with another.

A job saves every finished piece as one file, or one line of a file, before the next begins. A job
that was killed resumes when it is given the same folder again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mmm_bayes.errors import InputError
from mmm_bayes.files import read_json, write_text
from mmm_bayes.inference import runs
from mmm_bayes.model import family
from mmm_bayes.model.family import Member


def open_job(path: Path, inputs: dict[str, Any], kind: str) -> bool:
    """Open the folder of a job, or create it.

    Parameters
    ----------
    path : pathlib.Path
        The JSON record in the folder, which identifies the job.
    inputs : dict
        Everything that determines the result: a folder with other inputs is never continued.
    kind : str
        What the folder holds, for messages: "a calibration".

    Returns
    -------
    bool
        Whether the job already existed.

    Raises
    ------
    InputError
        If the folder holds something else, or another job of this kind.
    """
    folder = path.parent
    exists = path.exists()
    if not exists:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                f"--out {folder} holds something that is not {kind}; name another folder"
            )
        write(path, runs.provenance() | {"inputs": inputs})
    recorded = read(path)["inputs"]
    serialised = json.loads(json.dumps(inputs))
    changed = [key for key in serialised if recorded.get(key) != serialised[key]]
    if changed:
        raise InputError(
            f"--out {folder} holds {kind} with different {' and '.join(changed)}; name another "
            "folder, or remove it"
        )
    return exists


def source_hash(member: Member) -> str:
    """SHA-256 hash of the source of a model file."""
    return hashlib.sha256(member.source.encode()).hexdigest()


def verified_member(model: str, source: str) -> Member:
    """Member of the family as a worker finds it, if it is the one that the job was planned with.

    Parameters
    ----------
    source : str
        Hash of the source that the plan was made with.

    Raises
    ------
    InputError
        If the worker's source differs.
    """
    member = family.load_member(model)
    if source_hash(member) != source:
        raise InputError(
            f"a worker has a different source of the model {model}; install the same version on "
            "every worker"
        )
    return member


def read(path: Path) -> dict[str, Any]:
    """Record of a job, whose inputs are an object.

    Raises
    ------
    InputError
        If the file is damaged, or not the record of a job.
    """
    record = read_json(path)
    if not isinstance(record.get("inputs"), dict):
        raise InputError(f"{path} is not a job's record: it has no inputs; name another folder")
    return record


def write(path: Path, record: dict[str, Any]) -> None:
    """Write the record of a job atomically.

    Parameters
    ----------
    record : dict
        Values that JSON can hold; others are written as their `str`.
    """
    write_text(path, json.dumps(record, indent=1, allow_nan=False, default=str) + "\n")
