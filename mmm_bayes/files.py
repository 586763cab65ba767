"""Atomic writes of files and folders, and journals that survive a kill."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmm_bayes.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the library's own tables that hold names which a description or a table gave.
NAME_COLUMNS = (
    "unit", "channel", "control", "cause", "interaction", "of", "at", "source", "model", "feature",
    "row", "from", "to", "run",
)  # fmt: skip


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8 with the newlines of `text`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: under a temporary name, then moved into place.

    Raises
    ------
    InputError
        If the file can't be written, because the disk is full or read-only.
    """
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            draft.chmod(0o644)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def write_folder(path: Path, write: Callable[[Path], None]) -> Path:
    """Create a folder atomically: it gets its name once everything is written.

    Parameters
    ----------
    path : pathlib.Path
        The new folder. `check_free` refuses one that is taken before anything is computed for it.
    write : callable
        Writes the content into a hidden folder beside it, which is removed if anything fails.

    Returns
    -------
    pathlib.Path
        The folder: `path`, or the first free one of NAME-2, NAME-3, ... if another process has
        taken it meanwhile. Nothing is ever overwritten.

    Raises
    ------
    InputError
        If it can't be written, because the disk is full or read-only.
    """
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            write(draft)
            draft.chmod(0o755)
            return _take_name(draft, path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def taken_note(path: Path, kept: Path) -> str:
    """Sentence on a folder that another process took while a result was computed for it.

    Parameters
    ----------
    kept : pathlib.Path
        The folder that the result was written to instead.
    """
    return f"{path} was written by another process meanwhile; this result is kept in {kept}"


def numbered_names(path: Path) -> Iterator[Path]:
    """A path, then NAME-2, NAME-3 and so on beside it, without end."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.name}-{number}")


def _take_name(draft: Path, path: Path) -> Path:
    for name in numbered_names(path):
        try:
            return draft.replace(name)  # a rename replaces an empty folder, and nothing else
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
    raise AssertionError


def check_free(path: Path) -> None:
    """Refuse an output folder that already exists and is not empty, or that can't be written.

    Raises
    ------
    InputError
        If there is a file of that name, the folder holds anything, or it can't be made there.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            f"--out {path} already exists and is never overwritten; choose another or remove it"
        )
    check_writable(path)


def check_writable(folder: Path) -> None:
    """Refuse a folder that can't be written to, before anything is computed for it.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist: the nearest folder above it that does is then checked.

    Raises
    ------
    InputError
        If it is read-only, or below a file.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    with write_errors(folder):
        Path(tempfile.mkdtemp(dir=nearest, prefix=".writable.")).rmdir()


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Context in which a file that is damaged, or not what its name says, is reported by name.

    Parameters
    ----------
    path : pathlib.Path
        The only file that is read inside.

    Raises
    ------
    InputError
        If reading it fails.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # every library that reads a file has exceptions of its own
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InputError(
            f"{path} can't be read: it is damaged, or another program wrote it ({reason}); copy it "
            "again, or make it anew"
        ) from error


def read_table(path: Path, *dates: str) -> pd.DataFrame:
    """Table that the library wrote, with its names as they were: NA and 007 are names, too.

    Parameters
    ----------
    *dates : str
        Columns of dates.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    import pandas as pd

    with read_errors(path):
        return pd.read_csv(
            path,
            dtype=dict.fromkeys(NAME_COLUMNS, str),
            parse_dates=list(dates),
            keep_default_na=False,
            na_values=[""],
        )


def read_json(path: Path) -> dict[str, Any]:
    """Object in a JSON file.

    Raises
    ------
    InputError
        If the file is damaged or holds something else.
    """
    with read_errors(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError(f"it holds a {type(content).__name__} instead of an object")
    return content


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Context in which an error of the file system names what could not be written.

    Parameters
    ----------
    path : pathlib.Path
        What is written inside.

    Raises
    ------
    InputError
        If an `OSError` is raised inside.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path} can't be written: {(error.strerror or str(error)).lower()}; make room there, "
            "or name another folder"
        ) from error


def append_line(path: Path, line: str) -> None:
    """Append a line to a journal and flush it to disk, so that a kill loses at most this line.

    Parameters
    ----------
    path : pathlib.Path
        The journal, in an existing folder.
    line : str
        Without a newline.
    """
    with write_errors(path), path.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def read_complete_lines(path: Path) -> list[str]:
    """Complete lines of a journal; a last line cut short by a kill is removed from the file."""
    if not path.exists():
        return []
    content = path.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    if complete != content:
        with path.open("r+b") as file:
            file.truncate(len(complete))
    return complete.decode("utf-8").splitlines()
