"""Fit 20 markets of each kind that departs from the model; save what the intervals are worth.

Writes ``results/misspecification/``: ``markets.csv`` (a row per market, channel and effect),
``summary.csv``, and ``checks.csv`` (what the fit's own checks said of 8 markets of each kind); and
from them the page ``docs/misspecification.md``. An interrupted run is taken up where it stopped.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd
from rich.progress import track

from mmm_bayes.calibration import recover, summary
from mmm_bayes.calibration.alarms import alarms
from mmm_bayes.calibration.departures import DEPARTURES, REFERENCE
from mmm_bayes.calibration.misspecification import page

MODEL, MARKETS, CHECKED = "partial_mediation", 20, 8
KINDS = [REFERENCE, *(each.scenario for each in DEPARTURES)]
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "results" / "misspecification"

Fits = Callable[[str, Iterable[tuple[str, int]]], Iterator[pd.DataFrame]]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = collected("markets", recover, MARKETS)
    checks = collected("checks", alarms, CHECKED)
    for name in ("markets", "checks"):
        draft(name).replace(FOLDER / f"{name}.csv")
    table = summary(rows)
    table.to_csv(FOLDER / "summary.csv", index=False, lineterminator="\n", float_format="%.4f")
    says = page(rows, checks)
    (ROOT / "docs" / "misspecification.md").write_text(says, encoding="utf-8")
    print(says)


def draft(name: str) -> Path:
    """Where the markets that are finished wait for the rest."""
    return FOLDER / f"{name}.draft.csv"


def collected(name: str, fits: Fits, count: int) -> pd.DataFrame:
    """Rows of all markets, those of an interrupted run among them, as the draft has them."""
    path = draft(name)
    done = pd.read_csv(path) if path.exists() else pd.DataFrame({"scenario": [], "seed": []})
    finished = set(zip(done["scenario"], done["seed"], strict=True))
    markets = [(kind, seed) for kind in KINDS for seed in range(count)]
    left = [market for market in markets if market not in finished]
    for rows in track(fits(MODEL, left), total=len(left), description=f"fitting for {name}.csv"):
        rows.to_csv(
            path,
            mode="a",
            header=not path.exists(),
            index=False,
            lineterminator="\n",
            float_format="%.6g",
        )
    return pd.read_csv(path)


if __name__ == "__main__":
    main()
