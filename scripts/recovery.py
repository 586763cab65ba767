"""Recovery of the true effects in markets of few and of many channels, with and without mediation.

``markets.csv`` and ``summary.csv`` in ``results/recovery`` are of 40 markets of five channels (20
with social mediation, 20 without), with which the slow tests compare later versions.
``portfolio.csv`` and ``portfolio_summary.csv`` are of 48 whose media make 5% to 60% of the revenue,
of 5, 13 and 20 channels. ``errors.csv`` and ``errors_summary.csv`` are of 80 markets without and
with disturbances that remember, or a level that drifts, each fitted with independent and with
autoregressive disturbances, and without unseen demand. ``demand.csv`` and ``demand_summary.csv``
are of 60 in which demand that is in no column makes none, 30% or 60% of what media leave
unexplained of Google spend and revenue, each fitted with and without such a demand. Arguments
choose among the four: ``markets``, ``portfolio``, ``errors``, ``demand``.
"""

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd
from rich.progress import track

from mmm_bayes.studies.calibration import recover, summarise_recovery
from mmm_bayes.studies.simulate import Market, simulate, simulate_portfolio

MODEL, MARKETS = "partial_mediation", 20
REMEMBERING = ("mediated", "remembering", "drifting", "drifting_together")
DEMANDED = ("mediated", "demanded", "strongly_demanded")
CHANNELS, SHARES, REPLICATES = (5, 13, 20), (0.05, 0.10, 0.35, 0.60), 2
FOLDER = Path(__file__).parent.parent / "results" / "recovery"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[1:] or ["markets", "portfolio", "errors", "demand"]
    if "demand" in chosen:
        assumed = [{"demand": demand, "errors": "ar1"} for demand in ("none", "unseen")]
        write(markets_of(DEMANDED), "demand", "demand_summary", assumed)
    if "errors" in chosen:
        remembering = [{"demand": "none", "errors": errors} for errors in ("iid", "ar1")]
        write(markets_of(REMEMBERING), "errors", "errors_summary", remembering)
    if "portfolio" in chosen:
        write(portfolios(), "portfolio", "portfolio_summary")
    if "markets" in chosen:
        write(markets_of(("mediated", "unmediated")), "markets", "summary")


def markets_of(scenarios: Sequence[str]) -> list[Market]:
    """Some markets of each scenario."""
    return [simulate(scenario, seed=seed) for scenario in scenarios for seed in range(MARKETS)]


def portfolios() -> list[Market]:
    """One number of channels after another, so that each is compiled once."""
    return [
        simulate_portfolio(channels, share, mediated=mediated, seed=seed)
        for channels, share, mediated, seed in product(
            CHANNELS, SHARES, (True, False), range(REPLICATES)
        )
    ]


def write(
    markets: list[Market],
    rows_name: str,
    summary_name: str,
    forms: Sequence[dict[str, str]] = ({},),
) -> None:
    """Fit markets, and write a row per market, channel and effect, and their summary.

    Parameters
    ----------
    forms : sequence of dict of str to str, optional
        Arguments of `form_for`, which the tables have as columns; as described by default.
    """
    rows, summaries = [], []
    for form in forms:
        fits = recover(MODEL, markets, **form)
        told = ", ".join([f"fitting {rows_name}", *form.values()])
        found = pd.concat(list(track(fits, total=len(markets), description=told)))
        rows.append(found.assign(**form))
        summaries.append(summarise_recovery(found).assign(**form))
    save(pd.concat(rows), rows_name, "%.6g")
    table = pd.concat(summaries)
    save(table, summary_name, "%.4f")
    shown = table[table["channel"].isin(["all", "all_media"])]
    print(shown.round(3).to_string(index=False))


def save(table: pd.DataFrame, name: str, digits: str) -> None:
    table.to_csv(FOLDER / f"{name}.csv", index=False, lineterminator="\n", float_format=digits)


if __name__ == "__main__":
    main()
