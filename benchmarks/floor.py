"""How far the compiled gradient is from the practical floor: the same numbers by hand, in numba.

The sampler's own compiled function of each model (what nutpie calls at every leapfrog step) against
`kernel.py`, on the same table at the same points. They must agree to 1e-8 first, and then both are
timed in turns: the median of so many rounds, each of many calls from one compiled loop, on one
thread.

    python benchmarks/floor.py [DATA.toml] [--rounds 15 --out FOLDER]
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from ledger import RESULTS, Ledger

MODELS = ("direct", "partial_mediation")
TABLE = Path(__file__).parents[1] / "data" / "direct_only.toml"
POINTS = 20
TOLERANCE = 1e-8

Gradient = Callable[[np.ndarray, np.ndarray], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, nargs="?", default=TABLE)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=RESULTS)
    told = parser.parse_args()
    ledger = Ledger(told.out)
    for name in MODELS:
        keys = {"benchmark": "floor", "model": name, "table": told.table.stem}
        ledger.measure(keys, lambda name=name: measured(name, told.table, told.rounds))


def measured(name: str, table: Path, rounds: int) -> dict[str, Any]:
    """Agreement and microseconds of one model."""
    from kernel import by_hand

    from mmm_bayes.dataset import load
    from mmm_bayes.design import design
    from mmm_bayes.family import member
    from mmm_bayes.sampling import compile_model

    arranged = design(load(table))
    compiled = compile_model(member(name), arranged)
    graph, hand = compiled_gradient(compiled.sampler), by_hand(compiled.model, arranged)
    where = points(compiled, POINTS)
    apart = disagreement(graph, hand, where)
    if apart > TOLERANCE:
        raise SystemExit(f"{name}: the kernel is not the model's density: {apart:.1e} apart")
    seconds = timed([graph, hand], where, rounds=rounds)
    return {
        "weeks": arranged.arrays.sizes["time"],
        "parameters": where.shape[1],
        "apart": apart,
        "compiled_us": 1e6 * seconds[0],
        "floor_us": 1e6 * seconds[1],
        "ratio": seconds[0] / seconds[1],
    }


def compiled_gradient(sampler: Any) -> Gradient:
    """What nutpie calls at each step: its compiled function, by its address."""
    address, data = sampler.compiled_logp_func.address, sampler.user_data.ctypes.data
    kinds = (ctypes.c_uint64, *3 * (ctypes.c_void_p,), ctypes.c_void_p)
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(address)
    size = sampler.n_dim

    @numba.njit
    def call(point: np.ndarray, gradient: np.ndarray) -> float:
        density = np.empty(1)
        status = function(size, point.ctypes.data, gradient.ctypes.data, density.ctypes.data, data)
        if status != 0:
            raise FloatingPointError
        return density[0]

    return call


def points(compiled: Any, number: int) -> np.ndarray:
    """Points of the prior, where a sampler may begin, shape (number, parameter)."""
    from mmm_bayes.sampling import prior_draws, unconstrained

    return np.ascontiguousarray(unconstrained(compiled, prior_draws(compiled, number, 1)))


def disagreement(one: Gradient, other: Gradient, where: np.ndarray) -> float:
    """Largest difference of densities and gradients, relative to their size or 1."""
    worst = 0.0
    for point in where:
        first, second = np.empty_like(point), np.empty_like(point)
        a, b = one(point, first), other(point, second)
        a, b = np.append(first, a), np.append(second, b)
        worst = max(worst, float((np.abs(a - b) / np.maximum(1.0, np.abs(a))).max()))
    return worst


@numba.njit
def repeat(function: Gradient, where: np.ndarray, gradient: np.ndarray, calls: int) -> float:
    """Call so often that Python's own time does not count."""
    total = 0.0
    for call in range(calls):
        total += function(where[call % len(where)], gradient)
    return total


def timed(
    functions: list[Gradient], where: np.ndarray, *, rounds: int, budget: float = 10.0
) -> list[float]:
    """Median processor seconds a call of each function, in turns: who else is busy counts little.

    The number of calls is such that all rounds of a function take about `budget` seconds.
    """
    seconds: list[list[float]] = [[] for _ in functions]
    gradient = np.empty(where.shape[1])
    calls = []
    for function in functions:
        repeat(function, where, gradient, 1)  # compiles the loop
        begun = time.thread_time()
        repeat(function, where, gradient, len(where))
        each = (time.thread_time() - begun) / len(where)
        calls.append(max(len(where), int(budget / rounds / each)))
    for _ in range(rounds):
        for at, function in enumerate(functions):
            begun = time.thread_time()
            repeat(function, where, gradient, calls[at])
            seconds[at].append((time.thread_time() - begun) / calls[at])
    return [float(np.median(each)) for each in seconds]


if __name__ == "__main__":
    main()
