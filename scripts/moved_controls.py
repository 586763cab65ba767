"""Rates at which controls are named as moved by media, on markets of known truth.

The markets' equations are not those of the library: carryover is a delayed bump or a gamma, media
saturate as a power or logarithm, and demand is a random walk or remembers.

    python scripts/moved_controls.py [--markets 200]

writes results/recovery/moved_controls.csv.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from mmm_bayes.data.moved_controls import moving_channels, moving_together

WEEKS, CHANNELS, SEED = 156, 5, 2
RESULTS = Path(__file__).resolve().parents[1] / "results" / "recovery" / "moved_controls.csv"


def remembering(rng: np.random.Generator, persistence: float) -> np.ndarray:
    """Standardised autoregression; a random walk if the persistence is 1."""
    path = np.zeros(WEEKS + 60)
    for week in range(1, len(path)):
        path[week] = persistence * path[week - 1] + rng.normal()
    return standardised(path[60:])


def standardised(values: np.ndarray) -> np.ndarray:
    """Mean 0, standard deviation 1."""
    return (values - values.mean()) / values.std()


def spends(rng: np.random.Generator, *, season: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Budgets with a season, demand's share and chance; every other channel runs in flights."""
    columns = []
    for channel in range(CHANNELS):
        level = np.exp(0.4 * season + demand + 0.5 * remembering(rng, rng.uniform(0.2, 0.8)))
        on = remembering(rng, 0.7) > -0.2
        columns.append(level * on if channel % 2 else level)
    return np.stack(columns, -1)


def carried(rng: np.random.Generator, spend: np.ndarray) -> np.ndarray:
    """Saturated spend, spread over the weeks after it by a gamma-shaped kernel."""
    lags = np.arange(13)
    kernel = (lags + 0.3) ** rng.uniform(0.0, 1.2) * np.exp(-lags / rng.uniform(0.8, 4.0))
    response = spend ** rng.uniform(0.4, 1.0) if rng.random() < 0.5 else np.log1p(2 * spend)
    return standardised(np.convolve(response, kernel / kernel.sum())[: len(spend)])


def market(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A control, spends, and the calendar's columns."""
    angle = 2 * np.pi * np.arange(WEEKS) / 52.18
    calendar = [f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)]
    calendar += [np.linspace(-1, 1, WEEKS)]
    season = np.cos(angle - 1) + 0.4 * np.cos(2 * angle)
    peak = 2.0 * np.isin(np.arange(WEEKS) % 52, (46, 47, 50))
    demand = {
        "demand_ar": lambda: 0.4 * remembering(rng, 0.8),
        "demand_walk": lambda: 0.4 * remembering(rng, 1.0),
    }.get(kind, lambda: np.zeros(WEEKS))()
    media = spends(rng, season=season + peak * (kind == "peaks"), demand=demand)
    chance = remembering(rng, rng.uniform(0.0, 0.9))
    match kind:
        case "price":
            control = remembering(rng, 0.95)
        case "walk":
            control = remembering(rng, 1.0)
        case "weather":
            control = 2 * season + remembering(rng, 0.6)
        case "peaks":
            control = season + peak + 0.7 * chance
        case "promotion":
            control = (rng.random(WEEKS) < 0.15).astype(float)
            media[:, :2] *= 1 + 1.5 * control[:, None]
        case "promotion_runs":
            control = (remembering(rng, 0.6) > 1).astype(float)
            media[:, :2] *= 1 + 1.5 * control[:, None]
        case "planner":
            control = chance
            media[:, 0] *= np.exp(0.6 * np.roll(control, 1))
        case "demand_ar" | "demand_walk":
            control = standardised(demand) + 0.7 * chance
        case "same_week":
            control = standardised(np.sqrt(media[:, 0])) + 0.5 * chance + 0.5 * season
        case _:
            share = float(kind.removeprefix("moved_"))
            effect = standardised(carried(rng, media[:, 0]) + 0.7 * carried(rng, media[:, 1]))
            other = standardised(0.7 * season + chance)
            control = np.sqrt(share) * effect + np.sqrt(1 - share) * other
    return control, media, np.stack(calendar, -1)


KINDS = {
    **dict.fromkeys(
        ("price", "walk", "weather", "peaks", "promotion", "promotion_runs", "planner",
         "demand_ar", "demand_walk"), "false alarm"),
    **dict.fromkeys(("moved_0.1", "moved_0.2", "moved_0.3", "moved_0.5", "same_week"), "named"),
}  # fmt: skip


def main() -> None:
    """Measure the rates and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=200)
    arguments = parser.parse_args()
    rows = []
    for number, (kind, meaning) in enumerate(KINDS.items()):
        found = []
        for seed in range(arguments.markets):
            rng = np.random.default_rng([SEED, number, seed])
            control, media, calendar = market(rng, kind)
            sample = control[:, None], media[:, None, :], calendar[:, None, :]
            found.append({*moving_channels(*sample), *moving_together(*sample)})
        named = np.array([bool(channels) for channels in found])
        wrong = np.array([any(channel > 1 for channel in channels) for channels in found])
        rows.append((kind, meaning, len(found), named.mean(), wrong.mean()))
    table = pd.DataFrame(
        rows, columns=["control", "meaning", "markets", "rate", "channel_that_does_not_move_it"]
    )
    table.to_csv(RESULTS, index=False, float_format="%.3f")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
