"""Small tables for the classical models, with parts whose truth is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import tomli_w

from mmm_bayes.data import Dataset, load

CHANNELS = ("social", "search", "tv")  # search is the mediator of social
MAX_LAG = 3


def table(weeks: int = 80, units: int = 1, seed: int = 1, noise: float = 20.0) -> pd.DataFrame:
    """Sales that are linear in this week's spends and the price; search follows social."""
    parts = []
    for unit in range(units):
        rng = np.random.default_rng([seed, unit])
        size = 1.0 + unit
        social = rng.gamma(2.0, 50.0 * size, weeks) * (rng.random(weeks) < 0.7)
        search = 0.8 * social + rng.gamma(2.0, 20.0 * size, weeks)
        tv = rng.gamma(2.0, 60.0 * size, weeks)
        price = rng.uniform(5, 6, weeks)
        kind = rng.integers(0, 4, weeks)
        sales = (
            size * (900 - 60 * price + 30 * (kind == 2))
            + 0.5 * search
            + 0.4 * tv
            + noise * size * rng.standard_normal(weeks)
        )
        parts.append(
            pd.DataFrame(
                {
                    "week": pd.date_range("2023-01-02", periods=weeks, freq="7D").strftime(
                        "%Y-%m-%d"
                    ),
                    "region": f"r{unit}",
                    "social_spend": social,
                    "search_spend": search,
                    "tv_spend": tv,
                    "price": price,
                    "kind": kind,
                    "sales": sales,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def write(folder: Path, frame: pd.DataFrame, **changes: object) -> Path:
    """The table and its description; `changes` replaces keys of the description."""
    description: dict[str, object] = {
        "file": "small.csv",
        "date": "week",
        "outcome": "sales",
        "channels": {name: {"spend": f"{name}_spend"} for name in CHANNELS},
        "mediators": {"search": {"causes": ["social"]}},
        "controls": {"price": {"column": "price"}, "kind": {"column": "kind"}},
        "calendar": {"fourier": 1, "trend": "linear"},
        "model": {"max_lag": MAX_LAG},
    }
    if frame["region"].nunique() > 1:
        description["unit"] = "region"
    description |= changes
    frame.to_csv(folder / "small.csv", index=False)
    path = folder / "small.toml"
    path.write_text(
        tomli_w.dumps({key: value for key, value in description.items() if value is not None})
    )
    return path


def dataset(folder: Path, frame: pd.DataFrame | None = None, **changes: object) -> Dataset:
    """The same, loaded."""
    return load(write(folder, table() if frame is None else frame, **changes))


#: A choice under which a linear model is exactly the one that made the table, but for the price.
STRAIGHT = {
    "retention": dict.fromkeys(CHANNELS, 0.0),
    "half_saturation": dict.fromkeys(CHANNELS, 1e9),
    "slope": 1.0,
    "shape": "hill",
    "season": "fourier",
    "scaling": "standard",
}
