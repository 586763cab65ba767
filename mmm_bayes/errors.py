"""The exception for input errors that a user can correct, and what a stopped command says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """Bad input, described in one sentence: what is wrong, where, and how to correct it.

    Whitespace in the message is collapsed, because the command line prints it on a single line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@contextmanager
def error_context(path: Path) -> Iterator[None]:
    """Context in which a file's path is put before the message of any `InputError`.

    Raises
    ------
    InputError
        If one is raised inside.
    """
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error.__cause__


def kept_phrase(number: int, things: str, folder: Path) -> str:
    """Clause on what a stopped job keeps, and how it continues.

    Parameters
    ----------
    number : int
        Finished pieces.
    things : str
        What they are, in the plural.
    """
    if not number:
        return f"none of its {things} was finished"
    return f"{number} finished {things} are kept in {folder}; the same command goes on from there"


@contextmanager
def stop_context(kept: Callable[[], str]) -> Iterator[None]:
    """Context in which a Ctrl-C says what is kept.

    Parameters
    ----------
    kept : callable
        Returns what is kept, and how to continue; called when the work is stopped.

    Raises
    ------
    KeyboardInterrupt
        With that text, if one is raised inside.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept()) from None
