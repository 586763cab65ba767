"""Ledger of measurements, one line each, so that an interrupted race resumes where it stopped.

A line is stored under the keys that determine it (contender, table, draws, versions and so on). A
benchmark with the same keys is not repeated; one with other keys adds a line.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmm_bayes.files import write_text
from mmm_bayes.inference.runs import provenance

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "benchmarks"
MEASURED, MACHINE = "measured.jsonl", "machine.json"
#: Packages that determine the speed of this project.
PACKAGES = ("mmm-bayes", "pymc", "pytensor", "nutpie", "numba", "numpy", "arviz")


@dataclass(frozen=True)
class Ledger:
    """Lines of measurements in a folder."""

    folder: Path = RESULTS

    def lines(self, **keys: Any) -> list[dict[str, Any]]:
        """Lines that have these keys."""
        path = self.folder / MEASURED
        text = path.read_text().splitlines() if path.exists() else []
        lines = [json.loads(line) for line in text]
        return [line for line in lines if keys.items() <= line["keys"].items()]

    def measure(self, keys: Mapping[str, Any], work: Callable[[], dict[str, Any]]) -> None:
        """Do the work and add its line, unless a line with the same keys exists."""
        label = " ".join(str(value) for value in keys.values())
        if any(line["keys"] == keys for line in self.lines()):
            print(f"already measured: {label}", flush=True)
            return
        print(f"measuring {label}", flush=True)
        start = time.perf_counter()
        load, here = os.getloadavg()[0], machine()
        made = {"cpu": here["cpu"], "commit": provenance()["git_commit"]}
        line = {"keys": dict(keys), "load": load, "made": made, **work()}
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / MACHINE, json.dumps(here, indent=1) + "\n")
        with (self.folder / MEASURED).open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(f"  took {time.perf_counter() - start:.0f} s", flush=True)


@dataclass(frozen=True)
class ProcessResult:
    """Output and cost of a child process.

    Attributes
    ----------
    output : dict
        The JSON of its last line.
    wall : float
        Seconds from its start to its end.
    peak_mb : float
        Largest resident memory, in megabytes of 2^20.
    """

    output: dict[str, Any]
    wall: float
    peak_mb: float


def run_child(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> ProcessResult:
    """Run a child process that prints JSON in its last line.

    Raises
    ------
    SystemExit
        If it fails, with the end of its standard error.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            stdout=out, stderr=errors, env=dict(os.environ) | dict(environment or {}),
        )  # fmt: skip
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        for file in (out, errors):
            file.seek(0)
        lines = out.read().splitlines()
        if child.returncode or not lines:
            raise SystemExit(f"{command} failed:\n{errors.read()[-3000:]}")
        unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes
        return ProcessResult(json.loads(lines[-1]), wall, usage.ru_maxrss / unit)


def machine() -> dict[str, Any]:
    """CPU, cores, memory, operating system and versions."""
    info = Path("/proc/cpuinfo")
    names = [
        line.split(":")[1].strip()
        for line in (info.read_text().splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }
