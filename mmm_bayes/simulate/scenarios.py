"""The kinds of market that can be simulated."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from mmm_bayes.simulate.curves import THRESHOLD
from mmm_bayes.simulate.equations import USUAL, Mechanism


@dataclass(frozen=True)
class Scenario:
    """What makes one kind of market differ from another.

    Parameters
    ----------
    says : str
        The market in one sentence.
    weeks, units : int
        Size of the table. Units of a panel differ in size, in how they respond and how noisy they
        are, around what is typical.
    shared : float
        Standard deviation, in shares of the mean, of a shock that all units have in a week.
    link : {"identity", "log"}
        Whether contributions and noise add up or multiply.
    mediated, direct : bool
        Whether the causes act through the mediator, and by themselves.
    flighted : bool
        Whether the causes are off in many weeks, and the mediator has a hurdle.
    season : float
        Standard deviation of the coefficients of the seasonal waves.
    noise : tuple of float
        Range of the disturbance's standard deviation, in shares of the mean or log points.
    tails : float
        Degrees of freedom of the outcome's disturbance; infinity for a normal one.
    confounding : float
        Standard deviation, in shares of the mean, of a cause common to the mediator and the
        outcome that the table lacks.
    mechanism : Mechanism
        Saturation curve and memory of both equations.
    retention, half_saturation : tuple of float
        Ranges of the channels' retention, and of their half-saturation point in mean exposures
        when on.
    fades_to : float
        What is left of the media's effect on the outcome at the end of the table. It falls
        smoothly, most of the way within a quarter of the table around its middle.
    owned : bool
        Whether emails, which cost nothing, are sent; they act more in weeks of promotion, and
        promotions do less at a high price.
    floor : float, optional
        Share of the mean of an average week below which an outcome is recorded as that share.
    """

    says: str
    weeks: int = 156
    units: int = 1
    shared: float = 0.0
    link: Literal["identity", "log"] = "identity"
    mediated: bool = True
    direct: bool = True
    flighted: bool = False
    season: float = 0.05
    noise: tuple[float, float] = (0.03, 0.06)
    tails: float = inf
    confounding: float = 0.0
    mechanism: Mechanism = USUAL
    retention: tuple[float, float] = (0.1, 0.7)
    half_saturation: tuple[float, float] = (0.5, 2.0)
    fades_to: float = 1.0
    owned: bool = False
    floor: float | None = None


SCENARIOS = {
    "mediated": Scenario("Social channels raise Google spend and revenue."),
    "unmediated": Scenario(
        "Social channels raise revenue and leave Google spend alone.", mediated=False
    ),
    "fully_mediated": Scenario("Social channels raise revenue only through Google.", direct=False),
    "direct_only": Scenario(
        "A longer table in which every channel acts by itself.", weeks=208, mediated=False
    ),
    "zero_spend": Scenario("Channels run in flights; Google is off in many weeks.", flighted=True),
    "multiplicative": Scenario(
        "Contributions, seasons and noise multiply; the high season is several times the low one.",
        link="log",
        season=0.35,
        noise=(0.15, 0.25),
    ),
    "floored": Scenario(
        "Contributions, seasons and noise multiply, and what is below a floor is recorded as it.",
        link="log",
        season=0.35,
        noise=(0.15, 0.25),
        floor=0.6,
    ),
    "heavy_tailed": Scenario("Revenue has weeks that no normal distribution expects.", tails=2.5),
    "panel": Scenario(
        "Eight regions, each with its own response, that share what happens in a week.",
        weeks=104,
        units=8,
        shared=0.04,
    ),
    "confounded": Scenario(
        "Demand moves Google spend and revenue, and the table lacks it.", confounding=0.06
    ),
    # An eighth to a half of an effect comes later than the 13th week.
    "long_carryover": Scenario(
        "Advertising is remembered for a year.",
        mechanism=Mechanism(memory=52),
        retention=(0.85, 0.95),
    ),
    "changing_effect": Scenario(
        "Media lose half of their effect on revenue around the middle of the table.", fades_to=0.5
    ),
    # Spends that settled by trial and error are mostly above their threshold.
    "other_saturation": Scenario(
        "Advertising does nothing up to a threshold, and saturates exponentially above it.",
        mechanism=Mechanism(curve=THRESHOLD),
        half_saturation=(0.5, 1.2),
    ),
    "owned": Scenario(
        "Emails cost nothing and act more in weeks of promotion; promotions do less at a high "
        "price.",
        owned=True,
    ),
}
