"""Evaluation of a member of the Bayesian family on the same splits: one compile, many refits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.baselines.effects import CounterfactualWeeks, best_transfer, budget_transfers
from mmm_bayes.baselines.predictions import WINDOW_COLUMNS, prediction_table
from mmm_bayes.baselines.validation import (
    DISTRIBUTION_SCORES,
    HOLDOUT,
    POINT_SCORES,
    ROLLING,
    array_scores,
)
from mmm_bayes.data import Dataset
from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.data.design import (
    UNLEARNED,
    arrange,
    make_design,
    missing_phrases,
)
from mmm_bayes.data.form import form_for
from mmm_bayes.data.splits import Split
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import Effects, channel_effects
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.inference.predictive import predict
from mmm_bayes.inference.sampling import (
    Settings,
    compile_model,
    compute_deterministics,
    sample,
)
from mmm_bayes.model.counterfactual import (
    Counterfactual,
    abduct,
    location_under,
    mediator_under,
    observed_location,
    outcome_change,
    path_with_mediator,
)
from mmm_bayes.model.family import load_member

TUNE, DRAWS, CHAINS = 500, 500, 4
#: Draws of a chain from which transfers of spend are computed.
REALLOCATION_DRAWS = 100
_ESTIMANDS = ("total", "direct", "indirect", "contribution_share", "roas")


@dataclass(frozen=True)
class FamilyResults:
    """Results of a member of the family, in the tables of the classical models.

    Attributes
    ----------
    metrics : list of (split, metric, value)
        Rows of ``baselines.csv`` without the model.
    contributions : pandas.DataFrame
        Columns of `effects.contribution_table`.
    reallocation : pandas.DataFrame
        Columns of `effects.reallocation_table`.
    predictions : pandas.DataFrame
        Columns of `predictions.prediction_table`.
    windows : pandas.DataFrame
        Columns `WINDOW_COLUMNS`.
    notes : list of str
        Splits that the member could not be fitted to, and why.
    """

    metrics: list[tuple[str, str, float | None]]
    contributions: pd.DataFrame
    reallocation: pd.DataFrame
    predictions: pd.DataFrame
    windows: pd.DataFrame
    notes: list[str]


def evaluate_member(
    name: str,
    dataset: Dataset,
    splits: Mapping[str, Split],
    *,
    link: str | None,
    seed: int,
    say: Callable[[str], None],
) -> FamilyResults:
    """Fit a member to all weeks and to the weeks of every split.

    Parameters
    ----------
    name : str
        Name of the member, or the path of its file.
    link : {"identity", "log"}, optional
        By default that of the description.
    """
    chosen = load_member(name)
    form = form_for(dataset, link=link)  # type: ignore[arg-type]
    settings = Settings(draws=DRAWS, tune=TUNE, chains=CHAINS, seed=seed)
    full_design = make_design(dataset, form)
    say(f"{chosen.name}: compiling")
    compiled = compile_model(chosen, full_design)
    metrics: list[tuple[str, str, float | None]] = []
    predictions: list[pd.DataFrame] = []
    windows: list[tuple[Any, ...]] = []
    notes = []
    units = dataset.data.sizes["unit"]
    for split, span in splits.items():
        start = time.perf_counter()
        try:
            train = make_design(dataset, form, span.train)
        except InputError as problem:
            notes.append(f"{chosen.name} was not fitted to {split}: {problem}.")
            continue
        notes += [
            f"{chosen.name}, {split}: {phrase} in the training weeks, and {UNLEARNED}."
            for phrase in missing_phrases(train)
        ]
        say(f"{chosen.name}: {split}")
        free = sample(compiled, train, settings)["posterior"].to_dataset()
        draws = compute_deterministics(compiled, train, free)
        test = arrange(dataset, form, train.scaling, span.test)
        outcome = predict(compiled.model, draws, test, seed=seed)["outcome"]
        sampled = outcome.stack(sample=("chain", "draw"), create_index=False)
        ordered = sampled.transpose("sample", "time", "unit").values
        predicted = ordered.reshape(len(ordered), -1)
        observed = test.arrays["outcome_observed"]
        scores = array_scores(observed.values.ravel(), predicted, units)
        metrics += [(split, name, scores[name]) for name in (*POINT_SCORES, *DISTRIBUTION_SCORES)]
        metrics.append((split, "seconds", time.perf_counter() - start))
        if split == HOLDOUT:
            point = np.median(predicted, 0)
            predictions.append(prediction_table(chosen.name, split, observed, point, predicted))
        if split.startswith(ROLLING):
            effects = channel_effects(abduct(compiled.model, train, draws, seed=seed))
            shares = effects.draws["contribution_share"].isel(unit=-1).mean(("chain", "draw"))
            first, last = train.arrays["time"].values[[0, -1]]
            windows += [
                (split, str(first)[:10], str(last)[:10], chosen.name, channel, float(share), np.nan)
                for channel, share in zip(dataset.channels, shares.values, strict=True)
            ]
    start = time.perf_counter()
    say(f"{chosen.name}: all weeks")
    free = sample(compiled, full_design, settings)["posterior"].to_dataset()
    draws = compute_deterministics(compiled, full_design, free)
    effects = channel_effects(abduct(compiled.model, full_design, draws, seed=seed))
    # Thinned, because the model is evaluated once more for each of dozens of transfers.
    thin = slice(None, None, max(1, DRAWS // REALLOCATION_DRAWS))
    fitted = abduct(compiled.model, full_design, draws.isel(draw=thin), seed=seed)
    metrics.append(("all", "seconds", time.perf_counter() - start))
    weeks = CounterfactualWeeks(dataset, slice(0, dataset.data.sizes["time"]), form.link)
    return FamilyResults(
        metrics,
        _contribution_table(chosen.name, effects),
        _reallocation_table(chosen.name, fitted, weeks),
        pd.concat(predictions) if predictions else pd.DataFrame(),
        pd.DataFrame(windows, columns=WINDOW_COLUMNS),
        notes,
    )


def _contribution_table(name: str, effects: Effects) -> pd.DataFrame:
    together = effects.combined.expand_dims(channel=[ALL_MEDIA])
    rows = []
    parts = [(estimand, effects.draws[estimand]) for estimand in _ESTIMANDS]
    for estimand, draws in [*parts, *together.items()]:
        values = draws.stack(sample=("chain", "draw"), create_index=False)
        for unit in values["unit"].values:
            for channel in values["channel"].values:
                sample_values = values.sel(unit=unit, channel=channel).values
                low, high = np.quantile(sample_values, INTERVAL)
                median = np.median(sample_values)  # the mean can be infinite under the log link
                rows.append((name, str(unit), str(channel), estimand, median, low, high))
    head = ["model", "unit", "channel", "estimand", "value", "lower", "upper"]
    return pd.DataFrame(rows, columns=head)


def _reallocation_table(
    name: str, fitted: Counterfactual, weeks: CounterfactualWeeks
) -> pd.DataFrame:
    fact = observed_location(fitted)
    rows = []
    for (giver, taker, share), factors in budget_transfers(weeks).items():
        path = fitted.observed_path.copy()
        for channel, factor in factors.items():
            path[..., weeks.dataset.channels.index(channel)] *= factor
        path = _with_mediator_response(fitted, path, weeks.dataset, factors)
        other = location_under(fitted, path)
        gain = -outcome_change(fitted, fact, other).sum((1, 2))
        low, high = np.quantile(gain, INTERVAL)
        rows.append((name, giver, taker, share, np.median(gain), low, high))
    head = ["model", "from", "to", "share", "gain", "lower", "upper"]
    table = pd.DataFrame(rows, columns=head)
    if table.empty:
        return table
    giver, taker = best_transfer(table)
    return table.assign(best=(table["from"] == giver) & (table["to"] == taker))


def _with_mediator_response(
    fitted: Counterfactual, path: Any, dataset: Dataset, factors: Mapping[str, float]
) -> Any:
    """Path in which the mediator responds to its causes, times its own factor of a transfer."""
    if fitted.mediator is None or not set(factors) & set(dataset.causes):
        return path
    factor = factors.get(str(dataset.mediator), 1.0)
    return path_with_mediator(fitted, path, factor * mediator_under(fitted, path))
