"""Simulation of a market: its parameters, spends, outcome and true effects."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from mmm_bayes.errors import InputError
from mmm_bayes.studies.simulate.equations import (
    MAX_LAG,
    Array,
    Equation,
    HurdleMediator,
    NormalMediator,
    autoregression,
    equation_from_shares,
)
from mmm_bayes.studies.simulate.scenarios import SCENARIOS, Scenario
from mmm_bayes.studies.simulate.truth import World, true_effects

CHANNELS = ("facebook", "instagram", "tiktok", "google", "tv")
CAUSES = ("facebook", "instagram", "tiktok")
MEDIATOR = "google"
#: An owned channel, which costs nothing and is described by its exposure alone.
EMAIL = "email"
MEAN_SPEND = np.array([6000.0, 4000.0, 2500.0, 8000.0, 9000.0])
MEAN_EMAILS = 40_000.0
MEAN_REVENUE = 250_000.0
MEAN_PRICE = 20.0
#: Correlation of a week's missing demand with the last week's, and of its forecast with it.
DEMAND_MEMORY, FORECAST_SKILL = 0.6, 0.8
#: Standard deviation of the logarithm of the price of airtime, and what the budget does with it.
AIRTIME_SPREAD, AIRTIME_ELASTICITY = 0.25, -0.8
#: Weeks of a test of TV, each with its budget as a multiple of the mean: low, then high.
TESTED_WEEKS = {**dict.fromkeys(range(60, 64), 0.4), **dict.fromkeys(range(110, 114), 1.8)}
FIRST_WEEK = "2022-01-03"

TV_INDEX = CHANNELS.index("tv")
CAUSE_INDICES = [CHANNELS.index(cause) for cause in CAUSES]
MEDIATOR_INDEX = CHANNELS.index(MEDIATOR)

MediaParameters = tuple[Array, Array, Array]


@dataclass(frozen=True, repr=False)
class Market:
    """A simulated table with its truth.

    Attributes
    ----------
    table : pandas.DataFrame
        One row for each week and unit.
    truth : dict
        ``parameters`` by name, and ``effects``: rows of unit, channel, estimand and value.
    world : World
        What determines the revenue.
    """

    scenario: str
    seed: int
    table: pd.DataFrame
    truth: dict[str, Any]
    world: World

    def __repr__(self) -> str:
        """Scenario, seed and size in one line."""
        return f"<Market {self.scenario}, seed {self.seed}: {len(self.table)} rows>"


def simulate(scenario: str, *, weeks: int | None = None, seed: int = 0) -> Market:
    """Simulated market of a scenario, with parameters and noise drawn from the seed.

    Parameters
    ----------
    scenario : str
        A key of `SCENARIOS`.
    weeks : int, optional
        Length of the table; by default that of the scenario.

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

    # The first week of the mediator's history needs the history of its causes: two histories.
    history = kind.mechanism.history
    length = 2 * history + weeks
    size = rng.lognormal(0.0, 0.5, kind.units) if kind.units > 1 else np.ones(1)
    channels = (*CHANNELS, EMAIL) if kind.owned else CHANNELS
    means = np.append(MEAN_SPEND, MEAN_EMAILS) if kind.owned else MEAN_SPEND
    spends = _spends(rng, kind, length, channels) * (size[:, None] * means)
    spends = np.round(spends, 2)
    if kind.owned:
        spends[..., -1] = np.round(spends[..., -1])  # nobody sends half an email
    season = season_waves(length)
    price = np.round(MEAN_PRICE * np.exp(autoregression(rng, (length, kind.units), 0.06, 0.8)), 2)
    promotion = (rng.random((length, kind.units)) < 0.15).astype(float)
    demand = kind.confounding * autoregression(rng, (length, kind.units), 1.0, 0.6)
    level = np.zeros_like(demand)
    if kind.walk:
        level = np.cumsum(rng.normal(0.0, kind.walk, demand.shape), 0)
        level = level - level[2 * history :].mean(0)
        demand = demand + level * kind.walk_moves_mediator

    wanted, airtime = np.zeros((length, kind.units)), np.ones((length, kind.units))
    if kind.forecast:
        wanted = autoregression(rng, wanted.shape, 1.0, DEMAND_MEMORY)
        airtime = np.round(np.exp(autoregression(rng, wanted.shape, AIRTIME_SPREAD, 0.5)), 3)
        spends[..., TV_INDEX] = _forecast_budget(rng, kind.forecast, wanted, airtime, weeks)

    causes = spends[..., CAUSE_INDICES]
    mediation_parameters = _media_parameters(rng, kind, len(CAUSES))
    gamma = _shares(rng, kind, np.full(len(CAUSES), 0.08), np.full(len(CAUSES), 0.25))
    gamma = gamma * kind.mediated
    mediator = _mediator(rng, kind, mediation_parameters, gamma, causes, season, demand, size)
    if kind.demand:
        if not kind.forecast:
            wanted = autoregression(rng, wanted.shape, 1.0, DEMAND_MEMORY)
        mediator = _with_demand(mediator, kind.demand, wanted[history:])
    mediator_spend = np.round(mediator.draw(rng, causes), 2)
    path = spends[history:].copy()
    path[..., MEDIATOR_INDEX] = mediator_spend

    media_parameters = _media_parameters(rng, kind, len(channels))
    low, high = np.full(len(channels), 0.03), np.full(len(channels), 0.12)
    low[MEDIATOR_INDEX], high[MEDIATOR_INDEX] = 0.10, 0.25
    beta = _shares(rng, kind, low, high)
    if not kind.direct:
        beta[:, CAUSE_INDICES] = 0.0
    elasticity, lift = -rng.uniform(0.5, 1.5), rng.uniform(0.05, 0.15)
    trend, waves = rng.uniform(-0.05, 0.10), rng.normal(0.0, kind.season, season.shape[1])
    non_media = (
        (1.0 if kind.link == "identity" else 0.0)
        + (season @ waves)[:, None]
        + trend * np.linspace(-1, 1, length)[:, None]
        + elasticity * np.log(price / MEAN_PRICE)
        + lift * promotion
        + demand
        + level * (not kind.walk_moves_mediator)
    )[2 * history :]
    effectiveness = _effectiveness(kind, weeks)
    coefficients = _interaction_coefficients(rng, kind)
    promoted, log_price = promotion[2 * history :], np.log(price[2 * history :] / MEAN_PRICE)
    non_media = non_media + coefficients["promotion_at_price"] * promoted * log_price
    modulation: Array | float = 1.0
    if kind.owned:
        modulation = np.ones((*promoted.shape, len(channels)))
        modulation[..., -1] = np.exp(coefficients["email_at_promotion"] * promoted)
    outcome = equation_from_shares(
        kind.mechanism, media_parameters, beta, path, non_media, effectiveness, modulation
    )
    location = outcome(path)
    sigma: Any = rng.uniform(*kind.noise)
    if kind.units > 1:
        sigma = sigma * rng.lognormal(0.0, 0.3, kind.units)
    if kind.memory:
        noise = sigma * autoregression(rng, location.shape, 1.0, kind.memory)
    elif np.isinf(kind.tails):
        noise = sigma * rng.normal(size=location.shape)
    else:
        noise = sigma * rng.standard_t(kind.tails, size=location.shape)
    if kind.demand:
        bought = (wanted[1:] + wanted[:-1]) / np.sqrt(2 * (1 + DEMAND_MEMORY))
        noise = np.sqrt(1 - kind.demand) * noise
        noise = noise + np.sqrt(kind.demand) * sigma * bought[-weeks:]
    if kind.units > 1:
        noise = noise + kind.shared * rng.normal(size=(weeks, 1))
    scale = MEAN_REVENUE * size
    if kind.link == "log":
        revenue = scale * np.exp(location + noise)
    else:
        revenue = scale * np.maximum(location + noise, 0.01)
    revenue = np.round(revenue, 2)
    floor = 0.0 if kind.floor is None else kind.floor * MEAN_REVENUE

    shape_name = kind.mechanism.curve.shape_name
    units = (
        [f"region_{_letters(unit)}" for unit in range(kind.units)] if kind.units > 1 else ["all"]
    )
    world = World(
        link=kind.link,
        channels=channels,
        causes=CAUSES,
        mediator_name=MEDIATOR,
        units=units,
        outcome=outcome,
        mediator=mediator,
        path=path,
        cause_path=causes,
        scale=scale,
        revenue=revenue,
        floor=floor,
    )
    truth = {
        "scenario": scenario,
        "description": kind.message,
        "seed": seed,
        "link": kind.link,
        "channels": channels,
        "causes": CAUSES,
        "mediator": MEDIATOR,
        "units": units,
        "parameters": _as_lists(
            adstock_alpha=media_parameters[0],
            saturation_kappa=media_parameters[1],
            half_saturation=outcome.kappa,
            **{f"saturation_{shape_name}": media_parameters[2]},
            beta=beta,
            sigma=sigma,
            nu=None if np.isinf(kind.tails) else kind.tails,
            mediation_alpha=mediation_parameters[0],
            mediation_kappa=mediation_parameters[1],
            **{f"mediation_{shape_name}": mediation_parameters[2]},
            gamma=gamma,
            mediator_sigma=mediator.sigma,
            price_elasticity=elasticity,
            promotion_lift=lift,
            unit_size=size,
            **_departure_parameters(kind, effectiveness),
            **(coefficients if kind.owned else {}),
            **({} if kind.floor is None else {"floor": floor}),
        ),
        "effects": true_effects(world),
    }
    if kind.owned:
        truth["interactions"] = _interaction_contrasts(
            outcome,
            path,
            promoted,
            price[2 * history :],
            scale,
            revenue,
            elasticity,
            lift,
            coefficients,
        )
    table: dict[str, Any] = {
        "week": np.repeat(
            pd.date_range(FIRST_WEEK, periods=weeks, freq="7D").strftime("%Y-%m-%d"), kind.units
        )
    }
    if kind.units > 1:
        table["region"] = np.tile(units, weeks)
    for index, channel in enumerate(CHANNELS):
        table[f"{channel}_spend"] = path[history:, :, index].ravel()
    if kind.owned:
        table["emails_sent"] = path[history:, :, -1].astype(int).ravel()
    if kind.forecast:
        tested = np.isin(np.arange(weeks), list(TESTED_WEEKS)).astype(int)
        table["tv_test"] = np.repeat(tested, kind.units)
        table["airtime_price"] = airtime[2 * history :].ravel()
    table["price"] = price[2 * history :].ravel()
    table["promotion"] = promotion[2 * history :].astype(int).ravel()
    table["revenue"] = np.maximum(revenue, floor).ravel()
    return Market(scenario, seed, pd.DataFrame(table), truth, world)


def _media_parameters(rng: np.random.Generator, kind: Scenario, channels: int) -> MediaParameters:
    """Retention, half-saturation in active means, and the shape parameter of the curve.

    In a panel the first two have shape (unit, channel): units vary around the typical unit.
    """
    retention = rng.uniform(*kind.retention, channels)
    half = rng.uniform(*kind.half_saturation, channels)
    shape = rng.uniform(*kind.mechanism.curve.shape_range, channels)
    if kind.units > 1:
        size = (kind.units, channels)
        retention = expit(logit(retention) + rng.normal(0.0, 0.3, size))
        half = half * rng.lognormal(0.0, 0.2, size)
    return retention, half, shape


def _effectiveness(kind: Scenario, weeks: int) -> Array:
    """Effectiveness of media by week, relative to the first week, shape (time,)."""
    late = expit(20 * (np.linspace(0, 1, weeks) - 0.5))
    return 1 - (1 - kind.fades_to) * late


def _interaction_coefficients(rng: np.random.Generator, kind: Scenario) -> dict[str, float]:
    """Change of a promotion's lift per unit of log price, and of emails' log effect in one."""
    if not kind.owned:
        return {"promotion_at_price": 0.0, "email_at_promotion": 0.0}
    return {
        "promotion_at_price": -rng.uniform(0.5, 1.0),
        "email_at_promotion": rng.uniform(0.5, 1.0),
    }


def _shares(rng: np.random.Generator, kind: Scenario, low: Array, high: Array) -> Array:
    """Mean contributions as shares, shape (unit, channel): units vary around a common share."""
    share = rng.uniform(low, high)
    return share * (
        rng.lognormal(0.0, 0.25, (kind.units, 1)) if kind.units > 1 else np.ones((1, 1))
    )


def _departure_parameters(kind: Scenario, effectiveness: Array) -> dict[str, Any]:
    """Parameters of the truth that only departing scenarios have."""
    memory = {"memory": kind.mechanism.memory} if kind.mechanism.memory != MAX_LAG else {}
    return memory | ({"effectiveness": effectiveness} if kind.fades_to < 1 else {})


def season_waves(length: int) -> Array:
    """Two Fourier pairs a year, shape (length, 4).

    Parameters
    ----------
    length : int
        Number of weeks.
    """
    angle = 2 * np.pi * 7 / 365.25 * np.arange(length)
    return np.stack([f(pair * angle) for pair in (1, 2) for f in (np.sin, np.cos)], -1)


def _spends(
    rng: np.random.Generator, kind: Scenario, length: int, channels: tuple[str, ...]
) -> Array:
    """Planned spends around 1, shape (length, unit, channel); TV and emails run in flights."""
    shape = (length, kind.units, len(channels))
    spends = np.exp(autoregression(rng, shape, 0.5, 0.5) - 0.125)
    flights = autoregression(rng, shape, 1.0, 0.75) > 0.0
    flighted = np.array([kind.flighted or channel in ("tv", EMAIL) for channel in channels])
    return np.where(flighted, spends * flights, spends)


def _forecast_budget(
    rng: np.random.Generator, follows: float, wanted: Array, airtime: Array, weeks: int
) -> Array:
    """TV's budget in money a week, shape (length, unit), by a forecast of demand.

    `wanted` and `airtime` have that shape; the last `weeks` of them are the table's.
    """
    chance = rng.normal(size=wanted.shape)
    forecast = FORECAST_SKILL * wanted + np.sqrt(1 - FORECAST_SKILL**2) * chance
    own = autoregression(rng, wanted.shape, 0.2, 0.5)
    budget = np.exp(follows * forecast + AIRTIME_ELASTICITY * np.log(airtime) + own)
    for week, multiple in TESTED_WEEKS.items():
        if week < weeks:
            budget[len(budget) - weeks + week] = multiple
    return np.asarray(np.round(MEAN_SPEND[TV_INDEX] * budget, 2))


def _mediator(
    rng: np.random.Generator,
    kind: Scenario,
    parameters: MediaParameters,
    gamma: Array,
    causes: Array,
    season: Array,
    demand: Array,
    size: Array,
) -> NormalMediator | HurdleMediator:
    """Mediator's equation over all weeks but the first history."""
    mechanism = kind.mechanism
    waves = season @ rng.normal(0.0, 0.06, season.shape[1])
    non_media = (waves[:, None] + demand)[mechanism.history :]
    scale = MEAN_SPEND[MEDIATOR_INDEX] * size
    if not kind.flighted:
        sigma = rng.uniform(0.08, 0.15)
        return NormalMediator(
            equation_from_shares(mechanism, parameters, gamma, causes, 1 + non_media),
            scale,
            sigma,
            kind.memory,
        )
    return HurdleMediator(
        log_odds=equation_from_shares(mechanism, parameters, 5 * gamma, causes, 0.3 + non_media),
        level=equation_from_shares(mechanism, parameters, gamma, causes, non_media),
        scale=scale,
        sigma=rng.uniform(0.25, 0.45),
        quantile=rng.random(non_media.shape),
    )


def _with_demand(
    mediator: NormalMediator | HurdleMediator, share: float, demand: Array
) -> NormalMediator | HurdleMediator:
    """The mediator whose disturbance is partly demand, of standard deviation 1."""
    assert isinstance(mediator, NormalMediator)
    location = mediator.location
    moved = location.non_media + np.sqrt(share) * mediator.sigma * demand
    return replace(
        mediator,
        location=replace(location, non_media=moved),
        sigma=float(np.sqrt(1 - share) * mediator.sigma),
    )


def _interaction_contrasts(
    outcome: Equation,
    path: Array,
    promoted: Array,
    price: Array,
    scale: Array,
    revenue: Array,
    elasticity: float,
    lift: float,
    coefficients: dict[str, float],
) -> list[dict[str, Any]]:
    """Effects at levels of an interacting control; lift and elasticity as shares of revenue.

    Identity link, one unit. A price is low or high at the 10% and 90% quantiles of its logarithm.
    The effect of emails at a level is what they would have added if every week had that level.
    """
    shift = coefficients["promotion_at_price"]
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
    sent = path[-len(promoted) :, :, -1].sum()
    for level, value in (("off", 0.0), ("on", 1.0)):
        modulation = np.ones((*promoted.shape, path.shape[-1]))
        modulation[..., -1] = np.exp(coefficients["email_at_promotion"] * value)
        at_level = replace(outcome, modulation=modulation)
        effect = (scale * (at_level(path) - at_level(without))).sum() / sent
        rows.append(
            ("email_at_promotion", EMAIL, "promotion", level, value, "per_exposure", float(effect))
        )
    names = ("interaction", "of", "at", "level", "at_value", "quantity", "value")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _as_lists(**parameters: Any) -> dict[str, Any]:
    """Parameters as plain lists; with one unit, without the unit axis."""
    plain = {}
    for name, value in parameters.items():
        array = np.asarray(value) if value is not None else None
        if array is not None and array.ndim == 2 and len(array) == 1:
            array = array[0]
        plain[name] = None if array is None else array.tolist()
    return plain


def _letters(number: int) -> str:
    """The columns' names of a spreadsheet: a to z, then aa, ab and so on."""
    first, last = divmod(number, 26)
    return (_letters(first - 1) if first else "") + chr(ord("a") + last)
