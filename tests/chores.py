"""Small jobs that worker processes do in tests: importable by name in every one of them."""

import os
import time
from pathlib import Path


def squared(number: int) -> int:
    return number**2


def slowly_squared(folder: str, number: int) -> int:
    """Leave a note of who did it, and take a while."""
    (Path(folder) / f"{number}-{os.getpid()}").touch()
    time.sleep(0.3)
    return number**2


def refused(number: int) -> int:
    raise ValueError(f"no {number}")


def threads(_: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS")


def slept(seconds: float) -> float:
    """Leave a note in the working folder, and sleep."""
    Path(f"slept-{os.getpid()}").touch()
    time.sleep(seconds)
    return seconds
