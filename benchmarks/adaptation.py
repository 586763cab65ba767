"""Comparison of a low-rank with a diagonal mass matrix.

Fits members to their simulated markets with both, from the same compiled model and seed. Prints the
number of parameters, sampling seconds, leapfrog steps a draw, divergences, the largest R-hat, the
smallest bulk-ESS, and that ESS a second.

    python benchmarks/adaptation.py [MEMBER=DATA.toml ...]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from sampling_statistics import summarise_sampling

from mmm_bayes.data import load
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.inference import sampling
from mmm_bayes.inference.sampling import CompiledModel, Settings, compile_model, sample
from mmm_bayes.model.family import load_member

DATA = Path(__file__).parent.parent / "data"
DEFAULTS = [
    f"partial_mediation={DATA / 'mediated.toml'}",
    f"time_varying={DATA / 'changing_effect.toml'}",
    f"panel={DATA / 'panel.toml'}",
]
#: Most parameters for which the low-rank matrix is used: none, and all.
KINDS = {"diagonal": 0, "low rank": sys.maxsize}


def main() -> None:
    rows = []
    for argument in sys.argv[1:] or DEFAULTS:
        name, toml = argument.split("=", 1)
        arranged = make_design(load(toml))
        compiled = compile_model(load_member(name), arranged)
        rows += [{"member": name} | measure(kind, compiled, arranged) for kind in KINDS]
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)


def measure(kind: str, compiled: CompiledModel, arranged: Design) -> dict[str, Any]:
    """Fit once; the statistics of its sampling."""
    original = sampling.LOW_RANK_LIMIT
    sampling.LOW_RANK_LIMIT = KINDS[kind]
    try:
        tree = sample(compiled, arranged, Settings())
    finally:
        sampling.LOW_RANK_LIMIT = original
    return {"matrix": kind, "parameters": compiled.sampler.n_dim} | summarise_sampling(tree)


if __name__ == "__main__":
    main()
