"""Spends that demand moves, tests that set them and shifters, against loops over weeks."""

import math
from typing import Any

import builds
import numpy as np
import pytest
import scipy.stats
import xarray as xr
from builds import MAX_LAG, WEEKS, as_tree, flat, log_densities, with_random_draws

from mmm_bayes.data import load, profile
from mmm_bayes.data.continuation import append_plan
from mmm_bayes.data.demanded import PAST, first_stage
from mmm_bayes.data.design import data_names, make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.diagnostics.demand import demand_checks, moved_spends
from mmm_bayes.diagnostics.predictive import conditional_location
from mmm_bayes.errors import InputError
from mmm_bayes.inference.predictive import ignore_demand, predictive_function
from mmm_bayes.model.counterfactual import abduct, mediator_under
from mmm_bayes.model.evaluation import graph_function
from mmm_bayes.model.family import load_member

TESTED, MEDIATOR_TESTED = (9, 10, 20), (14, 15)


def frame(units: int = 1) -> Any:
    """The small table with columns of tests and of prices."""
    table = builds.table(units=units)
    rng = np.random.default_rng(5)
    week = np.arange(len(table)) % WEEKS
    return table.assign(
        tv_test=np.isin(week, TESTED).astype(int),
        search_test=np.isin(week, MEDIATOR_TESTED).astype(int),
        airtime=rng.gamma(5.0, 1.0, len(table)).round(2),
        click_price=rng.gamma(5.0, 0.2, len(table)).round(3),
    )


def described(units: int = 1, **changes: Any) -> dict[str, Any]:
    """Video and tv follow demand; tests set tv and search, and prices move tv and search."""
    channels = {
        "social": {"spend": "social_spend", "exposure": "social_views"},
        "video": {"spend": "video_spend", "set_by": "demand"},
        "search": {
            "spend": "search_spend", "designed": "search_test", "shifters": ["click_price"],
        },
        "tv": {
            "spend": "tv_spend", "set_by": "demand", "designed": "tv_test",
            "shifters": ["airtime", "click_price"],
        },
    }  # fmt: skip
    return builds.description(units=units, **({"channels": channels} | changes))


def build_on(tmp_path, member="partial_mediation", *, units=1, errors="iid", **changes):
    data = load(builds.write(tmp_path, frame(units), described(units, **changes)))
    design = make_design(data, form_for(data, errors=errors))
    return with_random_draws(member, design, load_member(member).build(design))


def standardised(values, weeks=None):
    kept = values if weeks is None else values[weeks]
    return (values - kept.mean()) / kept.std()


def spend_by_loops(table, sample, position, name, covariates):
    """Disturbance of a spend and its log-density, week by week of a single market."""
    spend, sales = table[f"{name}_spend"].to_numpy(), table["sales"].to_numpy()
    tested = table["tv_test"].to_numpy() if name == "tv" else np.zeros(WEEKS)
    root = standardised(np.sqrt(spend), tested == 0)
    sold = standardised(sales)
    prices = [standardised(table[column].to_numpy()) for column in ("airtime", "click_price")]
    disturbances, density = np.zeros(WEEKS), 0.0
    sigma = sample["spend_sigma"][position]
    for week in range(1, WEEKS):
        if tested[week] or tested[week - 1] or spend[week] == 0:
            continue
        mean = sample["spend_intercept"][0, position]
        mean += covariates[week] @ sample["spend_covariate_effect"][position]
        mean += sample["spend_past_effect"][position, 0] * root[week - 1]
        mean += sample["spend_past_effect"][position, 1] * sold[week - 1]
        if name == "tv":
            for effect, price in zip(sample["spend_shifter_effect"], prices, strict=True):
                mean += effect * price[week]
        disturbances[week] = (root[week] - mean) / sigma
        density += scipy.stats.norm.logpdf(root[week], mean, sigma)
    return disturbances, density


@pytest.mark.parametrize("errors", ["iid", "ar1"])
def test_densities_are_those_of_loops(tmp_path, errors):
    built = build_on(tmp_path, errors=errors)
    table, arrays = frame(), built.design.arrays
    covariates = arrays["covariates"].values[:, 0]
    found = log_densities(built, built.design, ["mediator", "outcome"])
    inputs = [variable.name for variable in built.model.free_RVs]
    potentials = graph_function(built.model, inputs=inputs, outputs=["spends", "designed_weeks"])(
        built.free, {name: arrays[name].values for name in data_names(built.design)}
    )
    for index, sample in enumerate(built.samples):
        spends = [
            spend_by_loops(table, sample, position, name, covariates)
            for position, name in enumerate(("video", "tv"))
        ]
        assert potentials["spends"][index] == pytest.approx(sum(density for _, density in spends))

        search, tested = table["search_spend"].to_numpy(), table["search_test"].to_numpy()
        location = flat(built.draws["mediator_location"])[index][:, 0]
        np.testing.assert_allclose(location[list(MEDIATOR_TESTED)], search[tested == 1])
        size = sample["mediator_sigma"] * search.mean()
        phi = sample["mediator_phi"] if errors == "ar1" else 0.0
        searched, density = np.zeros(WEEKS), 0.0
        for week in range(WEEKS):
            if tested[week]:
                continue
            kept = phi if week and not tested[week - 1] else 0.0
            before = search[week - 1] - location[week - 1] if week else 0.0
            mean, sd = location[week] + kept * before, size * math.sqrt(1 - kept**2)
            searched[week] = (search[week] - mean) / sd
            density += scipy.stats.norm.logpdf(search[week], mean, sd)
        total = found["mediator"][index] + potentials["designed_weeks"][index]
        assert total == pytest.approx(density)

        # Demand: each spend reveals a part of it, now and for what is bought a week later.
        norm = math.sqrt(sum(value**2 for value in sample["demand_loading"]))
        shares = [sample["rho"] * value / norm for value in sample["demand_loading"]]
        revealing = [searched, spends[0][0], spends[1][0]]
        delay = sample["demand_delay"]
        sold = table["sales"].to_numpy()
        location = flat(built.draws["outcome_location"])[index][:, 0]
        sigma = sample["sigma"] * arrays["outcome_scale"].values[0]
        expected = 0.0
        for week in range(WEEKS):
            kept = sample["phi"] if errors == "ar1" and week else 0.0
            before = sold[week - 1] - location[week - 1] if week else 0.0
            mean, left = 0.0, 1.0
            for share, part in zip(shares, revealing, strict=True):
                mean += share * math.sqrt(1 - delay) * part[week]
                left -= share**2 * (1 - delay) * (part[week] != 0)
                if week:
                    mean += share * math.sqrt(delay) * part[week - 1]
                    left -= share**2 * delay * (part[week - 1] != 0)
            size = sigma * math.sqrt(1 - kept**2)
            centre = location[week] + kept * before + size * mean
            expected += scipy.stats.norm.logpdf(sold[week], centre, size * math.sqrt(left))
        assert found["outcome"][index] == pytest.approx(expected)


@pytest.mark.parametrize("member", ["no_mediation", "full_mediation", "time_varying", "panel"])
def test_every_member_has_the_equations(tmp_path, member):
    units = 2 if member == "panel" else 1
    changes = {"channels": described()["channels"]}
    changes["channels"]["search"].pop("designed")
    built = build_on(tmp_path, member, units=units, **changes)
    assert {"rho", "demand_loading", "spend_sigma"} <= set(map(str, built.free))
    moved = built.model.coords["moved"]
    assert list(moved) == (
        ["video", "tv"] if member == "no_mediation" else ["search", "video", "tv"]
    )
    assert built.free["spend_intercept"].sizes["unit"] == units
    parts = built.model.compile_logp(sum=False, mode="FAST_COMPILE")(built.model.initial_point())
    assert all(np.isfinite(part).all() for part in parts)


def test_one_spend_has_no_loading(tmp_path):
    channels = described()["channels"]
    del channels["video"]["set_by"]
    built = build_on(tmp_path, "no_mediation", channels=channels)
    assert "rho" in built.free
    assert "demand_loading" not in built.free


def test_nothing_is_declared_without_demand(tmp_path):
    built = build_on(tmp_path, "no_mediation", demand={"assume": "none"})
    assert not [name for name in built.free if str(name).startswith(("spend_", "rho", "demand"))]
    assert not [name for name in data_names(built.design) if name.startswith("spend_")]


def test_a_later_span_knows_the_week_before_it(tmp_path):
    data = load(builds.write(tmp_path, frame(), described()))
    whole, late = make_design(data), make_design(data, weeks=slice(12, None))
    known = late.arrays["spend_known"].values[:, 0]
    np.testing.assert_array_equal(known, whole.arrays["spend_known"].values[12:, 0])
    assert known[0, 0] == 1
    first = late.arrays["spend_past"].sel(demanded="video").isel(time=0, unit=0)
    spend, sales = frame()["video_spend"].to_numpy(), frame()["sales"].to_numpy()
    root = np.sqrt(spend)
    expected = [
        (root[11] - root[12:].mean()) / root[12:].std(),
        (sales[11] - sales[12:].mean()) / sales[12:].std(),
    ]
    np.testing.assert_allclose(first, expected)
    assert list(first["past"].values) == list(PAST)


@pytest.mark.parametrize("errors", ["iid", "ar1"])
def test_residuals_know_the_spends(tmp_path, errors):
    built = build_on(tmp_path, errors=errors)
    many = built.draws.isel(chain=[0], draw=np.zeros(4000, int)).assign_coords(draw=range(4000))
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    tables = predictive_function(built.model, seed=1).to_dataset(many, data)["outcome"]
    tree = as_tree(built, built.draws.isel(chain=[0], draw=[0]))
    location = conditional_location(tree, "outcome").values[0, 0, :, 0]
    values = tables.transpose("chain", "draw", "time", "unit").values[0, ..., 0]
    sd = values.std(0)
    np.testing.assert_allclose(values.mean(0), location, atol=float(5 * sd.max() / np.sqrt(4000)))
    ignored = ignore_demand(many)
    told = predictive_function(built.model, seed=1).to_dataset(ignored, data)["outcome"]
    assert (told.values.std((0, 1)) > tables.values.std((0, 1))).mean() > 0.9


def test_a_mediator_set_by_a_test_does_not_follow_its_causes(tmp_path):
    built = build_on(tmp_path)
    fitted = abduct(built.model, built.design, built.draws)
    path = built.design.observed_path.copy()
    path[:, :, :2] = 0.0  # social and video, its causes
    followed = mediator_under(fitted, path)[:, MAX_LAG - 1 :, 0]
    observed = built.design.arrays["exposure_lags"].values[:, 0, 2, 0]
    tested = frame()["search_test"].to_numpy() == 1
    np.testing.assert_allclose(followed[:, tested], np.tile(observed[tested], (4, 1)))
    assert (np.abs(followed - observed)[:, ~tested] > 1e-6).mean() > 0.9


def test_each_spend_has_its_check(tmp_path):
    built = build_on(tmp_path)
    rng = np.random.default_rng(3)
    shape = (2, 500)
    share = rng.uniform(0.0, 0.8, (*shape, 3))
    posterior = xr.Dataset(
        {"rho": (("chain", "draw"), share.max(-1)),
         "demand_share": (("chain", "draw", "moved"), share)},
        {"moved": ["search", "video", "tv"]},
    )  # fmt: skip
    total = np.stack(
        [np.full(shape, 9.0), 100 - 100 * share[..., 1], 100 - 10 * share[..., 0],
         100 - 120 * share[..., 2]], -1
    )  # fmt: skip
    effects = xr.Dataset(
        {"total": (("chain", "draw", "unit", "channel"), total[:, :, None])},
        {"unit": ["all"], "channel": list(builds.CHANNELS)},
    )
    tree = as_tree(built, posterior)
    assert moved_spends(tree) == ("search", "video", "tv")
    search, video, tv = demand_checks(tree, effects)
    assert [check.name for check in (search, video, tv)] == ["search", "video", "tv"]
    assert search.status == "pass"
    assert (video.status, tv.status) == ("warn", "warn")
    assert video.value == pytest.approx(96 / 24, rel=0.1)
    assert "weeks in which a test set it (designed)" in tv.message
    assert "what others do through it" not in tv.message


def test_a_plan_needs_no_tests_and_no_shifters(tmp_path):
    data = load(builds.write(tmp_path, frame(), described()))
    plan = frame().iloc[-2:].drop(columns=["sales", "tv_test", "search_test", "airtime"])
    plan["week"] = ["2023-07-31", "2023-08-07"]
    plan.to_csv(tmp_path / "plan.csv", index=False)
    ahead = append_plan(data, tmp_path / "plan.csv").data.isel(time=slice(-2, None))
    assert (ahead["designed"].sel(channel=["tv", "search"]) == 1).all()
    assert (ahead["designed"].sel(channel=["social", "video"]) == 0).all()


@pytest.mark.parametrize(
    "channel, keys, sentence",
    [
        ("social", {"designed": "tv_test"}, r"\[channels.social\] names designed.*set_by"),
        ("social", {"shifters": ["airtime"]}, r"\[channels.social\] names shifters.*set_by"),
        ("video", {"shifters": ["airtime", "airtime"]}, "names 'airtime' more than once"),
        ("video", {"set_by": "chance"}, "set_by"),
        ("video", {"designed": "spots"}, "column 'spots' has a value that is neither 0 nor 1"),
        ("video", {"designed": "always"}, "'always' has 1 in every row"),
        ("video", {"shifters": ["always"]}, "'always' has the same value in every row"),
        ("video", {"shifters": ["price"]}, "column 'price' is used twice"),
        ("video", {"shifters": ["nothing"]}, "column 'nothing' not found"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, channel, keys, sentence):
    content = described()
    content["channels"][channel] |= keys
    table = frame().assign(always=1)
    with pytest.raises(InputError, match=sentence):
        load(builds.write(tmp_path, table, content))


@pytest.mark.parametrize("units, off, where", [(2, False, "of a panel"), (1, True, "off in many")])
def test_tests_of_some_mediators_are_not_modelled(tmp_path, units, off, where):
    table = frame(units)
    if off:
        table.loc[::3, "search_spend"] = 0.0
    data = load(builds.write(tmp_path, table, described(units)))
    member = load_member("panel" if units > 1 else "partial_mediation")
    with pytest.raises(InputError, match=f"designed: .*{where}"):
        member.build(make_design(data))


def shifter_table(tmp_path, follows):
    """TV spend that follows last week's and, as strongly as told, a price."""
    table, rng = frame(), np.random.default_rng(8)
    price, spend = rng.normal(size=WEEKS), np.full(WEEKS, 9.0)
    for week in range(1, WEEKS):
        spend[week] = 5 + 0.5 * spend[week - 1] + follows * price[week] + rng.normal()
    table["tv_spend"], table["airtime"] = spend**2, price
    content = described()
    content["channels"]["tv"]["shifters"] = ["airtime"]
    return load(builds.write(tmp_path, table, content))


def test_the_first_stage_is_a_regression(tmp_path):
    data = shifter_table(tmp_path, 1.0)
    table, rows = frame(), []
    root, sold = np.sqrt(data.data["spend"].sel(channel="tv").values[:, 0]), table["sales"]
    wave = 2 * np.pi * np.arange(WEEKS) * 7 / 365.25
    price = data.data["shifters"].sel(shifter="airtime").values[:, 0]
    for week in range(1, WEEKS):
        if week not in TESTED and week - 1 not in TESTED:
            rows.append(
                [root[week], price[week], root[week - 1], sold[week - 1], week,
                 np.sin(wave[week]), np.cos(wave[week]), np.log(table["price"][week]),
                 table["promotion"][week], 1.0]
            )  # fmt: skip
    rows = np.array(rows)
    fitted = np.linalg.lstsq(rows[:, 1:], rows[:, 0], rcond=None)
    left, freedom = float(fitted[1][0]), len(rows) - rows.shape[1] + 1
    covariance = left / freedom * np.linalg.inv(rows[:, 1:].T @ rows[:, 1:])
    t = fitted[0][0] / np.sqrt(covariance[0, 0])
    assert first_stage(data, "tv") == pytest.approx(t**2, rel=1e-6)


def test_the_profile_says_what_tells_a_spend_from_demand(tmp_path):
    strong = profile(shifter_table(tmp_path / "strong", 1.5))
    weak = profile(shifter_table(tmp_path / "weak", 0.0))
    assert any(
        note == "tv: demand that is in no column may move its spend; a test set it in 3 weeks, and "
        "airtime may move it and nothing else."
        for note in strong.notes
    )
    assert "video: demand that is in no column may move its spend." in strong.notes
    of_airtime = "airtime hardly moves the spend on tv"
    assert not [sentence for sentence in strong.warnings if of_airtime in sentence]
    assert [sentence for sentence in weak.warnings if of_airtime in sentence]


def test_too_few_weeks_tell_no_strength(tmp_path):
    content = described()
    content["channels"]["tv"]["designed"] = "always"
    table = frame().assign(always=[1] * (WEEKS - 1) + [0])
    assert first_stage(load(builds.write(tmp_path, table, content)), "tv") == 0.0
