"""Race this project against pymc-marketing and Meridian, on the same table in the same run.

Each package runs in an environment of its own (made here, pinned in ``contenders/*.txt``), each
fit in a process of its own. The processes take turns, a round after the other, so that a machine
that becomes slower does so for all. Effective draws, R-hat and effects are judged here, by one
ArviZ, from the draws of every free parameter that each contender leaves behind.

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
from pathlib import Path
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr
from ledger import RESULTS, ROOT, Ledger, Ran, run

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
        Of ``contenders/with_PACKAGE.py``, and of its environment but for this project's.
    variant : str
    windows : int
        How many of the ten windows it fits; a slow one shows its seconds a window in fewer.
    """

    package: str
    variant: str
    windows: int


CONTENDERS = (
    Contender("mmm_bayes", "direct", 10),
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
    told = parser.parse_args()
    ledger = Ledger(told.out)
    racing = [each for each in CONTENDERS if not told.only or each.package in told.only]
    for package in dict.fromkeys(each.package for each in racing):
        python(package)
    for number in range(told.rounds + 1):
        for each in racing:
            keys = _keys(told, each, "fit") | {"round": number}
            ledger.measure(keys, lambda each=each, number=number: fit(told, each, number))
    for each in racing:
        keys = _keys(told, each, "windows") | {"windows": each.windows}
        ledger.measure(keys, lambda each=each: windows(told, each))


def _keys(told: argparse.Namespace, each: Contender, what: str) -> dict[str, Any]:
    return {
        "benchmark": what,
        "package": each.package,
        "variant": each.variant,
        "table": told.table.stem,
        "draws": told.draws,
        "tune": told.tune,
        "chains": told.chains,
    }


def fit(told: argparse.Namespace, each: Contender, number: int) -> dict[str, Any]:
    """One fit: the cold one in round 0, warm ones in the rounds after it."""
    cache = ENVIRONMENTS / "cache" / f"{each.package}-{each.variant}"
    if number == 0:
        shutil.rmtree(cache, ignore_errors=True)
    elif not cache.exists():  # a race that goes on elsewhere: what was compiled is not there
        _run(told, each, cache, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        keep = Path(folder) / "draws.npz"
        ran = _run(told, each, cache, seed=1 + number, more=["--keep", keep])
        with np.load(keep) as draws:
            judged = judge(dict(draws), truth(told.table))
    seconds = ran.told["seconds"]
    return {
        "start": "warm" if number else "cold",
        "seconds": seconds | {"whole": ran.wall - ran.told["keeping"]},
        "peak_mb": ran.peak_mb,
        "divergences": ran.told["divergences"],
        "steps": ran.told["steps"],
        "ess_per_second": judged["ess"] / seconds["sampling"],
        **judged,
    }


def windows(told: argparse.Namespace, each: Contender) -> dict[str, Any]:
    """Rolling windows, in one process as a user would run them, all compiled before."""
    cache = ENVIRONMENTS / "cache" / f"{each.package}-{each.variant}"
    ran = _run(told, each, cache, seed=1, more=["--windows", str(each.windows)])
    return {"each": ran.told["windows"], "peak_mb": ran.peak_mb, "whole": ran.wall}


def _run(
    told: argparse.Namespace, each: Contender, cache: Path, *, seed: int, more: Any = ()
) -> Ran:
    cache.mkdir(parents=True, exist_ok=True)
    return run(
        [
            python(each.package), HERE / "contenders" / f"with_{each.package}.py", told.table,
            "--variant", each.variant, "--draws", str(told.draws), "--tune", str(told.tune),
            "--chains", str(told.chains), "--seed", str(seed), *more,
        ],
        {"PYTENSOR_FLAGS": f"base_compiledir={cache}", "NUMBA_CACHE_DIR": str(cache / "numba")},
    )  # fmt: skip


def judge(kept: dict[str, np.ndarray], true: list[float]) -> dict[str, Any]:
    """Effective draws and R-hat of every free parameter, and the effects beside the truth."""
    free = xr.Dataset(
        {
            name: (("chain", "draw", *(f"{name}_{at}" for at in range(values.ndim - 2))), values)
            for name, values in kept.items()
            if name.startswith("free_")
        }
    )
    # A parameter that a prior holds at one value has no effective draws to count.
    free = free[[name for name in free if float(free[name].std()) > 0]]
    ess = {name: float(value.min()) for name, value in azs.ess(free, method="bulk").items()}
    worst = min(ess, key=lambda name: ess[name])
    rhat = max(float(value.max()) for value in azs.rhat(free).values())
    lower, median, upper = np.quantile(
        kept["effects"].reshape(-1, kept["effects"].shape[-1]), [0.05, 0.5, 0.95], axis=0
    )
    return {
        "ess": ess[worst],
        "worst": worst.removeprefix("free_"),
        "parameters": int(sum(free[name][0, 0].size for name in free)),
        "rhat": rhat,
        "effects": [
            {"median": m, "lower": low, "upper": up, "truth": t}
            for m, low, up, t in zip(
                median.tolist(), lower.tolist(), upper.tolist(), true, strict=True
            )
        ],
    }


def truth(table: Path) -> list[float]:
    """Every channel's true total effect, in the table's order."""
    told = json.loads(table.with_suffix(".truth.json").read_text())
    return [
        row["value"]
        for row in told["effects"]
        if row["estimand"] == "total" and row["unit"] == "all"
    ]


def python(package: str) -> Path:
    """The interpreter of a contender's environment, which is made where it is missing."""
    if package == "mmm_bayes":
        return Path(sys.executable)
    folder, pins = ENVIRONMENTS / package, HERE / "contenders" / f"{package}.txt"
    interpreter, done = folder / "bin" / "python", folder / "pins.txt"
    if not done.exists() or done.read_text() != pins.read_text():
        uv = Path(sys.executable).with_name("uv")
        print(f"making the environment of {package}", flush=True)
        version = sys.version_info < (3, 14)
        chosen = sys.executable if version else PYTHONS
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", chosen, folder], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", interpreter,
             "--requirement", pins],
            check=True,
        )  # fmt: skip
        done.write_text(pins.read_text())
    return interpreter


if __name__ == "__main__":
    main()
