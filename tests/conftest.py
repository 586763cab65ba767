"""Settings, built models, and synthetic runs that every test shares."""

import os
import sys
from collections import Counter
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
    from synthetic import Market

matplotlib.use("Agg")  # no window, on machines with a screen too
# Where in the code each node of a graph was made takes a fifth of the time to make graphs.
os.environ["PYTENSOR_FLAGS"] = ",".join(
    filter(None, [os.environ.get("PYTENSOR_FLAGS"), "traceback__limit=0"])
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of open pages as slow, and put the files with the most slow tests first.

    So parallel workers, which take whole files, end together.
    """
    for item in items:
        if {"browser", "dashboard"} & set(item.path.parts):
            item.add_marker(pytest.mark.slow)
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> "Callable[..., Built]":
    """A member of the family on a small table, with draws: built once for all tests."""
    from builds import build_on

    @cache
    def built(model: str, **kind: object) -> "Built":
        return build_on(tmp_path_factory.mktemp("table"), model, **kind)

    return built


@pytest.fixture(scope="session")
def mediated() -> "Market":
    """One made-up market with a mediator, identity link."""
    from synthetic import Market

    return Market(mediated=True, units=["all"], link="identity")


@pytest.fixture(scope="session")
def panel() -> "Market":
    """Three units without a mediator, log link."""
    from synthetic import Market

    return Market(mediated=False, units=["north", "south", "west"], link="log", seed=2)


@pytest.fixture(scope="session")
def mediated_run(mediated: "Market", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its run folder, with a warning."""
    return mediated.save(tmp_path_factory.mktemp("runs") / "mediated")


@pytest.fixture(scope="session")
def panel_run(panel: "Market", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its run folder, which failed its checks."""
    return panel.save(tmp_path_factory.mktemp("runs") / "panel", verdict="fail")


@pytest.fixture(scope="session")
def mediated_report(mediated_run: Path) -> Path:
    """The page of a run."""
    from mmm_bayes.report import render

    return render(mediated_run)


@pytest.fixture(scope="session")
def panel_report(panel_run: Path) -> Path:
    """The page of a panel."""
    from mmm_bayes.report import render

    return render(panel_run)
