"""The same pieces in this process, in several processes and on a Dask cluster."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import chores
import pytest

from mmm_bayes.errors import InputError
from mmm_bayes.studies.workers import map_unordered, open_workers, restore_order


def test_pieces_run_in_this_process_one_after_another() -> None:
    order = []

    def record(number: int) -> int:
        order.append(number)
        return -number

    with open_workers() as pool:
        assert pool.cores is None
        for piece, result in map_unordered(pool, record, [3, 1, 2]):
            assert result == -piece
            assert order[-1] == piece  # nothing starts before the last result is yielded
    assert order == [3, 1, 2]


def test_pieces_run_in_other_processes() -> None:
    with open_workers("2") as pool:
        assert pool.cores == 1
        assert dict(map_unordered(pool, chores.squared, range(9))) == {n: n**2 for n in range(9)}
        assert {result for _, result in map_unordered(pool, chores.threads, range(4))} == {"1"}


def test_results_in_the_order_of_the_pieces() -> None:
    finished = [(2, "c"), (0, "a"), (3, "d"), (1, "b")]
    assert list(restore_order(finished, range(4))) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("scheduler", [None, "1"])
def test_an_error_in_a_piece_is_raised(scheduler: str | None) -> None:
    with pytest.raises(ValueError, match="no 5"), open_workers(scheduler) as pool:
        list(map_unordered(pool, chores.refused, [5]))


def test_a_stopped_job_waits_for_no_piece(tmp_path: Path) -> None:
    """Ctrl-C reaches every process of the group; the pieces would take a minute each."""
    code = (
        "import sys\nsys.path.insert(0, sys.argv[1])\nimport chores\n"
        "from mmm_bayes.studies.workers import map_unordered, open_workers\n"
        "if __name__ == '__main__':\n"
        "    with open_workers('2') as pool:\n"
        "        list(map_unordered(pool, chores.slept, [60] * 9))\n"
    )
    script = tmp_path / "job.py"
    script.write_text(code)
    here = str(Path(__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, str(script), here],
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(here).parent)},
        cwd=tmp_path,
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("slept-*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - start < 15
    assert errors.count(b"KeyboardInterrupt") == 1  # of the first process; the others are silent


@pytest.mark.parametrize("scheduler", ["many", "0", "-2"])
def test_an_unknown_scheduler_is_refused(scheduler: str) -> None:
    with pytest.raises(InputError, match="neither a number of processes nor the address"):  # noqa: SIM117
        with open_workers(scheduler):
            pass


def test_a_silent_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is an extra: pip install 'mmm-bayes[cluster]'")
    monkeypatch.setattr("mmm_bayes.studies.workers.TIMEOUT", "1s")
    with pytest.raises(InputError, match="no Dask scheduler answers there"):  # noqa: SIM117
        with open_workers("tcp://127.0.0.1:9"):
            pass


@pytest.mark.slow
def test_on_a_cluster_that_loses_a_worker(tmp_path: Path) -> None:
    distributed = pytest.importorskip(
        "distributed", reason="Dask is an extra: pip install 'mmm-bayes[cluster]'"
    )
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        open_workers(cluster.scheduler_address) as pool,
    ):  # fmt: skip
        assert pool.cores == 1
        results, killed = {}, 0
        for piece, result in map_unordered(
            pool, partial(chores.slowly_squared, str(tmp_path)), range(12)
        ):
            results[piece] = result
            if not killed:
                killed = next(int(record.name.split("-")[1]) for record in tmp_path.iterdir())
                os.kill(killed, signal.SIGKILL)
    assert results == {n: n**2 for n in range(12)}
    processes = {int(record.name.split("-")[1]) for record in tmp_path.iterdir()}
    assert killed in processes
    assert len(processes) >= 2
