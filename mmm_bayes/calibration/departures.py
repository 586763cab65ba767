"""The ways in which a market can differ from what the model assumes, and what to do then."""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE = "mediated"


@dataclass(frozen=True)
class Departure:
    """One way to be wrong.

    Attributes
    ----------
    scenario : str
        Of `mmm_bayes.simulate`.
    name : str
        In a table's cell.
    truth : str
        How these markets work, in a sentence.
    remedy : str
        What to do about it.
    """

    scenario: str
    name: str
    truth: str
    remedy: str


DEPARTURES = (
    Departure(
        "long_carryover",
        "longer carryover",
        "Retention between 0.85 and 0.95 and a memory of 52 weeks, on the outcome and on the "
        "mediator: an eighth to a half of an effect comes after the 13 weeks of the model.",
        "A longer `max_lag` in `[model]` removes the cut-off, not the difficulty: an effect that "
        "smooth looks like a trend or a season. Where advertising is meant to work slowly, do not "
        "take a small estimate for a small effect; measure it by a long lift test "
        "(`[experiments]`).",
    ),
    Departure(
        "heavy_tailed",
        "heavier tails",
        "Disturbances of the outcome are Student-t with 2.5 degrees of freedom; the likelihood is "
        "normal.",
        "Fit again with `--likelihood student_t`, and look at the weeks that stand out.",
    ),
    Departure(
        "confounded",
        "an omitted confounder",
        "A demand that lasts for weeks, with a standard deviation of 6%, moves Google's spend and "
        "revenue alike; the table lacks it.",
        "Put what drives demand into `[controls]`, such as the volume of searches (Chen et al. "
        "2018), or measure Google by a lift test (`[experiments]`). `mmm-bayes sensitivity` says "
        "how strong such a cause would have to be to undo the mediation. The checks can only "
        "notice that something lasts for weeks, not that it moves Google too.",
    ),
    Departure(
        "changing_effect",
        "an effect that changes",
        "Every channel's effect on revenue falls to a half, smoothly, around the middle of the "
        "table; the truth asked for is the sum over all weeks.",
        "Fit `time_varying`, in which effects may change: one number for all weeks describes none "
        "of them. The check `change.constant_effect` names the channels.",
    ),
    Departure(
        "other_saturation",
        "another saturation curve",
        "Nothing happens up to a threshold, and an exponential rises above it, in both equations; "
        "the closest of all Hill curves is 5 to 6% of the full effect away.",
        "The effect of a channel that is always on is read off the curve at a spend of zero. Only "
        "weeks without it, or lift tests (`[experiments]`), show the curve there.",
    ),
)
