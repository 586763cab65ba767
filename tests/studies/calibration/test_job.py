"""A calibration can be stopped at any moment, and is never mixed with another."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builds import description, table, write

from mmm_bayes.errors import InputError
from mmm_bayes.studies.calibration import job, workers
from mmm_bayes.studies.calibration.job import JOURNAL, RECORD, TABLE, calibrate, read_ranks
from mmm_bayes.studies.workers import Workers

NUMBER = 25


def fake_ranks(simulation: int) -> pd.DataFrame:
    rng = np.random.default_rng(simulation)
    pit = rng.random(3)
    return pd.DataFrame(
        {
            "simulation": simulation,
            "quantity": ["total[tv]", "sigma", "roas[tv]"],
            "pit": pit,
            "divergences": simulation % 2,
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "data", table(), description())


@pytest.fixture(autouse=True)
def fits(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Ranks without any fit; `stop_at` is the table at which the machine dies."""
    control = SimpleNamespace(stop_at=None, fitted=[])

    def ranks(*_: Any, settings: Any, done: int = 0, **__: Any) -> Iterator[pd.DataFrame]:
        assert settings.seed >= 0
        for simulation in range(done, NUMBER):
            if simulation == control.stop_at:
                raise KeyboardInterrupt
            control.fitted.append(simulation)
            yield fake_ranks(simulation)

    monkeypatch.setattr(job, "ranks", ranks)
    monkeypatch.setattr(job, "compile_model", lambda *_: None)
    return control


def run(folder: Path, data: Path, **options: Any) -> pd.DataFrame:
    return calibrate("partial_mediation", folder, NUMBER, data=data, say=lambda _: None, **options)


def test_a_resumed_calibration_ends_as_if_never_stopped(
    tmp_path: Path, data: Path, fits: SimpleNamespace
) -> None:
    whole = run(tmp_path / "whole", data)
    fits.fitted.clear()
    for fits.stop_at in (4, 11, None):
        try:
            resumed = run(tmp_path / "again", data)
        except KeyboardInterrupt:
            assert len(read_ranks(tmp_path / "again")) == 3 * fits.stop_at
    assert fits.fitted == list(range(NUMBER))  # nothing was fitted twice
    pd.testing.assert_frame_equal(whole, resumed)
    assert (tmp_path / "whole" / TABLE).read_text() == (tmp_path / "again" / TABLE).read_text()


def test_a_line_cut_short_by_a_kill_is_fitted_again(
    tmp_path: Path, data: Path, fits: SimpleNamespace
) -> None:
    whole = run(tmp_path / "a", data)
    journal = tmp_path / "a" / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-7])
    fits.fitted.clear()
    pd.testing.assert_frame_equal(whole, run(tmp_path / "a", data))
    assert fits.fitted == [NUMBER - 1]


@pytest.mark.parametrize(
    "damage", [lambda line: line[:20], lambda line: line.replace('"sigma": 0', '"sigma": NaN')]
)
def test_tables_after_a_line_that_is_not_whole_are_fitted_again(
    tmp_path: Path, data: Path, fits: SimpleNamespace, damage: Callable[[str], str]
) -> None:
    whole = run(tmp_path / "a", data)
    journal = tmp_path / "a" / JOURNAL
    lines = journal.read_text().splitlines()
    damaged = damage(lines[7])
    assert damaged != lines[7]
    damaged = damaged.replace("NaN.", 'NaN, "rest": 0.')  # the digits of the number
    journal.write_text("\n".join([*lines[:7], damaged, *lines[8:]]) + "\n")
    fits.fitted.clear()
    pd.testing.assert_frame_equal(whole, run(tmp_path / "a", data))
    assert fits.fitted == list(range(7, NUMBER))


def test_a_stopped_calibration_says_what_it_keeps(
    tmp_path: Path, data: Path, fits: SimpleNamespace
) -> None:
    for fits.stop_at, kept in ((0, "none of its simulated tables"), (4, "4 finished simulated")):
        with pytest.raises(KeyboardInterrupt, match=kept):
            run(tmp_path / "a", data)


def test_the_saved_table_is_the_returned_one(tmp_path: Path, data: Path) -> None:
    returned = run(tmp_path / "a", data)
    saved = pd.read_csv(tmp_path / "a" / TABLE)
    assert saved.columns.tolist() == ["quantity", "simulations", "coverage_90", "inside_band"]
    pd.testing.assert_frame_equal(
        saved, returned.assign(coverage_90=returned["coverage_90"].round(4))
    )
    expected = pd.concat([fake_ranks(simulation) for simulation in range(NUMBER)])
    pit = expected[expected["quantity"] == "sigma"]["pit"]
    covered = ((pit > 0.05) & (pit < 0.95)).mean()
    assert returned.set_index("quantity")["coverage_90"]["sigma"] == pytest.approx(covered)
    record = json.loads((tmp_path / "a" / RECORD).read_text())
    assert record["simulations"] == NUMBER
    assert record["divergences"] == sum(simulation % 2 for simulation in range(NUMBER))
    assert record["verdict"] in {"pass", "fail"}
    assert record["inputs"]["truth"] == "partial_mediation"


@pytest.mark.parametrize("change", [{"seed": 2}, {"truth": "full_mediation"}])
def test_another_calibration_is_not_continued(
    tmp_path: Path, data: Path, change: dict[str, Any]
) -> None:
    run(tmp_path / "a", data)
    before = (tmp_path / "a" / JOURNAL).read_bytes()
    with pytest.raises(InputError, match=r"holds a calibration with different (settings|truth)"):
        run(tmp_path / "a", data, **change)
    assert (tmp_path / "a" / JOURNAL).read_bytes() == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, data: Path) -> None:
    with pytest.raises(InputError, match="not a calibration"):
        run(data.parent, data)


def test_a_table_without_mediation_is_refused_for_a_mediated_model(tmp_path: Path) -> None:
    data = write(tmp_path / "data", table(), description(mediators=None))
    with pytest.raises(InputError, match="mediators"):
        run(tmp_path / "a", data)
    assert not (tmp_path / "a").exists()


def test_a_table_of_one_unit_is_refused_for_a_panel(tmp_path: Path) -> None:
    data = write(tmp_path / "data", table(), description())
    with pytest.raises(InputError, match="one unit"):
        calibrate("panel", tmp_path / "a", NUMBER, data=data, say=lambda _: None)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "channel, keys", [("tv", {"set_by": "demand"}), ("search", {"shifters": ["spots"]})]
)
def test_spends_that_are_not_simulated_are_refused(
    tmp_path: Path, channel: str, keys: dict[str, Any]
) -> None:
    described = description()
    described["channels"][channel] |= keys
    data = write(tmp_path / "data", table(), described)
    with pytest.raises(InputError, match=rf"\[channels.{channel}\] {next(iter(keys))}: no tables"):
        run(tmp_path / "a", data)
    assert not (tmp_path / "a").exists()


def test_curves_that_are_not_simulated_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "data", table(), description() | {"model": {"saturation": "root"}})
    with pytest.raises(InputError, match=r"\[model\] adstock = 'geometric', saturation = 'root'"):
        run(tmp_path / "a", data)
    assert not (tmp_path / "a").exists()


def test_too_few_simulations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--simulations 3"):
        calibrate("no_mediation", tmp_path / "a", 3)


def test_workers_find_the_same_ranks_as_one_process(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranks are saved in the order of the tables, and no table is fitted twice."""

    def ranks(*arguments: Any, done: int, **_: Any) -> Iterator[pd.DataFrame]:
        yield from (fake_ranks(simulation) for simulation in range(done, arguments[3]))

    monkeypatch.setattr(workers, "ranks", ranks)
    monkeypatch.setattr(workers, "_compiled_model", lambda _: (None, None))
    whole = run(tmp_path / "alone", data)

    @contextmanager
    def threads(_: str | None) -> Iterator[Workers]:
        with ThreadPoolExecutor(3) as pool:
            yield Workers(pool, None, 1)

    monkeypatch.setattr(job, "open_workers", threads)
    shared = run(tmp_path / "shared", data, scheduler="tcp://nowhere")
    pd.testing.assert_frame_equal(whole, shared)
    journals = [(tmp_path / name / JOURNAL).read_text() for name in ("alone", "shared")]
    assert journals[0] == journals[1]


def test_settings_are_saved_whole() -> None:
    assert {field.name for field in dataclasses.fields(job.SETTINGS)} == {
        "draws", "tune", "chains", "seed",
    }  # fmt: skip
