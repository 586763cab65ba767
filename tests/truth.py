"""What an experiment would have measured in a simulated market, in loops from its written truth.

The truth stands beside the table; the weeks before the table do not, and are taken to have been
average ones, which moves the lift of a test in the middle of the table by a hundredth at most.
"""

from typing import Any

import numpy as np
import pandas as pd
from oracle import response

from mmm_bayes.studies.simulate import Market
from mmm_bayes.studies.simulate.market import MEAN_REVENUE, MEAN_SPEND

LAGS = 13


def truthful_experiments(
    market: Market, tests: list[tuple[str, int, int, float]], error: float
) -> Any:
    """A table of truthful experiments, with the chance that their standard errors allow.

    A test is a channel, its first and last week, and the change of spend as a share of what was
    spent; its standard error is a share of the true lift.
    """
    rows = []
    rng = np.random.default_rng(market.seed)
    weeks = market.table["week"]
    for channel, first, last, share in tests:
        lift = true_lift(market, channel, first, last, share)
        spread = error * abs(lift)
        rows.append(
            {
                "channel": channel,
                "start": weeks[first],
                "end": weeks[last],
                "spend_change": share * market.table[f"{channel}_spend"][first : last + 1].sum(),
                "lift": lift + spread * rng.normal(),
                "standard_error": spread,
                "source": "independent",
            }
        )
    return pd.DataFrame(rows)


def true_lift(market: Market, channel: str, first: int, last: int, share: float) -> float:
    """Change of revenue from week `first` to `last` had the channel spent `share` more in them.

    For one market without units, whose contributions add up and whose mediator is normal.
    """
    truth = market.truth["parameters"]
    channels, causes = list(market.truth["channels"]), list(market.truth["causes"])
    spends = {name: market.table[f"{name}_spend"].to_numpy() for name in channels}
    other = {name: spend.copy() for name, spend in spends.items()}
    other[channel][first : last + 1] *= 1 + share
    if channel in causes:
        at = causes.index(channel)
        spend = spends[channel]
        shape = (
            truth["mediation_alpha"][at],
            truth["mediation_kappa"][at] * spend[spend > 0].mean(),
            truth["mediation_slope"][at],
        )
        moved = MEAN_SPEND[channels.index("google")] * truth["gamma"][at]
        moved = moved * relative(spend, other[channel], shape)
        for week in range(first, last + 1):
            other["google"][week] = max(0.0, spends["google"][week] + moved[week])
    return _change_of_revenue(market, spends, other, first, last)


def true_joint_lift(market: Market, first: int, last: int, share: float) -> float:
    """As `true_lift`, had every channel spent `share` more, Google's included."""
    spends = {name: market.table[f"{name}_spend"].to_numpy() for name in market.truth["channels"]}
    other = {name: spend.copy() for name, spend in spends.items()}
    for spend in other.values():
        spend[first : last + 1] *= 1 + share
    return _change_of_revenue(market, spends, other, first, last)


def _change_of_revenue(
    market: Market, spends: dict[str, Any], other: dict[str, Any], first: int, last: int
) -> float:
    """What other spends than the observed would have brought, from week `first` to `last`."""
    truth = market.truth["parameters"]
    total = 0.0
    for at, name in enumerate(spends):
        shape = (
            truth["adstock_alpha"][at],
            truth["half_saturation"][at],
            truth["saturation_slope"][at],
        )
        moved = truth["beta"][at] * relative(spends[name], other[name], shape)
        total += MEAN_REVENUE * moved[first : last + 1].sum()
    return float(total)


def relative(fact: np.ndarray, other: np.ndarray, shape: tuple[float, float, float]) -> Any:
    """Change of the response by week, in shares of its mean."""
    before = np.full(LAGS - 1, fact.mean())
    was, would = (
        response(np.concatenate([before, series]), *shape, LAGS) for series in (fact, other)
    )
    return (would - was) / was.mean()
