"""Sentences that interpret a comparison, as far as its standard errors allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mmm_bayes.comparison.loo import LeaveOneOut
from mmm_bayes.comparison.ranking import NEGLIGIBLE_DIFFERENCE, are_distinguishable
from mmm_bayes.comparison.runs import replaced_weeks
from mmm_bayes.inference.runs import Run
from mmm_bayes.text import join_names

#: Largest R-hat of a short refit that counts as converged.
RHAT_MAX = 1.05
#: Smallest Monte Carlo error of refitted values to be reported, in log units. Where a single draw
#: dominates a value, its error is about 1 whatever the true error.
ERROR_MAX = 0.5


def ranking_sentences(
    table: pd.DataFrame, loos: Mapping[str, LeaveOneOut], runs: Mapping[str, Run]
) -> list[str]:
    """Sentences that interpret the ranking by leave-one-out.

    Parameters
    ----------
    table : pandas.DataFrame
        As `rank_runs` returns it.
    """
    unreliable = {name for name, loo in loos.items() if loo.unresolved}
    weeks = next(iter(loos.values())).pareto_k.size
    sentences = _comparison_sentences(table, f"over {weeks} unseen weeks", unreliable)
    sentences.append(_stacking_sentence(table))
    sentences += [
        f"{name} failed its own checks (verdict: fail), so do not rely on its results, "
        "however well it predicts."
        for name, run in runs.items()
        if run.diagnostics["verdict"] == "fail"
    ]
    return sentences


def lfo_sentences(table: pd.DataFrame, origins: int, horizon: int) -> list[str]:
    """Sentences that interpret the ranking by leave-future-out.

    Parameters
    ----------
    table : pandas.DataFrame
        As `rank_runs` returns it.
    origins : int
        Number of weeks from which predictions were made.
    horizon : int
        Number of weeks that were predicted jointly.
    """
    weeks = "the next week is" if horizon == 1 else f"the next {horizon} weeks are"
    setting = f"when {weeks} predicted from the past alone, {origins} times"
    return _comparison_sentences(table, setting, set())


def notes(
    loos: Mapping[str, LeaveOneOut],
    runs: Mapping[str, Run],
    rhat: Mapping[str, float],
    errors: Mapping[str, float],
    *,
    refits: int,
    has_holdout: bool,
    left_out: int = 0,
) -> list[str]:
    """Sentences on the limits of the comparison.

    Parameters
    ----------
    loos : mapping of str to LeaveOneOut
        Estimates after the refits.
    rhat : mapping of str to float
        Largest R-hat of the refits of each run.
    errors : mapping of str to float
        Monte Carlo standard error of the sum of the refitted values of each run, in log units.
    refits : int
        Largest number of refits that was allowed for a run.
    has_holdout : bool
        Whether all runs have a holdout.
    left_out : int
        Number of weeks left out because they are at a floor of some runs only, or because a lift
        test replaces their outcome in a run.
    """
    sentences = [
        _refit_note(name, loo, refits) for name, loo in loos.items() if loo.unreliable.any()
    ]
    sentences += [
        f"{name}: the chains of a refit disagree (R-hat {worst:.2f}), so its exact values are "
        "imprecise."
        for name, worst in rhat.items()
        if worst > RHAT_MAX
    ]
    sentences += [
        f"{name}: the refitted weeks lie so far from its predictions that few draws come near "
        f"them: its ELPD has a Monte Carlo error of {error:.1f} log units or more (1 SE), which "
        "the errors in the table do not include."
        for name, error in errors.items()
        if error > ERROR_MAX
    ]
    weeks = next(iter(loos.values())).pareto_k.size
    if weeks < 100:
        sentences.append(
            f"There are only {weeks} weeks: the standard errors of the differences are imprecise, "
            "and likely too small."
        )
    mediated = [name for name, run in runs.items() if "mediator" in run.draws["log_likelihood"]]
    if mediated:
        verb = "predicts" if len(mediated) == 1 else "predict"
        sentences.append(
            "All densities are those of the outcome alone, given the spend of every channel "
            f"including the mediator: how well {join_names(mediated)} {verb} the mediator itself "
            "does not count."
        )
    if len({run.record["model"] for run in runs.values()}) > 1:
        sentences.append(
            "Models with different causal graphs may predict equally well and still differ in the "
            "effects of the channels: prediction alone does not identify the graph."
        )
    forms = {
        tuple(run.draws.attrs.get(name) for name in ("link", "likelihood", "at_floor"))
        for run in runs.values()
    }
    if len(forms) > 1:
        sentences.append(
            "The runs differ in link, likelihood or floor; all densities are on the scale of the "
            "outcome, so they are comparable."
        )
    remembering = [name for name, run in runs.items() if run.draws.attrs.get("errors") == "ar1"]
    if remembering:
        sentences.append(
            f"A week's density in {join_names(remembering)} is that given the week before, whose "
            "disturbance it inherits in part."
        )
    replaced = int(replaced_weeks(runs).sum()) if left_out else 0
    if replaced:
        sentences.append(
            f"{replaced} weeks are left out because a lift test computed from them replaces their "
            "outcome in the likelihood of a run."
        )
    left_out -= replaced
    if left_out:
        sentences.append(
            f"{left_out} weeks are at a floor that not all of these runs have. They have a "
            "probability in a run with the floor and a density in one without it, which are not "
            "comparable, so these weeks are left out. That favours the runs without a floor, which "
            "are not penalised for giving those weeks no probability."
        )
    if not has_holdout:
        sentences.append("There are no holdout scores, because not every run has a holdout.")
    return sentences


def _comparison_sentences(table: pd.DataFrame, setting: str, unreliable: set[str]) -> list[str]:
    """A sentence for each run but the best, comparing the best with it."""
    rows: Any = table.itertuples(index=False)
    best, *others = rows
    sentences = []
    for other in others:
        lead, error = -other.elpd_diff, other.diff_se
        size = f"by {lead:.1f} log units (SE {error:.1f}) {setting}"
        doubtful = [name for name in (best.run, other.run) if name in unreliable]
        if doubtful:
            sentences.append(
                f"{best.run} seems to predict better than {other.run}, {size}, but the "
                f"leave-one-out of {join_names(doubtful)} is unreliable, so the two can't be "
                "distinguished."
            )
        elif are_distinguishable(lead, error):
            sentences.append(
                f"{best.run} predicts better than {other.run}, {size}: a clear difference."
            )
        else:
            reason = (
                "within its error"
                if lead >= NEGLIGIBLE_DIFFERENCE
                else f"too little (below {NEGLIGIBLE_DIFFERENCE:.0f}) to count"
            )
            sentences.append(
                f"{best.run} and {other.run} can't be distinguished: the former leads {size}, "
                f"{reason}."
            )
    return sentences


def _stacking_sentence(table: pd.DataFrame) -> str:
    ordered: Any = table.sort_values("weight", ascending=False).itertuples(index=False)
    weights = {row.run: row.weight for row in ordered if row.weight >= 0.005}
    mixture = (
        f"{next(iter(weights))} alone"
        if len(weights) == 1
        else join_names([f"{weight:.0%} {name}" for name, weight in weights.items()])
    )
    rows: Any = table.iloc[1:].itertuples(index=False)
    tied = any(not are_distinguishable(row.elpd_diff, row.diff_se) for row in rows)
    caveat = "; between runs that can't be distinguished, the weights mean little" if tied else ""
    return f"The mixture that predicts best is {mixture} (stacking weights){caveat}."


def _refit_note(name: str, loo: LeaveOneOut, refits: int) -> str:
    number, size = int(loo.unreliable.sum()), loo.pareto_k.size
    verb = "influences" if number == 1 else "influence"
    start = (
        f"{name}: {number} of {size} weeks {verb} the fit too much for importance sampling (Pareto "
        f"k above {loo.elpd.good_k:.2f})"
    )
    if not loo.unresolved:
        subject = "it was" if number == 1 else "they were"
        return f"{start}; {subject} predicted by exact refits instead."
    reason = (
        f", which needs {loo.weeks_to_refit.size} refits where {refits} are allowed; none was made"
        if refits
        else "; no refit was made"
    )
    return (
        f"{start}{reason}, so its leave-one-out is unreliable: rely on the holdout or on "
        "leave-future-out, or allow more refits."
    )
