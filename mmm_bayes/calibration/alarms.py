"""Whether a fit's own checks notice that the model is wrong."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from mmm_bayes.calibration.recovery import SETTINGS
from mmm_bayes.dataset import load
from mmm_bayes.design import design, form_for
from mmm_bayes.diagnostics import diagnose
from mmm_bayes.family import member
from mmm_bayes.fitting import Job, holdout
from mmm_bayes.sampling import Settings, compile_model, complete, sample
from mmm_bayes.simulate import save, simulate

#: Groups that hold the model against the data. The others speak of the sampler, which asks for
#: longer runs than these, of the table, or of the priors.
OF_THE_MODEL = ("outcome_ppc", "mediator_ppc", "residuals", "loo", "holdout")


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
    chosen, compiled, form = member(model), None, None
    for scenario, seed in markets:
        with tempfile.TemporaryDirectory() as folder:
            _, toml, _ = save(simulate(scenario, seed=seed), Path(folder) / "market.csv")
            dataset = load(toml)
        ours = dataclasses.replace(settings, seed=seed + 1)
        job = Job(dataset, chosen, form_for(dataset), ours, Path(folder))
        arranged = design(dataset, job.form)
        if compiled is None or job.form != form:
            compiled, form = compile_model(chosen, arranged), job.form
        tree = sample(compiled, arranged, ours)
        draws = complete(compiled, arranged, tree, seed=ours.seed)
        predicted = holdout(compiled, job)
        if predicted is not None:
            draws["predictions"], draws["predictions_observed"] = predicted
        checks = [check.to_dict() for check in diagnose(draws, None).checks]
        rows = pd.DataFrame(checks)[["group", "name", "value", "status"]]
        rows.insert(0, "seed", seed)
        rows.insert(0, "scenario", scenario)
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
