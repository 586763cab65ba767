"""Outcome of a plan, and the highest sustained spend, from their definitions in loops.

A plan multiplies each channel's spends of the last weeks; all else is as it was, and each week
keeps its own disturbance.
"""

from typing import Any

import numpy as np
import oracle
from builds import Built
from lifts import counterfactual_mediator

#: Ranks at which an outcome that its floor hides is averaged.
RANKS = 100


def plan(
    built: Built, sample: dict[str, Any], spends: np.ndarray, horizon: int, policy: str
) -> tuple[float, np.ndarray]:
    """Outcome summed over the last weeks under a plan, and the mediator's weekly spend by unit.

    A channel without spend in these weeks must have none in the plan.
    """
    design, data = built.design, built.design.dataset.data.isel(time=built.design.weeks)
    lags, weeks = design.form.max_lag, data.sizes["time"]
    mediator = list(design.dataset.channels).index("search")
    money, exposure, observed = (data[name].values for name in ("spend", "exposure", "outcome"))
    fact = oracle.history(built)
    other = fact.copy()
    for unit, channel in np.ndindex(*spends.shape):
        now = sum(money[-horizon:, unit, channel]) / horizon
        for week in range(weeks - horizon, weeks):
            if now > 0 and (channel != mediator or policy != "caused"):
                other[lags - 1 + week, unit, channel] *= spends[unit, channel] / now
    searched = spends[:, mediator].copy()
    if policy == "caused":
        causes = other.copy()
        for unit in range(len(spends)):
            price = (
                money[-horizon:, unit, mediator].sum() / exposure[-horizon:, unit, mediator].sum()
            )
            total = 0.0
            for week in range(weeks - horizon, weeks):
                amount = counterfactual_mediator(built, sample, causes, week, unit)
                active = oracle.active_mean(built, unit, mediator)
                other[lags - 1 + week, unit, mediator] = amount / active
                total += money[week, unit, mediator]
                total += price * (amount - exposure[week, unit, mediator])
            searched[unit] = total / horizon
    if design.form.floor is not None:
        outcome = np.zeros(observed.shape)
        for number in range(RANKS):
            rank = np.full(observed.shape, (number + 0.5) / RANKS)
            unseen = oracle.latent_outcomes(built, sample, rank, rank)
            outcome += oracle.floored_outcome(built, sample, other, unseen) / RANKS
    else:
        first, second = (oracle.location_under(built, sample, path) for path in (other, fact))
        outcome = observed + oracle.change(built, second, first, second)
    return outcome[-horizon:].sum(), searched


def highest_sustained(built: Built, unit: int, channel: int, horizon: int) -> float:
    """Mean spend of the last weeks at which their carried exposure reaches the highest observed."""
    lags, path = built.design.form.max_lag, oracle.history(built)[:, unit, channel]
    data = built.design.dataset.data.isel(time=built.design.weeks)
    now = data["spend"].values[-horizon:, unit, channel].mean()
    alpha = np.mean([sample["adstock_alpha"][channel] for sample in built.samples])

    def carried(series: np.ndarray) -> list[float]:
        weights = [alpha**lag for lag in range(lags)]
        return [
            sum(weights[lag] * series[week - lag] for lag in range(lags)) / sum(weights)
            for week in range(lags - 1, len(series))
        ]

    def peak(factor: float) -> float:
        other = path.copy()
        other[-horizon:] *= factor
        return max(carried(other)[-horizon:])

    low, high, highest = 0.0, 1000.0, max(carried(path))
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if peak(middle) < highest else (low, middle)
    return low * now
