"""A calibration may be stopped at any moment, and is never mixed with another."""

import dataclasses
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builds import description, table, write

from mmm_bayes.calibration import job, sharing
from mmm_bayes.calibration.job import JOURNAL, RECORD, TABLE, calibrate, read
from mmm_bayes.errors import InputError
from mmm_bayes.executing import Workers

NUMBER = 25


def made(at: int) -> pd.DataFrame:
    rng = np.random.default_rng(at)
    pit = rng.random(3)
    return pd.DataFrame(
        {
            "simulation": at,
            "quantity": ["total[tv]", "sigma", "roas[tv]"],
            "pit": pit,
            "divergences": at % 2,
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
        for at in range(done, NUMBER):
            if at == control.stop_at:
                raise KeyboardInterrupt
            control.fitted.append(at)
            yield made(at)

    monkeypatch.setattr(job, "ranks", ranks)
    monkeypatch.setattr(job, "compile_model", lambda *_: None)
    return control


def run(folder: Path, data: Path, **options: Any) -> pd.DataFrame:
    return calibrate("partial_mediation", folder, NUMBER, data=data, say=lambda _: None, **options)


def test_stopped_and_taken_up_again_it_ends_as_if_never_stopped(
    tmp_path: Path, data: Path, fits: SimpleNamespace
) -> None:
    whole = run(tmp_path / "whole", data)
    fits.fitted.clear()
    for fits.stop_at in (4, 11, None):
        try:
            again = run(tmp_path / "again", data)
        except KeyboardInterrupt:
            assert len(read(tmp_path / "again")) == 3 * fits.stop_at
    assert fits.fitted == list(range(NUMBER))  # nothing was fitted twice
    pd.testing.assert_frame_equal(whole, again)
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


def test_what_is_saved_is_what_was_found(tmp_path: Path, data: Path) -> None:
    found = run(tmp_path / "a", data)
    saved = pd.read_csv(tmp_path / "a" / TABLE)
    assert saved.columns.tolist() == ["quantity", "simulations", "coverage_90", "inside_band"]
    pd.testing.assert_frame_equal(saved, found.assign(coverage_90=found["coverage_90"].round(4)))
    expected = pd.concat([made(at) for at in range(NUMBER)])
    pit = expected[expected["quantity"] == "sigma"]["pit"]
    covered = ((pit > 0.05) & (pit < 0.95)).mean()
    assert found.set_index("quantity")["coverage_90"]["sigma"] == pytest.approx(covered)
    record = json.loads((tmp_path / "a" / RECORD).read_text())
    assert record["simulations"] == NUMBER
    assert record["divergences"] == sum(at % 2 for at in range(NUMBER))
    assert record["verdict"] in {"pass", "fail"}
    assert record["inputs"]["truth"] == "partial_mediation"


@pytest.mark.parametrize("change", [{"seed": 2}, {"truth": "full_mediation"}])
def test_another_calibration_is_not_continued(
    tmp_path: Path, data: Path, change: dict[str, Any]
) -> None:
    run(tmp_path / "a", data)
    before = (tmp_path / "a" / JOURNAL).read_bytes()
    with pytest.raises(InputError, match=r"holds a calibration with another (settings|truth)"):
        run(tmp_path / "a", data, **change)
    assert (tmp_path / "a" / JOURNAL).read_bytes() == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, data: Path) -> None:
    with pytest.raises(InputError, match="not a calibration"):
        run(data.parent, data)


def test_a_table_without_mediation_is_refused_for_a_mediated_model(tmp_path: Path) -> None:
    data = write(tmp_path / "data", table(), description(mediation=None))
    with pytest.raises(InputError, match="mediation"):
        run(tmp_path / "a", data)
    assert not (tmp_path / "a").exists()


def test_a_table_of_one_unit_is_refused_for_a_panel(tmp_path: Path) -> None:
    data = write(tmp_path / "data", table(), description())
    with pytest.raises(InputError, match="one unit"):
        calibrate("panel", tmp_path / "a", NUMBER, data=data, say=lambda _: None)
    assert not (tmp_path / "a").exists()


def test_too_few_simulations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--simulations 3"):
        calibrate("direct", tmp_path / "a", 3)


def test_shared_out_it_finds_what_it_finds_alone(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker's share goes into the journal in its place, and nothing is done twice."""

    def ranks(*arguments: Any, done: int, **_: Any) -> Iterator[pd.DataFrame]:
        yield from (made(at) for at in range(done, arguments[3]))

    monkeypatch.setattr(sharing, "ranks", ranks)
    monkeypatch.setattr(sharing, "_compiled", lambda _: (None, None))
    whole = run(tmp_path / "alone", data)

    @contextmanager
    def threads(_: str | None) -> Iterator[Workers]:
        with ThreadPoolExecutor(3) as pool:
            yield Workers(pool, None, 1)

    monkeypatch.setattr(job, "workers", threads)
    shared = run(tmp_path / "shared", data, scheduler="tcp://nowhere")
    pd.testing.assert_frame_equal(whole, shared)
    journals = [(tmp_path / name / JOURNAL).read_text() for name in ("alone", "shared")]
    assert journals[0] == journals[1]


def test_settings_are_saved_whole() -> None:
    assert {field.name for field in dataclasses.fields(job.SETTINGS)} == {
        "draws", "tune", "chains", "seed",
    }  # fmt: skip
