"""Lift tests in the model's graph, against explicit loops over draws, weeks, lags and channels."""

import math
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import oracle
import pytest
from builds import (
    CHAINS,
    CHANNELS,
    DRAWS,
    MAX_LAG,
    PLAIN,
    WEEKS,
    Built,
    compile_gradient,
    dataset,
    random_draws,
)
from lifts import TESTS, changed_path, counterfactual_mediator, table_with_tests

from mmm_bayes.data.design import data_names, make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.data.lifts import NO_EVIDENCE, exposure_changes
from mmm_bayes.inference.predictive import predictive_function
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.counterfactual import (
    abduct,
    location_under,
    mediator_under,
    outcome_change,
    path_with_mediator,
)
from mmm_bayes.model.evaluation import flatten_draws, graph_function, static_nodes
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.lift_tests import add_lift_tests

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("no_mediation", {}),
    ("no_mediation", {"link": "log", "units": 2}),
    ("full_mediation", {"link": "log"}),
    ("full_mediation", {"hurdle": True}),
    ("partial_mediation", {}),
    ("partial_mediation", {"link": "log", "hurdle": True, "units": 2}),
    ("partial_mediation", {"weeks": (2, 27)}),
    ("partial_mediation", {"likelihood": "lognormal", "units": 2}),
    ("partial_mediation", {"interacting": True, "units": 2}),
    ("no_mediation", {"interacting": True, "link": "log"}),
    ("time_varying", {"link": "log", "hurdle": True}),
]


def built_on(folder: Path, name: str, weeks: tuple[int, int] = (0, WEEKS), **kind: Any) -> Built:
    """A member with its lift tests, and draws."""
    form = {key: kind.pop(key) for key in ("link", "likelihood") if key in kind}
    data = table_with_tests(folder, **kind)
    arranged = make_design(data, form_for(data, **form), slice(*weeks))
    model = load_member(name).build(arranged)
    add_lift_tests(arranged, model)
    free = random_draws(model)
    return Built(
        name,
        arranged,
        model,
        free,
        compute_deterministics(CompiledModel(model, None, 0.0), arranged, free),
    )


@pytest.fixture(
    scope="module", params=KINDS, ids=lambda kind: "-".join([kind[0], *map(str, kind[1].values())])
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    name, kind = request.param
    return built_on(tmp_path_factory.mktemp("tested"), name, **kind)


def lift_by_loops(built: Built, sample: dict[str, Any], number: int) -> float:
    fact, tested, weeks, unit = changed_path(built, number)
    if TESTS[number][0] in oracle.CAUSES[built.name]:
        mediator = CHANNELS.index("search")
        amounts = [counterfactual_mediator(built, sample, tested, week, unit) for week in weeks]
        for week, amount in zip(weeks, amounts, strict=True):
            row = week + MAX_LAG - 1
            tested[row, unit, mediator] = amount / oracle.active_mean(built, unit, mediator)
    before, after = (oracle.location_under(built, sample, path) for path in (fact, tested))
    y = built.design.dataset.data["outcome"].values[built.design.weeks]
    total = 0.0
    for week in weeks:
        m, n = before[week, unit], after[week, unit]
        total += y[week, unit] * (n / m - 1) if oracle.is_multiplicative(built) else n - m
    return total


def test_lifts_are_the_loops(built: Built) -> None:
    got = flatten_draws(built.draws["lift_mean"])
    assert got.shape == (CHAINS * DRAWS, len(TESTS))
    assert (got != 0).mean() > 0.7  # a hurdle mediator that was off may stay off
    for draw, sample in enumerate(built.samples):
        for number in range(len(TESTS)):
            expected = lift_by_loops(built, sample, number)
            assert got[draw, number] == pytest.approx(expected, rel=1e-4, abs=1e-6), TESTS[number]


def test_lifts_agree_with_counterfactuals(built: Built) -> None:
    """They agree with the functions that effects are computed with, on the whole span."""
    counterfactual = abduct(built.model, built.design, built.draws, seed=3)
    got = flatten_draws(built.draws["lift_mean"])
    fact = location_under(counterfactual, counterfactual.observed_path)
    mediator = CHANNELS.index("search")
    searches = built.design.dataset.data["exposure"].values[built.design.weeks, :, mediator]
    for number, (channel, *_) in enumerate(TESTS):
        _, path, weeks, unit = changed_path(built, number)
        tested: Any = path
        if channel in oracle.CAUSES[built.name]:
            if weeks.start < MAX_LAG - 1 or (searches[weeks, unit] == 0).any():
                continue  # those functions move the weeks before the span, and break ties at random
            tested = path_with_mediator(counterfactual, path, mediator_under(counterfactual, path))
        change = outcome_change(counterfactual, location_under(counterfactual, tested), fact)
        np.testing.assert_allclose(got[:, number], change[:, weeks, unit].sum(1), rtol=1e-6)


def test_signs_of_direct_channels(tmp_path: Path) -> None:
    """More of a channel with a positive effect raises the outcome, and less lowers it."""
    lifts = built_on(tmp_path, "no_mediation").draws["lift_mean"]
    shares = np.array([share for *_, share in TESTS])
    assert (np.sign(lifts) == np.sign(shares)).all()


def test_nodes_and_data(built: Built) -> None:
    model = built.model
    assert tuple(model.named_vars_to_dims["lift"]) == ("experiment",)
    np.testing.assert_array_equal(
        model.coords["experiment"], built.design.dataset.experiments["experiment"]
    )
    # The graph of the tests rests on the model's own parameters, and adds none.
    plain = load_member(built.name).build(built.design)
    assert [v.name for v in plain.free_RVs] == [v.name for v in model.free_RVs]
    assert "lift_mean" in static_nodes(model)


def test_log_likelihood_and_predictive_draws_are_normal(tmp_path: Path) -> None:
    built = built_on(tmp_path, "partial_mediation", hurdle=True)
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    names = [str(name) for name in built.free]
    density = graph_function(built.model, inputs=names, outputs=["lift"], log_density=True)
    got = density(built.free, data)["lift"]
    means, tests = flatten_draws(built.draws["lift_mean"]), built.design.dataset.experiments
    for draw in range(CHAINS * DRAWS):
        for number in range(len(TESTS)):
            normal = NormalDist(means[draw, number], float(tests["standard_error"][number]))
            assert got[draw, number] == pytest.approx(
                math.log(normal.pdf(float(tests["lift"][number]))), abs=1e-6
            )
    first = built.draws[static_nodes(built.model)].isel(chain=0, draw=0, drop=True)
    repeated = first.expand_dims(chain=[0], draw=np.arange(2000))
    drawn = predictive_function(built.model, seed=5)(repeated, data)["lift"]
    scores = (drawn - means[0]) / tests["standard_error"].values
    assert np.abs(scores.mean(0)).max() < 4 / math.sqrt(2000)
    assert np.abs(scores.std(0) - 1).max() < 0.1


@pytest.mark.parametrize("name, units", [("no_mediation", 2), ("panel", 2)])
def test_a_test_of_the_tables_own_weeks_replaces_their_outcome(tmp_path, name, units):
    """Whatever the outcome of those weeks is, the posterior is the same; of others it is not."""
    built = built_on(tmp_path, name, units=units, own=(0, 1))
    model, rng = built.model, np.random.default_rng(1)
    terms = [model["outcome"], model["lift"], *model.potentials]
    inputs = [model.rvs_to_values[variable] for variable in model.free_RVs]
    options = {"inputs": inputs, "mode": PLAIN, "on_unused_input": "ignore"}
    evaluate = model.compile_fn(model.logp(vars=terms), **options)
    point = {key: 0.1 * rng.normal(size=np.shape(x)) for key, x in model.initial_point().items()}
    observed = model["outcome_observed"].get_value()
    before = evaluate(point)
    replaced = np.zeros_like(observed, dtype=bool)
    for number in (0, 1):
        _, first, last, _ = TESTS[number]
        replaced[first : last + 1, number % units] = True
    if name == "panel":  # the units of a week have one density
        replaced[:] = replaced.any(1, keepdims=True)
    for week, unit in np.ndindex(*observed.shape):
        other = observed.copy()
        other[week, unit] *= 1.5
        model["outcome_observed"].set_value(other)
        assert (evaluate(point) == pytest.approx(before, abs=1e-6)) == replaced[week, unit]


def test_a_test_outside_the_fitted_weeks_replaces_nothing(tmp_path):
    built = built_on(tmp_path, "no_mediation", weeks=(10, WEEKS), own=(0, 1))
    _, first, last, _ = TESTS[1]
    weeks = np.flatnonzero(built.design.arrays["replaced"].values[:, 0]) + 10
    assert weeks.tolist() == list(range(first, last + 1))


@pytest.mark.parametrize("hurdle", [False, True])
def test_gradients_are_finite_and_right(tmp_path: Path, hurdle: bool) -> None:
    """Also at draws for which the hurdle's quantiles are at their bounds."""
    model = built_on(tmp_path, "partial_mediation", hurdle=hurdle).model
    value = model.compile_fn(model.logp(), point_fn=True, mode=PLAIN)
    slope = compile_gradient(model)
    start = model.initial_point()
    rng = np.random.default_rng(2)
    for spread in (0.0, 0.3, 2.0):
        point = {key: x + spread * rng.normal(size=np.shape(x)) for key, x in start.items()}
        gradient = slope(point)
        assert np.isfinite(gradient).all()
        if spread == 0.3:
            direction = [rng.normal(size=np.shape(point[v.name])) for v in model.value_vars]
            ahead, behind = (
                value(
                    {
                        v.name: point[v.name] + step * component
                        for v, component in zip(model.value_vars, direction, strict=True)
                    }
                )
                for step in (1e-5, -1e-5)
            )
            along = gradient @ np.concatenate([component.ravel() for component in direction])
            assert along == pytest.approx((ahead - behind) / 2e-5, rel=1e-4)


def test_swapped_data_are_those_of_a_model_built_on_them(tmp_path: Path) -> None:
    built = built_on(tmp_path, "partial_mediation", weeks=(0, 22))
    window = make_design(built.design.dataset, built.design.form, slice(7, 29))
    fresh = load_member("partial_mediation").build(window)
    add_lift_tests(window, fresh)
    swapped, rebuilt = (
        compute_deterministics(CompiledModel(model, None, 0.0), window, built.free)["lift_mean"]
        for model in (built.model, fresh)
    )
    np.testing.assert_allclose(swapped, rebuilt, rtol=1e-12)
    assert (swapped != built.draws["lift_mean"]).all()


def test_a_test_outside_the_fitted_weeks_has_no_influence(tmp_path: Path) -> None:
    """Also a test that begins inside them: for the first 22 weeks, and for weeks 10 to 25."""
    data = table_with_tests(tmp_path)
    for weeks, inside in ((slice(0, 22), [0, 2, 3, 4]), (slice(10, 25), [1, 2, 3, 5])):
        arranged = make_design(data, form_for(data), weeks)
        error = arranged.arrays["lift_error"].values
        assert [number for number, value in enumerate(error) if value < NO_EVIDENCE] == inside
        model = load_member("partial_mediation").build(arranged)
        add_lift_tests(arranged, model)
        free = random_draws(model)
        density = graph_function(
            model, inputs=[str(name) for name in free], outputs=["lift"], log_density=True
        )
        got = density(free, {name: arranged.arrays[name].values for name in data_names(arranged)})
        outside = [number for number in range(len(TESTS)) if number not in inside]
        assert (got["lift"].std(0)[inside] > 0).all()
        assert (np.ptp(got["lift"], axis=0)[outside] == 0).all()


def test_a_unit_without_the_channel_has_the_price_of_the_others(tmp_path: Path) -> None:
    data = table_with_tests(tmp_path, units=2)
    channel = CHANNELS.index("social")
    changed = data.data.copy(deep=True)
    for name in ("spend", "exposure"):
        changed[name][:, 0, channel] = 0.0
    spend, exposure = (changed[name].values[:, 1, channel].sum() for name in ("spend", "exposure"))
    tests = data.experiments.isel(experiment=[0])  # social, seven weeks, in the first unit
    (change,) = exposure_changes(replace(data, data=changed, experiments=tests))
    money = float(tests["spend_change"][0])
    np.testing.assert_allclose(change, np.full(7, money / 7 * exposure / spend))


def test_a_table_without_experiments_has_no_trace_of_them(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    arranged = make_design(data)
    assert not [name for name in arranged.arrays if str(name).startswith("lift")]
    assert "experiment" not in arranged.arrays.coords
    emptied = make_design(replace(table_with_tests(tmp_path), experiments=data.experiments))
    assert set(emptied.arrays) == set(arranged.arrays)
