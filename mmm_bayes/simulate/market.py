"""Draw a market: its parameters, its spends, its outcome and its true effects."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from mmm_bayes.errors import InputError
from mmm_bayes.simulate.equations import (
    MAX_LAG,
    Array,
    Equation,
    HurdleMediator,
    NormalMediator,
    equation,
)
from mmm_bayes.simulate.scenarios import SCENARIOS, Scenario

CHANNELS = ("facebook", "instagram", "tiktok", "google", "tv")
CAUSES = ("facebook", "instagram", "tiktok")
MEDIATOR = "google"
#: Costs nothing: it is told by its exposure.
EMAIL = "email"
MEAN_SPEND = np.array([6000.0, 4000.0, 2500.0, 8000.0, 9000.0])
MEAN_EMAILS = 40_000.0
MEAN_REVENUE = 250_000.0
MEAN_PRICE = 20.0
FIRST_WEEK = "2022-01-03"

CAUSES_AT = [CHANNELS.index(cause) for cause in CAUSES]
MEDIATOR_AT = CHANNELS.index(MEDIATOR)

Shape = tuple[Array, Array, Array]


@dataclass(frozen=True, repr=False)
class Market:
    """A simulated table with its truth.

    Attributes
    ----------
    scenario : str
    seed : int
    table : pandas.DataFrame
        One row a week and unit.
    truth : dict
        ``parameters`` by name, and ``effects``: rows of unit, channel, estimand and value.
    """

    scenario: str
    seed: int
    table: pd.DataFrame
    truth: dict[str, Any]

    def __repr__(self) -> str:
        """Say what it is in one line."""
        return f"<Market {self.scenario}, seed {self.seed}: {len(self.table)} rows>"


def simulate(scenario: str, *, weeks: int | None = None, seed: int = 0) -> Market:
    """Simulate a market.

    Parameters
    ----------
    scenario : str
        A key of `SCENARIOS`.
    weeks : int, optional
        Length of the table; the scenario's own if left out.
    seed : int
        Parameters and noise are both drawn anew from it.

    Returns
    -------
    Market

    Raises
    ------
    InputError
        If the scenario is unknown or the table is too short to be fitted.
    """
    if scenario not in SCENARIOS:
        raise InputError(
            f"--scenario {scenario!r} is unknown; the scenarios are {', '.join(SCENARIOS)}"
        )
    kind = SCENARIOS[scenario]
    weeks = kind.weeks if weeks is None else weeks
    if weeks < 30:
        raise InputError(f"--weeks {weeks} is too short to fit anything; take 30 or more")
    rng = np.random.default_rng([zlib.crc32(scenario.encode()), seed])

    # The causes need their history, and so does the mediator that they move: two histories.
    history = kind.mechanism.history
    length = 2 * history + weeks
    size = rng.lognormal(0.0, 0.5, kind.units) if kind.units > 1 else np.ones(1)
    channels = (*CHANNELS, EMAIL) if kind.owned else CHANNELS
    means = np.append(MEAN_SPEND, MEAN_EMAILS) if kind.owned else MEAN_SPEND
    spends = _spends(rng, kind, length, channels) * (size[:, None] * means)
    spends = np.round(spends, 2)
    if kind.owned:
        spends[..., -1] = np.round(spends[..., -1])  # nobody sends half an email
    season = _season(length)
    price = np.round(MEAN_PRICE * np.exp(_wander(rng, (length, kind.units), 0.06, 0.8)), 2)
    promotion = (rng.random((length, kind.units)) < 0.15).astype(float)
    demand = kind.confounding * _wander(rng, (length, kind.units), 1.0, 0.6)

    causes = spends[..., CAUSES_AT]
    mediation = _shapes(rng, kind, len(CAUSES))
    gamma = _shares(rng, kind, np.full(len(CAUSES), 0.08), np.full(len(CAUSES), 0.25))
    gamma = gamma * kind.mediated
    mediator = _mediator(rng, kind, mediation, gamma, causes, season, demand, size)
    searched = np.round(mediator.draw(rng, causes), 2)
    path = spends[history:].copy()
    path[..., MEDIATOR_AT] = searched

    shapes = _shapes(rng, kind, len(channels))
    low, high = np.full(len(channels), 0.03), np.full(len(channels), 0.12)
    low[MEDIATOR_AT], high[MEDIATOR_AT] = 0.10, 0.25
    beta = _shares(rng, kind, low, high)
    if not kind.direct:
        beta[:, CAUSES_AT] = 0.0
    elasticity, lift = -rng.uniform(0.5, 1.5), rng.uniform(0.05, 0.15)
    trend, waves = rng.uniform(-0.05, 0.10), rng.normal(0.0, kind.season, season.shape[1])
    other = (
        (1.0 if kind.link == "identity" else 0.0)
        + (season @ waves)[:, None]
        + trend * np.linspace(-1, 1, length)[:, None]
        + elasticity * np.log(price / MEAN_PRICE)
        + lift * promotion
        + demand
    )[2 * history :]
    effectiveness = _effectiveness(kind, weeks)
    interaction = _interaction(rng, kind)
    on, away = promotion[2 * history :], np.log(price[2 * history :] / MEAN_PRICE)
    other = other + interaction["promotion_at_price"] * on * away
    changed: Array | float = 1.0
    if kind.owned:
        changed = np.ones((*on.shape, len(channels)))
        changed[..., -1] = np.exp(interaction["email_at_promotion"] * on)
    outcome = equation(kind.mechanism, shapes, beta, path, other, effectiveness, changed)
    location = outcome(path)
    sigma: Any = rng.uniform(*kind.noise)
    if kind.units > 1:
        sigma = sigma * rng.lognormal(0.0, 0.3, kind.units)
    noise = sigma * (
        rng.normal(size=location.shape)
        if np.isinf(kind.tails)
        else rng.standard_t(kind.tails, size=location.shape)
    )
    if kind.units > 1:
        noise = noise + kind.shared * rng.normal(size=(weeks, 1))
    scale = MEAN_REVENUE * size
    if kind.link == "log":
        revenue = scale * np.exp(location + noise)
    else:
        revenue = scale * np.maximum(location + noise, 0.01)
    revenue = np.round(revenue, 2)
    floor = 0.0 if kind.floor is None else kind.floor * MEAN_REVENUE

    second = kind.mechanism.curve.second
    units = [f"region_{chr(97 + unit)}" for unit in range(kind.units)]
    truth = {
        "scenario": scenario,
        "says": kind.says,
        "seed": seed,
        "link": kind.link,
        "channels": channels,
        "causes": CAUSES,
        "mediator": MEDIATOR,
        "units": units if kind.units > 1 else ["all"],
        "parameters": _listed(
            adstock_alpha=shapes[0],
            saturation_kappa=shapes[1],
            half_saturation=outcome.kappa,
            **{f"saturation_{second}": shapes[2]},
            beta=beta,
            sigma=sigma,
            nu=None if np.isinf(kind.tails) else kind.tails,
            mediation_alpha=mediation[0],
            mediation_kappa=mediation[1],
            **{f"mediation_{second}": mediation[2]},
            gamma=gamma,
            mediator_sigma=mediator.sigma,
            price_elasticity=elasticity,
            promotion_lift=lift,
            unit_size=size,
            **_departures(kind, effectiveness),
            **(interaction if kind.owned else {}),
            **({} if kind.floor is None else {"floor": floor}),
        ),
        "effects": _effects(kind, units, outcome, mediator, path, causes, scale, revenue, floor),
    }
    if kind.owned:
        truth["interactions"] = _interactions(
            outcome, path, on, price[2 * history :], scale, revenue, elasticity, lift, interaction
        )
    table: dict[str, Any] = {
        "week": np.repeat(
            pd.date_range(FIRST_WEEK, periods=weeks, freq="7D").strftime("%Y-%m-%d"), kind.units
        )
    }
    if kind.units > 1:
        table["region"] = np.tile(units, weeks)
    for at, channel in enumerate(CHANNELS):
        table[f"{channel}_spend"] = path[history:, :, at].ravel()
    if kind.owned:
        table["emails_sent"] = path[history:, :, -1].astype(int).ravel()
    table["price"] = price[2 * history :].ravel()
    table["promotion"] = promotion[2 * history :].astype(int).ravel()
    table["revenue"] = np.maximum(revenue, floor).ravel()
    return Market(scenario, seed, pd.DataFrame(table), truth)


def _shapes(rng: np.random.Generator, kind: Scenario, channels: int) -> Shape:
    """Retention, half-saturation in active means, and the curve's second parameter.

    The first two of shape (unit, channel) in a panel, whose units differ around the typical one.
    """
    retention = rng.uniform(*kind.retention, channels)
    half = rng.uniform(*kind.half_saturation, channels)
    second = rng.uniform(*kind.mechanism.curve.span, channels)
    if kind.units > 1:
        shape = (kind.units, channels)
        retention = expit(logit(retention) + rng.normal(0.0, 0.3, shape))
        half = half * rng.lognormal(0.0, 0.2, shape)
    return retention, half, second


def _effectiveness(kind: Scenario, weeks: int) -> Array:
    """What is left of the media's effect on the outcome, shape (time,)."""
    late = expit(20 * (np.linspace(0, 1, weeks) - 0.5))
    return 1 - (1 - kind.fades_to) * late


def _interaction(rng: np.random.Generator, kind: Scenario) -> dict[str, float]:
    """By how much a promotion's lift changes with log price, and emails by a promotion (log)."""
    if not kind.owned:
        return {"promotion_at_price": 0.0, "email_at_promotion": 0.0}
    return {
        "promotion_at_price": -rng.uniform(0.5, 1.0),
        "email_at_promotion": rng.uniform(0.5, 1.0),
    }


def _shares(rng: np.random.Generator, kind: Scenario, low: Array, high: Array) -> Array:
    """Mean contributions, shape (unit, channel): units differ around a common share."""
    share = rng.uniform(low, high)
    return share * (
        rng.lognormal(0.0, 0.25, (kind.units, 1)) if kind.units > 1 else np.ones((1, 1))
    )


def _departures(kind: Scenario, effectiveness: Array) -> dict[str, Any]:
    """What only some markets have, and their truth therefore names."""
    memory = {"memory": kind.mechanism.memory} if kind.mechanism.memory != MAX_LAG else {}
    return memory | ({"effectiveness": effectiveness} if kind.fades_to < 1 else {})


def _season(length: int) -> Array:
    """Two pairs of waves a year, shape (length, 4)."""
    angle = 2 * np.pi * 7 / 365.25 * np.arange(length)
    return np.stack([f(pair * angle) for pair in (1, 2) for f in (np.sin, np.cos)], -1)


def _wander(
    rng: np.random.Generator, shape: tuple[int, ...], sd: float, persistence: float
) -> Array:
    """Stationary first-order autoregression along the first axis."""
    shock = rng.normal(0.0, sd * np.sqrt(1 - persistence**2), shape)
    path = np.empty(shape)
    path[0] = rng.normal(0.0, sd, shape[1:])
    for t in range(1, shape[0]):
        path[t] = persistence * path[t - 1] + shock[t]
    return path


def _spends(
    rng: np.random.Generator, kind: Scenario, length: int, channels: tuple[str, ...]
) -> Array:
    """Planned spends around 1, shape (length, unit, channel); TV and emails come in flights."""
    shape = (length, kind.units, len(channels))
    spends = np.exp(_wander(rng, shape, 0.5, 0.5) - 0.125)
    flights = _wander(rng, shape, 1.0, 0.75) > 0.0
    flighted = np.array([kind.flighted or channel in ("tv", EMAIL) for channel in channels])
    return np.where(flighted, spends * flights, spends)


def _mediator(
    rng: np.random.Generator,
    kind: Scenario,
    shape: Shape,
    gamma: Array,
    causes: Array,
    season: Array,
    demand: Array,
    size: Array,
) -> NormalMediator | HurdleMediator:
    """The mediator's equation over all weeks but the first history."""
    how = kind.mechanism
    waves = season @ rng.normal(0.0, 0.06, season.shape[1])
    other = (waves[:, None] + demand)[how.history :]
    scale = MEAN_SPEND[MEDIATOR_AT] * size
    if not kind.flighted:
        sigma = rng.uniform(0.08, 0.15)
        return NormalMediator(equation(how, shape, gamma, causes, 1 + other), scale, sigma)
    return HurdleMediator(
        on=equation(how, shape, 5 * gamma, causes, 0.3 + other),
        level=equation(how, shape, gamma, causes, other),
        scale=scale,
        sigma=rng.uniform(0.25, 0.45),
        quantile=rng.random(other.shape),
    )


def _effects(
    kind: Scenario,
    units: list[str],
    outcome: Equation,
    mediator: NormalMediator | HurdleMediator,
    path: Array,
    causes: Array,
    scale: Array,
    revenue: Array,
    floor: float,
) -> list[dict[str, Any]]:
    """Total, direct and indirect effects: each week as it was, but one channel never on.

    `revenue` is what it was before the floor.
    """
    location = outcome(path)

    def change(fact: Array, other: Array) -> Array:
        """Outcome at `fact` less outcome at `other`, summed over weeks, shape (unit,)."""
        if kind.link == "log":
            here, there = (revenue * np.exp(one - location) for one in (fact, other))
            return (np.maximum(here, floor) - np.maximum(there, floor)).sum(0)
        return (scale * (fact - other)).sum(0)

    rows = []
    for at, channel in enumerate((*CHANNELS, EMAIL)[: path.shape[-1]]):
        without = path.copy()
        if channel in CAUSES:
            none = causes.copy()
            none[..., CAUSES.index(channel)] = 0.0
            searched = path[..., MEDIATOR_AT]
            without[..., MEDIATOR_AT] = mediator.counterfactual(searched, causes, none)
        mediator_only = outcome(without)
        without[..., at] = 0.0
        effect = {
            "total": change(location, outcome(without)),
            "direct": change(mediator_only, outcome(without)),
            "indirect": change(location, mediator_only),
        }
        for estimand, amounts in effect.items():
            by_unit = dict(zip(units, amounts, strict=True)) if kind.units > 1 else {}
            rows += [
                {"unit": unit, "channel": channel, "estimand": estimand, "value": float(value)}
                for unit, value in {**by_unit, "all": amounts.sum()}.items()
            ]
    return rows


def _interactions(
    outcome: Equation,
    path: Array,
    on: Array,
    price: Array,
    scale: Array,
    revenue: Array,
    elasticity: float,
    lift: float,
    interaction: dict[str, float],
) -> list[dict[str, Any]]:
    """What the interactions do, at levels of the other: lift and elasticity in shares of revenue.

    Identity link, one unit. A price is low or high at the 10% and the 90% quantile of its
    logarithm; emails at a level are what they would have added, had every week been such a week.
    """
    shift = interaction["promotion_at_price"]
    share = float(scale[0] / revenue.mean())
    prices = np.exp(np.quantile(np.log(price), [0.1, 0.9]))
    rows = [
        ("promotion_at_price", "promotion", "price", level, float(value), "lift",
         100 * share * (lift + shift * np.log(value / MEAN_PRICE)))
        for level, value in zip(("low", "high"), prices, strict=True)
    ]  # fmt: skip
    rows += [
        ("promotion_at_price", "price", "promotion", level, value, "elasticity",
         share * (elasticity + shift * value))
        for level, value in (("off", 0.0), ("on", 1.0))
    ]  # fmt: skip
    without = path.copy()
    without[..., -1] = 0.0
    sent = path[-len(on) :, :, -1].sum()
    for level, value in (("off", 0.0), ("on", 1.0)):
        changed = np.ones((*on.shape, path.shape[-1]))
        changed[..., -1] = np.exp(interaction["email_at_promotion"] * value)
        there = replace(outcome, changed=changed)
        added = (scale * (there(path) - there(without))).sum() / sent
        rows.append(
            ("email_at_promotion", EMAIL, "promotion", level, value, "per_exposure", float(added))
        )
    names = ("interaction", "of", "at", "level", "at_value", "quantity", "value")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _listed(**parameters: Any) -> dict[str, Any]:
    """Parameters as plain lists: a market of one unit has no unit axis."""
    plain = {}
    for name, value in parameters.items():
        array = np.asarray(value) if value is not None else None
        if array is not None and array.ndim == 2 and len(array) == 1:
            array = array[0]
        plain[name] = None if array is None else array.tolist()
    return plain
