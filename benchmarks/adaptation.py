"""Which mass matrix: a low-rank one, or a diagonal one?

Fits members to their simulated markets with both, from the same compiled model and seed, and
prints the parameters, sampling seconds, leapfrog steps a draw, divergences, the largest R-hat, the
smallest bulk-ESS, and that a second.

    python benchmarks/adaptation.py [MEMBER=DATA.toml ...]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from went import went

from mmm_bayes import sampling
from mmm_bayes.dataset import load
from mmm_bayes.design import Design, design
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, Settings, compile_model, sample

DATA = Path(__file__).parent.parent / "data"
USUAL = [
    f"partial_mediation={DATA / 'mediated.toml'}",
    f"time_varying={DATA / 'changing_effect.toml'}",
    f"panel={DATA / 'panel.toml'}",
]
#: The most parameters for which the low-rank matrix is taken: none, and all.
KINDS = {"diagonal": 0, "low rank": sys.maxsize}


def main() -> None:
    rows = []
    for told in sys.argv[1:] or USUAL:
        name, toml = told.split("=", 1)
        arranged = design(load(toml))
        compiled = compile_model(member(name), arranged)
        rows += [{"member": name} | measure(kind, compiled, arranged) for kind in KINDS]
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)


def measure(kind: str, compiled: Compiled, arranged: Design) -> dict[str, Any]:
    """Fit once and say how it went."""
    usual = sampling.LOW_RANK_UP_TO
    sampling.LOW_RANK_UP_TO = KINDS[kind]
    try:
        tree = sample(compiled, arranged, Settings())
    finally:
        sampling.LOW_RANK_UP_TO = usual
    return {"matrix": kind, "parameters": compiled.sampler.n_dim} | went(tree)


if __name__ == "__main__":
    main()
