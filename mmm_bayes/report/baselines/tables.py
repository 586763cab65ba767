"""Tables of the page of classical models."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.report.baselines.folder import BaselineResults
from mmm_bayes.report.cells import Cell, Row, Table, estimate_cell, make_table, number_cell
from mmm_bayes.report.run import row_summary
from mmm_bayes.report.tables import ALL_CHANNELS
from mmm_bayes.text import MISSING, fixed, number, p_value, percent

_FORMS: dict[str, Callable[[float], str]] = {
    "r2": fixed, "rmse": number, "crps": number, "mape": percent,
}  # fmt: skip


def accuracy(results: BaselineResults) -> Table:
    """Errors in unseen weeks: mean over folds, with the standard deviation below."""
    rows: list[Row] = []
    for _, model in results.summary.iterrows():
        rows.append(
            [
                str(model["model"]),
                *(_with_sd(model, f"{metric}_blocked") for metric in ("r2", "rmse", "mape")),
                _with_sd(model, "r2_rolling"),
                *(_score(model, name) for name in ("r2_holdout", "rmse_holdout", "crps_blocked")),
                number_cell(model["coverage_90"], percent),
            ]
        )
    head = (
        "model", "R², blocked", "RMSE, blocked", "MAPE, blocked", "R², rolling", "R², last fifth",
        "RMSE, last fifth", "CRPS, blocked", "in 90% intervals",
    )  # fmt: skip
    return make_table(head, rows)


def answers(results: BaselineResults) -> Table:
    """Share of all media together, and how reliable the answers about the channels are.

    Their stability, agreement and, in a simulated market, error.
    """
    shares = results.shares
    together = shares[shares["channel"] == ALL_MEDIA].set_index("model")
    rows: list[Row] = []
    for _, model in results.summary.iterrows():
        row: Row = [
            str(model["model"]),
            number_cell(model["stability"], percent),
            number_cell(model["agreement"], fixed),
        ]
        if len(together):
            share = together.loc[model["model"]]
            row.insert(1, estimate_cell(row_summary(share.rename({"value": "mean"})), unit="%"))
        if results.simulated:
            points = partial(fixed, places=1)
            row += [
                number_cell(100 * model["truth_error"], points),
                number_cell(100 * model["truth_bias"], points),
                number_cell(model["truth_coverage_90"], percent),
            ]
        rows.append([*row, number_cell(model["seconds"])])
    truth = ("error of effects, points", "bias, points", "truth in 90% interval")
    head = (
        "model",
        *((ALL_CHANNELS,) if len(together) else ()),
        "variation over windows",
        "agreement on ranks",
        *(truth if results.simulated else ()),
    )
    return make_table((*head, "seconds"), rows)


def first_stage(results: BaselineResults) -> Table | None:
    """R² of the first stage in training and in unseen weeks; None without one."""
    metrics = ("mediator_r2_train", "mediator_r2")
    scores = results.tables["baselines"]
    scores = scores[scores["metric"].isin(metrics)]
    if scores.empty:
        return None
    wide: Any = scores.pivot_table(
        index=["model"], columns=["split", "metric"], values="value", sort=False
    )
    blocked = [
        [column for column in wide if column[0].startswith("blocked") and column[1] == metric]
        for metric in metrics
    ]
    rows: list[Row] = [
        [
            str(model),
            *(number_cell(wide.loc[model, columns].mean(), fixed) for columns in blocked),
            *(number_cell(wide.loc[model, ("holdout", metric)], fixed) for metric in metrics),
        ]
        for model in wide.index
    ]
    return make_table(
        ("model", "R² training, blocked", "R² unseen, blocked", "R² training, last split",
         "R² unseen, last fifth"),
        rows,
    )  # fmt: skip


def best_transfers(results: BaselineResults) -> Table | None:
    """Transfer of money that each model thinks best; None where money can't be moved."""
    if "reallocation" not in results.tables:
        return None
    rows: list[Row] = []
    best = results.tables["reallocation"].query("best")
    for model, transfers in best.groupby("model", sort=False):
        row: Row = [str(model), f"{transfers['from'].iloc[0]} to {transfers['to'].iloc[0]}"]
        for _, transfer in transfers.sort_values("share").iterrows():
            interval = f"{number(transfer['lower'])} to {number(transfer['upper'])}"
            row.append(number_cell(transfer["gain"], number, interval))
        rows.append(row)
    return make_table(("model", "transfer", "5% of its money", "10% of its money"), rows)


def residual_tests(results: BaselineResults) -> Table:
    """p-values of tests of the residuals."""
    rows: list[Row] = []
    for model, of_model in results.tables["residuals"].groupby("model", sort=False):
        tests: Any = of_model.set_index("test")
        rows.append(
            [
                str(model),
                *(
                    number_cell(tests.loc[name, "p"], p_value)
                    for name in ("shapiro_wilk", "breusch_pagan", "ljung_box")
                ),
                number_cell(tests.loc["acf_1", "statistic"], fixed),
            ]
        )
    return make_table(
        ("model", "normal (Shapiro-Wilk)", "one variance (Breusch-Pagan)",
         "independent (Ljung-Box)", "autocorrelation at lag 1"),
        rows,
    )  # fmt: skip


def choices(results: BaselineResults) -> Table:
    """Settings that tuning chose on all weeks."""
    rows: list[Row] = []
    for kind, by_split in results.record["choices"].items():
        chosen = dict(by_split["all"])
        retention = [f"{name} {fixed(value)}" for name, value in chosen.pop("retention").items()]
        saturation, slope = chosen.pop("shape"), chosen.pop("slope", None)
        if saturation == "hill":
            saturation += f", slope {fixed(slope)}"
        season = f"{chosen.pop('season')}, {chosen.pop('scaling')}"
        chosen.pop("half_saturation", None)
        own = ", ".join(f"{name} {number(value)}" for name, value in chosen.items())
        rows.append([kind, ", ".join(retention), saturation, season, own or MISSING])
    return make_table(("kind", "retention", "saturation", "season, scaling", "its own"), rows)


def splits(results: BaselineResults) -> Table:
    """Training and predicted weeks of each split."""
    rows: list[Row] = [
        [name, str(split["train"]), str(split["test"])]
        for name, split in results.record["splits"].items()
    ]
    return make_table(("split", "training weeks", "predicted weeks"), rows)


def _score(model: Any, name: str, *below: str) -> Cell:
    """Cell of a score of the summary, such as ``rmse_blocked``."""
    return number_cell(model[name], _FORMS[name.partition("_")[0]], *below)


def _with_sd(model: Any, name: str) -> Cell:
    """Cell of a mean over folds, with their standard deviation below."""
    return _score(model, name, f"± {_score(model, f'{name}_sd').text}")
