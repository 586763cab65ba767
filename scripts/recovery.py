"""Recovery of the true effects in markets of few and of many channels, with and without mediation.

``markets.csv`` and ``summary.csv`` in ``results/recovery`` are of 40 markets of five channels (20
with social mediation, 20 without), with which the slow tests compare later versions.
``portfolio.csv`` and ``portfolio_summary.csv`` are of 48 whose media make 5% to 60% of the revenue,
of 5, 13 and 20 channels. ``errors.csv`` and ``errors_summary.csv`` are of 80 markets without and
with disturbances that remember, or a level that drifts, each fitted with independent and with
autoregressive disturbances, and without unseen demand. ``demand.csv`` and ``demand_summary.csv``
are of 60 in which demand that is in no column makes none, 30% or 60% of what media leave
unexplained of Google spend and revenue, each fitted with and without such a demand.
``spends.csv`` and ``spends_summary.csv`` are of 20 in which TV's budget follows a forecast of such
a demand, each fitted without it, with it, and with what tells it from TV: eight weeks in which a
test set the budget, and the price of airtime. Arguments choose among the five: ``markets``,
``portfolio``, ``errors``, ``demand``, ``spends``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from rich.progress import track

from mmm_bayes.data import Dataset
from mmm_bayes.studies.calibration import recover, summarise_recovery
from mmm_bayes.studies.simulate import Market, as_dataset, simulate, simulate_portfolio

MODEL, MARKETS = "partial_mediation", 20
REMEMBERING = ("mediated", "remembering", "drifting", "drifting_together")
DEMANDED = ("mediated", "demanded", "strongly_demanded")
#: Keys of TV's description in each fit, beside ``set_by``.
KNOWN = {"nothing": (), "tests": ("designed",), "price": ("shifters",),
         "tests and price": ("designed", "shifters")}  # fmt: skip
CHANNELS, SHARES, REPLICATES = (5, 13, 20), (0.05, 0.10, 0.35, 0.60), 2
FOLDER = Path(__file__).parent.parent / "results" / "recovery"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[1:] or ["markets", "portfolio", "errors", "demand", "spends"]
    if "spends" in chosen:
        none = {"demand": "none", "known": "nothing"}
        fits = [(none, {"demand": "none", "errors": "ar1"})]
        for known, keys in KNOWN.items():
            described = {"describe": partial(describe, keys=keys), "errors": "ar1"}
            fits.append(({"demand": "unseen", "known": known}, described))
        write(markets_of(["forecasting"]), "spends", "spends_summary", fits)
    if "demand" in chosen:
        assumed = [{"demand": demand, "errors": "ar1"} for demand in ("none", "unseen")]
        write(markets_of(DEMANDED), "demand", "demand_summary", [(a, a) for a in assumed])
    if "errors" in chosen:
        remembering = [{"demand": "none", "errors": errors} for errors in ("iid", "ar1")]
        fits = [(form, form) for form in remembering]
        write(markets_of(REMEMBERING), "errors", "errors_summary", fits)
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


def describe(market: Market, keys: Sequence[str]) -> Dataset:
    """Dataset of a market whose description says of TV's budget what the keys say."""
    dataset = as_dataset(market)
    description = dataset.description
    tv = description.channels["tv"]
    unknown = {"designed": None, "shifters": ()}
    update = {key: value for key, value in unknown.items() if key not in keys}
    channels = description.channels | {"tv": tv.model_copy(update=update)}
    described = description.model_copy(update={"channels": channels})
    data = dataset.data.sel(shifter=list(described.shifters))
    if "designed" not in keys:
        data["designed"] = xr.zeros_like(data["designed"])
    return replace(dataset, description=described, data=data)


def write(
    markets: list[Market],
    rows_name: str,
    summary_name: str,
    fits: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]] = (({}, {}),),
) -> None:
    """Fit markets, and write a row per market, channel and effect, and their summary.

    Parameters
    ----------
    fits : sequence of pairs of dict, optional
        Of each fit the columns that tell it from the others, and arguments of `recover`; one fit as
        described by default.
    """
    rows, summaries = [], []
    for labels, arguments in fits:
        found_rows = recover(MODEL, markets, **arguments)
        told = ", ".join([f"fitting {rows_name}", *labels.values()])
        found = pd.concat(list(track(found_rows, total=len(markets), description=told)))
        rows.append(found.assign(**labels))
        summaries.append(summarise_recovery(found).assign(**labels))
    save(pd.concat(rows), rows_name, "%.6g")
    table = pd.concat(summaries)
    save(table, summary_name, "%.4f")
    shown = table[table["channel"].isin(["all", "all_media"])]
    print(shown.round(3).to_string(index=False))


def save(table: pd.DataFrame, name: str, digits: str) -> None:
    table.to_csv(FOLDER / f"{name}.csv", index=False, lineterminator="\n", float_format=digits)


if __name__ == "__main__":
    main()
