"""What the numbers say of accuracy, of interpretation and of use in a business, in sentences.

Every sentence is made of measured numbers. Folds are few and share their training weeks, so two
models are told apart only where the better one is better by more than twice the standard error of
the difference over folds, and at that roughly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.baselines.members import KINDS, TWO_STAGE, kind_of, spoken
from mmm_bayes.baselines.summary import of_all
from mmm_bayes.baselines.validation import BLOCKED
from mmm_bayes.dataset import Dataset

#: R² in unseen weeks that a first stage must have to be worth predicting a mediator with.
WORTH = 0.1
#: p-value below which a test of residuals objects.
SIGNIFICANT = 0.01
#: Variance inflation that makes a coefficient hard to read.
INFLATED = 5.0


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
    metrics : pandas.DataFrame
    tables : mapping
    dataset : Dataset
    link : str
    """
    table = summary.set_index("model")
    return {
        "accuracy": list(_accuracy(table, metrics)),
        "mediation": list(_mediation(table, tables, dataset)),
        "honesty": list(_honesty(table, tables, dataset)),
        "interpretation": list(_interpretation(table, tables, dataset, link)),
        "use": list(_use(table, tables)),
    }


def apart(metrics: pd.DataFrame) -> tuple[str, list[str]]:
    """The model with the lowest mean RMSE over blocked folds, and those it can't be told from."""
    folds = metrics[(metrics["metric"] == "rmse") & metrics["split"].str.startswith(BLOCKED)]
    each = folds.pivot(index="split", columns="model", values="value").dropna(axis=1)
    best = str(each.mean().idxmin())
    tied = []
    for model in each.columns.drop(best):
        more = each[model] - each[best]
        if more.mean() <= 2 * more.std(ddof=1) / np.sqrt(len(more)):
            tied.append(str(model))
    return best, tied


def _accuracy(table: Any, metrics: pd.DataFrame) -> Iterator[str]:
    best, tied = apart(metrics)
    row = table.loc[best]
    yield (
        f"Over the blocked folds {spoken(best)} predicts best: R² {_mean_sd(row, 'r2_blocked')}, "
        f"RMSE {_mean_sd(row, 'rmse_blocked')} (mean ± standard deviation over folds)."
    )
    if tied:
        yield (
            f"It can't be told from {_listed([spoken(one) for one in tied])}: the difference over "
            "folds is within twice its standard error."
        )
    negative = [str(one) for one in table.index if table.loc[one, "r2_blocked"] < 0]
    if negative:
        yield (
            f"{_begun(_listed([spoken(one) for one in negative]))} "
            f"{'predict' if len(negative) > 1 else 'predicts'} unseen weeks worse than "
            "the mean of those weeks would."
        )
    learned = metrics[metrics["metric"] == "r2_train"]
    learned = learned[learned["split"].str.startswith(BLOCKED)]
    gap = learned.groupby("model")["value"].mean()
    if len(gap):
        over = (gap - table["r2_blocked"]).dropna()
        most = str(over.idxmax())
        yield (
            f"The largest distance between weeks learned from and unseen weeks is that of "
            f"{spoken(most)}: R² {gap[most]:.2f} against {table.loc[most, 'r2_blocked']:.2f}."
        )


def _mediation(table: Any, tables: dict[str, pd.DataFrame], dataset: Dataset) -> Iterator[str]:
    two = table["mediator_r2"].dropna()
    indirect = of_all(tables["contributions"], "indirect")
    indirect = indirect[indirect["channel"].isin(dataset.causes)]
    for model, rows in indirect.groupby("model", sort=False):
        if kind_of(str(model)) in KINDS:
            continue
        zero = rows[(rows["lower"] <= 0) & (rows["upper"] >= 0)]
        yield (
            f"{_begun(spoken(str(model)))} estimates both paths: of {len(rows)} indirect effects "
            f"the 90% intervals of {len(zero)} contain 0"
            + (f" ({_listed(sorted(map(str, zero['channel'])))})." if len(zero) else ".")
        )
    if two.empty:
        return
    causes, mediator = _listed(list(dataset.causes)), dataset.mediator
    failing = [str(one) for one in two.index[two < WORTH]]
    if failing:
        each = _listed(
            [
                f"{table.loc[one, 'mediator_r2_train']:.2f} against {two[one]:.2f} "
                f"({KINDS[kind_of(one)].says})"
                for one in failing
            ]
        )
        yield (
            f"The first stage, from {causes} to {mediator}, fails in {len(failing)} of {len(two)} "
            f"two-stage models: R² in the weeks learned from against the last fifth, unseen, is "
            f"{each}. They have not found how {mediator} follows the others, and what their second "
            "stages say of them rests on it."
        )
    else:
        yield (
            f"The R² of the first stage, from {causes} to {mediator}, is at least "
            f"{two.min():.2f} in the last fifth, unseen, in all {len(two)} two-stage models."
        )
    yield (
        "A model with two stages gives the causes no other path, and its intervals and tests take "
        "the predicted mediator as if it had been observed."
    )


def _honesty(table: Any, tables: dict[str, pd.DataFrame], dataset: Dataset) -> Iterator[str]:
    for model, held in table["coverage_90"].dropna().items():
        yield f"{held:.0%} of unseen values lie in the 90% predictive intervals of {spoken(model)}."
    without = [m for m in table.index if np.isnan(table.loc[m, "coverage_90"])]
    if without:
        yield (
            f"{len(without)} of {len(table)} models have no predictive distribution: they give a "
            "number for a week and nothing to plan a risk by."
        )
    if "truth" in tables:
        error = table["truth_error"].dropna()
        best = str(error.idxmin())
        yield (
            "This market is simulated, so the true effects are known. The total effects of "
            f"{spoken(best)} are nearest: off by {100 * error[best]:.1f} points of the outcome a "
            f"channel, where the median over models is {100 * error.median():.1f} and the worst, "
            f"{spoken(str(error.idxmax()))}, is {100 * error.max():.1f}."
        )
        held = table["truth_coverage_90"].dropna()
        classical = held[[kind_of(str(m)) in KINDS for m in held.index]]
        if len(classical):
            yield (
                f"The 90% bootstrap intervals of the classical models hold the true total in "
                f"{classical.mean():.0%} of {len(classical)} × {len(dataset.channels)} cases: they "
                "know how the weeks vary, and not what tuning, a penalty or a wrong shape does."
            )
        for model in held.index.difference(classical.index):
            yield (
                f"Those of {spoken(str(model))} hold it in {held[model]:.0%} of "
                f"{len(dataset.channels)}. Simulated markets are made from the equations of the "
                "Bayesian family, which favours it; a single market is one draw."
            )
        elsewhere = table.loc[error.index, "rmse_blocked"].rank()
        order = float(elsewhere.corr(error.rank()))
        yield (
            f"Rank correlation between a model's forecast error and the error of its effects: "
            f"{order:.2f}. "
            + (
                "Good forecasts do not certify effects here."
                if order < 0.5
                else "In this market the two go together; they need not in another."
            )
        )


def _interpretation(
    table: Any, tables: dict[str, pd.DataFrame], dataset: Dataset, link: str
) -> Iterator[str]:
    # Direct effects add up; the totals of a mediator and its causes overlap.
    direct = of_all(tables["contributions"], "direct").groupby("model", sort=False)["value"].sum()
    total = direct / float(dataset.data["outcome"].sum())
    straight = [
        m for m in total.index if kind_of(str(m)) in KINDS and KINDS[kind_of(str(m))].linear
    ]
    trees = [m for m in total.index if kind_of(str(m)) in KINDS and m not in straight]
    if link == "log":
        yield (
            "Effects multiply under the log link: a channel's share is what the outcome would "
            "lose without it alone, shares overlap, and together they can be more than all."
        )
    if straight and trees:
        yield (
            f"The channels' direct shares add up to {_range(total[straight])} of the outcome by "
            f"the linear models and {_range(total[trees])} by the trees. Trees answer a question "
            "outside the weeks they saw with the nearest week that they saw, so a channel that is "
            "seldom off has hardly an effect by them."
        )
    beyond = total[total > 1]
    if len(beyond) and link == "identity":
        yield (
            f"{_begun(_listed([spoken(str(m)) for m in beyond.index]))} "
            f"{'credit' if len(beyond) > 1 else 'credits'} the channels with more than all of the "
            "outcome: what they say of effects is not to be believed, whatever they forecast."
        )
    if "coefficients" in tables:
        outcome = tables["coefficients"].query("stage == 'outcome'")
        media = outcome[outcome["feature"].isin(dataset.channels)]
        inflated = media[media["vif"] > INFLATED]["feature"].unique()
        if len(inflated):
            yield (
                f"Variance inflation above {INFLATED:.0f} in some model: "
                f"{_listed(sorted(map(str, inflated)))}; their coefficients trade against others."
            )
        wide = media[(media["lower"] < 0) & (media["upper"] > 0)]
        yield (
            f"Of {len(media)} media coefficients of linear models, those whose bootstrap interval "
            f"contains 0: {len(wide)}."
        )
        negative = media[media["upper"] < 0]
        if len(negative):
            yield (
                f"Below 0 with their whole interval: {len(negative)}. That is advertising which "
                "lowers the outcome; the Bayesian family rules it out by its prior unless told "
                "otherwise."
            )
    tests = tables["residuals"].set_index("test")
    for test, what in (
        ("shapiro_wilk", "normal (Shapiro-Wilk)"),
        ("breusch_pagan", "of one variance (Breusch-Pagan)"),
        ("ljung_box", "independent from week to week (Ljung-Box)"),
    ):
        objecting = tests.loc[[test]].query("p < @SIGNIFICANT")["model"]
        yield (
            f"Residuals are not {what}, at p < {SIGNIFICANT}, in {len(objecting)} of "
            f"{len(tests.loc[[test]])} classical models."
        )


def _use(table: Any, tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    steady = table["stability"].dropna()
    if len(steady):
        yield (
            f"From window to window the channels' shares vary least by {spoken(steady.idxmin())} "
            f"({steady.min():.0%} of their size) and most by {spoken(steady.idxmax())} "
            f"({steady.max():.0%}). A model that is wrong in the same way each time is steady too."
        )
    alike = table["agreement"].dropna()
    if len(alike):
        yield (
            f"The models' rankings of the channels correlate by {alike.mean():.2f} on average; "
            f"{spoken(str(alike.idxmin()))} agrees least with the others ({alike.min():.2f})."
        )
    if "reallocation" in tables:
        moves: Any = tables["reallocation"]
        best = moves[moves["best"] & (moves["share"] == moves["share"].max())]
        pairs = (best["from"] + " to " + best["to"]).value_counts()
        sure = best[best["lower"] > 0]
        yield (
            f"Asked which transfer of 10% of a channel's money gains most, {len(best)} models give "
            f"{len(pairs)} different answer{'s' * (len(pairs) > 1)}; the most frequent is "
            f"{pairs.index[0]} ({pairs.iloc[0]} of {len(best)}). Gains whose interval is above 0: "
            f"{len(sure)} of {len(best)}. Each answer was picked for being the best, so its gain "
            "is likely to disappoint."
        )
    seconds = table["seconds"]
    yield (
        f"Tuning and fits took {seconds.min():.0f} to {seconds.max():.0f} seconds a model, the "
        f"longest {spoken(str(seconds.idxmax()))}."
    )
    if not any(kind_of(str(m)) not in KINDS for m in table.index):
        yield (
            "No member of the Bayesian family took part; --bayes partial_mediation sets one beside "
            "these models on the same splits."
        )
    if any(str(m).startswith(TWO_STAGE) for m in table.index):
        yield (
            "A budget is decided by effects, not by forecasts: prefer the model whose intervals "
            "hold the truth where it is known, and a lift test where it is not."
        )


def _mean_sd(row: Any, name: str) -> str:
    digits = 2 if abs(row[name]) < 100 else 0
    return f"{row[name]:,.{digits}f} ± {row[f'{name}_sd']:,.{digits}f}"


def _range(values: pd.Series) -> str:
    low, high = f"{values.min():.0%}", f"{values.max():.0%}"
    return low if low == high else f"{low} to {high}"


def _begun(text: str) -> str:
    """The words as a sentence begins."""
    return text[:1].upper() + text[1:]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1]
