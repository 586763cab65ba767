"""Simulated markets: reproducible, varied, loadable, and consistent with their stated truth."""

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

from mmm_bayes.data import load
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import CONTRASTS, EFFECTS
from mmm_bayes.studies.simulate import (
    SCENARIOS,
    Market,
    as_dataset,
    save,
    simulate,
    simulate_portfolio,
)
from mmm_bayes.studies.simulate.truth import true_gain

CAUSES = ("facebook", "instagram", "tiktok")
DEPARTURES = ("long_carryover", "changing_effect", "other_saturation")
HISTORY = 12


@pytest.fixture(scope="module")
def markets() -> dict[str, Market]:
    return {name: simulate(name, weeks=60, seed=5) for name in SCENARIOS}


def effects(simulated: Market) -> pd.DataFrame:
    """Rows (unit, channel), columns the estimands, without those of all media together."""
    rows = pd.DataFrame(simulated.truth["effects"])
    rows = rows[(rows["channel"] != "all_media") & rows["estimand"].isin(EFFECTS)]
    return rows.pivot(index=["unit", "channel"], columns="estimand", values="value")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_same_seed_same_bytes(scenario: str, tmp_path: Path) -> None:
    files = [
        [path.read_bytes() for path in save(simulate(scenario, weeks=40, seed=3), folder / "a.csv")]
        for folder in (tmp_path / "one", tmp_path / "two")
    ]
    assert files[0] == files[1]


def test_seeds_and_scenarios_differ_in_parameters_and_noise(markets: dict[str, Market]) -> None:
    other = simulate("mediated", weeks=60, seed=6)
    alphas = [
        tuple(np.ravel(m.truth["parameters"]["adstock_alpha"])) for m in (*markets.values(), other)
    ]
    assert len(set(alphas)) == len(SCENARIOS) + 1
    assert not np.allclose(other.table["revenue"], markets["mediated"].table["revenue"])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_loads_without_complaint(markets: dict[str, Market], scenario: str, tmp_path: Path) -> None:
    simulated = markets[scenario]
    csv, toml, truth = save(simulated, tmp_path / "market.csv")
    dataset = load(toml)
    scenario_settings = SCENARIOS[scenario]
    assert dataset.data.sizes["time"] == 60
    assert dataset.data.sizes["unit"] == scenario_settings.units
    assert dataset.mediator == "google"
    assert dataset.causes == CAUSES
    assert dataset.description.model.link == scenario_settings.link
    columns = [f"{channel}_spend" for channel in dataset.paid]
    columns += ["emails_sent"] if scenario_settings.owned else []
    files = pd.read_csv(csv)[columns].to_numpy().reshape(60, scenario_settings.units, -1)
    np.testing.assert_allclose(dataset.data["exposure"], files, rtol=1e-12)
    assert dataset.paid == ("facebook", "instagram", "tiktok", "google", "tv")
    assert (dataset.data["spend"].sel(channel=list(dataset.paid)) == files[..., :5]).all()
    np.testing.assert_allclose(
        files.reshape(-1, len(columns)), simulated.table[columns], atol=0.005
    )
    read = json.loads(truth.read_text())
    for row, exact in zip(read["effects"], simulated.truth["effects"], strict=True):
        assert row["value"] == pytest.approx(exact["value"], rel=1e-9)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_direct_and_indirect_add_up_to_the_total(markets: dict[str, Market], scenario: str) -> None:
    rows = effects(markets[scenario])
    parts = rows["direct"] + rows["indirect"]
    np.testing.assert_allclose(parts, rows["total"], rtol=1e-10, atol=1e-6)
    assert not rows.isna().any(axis=None)
    others = rows[~rows.index.get_level_values("channel").isin(CAUSES)]
    assert (others["indirect"] == 0).all()
    assert (others["total"] > 0).all()


def joint_effects(simulated: Market) -> pd.Series:
    """True effect of all media together, by unit."""
    rows = pd.DataFrame(simulated.truth["effects"]).set_index("channel").loc[["all_media"]]
    assert set(rows["estimand"]) == {"total", *(f"total_{name}" for name in CONTRASTS)}
    return rows[rows["estimand"] == "total"].set_index("unit")["value"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_effects_within_what_was_observed_are_parts_of_the_total(
    markets: dict[str, Market], scenario: str
) -> None:
    market = markets[scenario]
    rows = pd.DataFrame(market.truth["effects"])
    rows = rows.pivot(index=["unit", "channel"], columns="estimand", values="value")
    single = rows.drop("all_media", level="channel")
    for name in CONTRASTS:
        parts = single[f"direct_{name}"] + single[f"indirect_{name}"]
        np.testing.assert_allclose(parts, single[f"total_{name}"], rtol=1e-9, atol=1e-6)
    assert (rows["total_plus20"] > 0).all()
    assert (rows["total_minus20"] < 0).all()
    assert (rows["total_observed"] <= rows["total"] * (1 + 1e-9)).all()
    spends = market.table[[f"{name}_spend" for name in market.truth["channels"] if name != "email"]]
    if len(market.truth["units"]) == 1:
        for column in spends:
            off = (spends[column] == 0).mean()
            total, observed = single.loc[
                ("all", column.removesuffix("_spend")), ["total", "total_observed"]
            ]
            assert (observed == pytest.approx(total)) == (off > 0.1), column


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_all_media_together_add_what_each_adds_directly(
    markets: dict[str, Market], scenario: str
) -> None:
    """In an additive market; where effects multiply, less than that."""
    direct = effects(markets[scenario])["direct"].groupby("unit").sum()
    joint = joint_effects(markets[scenario])
    if SCENARIOS[scenario].link == "identity":
        np.testing.assert_allclose(joint.sort_index(), direct.sort_index(), rtol=1e-9)
    else:
        assert (joint < direct).all()
        assert (joint > 0.5 * direct).all()


@pytest.mark.parametrize("mediated", [True, False])
@pytest.mark.parametrize("channels, share", [(3, 0.6), (20, 0.05)])
def test_a_portfolio_makes_the_share_that_it_is_said_to(
    channels: int, share: float, mediated: bool
) -> None:
    simulated = simulate_portfolio(channels, share, mediated=mediated, seed=2)
    data = as_dataset(simulated)
    assert len(data.channels) == channels
    assert data.mediator == "search"
    joint = joint_effects(simulated)["all"]
    assert joint / simulated.table["revenue"].sum() == pytest.approx(share, rel=0.1)
    rows = effects(simulated).xs("all")
    assert (rows["indirect"] > 0).sum() == (len(data.causes) if mediated else 0)
    np.testing.assert_allclose(joint, rows["direct"].sum(), rtol=1e-9)


def test_units_have_names_however_many_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is refused if the name of a unit has characters that cannot be shown."""
    monkeypatch.setitem(SCENARIOS, "panel", replace(SCENARIOS["panel"], units=53))
    units = as_dataset(simulate("panel", weeks=30, seed=1)).data["unit"].values.tolist()
    assert len(units) == len(set(units)) == 53
    assert {"region_a", "region_z", "region_aa", "region_az", "region_ba"} <= set(units)


def test_a_portfolio_that_cannot_be() -> None:
    with pytest.raises(InputError, match="take 3 channels or more, and a share between 0 and 1"):
        simulate_portfolio(2, 0.3, mediated=True)


@pytest.mark.parametrize("scenario", ["unmediated", "direct_only"])
def test_without_mediation_nothing_is_indirect(markets: dict[str, Market], scenario: str) -> None:
    rows = effects(markets[scenario])
    assert (rows["indirect"] == 0).all()
    assert (rows["direct"] > 0).all()
    assert set(markets[scenario].truth["parameters"]["gamma"]) == {0.0}


def test_full_mediation_has_nothing_direct(markets: dict[str, Market]) -> None:
    rows = effects(markets["fully_mediated"]).xs("all").loc[list(CAUSES)]
    assert (rows["direct"] == 0).all()
    assert (rows["indirect"] > 0).all()


def test_a_panels_total_is_the_sum_of_its_units(markets: dict[str, Market]) -> None:
    rows = effects(markets["panel"])
    units = markets["panel"].truth["units"]
    assert len(units) == 8
    np.testing.assert_allclose(
        rows.loc[units].groupby("channel").sum(), rows.xs("all").sort_index(), rtol=1e-10
    )


@pytest.fixture(scope="module")
def simulations() -> dict[str, Market]:
    kinds = ("mediated", "zero_spend", "multiplicative", "floored", "panel", "owned", *DEPARTURES)
    return {name: simulate(name, weeks=30, seed=9) for name in kinds}


Shape = tuple[float, float, float]


def hill(stock: float, kappa: float, slope: float) -> float:
    return stock**slope / (stock**slope + kappa**slope) if stock > 0 else 0.0


def exponential_above(stock: float, kappa: float, theta: float) -> float:
    low = theta * kappa
    return 1 - 0.5 ** ((stock - low) / (kappa - low)) if stock > low else 0.0


def response(spends: np.ndarray, shape: Shape, parameters: dict[str, Any]) -> list[float]:
    """Saturated adstock, week by week, of a series that starts with its history."""
    alpha, kappa, second = shape
    curve = hill if "saturation_slope" in parameters else exponential_above
    weights = [alpha**lag for lag in range(parameters.get("memory", 13))]
    out = []
    for week in range(len(weights) - 1, len(spends)):
        stock = sum(w * spends[week - lag] for lag, w in enumerate(weights)) / sum(weights)
        out.append(curve(stock, kappa, second))
    return out


def contributions(
    shapes: list[Shape], ceiling: list[float], parameters: dict[str, Any], modulation: np.ndarray,
    path: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Sum over channels of the ceiling times the response and its modulation, shape (time,)."""
    return sum(
        ceiling[index]
        * modulation[:, index]
        * np.array(response(path[:, index], shape, parameters))
        for index, shape in enumerate(shapes)
    ) * np.array(parameters.get("effectiveness", 1.0))


def email_modulation(simulated: Market, channels: int) -> np.ndarray:
    """Modulation of emails, the last channel, by promotions, shape (time, channel)."""
    on = simulated.table["promotion"].to_numpy()[:30]  # of a panel's rows any will do: 1 for all
    modulation = np.ones((30, channels))
    if "email_at_promotion" in simulated.truth["parameters"]:
        for week in range(30):
            if on[week]:
                modulation[week, -1] = math.exp(simulated.truth["parameters"]["email_at_promotion"])
    return modulation


@pytest.mark.parametrize(
    "scenario", ["mediated", "multiplicative", "floored", "panel", "owned", *DEPARTURES]
)
def test_truth_is_a_loop_over_weeks_lags_and_channels(
    simulations: dict[str, Market], scenario: str
) -> None:
    """Computed only from the parameters of the truth and the spends with their history."""
    simulated, scenario_settings = simulations[scenario], SCENARIOS[scenario]
    world = simulated.world
    path, causes, mediator = world.path, world.cause_path, world.mediator
    scale, revenue, floor = world.scale, world.revenue, world.floor
    parameters, channels = simulated.truth["parameters"], simulated.truth["channels"]
    second = "slope" if "saturation_slope" in parameters else "threshold"
    effectiveness = np.array(parameters.get("effectiveness", 1.0))
    log = scenario_settings.link == "log"
    rows = effects(simulated)
    beta, kappa = np.atleast_2d(parameters["beta"]), np.atleast_2d(parameters["half_saturation"])
    gamma = np.atleast_2d(parameters["gamma"])
    # In a panel each unit has its own retention and half-saturation.
    alpha, path_alpha, path_kappa = (
        np.broadcast_to(parameters[key], (scenario_settings.units, np.shape(parameters[key])[-1]))
        for key in ("adstock_alpha", "mediation_alpha", "mediation_kappa")
    )
    summed = {name: dict.fromkeys(CAUSES, 0.0) for name in ("total", "direct")}
    for unit in range(scenario_settings.units):
        name = simulated.truth["units"][unit]
        observed = path[:, unit]
        shapes = list(
            zip(alpha[unit], kappa[unit], parameters[f"saturation_{second}"], strict=True)
        )
        modulation = email_modulation(simulated, len(channels))
        # A channel's contribution has mean beta over the observed path.
        ceiling = [
            beta[unit, index]
            / np.mean(
                effectiveness
                * modulation[:, index]
                * response(observed[:, index], shape, parameters)
            )
            for index, shape in enumerate(shapes)
        ]
        media = partial(contributions, shapes, ceiling, parameters, modulation)
        for cause, channel in enumerate(CAUSES):
            index, google = channels.index(channel), channels.index("google")
            series = causes[:, unit, cause]  # two histories before the first week
            span = series[parameters.get("memory", 13) - 1 :]
            half = path_kappa[unit, cause] * span.sum() / (span > 0).sum()
            shape = (path_alpha[unit, cause], half, parameters[f"mediation_{second}"][cause])
            share = np.array(response(series, shape, parameters))
            drop = mediator.scale[unit] * gamma[unit, cause] * share / share.mean()
            mediator_only = observed.copy()
            mediator_only[:, google] = np.maximum(mediator_only[:, google] - drop, 0.0)
            without = mediator_only.copy()
            without[:, index] = 0.0
            if log:
                base = media(observed)
                fact, kept, none = (
                    [max(y * f, floor) for y, f in zip(revenue[:, unit], factor, strict=True)]
                    for factor in (
                        np.exp(media(media_path) - base)
                        for media_path in (observed, mediator_only, without)
                    )
                )
                amounts = {"total": sum(fact) - sum(none), "direct": sum(kept) - sum(none)}
            else:
                amounts = {
                    "total": scale[unit] * (media(observed) - media(without)).sum(),
                    "direct": scale[unit] * (media(mediator_only) - media(without)).sum(),
                }
            for key, value in amounts.items():
                summed[key][channel] += value
                if scenario_settings.units > 1:
                    assert rows.loc[(name, channel), key] == pytest.approx(value, rel=1e-8)
    for key, values in summed.items():
        for channel, value in values.items():
            assert rows.loc[("all", channel), key] == pytest.approx(value, rel=1e-8)


def test_hurdle_truth_sets_the_cause_to_zero_at_the_same_quantile(
    simulations: dict[str, Market],
) -> None:
    simulated = simulations["zero_spend"]
    world = simulated.world
    outcome, mediator, scale = world.outcome, world.mediator, world.scale
    path, causes = world.path, world.cause_path
    rows = effects(simulated).xs("all")
    google = simulated.truth["channels"].index("google")
    assert (path[HISTORY:, 0, google] == 0).mean() > 0.05
    for cause, channel in enumerate(CAUSES):
        none = causes.copy()
        none[..., cause] = 0.0
        mediator_only, without = path.copy(), path.copy()
        mediator_only[..., google] = without[..., google] = mediator.spend(none)
        without[..., simulated.truth["channels"].index(channel)] = 0.0
        total = scale[0] * (outcome(path) - outcome(without)).sum()
        direct = scale[0] * (outcome(mediator_only) - outcome(without)).sum()
        assert rows.loc[channel, "total"] == pytest.approx(total, rel=1e-9)
        assert rows.loc[channel, "direct"] == pytest.approx(direct, rel=1e-9)


@pytest.mark.parametrize("policy", ["planner", "caused"])
@pytest.mark.parametrize("scenario", ["mediated", "floored", *DEPARTURES])
def test_a_plans_true_gain_is_a_loop(
    simulations: dict[str, Market], scenario: str, policy: Literal["planner", "caused"]
) -> None:
    simulated, horizon = simulations[scenario], 10
    world, parameters = simulated.world, simulated.truth["parameters"]
    second = "slope" if "saturation_slope" in parameters else "threshold"
    factors = np.array([1.4, 0.6, 1.2, 1.0 if policy == "caused" else 0.5, 1.5])
    planned = world.path[:, 0].copy()
    for week in range(len(planned) - horizon, len(planned)):
        for index, factor in enumerate(factors):
            planned[week, index] *= factor
    if policy == "caused":
        google = world.channels.index("google")
        planned[:, google] = world.path[:, 0, google]
        for cause in range(len(CAUSES)):
            series = world.cause_path[:, 0, cause]
            after = series.copy()
            after[-horizon:] *= factors[cause]
            span = series[parameters.get("memory", 13) - 1 :]
            half = parameters["mediation_kappa"][cause] * span.sum() / (span > 0).sum()
            shape = (
                parameters["mediation_alpha"][cause],
                half,
                parameters[f"mediation_{second}"][cause],
            )
            before, then = (np.array(response(s, shape, parameters)) for s in (series, after))
            worth = world.mediator.scale[0] * parameters["gamma"][cause] / before.mean()
            planned[:, google] += worth * (then - before)
        planned[:, google] = np.maximum(planned[:, google], 0.0)
    effectiveness = np.array(parameters.get("effectiveness", 1.0))
    moved = np.zeros(30)
    for index in range(len(factors)):
        shape = (
            parameters["adstock_alpha"][index],
            parameters["half_saturation"][index],
            parameters[f"saturation_{second}"][index],
        )
        now, then = (
            np.array(response(path[:, index], shape, parameters))
            for path in (world.path[:, 0], planned)
        )
        now, then = now * effectiveness, then * effectiveness
        moved += parameters["beta"][index] / now.mean() * (then - now)
    if SCENARIOS[scenario].link == "log":
        pairs = zip(world.revenue[:, 0], moved, strict=True)
        expected = sum(max(y * math.exp(m), world.floor) - max(y, world.floor) for y, m in pairs)
    else:
        expected = world.scale[0] * moved.sum()
    assert expected != 0
    assert true_gain(world, factors[None], horizon, policy) == pytest.approx(expected, rel=1e-8)


def test_the_table_is_the_span_of_the_truths_path(simulations: dict[str, Market]) -> None:
    for scenario in ("mediated", "floored", "panel"):
        simulated = simulations[scenario]
        path, revenue, floor = (getattr(simulated.world, k) for k in ("path", "revenue", "floor"))
        for index, channel in enumerate(simulated.truth["channels"]):
            np.testing.assert_array_equal(
                simulated.table[f"{channel}_spend"], path[HISTORY:, :, index].ravel()
            )
        recorded = np.where(revenue < floor, floor, revenue)
        np.testing.assert_array_equal(simulated.table["revenue"], recorded.ravel())
        assert (scenario == "floored") == bool((revenue < floor).any())


@pytest.mark.parametrize(
    "scenario, names",
    [
        ("floored", {"floor"}),
        ("long_carryover", {"memory"}),
        ("changing_effect", {"effectiveness"}),
        ("other_saturation", {"saturation_threshold", "mediation_threshold"}),
        ("owned", {"promotion_at_price", "email_at_promotion"}),
    ],
)
def test_truth_names_what_departs(
    markets: dict[str, Market], scenario: str, names: set[str]
) -> None:
    plain = set(markets["mediated"].truth["parameters"])
    assert set(markets[scenario].truth["parameters"]) - plain == names


def test_a_changing_effect_falls_to_a_half_around_the_middle(markets: dict[str, Market]) -> None:
    effectiveness = np.array(markets["changing_effect"].truth["parameters"]["effectiveness"])
    assert len(effectiveness) == 60
    assert (np.diff(effectiveness) < 0).all()
    assert effectiveness[0] == pytest.approx(1.0, abs=0.001)
    assert effectiveness[29:31].mean() == pytest.approx(0.75)
    assert effectiveness[-1] == pytest.approx(0.5, abs=0.001)
    assert (
        effectiveness[22] - effectiveness[37] > 0.4
    )  # of 0.5: in the quarter of the table around its middle


def test_a_long_carryover_lasts_well_beyond_the_models() -> None:
    for seed in range(20):
        parameters = simulate("long_carryover", seed=seed).truth["parameters"]
        for alpha in parameters["adstock_alpha"] + parameters["mediation_alpha"]:
            weights = [alpha**lag for lag in range(parameters["memory"])]
            assert 0.12 < sum(weights[13:]) / sum(weights) < 0.48


def test_truth_of_the_interactions_is_a_loop(simulations: dict[str, Market]) -> None:
    """Computed from the parameters and the table: effects at levels of the interacting control."""
    simulated = simulations["owned"]
    path, scale, revenue = (getattr(simulated.world, k) for k in ("path", "scale", "revenue"))
    parameters, table = simulated.truth["parameters"], simulated.table
    rows = {
        (row["of"], row["level"]): row for row in simulated.truth["interactions"]
    }  # fmt: skip
    mean, shift = revenue.mean(), parameters["promotion_at_price"]
    prices = sorted(math.log(price) for price in table["price"])
    for level, share in (("low", 0.1), ("high", 0.9)):
        place = share * (len(prices) - 1)
        below, part = int(place), place - int(place)
        price = prices[below] + part * (prices[below + 1] - prices[below])
        effect = scale[0] * (parameters["promotion_lift"] + shift * (price - math.log(20)))
        row = rows["promotion", level]
        assert row["value"] == pytest.approx(100 * effect / mean)
        assert row["at_value"] == pytest.approx(math.exp(price))
    for level, on in (("off", 0), ("on", 1)):
        dearer = scale[0] * (parameters["price_elasticity"] + shift * on)
        assert rows["price", level]["value"] == pytest.approx(dearer / mean)
    sent, channels = table["emails_sent"].sum(), len(simulated.truth["channels"])
    shape = (
        parameters["adstock_alpha"][-1],
        parameters["half_saturation"][-1],
        parameters["saturation_slope"][-1],
    )
    share = np.array(response(path[:, 0, -1], shape, parameters))
    ceiling = parameters["beta"][-1] / np.mean(email_modulation(simulated, channels)[:, -1] * share)
    for level, on in (("off", 0), ("on", 1)):
        effect = sum(
            scale[0] * ceiling * week_share * math.exp(on * parameters["email_at_promotion"])
            for week_share in share
        )
        assert rows["email", level]["value"] == pytest.approx(effect / sent)


def test_an_unknown_scenario_is_refused_with_the_list() -> None:
    with pytest.raises(InputError, match="'nothing' is unknown; the scenarios are mediated, "):
        simulate("nothing")


def test_too_few_weeks_are_refused() -> None:
    with pytest.raises(InputError, match="--weeks 29 is too short to fit anything; take 30"):
        simulate("mediated", weeks=29)


def test_only_csv_is_written(markets: dict[str, Market], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end its name in \.csv"):
        save(markets["mediated"], tmp_path / "market.parquet")
    assert not list(tmp_path.iterdir())
