"""Folders that tests read from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
RESULTS = ROOT / "results"
#: Real tables, which are not the project's to ship; tests that need them are skipped without.
REAL = ROOT.parent / "shared" / "data"
