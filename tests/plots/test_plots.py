"""Every figure draws the numbers that it is given."""

import io
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.diagnostics.parameters import parameter_table
from mmm_bayes.diagnostics.residual_quantiles import residual_quantiles
from mmm_bayes.estimands.arrows import causal_arrows
from mmm_bayes.estimands.decomposition import decompose_outcome
from mmm_bayes.estimands.intervals import (
    mean_and_ends,
    predictive_intervals,
    share_inside,
    sum_units,
)
from mmm_bayes.plots import (
    calibration,
    contributions,
    convergence,
    correlation,
    curves,
    fit,
    forest,
    graph,
    over_time,
    predictive,
    priors,
    residuals,
    series,
    style,
)
from mmm_bayes.text import Summary


@pytest.fixture
def axes():
    with style.figure_style():
        yield style.figure(2, 4)[1].ravel()


@pytest.fixture(scope="module")
def trees(mediated):
    return mediated.posterior_tree(), mediated.effects_tree()


def edges_of(collection):
    """Lower and upper edge of a filled band, by its horizontal place."""
    vertices = collection.get_paths()[0].vertices
    places = np.unique(vertices[:, 0])
    heights = [vertices[vertices[:, 0] == place, 1] for place in places]
    return np.array([(y.min(), y.max()) for y in heights]).T


def draw_fit(ax, draws, observed, **options):
    """Draw the fit of draws (chain, draw, time, unit) to the observed weeks (time, unit)."""
    intervals, weeks = predictive_intervals(sum_units(draws)), sum_units(observed)
    fit.fit_over_time(ax, intervals, weeks, coverage=share_inside(weeks, intervals), **options)


def test_the_settings_outside_are_left_alone():
    before = dict(mpl.rcParams)
    with style.figure_style():
        style.figure()
    assert dict(mpl.rcParams) == before


def test_a_channel_keeps_its_colour_and_no_two_share_one():
    names = [f"c{i}" for i in range(14)]
    palette = style.colours(names)
    assert len(set(palette.values())) == 14
    assert palette["c0"] == style.colours(names[:3])["c0"]


def test_bands_are_the_quantiles_of_the_summed_draws(axes, panel):
    tree = panel.posterior_tree()
    draws, observed = tree["posterior_predictive"]["outcome"], tree["observed_data"]["outcome"]
    draw_fit(axes[0], draws, observed, name="revenue")
    flat = draws.sum("unit").values.reshape(-1, draws.sizes["time"])
    both = [(0.05, 0.95), (0.25, 0.75)]
    for collection, quantiles in zip(axes[0].collections, both, strict=True):
        np.testing.assert_allclose(edges_of(collection), np.quantile(flat, quantiles, axis=0))
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), observed.sum("unit"))
    low, high = np.quantile(flat, (0.05, 0.95), axis=0)
    weeks = observed.sum("unit").values
    assert f"{np.mean((low <= weeks) & (weeks <= high)):.0%}" in axes[0].get_title(loc="left")


def test_the_forecast_begins_where_the_fitted_weeks_end(axes, mediated):
    tree = mediated.posterior_tree()
    forecast = sum_units(tree["predictions"]["outcome"])
    held_out = sum_units(tree["predictions_observed"]["outcome"])
    fit.holdout_forecast(
        axes[0], sum_units(mediated.observed), predictive_intervals(forecast), held_out,
        coverage=0.5,
    )  # fmt: skip
    fitted, observed = axes[0].lines[:2]
    assert len(fitted.get_ydata()) + len(observed.get_ydata()) == mediated.observed.sizes["time"]
    np.testing.assert_allclose(observed.get_ydata(), held_out)
    assert "50% of 12 weeks" in axes[0].get_title(loc="left")


def test_contributions_are_stacked(axes, mediated, panel):
    for ax, market in zip(axes, (mediated, panel), strict=False):
        tree, weekly = market.posterior_tree(), market.effects_tree()["weekly"].to_dataset()
        weekly = weekly.sel(statistic="mean").sum("unit")
        mean = tree["posterior"]["outcome_location"].mean(("chain", "draw")).sum("unit")
        mediator = tree.attrs["mediator"]
        stack = decompose_outcome(weekly["baseline"], weekly, mean, mediator=mediator)
        contributions.contributions_over_time(
            ax, stack, list(market.coords["channel"]), mediator="google" if market.mediated else ""
        )
        areas = [edges_of(collection) for collection in ax.collections]
        np.testing.assert_allclose(areas[-1][1], mean)
        for below, above in pairwise(areas):
            np.testing.assert_allclose(below[1], above[0])


def test_the_baselines_band_is_the_quantiles_of_its_summed_draws(axes, panel):
    weekly = panel.effects_tree()["weekly"].to_dataset()
    expected = panel.mean.mean(("chain", "draw")).sum("unit")
    contributions.baseline_over_time(axes[0], weekly["summed_baseline"], expected, name="revenue")
    summed = panel.baseline.sum("unit").transpose("chain", "draw", "time")
    draws = summed.values.reshape(-1, expected.sizes["time"])
    (band,) = axes[0].collections
    np.testing.assert_allclose(edges_of(band), np.quantile(draws, (0.05, 0.95), axis=0))
    mean, with_media = (line.get_ydata() for line in axes[0].lines[:2])
    np.testing.assert_allclose(mean, draws.mean(0))
    np.testing.assert_allclose(with_media, expected)
    assert axes[0].get_ylabel() == "revenue without media"


def test_an_arrow_whose_interval_contains_zero_is_dashed(axes, trees, mediated):
    tree, effects = trees
    posterior, direct = tree["posterior"].to_dataset(), effects["draws"]["direct"]
    arrows = causal_arrows(posterior, direct, float(mediated.observed.sum()), "google")
    graph.causal_graph(axes[0], arrows, list(mediated.coords["channel"]), mediator="google")
    styles = {patch.get_gid(): patch.get_linestyle() for patch in axes[0].patches}
    assert styles["facebook>google"] != styles["tiktok>google"]
    assert len(styles) == 6
    labels = {text.get_text() for text in axes[0].texts}
    assert {graph.arrow_label(arrow) for arrow in arrows.itertuples()} <= labels


def test_unseen_demand_points_to_the_mediator_and_the_outcome(axes, trees, mediated):
    tree, effects = trees
    posterior, direct = tree["posterior"].to_dataset(), effects["draws"]["direct"]
    arrows = causal_arrows(posterior, direct, float(mediated.observed.sum()), "google")
    strength = Summary(26.0, -8.0, 44.0)
    channels = list(mediated.coords["channel"])
    graph.causal_graph(axes[0], arrows, channels, mediator="google", demand={"google": strength})
    assert {"demand>google", "demand>outcome"} <= {p.get_gid() for p in axes[0].patches}
    assert "unseen demand\n26% (−8% to 44%)" in {text.get_text() for text in axes[0].texts}


def test_the_label_of_an_arrow_has_the_interval_and_the_quantity(trees):
    tree, effects = trees
    posterior = tree["posterior"].to_dataset()
    posterior["gamma_on"] = posterior["gamma"] * 5
    arrows = causal_arrows(posterior, effects["draws"]["direct"], 1e6, "google")
    (label,) = map(graph.arrow_label, arrows[arrows["quantity"] == "when on"].head(1).itertuples())
    assert label.endswith("%) when on")


def summaries(draws):
    """Mean and ends of draws (chain, draw, unit, channel) of a single market."""
    return draws[["total", "direct", "indirect"]].isel(unit=0, drop=True).map(mean_and_ends)


def test_the_forest_shows_means_and_intervals(axes, trees):
    draws = trees[1]["draws"].to_dataset()
    forest.effects_forest(axes[0], summaries(draws), outcome=1e6)
    facebook = draws["total"].sel(channel="facebook").values
    np.testing.assert_allclose(axes[0].lines[0].get_xdata(), np.quantile(facebook, [0.05, 0.95]))
    assert axes[0].lines[1].get_xdata()[0] == pytest.approx(facebook.mean())


def test_the_units_of_a_panel_are_sorted_by_the_first_channel(axes, panel):
    draws = panel.effects_draws()["roas"]
    palette = style.colours([str(name) for name in draws["channel"].values])
    pooling = draws.isel(chain=0, draw=0, unit=0, drop=True) * 0 + 0.4
    forest.units_forest(axes[:4], mean_and_ends(draws), palette, pooling, label="ROAS")
    first = draws.sel(channel="facebook").isel(unit=slice(-1)).mean(("chain", "draw"))
    np.testing.assert_allclose(axes[0].lines[1].get_xdata(), np.sort(first))
    names = [tick.get_text() for tick in axes[0].get_yticklabels()]
    assert names == [str(name) for name in first["unit"].values[np.argsort(first.values)]]
    assert axes[0].texts[0].get_text() == "pooled 40%"


def test_response_and_carryover_bands(axes, trees):
    response, adstock = trees[1]["response"].to_dataset(), trees[1]["adstock"].to_dataset()
    curves.response_curves(axes[:4], response, causes=["facebook"])
    expected = response["total"].sel(channel="tv", statistic=["lower", "upper"])
    np.testing.assert_allclose(edges_of(axes[3].collections[0]), expected)
    assert axes[3].lines[0].get_xdata()[0] == float(response["observed_mean"].sel(channel="tv"))
    assert axes[3].patches[0].get_x() == float(response["observed_max"].sel(channel="tv"))
    assert len(axes[0].lines) == 3  # the direct part of a cause
    assert len(axes[3].lines) == 2
    curves.adstock_curves(axes[4:], adstock, mediator="google")
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
    names = priors.comparable_parameters(tree["posterior"].to_dataset(), tree["prior"].to_dataset())
    assert names[:4] == ["adstock_alpha", "saturation_kappa", "saturation_slope", "beta"]
    assert "media_division" in names
    assert "media_share" not in names  # it is one of all channels together
    posterior, prior = tree["posterior"]["beta"], tree["prior"]["beta"]
    fixed = posterior.where(posterior["channel"] != "tv", 0.0)
    channels = [str(channel) for channel in posterior["channel"].values]
    priors.prior_and_posterior_ridges(axes[0], fixed, prior, channels=channels)
    drawn = [collection.get_gid() for collection in axes[0].collections]
    assert drawn == [f"beta:{c}" for c in ("facebook", "tiktok", "google") for _ in range(2)]


def test_the_names_of_many_channels_are_on_a_calibration():
    rng = np.random.default_rng(0)
    ranks = pd.DataFrame(
        [
            (f"{kind}[channel_{k}]", rank)
            for kind in ("total", "direct", "roas")
            for k in range(16)
            for rank in rng.random(20)
        ],
        columns=["quantity", "pit"],
    )
    points = np.linspace(0.05, 0.95, 10)
    with style.figure_style():
        drawing = calibration.calibration_ecdf(ranks, (points, points - 0.2, points + 0.2), [])
        drawing.canvas.draw()
    (legend,) = drawing.legends
    frame, inside = drawing.bbox, legend.get_window_extent()
    assert frame.x0 <= inside.x0 < inside.x1 <= frame.x1
    assert frame.y0 <= inside.y0
    assert inside.y1 < min(ax.get_window_extent().y0 for ax in drawing.axes)
    assert len(legend.get_texts()) == 16


def test_a_calibration_has_a_panel_for_each_kind_of_quantity():
    rng = np.random.default_rng(0)
    names = [
        "total[tv]", "total[google]", "joint", "media_share", "media_division[tv]", "sigma",
        "log_likelihood[outcome]", "log_likelihood[mediator]",
    ]  # fmt: skip
    ranks = pd.DataFrame(
        [(name, rank) for name in names for rank in rng.random(20)], columns=["quantity", "pit"]
    )
    points = np.linspace(0.05, 0.95, 10)
    band = (points, points - 0.2, points + 0.2)
    with style.figure_style():
        drawing = calibration.calibration_ecdf(ranks, band, ["log_likelihood[mediator]"])
    key = [text.get_text() for text in drawing.legends[0].get_texts()]
    assert key == ["tv", "google"]  # an equation is not a channel
    panels = {title: ax for ax in drawing.axes if (title := ax.get_title(loc="left"))}
    assert {title: len(ax.lines) - 1 for title, ax in panels.items()} == {
        "Total effect, all media": 1 + len(key),
        "Total effect": 2,
        "Mean contribution, all media": 1,
        "Relative return": 1,
        "Log-likelihood": 2,
        "Intercepts and noise": 1,
    }
    named = [text.get_text() for text in panels["Log-likelihood"].texts]
    assert named == ["log_likelihood[mediator]"]


def test_effects_before_and_after_the_data(axes, mediated):
    effects = mediated.effects_tree()
    after, before = effects["draws"].to_dataset(), effects["prior"].to_dataset()
    assert priors.shown_effects(after) == ["total", "direct", "indirect"]
    channels = list(mediated.coords["channel"])
    priors.prior_and_posterior_intervals(
        axes[0], summaries(after)["indirect"], summaries(before)["indirect"], unit=1e4, label="%",
        channels=channels, key=True,
    )  # fmt: skip
    # Two causes have a grey line, a coloured one and a mean; the others none.
    assert [line.get_marker() for line in axes[0].lines[:6]] == ["None", "None", "o"] * 2
    for line, draws in zip(axes[0].lines[:2], (before, after), strict=True):
        shares = draws["indirect"].sel(channel="facebook").values / 1e4
        np.testing.assert_allclose(line.get_xdata(), np.quantile(shares, [0.05, 0.95]))
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == channels
    assert not priors.shown_effects(after.assign(indirect=0 * after["indirect"]))[1:]


def test_a_wild_prior_leaves_the_posteriors_room(axes, mediated):
    draws = mediated.effects_draws()["total"]
    summary = mean_and_ends(draws.isel(unit=0, drop=True))
    priors.prior_and_posterior_intervals(
        axes[0],
        summary,
        1000 * summary,
        unit=1e4,
        label="%",
        channels=list(mediated.coords["channel"]),
    )
    widest = float(draws.quantile(0.95, ("chain", "draw")).max()) / 1e4
    low, high = axes[0].get_xlim()
    assert widest > 0.3 * (high - low)
    assert low <= 0


def test_what_the_priors_expect_holds_the_observed_value(axes):
    draws = np.random.default_rng(0).normal(100, 5, 500)
    draws[:3] = np.inf
    priors.prior_histogram(axes[0], draws, title="a week", label="sales", observed=300.0)
    assert axes[0].lines[0].get_xdata()[0] == 300
    low, high = axes[0].get_xlim()
    assert low < 95
    assert high >= 300
    priors.prior_histogram(axes[1], draws, title="", label="", observed=np.nan)
    assert len(axes[1].lines) == 0


def test_a_map_shows_each_pair_once_and_frames_those_named(axes, mediated):
    identifiability = mediated.identifiability()
    values = identifiability["effect_correlation"].sel(effect="direct")
    correlation.correlation_map(
        axes[0], values, title="direct", framed=[frozenset(("facebook", "tiktok"))]
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
    indirect = identifiability["effect_correlation"].sel(effect="indirect")
    correlation.correlation_map(axes[1], indirect, title="indirect")
    assert [tick.get_text() for tick in axes[1].get_yticklabels()] == ["tiktok"]
    assert correlation.has_pairs(indirect)
    assert not correlation.has_pairs(indirect.isel(channel=[0], other=[0]))


def test_every_parameter_has_its_effective_sizes(axes, trees):
    table = parameter_table(trees[0]["posterior"].to_dataset())
    convergence.effective_sizes(axes[0], table)
    assert sum(len(line.get_xdata()) for line in axes[0].lines[:-2]) == len(table)


def test_ranks_of_chains_that_disagree_are_not_level(axes):
    draws = xr.DataArray([np.arange(100.0), np.arange(100.0) + 100], dims=("chain", "draw"))
    convergence.rank_histogram(axes[0], draws, title="")
    first = axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(first[:10], 2)
    np.testing.assert_allclose(first[10:20], 0)


def test_a_density_has_its_interval(axes):
    draws = xr.DataArray(np.random.default_rng(0).normal(size=(2, 500)), dims=("chain", "draw"))
    summary = Summary(0.0, -1.6, 1.6)
    priors.parameter_density(axes[0], draws, 3 * draws, summary=summary, name="beta")
    np.testing.assert_allclose(axes[0].lines[0].get_xdata(), [-1.6, 1.6])
    assert len(axes[0].collections) == 2
    assert axes[0].get_xlabel() == "beta"


def test_predictive_checks(axes, mediated):
    predictive.replicated_densities(axes[0], mediated.replicated, mediated.observed, shown=7)
    assert len(axes[0].lines) == 8
    predictive.statistic_histogram(axes[1], np.arange(100.0), 74.5, name="maximum", p=0.5)
    assert axes[1].lines[0].get_xdata()[0] == 74.5
    assert axes[1].texts[0].get_text() == "p = 0.5"
    heavy = np.geomspace(1, 1e99, 100)
    predictive.statistic_histogram(axes[2], heavy, 2.0, name="maximum", p=1e-9)
    assert axes[2].get_xscale() == "log"
    assert axes[2].get_xlim()[1] < 1e6
    assert axes[2].texts[0].get_text() == "p < 0.001, 96% of tables off the axis"


def test_tables_beyond_the_frame_have_no_density(axes, mediated):
    far = xr.full_like(mediated.replicated, 1e30)
    predictive.replicated_densities(axes[0], far, mediated.observed)
    assert len(axes[0].lines) == 1


def test_infinite_draws_are_cut_and_the_title_says_so(axes, mediated):
    tables = mediated.replicated.copy()
    tables[..., 3, :] = np.inf
    draw_fit(axes[0], tables, mediated.observed)
    assert "cut at the frame" in axes[0].get_title(loc="left")
    assert axes[0].get_ylim()[1] < 2.1 * float(mediated.observed.max())
    draw_fit(axes[1], mediated.replicated, mediated.observed)
    assert "cut" not in axes[1].get_title(loc="left")


def test_heavy_ranges_get_a_logarithmic_axis(axes, mediated):
    heavy = np.exp(4 * (mediated.observed - mediated.observed.mean()) / mediated.observed.std())
    tables = np.exp(4 * (mediated.replicated - mediated.observed.mean()) / mediated.observed.std())
    predictive.replicated_densities(axes[0], tables, heavy)
    draw_fit(axes[1], tables, heavy)
    assert axes[0].get_xscale() == "log"
    assert axes[1].get_yscale() == "log"


def test_residuals(axes, mediated):
    rng = np.random.default_rng(0)
    left = xr.zeros_like(mediated.observed) + rng.normal(size=mediated.observed.shape)
    residuals.residuals_over_time(axes[0], left)
    residuals.residuals_against_fitted(axes[1], left, mediated.observed, name="sales")
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), left.values[:, 0])
    assert axes[1].get_xlabel() == "fitted sales"
    acf = xr.DataArray([0.3], dims="lag", coords={"lag": [1]})
    residuals.autocorrelation(axes[2], acf, 0.14)
    np.testing.assert_allclose([bar.get_height() for bar in axes[2].patches], [0.3])
    np.testing.assert_allclose(axes[2].lines[1].get_ydata()[0], 0.14)


def test_ordered_residuals_stand_against_those_of_replicated_tables(axes):
    values = np.random.default_rng(0).normal(size=(50, 40, 1))
    quantiles = residual_quantiles(values[0], values)
    residuals.quantiles_against_model(axes[0], quantiles)
    np.testing.assert_allclose(axes[0].lines[1].get_ydata(), np.sort(values[0].ravel()))
    np.testing.assert_allclose(axes[0].lines[1].get_xdata(), quantiles["median"])


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
    over_time.effectiveness_over_time(axes[:2], course)
    lower, upper = edges_of(axes[0].collections[0])
    np.testing.assert_allclose(lower, 80 * np.linspace(1.3, 0.65, 26))
    np.testing.assert_allclose(upper, 120 * np.linspace(1.3, 0.65, 26))
    np.testing.assert_allclose(axes[1].lines[-1].get_ydata(), 100)
    assert axes[0].get_ylim() == (0, 200)


def test_returns_over_time_leave_out_quarters_without_spend(axes, course):
    over_time.return_over_time(axes[:2], course, name="sales")
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), [3.0, 1.5])
    np.testing.assert_allclose(axes[1].lines[0].get_ydata(), [2.0])
    ends = [segment[:, 1] for segment in axes[0].collections[0].get_segments()]
    np.testing.assert_allclose(ends, [[2.4, 3.6], [1.2, 1.8]])
    assert axes[0].get_ylabel() == "sales per unit spent"


def test_prices_have_a_line_for_each_channel_and_their_mean(axes):
    time = np.datetime64("2023-01-02", "ns") + np.arange(3) * np.timedelta64(7, "D")
    cpm = xr.DataArray(
        [[1.0], [np.nan], [3.0]], dims=("time", "channel"),
        coords={"time": time, "channel": ["tv"]},
    )  # fmt: skip
    series.cost_over_time(
        axes[:1], cpm, means={"tv": 2.0}, channels=["radio", "tv"], measures={"tv": "spots"}
    )
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), [1.0, np.nan, 3.0])
    assert axes[0].lines[1].get_ydata()[0] == 2.0
    assert axes[0].lines[0].get_color() == style.colours(["radio", "tv"])["tv"]
    assert axes[0].get_ylabel() == "money per 1,000\nspots"


def test_names_are_never_read_as_mathematics(axes, mediated):
    series.outcome_over_time(axes[0], mediated.observed, name=r"$\frac{")
    axes[0].figure.savefig(io.BytesIO())
