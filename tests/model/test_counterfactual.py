"""Effects against explicit loops over draws, weeks, lags and channels."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest
from builds import CHAINS, CHANNELS, DRAWS, Built

from mmm_bayes.estimands import Effects, channel_effects, summed_effects, supported_effects
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.model.counterfactual import Counterfactual, abduct, mediator_under

SEED = 11
KINDS = [
    ("no_mediation", {}),
    ("no_mediation", {"link": "log", "units": 2}),
    ("full_mediation", {}),
    ("full_mediation", {"link": "log"}),
    ("full_mediation", {"hurdle": True}),
    ("partial_mediation", {"units": 2}),
    ("partial_mediation", {"link": "log"}),
    ("partial_mediation", {"hurdle": True, "units": 2}),
    ("partial_mediation", {"link": "log", "hurdle": True}),
    ("partial_mediation", {"weeks": (8, 26)}),
    ("partial_mediation", {"weeks": (2, 26), "link": "log", "hurdle": True}),
    ("no_mediation", {"owned": True, "units": 2}),
    ("full_mediation", {"owned": True}),
    ("partial_mediation", {"owned": True, "link": "log", "weeks": (2, 26), "units": 2}),
    ("partial_mediation", {"trend": "changepoints", "hurdle": True, "units": 2}),
    ("partial_mediation", {"likelihood": "lognormal", "units": 2}),
    ("time_varying", {"units": 2}),
    ("time_varying", {"weeks": (3, 26), "link": "log", "hurdle": True}),
]


@pytest.fixture(
    scope="module", params=KINDS, ids=lambda kind: "-".join([kind[0], *map(str, kind[1].values())])
)
def built(request: pytest.FixtureRequest, build: Callable[..., Built]) -> Built:
    name, kind = request.param
    return build(name, **kind)


@pytest.fixture(scope="module")
def counterfactual(built: Built) -> Counterfactual:
    return abduct(built.model, built.design, built.draws, seed=SEED)


@pytest.fixture(scope="module")
def effects(counterfactual: Counterfactual) -> Effects:
    return channel_effects(counterfactual)


def ties(built: Built) -> np.ndarray:
    """Uniforms that the seed gives the weeks in which a hurdle mediator is off."""
    shape = built.design.arrays["outcome_observed"].shape
    return np.random.default_rng(SEED).random((CHAINS * DRAWS, *shape))


def test_effects_are_the_loops(
    built: Built, counterfactual: Counterfactual, effects: Effects
) -> None:
    uniforms = ties(built)
    summed = effects.draws.stack(sample=("chain", "draw"))
    units = list(built.design.arrays["unit"].values)
    spend = built.design.dataset.data["spend"].values[built.design.weeks].sum(0)
    outcome = built.design.dataset.data["outcome"].values[built.design.weeks].sum(0)
    for index, (channel, weekly) in enumerate(
        zip(CHANNELS, weekly_effects(counterfactual), strict=True)
    ):
        for draw, sample in enumerate(built.samples):
            expected = oracle.effects(built, sample, channel, uniforms[draw])
            for name in ("total", "direct", "indirect"):
                size = np.abs(expected["total"]).max()
                np.testing.assert_allclose(
                    weekly[name][draw], expected[name], rtol=1e-6, atol=1e-6 * size
                )
            got = summed.isel(sample=draw).sel(channel=channel)
            for unit, label in enumerate(units):
                row = got.sel(unit=label)
                total = expected["total"][:, unit].sum()
                assert float(row["total"]) == pytest.approx(total, rel=1e-6, abs=1e-3)
                assert float(row["contribution_share"]) == pytest.approx(
                    float(row["total"]) / outcome[unit], rel=1e-10
                )
                if channel not in built.design.dataset.paid:
                    assert np.isnan(row["roas"])
                    assert np.isnan(row["mroas"])
                    continue
                assert float(row["roas"]) == pytest.approx(
                    float(row["total"]) / spend[unit, index], rel=1e-10
                )
                gain = expected["more"][:, unit].sum() / (0.01 * spend[unit, index])
                assert float(row["mroas"]) == pytest.approx(gain, rel=1e-5, abs=1e-6)
            if len(units) > 1:
                all_units = got.sel(unit="all")
                for name in ("total", "direct", "indirect"):
                    assert float(all_units[name]) == pytest.approx(
                        sum(expected[name].sum(0)), rel=1e-6, abs=1e-3
                    )
                assert float(all_units["contribution_share"]) == pytest.approx(
                    float(all_units["total"]) / outcome.sum(), rel=1e-10
                )
                if channel not in built.design.dataset.paid:
                    assert np.isnan(all_units["roas"])
                    continue
                assert float(all_units["roas"]) == pytest.approx(
                    float(all_units["total"]) / spend[:, index].sum(), rel=1e-10
                )
                gain = expected["more"].sum() / (0.01 * spend[:, index].sum())
                assert float(all_units["mroas"]) == pytest.approx(gain, rel=1e-5, abs=1e-6)


def test_effects_within_what_was_observed_are_the_loops(
    built: Built, counterfactual: Counterfactual
) -> None:
    """Against the lowest tenth, and of 20% more and less; the last with the opposite sign."""
    draws, _ = supported_effects(counterfactual)
    uniforms, units = ties(built), list(built.design.arrays["unit"].values)
    weeks = built.design.arrays.sizes["time"]

    def lowest(path: np.ndarray) -> np.ndarray:
        tenth = np.sort(path[-weeks:], axis=0)[int(0.1 * (weeks - 1))]
        return np.broadcast_to(tenth, path.shape)

    contrasts: dict[str, tuple[Any, Any, int]] = {
        "observed": (lowest, np.array, 1),
        "plus20": (np.array, lambda path: 1.2 * path, 1),
        "minus20": (lambda path: 0.8 * path, np.array, -1),
    }
    for channel in CHANNELS:
        got = draws.sel(channel=channel).stack(sample=("chain", "draw"))
        for (suffix, (low, high, sign)), (draw, sample) in product(
            contrasts.items(), enumerate(built.samples)
        ):
            expected = oracle.contrast(built, sample, channel, uniforms[draw], low, high)
            size = np.abs(expected["total"]).sum()
            for name in ("total", "direct", "indirect"):
                np.testing.assert_allclose(
                    got[f"{name}_{suffix}"].sel(unit=units).isel(sample=draw),
                    sign * expected[name].sum(0),
                    rtol=1e-6,
                    atol=1e-6 * size,
                )


def test_parts_add_up_and_only_causes_act_indirectly(built: Built, effects: Effects) -> None:
    draws = effects.draws
    parts = draws["direct"] + draws["indirect"]
    np.testing.assert_allclose(parts, draws["total"], rtol=1e-9, atol=1e-6)
    others = [name for name in CHANNELS if name not in oracle.CAUSES[built.name]]
    assert (draws["indirect"].sel(channel=others) == 0).all()
    for cause in oracle.CAUSES[built.name]:
        assert (draws["indirect"].sel(channel=cause) != 0).any()
    if built.name == "full_mediation":
        assert (draws["direct"].sel(channel=list(oracle.CAUSES[built.name])) == 0).all()


def test_a_single_market_has_only_all_and_a_panel_ends_in_all(
    built: Built, effects: Effects
) -> None:
    units = list(effects.draws["unit"].values)
    assert units == (["all"] if len(units) == 1 else ["r0", "r1", "all"])
    assert list(effects.weekly["unit"].values) == (units if len(units) == 1 else units[:-1])
    np.testing.assert_array_equal(effects.weekly["time"], built.design.arrays["time"])


def test_the_mediator_is_floored_at_zero(build: Callable[..., Built]) -> None:
    """With gamma far from zero some weeks' spend would turn negative."""
    built = build("partial_mediation", units=2)
    counterfactual = abduct(built.model, built.design, built.draws, seed=SEED)
    path = counterfactual.observed_path.copy()
    path[..., [0, 1]] = 0.0
    mediator = mediator_under(counterfactual, path)
    assert mediator.shape == (CHAINS * DRAWS, *path.shape[:2])
    assert (mediator >= 0).all()
    assert (mediator[:, built.design.form.max_lag - 1 :] == 0).any()


@pytest.mark.parametrize("hurdle", [False, True])
def test_the_mediator_is_unchanged_under_the_observed_path(
    build: Callable[..., Built], hurdle: bool
) -> None:
    built = build("partial_mediation", hurdle=hurdle, units=2)
    counterfactual = abduct(built.model, built.design, built.draws, seed=SEED)
    path = counterfactual.observed_path[..., CHANNELS.index("search")]
    np.testing.assert_allclose(
        mediator_under(counterfactual, counterfactual.observed_path),
        np.broadcast_to(path, (CHAINS * DRAWS, *path.shape)),
        rtol=1e-6,
        atol=1e-9,
    )


def test_observed_path_is_the_observed_history(
    built: Built, counterfactual: Counterfactual
) -> None:
    np.testing.assert_allclose(counterfactual.observed_path, oracle.history(built), rtol=1e-12)


def test_baseline_is_the_location_with_every_channel_off(built: Built, effects: Effects) -> None:
    """The weeks before the span are off, too."""
    weekly = effects.weekly
    none = np.zeros_like(oracle.history(built))
    draws = [oracle.location_under(built, sample, none) for sample in built.samples]
    np.testing.assert_allclose(
        weekly["baseline"].sel(statistic="mean"), np.mean(draws, axis=0), rtol=1e-7
    )


def test_summed_effects_are_the_same_draws(build: Callable[..., Built]) -> None:
    built = build("partial_mediation", units=2)
    counterfactual = abduct(built.model, built.design, built.draws, seed=SEED)
    effects = channel_effects(counterfactual).draws
    for name, values in summed_effects(counterfactual).items():
        np.testing.assert_array_equal(values, effects[name])
