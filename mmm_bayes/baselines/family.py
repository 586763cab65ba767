"""A member of the Bayesian family on the same splits: one compile, a refit for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.baselines.effects import Question, best_move, moves
from mmm_bayes.baselines.predictions import ROLLED, predicted
from mmm_bayes.baselines.validation import DISTRIBUTION, LAST, POINT, ROLLING, scored
from mmm_bayes.counterfactual import (
    World,
    change,
    mediator_under,
    observed_location,
    outcome_location,
    with_mediator,
    world,
)
from mmm_bayes.dataset import Dataset
from mmm_bayes.design import arrange, data_names, design, form_for
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import channel_effects
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.evaluation import parameters
from mmm_bayes.family import member
from mmm_bayes.sampling import Settings, compile_model, follow, predictive, sample
from mmm_bayes.splits import Split

TUNE, DRAWS, CHAINS = 500, 500, 4
#: Draws of a chain that transfers of money are computed with.
MOVED = 100
_ESTIMANDS = ("total", "direct", "indirect", "contribution_share", "roas")


@dataclass(frozen=True)
class Answers:
    """What a member says, in the tables of the classical models.

    Attributes
    ----------
    metrics : list of (split, metric, value)
    contributions, reallocation, predictions, rolling : pandas.DataFrame
    notes : list of str
        Splits that it could not be fitted to, and why.
    """

    metrics: list[tuple[str, str, float | None]]
    contributions: pd.DataFrame
    reallocation: pd.DataFrame
    predictions: pd.DataFrame
    rolling: pd.DataFrame
    notes: list[str]


def answers(
    name: str,
    dataset: Dataset,
    splits: Mapping[str, Split],
    *,
    link: str | None,
    seed: int,
    say: Callable[[str], None],
) -> Answers:
    """Fit a member to all weeks and to the weeks of every split.

    Parameters
    ----------
    name : str
        Of the member, or the path of its file.
    dataset : Dataset
    splits : mapping of str to Split
    link : {"identity", "log"}, optional
        The description's if left out.
    seed : int
    say : callable
    """
    chosen = member(name)
    form = form_for(dataset, link=link)  # type: ignore[arg-type]
    settings = Settings(draws=DRAWS, tune=TUNE, chains=CHAINS, seed=seed)
    whole = design(dataset, form)
    say(f"{chosen.name}: compiling")
    compiled = compile_model(chosen, whole)
    predict = predictive(compiled.model, seed=seed)
    metrics: list[tuple[str, str, float | None]] = []
    predictions: list[pd.DataFrame] = []
    rolling: list[tuple[Any, ...]] = []
    notes = []
    units = dataset.data.sizes["unit"]
    for split, span in splits.items():
        start = time.perf_counter()
        try:
            train = design(dataset, form, span.train)
        except InputError as problem:
            notes.append(f"{chosen.name} was not fitted to {split}: {problem}.")
            continue
        say(f"{chosen.name}: {split}")
        free = sample(compiled, train, settings)["posterior"].to_dataset()
        draws = follow(compiled, train, free)
        test = arrange(dataset, form, train.scaling, span.test)
        data = {one: test.arrays[one].values for one in data_names(test)}
        made = predict.labelled(draws[parameters(compiled.model)], data)["outcome"]
        sampled = made.stack(sample=("chain", "draw"), create_index=False)
        guesses = sampled.transpose("sample", "time", "unit").values.reshape(-1, units)
        guesses = guesses.reshape(sampled.sizes["sample"], -1)
        observed = test.arrays["outcome_observed"].values.ravel()
        found = scored(observed, guesses, units)
        metrics += [(split, one, found[one]) for one in (*POINT, *DISTRIBUTION)]
        metrics.append((split, "seconds", time.perf_counter() - start))
        if split == LAST:
            weeks = test.arrays["outcome_observed"]
            middle = np.median(guesses, 0)
            predictions.append(predicted(chosen.name, split, weeks, middle, guesses))
        if split.startswith(ROLLING):
            effects = channel_effects(world(compiled.model, train, draws, seed=seed)).draws
            shares = effects["contribution_share"].isel(unit=-1).mean(("chain", "draw"))
            first, last = train.arrays["time"].values[[0, -1]]
            rolling += [
                (split, str(first)[:10], str(last)[:10], chosen.name, channel, float(share), np.nan)
                for channel, share in zip(dataset.channels, shares.values, strict=True)
            ]
    start = time.perf_counter()
    say(f"{chosen.name}: all weeks")
    free = sample(compiled, whole, settings)["posterior"].to_dataset()
    draws = follow(compiled, whole, free)
    effects = channel_effects(world(compiled.model, whole, draws, seed=seed)).draws
    # One draw in a few: dozens of transfers, each of which is the whole model once more.
    thin = slice(None, None, max(1, DRAWS // MOVED))
    few = world(compiled.model, whole, draws.isel(draw=thin), seed=seed)
    metrics.append(("all", "seconds", time.perf_counter() - start))
    question = Question(dataset, slice(0, dataset.data.sizes["time"]), form.link)
    return Answers(
        metrics,
        _contributions(chosen.name, effects),
        _reallocation(chosen.name, few, question),
        pd.concat(predictions) if predictions else pd.DataFrame(),
        pd.DataFrame(rolling, columns=ROLLED),
        notes,
    )


def _contributions(name: str, draws: xr.Dataset) -> pd.DataFrame:
    rows = []
    for estimand in _ESTIMANDS:
        values = draws[estimand].stack(sample=("chain", "draw"), create_index=False)
        for unit in values["unit"].values:
            for channel in values["channel"].values:
                one = values.sel(unit=unit, channel=channel).values
                low, high = np.quantile(one, INTERVAL)
                middle = np.median(one)  # under the log link a mean need not be finite
                rows.append((name, str(unit), str(channel), estimand, middle, low, high))
    head = ["model", "unit", "channel", "estimand", "value", "lower", "upper"]
    return pd.DataFrame(rows, columns=head)


def _reallocation(name: str, few: World, question: Question) -> pd.DataFrame:
    fact = observed_location(few)
    rows = []
    for (giver, taker, part), factors in moves(question).items():
        path = few.observed_path.copy()
        for channel, factor in factors.items():
            path[..., question.dataset.channels.index(channel)] *= factor
        other = outcome_location(few, _followed(few, path, question.dataset, factors))
        gain = -change(few, fact, other).sum((1, 2))
        low, high = np.quantile(gain, INTERVAL)
        rows.append((name, giver, taker, part, np.median(gain), low, high))
    head = ["model", "from", "to", "share", "gain", "lower", "upper"]
    table = pd.DataFrame(rows, columns=head)
    if table.empty:
        return table
    giver, taker = best_move(table)
    return table.assign(best=(table["from"] == giver) & (table["to"] == taker))


def _followed(few: World, path: Any, dataset: Dataset, factors: Mapping[str, float]) -> Any:
    """The path, the mediator following its causes and moved itself where the transfer moves it."""
    if few.mediator is None or not set(factors) & set(dataset.causes):
        return path
    moved = factors.get(str(dataset.mediator), 1.0)
    return with_mediator(few, path, moved * mediator_under(few, path))
