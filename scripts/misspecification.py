"""Coverage of intervals and gains of plans in 20 markets of each kind that departs from the model.

Writes ``results/misspecification/``: ``markets.csv`` (a row per market, channel and effect),
``summary.csv``, ``plans.csv`` (a row per market and mediator policy) and ``checks.csv`` (the checks
of the fits to 8 markets of each kind); and from them the page ``docs/misspecification.md``. An
interrupted run resumes where it stopped.
"""

from pathlib import Path

import pandas as pd
from rich.progress import track

from mmm_bayes.studies.calibration import summarise_recovery
from mmm_bayes.studies.calibration.alarms import market_checks
from mmm_bayes.studies.calibration.departures import DEPARTURES, REFERENCE
from mmm_bayes.studies.calibration.markets import default_fits
from mmm_bayes.studies.calibration.misspecification import misspecification_page
from mmm_bayes.studies.calibration.plans import market_plans
from mmm_bayes.studies.calibration.recovery import market_effects
from mmm_bayes.studies.simulate import simulate

MODEL, MARKETS, CHECKED_MARKETS = "partial_mediation", 20, 8
SCENARIOS = [REFERENCE, *(departure.scenario for departure in DEPARTURES)]
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "results" / "misspecification"
#: The last one is written last: a market in it is finished.
TABLES = ("checks", "plans", "markets")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    fit_markets()
    for name in TABLES:
        draft_path(name).replace(FOLDER / f"{name}.csv")
    checks, plans, rows = (pd.read_csv(FOLDER / f"{name}.csv") for name in TABLES)
    table = summarise_recovery(rows)
    table.to_csv(FOLDER / "summary.csv", index=False, lineterminator="\n", float_format="%.4f")
    page = misspecification_page(rows, checks, plans)
    (ROOT / "docs" / "misspecification.md").write_text(page, encoding="utf-8")
    print(page)


def draft_path(name: str) -> Path:
    """File of the markets that are already fitted."""
    return FOLDER / f"{name}.draft.csv"


def fit_markets() -> None:
    """Fit the markets that an interrupted run has left, and add their rows to the drafts."""
    finished = set()
    if draft_path("markets").exists():
        kept = pd.read_csv(draft_path("markets"))[["scenario", "seed"]].drop_duplicates()
        finished = set(kept.itertuples(index=False, name=None))
        for name in TABLES[:-1]:  # rows of a market that was not finished
            rows = pd.read_csv(draft_path(name))
            whole = rows.merge(kept, on=["scenario", "seed"])
            write(whole, name, "w")
    else:
        for name in TABLES:
            draft_path(name).unlink(missing_ok=True)
    markets = [(scenario, seed) for scenario in SCENARIOS for seed in range(MARKETS)]
    remaining = [market for market in markets if market not in finished]
    simulated = (simulate(scenario, seed=seed) for scenario, seed in remaining)
    fits = default_fits(MODEL, simulated)
    for fit in track(fits, total=len(remaining), description="fitting markets"):
        if fit.market.seed < CHECKED_MARKETS:
            write(market_checks(fit), "checks")
        write(market_plans(fit), "plans")
        write(market_effects(fit), "markets")


def write(rows: pd.DataFrame, name: str, mode: str = "a") -> None:
    """Write rows to a draft, or add them to it."""
    path = draft_path(name)
    header = mode == "w" or not path.exists()
    rows.to_csv(
        path, mode=mode, header=header, index=False, lineterminator="\n", float_format="%.6g"
    )


if __name__ == "__main__":
    main()
