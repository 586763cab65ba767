"""Workers for the pieces of a long job: this process, several processes, or a Dask cluster.

Any executor with the interface of `concurrent.futures.Executor` is accepted. Only the standard
library is imported here, so that a worker can set its number of threads before NumPy is loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mmm_bayes.errors import InputError

#: Environment variables from which the numerical libraries read their number of threads.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: How long to wait for a scheduler to answer.
TIMEOUT = "10s"
#: Pieces submitted for each process: enough that none is idle, few enough to stop soon.
QUEUED_PER_PROCESS = 2


class SerialExecutor(Executor):
    """An executor without workers: what is submitted runs at once, in this process."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call the function and return a finished future.

        Parameters
        ----------
        function : callable
            Called before `submit` returns.
        *args, **kwargs
            Arguments of `function`.
        """
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as problem:
            future.set_exception(problem)
        return future


@dataclass(frozen=True)
class Workers:
    """An executor and how to use it.

    Attributes
    ----------
    max_pending : int or None
        Most pieces to submit before one is finished; None for all.
    cores : int or None
        Cores that a piece may use; None for the whole machine. With many workers every piece uses
        one core, which wastes nothing, as there are more pieces than cores.
    """

    executor: Executor
    max_pending: int | None
    cores: int | None


@contextmanager
def open_workers(scheduler: str | None = None) -> Iterator[Workers]:
    """Open the workers that ``--scheduler`` names.

    Parameters
    ----------
    scheduler : str, optional
        None for this process; a number for as many processes on this machine; the address of a
        Dask scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    InputError
        If it is none of these, if Dask is not installed, or if no scheduler answers.
    """
    if scheduler is None:
        yield Workers(SerialExecutor(), 1, None)
    elif scheduler.isdecimal() and int(scheduler) > 0:
        processes = int(scheduler)
        # A fork would copy the threads' locks and none of the threads.
        context = multiprocessing.get_context("spawn")
        others = set(multiprocessing.active_children())
        with ProcessPoolExecutor(
            processes, mp_context=context, initializer=_start_process
        ) as executor:
            try:
                yield Workers(executor, QUEUED_PER_PROCESS * processes, 1)
            except BaseException:  # a piece may take minutes, and nobody waits for it any more
                for process in set(multiprocessing.active_children()) - others:
                    process.terminate()
                executor.shutdown(cancel_futures=True)
                raise
    elif "://" in scheduler:
        with _dask_client(scheduler) as client:
            client.run(limit_threads)
            yield Workers(client.get_executor(pure=False), None, 1)
    else:
        raise InputError(
            f"--scheduler {scheduler!r} is neither a number of processes nor the address of a Dask "
            "scheduler such as tcp://10.0.0.5:8786"
        )


def map_unordered(
    pool: Workers, function: Callable[..., Any], pieces: Iterable[Any]
) -> Iterator[tuple[Any, Any]]:
    """Call ``function(piece)`` for every piece and yield each result as soon as it is available.

    Parameters
    ----------
    function : callable
        Importable by name where the workers are processes.
    pieces : iterable of hashable
        Arguments of `function`, in the order in which they are submitted.

    Yields
    ------
    tuple
        The piece and its result, in the order in which they are finished.
    """
    remaining = iter(pieces)
    running: dict[Future[Any], Any] = {}
    try:
        while True:
            for piece in remaining:
                running[pool.executor.submit(function, piece)] = piece
                if pool.max_pending is not None and len(running) >= pool.max_pending:
                    break
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        for future in running:
            future.cancel()


def restore_order(results: Iterable[tuple[Any, Any]], pieces: Iterable[Any]) -> Iterator[Any]:
    """Results of `map_unordered` in the order of the pieces: each waits for those before it.

    Parameters
    ----------
    results : iterable of tuple
        Pieces and their results, as `map_unordered` yields them.
    pieces : iterable of hashable
        The pieces in their order.
    """
    held: dict[Any, Any] = {}
    unordered = iter(results)
    for piece in pieces:
        while piece not in held:
            other, result = next(unordered)
            held[other] = result
        yield held.pop(piece)


def limit_threads() -> None:
    """Limit this process's numerical libraries to one thread, so that workers share the cores.

    This must run before they are loaded; a Dask worker that has already loaded them keeps the
    number in its own environment.
    """
    os.environ.update(dict.fromkeys(THREADS, "1"))


def _start_process() -> None:
    """Set up a process of this machine, whose Ctrl-C reaches it too: the first process ends it."""
    limit_threads()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _dask_client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            f"--scheduler {address} needs Dask; install it with pip install 'mmm-bayes[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise InputError(
            f"--scheduler {address}: no Dask scheduler answers there ({problem}); start one with "
            "dask scheduler, or correct the address"
        ) from None
    with client:
        yield client
