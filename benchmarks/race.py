"""Race between this project, pymc-marketing and Meridian, on the same table.

Each package runs in its own environment (created here, pinned in ``contenders/*.txt``), and each
fit in its own process. The processes take turns, round by round, so that a slower machine affects
all alike. Effective draws, R-hat and effects are computed here, with one version of ArviZ, from the
draws of every free parameter that a contender saves.

    python benchmarks/race.py [DATA.toml] [--draws 1000 --tune 1000 --rounds 3 --out FOLDER]

Cold is the first fit ever: nothing compiled before. Warm is a later one, in a new process.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr
from ledger import RESULTS, ROOT, Ledger, ProcessResult, run_child

from mmm_bayes.estimands.summary import INTERVAL

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".environments"
TABLE = ROOT / "data" / "direct_only.toml"
#: Pythons that all contenders have wheels for.
PYTHONS = ">=3.12,<3.14"


@dataclass(frozen=True)
class Contender:
    """A package with its model or sampler.

    Attributes
    ----------
    package : str
        Name of ``contenders/with_PACKAGE.py``, and of the environment of other packages.
    variant : str
    windows : int
        Number of the ten windows that it fits; for a slow contender fewer are enough.
    """

    package: str
    variant: str
    windows: int


CONTENDERS = (
    Contender("mmm_bayes", "no_mediation", 10),
    Contender("mmm_bayes", "partial_mediation", 10),
    Contender("pymc_marketing", "nutpie", 5),
    Contender("pymc_marketing", "pymc", 2),
    Contender("meridian", "default", 1),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, nargs="?", default=TABLE)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--tune", type=int, default=1000)
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="warm fits of each contender")
    parser.add_argument("--only", nargs="+", help="packages to race")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    ledger = Ledger(arguments.out)
    contenders = [
        contender
        for contender in CONTENDERS
        if not arguments.only or contender.package in arguments.only
    ]
    for package in dict.fromkeys(contender.package for contender in contenders):
        environment_python(package)
    for number in range(arguments.rounds + 1):
        for contender in contenders:
            keys = _keys(arguments, contender, "fit") | {"round": number}
            ledger.measure(keys, partial(fit, arguments, contender, number))
    for contender in contenders:
        keys = _keys(arguments, contender, "windows") | {"windows": contender.windows}
        ledger.measure(keys, partial(windows, arguments, contender))


def _keys(arguments: argparse.Namespace, contender: Contender, benchmark: str) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "package": contender.package,
        "variant": contender.variant,
        "table": arguments.table.stem,
        "draws": arguments.draws,
        "tune": arguments.tune,
        "chains": arguments.chains,
    }


def fit(arguments: argparse.Namespace, contender: Contender, number: int) -> dict[str, Any]:
    """One fit: cold in round 0, warm in later rounds."""
    cache = ENVIRONMENTS / "cache" / f"{contender.package}-{contender.variant}"
    if number == 0:
        shutil.rmtree(cache, ignore_errors=True)
    elif not cache.exists():  # a race that resumes on another machine has nothing compiled
        _run_contender(arguments, contender, cache, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "draws.npz"
        result = _run_contender(
            arguments, contender, cache, seed=1 + number, more=["--keep", saved]
        )
        with np.load(saved) as draws:
            summary = summarise_draws(dict(draws), true_effects(arguments.table))
    seconds = result.output["seconds"]
    return {
        "start": "warm" if number else "cold",
        "seconds": seconds | {"whole": result.wall - result.output["keeping"]},
        "peak_mb": result.peak_mb,
        "divergences": result.output["divergences"],
        "steps": result.output["steps"],
        "ess_per_second": summary["ess"] / seconds["sampling"],
        **summary,
    }


def windows(arguments: argparse.Namespace, contender: Contender) -> dict[str, Any]:
    """Rolling windows in one process, with a warm cache."""
    cache = ENVIRONMENTS / "cache" / f"{contender.package}-{contender.variant}"
    result = _run_contender(
        arguments, contender, cache, seed=1, more=["--windows", str(contender.windows)]
    )
    return {"each": result.output["windows"], "peak_mb": result.peak_mb, "whole": result.wall}


def _run_contender(
    arguments: argparse.Namespace, contender: Contender, cache: Path, *, seed: int, more: Any = ()
) -> ProcessResult:
    cache.mkdir(parents=True, exist_ok=True)
    return run_child(
        [
            environment_python(contender.package),
            HERE / "contenders" / f"with_{contender.package}.py",
            arguments.table,
            "--variant", contender.variant, "--draws", str(arguments.draws),
            "--tune", str(arguments.tune), "--chains", str(arguments.chains), "--seed", str(seed),
            *more,
        ],
        {"PYTENSOR_FLAGS": f"base_compiledir={cache}", "NUMBA_CACHE_DIR": str(cache / "numba")},
    )  # fmt: skip


def summarise_draws(draws: dict[str, np.ndarray], truths: list[float]) -> dict[str, Any]:
    """Effective draws and R-hat of the free parameters, and the effects beside the truth."""
    free = xr.Dataset(
        {
            name: (
                ("chain", "draw", *(f"{name}_{axis}" for axis in range(values.ndim - 2))),
                values,
            )
            for name, values in draws.items()
            if name.startswith("free_")
        }
    )
    # A parameter that the prior fixes has no effective sample size.
    free = free[[name for name in free if float(free[name].std()) > 0]]
    ess = {name: float(value.min()) for name, value in azs.ess(free, method="bulk").items()}
    worst = min(ess, key=lambda name: ess[name])
    rhat = max(float(value.max()) for value in azs.rhat(free).values())
    lower, median, upper = np.quantile(
        draws["effects"].reshape(-1, draws["effects"].shape[-1]),
        [INTERVAL[0], 0.5, INTERVAL[1]],
        axis=0,
    )
    return {
        "ess": ess[worst],
        "worst": worst.removeprefix("free_"),
        "parameters": int(sum(free[name][0, 0].size for name in free)),
        "rhat": rhat,
        "effects": [
            {"median": m, "lower": low, "upper": up, "truth": t}
            for m, low, up, t in zip(
                median.tolist(), lower.tolist(), upper.tolist(), truths, strict=True
            )
        ],
    }


def true_effects(table: Path) -> list[float]:
    """True total effect of every channel, in the order of the table."""
    truth = json.loads(table.with_suffix(".truth.json").read_text())
    return [
        row["value"]
        for row in truth["effects"]
        if row["estimand"] == "total" and row["unit"] == "all" and row["channel"] != "all_media"
    ]


def environment_python(package: str) -> Path:
    """Interpreter of a contender's environment, which is created if it is missing."""
    if package == "mmm_bayes":
        return Path(sys.executable)
    folder, pins = ENVIRONMENTS / package, HERE / "contenders" / f"{package}.txt"
    interpreter, installed = folder / "bin" / "python", folder / "pins.txt"
    if not installed.exists() or installed.read_text() != pins.read_text():
        uv = Path(sys.executable).with_name("uv")
        print(f"creating the environment of {package}", flush=True)
        python = sys.executable if sys.version_info < (3, 14) else PYTHONS
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", python, folder], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", interpreter,
             "--requirement", pins],
            check=True,
        )  # fmt: skip
        installed.write_text(pins.read_text())
    return interpreter


if __name__ == "__main__":
    main()
