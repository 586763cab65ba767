"""A valid table, which tests make invalid in one place, and the real tables."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomli_w
from places import REAL

from mmm_bayes.data import Dataset, load

WEEKS = 60


@dataclass
class Market:
    """A table and its description, which are written to files when loaded."""

    folder: Path
    table: pd.DataFrame
    description: dict[str, Any] = field(default_factory=dict)

    def write(self, suffix: str = ".csv") -> Path:
        path = self.folder / f"weekly{suffix}"
        match suffix:
            case ".csv":
                self.table.to_csv(path, index=False)
            case ".xlsx":
                self.table.to_excel(path, index=False)
            case ".parquet":
                self.table.to_parquet(path, index=False)
        return self.write_description({"file": path.name} | self.description)

    def write_description(self, description: dict[str, Any]) -> Path:
        path = self.folder / "weekly.toml"
        path.write_text(tomli_w.dumps(description), encoding="utf-8")
        return path

    def write_text(self, text: str) -> Path:
        """Write the text of a csv file."""
        (self.folder / "weekly.csv").write_text(text, encoding="utf-8")
        return self.write_description({"file": "weekly.csv"} | self.description)

    def load(self, suffix: str = ".csv") -> Dataset:
        return load(self.write(suffix))

    def put(self, row: int, column: str, value: Any) -> None:
        """Change one cell, with rows numbered as in a spreadsheet."""
        self.table[column] = self.table[column].astype(object)
        self.table.loc[row - 2, column] = value


def _table(rng: np.random.Generator) -> pd.DataFrame:
    search = rng.gamma(2.0, 50.0, WEEKS) * (rng.random(WEEKS) < 0.7)
    social = rng.gamma(2.0, 80.0, WEEKS) * (rng.random(WEEKS) < 0.8)
    return pd.DataFrame(
        {
            "week": pd.date_range("2023-01-01", periods=WEEKS, freq="7D").strftime("%Y-%m-%d"),
            "search_spend": search.round(2),
            "social_spend": social.round(2),
            "social_views": (social * rng.uniform(8, 12, WEEKS)).round(),
            "price": rng.uniform(5, 6, WEEKS).round(2),
            "sales": (1000 + 2 * search + social + rng.normal(0, 50, WEEKS)).round(2),
        }
    )


_DESCRIPTION: dict[str, Any] = {
    "date": "week",
    "outcome": "sales",
    "channels": {
        "social": {"spend": "social_spend", "exposure": "social_views", "role": "social"},
        "search": {"spend": "search_spend"},
    },
    "mediators": {"search": {"causes": ["social"]}},
    "controls": {"price": {"column": "price", "transform": "log"}},
}


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path, _table(np.random.default_rng(1)), copy.deepcopy(_DESCRIPTION))


@pytest.fixture
def panel(tmp_path: Path) -> Market:
    """A panel of two regions, one of them called NA, sorted by region."""
    regions = [
        _table(np.random.default_rng(seed)).assign(region=region)
        for seed, region in enumerate(["NA", "EU"])
    ]
    table = pd.concat(regions, ignore_index=True)
    return Market(tmp_path, table, copy.deepcopy(_DESCRIPTION) | {"unit": "region"})


def _real(tmp_path: Path, name: str, description: dict[str, Any]) -> Path:
    if not (REAL / name).exists():
        pytest.skip(f"the public table {name} is not beside this checkout (../shared/data)")
    market = Market(tmp_path, pd.DataFrame())
    return market.write_description({"file": str(REAL / name)} | description)


@pytest.fixture
def weekly_mediation(tmp_path: Path) -> Path:
    channels = ["facebook", "google", "tiktok", "instagram", "snapchat"]
    description = {
        "date": "week",
        "outcome": "revenue",
        "channels": {name: {"spend": f"{name}_spend"} for name in channels},
        "mediators": {"google": {"causes": ["facebook", "tiktok", "snapchat"]}},
        "controls": {
            "price": {"column": "average_price", "transform": "log"},
            "followers": {"column": "social_followers", "transform": "growth"},
            "promotions": {"column": "promotions"},
        },
    }
    return _real(tmp_path, "weekly_mediation.csv", description)


@pytest.fixture
def division_weekly(tmp_path: Path) -> Path:
    channels = {
        name: {"spend": f"spend_{name}", "exposure": f"{name}_impressions"}
        for name in ["google", "facebook", "email", "affiliate"]
    }
    description = {
        "date": "calendar_week",
        "outcome": "sales",
        "unit": "division",
        "channels": channels,
    }
    return _real(tmp_path, "division_weekly.csv", description)
