"""Every figure draws the numbers it was given."""

import io
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from mmm_bayes.plots import (
    apart,
    bands,
    carryover,
    changes,
    contributions,
    convergence,
    fit,
    forest,
    graph,
    predictive,
    prior_effects,
    prior_posterior,
    prior_predictive,
    residuals,
    response,
    series,
    style,
)


@pytest.fixture
def axes():
    with style.styled():
        yield style.figure(2, 4)[1].ravel()


@pytest.fixture(scope="module")
def trees(mediated):
    return mediated.posterior_tree(), mediated.effects_tree()


def edges_of(collection):
    """Lower and upper edge of a filled band, by its horizontal place."""
    vertices = collection.get_paths()[0].vertices
    places = np.unique(vertices[:, 0])
    of = [vertices[vertices[:, 0] == place, 1] for place in places]
    return np.array([(y.min(), y.max()) for y in of]).T


def test_the_settings_outside_are_left_alone():
    before = dict(mpl.rcParams)
    with style.styled():
        style.figure()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "value, said",
    [
        (0, "0"),
        (9.5, "9.5"),
        (12_500, "12.5k"),
        (-3.24e6, "−3.24M"),
        (0.12, "0.12"),
        (1e9, "1bn"),
        (1e99, "1e99"),
    ],
)
def test_compact_numbers(value, said):
    assert style.compact(value) == said


def test_a_channel_keeps_its_colour_and_no_two_share_one():
    names = [f"c{i}" for i in range(14)]
    palette = style.colours(names)
    assert len(set(palette.values())) == 14
    assert palette["c0"] == style.colours(names[:3])["c0"]


def test_bands_are_the_quantiles_of_the_summed_draws(axes, panel):
    tree = panel.posterior_tree()
    draws, observed = tree["posterior_predictive"]["outcome"], tree["observed_data"]["outcome"]
    fit.fit_over_time(axes[0], draws, observed, name="revenue")
    flat = draws.sum("unit").values.reshape(-1, draws.sizes["time"])
    both = [(0.05, 0.95), (0.25, 0.75)]
    for collection, quantiles in zip(axes[0].collections, both, strict=True):
        np.testing.assert_allclose(edges_of(collection), np.quantile(flat, quantiles, axis=0))
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), observed.sum("unit"))
    low, high = np.quantile(flat, (0.05, 0.95), axis=0)
    seen = observed.sum("unit").values
    assert f"{np.mean((low <= seen) & (seen <= high)):.0%}" in axes[0].get_title(loc="left")


def test_the_forecast_begins_where_the_fitted_weeks_end(axes, mediated):
    tree = mediated.posterior_tree()
    forecast, seen = tree["predictions"]["outcome"], tree["predictions_observed"]["outcome"]
    fit.holdout_forecast(axes[0], mediated.observed, forecast, seen)
    fitted, observed = axes[0].lines[:2]
    assert len(fitted.get_ydata()) + len(observed.get_ydata()) == mediated.observed.sizes["time"]
    np.testing.assert_allclose(observed.get_ydata(), seen.sum("unit"))


def stack_of(market):
    tree, weekly = market.posterior_tree(), market.effects_tree()["weekly"].to_dataset()
    weekly = weekly.sel(statistic="mean")
    mean = tree["posterior"]["outcome_mean"].mean(("chain", "draw")).sum("unit")
    effects = weekly[["total", "direct", "indirect"]].sum("unit")
    mediator = tree.attrs["mediator"]
    baseline = weekly["baseline"].sum("unit")
    return contributions.parts(baseline, effects, mean, mediator=mediator), mean


def test_contributions_add_up_to_the_expected_outcome(axes, mediated, panel):
    for ax, market in zip(axes, (mediated, panel), strict=False):
        stack, mean = stack_of(market)
        np.testing.assert_allclose(stack.sum("part"), mean.transpose(*stack.dims[1:]))
        contributions.contributions_over_time(
            ax, stack, list(market.coords["channel"]), mediator="google" if market.mediated else ""
        )
        areas = [edges_of(collection) for collection in ax.collections]
        np.testing.assert_allclose(areas[-1][1], mean)
        for below, above in pairwise(areas):
            np.testing.assert_allclose(below[1], above[0])


def test_the_part_through_the_mediator_is_taken_from_the_mediator(mediated):
    stack, _ = stack_of(mediated)
    weekly = mediated.weekly.mean(("chain", "draw")).sum("unit")
    np.testing.assert_allclose(stack.sel(part="facebook"), weekly["direct"].sel(channel="facebook"))
    split = stack.sel(part="google") + stack.sel(part=contributions.THROUGH)
    np.testing.assert_allclose(split, weekly["total"].sel(channel="google"))
    raised = weekly["indirect"].sum("channel").clip(min=0, max=split)
    np.testing.assert_allclose(stack.sel(part=contributions.THROUGH), raised)


def test_negative_mediation_is_drawn_as_nothing():
    times = {"time": [0, 1], "channel": ["tv", "google"]}
    zero = xr.DataArray(np.ones((2, 2)), dims=("time", "channel"), coords=times)
    weekly = xr.Dataset({"direct": zero, "indirect": -zero, "total": zero})
    baseline = xr.DataArray([5.0, 5.0], dims="time", coords={"time": [0, 1]})
    stack = contributions.parts(baseline, weekly, baseline + 2, mediator="google")
    assert (stack.sel(part=contributions.THROUGH) == 0).all()
    np.testing.assert_allclose(stack.sum("part"), 7)


def test_multiplying_effects_are_shared_out_in_proportion():
    times = {"time": [0], "channel": ["tv", "radio"]}
    direct = xr.DataArray([[3.0, 1.0]], dims=("time", "channel"), coords=times)
    weekly = xr.Dataset({"direct": direct, "indirect": 0 * direct, "total": direct})
    baseline = xr.DataArray([5.0], dims="time", coords={"time": [0]})
    stack = contributions.parts(baseline, weekly, baseline + 2)
    assert stack.values.ravel().tolist() == [5.0, 1.5, 0.5]


def test_the_graph_has_the_edges_of_the_model(axes, trees, mediated):
    tree, effects = trees
    posterior, direct = tree["posterior"].to_dataset(), effects["draws"]["direct"]
    total = float(mediated.observed.sum())
    arrows = graph.edges(posterior, direct, total, "google").set_index(["source", "target"])
    assert set(arrows.index) == {(c, "") for c in mediated.coords["channel"]} | {
        ("facebook", "google"), ("tiktok", "google"),
    }  # fmt: skip
    assert not arrows.loc[("facebook", "google"), "null"]
    assert arrows.loc[("tiktok", "google"), "null"]
    gamma = posterior["gamma"].sel(cause="facebook").values
    lower = arrows.loc[("facebook", "google"), "lower"]
    assert lower == pytest.approx(100 * np.quantile(gamma, 0.05))
    graph.causal_graph(
        axes[0], arrows.reset_index(), list(mediated.coords["channel"]), mediator="google"
    )
    style_of = {patch.get_gid(): patch.get_linestyle() for patch in axes[0].patches}
    assert style_of["facebook>google"] != style_of["tiktok>google"]
    assert len(style_of) == 6


def test_an_effect_fixed_at_zero_has_no_edge(trees, mediated):
    tree, effects = trees
    posterior = tree["posterior"].to_dataset()
    causes = posterior["channel"].isin(["facebook", "tiktok"])
    posterior["beta"] = posterior["beta"].where(~causes, 0.0)
    arrows = graph.edges(posterior, effects["draws"]["direct"], 1.0, "google")
    assert set(arrows.loc[arrows["target"] == "", "source"]) == {"google", "tv"}


def test_a_hurdle_mediator_has_two_numbers_an_arrow(trees):
    tree, effects = trees
    posterior = tree["posterior"].to_dataset()
    posterior["gamma_on"] = posterior["gamma"] * 5
    arrows = graph.edges(posterior, effects["draws"]["direct"], 1.0, "google")
    facebook = arrows[(arrows["source"] == "facebook") & (arrows["target"] == "google")]
    assert list(facebook["says"]) == ["when on", "odds of being on"]
    gamma = posterior["gamma"].sel(cause="facebook").values
    assert facebook["mean"].iloc[0] == pytest.approx(100 * (np.exp(gamma) - 1).mean())


def test_the_forest_shows_means_and_intervals(axes, trees):
    draws = trees[1]["draws"].to_dataset()
    forest.effects_forest(axes[0], draws, outcome=1e6)
    facebook = draws["total"].sel(channel="facebook").values
    np.testing.assert_allclose(axes[0].lines[0].get_xdata(), np.quantile(facebook, [0.05, 0.95]))
    assert axes[0].lines[1].get_xdata()[0] == pytest.approx(facebook.mean())


def test_response_and_carryover_bands(axes, trees):
    curves, adstock = trees[1]["response"].to_dataset(), trees[1]["adstock"].to_dataset()
    response.response_curves(axes[:4], curves, causes=["facebook"])
    expected = curves["total"].sel(channel="tv", statistic=["lower", "upper"])
    np.testing.assert_allclose(edges_of(axes[3].collections[0]), expected)
    assert axes[3].lines[0].get_xdata()[0] == float(curves["observed_mean"].sel(channel="tv"))
    assert axes[3].patches[0].get_x() == float(curves["observed_max"].sel(channel="tv"))
    assert len(axes[0].lines) == 3  # the direct part of a cause
    assert len(axes[3].lines) == 2
    carryover.adstock_curves(axes[4:], adstock, mediator="google")
    mean = adstock["weight"].sel(channel="facebook", statistic="mean")
    np.testing.assert_allclose(axes[4].lines[0].get_ydata(), mean)
    assert len(axes[4].lines) == 2


def test_series_sum_the_units(axes, panel):
    series.outcome_over_time(axes[0], panel.observed)
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), panel.observed.sum("unit"))
    series.spends_over_time(axes[1:5], panel.spend)
    assert "never off" in axes[1].get_title(loc="left")
    assert "off in" in axes[4].get_title(loc="left")


def test_each_channel_has_a_prior_and_a_posterior(axes, trees):
    tree = trees[0]
    names = prior_posterior.comparable(tree["posterior"].to_dataset(), tree["prior"].to_dataset())
    assert names[:4] == ["adstock_alpha", "saturation_kappa", "saturation_slope", "beta"]
    posterior, prior = tree["posterior"]["beta"], tree["prior"]["beta"]
    fixed = posterior.where(posterior["channel"] != "tv", 0.0)
    channels = [str(channel) for channel in posterior["channel"].values]
    prior_posterior.prior_against_posterior(axes[0], fixed, prior, channels=channels)
    drawn = [collection.get_gid() for collection in axes[0].collections]
    assert drawn == [f"beta:{c}" for c in ("facebook", "tiktok", "google") for _ in range(2)]


def test_effects_before_and_after_the_data(axes, mediated):
    effects = mediated.effects_tree()
    after, before = effects["draws"].to_dataset(), effects["prior"].to_dataset()
    assert prior_effects.shown(after) == ["total", "direct", "indirect"]
    channels = list(mediated.coords["channel"])
    prior_effects.before_and_after(
        axes[0], after["indirect"], before["indirect"], outcome=1e6, channels=channels, key=True
    )
    # Two causes have a grey line, a coloured one and a mean; the others none.
    assert [line.get_marker() for line in axes[0].lines[:6]] == ["None", "None", "o"] * 2
    for line, draws in zip(axes[0].lines[:2], (before, after), strict=True):
        shares = draws["indirect"].sel(channel="facebook").values / 1e4
        np.testing.assert_allclose(line.get_xdata(), np.quantile(shares, [0.05, 0.95]))
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == channels
    assert not prior_effects.shown(after.assign(indirect=0 * after["indirect"]))[1:]


def test_a_wild_prior_leaves_the_posteriors_room(axes, mediated):
    draws = mediated.effects_draws()["total"]
    prior_effects.before_and_after(
        axes[0], draws, 1000 * draws, outcome=1e6, channels=list(mediated.coords["channel"])
    )
    widest = float(draws.quantile(0.95, ("chain", "draw")).max()) / 1e4
    low, high = axes[0].get_xlim()
    assert widest > 0.3 * (high - low)
    assert low <= 0


def test_what_the_priors_expect_holds_the_observed_value(axes):
    draws = np.random.default_rng(0).normal(100, 5, 500)
    draws[:3] = np.inf
    prior_predictive.implied(axes[0], draws, title="a week", label="sales", observed=300.0)
    assert axes[0].lines[0].get_xdata()[0] == 300
    low, high = axes[0].get_xlim()
    assert low < 95
    assert high >= 300
    prior_predictive.implied(axes[1], draws, title="", label="", observed=np.nan)
    assert len(axes[1].lines) == 0


def test_a_map_shows_each_pair_once_and_frames_those_named(axes, mediated):
    found = mediated.identifiability()
    values = found["effect_correlation"].sel(effect="direct")
    apart.correlation_map(
        axes[0], values, title="direct", named=[frozenset(("facebook", "tiktok"))]
    )
    assert [text.get_text() for text in axes[0].texts if text.get_text()] == ["−0.85"] + [
        "0.00"
    ] * 5
    (frame,) = axes[0].patches
    assert frame.get_xy() == (-0.5, -0.5)
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == ["tiktok", "google", "tv"]
    assert [tick.get_text() for tick in axes[0].get_xticklabels()] == [
        "facebook",
        "tiktok",
        "google",
    ]
    indirect = found["effect_correlation"].sel(effect="indirect")
    apart.correlation_map(axes[1], indirect, title="indirect")
    assert [tick.get_text() for tick in axes[1].get_yticklabels()] == ["tiktok"]
    assert apart.pairs_known(indirect)
    assert not apart.pairs_known(indirect.isel(channel=[0], other=[0]))


def test_convergence_lists_every_free_scalar(axes, trees):
    posterior = trees[0]["posterior"].to_dataset()
    table = convergence.parameters(posterior)
    assert len(table) == 4 * 4 + 2 + 1 + 1 + 2 + 2
    assert table["r_hat"].is_monotonic_decreasing
    convergence.effective_sizes(axes[0], table)
    assert sum(len(line.get_xdata()) for line in axes[0].lines[:-2]) == len(table)


def test_ranks_of_chains_that_disagree_are_not_level(axes):
    draws = xr.DataArray([np.arange(100.0), np.arange(100.0) + 100], dims=("chain", "draw"))
    convergence.ranks(axes[0], draws, title="")
    first = axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(first[:10], 2)
    np.testing.assert_allclose(first[10:20], 0)


def test_predictive_checks(axes, mediated):
    predictive.densities(axes[0], mediated.replicated, mediated.observed, shown=7)
    assert len(axes[0].lines) == 8
    predictive.statistic(axes[1], np.arange(100.0), 74.5, name="maximum", p=0.5)
    assert axes[1].lines[0].get_xdata()[0] == 74.5
    assert axes[1].texts[0].get_text() == "p = 0.5"
    heavy = np.geomspace(1, 1e99, 100)
    predictive.statistic(axes[2], heavy, 2.0, name="maximum", p=1e-9)
    assert axes[2].get_xscale() == "log"
    assert axes[2].get_xlim()[1] < 1e6
    assert axes[2].texts[0].get_text() == "p < 0.001, 96% of tables off the axis"


def test_infinite_draws_are_cut_and_it_is_said(axes, mediated):
    tables = mediated.replicated.copy()
    tables[..., 3, :] = np.inf
    fit.fit_over_time(axes[0], tables, mediated.observed)
    assert "cut at the frame" in axes[0].get_title(loc="left")
    assert axes[0].get_ylim()[1] < 2.1 * float(mediated.observed.max())
    fit.fit_over_time(axes[1], mediated.replicated, mediated.observed)
    assert "cut" not in axes[1].get_title(loc="left")


def test_heavy_ranges_get_a_logarithmic_axis(axes, mediated):
    heavy = np.exp(4 * (mediated.observed - mediated.observed.mean()) / mediated.observed.std())
    tables = np.exp(4 * (mediated.replicated - mediated.observed.mean()) / mediated.observed.std())
    predictive.densities(axes[0], tables, heavy)
    fit.fit_over_time(axes[1], tables, heavy)
    assert axes[0].get_xscale() == "log"
    assert axes[1].get_yscale() == "log"


def test_residuals(axes, mediated):
    rng = np.random.default_rng(0)
    left = xr.zeros_like(mediated.observed) + rng.normal(size=mediated.observed.shape)
    residuals.over_time(axes[0], left)
    residuals.against_fitted(axes[1], left, mediated.observed, name="sales")
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), left.values[:, 0])
    assert axes[1].get_xlabel() == "fitted sales"
    acf = xr.DataArray([[1.0, 1.0], [0.4, 0.2]], dims=("lag", "unit"), coords={"lag": [0, 1]})
    residuals.autocorrelation(axes[2], acf, xr.DataArray([0.2, 0.2], dims="unit"))
    np.testing.assert_allclose([bar.get_height() for bar in axes[2].patches], [0.3])
    np.testing.assert_allclose(axes[2].lines[1].get_ydata()[0], 0.2 / np.sqrt(2))


def test_residuals_stand_against_those_of_replicated_tables(axes):
    rng = np.random.default_rng(0)
    curve = np.full((40, 1), 10.0)
    tables = curve + rng.normal(size=(50, 40, 1))
    left = residuals.misses(tables - curve)
    np.testing.assert_allclose((left**2).mean(1), 1)
    residuals.against_model(axes[0], left[0], left)
    np.testing.assert_allclose(axes[0].lines[1].get_ydata(), np.sort(left[0].ravel()))
    middle = np.median(np.sort(left[..., 0], axis=1), axis=0)
    np.testing.assert_allclose(axes[0].lines[1].get_xdata(), middle)


def test_residuals_of_weeks_at_a_floor_are_left_out(axes):
    rng = np.random.default_rng(0)
    gaps = np.where(rng.random((50, 40, 1)) < 0.2, np.nan, rng.normal(size=(50, 40, 1)))
    left = residuals.misses(gaps)
    np.testing.assert_allclose(np.nanmean(left**2, axis=1), 1)
    residuals.against_model(axes[0], left[0], left)
    drawn, present = axes[0].lines[1].get_ydata(), left[0][~np.isnan(left[0])]
    np.testing.assert_allclose(drawn, np.sort(present))
    assert np.isfinite(axes[0].lines[1].get_xdata()).all()


@pytest.fixture(scope="module")
def course():
    """An effect that falls by half and one that stays, by week and by quarter."""
    time = np.datetime64("2023-01-02", "ns") + np.arange(26) * np.timedelta64(7, "D")
    level = np.column_stack([np.linspace(1.3, 0.65, 26), np.ones(26)])
    returns = np.array([[3.0, 2.0], [1.5, np.nan]])
    statistic = xr.DataArray([1.0, 1.0, 0.1, 0.8, 1.2], dims="statistic")
    statistic = statistic.assign_coords(statistic=["mean", "median", "sd", "lower", "upper"])
    change = xr.DataArray([0.5, 1.0], dims="channel")
    return xr.Dataset(
        {
            "effectiveness": statistic * xr.DataArray(level, dims=("time", "channel")),
            "roas": statistic * xr.DataArray(returns, dims=("period", "channel")),
            "change": statistic * change,
        },
        coords={
            "time": time,
            "channel": ["facebook", "tv"],
            "begins": ("period", time[[0, 13]]),
            "ends": ("period", time[[12, 25]]),
        },
    )


def test_effects_over_time_are_in_percent_of_their_mean(axes, course):
    changes.effectiveness_over_time(axes[:2], course)
    lower, upper = edges_of(axes[0].collections[0])
    np.testing.assert_allclose(lower, 80 * np.linspace(1.3, 0.65, 26))
    np.testing.assert_allclose(upper, 120 * np.linspace(1.3, 0.65, 26))
    np.testing.assert_allclose(axes[1].lines[-1].get_ydata(), 100)
    assert axes[0].get_ylim() == (0, 200)


def test_returns_over_time_leave_out_quarters_without_spend(axes, course):
    changes.return_over_time(axes[:2], course, name="sales")
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), [3.0, 1.5])
    np.testing.assert_allclose(axes[1].lines[0].get_ydata(), [2.0])
    ends = [segment[:, 1] for segment in axes[0].collections[0].get_segments()]
    np.testing.assert_allclose(ends, [[2.4, 3.6], [1.2, 1.8]])
    assert axes[0].get_ylabel() == "sales per unit spent"


def test_the_sum_of_a_panel_is_its_unit_all(panel):
    draws = panel.effects_draws()["total"]
    expected = draws.sel(unit=["north", "south", "west"]).sum("unit")
    np.testing.assert_allclose(bands.pooled(draws), expected)


def test_names_are_never_read_as_mathematics(axes, mediated):
    series.outcome_over_time(axes[0], mediated.observed, name=r"$\frac{")
    axes[0].figure.savefig(io.BytesIO())
