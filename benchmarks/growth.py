"""How the cost of a fit grows with weeks, channels, lags and units.

One size is varied at a time around a market of 208 weeks, 5 channels and 13 lags
(`partial_mediation`), and the units of a panel of 104 weeks and 5 channels (`panel`). Each size is
built, compiled from nothing, and sampled for a little in a process of its own, so that its peak
memory is its own. The seconds of 1,000 draws are those of one chain on one core once the sampler is
adapted: leapfrog steps a draw, times the seconds of a gradient.

    python benchmarks/growth.py [--axes weeks channels lags units --out FOLDER]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ledger import RESULTS, Ledger, run

#: The sizes that are varied, and the market that they are varied around.
AXES: dict[str, tuple[int, ...]] = {
    "weeks": (100, 208, 650, 2000),
    "channels": (5, 10, 20, 40),
    "lags": (8, 13, 26, 52),
    "units": (2, 10, 30, 100),
}
USUAL = {"weeks": 208, "channels": 5, "lags": 13, "units": 1}
PANEL = USUAL | {"weeks": 104}
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
    told = parser.parse_args()
    if told.one:
        print(json.dumps(one(**told.one)))
        return
    ledger = Ledger(told.out)
    for axis in told.axes:
        for size in AXES[axis]:
            what = {
                "model": "panel" if axis == "units" else "partial_mediation",
                **(PANEL if axis == "units" else USUAL),
                axis: size,
                "tune": told.tune,
                "draws": told.draws,
            }
            ledger.measure({"benchmark": "growth", **what}, lambda what=what: child(what))


def child(what: dict[str, Any]) -> dict[str, Any]:
    """Measure one size in a process of its own that finds nothing compiled before."""
    with tempfile.TemporaryDirectory() as cache:
        ran = run(
            [sys.executable, __file__, "--one", json.dumps(what)],
            {"PYTENSOR_FLAGS": f"base_compiledir={cache}", "NUMBA_CACHE_DIR": cache},
        )
    return ran.told | {"peak_mb": ran.peak_mb}


def one(*, model: str, tune: int, draws: int, **sizes: int) -> dict[str, Any]:
    """Build, compile, time the gradient, and sample for a little."""
    from floor import compiled_gradient, points, timed

    from mmm_bayes.dataset import load
    from mmm_bayes.design import design
    from mmm_bayes.family import member
    from mmm_bayes.sampling import Settings, compile_model, sample

    with tempfile.TemporaryDirectory() as folder:
        arranged = design(load(write(Path(folder), panel=model == "panel", **sizes)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    compiled = compile_model(member(model), arranged)
    gradient = compiled_gradient(compiled.sampler)
    where = points(compiled, 5)
    (seconds,) = timed([gradient], where, rounds=5, budget=2.0)
    begun = time.perf_counter()
    tree = sample(compiled, arranged, Settings(draws, tune, CHAINS, seed=1))
    whole = time.perf_counter() - begun
    steps = float(tree["sample_stats"]["n_steps"].mean())
    return {
        "parameters": where.shape[1],
        "gradient_s": seconds,
        "compile_s": compiled.seconds,
        "steps": steps,
        "thousand_draws_s": 1000 * steps * seconds,
        "sampling_s": whole,
        "before_mb": before,
    }


def write(folder: Path, *, weeks: int, channels: int, lags: int, units: int, panel: bool) -> Path:
    """A simulated table of any size, and its description."""
    from mmm_bayes.transforms import carry_over, geometric_weights, hill, lagged

    rng = np.random.default_rng(1)
    names = [f"channel_{at}" for at in range(channels)]
    wander = rng.normal(size=(weeks + lags - 1, units, channels))
    spend = np.round(1000 * np.exp(0.5 * wander), 2)
    weights = geometric_weights(rng.uniform(0.1, 0.7, channels), lags)
    stock = carry_over(lagged(spend / spend.mean(0), lags), weights)
    response = hill(stock, rng.uniform(0.5, 2.0, channels), rng.uniform(0.8, 1.6, channels))
    price = rng.normal(size=(weeks, units))
    location = 1 + (0.6 / channels * (response / response.mean(0) - 1)).sum(-1) + 0.05 * price
    outcome = 1e5 * (location + NOISE * rng.normal(size=location.shape))
    dates = pd.date_range("2000-01-03", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    table = pd.DataFrame({"week": np.repeat(dates, units)})
    if panel:
        table["region"] = np.tile([f"unit_{at}" for at in range(units)], weeks)
    table[names] = spend[lags - 1 :].reshape(-1, channels)
    table["price"], table["revenue"] = price.ravel(), outcome.ravel()
    table.to_csv(folder / "table.csv", index=False)
    causes = ", ".join(f'"{name}"' for name in names[:CAUSES])
    lines = [
        'file = "table.csv"', 'date = "week"', 'outcome = "revenue"',
        *(['unit = "region"'] if panel else []),
        *(f'[channels.{name}]\nspend = "{name}"' for name in names),
        f'[mediation]\nmediator = "{names[-1]}"\ncauses = [{causes}]',
        '[controls.price]\ncolumn = "price"',
        '[calendar]\nfourier = 2\ntrend = "linear"',
        f"[model]\nmax_lag = {lags}",
    ]  # fmt: skip
    (folder / "table.toml").write_text("\n".join(lines) + "\n")
    return folder / "table.toml"


if __name__ == "__main__":
    main()
