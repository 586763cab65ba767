"""Folders that tests read from, and the scripts among them as modules."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
RESULTS = ROOT / "results"
#: Real tables, which are not the project's to ship; tests that need them are skipped without.
REAL = ROOT.parent / "shared" / "data"


def load_script(name: str) -> ModuleType:
    """Module of a file in ``scripts/``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        return importlib.import_module(name)
