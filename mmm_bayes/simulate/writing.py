"""Write a simulated market: the table, its description and its truth, side by side."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from mmm_bayes.dataset import Dataset, load
from mmm_bayes.errors import InputError
from mmm_bayes.files import write_text
from mmm_bayes.simulate.market import CAUSES, CHANNELS, EMAIL, MEDIATOR, Market
from mmm_bayes.simulate.scenarios import SCENARIOS

ROLES = {"google": "search", "tv": "offline"}
_INTERACTIONS = [
    "",
    "[interactions.promotion_at_price]",
    'between = ["promotion", "price"]',
    "",
    "[interactions.email_at_promotion]",
    f'between = ["{EMAIL}", "promotion"]',
]


def save(market: Market, csv: Path) -> tuple[Path, Path, Path]:
    """Write ``NAME.csv``, ``NAME.toml`` and ``NAME.truth.json``.

    Parameters
    ----------
    market : Market
    csv : pathlib.Path
        Where the table goes; must end in ``.csv``.

    Returns
    -------
    tuple of pathlib.Path
        Table, description, truth.

    Raises
    ------
    InputError
        If the name does not end in ``.csv``.
    """
    if csv.suffix != ".csv":
        raise InputError(f"{csv}: a simulated table is written as csv; end its name in .csv")
    toml, truth = csv.with_suffix(".toml"), csv.with_suffix(".truth.json")
    write_text(csv, market.table.to_csv(index=False, lineterminator="\n", float_format="%.2f"))
    write_text(toml, describe(market, csv.name))
    write_text(truth, json.dumps(_rounded(market.truth), indent=1) + "\n")
    return csv, toml, truth


def as_dataset(market: Market) -> Dataset:
    """A simulated market as a table of a user is read: written, and loaded with all checks."""
    with tempfile.TemporaryDirectory() as folder:
        _, toml, _ = save(market, Path(folder) / "market.csv")
        return load(toml)


def describe(market: Market, file: str) -> str:
    """The TOML description of a simulated table."""
    kind = SCENARIOS[market.scenario]
    lines = [
        f"# {kind.says}",
        f"# Simulated: scenario {market.scenario}, seed {market.seed}; the truth stands beside it.",
        "",
        f'file    = "{file}"',
        'date    = "week"',
        'outcome = "revenue"',
        *(['unit    = "region"'] if kind.units > 1 else []),
    ]
    for channel in CHANNELS:
        role = ROLES.get(channel, "social")
        lines += ["", f"[channels.{channel}]", f'spend = "{channel}_spend"', f'role  = "{role}"']
    if kind.owned:
        lines += ["", f"[channels.{EMAIL}]", 'exposure = "emails_sent"', 'role     = "owned"']
    causes = ", ".join(f'"{cause}"' for cause in CAUSES)
    lines += [
        "",
        "[mediation]",
        f'mediator = "{MEDIATOR}"',
        f"causes   = [{causes}]",
        "",
        "[controls.price]",
        'column    = "price"',
        'transform = "log"',
        "",
        "[controls.promotion]",
        'column = "promotion"',
        *(_INTERACTIONS if kind.owned else []),
        "",
        "[calendar]",
        "fourier = 2",
        'trend   = "linear"',
        "",
        "[model]",
        f'link = "{kind.link}"',
    ]
    if "floor" in market.truth["parameters"]:
        lines += [f"floor = {market.truth['parameters']['floor']}", 'at_floor = "censored"']
    return "\n".join(lines) + "\n"


def _rounded(value: Any) -> Any:
    """Floats to ten significant digits: the last ones differ between machines."""
    match value:
        case float():
            return float(f"{value:.10g}")
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
    return value
