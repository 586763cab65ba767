"""What the intervals of a run rest on and no check of its table can prove."""

from __future__ import annotations

from mmm_bayes.report.changes import changes
from mmm_bayes.report.interactions import interactions
from mmm_bayes.report.run import View


def assumptions(run: View) -> list[tuple[str, str]]:
    """Each assumption in bold and what follows from it."""
    outcome, mediator = run.outcome, run.mediator
    said = [
        (
            f"Nothing outside the table moves both spend and {outcome}.",
            "Whatever does (a launch, a rival's campaign, demand that the planner saw coming) is "
            "counted as the effect of the spend.",
        )
    ]
    if mediator:
        said.append(
            (
                f"Nothing outside the table moves both {mediator} and {outcome}",
                "(sequential ignorability; Imai, Keele, Yamamoto 2010). Demand moves both in most "
                "markets, and would be taken for mediation. The split into direct and indirect "
                "rests on this.",
            )
        )
    if run.positive:
        said.append(
            (
                f"Effects on {outcome} are positive by prior:",
                "an interval that does not contain 0 is no evidence by itself."
                + (
                    f" Effects on {mediator} are free in sign, so an indirect interval may contain "
                    "0, and that is an answer. One that does not says that the channel moves "
                    f"{mediator}; that {mediator} then moves {outcome} is in the prior. mmm-bayes "
                    "sensitivity asks for indirect effects with no sign assumed."
                    if mediator
                    else ""
                ),
            )
        )
    said += [
        (
            "Weeks before the table are taken to have been average weeks.",
            "Their carryover into the first weeks is not known.",
        ),
        (
            f"Carryover ends after {run.attrs.get('max_lag', 'some')} weeks",
            "and dies away geometrically until then.",
        ),
    ]
    if changes(run):
        said.append(
            (
                f"Effects on {outcome} change slowly",
                "and by nothing that moves the baseline too"
                + (
                    f"; what raises {mediator} does so by the same amount in all weeks"
                    if mediator
                    else ""
                )
                + f". A cause of {outcome} that lasts for months and is in no column can look like "
                "a change.",
            )
        )
    else:
        said.append(
            (
                "A channel's response does not change over time"
                + (" except as the model says" if interactions(run) else ""),
                "and depends on its spend through its curve.",
            )
        )
    return said
