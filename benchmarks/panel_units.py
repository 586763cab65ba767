"""Growth of the cost of a panel with its units: seconds a gradient, compile seconds, memory.

Simulates panels of 5 channels, 4 of them with mediation, over 104 weeks with 10 to 200 units. Each
is built and compiled in its own process, and the gradient of its log-density is timed (median of
5 repeats of 50 calls). A line through the origin is fitted; the largest departure from it shows
whether the growth is linear.

    python benchmarks/panel_units.py [UNITS ...]
"""

from __future__ import annotations

import dataclasses
import json
import resource
import subprocess
import sys
import time

UNITS = (10, 25, 50, 100, 200)
REPEATS, TIMES = 5, 50


def main() -> None:
    import pandas as pd

    sizes = [int(word) for word in sys.argv[1:]] or list(UNITS)
    rows = []
    for units in sizes:
        result = subprocess.run(
            [sys.executable, __file__, "--one", str(units)], check=True, capture_output=True
        )
        rows.append(json.loads(result.stdout.splitlines()[-1]))
    table = pd.DataFrame(rows)
    slope = (table["gradient_ms"] * table["units"]).sum() / (table["units"] ** 2).sum()
    table["over a straight line"] = table["gradient_ms"] / (slope * table["units"])
    print(table.round(3).to_string(index=False))


def measure_size(units: int) -> None:
    """Measure one size, and print the result as a line of JSON."""
    import numpy as np
    from pymc.blocking import DictToArrayBijection

    from mmm_bayes.data.design import make_design
    from mmm_bayes.model.family import load_member
    from mmm_bayes.studies.simulate import SCENARIOS, as_dataset, simulate

    SCENARIOS["panel"] = dataclasses.replace(SCENARIOS["panel"], units=units)
    arranged = make_design(as_dataset(simulate("panel", seed=1)))
    start = time.perf_counter()
    model = load_member("panel").build(arranged)
    gradient = model.logp_dlogp_function(ravel_inputs=True, mode="NUMBA")
    point = DictToArrayBijection.map(
        {variable.name: model.initial_point()[variable.name] for variable in gradient._grad_vars}
    ).data
    gradient(point)
    compiled = time.perf_counter() - start
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(TIMES):
            gradient(point)
        seconds.append((time.perf_counter() - start) / TIMES)
    record = {
        "units": units,
        "parameters": point.size,
        "gradient_ms": 1e3 * float(np.median(seconds)),
        "compile_s": compiled,
        "peak_memory_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure_size(int(sys.argv[2]))
    else:
        main()
