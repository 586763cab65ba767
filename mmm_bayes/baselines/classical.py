"""Evaluation of the classical models: tuning, validation on every split, effects, explanation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.baselines import effects, explain
from mmm_bayes.baselines.members import REGRESSORS, Params, make_model, regressor_name
from mmm_bayes.baselines.predictions import WINDOW_COLUMNS, prediction_table
from mmm_bayes.baselines.residuals import residual_tests, share_residuals
from mmm_bayes.baselines.rows import WEEK, Layout, build_rows, row_layout
from mmm_bayes.baselines.tuning import tune
from mmm_bayes.baselines.validation import (
    HOLDOUT,
    PREDICTIVE_DRAWS,
    ROLLING,
    point_scores,
    prediction_scores,
)
from mmm_bayes.data import Dataset
from mmm_bayes.data.splits import Split

Array = NDArray[np.float64]

ALL_WEEKS = "all"
#: Linear models are faster than trees, and have this many times as many trials.
LINEAR_TRIALS_FACTOR = 3


@dataclass
class Results:
    """Tables of all models, which grow as models are evaluated.

    Attributes
    ----------
    metrics : list of (model, split, metric, value)
        The rows of ``baselines.csv``.
    parts : dict of str to list of pandas.DataFrame
        The other tables, by name.
    params : dict
        Tuned hyperparameters, by regressor and split.
    """

    metrics: list[tuple[str, str, str, float | None]] = field(default_factory=list)
    parts: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add_metrics(self, model: str, rows: Iterable[tuple[str, str, float | None]]) -> None:
        """Add metrics of a model.

        Parameters
        ----------
        rows : iterable of tuple
            Split, metric and value.
        """
        self.metrics += [(model, *row) for row in rows]

    def add_rows(self, name: str, table: pd.DataFrame) -> None:
        """Add rows to a table.

        Parameters
        ----------
        table : pandas.DataFrame
            Rows with the columns of the table `name`; may be empty.
        """
        if len(table):
            self.parts.setdefault(name, []).append(table)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table but the metrics, concatenated over models."""
        return {name: pd.concat(parts, ignore_index=True) for name, parts in self.parts.items()}


@dataclass(frozen=True)
class Task:
    """Data, splits and settings that all models have in common.

    Attributes
    ----------
    link : {"identity", "log"}
    trials : int
        Sets of hyperparameters that a tuning of trees tries.
    bootstrap : int
        Number of bootstrap refits.
    """

    dataset: Dataset
    link: str
    splits: Mapping[str, Split]
    trials: int
    bootstrap: int
    seed: int

    @cached_property
    def X(self) -> Array:
        """Rows of all weeks, shape (row, column)."""
        return build_rows(self.dataset)

    @cached_property
    def y(self) -> Array:
        """Outcome of these rows, shape (row,)."""
        return np.asarray(self.dataset.data["outcome"].values.ravel())

    @cached_property
    def layout(self) -> Layout:
        """Layout of these rows."""
        return row_layout(self.dataset)

    @property
    def units(self) -> int:
        """Number of units of the table."""
        return len(self.layout.units)

    @property
    def weeks(self) -> slice:
        """Span of all weeks."""
        return slice(0, self.dataset.data.sizes["time"])

    def rows_in(self, span: slice) -> NDArray[np.bool_]:
        """True for the rows in a span of weeks, shape (row,)."""
        return np.asarray((self.X[:, WEEK] >= span.start) & (self.X[:, WEEK] < span.stop))

    def counterfactual(self, span: slice) -> effects.CounterfactualWeeks:
        """Counterfactuals of a span of weeks."""
        return effects.CounterfactualWeeks(self.dataset, span, self.link)

    def make_model(self, model: str, params: Params) -> Any:
        """Model that is not fitted."""
        return make_model(model, self.layout, params, link=self.link, seed=self.seed)

    def dates(self, span: slice) -> tuple[str, str]:
        """First and last week of a span."""
        first, last = self.dataset.data["time"].values[[span.start, span.stop - 1]]
        return str(first)[:10], str(last)[:10]


def evaluate_models(
    task: Task, models: Sequence[str], results: Results, say: Callable[[str], None]
) -> None:
    """Evaluate the models, and add their tables to the results.

    Parameters
    ----------
    say : callable
        Receives one line at each step.
    """
    rows = effects.cached_rows(task.counterfactual(task.weeks))
    for regressor in dict.fromkeys(regressor_name(model) for model in models):
        say(f"{REGRESSORS[regressor].label}: tuning")
        params, seconds = _tune_splits(task, regressor)
        results.params[regressor] = {name: params[name] for name in (HOLDOUT, ALL_WEEKS)}
        for model in [name for name in models if regressor_name(name) == regressor]:
            say(f"{model}: {len(task.splits)} splits")
            trained = None
            for split in task.splits:
                trained = _validate(task, model, split, params[split], seconds[split], results)
            say(f"{model}: all weeks and {task.bootstrap} bootstrap samples")
            _explain(task, model, params[ALL_WEEKS], seconds[ALL_WEEKS], trained, rows, results)


def _tune_splits(task: Task, regressor: str) -> tuple[dict[str, Params], dict[str, float]]:
    """Hyperparameters of each split, and the seconds of their tuning.

    Rolling windows share the hyperparameters of the first, so that changes from one window to the
    next are those of the market.
    """
    params, seconds = {}, {}
    trials = task.trials * (LINEAR_TRIALS_FACTOR if REGRESSORS[regressor].linear else 1)
    for split in [*task.splits, ALL_WEEKS]:
        source = f"{ROLLING}_1" if split.startswith(ROLLING) else split
        start = time.perf_counter()
        if source not in params:
            rows = task.rows_in(task.weeks if source == ALL_WEEKS else task.splits[source].train)
            params[source] = tune(
                regressor, task.layout, task.X[rows], task.y[rows],
                link=task.link, trials=trials, seed=task.seed,
            )  # fmt: skip
        params[split] = params[source]
        seconds[split] = time.perf_counter() - start
    return params, seconds


def _validate(
    task: Task, model: str, split: str, params: Params, tuning_seconds: float, results: Results
) -> Any:
    """Model fitted to the training weeks of a split, after its test weeks are scored."""
    span = task.splits[split]
    train, test = task.rows_in(span.train), task.rows_in(span.test)
    start = time.perf_counter()
    fitted = task.make_model(model, params).fit(task.X[train], task.y[train])
    seconds = tuning_seconds + time.perf_counter() - start
    in_sample = point_scores(fitted, task.X[train], task.y[train], task.units)
    out_of_sample = prediction_scores(
        fitted, task.X[test], task.y[test], task.units, seed=task.seed
    )
    trained = {
        f"{name}_train": in_sample[name] for name in ("r2", "mediator_r2") if name in in_sample
    }
    metrics = {**out_of_sample, **trained, "seconds": seconds}
    results.add_metrics(model, [(split, name, value) for name, value in metrics.items()])
    if split.startswith(ROLLING):
        results.add_rows("windows", _window_rows(task, model, split, fitted))
    if split == HOLDOUT:
        observed = task.dataset.data["outcome"].isel(time=span.test)
        draws = fitted.draws(task.X[test], PREDICTIVE_DRAWS, task.seed)
        point = fitted.predict(task.X[test])
        results.add_rows("predictions", prediction_table(model, split, observed, point, draws))
    return fitted


def _window_rows(task: Task, model: str, split: str, fitted: Any) -> pd.DataFrame:
    """Share of the outcome and coefficient of each channel in a rolling window."""
    train = task.splits[split].train
    weeks = task.counterfactual(train)
    totals = effects.total_effects(fitted, weeks, effects.cached_rows(weeks))
    shares = totals[:-1].sum(1)  # of the channels
    shares /= weeks.outcome.sum()
    coefficients = pd.Series(dtype=float)
    if REGRESSORS[regressor_name(model)].linear:
        *_, (_, stage, _) = explain.stages(fitted, task.X[task.rows_in(train)])
        coefficients = explain.named_coefficients(stage)
    return pd.DataFrame(
        [
            (split, *task.dates(train), model, channel, share, coefficients.get(channel, np.nan))
            for channel, share in zip(task.layout.channels, shares, strict=True)
        ],
        columns=WINDOW_COLUMNS,
    )


def _explain(
    task: Task,
    model: str,
    params: Params,
    tuning_seconds: float,
    trained: Any,
    rows: Any,
    results: Results,
) -> None:
    """Fit to all weeks and to bootstrap samples, and add the tables of effects and explanation.

    `trained` is the model fitted without the holdout.
    """
    X, y, weeks = task.X, task.y, task.counterfactual(task.weeks)
    start = time.perf_counter()
    fitted = task.make_model(model, params).fit(X, y)
    seconds = tuning_seconds + time.perf_counter() - start
    results.add_metrics(model, [(ALL_WEEKS, "seconds", seconds)])
    refits = list(effects.bootstrap_refits(fitted, X, y, number=task.bootstrap, seed=task.seed))
    results.add_rows(
        "contributions",
        effects.contribution_table(
            model,
            weeks,
            task.layout,
            effects.total_effects(fitted, weeks, rows),
            np.stack([effects.total_effects(refit, weeks, rows) for refit in refits]),
        ),
    )
    results.add_rows("reallocation", effects.reallocation_table(model, fitted, refits, weeks, rows))
    linear = REGRESSORS[regressor_name(model)].linear
    if linear:
        results.add_rows(
            "coefficients", explain.coefficient_table(model, fitted, refits, X, task.units)
        )
    test = task.rows_in(task.splits[HOLDOUT].test)
    importances, shapley = explain.feature_importance(
        model, trained, X[test], y[test], fitted, X, seed=task.seed
    )
    results.add_rows("importance", importances)
    if not linear:
        results.add_rows("shapley", shapley)
    results.add_rows(
        "partial_dependence",
        explain.partial_dependence(model, fitted, weeks, task.layout, rows),
    )
    predicted = fitted.predict(X)
    results.add_rows(
        "residuals",
        residual_tests(model, share_residuals(fitted, X, y), predicted / y.mean(), task.units),
    )
    results.add_rows(
        "predictions",
        prediction_table(model, ALL_WEEKS, task.dataset.data["outcome"], predicted, None),
    )
