"""The synthetic runs of the plots' tests."""

import importlib.util
from pathlib import Path

_PATH = Path(__file__).parent.parent / "plots" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("synthetic_runs", _PATH)
_RUNS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_RUNS)

mediated, panel = _RUNS.mediated, _RUNS.panel
mediated_run, panel_run = _RUNS.mediated_run, _RUNS.panel_run
