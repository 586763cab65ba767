"""An outcome with a floor against scipy and plain loops."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import xarray as xr
from builds import CHAINS, CHANNELS, DRAWS, MAX_LAG, WEEKS, Built, at_a_floor, dataset, draws_of
from lifts import TESTS, changed_path, searched, table_with_tests
from pytensor.compile.mode import Mode
from scipy import stats

from mmm_bayes.counterfactual import world
from mmm_bayes.design import data_names, design, form_for
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import channel_effects
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.evaluation import evaluation, flat, parameters
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, follow, predictive
from mmm_bayes.terms.experiments import lift

PLAIN = Mode(linker="py", optimizer="fast_compile")
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
]


@pytest.fixture(
    scope="module", params=KINDS, ids=lambda kind: "-".join(str(value) for value in kind.values())
)
def built(request: pytest.FixtureRequest, build: Callable[..., Built]) -> Built:
    return build("partial_mediation", **request.param)


def arrays(built: Built) -> dict[str, np.ndarray]:
    return {name: built.design.arrays[name].values for name in data_names(built.design)}


def parts(built: Built, draw: int) -> tuple[Any, np.ndarray | float, bool]:
    """Distribution of the latent outcome or its logarithm, probability above, and if logged."""
    form, sample = built.design.form, built.samples[draw]
    path = oracle.history(built)
    location = oracle.outcome_location(built, sample, path)
    logged = form.link == "log" or form.likelihood == "lognormal"
    scale = float(sample["sigma"]) * (1.0 if logged else oracle.outcome_scale(built))
    centre = np.log(location) if logged else location
    shape = [float(sample["nu"])] if form.likelihood == "student_t" else []
    latent = (stats.t if shape else stats.norm)(*shape, loc=centre, scale=scale)
    if form.at_floor == "hurdle":
        return latent, oracle.outcome_on(built, sample, path), logged
    return latent, latent.sf(edge(built)), logged


def edge(built: Built) -> float:
    """Where censoring begins, for the distribution of `parts`."""
    form = built.design.form
    assert form.floor is not None
    return math.log(form.floor) if form.multiplies else form.floor


def test_log_likelihood_is_a_probability_at_the_floor_and_a_density_above(built: Built) -> None:
    observed, floor = built.design.arrays["outcome_observed"].values, built.design.form.floor
    at_floor = observed == floor
    assert 0.1 < at_floor.mean() < 0.3
    free = [str(name) for name in built.free]
    function = evaluation(built.model, given=free, wanted=["outcome"], log_density=True)
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
        location = oracle.outcome_location(built, sample, path)
        if built.design.form.at_floor == "hurdle":
            on = oracle.outcome_on(built, sample, path)
            np.testing.assert_allclose(flat(built.draws["outcome_on"])[draw], on, rtol=1e-7)
            np.testing.assert_allclose(flat(built.draws["outcome_level"])[draw], location)
            location = built.design.form.floor + on * location
        np.testing.assert_allclose(flat(built.draws["outcome_mean"])[draw], location, rtol=1e-7)


def test_predictive_draws_have_the_point_mass_and_the_density(built: Built) -> None:
    one = built.draws[parameters(built.model)].isel(chain=0, draw=0, drop=True)
    many = one.expand_dims(chain=[0], draw=np.arange(400))
    draws = predictive(built.model, seed=3)(many, arrays(built))["outcome"]
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
    """The uniforms that the same seed gives the weeks: ranks at the floor, and sides."""
    observed = built.design.arrays["outcome_observed"].values
    at_floor = observed <= built.design.form.floor
    rng = np.random.default_rng([SEED, 1])
    ranks = np.full((CHAINS * DRAWS, *observed.shape), np.nan)
    ranks[:, at_floor] = rng.random((CHAINS * DRAWS, at_floor.sum()))
    return ranks, rng.random(ranks.shape)


def test_effects_are_the_loops(built: Built) -> None:
    seen = world(built.model, built.design, built.draws, seed=SEED)
    ranks, sides = unseen(built)
    ties = np.random.default_rng(SEED).random(ranks.shape)
    for channel, weekly in zip(CHANNELS, weekly_effects(seen), strict=True):
        for draw, sample in enumerate(built.samples):
            known = oracle.hidden(built, sample, ranks[draw], sides[draw])
            expected = oracle.effects(built, sample, channel, ties[draw], known)
            size = np.abs(expected["total"]).max()
            for name in ("total", "direct", "indirect"):
                np.testing.assert_allclose(
                    weekly[name][draw], expected[name], rtol=1e-6, atol=1e-6 * size
                )


def test_no_week_falls_below_its_floor(built: Built) -> None:
    """Without a channel, and without any: what a week loses is at most what it has above it."""
    seen = world(built.model, built.design, built.draws, seed=SEED)
    room = built.design.arrays["outcome_observed"].values - built.design.form.floor
    for weekly in weekly_effects(seen):
        assert (weekly["total"] <= room + 1e-9 * room.max()).all()
    effects = channel_effects(seen)
    assert (effects.together.isel(unit=-1) <= room.sum() + 1e-6).all()
    baseline = effects.weekly["baseline"].sel(statistic=["mean", "median", "lower"])
    assert (baseline >= built.design.form.floor).all()


def quantiles(latent: Any, ranks: np.ndarray, below: float, week: int, unit: int) -> np.ndarray:
    """Of one week's distribution cut off at a value."""
    kwds = {
        name: value[week, unit] if np.ndim(value) > 1 else value
        for name, value in latent.kwds.items()
    }
    kwds["scale"] = np.broadcast_to(latent.kwds["scale"], latent.kwds["loc"].shape)[week, unit]
    one = latent.dist(*latent.args, **kwds)
    return np.asarray(one.ppf(ranks * one.cdf(below)))


def lift_by_loops(built: Built, draw: int, number: int) -> float:
    """A test's lift, averaged over evenly spaced ranks of what the floor hides."""
    sample = built.samples[draw]
    fact, other, weeks, unit = changed_path(built, number)
    if TESTS[number][0] in oracle.CAUSES[built.name]:
        at = CHANNELS.index("search")
        amounts = [searched(built, sample, other, week, unit) for week in weeks]
        back = len(fact) - WEEKS
        for week, amount in zip(weeks, amounts, strict=True):
            other[week + back, unit, at] = amount / oracle.active_mean(built, unit, at)
    here, there = (oracle.outcome_location(built, sample, p)[:, unit] for p in (fact, other))
    form, floor = built.design.form, built.design.form.floor
    observed = built.design.arrays["outcome_observed"].values[:, unit]
    on = (
        [oracle.outcome_on(built, sample, p)[:, unit] for p in (fact, other)]
        if (form.at_floor == "hurdle")
        else None
    )
    points = (np.arange(4000) + 0.5) / 4000
    latent, _, logged = parts(built, draw)
    total = 0.0
    for week in weeks:
        values = np.array([observed[week] - (floor if on is not None else 0.0)])
        if on is not None and observed[week] == floor:
            sigma = float(sample["sigma"])
            factor = math.exp(sigma**2 / 2) if form.likelihood == "normal" else 1.0
            comes = max(0.0, on[1][week] - on[0][week]) / (1 - on[0][week])
            total += comes * there[week] * factor
            continue
        if observed[week] == floor:
            values = quantiles(latent, points, edge(built), week, unit)
            values = np.exp(values) if logged else values
        moved = (
            values * there[week] / here[week]
            if form.link == "log"
            else values + there[week] - here[week]
        )
        if on is not None:
            stays = min(1.0, on[1][week] / on[0][week])
            total += stays * moved.mean() + floor - observed[week]
        else:
            total += np.maximum(moved, floor).mean() - observed[week]
    return total


@pytest.mark.parametrize("kind", [KINDS[at] for at in (2, 3, 4, 6, 7)])
def test_lifts_are_the_mean_over_what_the_floor_hides(tmp_path: Path, kind: dict[str, Any]) -> None:
    """And have finite gradients."""
    choices = {key: value for key, value in kind.items() if key != "units"}
    data = at_a_floor(table_with_tests(tmp_path), kind["floor"])
    arranged = design(data, form_for(data, **choices))
    model = member("partial_mediation").build(arranged)
    lift(arranged, model)
    free = draws_of(model)
    made = follow(Compiled(model, None, 0.0), arranged, free)
    built = Built("partial_mediation", arranged, model, free, made)
    got = flat(made["lift_mean"])
    for draw in range(CHAINS * DRAWS):
        for number in range(len(TESTS)):
            expected = lift_by_loops(built, draw, number)
            assert got[draw, number] == pytest.approx(expected, rel=2e-2, abs=2.0), TESTS[number]
    slope = model.compile_fn(model.dlogp(), point_fn=True, mode=PLAIN)
    start = model.initial_point()
    rng = np.random.default_rng(2)
    for spread in (0.0, 0.3):
        point = {key: x + spread * rng.normal(size=np.shape(x)) for key, x in start.items()}
        assert np.isfinite(slope(point)).all()


@pytest.mark.parametrize("kind", [KINDS[at] for at in (0, 4, 6)])
def test_chance_of_a_calibrations_tables_is_what_the_counterfactual_draws(
    tmp_path: Path, kind: dict[str, Any]
) -> None:
    """At the parameters that made a table, the true effect is one of the draws' own."""
    from mmm_bayes.calibration.process import parameters as stated
    from mmm_bayes.calibration.process import tables
    from mmm_bayes.calibration.quantities import quantities

    choices = {key: value for key, value in kind.items() if key != "units"}
    # A censored week rises above the floor only without a channel that lowers the outcome.
    described = dataset(tmp_path, model={"max_lag": MAX_LAG, "sign": "free"})
    data = at_a_floor(described, kind["floor"])
    arranged = design(data, form_for(data, **choices))
    compiled = Compiled(member("direct").build(arranged), None, 0.0)
    number, redraws = 60, 99
    drawn = stated("direct", arranged, number, SEED)
    dims = compiled.model.named_vars_to_dims
    ranks = []
    for at, table in enumerate(tables("direct", arranged, number, SEED)):
        repeated = xr.Dataset(
            {
                name: (
                    ("chain", "draw", *dims.get(name, ())),
                    np.broadcast_to(drawn[name][at], (1, redraws, *drawn[name][at].shape)),
                )
                for name in (rv.name for rv in compiled.model.free_RVs)
            },
            coords={"chain": [0], "draw": np.arange(redraws)},
        )
        for dim in [dim for dim in repeated.dims if dim not in ("chain", "draw")]:
            repeated[dim] = np.asarray(compiled.model.coords[str(dim)])
        values = quantities(compiled, table.design, repeated)["total[search]"]
        if np.ptp(values) > 1e-9 * np.abs(values).max():
            ranks.append((values < table.truth["total[search]"]).mean())
        else:  # the floor hides nothing that matters
            assert values[0] == pytest.approx(table.truth["total[search]"], rel=1e-6, abs=1e-6)
    assert len(ranks) > number / 3
    assert stats.kstest(ranks, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    "choices, says",
    [
        ({"floor": 900.0}, r"\d+ values of the outcome 'sales' are below floor = 900"),
        ({"floor": 500.0}, "no value of the outcome 'sales' is at floor = 500"),
        ({"floor": 800.0, "at_floor": "hurdle"}, "at_floor = 'hurdle' needs link = 'log'"),
        ({"at_floor": "hurdle"}, "at_floor = 'hurdle' needs a floor"),
    ],
)
def test_forms_that_make_no_sense_are_refused(
    tmp_path: Path, choices: dict[str, Any], says: str
) -> None:
    data = at_a_floor(dataset(tmp_path), 800.0)
    with pytest.raises(InputError, match=says):
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
    data = at_a_floor(dataset(tmp_path), 0.0)
    with pytest.raises(InputError, match=f"never falls to floor = 0.*{mend}"):
        form_for(data, floor=0.0, **choices)
    with pytest.raises(InputError, match="or floor = 0\\.0 with link = 'log'"):
        form_for(data, link="log")


def test_the_description_says_it_and_the_caller_may_say_otherwise(tmp_path: Path) -> None:
    data = at_a_floor(dataset(tmp_path, model={"floor": 800.0, "link": "log"}), 800.0)
    assert (form_for(data).floor, form_for(data).at_floor) == (800.0, "hurdle")
    assert form_for(data, link="identity").at_floor == "censored"
    assert form_for(data, at_floor="censored").at_floor == "censored"
