"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmm_bayes.errors import InputError


def write_text(path: Path, text: str) -> None:
    """Write a text file under another name and move it into place.

    Parameters
    ----------
    path : pathlib.Path
    text : str
        Written as UTF-8 with the newlines it has.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under another name and move it into place.

    Parameters
    ----------
    path : pathlib.Path
    content : bytes
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    draft = Path(name)
    draft.chmod(0o644)
    draft.replace(path)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that takes its name only once everything in it is written.

    Parameters
    ----------
    path : pathlib.Path
        Where it shall be; must not exist, or be empty.

    Yields
    ------
    pathlib.Path
        A hidden folder beside it to write into, removed if anything fails.

    Raises
    ------
    InputError
        If `path` exists and holds something: nothing is ever overwritten.
    """
    refuse_taken(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield draft
        draft.chmod(0o755)
        draft.replace(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def refuse_taken(path: Path) -> None:
    """Refuse a folder that already holds something, before any work is done.

    Raises
    ------
    InputError
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            f"--out {path} already exists and is never overwritten; name another or remove it"
        )


def append_line(path: Path, line: str) -> None:
    """Add a line to a journal and see it on the disk, so that a kill loses at most this one.

    Parameters
    ----------
    path : pathlib.Path
        Its folder must exist.
    line : str
        Without a newline.
    """
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def whole_lines(path: Path) -> list[str]:
    """The finished lines of a journal; a line that a kill cut short is taken off the file."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return whole.decode("utf-8").splitlines()
