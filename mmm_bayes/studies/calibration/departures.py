"""Departures of simulated markets from the assumptions of the model, and the remedy for each."""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE = "mediated"


@dataclass(frozen=True)
class Departure:
    """A way in which the model is misspecified.

    Attributes
    ----------
    scenario : str
        Scenario of `mmm_bayes.studies.simulate`.
    name : str
        Short name, as in a cell of a table.
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
        "Retention is between 0.85 and 0.95 and carryover lasts 52 weeks, in the outcome and in "
        "the mediator: between an eighth and a half of an effect comes after the 13 weeks of the "
        "model.",
        "A longer `max_lag` in `[model]` removes the cut-off but not the difficulty: such a smooth "
        "effect looks like a trend or a season. Where advertising is expected to work slowly, do "
        "not mistake a small estimate for a small effect; measure it by a long lift test "
        "(`[experiments]`).",
    ),
    Departure(
        "heavy_tailed",
        "heavier tails",
        "Disturbances of the outcome are Student-t with 2.5 degrees of freedom; the likelihood is "
        "normal.",
        "Fit again with `--likelihood student_t`, and examine the weeks that stand out.",
    ),
    Departure(
        "confounded",
        "an omitted confounder",
        "An autocorrelated demand, with a standard deviation of 6%, moves both Google's spend and "
        "revenue; the table does not contain it.",
        "The model has such a demand, whose strength it learns: fitted with `--demand none`, it "
        "would credit Google with it. What is known of its strength (`[demand]`), weeks in which a "
        "test set Google's spend (`designed`), and lift tests (`[experiments]`) tell the two "
        "apart. The volume of searches is no control: media move it, too.",
    ),
    Departure(
        "changing_effect",
        "an effect that changes",
        "Every channel's effect on revenue falls by half, smoothly, around the middle of the "
        "table; the estimand is the sum over all weeks.",
        "Fit `time_varying`, in which effects may change: one number for all weeks describes none "
        "of them. The check `change.constant_effect` names the channels.",
    ),
    Departure(
        "other_saturation",
        "another saturation curve",
        "In both equations there is no response up to a threshold, and an exponential rise above "
        "it; the closest Hill curve differs by 5 to 6% of the full effect.",
        "The effect of a channel that is always on is extrapolated along the curve to a spend of "
        "zero. Only weeks without the channel, or lift tests (`[experiments]`), show the curve "
        "there.",
    ),
)
