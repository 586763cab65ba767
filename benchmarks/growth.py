"""Growth of the cost of a fit with weeks, channels, lags and units.

One size is varied at a time around a market of 208 weeks, 5 channels and 13 lags
(`partial_mediation`), and the units of a panel of 104 weeks and 5 channels (`panel`). Each size is
built, compiled from scratch and sampled briefly in its own process, so that its peak memory is
measured separately. The seconds of 1,000 draws are those of one chain on one core after warm-up:
leapfrog steps a draw, times the seconds of a gradient.

    python benchmarks/growth.py [--axes weeks channels lags units --out FOLDER]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ledger import RESULTS, Ledger, run_child

#: The sizes that are varied, and the market that they are varied around.
AXES: dict[str, tuple[int, ...]] = {
    "weeks": (100, 208, 650, 2000),
    "channels": (5, 10, 20, 40),
    "lags": (8, 13, 26, 52),
    "units": (2, 10, 30, 100),
}
BASE = {"weeks": 208, "channels": 5, "lags": 13, "units": 1}
PANEL_BASE = BASE | {"weeks": 104}
CAUSES = 3
NOISE = 0.05
CHAINS, TUNE, DRAWS = 2, 300, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--tune", type=int, default=TUNE)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure_size(**arguments.one)))
        return
    ledger = Ledger(arguments.out)
    for axis in arguments.axes:
        for size in AXES[axis]:
            settings = {
                "model": "panel" if axis == "units" else "partial_mediation",
                **(PANEL_BASE if axis == "units" else BASE),
                axis: size,
                "tune": arguments.tune,
                "draws": arguments.draws,
            }
            keys = {"benchmark": "growth", **settings}
            ledger.measure(keys, partial(measure_in_child, settings))


def measure_in_child(settings: dict[str, Any]) -> dict[str, Any]:
    """Measure one size in its own process, with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        result = run_child(
            [sys.executable, __file__, "--one", json.dumps(settings)],
            {"PYTENSOR_FLAGS": f"base_compiledir={cache}", "NUMBA_CACHE_DIR": cache},
        )
    return result.output | {"peak_mb": result.peak_mb}


def measure_size(*, model: str, tune: int, draws: int, **sizes: int) -> dict[str, Any]:
    """Build, compile, time the gradient, and sample briefly."""
    from floor import compiled_gradient, prior_points, time_calls

    from mmm_bayes.data import load
    from mmm_bayes.data.design import make_design
    from mmm_bayes.inference.sampling import Settings, compile_model, sample
    from mmm_bayes.model.family import load_member

    with tempfile.TemporaryDirectory() as folder:
        arranged = make_design(load(write_market(Path(folder), panel=model == "panel", **sizes)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    compiled = compile_model(load_member(model), arranged)
    gradient = compiled_gradient(compiled.sampler)
    points = prior_points(compiled, 5)
    (seconds,) = time_calls([gradient], points, rounds=5, budget=2.0)
    start = time.perf_counter()
    tree = sample(compiled, arranged, Settings(draws, tune, CHAINS, seed=1))
    sampling = time.perf_counter() - start
    steps = float(tree["sample_stats"]["n_steps"].mean())
    return {
        "parameters": points.shape[1],
        "gradient_s": seconds,
        "compile_s": compiled.seconds,
        "steps": steps,
        "thousand_draws_s": 1000 * steps * seconds,
        "sampling_s": sampling,
        "before_mb": before,
    }


def write_market(
    folder: Path, *, weeks: int, channels: int, lags: int, units: int, panel: bool
) -> Path:
    """Write a simulated table of any size, and its description."""
    from mmm_bayes.data.lags import lag_matrix
    from mmm_bayes.model.transforms.adstock import carry_over, geometric
    from mmm_bayes.model.transforms.saturation import hill

    rng = np.random.default_rng(1)
    names = [f"channel_{index}" for index in range(channels)]
    noise = rng.normal(size=(weeks + lags - 1, units, channels))
    spend = np.round(1000 * np.exp(0.5 * noise), 2)
    weights = geometric.weights(rng.uniform(0.1, 0.7, channels), lags)
    stock = carry_over(lag_matrix(spend / spend.mean(0), lags), weights)
    response = hill.curve(stock, rng.uniform(0.5, 2.0, channels), rng.uniform(0.8, 1.6, channels))
    price = rng.normal(size=(weeks, units))
    location = 1 + (0.6 / channels * (response / response.mean(0) - 1)).sum(-1) + 0.05 * price
    outcome = 1e5 * (location + NOISE * rng.normal(size=location.shape))
    dates = pd.date_range("2000-01-03", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    table = pd.DataFrame({"week": np.repeat(dates, units)})
    if panel:
        table["region"] = np.tile([f"unit_{index}" for index in range(units)], weeks)
    table[names] = spend[lags - 1 :].reshape(-1, channels)
    table["price"], table["revenue"] = price.ravel(), outcome.ravel()
    table.to_csv(folder / "table.csv", index=False)
    causes = ", ".join(f'"{name}"' for name in names[:CAUSES])
    lines = [
        'file = "table.csv"', 'date = "week"', 'outcome = "revenue"',
        *(['unit = "region"'] if panel else []),
        *(f'[channels.{name}]\nspend = "{name}"' for name in names),
        f"[mediators.{names[-1]}]\ncauses = [{causes}]",
        '[controls.price]\ncolumn = "price"',
        '[calendar]\nfourier = 2\ntrend = "linear"',
        f"[model]\nmax_lag = {lags}",
    ]  # fmt: skip
    (folder / "table.toml").write_text("\n".join(lines) + "\n")
    return folder / "table.toml"


if __name__ == "__main__":
    main()
