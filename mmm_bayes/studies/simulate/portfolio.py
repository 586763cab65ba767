"""Markets of a few or of many channels, whose media make a given share of the revenue.

Money is spread unevenly over the channels, and returns on it differ: half of the pairs of channels
by more than a factor of 1.8. What the media make together, and how many they are, is what a prior
on each channel alone would decide.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmm_bayes.errors import InputError
from mmm_bayes.studies.simulate.equations import (
    STANDARD,
    NormalMediator,
    autoregression,
    equation_from_shares,
)
from mmm_bayes.studies.simulate.market import (
    FIRST_WEEK,
    MEAN_PRICE,
    MEAN_REVENUE,
    Market,
    season_waves,
)
from mmm_bayes.studies.simulate.truth import World, true_effects

#: Money spent on all media, as a share of the mean revenue.
BUDGET = 0.12
#: Standard deviations of the logarithms of the channels' money, and of their returns on it.
MONEY_SPREAD, RETURN_SPREAD = 0.9, 0.6
#: Most channels that can act through the mediator.
MOST_CAUSES = 6


def simulate_portfolio(
    channels: int, share: float, *, mediated: bool, weeks: int = 156, seed: int = 0
) -> Market:
    """Simulated market whose media make a given share of the revenue.

    Parameters
    ----------
    channels : int
        Number of channels, 3 or more. The last one is the mediator, and a third of the others, at
        most `MOST_CAUSES`, are named as its causes.
    share : float
        Share of the mean revenue that all media make.
    mediated : bool
        Whether the causes raise the mediator, by 20% to 60% of it together.
    weeks : int
        Length of the table.

    Raises
    ------
    InputError
        For fewer than 3 channels, or a share that is not between 0 and 1.
    """
    if channels < 3 or not 0 < share < 1:
        raise InputError(
            f"a market of {channels} channels that make {share:g} of the revenue cannot be "
            "simulated; take 3 channels or more, and a share between 0 and 1"
        )
    rng = np.random.default_rng([channels, round(1000 * share), int(mediated), seed])
    history, length = STANDARD.history, 2 * STANDARD.history + weeks
    others = channels - 1
    names = [*(f"media_{index + 1}" for index in range(others)), "search"]
    number = min(MOST_CAUSES, max(2, others // 3))
    causes = tuple(names[:number])

    money = rng.lognormal(0.0, MONEY_SPREAD, channels)
    money *= BUDGET * MEAN_REVENUE / money.sum()
    pace = np.exp(autoregression(rng, (length, 1, others), 0.5, 0.5) - 0.125)
    flights = autoregression(rng, (length, 1, others), 1.0, 0.75) > 0.0
    flighted = rng.random(others) < 1 / 3
    spends = np.round(np.where(flighted, pace * flights, pace) * money[:-1], 2)
    waves = season_waves(length)
    price = np.round(MEAN_PRICE * np.exp(autoregression(rng, (length, 1), 0.06, 0.8)), 2)
    promotion = (rng.random((length, 1)) < 0.15).astype(float)

    def media_shapes(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high = STANDARD.curve.shape_range
        return (
            rng.uniform(0.0, 0.8, count),
            rng.uniform(0.4, 2.5, count),
            rng.uniform(low, high, count),
        )

    path_shapes = media_shapes(number)
    gamma = rng.uniform(0.2, 0.6) * rng.dirichlet(np.full(number, 3.0)) * mediated
    seasonal = (waves @ rng.normal(0.0, 0.06, waves.shape[1]))[history:, None]
    mediator = NormalMediator(
        equation_from_shares(
            STANDARD, path_shapes, gamma[None], spends[..., :number], 1 + seasonal
        ),
        money[-1:],
        rng.uniform(0.08, 0.15),
    )
    search = np.round(mediator.draw(rng, spends[..., :number]), 2)
    path = np.concatenate([spends[history:], search[..., None]], axis=-1)

    shapes = media_shapes(channels)
    beta = money * rng.lognormal(0.0, RETURN_SPREAD, channels)
    beta *= share / beta.sum()
    elasticity, lift = -rng.uniform(0.5, 1.5), rng.uniform(0.05, 0.15)
    non_media = (
        1
        + (waves @ rng.normal(0.0, 0.05, waves.shape[1]))[:, None]
        + rng.uniform(-0.05, 0.10) * np.linspace(-1, 1, length)[:, None]
        + elasticity * np.log(price / MEAN_PRICE)
        + lift * promotion
    )[2 * history :]
    outcome = equation_from_shares(STANDARD, shapes, beta[None], path, non_media)
    sigma = rng.uniform(0.03, 0.06)
    location = outcome(path)
    revenue = MEAN_REVENUE * np.maximum(location + sigma * rng.normal(size=location.shape), 0.01)
    revenue = np.round(revenue, 2)

    through = ", some of them through search." if mediated else "; none acts through search."
    name = portfolio_name(channels, share, mediated=mediated)
    world = World(
        link="identity",
        channels=names,
        causes=causes,
        mediator_name="search",
        units=["all"],
        outcome=outcome,
        mediator=mediator,
        path=path,
        cause_path=spends[..., :number],
        scale=np.array([MEAN_REVENUE]),
        revenue=revenue,
        floor=0.0,
    )
    truth = {
        "scenario": name,
        "description": f"{channels} channels make {share:.0%} of the revenue{through}",
        "seed": seed,
        "link": "identity",
        "channels": tuple(names),
        "causes": causes,
        "mediator": "search",
        "units": ["all"],
        "parameters": {"beta": beta.tolist(), "gamma": gamma.tolist(), "sigma": sigma},
        "effects": true_effects(world),
    }
    table = {
        "week": pd.date_range(FIRST_WEEK, periods=weeks, freq="7D").strftime("%Y-%m-%d"),
        **{f"{name}_spend": path[history:, 0, index] for index, name in enumerate(names)},
        "price": price[2 * history :, 0],
        "promotion": promotion[2 * history :, 0].astype(int),
        "revenue": revenue[:, 0],
    }
    return Market(name, seed, pd.DataFrame(table), truth, world)


def portfolio_name(channels: int, share: float, *, mediated: bool) -> str:
    """Name of a kind of market in tables, like "13 channels, 10%, mediated".

    Parameters
    ----------
    channels : int
        Number of channels.
    share : float
        Share of the revenue that all media make.
    """
    return f"{channels} channels, {share:.0%}, {'mediated' if mediated else 'unmediated'}"
