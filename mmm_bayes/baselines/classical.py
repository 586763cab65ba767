"""Every classical model: tuned, fitted and scored on every split, then explained on all weeks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.baselines import effects, explain, residuals
from mmm_bayes.baselines.findings import Findings
from mmm_bayes.baselines.members import KINDS, Choice, kind_of, make
from mmm_bayes.baselines.predictions import ROLLED, predicted
from mmm_bayes.baselines.rows import WEEK, Layout, layout_of, rows_of
from mmm_bayes.baselines.tuning import tuned
from mmm_bayes.baselines.validation import DRAWS, LAST, ROLLING, points, score
from mmm_bayes.dataset import Dataset
from mmm_bayes.splits import Split

Array = NDArray[np.float64]

ALL = "all"
#: Linear models are quicker than trees, and try so many times as many choices.
QUICK = 3


@dataclass(frozen=True)
class Task:
    """What every model is asked.

    Attributes
    ----------
    dataset : Dataset
    link : {"identity", "log"}
    splits : mapping of str to Split
    trials, bootstrap, seed : int
    """

    dataset: Dataset
    link: str
    splits: Mapping[str, Split]
    trials: int
    bootstrap: int
    seed: int

    @cached_property
    def X(self) -> Array:
        """The rows of all weeks."""
        return rows_of(self.dataset)

    @cached_property
    def y(self) -> Array:
        """The outcome of the same rows."""
        return np.asarray(self.dataset.data["outcome"].values.ravel())

    @cached_property
    def layout(self) -> Layout:
        """Of the rows."""
        return layout_of(self.dataset)

    @property
    def units(self) -> int:
        """How many the table has."""
        return len(self.layout.units)

    @property
    def weeks(self) -> slice:
        """All of them."""
        return slice(0, self.dataset.data.sizes["time"])

    def part(self, span: slice) -> NDArray[np.bool_]:
        """Which rows are in a span of weeks."""
        return np.asarray((self.X[:, WEEK] >= span.start) & (self.X[:, WEEK] < span.stop))

    def question(self, span: slice) -> effects.Question:
        """The counterfactuals of a span of weeks."""
        return effects.Question(self.dataset, span, self.link)

    def make(self, model: str, choice: Choice) -> Any:
        """A model, not fitted."""
        return make(model, self.layout, choice, link=self.link, seed=self.seed)

    def dates(self, span: slice) -> tuple[str, str]:
        """The first and the last week of a span."""
        first, last = self.dataset.data["time"].values[[span.start, span.stop - 1]]
        return str(first)[:10], str(last)[:10]


def classical(
    task: Task, models: Sequence[str], found: Findings, say: Callable[[str], None]
) -> None:
    """Ask the models, and add what they say to the findings.

    Parameters
    ----------
    task : Task
    models : sequence of str
    found : Findings
        Grows.
    say : callable
        Told a line at each step.
    """
    asked = effects.remembered(task.question(task.weeks))
    for kind in dict.fromkeys(kind_of(model) for model in models):
        say(f"{KINDS[kind].says}: tuning")
        choices, took = _choices(task, kind)
        found.choices[kind] = {name: choices[name] for name in (LAST, ALL)}
        for model in [one for one in models if kind_of(one) == kind]:
            say(f"{model}: {len(task.splits)} splits")
            trained = None
            for split in task.splits:
                trained = _validate(task, model, split, choices[split], took[split], found)
            say(f"{model}: all weeks, and {task.bootstrap} times resampled ones")
            _explain(task, model, choices[ALL], took[ALL], trained, asked, found)


def _choices(task: Task, kind: str) -> tuple[dict[str, Choice], dict[str, float]]:
    """What is tuned for each split, and the seconds that it took.

    Windows share the choice of the first, so that what changes from one to the next is the market.
    """
    choices, took = {}, {}
    trials = task.trials * (QUICK if KINDS[kind].linear else 1)
    for split in [*task.splits, ALL]:
        same = f"{ROLLING}_1" if split.startswith(ROLLING) else split
        start = time.perf_counter()
        if same not in choices:
            rows = task.part(task.weeks if same == ALL else task.splits[same].train)
            choices[same] = tuned(
                kind, task.layout, task.X[rows], task.y[rows],
                link=task.link, trials=trials, seed=task.seed,
            )  # fmt: skip
        choices[split] = choices[same]
        took[split] = time.perf_counter() - start
    return choices, took


def _validate(
    task: Task, model: str, split: str, choice: Choice, took: float, found: Findings
) -> Any:
    """Fit to a split's training weeks, score the others; the fitted model."""
    span = task.splits[split]
    train, test = task.part(span.train), task.part(span.test)
    start = time.perf_counter()
    fitted = task.make(model, choice).fit(task.X[train], task.y[train])
    seconds = took + time.perf_counter() - start
    inside = points(fitted, task.X[train], task.y[train], task.units)
    unseen = score(fitted, task.X[test], task.y[test], task.units, seed=task.seed)
    trained = {f"{name}_train": inside[name] for name in ("r2", "mediator_r2") if name in inside}
    rows = {**unseen, **trained, "seconds": seconds}
    found.score(model, [(split, name, value) for name, value in rows.items()])
    if split.startswith(ROLLING):
        found.add("windows", _window(task, model, split, fitted))
    if split == LAST:
        arrays = task.dataset.data["outcome"].isel(time=span.test)
        draws = fitted.draws(task.X[test], DRAWS, task.seed)
        found.add(
            "predictions", predicted(model, split, arrays, fitted.predict(task.X[test]), draws)
        )
    return fitted


def _window(task: Task, model: str, split: str, fitted: Any) -> pd.DataFrame:
    """What a window says of the channels: shares of the outcome, coefficients."""
    train = task.splits[split].train
    question = task.question(train)
    shares = effects.totals(fitted, question, effects.remembered(question)).sum(1)
    shares /= question.outcome.sum()
    own = pd.Series(dtype=float)
    if KINDS[kind_of(model)].linear:
        *_, (_, stage, _) = explain.stages(fitted, task.X[task.part(train)])
        own = explain.own(stage)
    return pd.DataFrame(
        [
            (split, *task.dates(train), model, channel, share, own.get(channel, np.nan))
            for channel, share in zip(task.layout.channels, shares, strict=True)
        ],
        columns=ROLLED,
    )


def _explain(
    task: Task, model: str, choice: Choice, took: float, trained: Any, asked: Any, found: Findings
) -> None:
    """Fit to all weeks and to resampled ones, and say what the model says and rests on.

    `trained` is the fit that has not seen the last fifth.
    """
    X, y, question = task.X, task.y, task.question(task.weeks)
    start = time.perf_counter()
    whole = task.make(model, choice).fit(X, y)
    found.score(model, [(ALL, "seconds", took + time.perf_counter() - start)])
    again = list(effects.refits(whole, X, y, number=task.bootstrap, seed=task.seed))
    found.add(
        "contributions",
        effects.contributions(
            model,
            question,
            task.layout,
            effects.totals(whole, question, asked),
            np.stack([effects.totals(one, question, asked) for one in again]),
        ),
    )
    found.add("reallocation", effects.reallocation(model, whole, again, question, asked))
    linear = KINDS[kind_of(model)].linear
    if linear:
        found.add("coefficients", explain.coefficients(model, whole, again, X, task.units))
    test = task.part(task.splits[LAST].test)
    lost, single = explain.importance(model, trained, X[test], y[test], whole, X, seed=task.seed)
    found.add("importance", lost)
    if not linear:
        found.add("shapley", single)
    found.add(
        "partial_dependence",
        explain.partial_dependence(model, whole, question, task.layout, asked),
    )
    expected = whole.predict(X)
    found.add(
        "residuals",
        residuals.tests(model, residuals.residuals(whole, X, y), expected / y.mean(), task.units),
    )
    found.add("predictions", predicted(model, ALL, task.dataset.data["outcome"], expected, None))
