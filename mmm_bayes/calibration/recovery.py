"""Recovery of the true effects over many simulated markets.

The markets' parameters are drawn from ranges that no prior knows of (`mmm_bayes.simulate`),
so this measures what a user gets, not whether the sampler is right about its own prior.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.calibration.markets import SETTINGS, compiled_markets
from mmm_bayes.design import Design
from mmm_bayes.fitting import fitted_effects
from mmm_bayes.sampling import Compiled, Settings


def recover(
    model: str, markets: Iterable[tuple[str, int]], settings: Settings = SETTINGS
) -> Iterator[pd.DataFrame]:
    """Fit simulated markets one after the other with one compiled model.

    Parameters
    ----------
    model : str
        A member of the family.
    markets : iterable of (str, int)
        Scenario and seed of each market.
    settings : Settings

    Yields
    ------
    pandas.DataFrame
        For one market, a row per unit, channel and effect: scenario, seed, unit, channel,
        estimand, mean, median, sd, lower, upper, truth, outcome (summed over the table),
        divergences.
    """
    for market, compiled, arranged in compiled_markets(model, markets):
        own = dataclasses.replace(settings, seed=market.seed + 1)
        yield _one(compiled, arranged, market.truth, own)


def _one(
    compiled: Compiled, arranged: Design, truth: dict[str, Any], settings: Settings
) -> pd.DataFrame:
    found = fitted_effects(compiled, arranged, settings)
    known = pd.DataFrame(truth["effects"]).rename(columns={"value": "truth"})
    rows = found.merge(known, on=["unit", "channel", "estimand"])
    rows.insert(0, "seed", truth["seed"])
    rows.insert(0, "scenario", truth["scenario"])
    rows["outcome"] = float(arranged.arrays["outcome_observed"].sum())
    rows["divergences"] = rows.pop("divergences")  # last, as it is in saved tables
    return rows


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage, bias and width by effect, over markets.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `recover` yields, together. Effects that are zero by construction (the indirect
        effect of a channel that causes nothing) are left out.

    Returns
    -------
    pandas.DataFrame
        For each scenario, estimand and channel ("all": over channels): cases, coverage_90 with its
        90% binomial (Wilson) interval, mean width and mean error of the median as shares of
        the outcome, the median over cases of the relative error where the truth is not 0, and
        the share of intervals that contain 0.
    """
    rows = rows[(rows["unit"] == "all") & ((rows["sd"] > 0) | (rows["truth"] != 0))].copy()
    rows["covered"] = (rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])
    rows["width"] = (rows["upper"] - rows["lower"]) / rows["outcome"]
    rows["error"] = (rows["median"] - rows["truth"]) / rows["outcome"]
    rows["relative"] = ((rows["median"] - rows["truth"]) / rows["truth"]).where(rows["truth"] != 0)
    both = pd.concat([rows.assign(channel="all"), rows])
    out = []
    keys = ["scenario", "estimand", "channel"]
    for (scenario, estimand, channel), group in both.groupby(keys, sort=False):
        low, high = _wilson(int(group["covered"].sum()), len(group))
        out.append(
            {
                "scenario": scenario,
                "estimand": estimand,
                "channel": channel,
                "cases": len(group),
                "coverage_90": group["covered"].mean(),
                "coverage_lower": low,
                "coverage_upper": high,
                "mean_width": group["width"].mean(),
                "mean_error": group["error"].mean(),
                "relative_error": group["relative"].median(),
                "contains_zero": ((group["lower"] <= 0) & (group["upper"] >= 0)).mean(),
            }
        )
    return pd.DataFrame(out)


def _wilson(successes: int, cases: int) -> tuple[float, float]:
    """90% interval of a proportion; Wilson (1927)."""
    z, share = 1.6448536, successes / cases
    centre = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * np.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    return centre - half, centre + half
