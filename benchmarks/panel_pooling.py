"""How a panel's units sample best: deviations standardised (non-centred) or on their own scale.

Fits ``models/panel.py`` to the shipped panel several times, as it stands (standardised), and with
deviations declared as ``Normal(0, spread)`` (centred), with the same data, draws, chains and seed.
Prints, as it goes, sampling seconds, leapfrog steps a draw, divergences, the largest R-hat, the
smallest bulk-ESS, and that a second.

    python benchmarks/panel_pooling.py [DATA.toml [FORM ...]]
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pymc as pm
from went import went

from mmm_bayes.dataset import load
from mmm_bayes.design import Design, design
from mmm_bayes.family import member
from mmm_bayes.sampling import Settings, compile_model, sample
from mmm_bayes.terms import pooling

TABLE = Path(__file__).parent.parent / "data" / "panel.toml"
#: Which deviations are centred.
FORMS: dict[str, tuple[str, ...]] = {
    "none": (),
    "of media": ("beta", "adstock_alpha", "saturation_kappa", "gamma"),
    "all": ("",),
}


def main() -> None:
    arranged = design(load(sys.argv[1] if len(sys.argv) > 1 else TABLE))
    rows = []
    for name in sys.argv[2:] or FORMS:
        rows.append(measure(name, FORMS[name], arranged))
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)


def measure(name: str, centred: tuple[str, ...], arranged: Design) -> dict[str, Any]:
    """Fit once and say how it went."""
    original = pooling.deviations

    def other(key: str, spread: Any, dims: tuple[str, ...]) -> Any:
        if key.startswith(centred) and centred:
            return pm.Normal(f"{key}_offset", 0.0, spread, dims=dims)
        return original(key, spread, dims)

    pooling.deviations = other
    try:
        compiled = compile_model(member("panel"), arranged)
    finally:
        pooling.deviations = original
    tree = sample(compiled, arranged, dataclasses.replace(Settings(), seed=1))
    return {"centred": name} | went(tree)


if __name__ == "__main__":
    main()
