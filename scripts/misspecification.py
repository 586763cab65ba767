"""Coverage of the intervals in 20 markets of each kind that departs from the model.

Writes ``results/misspecification/``: ``markets.csv`` (a row per market, channel and effect),
``summary.csv``, and ``checks.csv`` (the checks of the fits to 8 markets of each kind); and from
them the page ``docs/misspecification.md``. An interrupted run resumes where it stopped.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd
from rich.progress import track

from mmm_bayes.studies.calibration import recover, summarise_recovery
from mmm_bayes.studies.calibration.alarms import market_checks
from mmm_bayes.studies.calibration.departures import DEPARTURES, REFERENCE
from mmm_bayes.studies.calibration.misspecification import misspecification_page
from mmm_bayes.studies.simulate import Market, simulate

MODEL, MARKETS, CHECKED_MARKETS = "partial_mediation", 20, 8
SCENARIOS = [REFERENCE, *(departure.scenario for departure in DEPARTURES)]
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "results" / "misspecification"

Fits = Callable[[str, Iterable[Market]], Iterator[pd.DataFrame]]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = fit_markets("markets", recover, MARKETS)
    checks = fit_markets("checks", market_checks, CHECKED_MARKETS)
    for name in ("markets", "checks"):
        draft_path(name).replace(FOLDER / f"{name}.csv")
    table = summarise_recovery(rows)
    table.to_csv(FOLDER / "summary.csv", index=False, lineterminator="\n", float_format="%.4f")
    page = misspecification_page(rows, checks)
    (ROOT / "docs" / "misspecification.md").write_text(page, encoding="utf-8")
    print(page)


def draft_path(name: str) -> Path:
    """File of the markets that are already fitted."""
    return FOLDER / f"{name}.draft.csv"


def fit_markets(name: str, fits: Fits, count: int) -> pd.DataFrame:
    """Rows of all markets, including those of an interrupted run, as read from the draft."""
    path = draft_path(name)
    fitted = pd.read_csv(path) if path.exists() else pd.DataFrame({"scenario": [], "seed": []})
    finished = set(zip(fitted["scenario"], fitted["seed"], strict=True))
    markets = [(scenario, seed) for scenario in SCENARIOS for seed in range(count)]
    remaining = [market for market in markets if market not in finished]
    simulated = (simulate(scenario, seed=seed) for scenario, seed in remaining)
    for rows in track(
        fits(MODEL, simulated), total=len(remaining), description=f"fitting for {name}.csv"
    ):
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
