"""Checks of a fit as alarms: how often they warn when the model is wrong."""

from __future__ import annotations

import contextlib

import pandas as pd

from mmm_bayes.diagnostics import diagnose
from mmm_bayes.errors import InputError
from mmm_bayes.inference.fit import holdout_designs, predict_holdout
from mmm_bayes.model.media import evaluate_media
from mmm_bayes.studies.calibration.markets import MarketFit

#: Groups of checks that compare the model with the data. The other groups concern the sampler,
#: which needs longer runs than these, the table, or the priors.
MODEL_CHECKS = ("outcome_ppc", "mediator_ppc", "residuals", "change", "loo", "holdout")


def market_checks(fit: MarketFit) -> pd.DataFrame:
    """Checks of an ordinary run, its holdout included.

    Returns
    -------
    pandas.DataFrame
        A row per check: scenario, seed, group, name, value, status.
    """
    draws = fit.draws.copy()
    with contextlib.suppress(InputError):  # a market that is too short has no holdout
        draws["predictions"], draws["predictions_observed"] = predict_holdout(
            fit.compiled, *holdout_designs(fit.design), fit.settings
        )
    media = evaluate_media(fit.counterfactual)
    checks = [check.to_dict() for check in diagnose(draws, None, media).checks]
    rows = pd.DataFrame(checks)[["group", "name", "value", "status"]]
    rows.insert(0, "seed", fit.market.seed)
    rows.insert(0, "scenario", fit.market.scenario)
    return rows


def warning_counts(checks: pd.DataFrame) -> pd.DataFrame:
    """Number of markets in which the checks of the model warned, by scenario.

    Parameters
    ----------
    checks : pandas.DataFrame
        The tables that `market_checks` returns, concatenated.

    Returns
    -------
    pandas.DataFrame
        For each scenario: markets; warned, the number of markets with a check of the model that
        did not pass; failed, the number with one that failed; and often, the three checks that
        most often did not pass, with their numbers of markets.
    """
    checks = checks[checks["group"].isin(MODEL_CHECKS)]
    counts = []
    for scenario, rows in checks.groupby("scenario", sort=False):
        not_passed = rows[rows["status"] != "pass"]
        names = (not_passed["group"] + "." + not_passed["name"]).value_counts()
        often = sorted(names.items(), key=lambda item: (-item[1], item[0]))[:3]
        counts.append(
            {
                "scenario": scenario,
                "markets": rows["seed"].nunique(),
                "warned": not_passed["seed"].nunique(),
                "failed": not_passed.loc[not_passed["status"] == "fail", "seed"].nunique(),
                "often": ", ".join(f"{name} ({count})" for name, count in often),
            }
        )
    return pd.DataFrame(counts)
