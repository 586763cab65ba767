"""Where the pieces of a long job run: in this process, in several, or on a Dask cluster.

Anything with the interface of `concurrent.futures.Executor` will do. Only the standard library is
imported here, so that a worker can set its number of threads before NumPy is loaded.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mmm_bayes.errors import InputError

#: What the numerical libraries read their number of threads from.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: How long to wait for a scheduler.
PATIENCE = "10s"
#: Pieces waiting for each process: enough that none is idle, few enough to stop soon.
WAITING = 2


class Here(Executor):
    """An executor without any workers: what is submitted is done at once, in this process."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it, and give a finished future.

        Parameters
        ----------
        function : callable
        *args, **kwargs
            Of the function.
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
    executor : concurrent.futures.Executor
    at_once : int or None
        Most pieces to submit before one is finished; None for all.
    cores : int or None
        What a piece may use: None is the whole machine. Many workers run a piece on one core each,
        which wastes nothing, as there are more pieces than cores.
    """

    executor: Executor
    at_once: int | None
    cores: int | None


@contextmanager
def workers(scheduler: str | None = None) -> Iterator[Workers]:
    """Open the workers that ``--scheduler`` names.

    Parameters
    ----------
    scheduler : str, optional
        Nothing for this process; a number for as many processes on this machine; the address of a
        Dask scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    InputError
        If it is none of these, if Dask is not installed, or if no scheduler answers.
    """
    if scheduler is None:
        yield Workers(Here(), 1, None)
    elif scheduler.isdecimal() and int(scheduler) > 0:
        number = int(scheduler)
        # A fork would copy the threads' locks and none of the threads.
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(number, mp_context=fresh, initializer=one_thread) as pool:
            try:
                yield Workers(pool, WAITING * number, 1)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    elif "://" in scheduler:
        with _cluster(scheduler) as client:
            client.run(one_thread)
            yield Workers(client.get_executor(pure=False), None, 1)
    else:
        raise InputError(
            f"--scheduler {scheduler!r} is neither a number of processes nor the address of a Dask "
            "scheduler such as tcp://10.0.0.5:8786"
        )


def each(
    hired: Workers, function: Callable[..., Any], pieces: Iterable[Any]
) -> Iterator[tuple[Any, Any]]:
    """Do ``function(piece)`` for every piece, and give each as soon as it is done.

    Parameters
    ----------
    hired : Workers
    function : callable
        Importable by name where the workers are processes.
    pieces : iterable

    Yields
    ------
    tuple
        The piece and its result, in the order in which they are finished.
    """
    left = iter(pieces)
    running: dict[Future[Any], Any] = {}
    try:
        while True:
            for piece in left:
                running[hired.executor.submit(function, piece)] = piece
                if hired.at_once is not None and len(running) >= hired.at_once:
                    break
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        for future in running:
            future.cancel()


def in_order(done: Iterable[tuple[Any, Any]], pieces: Iterable[Any]) -> Iterator[Any]:
    """The results that `each` gives, in the order of the pieces: each waits for those before it.

    Parameters
    ----------
    done : iterable of tuple
        Pieces and results, as `each` gives them.
    pieces : iterable
    """
    waiting: dict[Any, Any] = {}
    coming = iter(done)
    for piece in pieces:
        while piece not in waiting:
            other, result = next(coming)
            waiting[other] = result
        yield waiting.pop(piece)


def one_thread() -> None:
    """Keep this process's numerical libraries to one thread: workers must not fight over cores.

    It must run before they are loaded; a Dask worker that has loaded them already keeps what its
    own environment says.
    """
    os.environ.update(dict.fromkeys(THREADS, "1"))


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            f"--scheduler {address} needs Dask; install it with pip install 'mmm-bayes[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise InputError(
            f"--scheduler {address}: no Dask scheduler answers there ({problem}); start one with "
            "dask scheduler, or mend the address"
        ) from None
    with client:
        yield client
