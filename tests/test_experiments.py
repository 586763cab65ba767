"""Lift tests in the model's graph against loops over draws, weeks, lags and channels."""

import math
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import oracle
import pytest
from builds import CHAINS, CHANNELS, DRAWS, MAX_LAG, WEEKS, Built, dataset, draws_of
from lifts import TESTS, changed_path, searched, table_with_tests
from pytensor.compile.mode import Mode

from mmm_bayes.counterfactual import (
    change,
    mediator_under,
    outcome_location,
    with_mediator,
    world,
)
from mmm_bayes.design import data_names, design, form_for
from mmm_bayes.evaluation import evaluation, flat, parameters
from mmm_bayes.experiments import NO_EVIDENCE, exposure_changes
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, follow, predictive
from mmm_bayes.terms.experiments import lift

PLAIN = Mode(linker="py", optimizer="fast_compile")
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("direct", {}),
    ("direct", {"link": "log", "units": 2}),
    ("full_mediation", {"link": "log"}),
    ("full_mediation", {"hurdle": True}),
    ("partial_mediation", {}),
    ("partial_mediation", {"link": "log", "hurdle": True, "units": 2}),
    ("partial_mediation", {"weeks": (2, 27)}),
    ("partial_mediation", {"likelihood": "lognormal", "units": 2}),
    ("partial_mediation", {"interacting": True, "units": 2}),
    ("direct", {"interacting": True, "link": "log"}),
    ("time_varying", {"link": "log", "hurdle": True}),
]


def built_on(folder: Path, name: str, weeks: tuple[int, int] = (0, WEEKS), **kind: Any) -> Built:
    """A member with its lift tests, and draws."""
    form = {key: kind.pop(key) for key in ("link", "likelihood") if key in kind}
    data = table_with_tests(folder, **kind)
    arranged = design(data, form_for(data, **form), slice(*weeks))
    model = member(name).build(arranged)
    lift(arranged, model)
    free = draws_of(model)
    return Built(name, arranged, model, free, follow(Compiled(model, None, 0.0), arranged, free))


@pytest.fixture(
    scope="module", params=KINDS, ids=lambda kind: "-".join([kind[0], *map(str, kind[1].values())])
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    name, kind = request.param
    return built_on(tmp_path_factory.mktemp("tested"), name, **kind)


def lift_by_loops(built: Built, sample: dict[str, Any], number: int) -> float:
    fact, other, weeks, unit = changed_path(built, number)
    if TESTS[number][0] in oracle.CAUSES[built.name]:
        at = CHANNELS.index("search")
        amounts = [searched(built, sample, other, week, unit) for week in weeks]
        for week, amount in zip(weeks, amounts, strict=True):
            row = week + MAX_LAG - 1
            other[row, unit, at] = amount / oracle.active_mean(built, unit, at)
    before, after = (oracle.outcome_location(built, sample, path) for path in (fact, other))
    y = built.design.dataset.data["outcome"].values[built.design.weeks]
    total = 0.0
    for week in weeks:
        m, n = before[week, unit], after[week, unit]
        total += n - m if built.design.form.link == "identity" else y[week, unit] * (n / m - 1)
    return total


def test_lifts_are_the_loops(built: Built) -> None:
    got = flat(built.draws["lift_mean"])
    assert got.shape == (CHAINS * DRAWS, len(TESTS))
    assert (got != 0).mean() > 0.7  # a hurdle mediator that was off may stay off
    for draw, sample in enumerate(built.samples):
        for number in range(len(TESTS)):
            expected = lift_by_loops(built, sample, number)
            assert got[draw, number] == pytest.approx(expected, rel=1e-4, abs=1e-6), TESTS[number]


def test_lifts_are_the_counterfactuals_own(built: Built) -> None:
    """The same functions that effects are made of, on the whole span."""
    seen = world(built.model, built.design, built.draws, seed=3)
    got = flat(built.draws["lift_mean"])
    fact = outcome_location(seen, seen.observed_path)
    at = CHANNELS.index("search")
    searches = built.design.dataset.data["exposure"].values[built.design.weeks, :, at]
    for number, (channel, *_) in enumerate(TESTS):
        _, path, weeks, unit = changed_path(built, number)
        answer: Any = path
        if channel in oracle.CAUSES[built.name]:
            if weeks.start < MAX_LAG - 1 or (searches[weeks, unit] == 0).any():
                continue  # those functions move the weeks before the span, and break ties at random
            answer = with_mediator(seen, path, mediator_under(seen, path))
        moved = change(seen, outcome_location(seen, answer), fact)
        np.testing.assert_allclose(got[:, number], moved[:, weeks, unit].sum(1), rtol=1e-6)


def test_signs_of_direct_channels(tmp_path: Path) -> None:
    """More of a channel with a positive effect is more outcome, and less is less."""
    lifts = built_on(tmp_path, "direct").draws["lift_mean"]
    shares = np.array([share for *_, share in TESTS])
    assert (np.sign(lifts) == np.sign(shares)).all()


def test_nodes_and_data(built: Built) -> None:
    model = built.model
    assert tuple(model.named_vars_to_dims["lift"]) == ("experiment",)
    np.testing.assert_array_equal(
        model.coords["experiment"], built.design.dataset.experiments["experiment"]
    )
    # The graph of the tests rests on the model's own parameters, and adds none.
    plain = member(built.name).build(built.design)
    assert [v.name for v in plain.free_RVs] == [v.name for v in model.free_RVs]
    assert "lift_mean" in parameters(model)


def test_log_likelihood_and_predictive_draws_are_normal(tmp_path: Path) -> None:
    built = built_on(tmp_path, "partial_mediation", hurdle=True)
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    names = [str(name) for name in built.free]
    density = evaluation(built.model, given=names, wanted=["lift"], log_density=True)
    got = density(built.free, data)["lift"]
    means, tests = flat(built.draws["lift_mean"]), built.design.dataset.experiments
    for draw in range(CHAINS * DRAWS):
        for number in range(len(TESTS)):
            normal = NormalDist(means[draw, number], float(tests["standard_error"][number]))
            assert got[draw, number] == pytest.approx(
                math.log(normal.pdf(float(tests["lift"][number]))), abs=1e-6
            )
    one = built.draws[parameters(built.model)].isel(chain=0, draw=0, drop=True)
    many = one.expand_dims(chain=[0], draw=np.arange(2000))
    drawn = predictive(built.model, seed=5)(many, data)["lift"]
    scores = (drawn - means[0]) / tests["standard_error"].values
    assert np.abs(scores.mean(0)).max() < 4 / math.sqrt(2000)
    assert np.abs(scores.std(0) - 1).max() < 0.1


@pytest.mark.parametrize("hurdle", [False, True])
def test_gradients_are_finite_and_right(tmp_path: Path, hurdle: bool) -> None:
    """Also where a draw moves the hurdle so far that quantiles are at their bounds."""
    model = built_on(tmp_path, "partial_mediation", hurdle=hurdle).model
    value, slope = (
        model.compile_fn(node, point_fn=True, mode=PLAIN) for node in (model.logp(), model.dlogp())
    )
    start = model.initial_point()
    rng = np.random.default_rng(2)
    for spread in (0.0, 0.3, 2.0):
        point = {key: x + spread * rng.normal(size=np.shape(x)) for key, x in start.items()}
        gradient = slope(point)
        assert np.isfinite(gradient).all()
        if spread == 0.3:
            away = [rng.normal(size=np.shape(point[v.name])) for v in model.value_vars]
            ahead, behind = (
                value(
                    {
                        v.name: point[v.name] + step * one
                        for v, one in zip(model.value_vars, away, strict=True)
                    }
                )
                for step in (1e-5, -1e-5)
            )
            along = gradient @ np.concatenate([one.ravel() for one in away])
            assert along == pytest.approx((ahead - behind) / 2e-5, rel=1e-4)


def test_swapped_data_are_those_of_a_model_built_on_them(tmp_path: Path) -> None:
    built = built_on(tmp_path, "partial_mediation", weeks=(0, 22))
    other = design(built.design.dataset, built.design.form, slice(7, 29))
    fresh = member("partial_mediation").build(other)
    lift(other, fresh)
    swapped, rebuilt = (
        follow(Compiled(model, None, 0.0), other, built.free)["lift_mean"]
        for model in (built.model, fresh)
    )
    np.testing.assert_allclose(swapped, rebuilt, rtol=1e-12)
    assert (swapped != built.draws["lift_mean"]).all()


def test_a_test_outside_the_fitted_weeks_tells_nothing(tmp_path: Path) -> None:
    """Not even one that begins inside them: of the first 22 weeks, and of weeks 10 to 25."""
    data = table_with_tests(tmp_path)
    for weeks, inside in ((slice(0, 22), [0, 2, 3, 4]), (slice(10, 25), [1, 2, 3, 5])):
        arranged = design(data, form_for(data), weeks)
        error = arranged.arrays["lift_error"].values
        assert [number for number, one in enumerate(error) if one < NO_EVIDENCE] == inside
        model = member("partial_mediation").build(arranged)
        lift(arranged, model)
        free = draws_of(model)
        density = evaluation(
            model, given=[str(name) for name in free], wanted=["lift"], log_density=True
        )
        got = density(free, {name: arranged.arrays[name].values for name in data_names(arranged)})
        outside = [number for number in range(len(TESTS)) if number not in inside]
        assert (got["lift"].std(0)[inside] > 0).all()
        assert (np.ptp(got["lift"], axis=0)[outside] == 0).all()


def test_a_unit_that_never_had_the_channel_pays_what_the_others_pay(tmp_path: Path) -> None:
    data = table_with_tests(tmp_path, units=2)
    at = CHANNELS.index("social")
    changed = data.data.copy(deep=True)
    for name in ("spend", "exposure"):
        changed[name][:, 0, at] = 0.0
    spend, exposure = (changed[name].values[:, 1, at].sum() for name in ("spend", "exposure"))
    tests = data.experiments.isel(experiment=[0])  # social, seven weeks, in the first unit
    (change,) = exposure_changes(replace(data, data=changed, experiments=tests))
    money = float(tests["spend_change"][0])
    np.testing.assert_allclose(change, np.full(7, money / 7 * exposure / spend))


def test_a_table_without_experiments_has_no_trace_of_them(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    arranged = design(data)
    assert not [name for name in arranged.arrays if str(name).startswith("lift")]
    assert "experiment" not in arranged.arrays.coords
    emptied = design(replace(table_with_tests(tmp_path), experiments=data.experiments))
    assert set(emptied.arrays) == set(arranged.arrays)
