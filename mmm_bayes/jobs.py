"""A long job's folder: opened once, recognised when it is taken up again, never mixed with another.

What a job has finished lies in its folder, one file or one line a piece, each on the disk before
the next begins. A job that is killed is given the same folder again, and goes on.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mmm_bayes import family, runs
from mmm_bayes.errors import InputError
from mmm_bayes.family import Member
from mmm_bayes.files import write_text


def take_up(record: Path, inputs: dict[str, Any], what: str) -> bool:
    """Open a job's folder, or make it.

    Parameters
    ----------
    record : pathlib.Path
        The JSON file in the folder that says what the job is.
    inputs : dict
        All that decides the result: a folder of other inputs is never continued.
    what : str
        What the folder holds, for messages: "a calibration".

    Returns
    -------
    bool
        Whether the job was begun before.

    Raises
    ------
    InputError
        If the folder holds something else, or another job of this kind.
    """
    folder = record.parent
    begun = record.exists()
    if not begun:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                f"--out {folder} holds something that is not {what}; name another folder"
            )
        write(record, runs.provenance() | {"inputs": inputs})
    before = read(record).get("inputs", {})
    plain = json.loads(json.dumps(inputs))
    changed = [key for key in plain if before.get(key) != plain[key]]
    if changed:
        raise InputError(
            f"--out {folder} holds {what} with another {' and '.join(changed)}; name another "
            "folder, or remove it"
        )
    return begun


def source_of(member: Member) -> str:
    """Hash of a model file's text."""
    return hashlib.sha256(member.source.encode()).hexdigest()


def member_of(model: str, source: str) -> Member:
    """A member as a worker finds it, which must have the text that the job was planned with.

    Raises
    ------
    InputError
        If it has another.
    """
    member = family.member(model)
    if source_of(member) != source:
        raise InputError(
            f"a worker has another text of the model {model}; install the same version everywhere"
        )
    return member


def read(record: Path) -> dict[str, Any]:
    """What a job's record says."""
    told: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    return told


def write(record: Path, told: dict[str, Any]) -> None:
    """Write a job's record, whole or not at all.

    Parameters
    ----------
    record : pathlib.Path
    told : dict
    """
    write_text(record, json.dumps(told, indent=1, allow_nan=False, default=str) + "\n")
