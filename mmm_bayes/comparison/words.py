"""A comparison in sentences, which claim no more than its standard errors allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mmm_bayes.comparison.loo import LeaveOneOut
from mmm_bayes.comparison.ranking import SMALL, apart
from mmm_bayes.runs import Run

#: An R-hat of a short refit above which its chains had not found the same answer.
RHAT_MAX = 1.05
#: A Monte Carlo error of the refits' values that is worth telling, in log units. It can't tell how
#: wrong a value is that hangs on a single draw: such a one has an error of about 1, however wrong.
ERROR_MAX = 0.5


def sentences(
    table: pd.DataFrame, found: Mapping[str, LeaveOneOut], runs: Mapping[str, Run]
) -> list[str]:
    """What to take from the ranking by leave-one-out.

    Parameters
    ----------
    table : pandas.DataFrame
        As `mmm_bayes.comparison.ranking.ranking` makes it.
    found : mapping of str to LeaveOneOut
    runs : mapping of str to Run
    """
    unreliable = {name for name, one in found.items() if one.left_bad}
    weeks = next(iter(found.values())).pareto_k.size
    said = _pairs(table, f"over {weeks} unseen weeks", unreliable)
    said.append(_blend(table))
    said += [
        f"{name} failed its own checks (verdict: fail), so do not rely on its results, "
        "however well it predicts."
        for name, run in runs.items()
        if run.diagnostics["verdict"] == "fail"
    ]
    return said


def future_sentences(table: pd.DataFrame, origins: int, horizon: int) -> list[str]:
    """What to take from the ranking by leave-future-out.

    Parameters
    ----------
    table : pandas.DataFrame
        As `ranking` gives it.
    origins : int
        Weeks that were predicted from the weeks before them.
    horizon : int
        Weeks ahead that were predicted together.
    """
    ahead = "the next week" if horizon == 1 else f"the next {horizon} weeks"
    where = f"when {ahead} {'is' if horizon == 1 else 'are'} predicted from the past alone"
    return _pairs(table, f"{where}, {origins} times", set())


def notes(
    found: Mapping[str, LeaveOneOut],
    runs: Mapping[str, Run],
    rhat: Mapping[str, float],
    errors: Mapping[str, float],
    *,
    refits: int,
    scored: bool,
    left_out: int = 0,
) -> list[str]:
    """What a reader has to know of how the numbers came about.

    Parameters
    ----------
    found : mapping of str to LeaveOneOut
        After the refits.
    runs : mapping of str to Run
    rhat : mapping of str to float
        The largest R-hat of each run's refits.
    errors : mapping of str to float
        Monte Carlo standard error of the sum of each run's refitted values.
    refits : int
        The most refits that were allowed for a run.
    scored : bool
        Whether all runs have a holdout.
    left_out : int
        Weeks at a floor that some runs have and others have not.
    """
    said = [_acted(name, one, refits) for name, one in found.items() if one.bad.any()]
    said += [
        f"{name}: the chains of a refit disagree (R-hat {worst:.2f}), so its exact values "
        "are rough."
        for name, worst in rhat.items()
        if worst > RHAT_MAX
    ]
    said += [
        f"{name}: the weeks refitted lie so far from what it predicts that few draws come near "
        f"them: its ELPD is rough, by {error:.1f} log units or more (1 SE), which the errors in "
        "the table do not hold."
        for name, error in errors.items()
        if error > ERROR_MAX
    ]
    weeks = next(iter(found.values())).pareto_k.size
    if weeks < 100:
        said.append(
            f"There are only {weeks} weeks: the standard errors of the differences are "
            "rough, and likely too small."
        )
    mediated = [name for name, run in runs.items() if "mediator" in run.draws["log_likelihood"]]
    if mediated:
        said.append(
            "All densities are those of the outcome alone, given every channel's spend, the "
            f"mediator's too: how well {listed(mediated)} predict{'s' * (len(mediated) == 1)} the "
            "mediator itself plays no part."
        )
    if len({run.record["model"] for run in runs.values()}) > 1:
        said.append(
            "Models of different causal graphs may predict equally well and still differ in what "
            "they say of the channels: prediction alone does not choose a graph."
        )
    forms = {
        tuple(run.draws.attrs.get(name) for name in ("link", "likelihood", "at_floor"))
        for run in runs.values()
    }
    if len(forms) > 1:
        said.append(
            "The runs differ in link, likelihood or floor; every density is on the outcome's own "
            "scale, so they compare all the same."
        )
    if left_out:
        said.append(
            f"{left_out} weeks stand at a floor that not all of these runs have. A run with it "
            "gives them a probability, one without it a density, and these can't be compared: the "
            "weeks are left out. That favours the runs without a floor, which are then not charged "
            "for never expecting those weeks."
        )
    if not scored:
        said.append(
            "No scores of a holdout are given, because not every run has kept weeks for one."
        )
    return said


def _pairs(table: pd.DataFrame, where: str, unreliable: set[str]) -> list[str]:
    """The best run against every other."""
    rows: Any = table.itertuples(index=False)
    best, *others = rows
    said = []
    for other in others:
        lead, error = -other.elpd_diff, other.diff_se
        size = f"by {lead:.1f} log units (SE {error:.1f}) {where}"
        doubtful = [one for one in (best.run, other.run) if one in unreliable]
        if doubtful:
            said.append(
                f"{best.run} seems to predict better than {other.run}, {size}, but the "
                f"leave-one-out of {listed(doubtful)} is unreliable: it does not tell them apart."
            )
        elif apart(lead, error):
            said.append(
                f"{best.run} predicts better than {other.run}, {size}: the data tell them apart."
            )
        else:
            why = (
                "within its error" if lead >= SMALL else f"too little (below {SMALL:.0f}) to count"
            )
            said.append(
                f"{best.run} and {other.run} can't be told apart: the former leads {size}, {why}."
            )
    return said


def _blend(table: pd.DataFrame) -> str:
    ordered: Any = table.sort_values("weight", ascending=False).itertuples(index=False)
    parts = {row.run: row.weight for row in ordered if row.weight >= 0.005}
    blend = (
        f"{next(iter(parts))} alone"
        if len(parts) == 1
        else listed([f"{weight:.0%} {name}" for name, weight in parts.items()])
    )
    rows: Any = table.iloc[1:].itertuples(index=False)
    tied = any(not apart(row.elpd_diff, row.diff_se) for row in rows)
    doubt = "; between runs that can't be told apart, the shares mean little" if tied else ""
    return f"The blend that predicts best is {blend} (stacking weights){doubt}."


def _acted(name: str, found: LeaveOneOut, refits: int) -> str:
    bad, size, k = int(found.bad.sum()), found.pareto_k.size, found.elpd.good_k
    start = (
        f"{name}: {bad} of {size} weeks sway{'s' * (bad == 1)} the fit too much for importance "
        f"sampling (Pareto k above {k:.2f})"
    )
    if not found.left_bad:
        return (
            f"{start}; {'it was' if bad == 1 else 'they were'} predicted by exact refits instead."
        )
    why = (
        f", which takes {found.weeks.size} refits where {refits} are allowed; none was made"
        if refits
        else "; no refit was made"
    )
    return (
        f"{start}{why}, so its leave-one-out is unreliable: go by the holdout or by "
        "leave-future-out, or allow more refits."
    )


def listed(words: list[str]) -> str:
    """Words as a sentence lists them."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
