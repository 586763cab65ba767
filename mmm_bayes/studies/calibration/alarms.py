"""Checks of a fit as alarms: how often they warn when the model is wrong."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator

import pandas as pd

from mmm_bayes.diagnostics import diagnose
from mmm_bayes.errors import InputError
from mmm_bayes.inference.fit import holdout_designs, predict_holdout
from mmm_bayes.inference.sampling import Settings, add_derived_groups, sample
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.media import evaluate_media
from mmm_bayes.studies.calibration.markets import SETTINGS, compiled_markets
from mmm_bayes.studies.simulate.market import Market

#: Groups of checks that compare the model with the data. The other groups concern the sampler,
#: which needs longer runs than these, the table, or the priors.
MODEL_CHECKS = ("outcome_ppc", "mediator_ppc", "residuals", "change", "loo", "holdout")


def market_checks(
    model: str, markets: Iterable[Market], settings: Settings = SETTINGS
) -> Iterator[pd.DataFrame]:
    """Fit simulated markets, each with its holdout, and run the checks of an ordinary run.

    Parameters
    ----------
    model : str
        A member of the family.
    markets : iterable of Market
        Those of one form one after another.

    Yields
    ------
    pandas.DataFrame
        For one market, a row per check: scenario, seed, group, name, value, status.
    """
    for market, compiled, arranged in compiled_markets(model, markets):
        seeded = dataclasses.replace(settings, seed=market.seed + 1)
        tree = sample(compiled, arranged, seeded)
        draws = add_derived_groups(compiled, arranged, tree, seed=seeded.seed)
        with contextlib.suppress(InputError):  # a market that is too short has no holdout
            draws["predictions"], draws["predictions_observed"] = predict_holdout(
                compiled, *holdout_designs(arranged), seeded
            )
        fitted = abduct(compiled.model, arranged, draws["posterior"].to_dataset())
        checks = [check.to_dict() for check in diagnose(draws, None, evaluate_media(fitted)).checks]
        rows = pd.DataFrame(checks)[["group", "name", "value", "status"]]
        rows.insert(0, "seed", market.seed)
        rows.insert(0, "scenario", market.scenario)
        yield rows


def warning_counts(checks: pd.DataFrame) -> pd.DataFrame:
    """Number of markets in which the checks of the model warned, by scenario.

    Parameters
    ----------
    checks : pandas.DataFrame
        The tables that `market_checks` yields, concatenated.

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
