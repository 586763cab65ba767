"""The one error a user is meant to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """Bad input, told in one sentence: what is wrong, where, and how to mend it.

    The message is a single line whatever it was built from, because the command line prints it as
    one.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@contextmanager
def located(path: Path) -> Iterator[None]:
    """Put the file's name before any `InputError` raised inside."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error.__cause__
