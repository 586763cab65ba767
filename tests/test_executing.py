"""The same pieces done here, in processes and on a Dask cluster, a worker killed among them."""

import os
import signal
from functools import partial
from pathlib import Path

import chores
import pytest

from mmm_bayes.errors import InputError
from mmm_bayes.executing import each, in_order, workers


def test_here_one_after_the_other() -> None:
    order = []

    def note(number: int) -> int:
        order.append(number)
        return -number

    with workers() as hired:
        assert hired.cores is None
        for piece, result in each(hired, note, [3, 1, 2]):
            assert result == -piece
            assert order[-1] == piece  # nothing was begun before the last was handed over
    assert order == [3, 1, 2]


def test_in_processes() -> None:
    with workers("2") as hired:
        assert hired.cores == 1
        assert dict(each(hired, chores.squared, range(9))) == {n: n**2 for n in range(9)}
        assert {result for _, result in each(hired, chores.threads, range(4))} == {"1"}


def test_results_in_the_order_of_the_pieces() -> None:
    finished = [(2, "c"), (0, "a"), (3, "d"), (1, "b")]
    assert list(in_order(finished, range(4))) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("scheduler", [None, "1"])
def test_a_fault_in_a_piece_is_raised(scheduler: str | None) -> None:
    with pytest.raises(ValueError, match="no 5"), workers(scheduler) as hired:
        list(each(hired, chores.refused, [5]))


@pytest.mark.parametrize("scheduler", ["many", "0", "-2"])
def test_what_names_no_workers_is_refused(scheduler: str) -> None:
    with pytest.raises(InputError, match="neither a number of processes nor the address"):  # noqa: SIM117
        with workers(scheduler):
            pass


def test_a_silent_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is an extra: pip install 'mmm-bayes[cluster]'")
    monkeypatch.setattr("mmm_bayes.executing.PATIENCE", "1s")
    with pytest.raises(InputError, match="no Dask scheduler answers there"):  # noqa: SIM117
        with workers("tcp://127.0.0.1:9"):
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
        workers(cluster.scheduler_address) as hired,
    ):  # fmt: skip
        assert hired.cores == 1
        results, killed = {}, 0
        for piece, result in each(hired, partial(chores.slowly_squared, str(tmp_path)), range(12)):
            results[piece] = result
            if not killed:
                killed = next(int(note.name.split("-")[1]) for note in tmp_path.iterdir())
                os.kill(killed, signal.SIGKILL)
    assert results == {n: n**2 for n in range(12)}
    done_by = {int(note.name.split("-")[1]) for note in tmp_path.iterdir()}
    assert killed in done_by
    assert len(done_by) >= 2
