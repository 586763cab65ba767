"""Whether a fit's own checks notice that the model is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import pandas as pd

from mmm_bayes.calibration.markets import SETTINGS, compiled_markets
from mmm_bayes.diagnostics import diagnose
from mmm_bayes.fitting import holdout
from mmm_bayes.sampling import Settings, complete, sample

#: Groups that hold the model against the data. The others speak of the sampler, which asks for
#: longer runs than these, of the table, or of the priors.
OF_THE_MODEL = ("outcome_ppc", "mediator_ppc", "residuals", "change", "loo", "holdout")


def alarms(
    model: str, markets: Iterable[tuple[str, int]], settings: Settings = SETTINGS
) -> Iterator[pd.DataFrame]:
    """Fit simulated markets, each with its holdout, and check the fits as a run would.

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
        For one market, a row per check: scenario, seed, group, name, value, status.
    """
    for market, compiled, arranged in compiled_markets(model, markets):
        own = dataclasses.replace(settings, seed=market.seed + 1)
        tree = sample(compiled, arranged, own)
        draws = complete(compiled, arranged, tree, seed=own.seed)
        predicted = holdout(compiled, arranged, own)
        if predicted is not None:
            draws["predictions"], draws["predictions_observed"] = predicted
        checks = [check.to_dict() for check in diagnose(draws, None).checks]
        rows = pd.DataFrame(checks)[["group", "name", "value", "status"]]
        rows.insert(0, "seed", market.seed)
        rows.insert(0, "scenario", market.scenario)
        yield rows


def told(checks: pd.DataFrame) -> pd.DataFrame:
    """In how many markets the checks of the model warned.

    Parameters
    ----------
    checks : pandas.DataFrame
        What `alarms` yields, together.

    Returns
    -------
    pandas.DataFrame
        For each scenario: markets; warned, how many of them had a check of the model that did
        not pass; failed, how many had one that failed; and often, the checks that did not pass
        in most markets, with their numbers of markets.
    """
    checks = checks[checks["group"].isin(OF_THE_MODEL)]
    out = []
    for scenario, rows in checks.groupby("scenario", sort=False):
        wrong = rows[rows["status"] != "pass"]
        names = (wrong["group"] + "." + wrong["name"]).value_counts()
        often = sorted(names.items(), key=lambda item: (-item[1], item[0]))[:3]
        out.append(
            {
                "scenario": scenario,
                "markets": rows["seed"].nunique(),
                "warned": wrong["seed"].nunique(),
                "failed": wrong.loc[wrong["status"] == "fail", "seed"].nunique(),
                "often": ", ".join(f"{name} ({count})" for name, count in often),
            }
        )
    return pd.DataFrame(out)
