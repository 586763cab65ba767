"""A run folder: saved whole, read without its model, executing nothing."""

import builtins
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes import runs
from mmm_bayes.errors import InputError

NAMES = ["diagnostics.json", "effects.nc", "estimands.csv", "model.py", "posterior.nc", "run.json"]


@pytest.fixture
def parts() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    time = np.array(["2023-01-02", "2023-01-09", "2023-01-16"], dtype="datetime64[ns]")
    posterior = xr.Dataset(
        {
            "beta": (("chain", "draw", "channel"), rng.random((2, 5, 2))),
            "outcome_mean": (("chain", "draw", "time"), rng.random((2, 5, 3))),
        },
        coords={"channel": ["tv", "search"], "time": time, "chain": [0, 1], "draw": np.arange(5)},
    )
    stats = xr.Dataset({"diverging": (("chain", "draw"), rng.random((2, 5)) < 0.5)})
    draws = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    draws.attrs = {"model": "direct", "mediator": "", "max_lag": 13, "sampling_seconds": 1.5}
    total = xr.Dataset({"total": (("chain", "draw"), rng.normal(size=(2, 5)))})
    return {
        "draws": draws,
        "effects": xr.DataTree.from_dict({"draws": total}),
        "estimands": pd.DataFrame(
            {"unit": ["all"], "channel": ["tv"], "estimand": ["roas"], "mean": [0.1 + 0.2]}
        ),
        "diagnostics": {"verdict": "warn", "reasons": ["Größe"], "checks": []},
        "record": {"seed": 7, "versions": {"pymc": "6.4"}},
        "model": "raise SystemExit('a model file was run')\n",
    }


def test_everything_comes_back(tmp_path: Path, parts: dict[str, Any]) -> None:
    folder = tmp_path / "results" / "run"
    runs.save(folder, **parts)
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    run = runs.load(str(folder))
    assert run.folder == folder
    xr.testing.assert_identical(run.draws, parts["draws"])
    xr.testing.assert_identical(run.effects, parts["effects"])
    pd.testing.assert_frame_equal(run.estimands, parts["estimands"])
    assert run.diagnostics == parts["diagnostics"]
    assert run.record == parts["record"]
    assert run.model == parts["model"]


def test_reading_needs_no_file_afterwards(tmp_path: Path, parts: dict[str, Any]) -> None:
    """Draws are in memory: the folder may be moved while a notebook is open."""
    runs.save(tmp_path / "run", **parts)
    run = runs.load(tmp_path / "run")
    for path in (tmp_path / "run").iterdir():
        path.unlink()
    assert float(run.draws["posterior/beta"].sum()) == float(parts["draws"]["posterior/beta"].sum())


def test_nothing_is_executed_when_a_run_is_read(
    tmp_path: Path, parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.save(tmp_path / "run", **parts)

    def refuse(*arguments: Any, **options: Any) -> Any:
        pytest.fail("code was run")

    runs.load(tmp_path / "run")  # what is imported lazily is imported now
    for module, name in [
        (builtins, "exec"),
        (builtins, "eval"),
        (pickle, "load"),
        (pickle, "loads"),
    ]:
        monkeypatch.setattr(module, name, refuse)
    run = runs.load(tmp_path / "run")
    monkeypatch.undo()
    assert run.model.startswith("raise SystemExit")


def test_a_number_that_json_lacks_stops_the_save_and_leaves_nothing(
    tmp_path: Path, parts: dict[str, Any]
) -> None:
    parts["diagnostics"]["score"] = float("nan")
    with pytest.raises(ValueError, match="not JSON compliant"):
        runs.save(tmp_path / "run", **parts)
    assert list(tmp_path.iterdir()) == []


def test_a_taken_folder_is_refused(tmp_path: Path, parts: dict[str, Any]) -> None:
    runs.save(tmp_path / "run", **parts)
    before = (tmp_path / "run" / "posterior.nc").read_bytes()
    with pytest.raises(InputError, match=r"run already exists and is never overwritten"):
        runs.save(tmp_path / "run", **parts)
    assert (tmp_path / "run" / "posterior.nc").read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_an_unfinished_run_says_what_it_lacks(
    tmp_path: Path, parts: dict[str, Any], name: str
) -> None:
    runs.save(tmp_path / "run", **parts)
    (tmp_path / "run" / name).unlink()
    with pytest.raises(InputError, match=f"run is not a finished run: it lacks {name}; make one"):
        runs.load(tmp_path / "run")


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a finished run: it lacks posterior\.nc, effects"):
        runs.load(tmp_path / "nothing")


def test_provenance_names_versions_and_commit() -> None:
    record = runs.provenance()
    assert {"pymc", "nutpie", "arviz", "numpy", "mmm-bayes"} <= record["versions"].keys()
    assert record["command"].startswith("mmm-bayes")
    commit = record["git_commit"]
    assert commit is None or len(commit.removesuffix("-modified")) == 40
    json.dumps(record, allow_nan=False)
