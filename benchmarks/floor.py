"""Time of the compiled gradient relative to a handwritten one in numba, the practical floor.

The compiled function of each model, which nutpie calls at every leapfrog step, is compared with
`kernel.py` on the same table at the same points. They must agree to 1e-8; then both are timed in
turns: the median over rounds, each of many calls from one compiled loop, on one thread.

    python benchmarks/floor.py [DATA.toml] [--rounds 15 --out FOLDER]
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
from ledger import RESULTS, Ledger

MODELS = ("no_mediation", "partial_mediation")
TABLE = Path(__file__).parents[1] / "data" / "direct_only.toml"
POINTS = 20
TOLERANCE = 1e-8

Gradient = Callable[[np.ndarray, np.ndarray], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, nargs="?", default=TABLE)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    ledger = Ledger(arguments.out)
    for name in MODELS:
        keys = {"benchmark": "floor", "model": name, "table": arguments.table.stem}
        ledger.measure(keys, partial(measure_model, name, arguments.table, arguments.rounds))


def measure_model(name: str, table: Path, rounds: int) -> dict[str, Any]:
    """Agreement with the handwritten density, and microseconds a call, of one model."""
    from kernel import handwritten_density, independent_equations

    from mmm_bayes.data import load
    from mmm_bayes.data.design import make_design
    from mmm_bayes.inference.sampling import compile_model
    from mmm_bayes.model.family import load_member

    arranged = make_design(independent_equations(load(table)))
    compiled = compile_model(load_member(name), arranged)
    graph = compiled_gradient(compiled.sampler)
    handwritten = handwritten_density(compiled.model, arranged)
    points = prior_points(compiled, POINTS)
    difference = disagreement(graph, handwritten, points)
    if difference > TOLERANCE:
        raise SystemExit(f"{name}: the kernel differs from the model's density by {difference:.1e}")
    seconds = time_calls([graph, handwritten], points, rounds=rounds)
    return {
        "weeks": arranged.arrays.sizes["time"],
        "parameters": points.shape[1],
        "apart": difference,
        "compiled_us": 1e6 * seconds[0],
        "floor_us": 1e6 * seconds[1],
        "ratio": seconds[0] / seconds[1],
    }


def compiled_gradient(sampler: Any) -> Gradient:
    """The compiled function that nutpie calls at each step, by its address."""
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


def prior_points(compiled: Any, number: int) -> np.ndarray:
    """Draws from the prior, where a sampler may start, shape (number, parameter)."""
    from mmm_bayes.inference.sampling import prior_draws, to_unconstrained

    return np.ascontiguousarray(to_unconstrained(compiled, prior_draws(compiled, number, 1)))


def disagreement(reference: Gradient, candidate: Gradient, points: np.ndarray) -> float:
    """Largest difference of densities and gradients, relative to their size or 1."""
    worst = 0.0
    for point in points:
        gradients = np.empty_like(point), np.empty_like(point)
        densities = reference(point, gradients[0]), candidate(point, gradients[1])
        a, b = (np.append(*pair) for pair in zip(gradients, densities, strict=True))
        worst = max(worst, float((np.abs(a - b) / np.maximum(1.0, np.abs(a))).max()))
    return worst


@numba.njit
def repeat_calls(function: Gradient, points: np.ndarray, gradient: np.ndarray, calls: int) -> float:
    """Call the function in a compiled loop, so that the overhead of Python is negligible."""
    total = 0.0
    for call in range(calls):
        total += function(points[call % len(points)], gradient)
    return total


def time_calls(
    functions: list[Gradient], points: np.ndarray, *, rounds: int, budget: float = 10.0
) -> list[float]:
    """Median processor seconds a call of each function, timed in turns.

    Turns reduce the influence of other processes. The number of calls is such that all rounds of a
    function take about `budget` seconds.
    """
    seconds: list[list[float]] = [[] for _ in functions]
    gradient = np.empty(points.shape[1])
    calls = []
    for function in functions:
        repeat_calls(function, points, gradient, 1)  # compiles the loop
        start = time.thread_time()
        repeat_calls(function, points, gradient, len(points))
        duration = (time.thread_time() - start) / len(points)
        calls.append(max(len(points), int(budget / rounds / duration)))
    for _ in range(rounds):
        for index, function in enumerate(functions):
            start = time.thread_time()
            repeat_calls(function, points, gradient, calls[index])
            seconds[index].append((time.thread_time() - start) / calls[index])
    return [float(np.median(duration)) for duration in seconds]


if __name__ == "__main__":
    main()
