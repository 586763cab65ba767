"""Comparison of non-centred and centred deviations of a panel's units.

Fits ``models/panel.py`` to the shipped panel several times, as it is (non-centred), and with some
or all deviations declared as ``Normal(0, spread)`` (centred), with the same data, draws, chains and
seed. Prints sampling seconds, leapfrog steps a draw, divergences, the largest R-hat, the smallest
bulk-ESS, and that ESS a second.

    python benchmarks/panel_pooling.py [DATA.toml [FORM ...]]
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pymc as pm
from sampling_statistics import summarise_sampling

from mmm_bayes.data import load
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.inference.sampling import Settings, compile_model, sample
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms import pooling

TABLE = Path(__file__).parent.parent / "data" / "panel.toml"
#: Prefixes of the names of the deviations that are centred.
FORMS: dict[str, tuple[str, ...]] = {
    "none": (),
    "of media": ("beta", "adstock_alpha", "saturation_kappa", "gamma"),
    "all": ("",),
}


def main() -> None:
    arranged = make_design(load(sys.argv[1] if len(sys.argv) > 1 else TABLE))
    rows = []
    for name in sys.argv[2:] or FORMS:
        rows.append(measure(name, FORMS[name], arranged))
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)


def measure(name: str, centred: tuple[str, ...], arranged: Design) -> dict[str, Any]:
    """Fit once; the statistics of its sampling."""
    original = pooling.unit_deviations

    def deviations(key: str, spread: Any, dims: tuple[str, ...]) -> Any:
        if key.startswith(centred) and centred:
            return pm.Normal(f"{key}_offset", 0.0, spread, dims=dims)
        return original(key, spread, dims)

    pooling.unit_deviations = deviations
    try:
        compiled = compile_model(load_member("panel"), arranged)
    finally:
        pooling.unit_deviations = original
    tree = sample(compiled, arranged, dataclasses.replace(Settings(), seed=1))
    return {"centred": name} | summarise_sampling(tree)


if __name__ == "__main__":
    main()
