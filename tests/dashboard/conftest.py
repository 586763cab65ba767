"""Runs to open, each made once, and their pages as Streamlit draws them."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pages
import pytest

MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def main_is_ours():
    """Streamlit leaves its page as ``__main__``, which processes that start later would run."""
    yield
    sys.modules["__main__"] = MAIN


@pytest.fixture(scope="session")
def make_run(tmp_path_factory) -> "Callable[..., pages.Page]":
    """A run of a member of the family, in a folder with nothing beside it."""

    @cache
    def make(name: str = "partial_mediation", **kind: object) -> pages.Page:
        return pages.save(tmp_path_factory.mktemp("runs") / "weekly", name, **kind)

    return make


@pytest.fixture
def open_page(monkeypatch):
    """Open a page of a run as Streamlit does; returns what is on the screen."""
    from streamlit.testing.v1 import AppTest

    def opened(page: str, folder: Path, rolling: Path | str = "", model: Path | str = ""):
        monkeypatch.setattr("sys.argv", [str(pages.APP), *map(str, (folder, rolling, model))])
        app = AppTest.from_file(str(pages.APP), default_timeout=120)
        app.query_params["page"] = page
        app.run()
        assert not app.exception, app.exception
        return app

    return opened
