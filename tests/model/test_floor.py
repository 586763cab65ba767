"""Outcome with a floor, against scipy and explicit loops."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import xarray as xr
from builds import (
    CHAINS,
    CHANNELS,
    DRAWS,
    MAX_LAG,
    WEEKS,
    Built,
    compile_gradient,
    dataset,
    with_floor,
    with_random_draws,
)
from lifts import TESTS, changed_path, counterfactual_mediator, table_with_tests
from scipy import stats

from mmm_bayes.data.design import data_names, make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import channel_effects
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.inference.predictive import predictive_function
from mmm_bayes.inference.sampling import CompiledModel
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.evaluation import flatten_draws, graph_function, static_nodes
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.lift_tests import add_lift_tests

SEED = 11
KINDS: list[dict[str, Any]] = [
    {"floor": 800.0},
    {"floor": 0.0, "units": 2},
    {"floor": 800.0, "likelihood": "student_t"},
    {"floor": 800.0, "likelihood": "lognormal", "units": 2},
    {"floor": 800.0, "link": "log", "at_floor": "censored"},
    {"floor": 500.0, "link": "log", "at_floor": "censored", "likelihood": "student_t", "units": 2},
    {"floor": 0.0, "link": "log", "units": 2},
    {"floor": 700.0, "link": "log", "likelihood": "student_t"},
    {"floor": -5.0, "link": "log", "hurdle": True},
    {"floor": 700.0, "link": "log", "trend": "changepoints"},
]


@pytest.fixture(
    scope="module", params=KINDS, ids=lambda kind: "-".join(str(value) for value in kind.values())
)
def built(request: pytest.FixtureRequest, build: Callable[..., Built]) -> Built:
    return build("partial_mediation", **request.param)


def arrays(built: Built) -> dict[str, np.ndarray]:
    return {name: built.design.arrays[name].values for name in data_names(built.design)}


def parts(built: Built, draw: int) -> tuple[Any, np.ndarray | float, bool]:
    """Distribution of the latent outcome (or its log), probability above, whether it is the log."""
    form, sample = built.design.form, built.samples[draw]
    path = oracle.history(built)
    location = oracle.location_under(built, sample, path)
    logged = form.link == "log" or form.likelihood == "lognormal"
    scale = float(sample["sigma"]) * (1.0 if logged else oracle.outcome_scale(built))
    mean, deviation = given_mediator(built, sample)
    centre, scale = (np.log(location) if logged else location) + scale * mean, scale * deviation
    shape = [float(sample["nu"])] if form.likelihood == "student_t" else []
    latent = (stats.t if shape else stats.norm)(*shape, loc=centre, scale=scale)
    if form.at_floor == "hurdle":
        return latent, oracle.outcome_on(built, sample, path), logged
    return latent, latent.sf(edge(built)), logged


def given_mediator(built: Built, sample: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Moments of the outcome's disturbance, in standard deviations, given an always-on mediator."""
    observed = built.design.arrays["mediator_observed"].values
    mean, deviation = np.zeros(observed.shape), np.ones(observed.shape)
    if built.design.form.demand == "none":
        return mean, deviation
    rho, delay = float(sample["rho"]), float(sample["demand_delay"])
    location = oracle.mediator_nodes(built, sample, oracle.history(built))["mediator_location"]
    z = (observed - location) / (float(sample["mediator_sigma"]) * observed.mean(0))
    for week in range(len(z)):
        mean[week] = rho * math.sqrt(1 - delay) * z[week]
        deviation[week] = 1 - rho**2 * (1 - delay)
        if week > 0:
            mean[week] += rho * math.sqrt(delay) * z[week - 1]
            deviation[week] -= rho**2 * delay
    return mean, np.sqrt(deviation)


def edge(built: Built) -> float:
    """The floor, on the scale of the distribution of `parts`."""
    form = built.design.form
    assert form.floor is not None
    return math.log(form.floor) if form.multiplicative else form.floor


def test_log_likelihood_is_a_probability_at_the_floor_and_a_density_above(built: Built) -> None:
    observed, floor = built.design.arrays["outcome_observed"].values, built.design.form.floor
    at_floor = observed == floor
    assert 0.1 < at_floor.mean() < 0.3
    free = [str(name) for name in built.free]
    function = graph_function(built.model, inputs=free, outputs=["outcome"], log_density=True)
    got = function(built.free, arrays(built))["outcome"]
    for draw in range(CHAINS * DRAWS):
        latent, above, logged = parts(built, draw)
        hurdle = built.design.form.at_floor == "hurdle"
        excess = np.where(at_floor, 1.0, observed - (floor if hurdle else 0.0))
        density = latent.logpdf(np.log(excess)) - np.log(excess) if logged else None
        density = latent.logpdf(excess) if density is None else density
        below = np.log1p(-above) if hurdle else latent.logcdf(edge(built))
        expected = np.where(at_floor, below, density + (np.log(above) if hurdle else 0.0))
        np.testing.assert_allclose(got[draw], expected, rtol=1e-6, atol=1e-6)


def test_deterministics_are_the_formula(built: Built) -> None:
    path = oracle.history(built)
    for draw, sample in enumerate(built.samples):
        location = oracle.location_under(built, sample, path)
        if built.design.form.at_floor == "hurdle":
            on = oracle.outcome_on(built, sample, path)
            np.testing.assert_allclose(
                flatten_draws(built.draws["outcome_on"])[draw], on, rtol=1e-7
            )
            np.testing.assert_allclose(flatten_draws(built.draws["outcome_level"])[draw], location)
            location = built.design.form.floor + on * location
        np.testing.assert_allclose(
            flatten_draws(built.draws["outcome_location"])[draw], location, rtol=1e-7
        )


def test_predictive_draws_have_the_point_mass_and_the_density(built: Built) -> None:
    first = built.draws[static_nodes(built.model)].isel(chain=0, draw=0, drop=True)
    repeated = first.expand_dims(chain=[0], draw=np.arange(400))
    draws = predictive_function(built.model, seed=3)(repeated, arrays(built))["outcome"]
    floor, (latent, above, logged) = built.design.form.floor, parts(built, 0)
    above = np.broadcast_to(above, draws.shape[1:])
    assert draws.min() >= floor
    count, spread = (draws > floor).sum(), np.sqrt(400 * (above * (1 - above)).sum())
    assert abs(count - 400 * above.sum()) < 4 * spread + 1
    hurdle = built.design.form.at_floor == "hurdle"
    excess = np.where(draws > floor, draws - (floor if hurdle else 0.0), 1.0)
    ranks = latent.cdf(np.log(excess) if logged else excess)
    if not hurdle:
        ranks = (ranks - (1 - above)) / above
    assert stats.kstest(ranks[draws > floor], "uniform").pvalue > 1e-3


def unseen(built: Built) -> tuple[np.ndarray, np.ndarray]:
    """Uniforms that the seed gives each week: its rank at the floor, and its side of the hurdle."""
    observed = built.design.arrays["outcome_observed"].values
    at_floor = observed <= built.design.form.floor
    rng = np.random.default_rng([SEED, 1])
    ranks = np.full((CHAINS * DRAWS, *observed.shape), np.nan)
    ranks[:, at_floor] = rng.random((CHAINS * DRAWS, at_floor.sum()))
    return ranks, rng.random(ranks.shape)


def test_effects_are_the_loops(built: Built) -> None:
    counterfactual = abduct(built.model, built.design, built.draws, seed=SEED)
    ranks, sides = unseen(built)
    ties = np.random.default_rng(SEED).random(ranks.shape)
    for channel, weekly in zip(CHANNELS, weekly_effects(counterfactual), strict=True):
        for draw, sample in enumerate(built.samples):
            latent = oracle.latent_outcomes(built, sample, ranks[draw], sides[draw])
            expected = oracle.effects(built, sample, channel, ties[draw], latent)
            size = np.abs(expected["total"]).max()
            for name in ("total", "direct", "indirect"):
                np.testing.assert_allclose(
                    weekly[name][draw], expected[name], rtol=1e-6, atol=1e-6 * size
                )


def test_no_week_falls_below_its_floor(built: Built) -> None:
    """Without one channel or all of them, a week loses at most its excess over the floor."""
    counterfactual = abduct(built.model, built.design, built.draws, seed=SEED)
    room = built.design.arrays["outcome_observed"].values - built.design.form.floor
    for weekly in weekly_effects(counterfactual):
        assert (weekly["total"] <= room + 1e-9 * room.max()).all()
    effects = channel_effects(counterfactual)
    assert (effects.combined["total"].isel(unit=-1) <= room.sum() + 1e-6).all()
    baseline = effects.weekly["baseline"].sel(statistic=["mean", "median", "lower"])
    assert (baseline >= built.design.form.floor).all()


def quantiles(latent: Any, ranks: np.ndarray, below: float, week: int, unit: int) -> np.ndarray:
    """Quantiles of one week's distribution, truncated above at a value."""
    kwds = {
        name: value[week, unit] if np.ndim(value) > 1 else value
        for name, value in latent.kwds.items()
    }
    kwds["scale"] = np.broadcast_to(latent.kwds["scale"], latent.kwds["loc"].shape)[week, unit]
    distribution = latent.dist(*latent.args, **kwds)
    return np.asarray(distribution.ppf(ranks * distribution.cdf(below)))


def lift_by_loops(built: Built, draw: int, number: int) -> float:
    """Lift of a test, averaged over evenly spaced quantiles of the latent outcome at the floor."""
    sample = built.samples[draw]
    fact, tested, weeks, unit = changed_path(built, number)
    if TESTS[number][0] in oracle.CAUSES[built.name]:
        mediator = CHANNELS.index("search")
        amounts = [counterfactual_mediator(built, sample, tested, week, unit) for week in weeks]
        back = len(fact) - WEEKS
        for week, amount in zip(weeks, amounts, strict=True):
            tested[week + back, unit, mediator] = amount / oracle.active_mean(built, unit, mediator)
    location, tested_location = (
        oracle.location_under(built, sample, p)[:, unit] for p in (fact, tested)
    )
    form, floor = built.design.form, built.design.form.floor
    observed = built.design.arrays["outcome_observed"].values[:, unit]
    on = (
        [oracle.outcome_on(built, sample, p)[:, unit] for p in (fact, tested)]
        if (form.at_floor == "hurdle")
        else None
    )
    points = (np.arange(4000) + 0.5) / 4000
    latent, _, logged = parts(built, draw)
    total = 0.0
    for week in weeks:
        values = np.array([observed[week] - (floor if on is not None else 0.0)])
        if on is not None and observed[week] == floor:
            mean, deviation = (part[week, unit] for part in given_mediator(built, sample))
            sigma = float(sample["sigma"])
            factor = math.exp(sigma * mean)  # of the median; a Student-t's exponential has no mean
            if form.likelihood == "normal":
                factor *= math.exp((sigma * deviation) ** 2 / 2)
            comes = max(0.0, on[1][week] - on[0][week]) / (1 - on[0][week])
            total += comes * tested_location[week] * factor
            continue
        if observed[week] == floor:
            values = quantiles(latent, points, edge(built), week, unit)
            values = np.exp(values) if logged else values
        outcome = (
            values * tested_location[week] / location[week]
            if logged
            else values + tested_location[week] - location[week]
        )
        if on is not None:
            stays = min(1.0, on[1][week] / on[0][week])
            total += stays * outcome.mean() + floor - observed[week]
        else:
            total += np.maximum(outcome, floor).mean() - observed[week]
    return total


@pytest.mark.slow
@pytest.mark.parametrize("demand", ["none", "unseen"])
@pytest.mark.parametrize("kind", [KINDS[at] for at in (2, 3, 4, 6, 7)])
def test_lifts_are_the_mean_over_what_the_floor_hides(
    tmp_path: Path, kind: dict[str, Any], demand: str
) -> None:
    """Their gradients are finite, too."""
    choices = {key: value for key, value in kind.items() if key != "units"} | {"demand": demand}
    data = with_floor(table_with_tests(tmp_path), kind["floor"])
    arranged = make_design(data, form_for(data, **choices))
    model = load_member("partial_mediation").build(arranged)
    add_lift_tests(arranged, model)
    built = with_random_draws("partial_mediation", arranged, model)
    got = flatten_draws(built.draws["lift_mean"])
    for draw in range(CHAINS * DRAWS):
        for number in range(len(TESTS)):
            expected = lift_by_loops(built, draw, number)
            assert got[draw, number] == pytest.approx(expected, rel=2e-2, abs=2.0), TESTS[number]
    slope = compile_gradient(model)
    start = model.initial_point()
    rng = np.random.default_rng(2)
    for spread in (0.0, 0.3):
        point = {key: x + spread * rng.normal(size=np.shape(x)) for key, x in start.items()}
        assert np.isfinite(slope(point)).all()


@pytest.mark.parametrize("kind", [KINDS[index] for index in (0, 4, 6)])
def test_simulated_tables_and_counterfactuals_have_the_same_disturbances(
    tmp_path: Path, kind: dict[str, Any]
) -> None:
    """At the true parameters, the true effect is distributed like the counterfactual's draws."""
    from mmm_bayes.studies.calibration.parameters import draw_parameters as stated
    from mmm_bayes.studies.calibration.process import simulate_tables
    from mmm_bayes.studies.calibration.quantities import posterior_quantities

    choices = {key: value for key, value in kind.items() if key != "units"}
    # A censored week rises above the floor only without a channel that lowers the outcome.
    described = dataset(tmp_path, model={"max_lag": MAX_LAG, "sign": "free"})
    data = with_floor(described, kind["floor"])
    arranged = make_design(data, form_for(data, **choices))
    compiled = CompiledModel(load_member("no_mediation").build(arranged), None, 0.0)
    number, redraws = 60, 99
    drawn = stated("no_mediation", arranged, number, SEED)
    dims = compiled.model.named_vars_to_dims
    ranks = []
    for index, table in enumerate(simulate_tables("no_mediation", arranged, number, SEED)):
        repeated = xr.Dataset(
            {
                name: (
                    ("chain", "draw", *dims.get(name, ())),
                    np.broadcast_to(drawn[name][index], (1, redraws, *drawn[name][index].shape)),
                )
                for name in (rv.name for rv in compiled.model.free_RVs)
            },
            coords={"chain": [0], "draw": np.arange(redraws)},
        )
        for dim in [dim for dim in repeated.dims if dim not in ("chain", "draw")]:
            repeated[dim] = np.asarray(compiled.model.coords[str(dim)])
        values = posterior_quantities(compiled, table.design, repeated)["total[search]"]
        if np.ptp(values) > 1e-9 * np.abs(values).max():
            ranks.append((values < table.truth["total[search]"]).mean())
        else:  # the floor hides nothing that matters
            assert values[0] == pytest.approx(table.truth["total[search]"], rel=1e-6, abs=1e-6)
    assert len(ranks) > number / 3
    assert stats.kstest(ranks, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    "choices, message",
    [
        ({"floor": 900.0}, r"\d+ values of the outcome 'sales' are below floor = 900"),
        ({"floor": 500.0}, "no value of the outcome 'sales' is at floor = 500"),
        ({"floor": 800.0, "at_floor": "hurdle"}, "at_floor = 'hurdle' needs link = 'log'"),
        ({"at_floor": "hurdle"}, "at_floor = 'hurdle' needs a floor"),
    ],
)
def test_inconsistent_forms_are_refused(
    tmp_path: Path, choices: dict[str, Any], message: str
) -> None:
    data = with_floor(dataset(tmp_path), 800.0)
    with pytest.raises(InputError, match=message):
        form_for(data, **choices)


@pytest.mark.parametrize(
    "choices, mend",
    [
        ({"link": "log", "at_floor": "censored"}, "use at_floor = 'hurdle'"),
        ({"likelihood": "lognormal"}, "use likelihood = 'normal' or 'student_t'"),
    ],
)
def test_nothing_multiplicative_is_censored_at_zero(
    tmp_path: Path, choices: dict[str, Any], mend: str
) -> None:
    data = with_floor(dataset(tmp_path), 0.0)
    with pytest.raises(InputError, match=f"never falls to floor = 0.*{mend}"):
        form_for(data, floor=0.0, **choices)
    with pytest.raises(InputError, match="or floor = 0\\.0 with link = 'log'"):
        form_for(data, link="log")


def test_the_callers_floor_options_override_the_description(tmp_path: Path) -> None:
    data = with_floor(dataset(tmp_path, model={"floor": 800.0, "link": "log"}), 800.0)
    assert (form_for(data).floor, form_for(data).at_floor) == (800.0, "hurdle")
    assert form_for(data, link="identity").at_floor == "censored"
    assert form_for(data, at_floor="censored").at_floor == "censored"
