"""Fit 20 simulated markets with social mediation and 20 without; save how well it went.

Writes ``results/recovery/markets.csv`` (a row per market, channel and effect) and
``results/recovery/summary.csv``, which the slow tests compare later versions with.
"""

from pathlib import Path

import pandas as pd
from rich.progress import track

from mmm_bayes.calibration import recover, summary

MODEL, MARKETS = "partial_mediation", 20
FOLDER = Path(__file__).parent.parent / "results" / "recovery"


def main() -> None:
    markets = [(kind, seed) for kind in ("mediated", "unmediated") for seed in range(MARKETS)]
    fits = track(recover(MODEL, markets), total=len(markets), description="fitting markets")
    rows = pd.concat(list(fits))
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows.to_csv(FOLDER / "markets.csv", index=False, lineterminator="\n", float_format="%.6g")
    table = summary(rows)
    table.to_csv(FOLDER / "summary.csv", index=False, lineterminator="\n", float_format="%.4f")
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
