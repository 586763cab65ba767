"""Assumptions of a run's intervals, which no check of its table can prove."""

from __future__ import annotations

from mmm_bayes.report.changes import change_sentences
from mmm_bayes.report.interactions import interactions_table
from mmm_bayes.report.run import View
from mmm_bayes.text import join_names


def list_assumptions(run: View) -> list[tuple[str, str]]:
    """Each assumption, and what follows from it."""
    outcome, mediator = run.outcome, run.mediator
    moved = join_names(run.moved) if run.attrs.get("demand") == "unseen" else ""
    exception = f", but for the spend on {moved}" if moved else ""
    assumptions = [
        (
            f"Nothing outside the table moves both spend and {outcome}{exception}.",
            "Anything that does (a launch, a competitor's campaign, demand that the planner "
            "anticipated) is counted as an effect of the spend.",
        )
    ]
    if moved:
        split = (
            ", and the split into direct and indirect effects is wrong by as much"
            if mediator in run.moved
            else ""
        )
        assumptions.append(
            (
                f"What moves both {moved} and {outcome} from outside the table is one demand",
                "that arrives without regard to the spends of the other channels, remembers as the "
                "disturbances do, and is felt within two weeks (the model learns its strength). "
                f"A cause of another kind is mistaken for an effect of {moved}{split}.",
            )
        )
    elif mediator:
        assumptions.append(
            (
                f"Nothing outside the table moves both {mediator} and {outcome}",
                "(sequential ignorability; Imai, Keele, Yamamoto 2010). Demand moves both in most "
                "markets, and would be mistaken for mediation. The split into direct and indirect "
                "effects rests on this.",
            )
        )
    if run.positive_priors:
        consequence = "an interval that does not contain 0 is no evidence by itself."
        if mediator:
            consequence += (
                f" Effects on {mediator} may have either sign, so an indirect interval may contain "
                f"0, which is informative. One that does not shows that the channel moves "
                f"{mediator}; that {mediator} then moves {outcome} is assumed by the prior. "
                "mmm-bayes sensitivity estimates indirect effects without assuming a sign."
            )
        assumptions.append((f"The priors allow no negative effect on {outcome}:", consequence))
    form = run.record.get("form", {}).get("adstock", "geometric").replace("_", " ")
    declines = "declines geometrically" if form == "geometric" else f"has the {form} form"
    assumptions += [
        (
            "Weeks before the table are taken to have been average weeks, without a channel that "
            "starts inside the table.",
            "Their carryover into the first weeks is not known.",
        ),
        (
            f"Carryover ends after {run.attrs.get('max_lag', 'some')} weeks",
            f"and {declines} until then.",
        ),
    ]
    if change_sentences(run):
        same = (
            f"; what raises {mediator} does so by the same amount in all weeks" if mediator else ""
        )
        assumptions.append(
            (
                f"Effects on {outcome} change slowly",
                f"and nothing that changes them moves the baseline too{same}. A cause of {outcome} "
                "that lasts for months and is in no column can look like a change.",
            )
        )
    else:
        exception = " except as the model's interactions say" if interactions_table(run) else ""
        assumptions.append(
            (
                f"A channel's response does not change over time{exception}",
                "and depends on its spend through its curve.",
            )
        )
    return assumptions
