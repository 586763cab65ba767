"""Files of a simulated market: the table, its description and its truth, side by side."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.data import Dataset, load
from mmm_bayes.errors import InputError
from mmm_bayes.estimands.effects import EFFECTS
from mmm_bayes.files import write_text
from mmm_bayes.studies.simulate.market import EMAIL, Market

ROLES = {"google": "search", "tv": "offline"}
_SET_BY_DEMAND = ['set_by = "demand"', 'designed = "tv_test"', 'shifters = ["airtime_price"]']
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
    csv : pathlib.Path
        Path of the table; must end in ``.csv``.

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
    """Dataset of a simulated market, written and loaded like a user's table, with all checks."""
    with tempfile.TemporaryDirectory() as folder:
        _, toml, _ = save(market, Path(folder) / "market.csv")
        return load(toml)


def describe(market: Market, file: str) -> str:
    """TOML description of a simulated table."""
    truth = market.truth
    lines = [
        f"# {truth['description']}",
        f"# Simulated: scenario {market.scenario}, seed {market.seed}; "
        "the truth is saved beside it.",
        "",
        f'file    = "{file}"',
        'date    = "week"',
        'outcome = "revenue"',
        *(['unit    = "region"'] if len(truth["units"]) > 1 else []),
    ]
    for channel in (name for name in truth["channels"] if name != EMAIL):
        role = ROLES.get(channel, "social")
        lines += ["", f"[channels.{channel}]", f'spend = "{channel}_spend"', f'role  = "{role}"']
        if f"{channel}_test" in market.table:
            lines += _SET_BY_DEMAND
    if owned := EMAIL in truth["channels"]:
        lines += ["", f"[channels.{EMAIL}]", 'exposure = "emails_sent"', 'role     = "owned"']
    causes = ", ".join(f'"{cause}"' for cause in truth["causes"])
    lines += [
        "",
        f"[mediators.{truth['mediator']}]",
        f"causes = [{causes}]",
        "",
        "[controls.price]",
        'column    = "price"',
        'transform = "log"',
        "",
        "[controls.promotion]",
        'column = "promotion"',
        *(_INTERACTIONS if owned else []),
        "",
        "[calendar]",
        "fourier = 2",
        'trend   = "linear"',
        "",
        "[model]",
        f'link = "{truth["link"]}"',
    ]
    if "floor" in truth["parameters"]:
        lines += [f"floor = {truth['parameters']['floor']}", 'at_floor = "censored"']
    return "\n".join(lines) + "\n"


def compare_with_truth(estimands: pd.DataFrame, truth: str | Path) -> pd.DataFrame:
    """Estimated effects of a simulated market beside the true ones.

    Parameters
    ----------
    estimands : pandas.DataFrame
        Table of a run on the simulated table: unit, channel, estimand, mean, median, sd, lower,
        upper.
    truth : path
        The market's ``NAME.truth.json``.

    Returns
    -------
    pandas.DataFrame
        The total, direct and indirect effects of each channel, and the total of all media, in the
        outcome's units:
        unit, channel, estimand, truth, mean, lower, upper, and inside, whether the 90% interval
        contains the truth; missing where the model allows one value only.
    """
    effects = json.loads(Path(truth).read_text(encoding="utf-8"))["effects"]
    known = pd.DataFrame(effects).rename(columns={"value": "truth"})
    known = known[known["estimand"].isin(EFFECTS)]
    compared = estimands.merge(known, on=["unit", "channel", "estimand"])
    inside = (compared["lower"] <= compared["truth"]) & (compared["truth"] <= compared["upper"])
    compared["inside"] = inside.astype("boolean").where(compared["sd"] > 0)
    return compared[["unit", "channel", "estimand", "truth", "mean", "lower", "upper", "inside"]]


def _rounded(value: Any) -> Any:
    """Floats rounded to ten significant digits, as the last ones differ between machines."""
    match value:
        case float():
            return float(f"{value:.10g}")
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
    return value
