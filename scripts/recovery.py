"""Recovery of the true effects in markets of few and of many channels, with and without mediation.

``markets.csv`` and ``summary.csv`` in ``results/recovery`` are of 40 markets of five channels (20
with social mediation, 20 without), with which the slow tests compare later versions.
``portfolio.csv`` and ``portfolio_summary.csv`` are of 48 whose media make 5% to 60% of the revenue,
of 5, 13 and 20 channels.
"""

from itertools import product
from pathlib import Path

import pandas as pd
from rich.progress import track

from mmm_bayes.studies.calibration import recover, summarise_recovery
from mmm_bayes.studies.simulate import Market, simulate, simulate_portfolio

MODEL, MARKETS = "partial_mediation", 20
CHANNELS, SHARES, REPLICATES = (5, 13, 20), (0.05, 0.10, 0.35, 0.60), 2
FOLDER = Path(__file__).parent.parent / "results" / "recovery"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    plain = [
        simulate(kind, seed=seed) for kind in ("mediated", "unmediated") for seed in range(MARKETS)
    ]
    # One number of channels after another, so that each is compiled once.
    portfolios = [
        simulate_portfolio(channels, share, mediated=mediated, seed=seed)
        for channels, share, mediated, seed in product(
            CHANNELS, SHARES, (True, False), range(REPLICATES)
        )
    ]
    write(portfolios, "portfolio", "portfolio_summary")
    write(plain, "markets", "summary")


def write(markets: list[Market], rows_name: str, summary_name: str) -> None:
    """Fit markets, and write a row per market, channel and effect, and their summary."""
    fits = track(recover(MODEL, markets), total=len(markets), description=f"fitting {rows_name}")
    rows = pd.concat(list(fits))
    rows.to_csv(FOLDER / f"{rows_name}.csv", index=False, lineterminator="\n", float_format="%.6g")
    table = summarise_recovery(rows)
    table.to_csv(
        FOLDER / f"{summary_name}.csv", index=False, lineterminator="\n", float_format="%.4f"
    )
    shown = table[table["channel"].isin(["all", "all_media"])]
    print(shown.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
