"""Sentences on the accuracy, the interpretation and the use of the models.

Every sentence is made of measured numbers. Folds are few and share their training weeks, so two
models are called different only if the better one is better by more than twice the standard error
of the difference over folds; this is a rough rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.baselines.members import REGRESSORS, TWO_STAGE, display_name, regressor_name
from mmm_bayes.baselines.summary import whole_table_rows
from mmm_bayes.baselines.validation import BLOCKED
from mmm_bayes.data import Dataset
from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.text import capitalised, fixed, join_names, number

#: Smallest R² in held-out weeks for a first stage that predicts the mediator usefully.
MIN_FIRST_STAGE_R2 = 0.1
#: p-value below which a test of residuals rejects.
SIGNIFICANT = 0.01
#: Variance inflation factor above which a coefficient is hard to interpret.
HIGH_VIF = 5.0


def sentences(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    dataset: Dataset,
    *,
    link: str,
) -> dict[str, list[str]]:
    """Sentences by subject: accuracy, the first stage, honesty, interpretation, use.

    Parameters
    ----------
    summary : pandas.DataFrame
        Result of `summary.summarise_models`.
    metrics : pandas.DataFrame
        ``baselines.csv``: columns model, split, metric, value.
    tables : dict of str to pandas.DataFrame
        The other tables of the job, by name.
    link : {"identity", "log"}
    """
    table = summary.set_index("model")
    return {
        "accuracy": list(_accuracy(table, metrics)),
        "mediation": list(_mediation(table, tables, dataset)),
        "honesty": list(_honesty(table, tables, dataset)),
        "interpretation": list(_interpretation(table, tables, dataset, link)),
        "use": list(_use(table, tables)),
    }


def best_and_tied(metrics: pd.DataFrame) -> tuple[str, list[str]]:
    """Model with the lowest mean RMSE over the blocked folds, and those that differ too little.

    Parameters
    ----------
    metrics : pandas.DataFrame
        ``baselines.csv``: columns model, split, metric, value.
    """
    rows = metrics[(metrics["metric"] == "rmse") & metrics["split"].str.startswith(BLOCKED)]
    rmse = rows.pivot(index="split", columns="model", values="value").dropna(axis=1)
    best = str(rmse.mean().idxmin())
    tied = []
    for model in rmse.columns.drop(best):
        difference = rmse[model] - rmse[best]
        if difference.mean() <= 2 * difference.std(ddof=1) / np.sqrt(len(difference)):
            tied.append(str(model))
    return best, tied


def _accuracy(table: Any, metrics: pd.DataFrame) -> Iterator[str]:
    best, tied = best_and_tied(metrics)
    row = table.loc[best]
    yield (
        f"Over the blocked folds {display_name(best)} predicts best: R² "
        f"{_mean_sd(row, 'r2_blocked', fixed)}, RMSE {_mean_sd(row, 'rmse_blocked', number)} "
        "(mean ± standard deviation over folds)."
    )
    if tied:
        yield (
            f"The difference to {_display_names(tied)} is within twice its standard error over "
            "folds, so these models can't be ranked."
        )
    negative = [str(model) for model in table.index if table.loc[model, "r2_blocked"] < 0]
    if negative:
        yield (
            f"{capitalised(_display_names(negative))} "
            f"{'predict' if len(negative) > 1 else 'predicts'} held-out weeks worse than the mean "
            "of those weeks would."
        )
    rows = metrics[(metrics["metric"] == "r2_train") & metrics["split"].str.startswith(BLOCKED)]
    in_sample = rows.groupby("model")["value"].mean()
    if len(in_sample):
        overfit = str((in_sample - table["r2_blocked"]).dropna().idxmax())
        yield (
            "The largest gap between training and held-out weeks is that of "
            f"{display_name(overfit)}: R² {in_sample[overfit]:.2f} against "
            f"{table.loc[overfit, 'r2_blocked']:.2f}."
        )


def _mediation(table: Any, tables: dict[str, pd.DataFrame], dataset: Dataset) -> Iterator[str]:
    first_stage = table["mediator_r2"].dropna()
    indirect = whole_table_rows(tables["contributions"], "indirect")
    indirect = indirect[indirect["channel"].isin(dataset.causes)]
    for model, rows in indirect.groupby("model", sort=False):
        if _is_classical(model):
            continue
        with_zero = rows[(rows["lower"] <= 0) & (rows["upper"] >= 0)]
        channels = join_names(sorted(map(str, with_zero["channel"])))
        yield (
            f"{capitalised(display_name(str(model)))} estimates both paths: of {len(rows)} "
            f"indirect effects, the 90% intervals of {len(with_zero)} contain 0"
            + (f" ({channels})." if len(with_zero) else ".")
        )
    if first_stage.empty:
        return
    causes, mediator = join_names(list(dataset.causes)), dataset.mediator
    failing = [str(model) for model in first_stage.index[first_stage < MIN_FIRST_STAGE_R2]]
    if failing:
        r2 = join_names(
            [
                f"{table.loc[model, 'mediator_r2_train']:.2f} and {first_stage[model]:.2f} "
                f"({REGRESSORS[regressor_name(model)].label})"
                for model in failing
            ]
        )
        yield (
            f"The first stage, from {causes} to {mediator}, fails in {len(failing)} of "
            f"{len(first_stage)} two-stage models: its R² in the training weeks and in the "
            f"held-out last fifth is {r2}. These models do not predict {mediator} from its causes, "
            "so the indirect effects of their second stage are unreliable."
        )
    else:
        yield (
            f"The R² of the first stage, from {causes} to {mediator}, is at least "
            f"{first_stage.min():.2f} in the held-out last fifth in all {len(first_stage)} "
            "two-stage models."
        )
    yield (
        "A two-stage model gives the causes no direct effect, and its intervals and tests treat "
        "the predicted mediator as if it had been observed."
    )


def _honesty(table: Any, tables: dict[str, pd.DataFrame], dataset: Dataset) -> Iterator[str]:
    for model, coverage in table["coverage_90"].dropna().items():
        yield (
            f"The 90% predictive intervals of {display_name(model)} contain {coverage:.0%} of the "
            "held-out values."
        )
    without = [model for model in table.index if np.isnan(table.loc[model, "coverage_90"])]
    if without:
        yield (
            f"{len(without)} of {len(table)} models have no predictive distribution: their "
            "forecasts are single numbers without a measure of risk."
        )
    if "truth" in tables:
        error = table["truth_error"].dropna()
        best = str(error.idxmin())
        yield (
            "This market is simulated, so the true effects are known. The total effects of "
            f"{display_name(best)} are closest to them, with a mean error of "
            f"{100 * error[best]:.1f}% of the outcome a channel. The median over models is "
            f"{100 * error.median():.1f}%, and the largest error, that of "
            f"{display_name(str(error.idxmax()))}, is {100 * error.max():.1f}%."
        )
        coverage = table["truth_coverage_90"].dropna()
        classical = coverage[[_is_classical(model) for model in coverage.index]]
        if len(classical):
            yield (
                "The 90% bootstrap intervals of the classical models contain the true total in "
                f"{classical.mean():.0%} of {len(classical)} × {len(dataset.channels)} cases: they "
                "account for the variation of the weeks, but not for tuning, penalties or a wrong "
                "functional form."
            )
        for model in coverage.index.difference(classical.index):
            yield (
                f"Those of {display_name(str(model))} contain it in {coverage[model]:.0%} of "
                f"{len(dataset.channels)} cases. Simulated markets use the equations of the "
                "Bayesian family, which favours it; and one market is a single draw."
            )
        forecast_rank = table.loc[error.index, "rmse_blocked"].rank()
        correlation = float(forecast_rank.corr(error.rank()))
        yield (
            "Rank correlation between the forecast error of a model and the error of its effects: "
            f"{correlation:.2f}. "
            + (
                "Good forecasts are no evidence of accurate effects here."
                if correlation < 0.5
                else "In this market the two go together; in another they need not."
            )
        )


def _interpretation(
    table: Any, tables: dict[str, pd.DataFrame], dataset: Dataset, link: str
) -> Iterator[str]:
    shares = whole_table_rows(tables["contributions"], "contribution_share")
    together = shares[shares["channel"] == ALL_MEDIA].set_index("model")["value"].dropna()
    # Direct effects add up; the totals of a mediator and its causes overlap.
    direct = (
        whole_table_rows(tables["contributions"], "direct")
        .groupby("model", sort=False)["value"]
        .sum()
    )
    total = direct / float(dataset.data["outcome"].sum())
    classical = [model for model in together.index if _is_classical(model)]
    linear = [model for model in classical if REGRESSORS[regressor_name(str(model))].linear]
    trees = [model for model in classical if model not in linear]
    if link == "log":
        yield (
            "Effects multiply under the log link: a channel's share is what the outcome would "
            "lose without that channel alone, so shares overlap and can add up to more than 100%."
        )
    if linear and trees:
        yield (
            f"All media together make {_range(together[linear])} of the outcome in the linear "
            f"models and {_range(together[trees])} in the tree models. Trees do not extrapolate "
            "beyond the exposures of their training weeks, so a channel that is seldom off has "
            "hardly any effect in them."
        )
    for model in together.index:
        if not _is_classical(model):
            row = shares[(shares["channel"] == ALL_MEDIA) & (shares["model"] == model)].iloc[0]
            yield (
                f"According to {display_name(str(model))} all media together make "
                f"{together[model]:.0%} of the outcome (90% interval {row['lower']:.0%} to "
                f"{row['upper']:.0%})."
            )
    beyond = total[total > 1]
    if len(beyond) and link == "identity":
        yield (
            f"{capitalised(_display_names(beyond.index))} "
            f"{'credit' if len(beyond) > 1 else 'credits'} the channels with more than the whole "
            f"outcome: {'their' if len(beyond) > 1 else 'its'} effects can't be right, however "
            "good the forecasts are."
        )
    if "coefficients" in tables:
        outcome = tables["coefficients"].query("stage == 'outcome'")
        media = outcome[outcome["feature"].isin(dataset.channels)]
        inflated = media[media["vif"] > HIGH_VIF]["feature"].unique()
        if len(inflated):
            yield (
                f"The variance inflation factor is above {HIGH_VIF:.0f} in some model for "
                f"{join_names(sorted(map(str, inflated)))}: their coefficients are hard to "
                "separate from others."
            )
        with_zero = media[(media["lower"] < 0) & (media["upper"] > 0)]
        yield (
            "Media coefficients of linear models with a bootstrap interval that contains 0: "
            f"{len(with_zero)} of {len(media)}."
        )
        negative = media[media["upper"] < 0]
        if len(negative):
            yield (
                f"Media coefficients with an interval entirely below 0: {len(negative)}. They mean "
                "that advertising lowers the outcome, which the default priors of the Bayesian "
                "family exclude."
            )
    tests = tables["residuals"].set_index("test")
    for test, assumption in (
        ("shapiro_wilk", "normality (Shapiro-Wilk)"),
        ("breusch_pagan", "constant variance (Breusch-Pagan)"),
        ("ljung_box", "independence over weeks (Ljung-Box)"),
    ):
        rejected = tests.loc[[test]].query("p < @SIGNIFICANT")["model"]
        yield (
            f"A test rejects {assumption} of the residuals, at p < {SIGNIFICANT}, in "
            f"{len(rejected)} of {len(tests.loc[[test]])} classical models."
        )


def _use(table: Any, tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    variation = table["stability"].dropna()
    if len(variation):
        yield (
            "From window to window the channels' shares vary least in "
            f"{display_name(variation.idxmin())} ({variation.min():.0%} of their size) and most in "
            f"{display_name(variation.idxmax())} ({variation.max():.0%}). A model that is always "
            "wrong in the same way is stable too."
        )
    agreement = table["agreement"].dropna()
    if len(agreement):
        yield (
            f"The mean rank correlation between the models' channel effects is "
            f"{agreement.mean():.2f}; {display_name(str(agreement.idxmin()))} agrees least with "
            f"the others ({agreement.min():.2f})."
        )
    if "reallocation" in tables:
        transfers: Any = tables["reallocation"]
        best = transfers[transfers["best"] & (transfers["share"] == transfers["share"].max())]
        pairs = (best["from"] + " to " + best["to"]).value_counts()
        positive = best[best["lower"] > 0]
        yield (
            f"Which transfer of 10% of a channel's spend gains most? {len(best)} models give "
            f"{len(pairs)} different answer{'s' * (len(pairs) > 1)}; the most frequent is "
            f"{pairs.index[0]} ({pairs.iloc[0]} of {len(best)}). The interval of the gain is above "
            f"0 in {len(positive)} of {len(best)}. Each transfer was selected as the best, so its "
            "gain is probably overestimated."
        )
    seconds = table["seconds"]
    yield (
        f"Tuning and fits took {seconds.min():.0f} to {seconds.max():.0f} seconds a model, the "
        f"longest for {display_name(str(seconds.idxmax()))}."
    )
    if all(map(_is_classical, table.index)):
        yield (
            "No member of the Bayesian family was included; --bayes partial_mediation adds one to "
            "these models, on the same splits."
        )
    if any(str(model).startswith(TWO_STAGE) for model in table.index):
        yield (
            "Decide on a budget by effects, not by forecasts: prefer the model whose intervals "
            "contain the truth where it is known, and a lift test where it is not."
        )


def _mean_sd(row: Any, name: str, form: Callable[[float], str]) -> str:
    return f"{form(row[name])} ± {form(row[f'{name}_sd'])}"


def _range(values: pd.Series) -> str:
    low, high = f"{values.min():.0%}", f"{values.max():.0%}"
    return low if low == high else f"{low} to {high}"


def _is_classical(model: Any) -> bool:
    return regressor_name(str(model)) in REGRESSORS


def _display_names(models: Iterable[Any]) -> str:
    return join_names([display_name(str(model)) for model in models])
