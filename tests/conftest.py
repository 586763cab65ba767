"""Settings and built models that every test shares."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import pytest

# The helpers beside these tests; the tests are not a package.
sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from builds import Built

matplotlib.use("Agg")  # no window, on machines with a screen too


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> "Callable[..., Built]":
    """A member of the family on a small table, with draws: built once for all tests."""
    from builds import build_on

    @cache
    def built(model: str, **kind: object) -> "Built":
        return build_on(tmp_path_factory.mktemp("table"), model, **kind)

    return built
