"""Scenarios: the kinds of market that can be simulated."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from mmm_bayes.studies.simulate.curves import THRESHOLD
from mmm_bayes.studies.simulate.equations import STANDARD, Mechanism


@dataclass(frozen=True)
class Scenario:
    """Settings that distinguish one kind of market from another.

    Parameters
    ----------
    message : str
        Description of the market in one sentence.
    weeks, units : int
        Size of the table. Units of a panel vary in size, response and noise around a typical unit.
    shared : float
        Standard deviation, as a share of the mean, of a weekly shock that all units share.
    link : {"identity", "log"}
        Whether contributions and noise add up or multiply.
    mediated, direct : bool
        Whether the causes have an indirect effect through the mediator, and a direct effect.
    flighted : bool
        Whether the causes are off in many weeks, and the mediator has a hurdle.
    season : float
        Standard deviation of the Fourier coefficients of the season.
    noise : tuple of float
        Range of the disturbance's standard deviation, as a share of the mean or in log points.
    tails : float
        Degrees of freedom of the outcome's disturbance; infinity for a normal one.
    memory : float
        Correlation of a week's disturbance with the last week's, in both equations.
    walk : float
        Standard deviation of a week's step of a random walk of the level of the outcome, as a
        share of the mean.
    walk_moves_mediator : bool
        Whether the level of the mediator walks with it.
    confounding : float
        Standard deviation, as a share of the mean, of a common cause of the mediator and the
        outcome that is missing from the table.
    demand : float
        Share of the variance of both disturbances that a demand makes which is missing from the
        table and remembers its last week. People search when they want a thing and buy it in the
        same or in the next week.
    forecast : float
        Log points by which TV's budget follows a standard deviation of a forecast of that demand.
        The budget also follows the price of airtime, and in eight weeks a test sets it.
    mechanism : Mechanism
        Saturation curve and length of the carryover in both equations.
    retention, half_saturation : tuple of float
        Ranges of the channels' retention, and of their half-saturation point in multiples of the
        mean exposure when on.
    fades_to : float
        Effectiveness of media at the end of the table, relative to the start. It falls smoothly,
        for the most part within a quarter of the table around its middle.
    owned : bool
        Whether emails, which cost nothing, are sent. They are more effective during promotions,
        and promotions are less effective at a high price.
    floor : float, optional
        Share of the mean of an average week below which an outcome is recorded as that share.
    """

    message: str
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
    memory: float = 0.0
    walk: float = 0.0
    walk_moves_mediator: bool = False
    confounding: float = 0.0
    demand: float = 0.0
    forecast: float = 0.0
    mechanism: Mechanism = STANDARD
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
        "Contributions, seasons and noise multiply; an outcome below a floor is recorded as the "
        "floor.",
        link="log",
        season=0.35,
        noise=(0.15, 0.25),
        floor=0.6,
    ),
    "heavy_tailed": Scenario("Revenue has outliers far beyond a normal distribution.", tails=2.5),
    "remembering": Scenario(
        "What disturbs revenue or Google spend in one week is still felt in the weeks after it.",
        memory=0.6,
    ),
    "drifting": Scenario("The level of revenue drifts without a cause in the table.", walk=0.012),
    "drifting_together": Scenario(
        "The levels of revenue and Google spend drift together, without a cause in the table.",
        walk=0.012,
        walk_moves_mediator=True,
    ),
    "panel": Scenario(
        "Eight regions, each with its own response, that share weekly shocks.",
        weeks=104,
        units=8,
        shared=0.04,
    ),
    "confounded": Scenario(
        "Demand moves both Google spend and revenue, and is missing from the table.",
        confounding=0.06,
    ),
    "demanded": Scenario(
        "Demand that is missing from the table makes 30% of what media leave unexplained of Google "
        "spend and revenue.",
        demand=0.3,
    ),
    "strongly_demanded": Scenario(
        "Demand that is missing from the table makes 60% of what media leave unexplained of Google "
        "spend and revenue.",
        demand=0.6,
    ),
    "forecasting": Scenario(
        "Demand that is missing from the table makes half of what media leave unexplained, and "
        "TV's budget follows a forecast of it, except in the weeks of a test.",
        demand=0.5,
        forecast=0.35,
    ),
    # Between an eighth and a half of an effect comes later than the 13th week.
    "long_carryover": Scenario(
        "The carryover of advertising lasts for a year.",
        mechanism=Mechanism(memory=52),
        retention=(0.85, 0.95),
    ),
    "changing_effect": Scenario(
        "Media lose half of their effect on revenue around the middle of the table.", fades_to=0.5
    ),
    # Spends that settled by trial and error are mostly above their threshold.
    "other_saturation": Scenario(
        "Advertising has no effect up to a threshold, and saturates exponentially above it.",
        mechanism=Mechanism(curve=THRESHOLD),
        half_saturation=(0.5, 1.2),
    ),
    "owned": Scenario(
        "Emails cost nothing and are more effective during promotions; promotions are less "
        "effective at a high price.",
        owned=True,
    ),
}
