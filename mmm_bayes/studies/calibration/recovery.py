"""Recovery of the true effects over many simulated markets, and the coverage of the intervals.

The markets' parameters are drawn from ranges of their own, not from the priors
(`mmm_bayes.studies.simulate`), so this measures what a user can expect, not whether the sampler is
right under its own prior.

Whether the 90% intervals can be trusted is decided by a rule stated in advance. The coverage found
in a number of cases has an interval of its own (Wilson, 90%). Where that interval contains 90%,
there is no evidence against the intervals. Where it lies below, they are too narrow; where it lies
above, they contain the truth more often than they claim, and could be narrower.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.data.design import Design
from mmm_bayes.inference.fit import effects_of_fit, fit_effects
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.studies.calibration.markets import SETTINGS, MarketFit, compiled_markets
from mmm_bayes.studies.simulate.market import CAUSES, Market

#: Nominal coverage of the intervals.
NOMINAL = 0.90

Verdict = Literal["trusted", "trusted, wider than need be", "not trusted"]


def recover(
    model: str,
    markets: Iterable[Market],
    settings: Settings = SETTINGS,
    **choices: Any,
) -> Iterator[pd.DataFrame]:
    """Fit simulated markets, one after another, with one compiled model.

    Parameters
    ----------
    model : str
        A member of the family.
    markets : iterable of Market
        Those of one form and size are compiled once.
    **choices
        Other arguments of `compiled_markets`: the form of the fits, and how markets are described.

    Yields
    ------
    pandas.DataFrame
        For one market, a row per unit, channel and effect: scenario, seed, unit, channel,
        estimand, mean, median, sd, lower, upper, truth, outcome (summed over the table),
        divergences.
    """
    for market, compiled, arranged in compiled_markets(model, markets, **choices):
        seeded = dataclasses.replace(settings, seed=market.seed + 1)
        yield _beside_truth(fit_effects(compiled, arranged, seeded), arranged, market)


def market_effects(fit: MarketFit) -> pd.DataFrame:
    """Effects of one fit beside the truth, with the columns of `recover`.

    Those within what was observed are among them (`mmm_bayes.estimands.supported_effects`).
    """
    effects = effects_of_fit(fit.counterfactual, fit.draws, supported=True)
    return _beside_truth(effects, fit.design, fit.market)


def _beside_truth(effects: pd.DataFrame, design: Design, market: Market) -> pd.DataFrame:
    known = pd.DataFrame(market.truth["effects"]).rename(columns={"value": "truth"})
    rows = effects.merge(known, on=["unit", "channel", "estimand"])
    rows.insert(0, "seed", market.seed)
    rows.insert(0, "scenario", market.scenario)
    rows["outcome"] = float(design.arrays["outcome_observed"].sum())
    rows["divergences"] = rows.pop("divergences")  # last, as it is in saved tables
    return rows


def summarise_recovery(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage, bias and width of the intervals, by effect, over markets.

    Parameters
    ----------
    rows : pandas.DataFrame
        The tables that `recover` yields, concatenated. Effects that are zero by construction (the
        indirect effect of a channel that is not a cause) are left out.

    Returns
    -------
    pandas.DataFrame
        For each scenario, estimand and channel ("all": each channel a case; "all_media": all
        together): cases, coverage_90 with its
        90% binomial (Wilson) interval, mean width and mean error of the median as shares of
        the outcome, the median over cases of the relative error where the truth is not 0, and
        the share of intervals that contain 0.
    """
    rows = rows[(rows["unit"] == "all") & ((rows["sd"] > 0) | (rows["truth"] != 0))].copy()
    rows["covered"] = (rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])
    rows["width"] = (rows["upper"] - rows["lower"]) / rows["outcome"]
    rows["error"] = (rows["median"] - rows["truth"]) / rows["outcome"]
    rows["relative"] = ((rows["median"] - rows["truth"]) / rows["truth"]).where(rows["truth"] != 0)
    single = rows[rows["channel"] != ALL_MEDIA]
    pooled_and_single = pd.concat([single.assign(channel="all"), rows])
    summaries = []
    keys = ["scenario", "estimand", "channel"]
    for (scenario, estimand, channel), group in pooled_and_single.groupby(keys, sort=False):
        low, high = wilson_interval(int(group["covered"].sum()), len(group))
        summaries.append(
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
    return pd.DataFrame(summaries)


def wilson_interval(successes: int, cases: int) -> tuple[float, float]:
    """90% interval of a proportion; Wilson (1927).

    Parameters
    ----------
    successes, cases : int
        Number of successes, and of trials.
    """
    z, share = 1.6448536, successes / cases
    centre = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * np.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    return centre - half, centre + half


def coverage_verdict(lower: float, upper: float) -> Verdict:
    """Verdict on 90% intervals, by the rule of this module.

    Parameters
    ----------
    lower, upper : float
        90% interval of the coverage of 90% intervals.
    """
    if upper < NOMINAL:
        return "not trusted"
    if lower > NOMINAL:
        return "trusted, wider than need be"
    return "trusted"


def judge_coverage(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage and verdict by scenario, effect and group of channels.

    Parameters
    ----------
    rows : pandas.DataFrame
        The tables that `recover` yields, concatenated.

    Returns
    -------
    pandas.DataFrame
        The rows of `summarise_recovery`, with the causes of the mediator pooled as "social", and
        the column "verdict".
    """
    groups = rows["channel"].where(~rows["channel"].isin(CAUSES), "social")
    table = summarise_recovery(rows.assign(channel=groups))
    intervals = zip(table["coverage_lower"], table["coverage_upper"], strict=True)
    return table.assign(verdict=[coverage_verdict(lower, upper) for lower, upper in intervals])
