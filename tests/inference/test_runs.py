"""Run folders are saved atomically, and read without the model and without executing code."""

import builtins
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.errors import InputError
from mmm_bayes.inference import runs

NAMES = ["diagnostics.json", "effects.nc", "estimands.csv", "model.py", "posterior.nc", "run.json"]


@pytest.fixture
def parts() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    time = np.array(["2023-01-02", "2023-01-09", "2023-01-16"], dtype="datetime64[ns]")
    posterior = xr.Dataset(
        {
            "beta": (("chain", "draw", "channel"), rng.random((2, 5, 2))),
            "outcome_location": (("chain", "draw", "time"), rng.random((2, 5, 3))),
        },
        coords={"channel": ["tv", "search"], "time": time, "chain": [0, 1], "draw": np.arange(5)},
    )
    stats = xr.Dataset({"diverging": (("chain", "draw"), rng.random((2, 5)) < 0.5)})
    draws = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    draws.attrs = {"model": "no_mediation", "mediator": "", "max_lag": 13, "sampling_seconds": 1.5}
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


def test_a_saved_run_is_loaded_unchanged(tmp_path: Path, parts: dict[str, Any]) -> None:
    folder = tmp_path / "results" / "run"
    runs.save(folder, **parts)
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    run = runs.load(str(folder))
    assert run.folder == folder
    xr.testing.assert_identical(run.draws, parts["draws"])
    xr.testing.assert_identical(run.effects, parts["effects"])
    pd.testing.assert_frame_equal(run.estimands, parts["estimands"])
    assert run.diagnostics == parts["diagnostics"]
    assert run.record == {"schema": runs.SCHEMA} | parts["record"]
    assert run.model == parts["model"]


def test_reading_needs_no_file_afterwards(tmp_path: Path, parts: dict[str, Any]) -> None:
    """Draws are in memory, so that the folder can be moved while a notebook is open."""
    total = parts["effects"]["draws"].to_dataset()
    parts["effects"]["together"] = xr.DataTree(total)
    parts["effects"]["prior"] = xr.DataTree(total.rename(total="together"))  # a group's name, too
    runs.save(tmp_path / "run", **parts)
    run = runs.load(tmp_path / "run")
    for path in (tmp_path / "run").iterdir():
        path.unlink()
    (tmp_path / "run" / "effects.nc").write_text("another run's")
    for path in ("draws/posterior/beta", "effects/draws/total", "effects/prior/together"):
        name, _, place = path.partition("/")
        assert float(getattr(run, name)[place].sum()) == float(parts[name][place].sum())


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


def test_a_second_run_into_a_folder_is_kept_beside_it(
    tmp_path: Path, parts: dict[str, Any]
) -> None:
    assert runs.save(tmp_path / "run", **parts) == tmp_path / "run"
    before = (tmp_path / "run" / "posterior.nc").read_bytes()
    second = runs.save(tmp_path / "run", **(parts | {"model": "second\n"}))
    assert second == tmp_path / "run-2"
    assert runs.load(second).model == "second\n"
    assert (tmp_path / "run" / "posterior.nc").read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_an_unfinished_run_says_what_it_lacks(
    tmp_path: Path, parts: dict[str, Any], name: str
) -> None:
    runs.save(tmp_path / "run", **parts)
    (tmp_path / "run" / name).unlink()
    with pytest.raises(InputError, match=f"run is not a finished run: it lacks {name}; make one"):
        runs.load(tmp_path / "run")


@pytest.mark.parametrize("damage", ["empty", "half", "other"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "model.py"])
def test_a_damaged_file_is_named_in_one_sentence(
    tmp_path: Path, parts: dict[str, Any], name: str, damage: str
) -> None:
    runs.save(tmp_path / "run", **parts)
    path = tmp_path / "run" / name
    content = path.read_bytes()
    changed = {"empty": b"", "half": content[: len(content) // 2], "other": b"\xff\xfe[1"}[damage]
    if name == "estimands.csv" and damage == "half":  # of a table is a table
        changed = b'unit,channel\nall,"tv'
    path.write_bytes(changed)
    with pytest.raises(InputError, match=rf"run/{name} can't be read: it is damaged"):
        runs.load(tmp_path / "run")


def test_a_run_of_a_later_version_is_refused_by_name(tmp_path: Path, parts: dict[str, Any]) -> None:
    parts["record"] |= {"schema": runs.SCHEMA + 1, "versions": {"mmm-bayes": "9.1"}}
    runs.save(tmp_path / "run", **parts)
    with pytest.raises(InputError, match=r"run was written by another version .*9\.1, this is"):
        runs.load(tmp_path / "run")


@pytest.mark.parametrize("schema", [None, runs.SCHEMA])
def test_what_a_run_lacks_is_blamed_on_another_version_only_where_it_is_one(
    schema: int | None,
) -> None:
    record: dict[str, Any] = {} if schema is None else {"schema": schema}
    expected = (InputError, "another version") if schema is None else (KeyError, "form")
    with pytest.raises(expected[0], match=expected[1]), runs.version_errors(Path("run"), record):
        record["form"]


def test_a_run_that_was_stopped_is_not_finished(tmp_path: Path, parts: dict[str, Any]) -> None:
    """Earlier versions kept the draws of a stopped sampler, filled up with NaN."""
    beta = parts["draws"]["posterior"]["beta"]
    parts["draws"]["log_prior"] = xr.Dataset({"beta": xr.zeros_like(beta)})
    runs.save(tmp_path / "whole", **parts)
    runs.load(tmp_path / "whole")
    parts["draws"]["posterior"]["beta"] = beta.where(beta["draw"] < 3)
    runs.save(tmp_path / "stopped", **parts)
    with pytest.raises(InputError, match="stopped is not a finished run: draws of beta"):
        runs.load(tmp_path / "stopped")


def test_a_run_whose_lift_tests_have_no_source_is_refused(
    tmp_path: Path, parts: dict[str, Any]
) -> None:
    """Earlier versions did not ask where a lift comes from; their folders may have a schema."""
    tests = xr.Dataset(
        {"spend_change": ("experiment", [-9.0]), "source": ("experiment", ["independent"])},
        coords={"experiment": ["tv 2023-01-02 to 2023-01-09"]},
    )
    parts["draws"]["constant_data"] = tests
    runs.save(tmp_path / "new", **parts)
    runs.load(tmp_path / "new")
    parts["draws"]["constant_data"] = tests.drop_vars("source")
    runs.save(tmp_path / "old", **parts)
    with pytest.raises(InputError, match=r"old was fitted by an older version .* column 'source'"):
        runs.load(tmp_path / "old")


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
