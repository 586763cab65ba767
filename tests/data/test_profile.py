"""Numbers of a profile against known ones, and each warning if and only if it applies."""

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from statsmodels.stats.outliers_influence import variance_inflation_factor

from mmm_bayes.data import load, profile, show
from mmm_bayes.data.form import form_for
from mmm_bayes.data.shape import (
    correlation_with_interval,
    correlations,
    count_modes,
    skewness,
    variance_inflation,
)
from mmm_bayes.data.step import WEEK


def test_numbers(market):
    summary, table = profile(market.load()), market.table
    assert (summary.dates, summary.step, summary.units) == (60, WEEK, ("all",))
    assert (summary.first, summary.last) == (pd.Timestamp("2023-01-01"), pd.Timestamp("2024-02-18"))
    search, spend = summary.channels.loc["search"], table["search_spend"]
    assert search["zero_share"] == pytest.approx((spend == 0).mean())
    assert search["total"] == pytest.approx(spend.sum())
    assert search["mean_on"] == pytest.approx(spend[spend > 0].mean())
    assert summary.channels["share"].sum() == pytest.approx(1)
    assert summary.controls.loc["price", "sd"] == pytest.approx(table["price"].std())
    assert summary.outcome.quantiles[2] == pytest.approx(table["sales"].median())
    assert summary.correlation.loc["social", "price"] == pytest.approx(
        table["social_views"].corr(table["price"])
    )


def test_parameters_are_counted(market):
    # Two channels and a cause, four each; a control; two Fourier pairs; trend; intercept; sigma.
    assert profile(market.load()).parameters == 12 + 1 + 4 + 1 + 1 + 1
    market.description["calendar"] = {"fourier": 0, "trend": "quadratic", "holidays": "US"}
    assert profile(market.load()).parameters == 12 + 1 + 0 + 2 + 1 + 1 + 1


def warned(market, phrase):
    return any(phrase in sentence for sentence in profile(market.load()).warnings)


def test_never_off(market):
    assert not warned(market, "never off")
    market.table["social_spend"] += 1  # money without exposure is a week without the channel
    assert not warned(market, "never off")
    market.table["social_views"] += 1
    assert warned(
        market, "never off: social; the total effect of such a channel is an extrapolation"
    )


def test_spend_without_exposure_and_exposure_without_spend(market):
    market.table["social_views"] = (10 * market.table["social_spend"]).round()
    assert not warned(market, "and without")
    market.table.loc[[3, 9], ["social_spend", "social_views"]] = [50, 0]
    assert warned(
        market,
        "social: 2 rows with spend and without exposure (2023-01-22, 2023-03-05): that money has "
        "no effect in a model, which lowers the channel's return; check the columns social_spend",
    )
    assert not warned(market, "with exposure and without spend")
    market.table.loc[5, ["social_spend", "social_views"]] = [0, 7]
    assert warned(market, "social: 1 row with exposure and without spend (2023-02-05): its effect")
    # A channel without either column has nothing to compare.
    market.description["channels"]["social"] = {"exposure": "social_views"}
    assert not warned(market, "and without")


def test_constant_channel(market):
    del market.description["mediators"]
    market.table["search_spend"] = 10
    assert warned(market, "constant: search; the effect of such a channel rests on its prior alone")
    assert not warned(market, "never off")
    assert np.isnan(profile(market.load()).channels.loc["search", "vif"])


def test_channel_that_starts_late(market):
    market.table["search_spend"] = np.arange(60) % 7 + 1.0
    assert not warned(market, "starts on")
    market.table.loc[:50, "search_spend"] = 0
    assert warned(market, "search starts on 2023-12-24, in the last 9 of 60 weeks")


def test_channel_that_ends_early(market):
    market.table["search_spend"] = np.where(np.arange(60) < 12, np.arange(60) % 7 + 1.0, 0.0)
    assert warned(market, "search ends on 2023-03-19, in the first 12 of 60 weeks")


def test_channel_of_one_week(market):
    del market.description["mediators"]
    market.table["search_spend"] = 0
    market.table.loc[30, "search_spend"] = 500
    assert warned(market, "search is on in only 1 of 60 weeks (2023-07-30)")


def test_control_that_changes_late(market):
    market.table["lockdown"] = (np.arange(60) >= 53).astype(int)
    market.description["controls"]["lockdown"] = {"column": "lockdown"}
    assert warned(market, "lockdown never changes before 2024-01-07")
    market.table["lockdown"] = (np.arange(60) < 5).astype(int)
    assert not warned(market, "never changes")


def test_national_amount_in_every_unit(panel):
    phrase = "search is the same in every unit in every week, and counts 2 times"
    assert not warned(panel, phrase)
    spend = panel.table["search_spend"].to_numpy()
    panel.table["search_spend"] = np.tile(spend[:60], 2)
    assert warned(panel, phrase)
    panel.description["channels"]["search"]["national"] = True
    assert not warned(panel, phrase)
    assert profile(panel.load()).channels.loc["search", "total"] == pytest.approx(spend[:60].sum())


def with_tests(market, *rows):
    """The market with lift tests of search: start, end, spend change, lift, standard error."""
    names = ["start", "end", "spend_change", "lift", "standard_error"]
    frame = pd.DataFrame(rows, columns=names).assign(channel="search", source="independent")
    frame.to_csv(market.folder / "tests.csv", index=False)
    market.description["experiments"] = {"file": "tests.csv"}
    market.table["search_spend"] = np.arange(60) % 7 + 1.0
    return market


@pytest.mark.parametrize(
    "second, contradict",
    [
        (("2023-03-05", "2023-04-02", 100, 9000, 100), True),
        (("2023-03-05", "2023-04-02", 100, -600, 100), True),  # the other sign
        (("2023-03-05", "2023-04-02", 100, 700, 100), False),  # within the errors
        (("2023-03-05", "2023-04-02", 300, 3000, 100), False),  # what saturation may do
        (("2023-06-04", "2023-07-02", 100, 9000, 100), False),  # other weeks
    ],
)
def test_lift_tests_that_contradict_each_other(market, second, contradict):
    with_tests(market, ("2023-03-05", "2023-03-26", 100, 500, 100), second)
    assert warned(market, "are of the same weeks and can't both be true: 5 and") == contradict


def test_lift_beyond_the_whole_outcome(market):
    total = market.table["sales"].iloc[9:12].sum()
    with_tests(market, ("2023-03-05", "2023-03-19", 100, 1.1 * total, 100))
    assert warned(market, "more than the whole outcome of its weeks")
    with_tests(market, ("2023-03-05", "2023-03-19", 100, 0.9 * total, 100))
    assert not warned(market, "more than the whole outcome")


def test_collinear_pair(market):
    assert not warned(market, "move together")
    market.table["social_views"] = 3 * market.table["search_spend"] + market.table["price"]
    assert warned(market, "social and search move together (r = 1.00)")


def test_collinear_combination(market):
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(60, 4))
    for number, column in enumerate([*columns.T, columns.sum(axis=1)]):
        market.table[f"c{number}"] = column
        market.description["controls"][f"c{number}"] = {"column": f"c{number}"}
    assert warned(
        market, "c4 is nearly a combination of the other columns (variance inflation inf)"
    )


def test_mediator_unmoved_by_its_cause(market):
    order = np.random.default_rng(2).permutation(len(market.table))
    market.table["social_views"] = market.table["social_views"].to_numpy()[order]
    assert warned(market, "search, the mediator, shows no clear same-date correlation with social")
    market.table["search_spend"] = market.table["social_views"] + 10 * market.table["price"]
    assert not warned(market, "no clear same-date correlation")


def test_mediator_that_is_sometimes_off(market):
    assert warned(market, "search, the mediator, is off in")
    market.table["search_spend"] += 1
    assert not warned(market, "needs a hurdle")


def test_point_mass(market):
    assert not warned(market, "the outcome is exactly")
    market.table.loc[:4, "sales"] = [900, 900, 900, 900, 800]
    assert warned(market, "the outcome is exactly 900 in 6.7% of rows")
    assert not warned(market, "floor = 900")  # other weeks are lower
    market.table.loc[:3, "sales"] = 1
    assert not any("exactly" in message for message in profile(market.load(), floor=1.0).warnings)
    assert warned(market, "set floor = 1 under [model], or fit with --floor 1")


def test_a_few_equal_rows_are_no_floor(market):
    market.table = market.table.head(20)
    market.table.loc[4, "sales"] = 1
    assert not warned(market, "the outcome is exactly")
    market.table.loc[5:6, "sales"] = 1
    assert not warned(market, "the outcome is exactly")
    market.table.loc[7, "sales"] = 1
    assert warned(market, "the outcome is exactly 1 in 20.0% of rows")


def test_a_mediator_that_is_hardly_ever_off_needs_no_hurdle(market):
    market.table = market.table.head(20)
    market.table["search_spend"] += 1
    for row, hurdle in enumerate([False, True, True]):
        market.table.loc[row, "search_spend"] = 0
        assert warned(market, "needs a hurdle") == hurdle
        expected = "hurdle" if hurdle else "normal"
        assert form_for(market.load()).mediator_likelihood == expected


def test_a_floor_is_told_with_all_its_digits(market):
    market.table.loc[:5, "sales"] = 0.0
    market.table["sales"] += 12345678.25
    assert warned(market, "set floor = 12345678.25 under [model]")


def test_two_modes(market):
    assert not warned(market, "modes")
    market.table.loc[::2, "sales"] *= 5
    assert warned(market, "the outcome has 2 modes")


def test_units_of_different_size_are_not_modes(panel):
    panel.table.loc[panel.table["region"] == "EU", "sales"] *= 100
    assert profile(panel.load()).outcome.modes == 1


def test_few_rows_for_each_parameter(market):
    assert warned(market, "there are 3.0 rows for each of about 20 parameters")
    market.description |= {"calendar": {"fourier": 0, "trend": "none"}}
    assert not warned(market, "rows for each of about")


def test_proportional_exposure_is_a_note(market):
    assert profile(market.load()).notes == ()
    market.table["social_views"] = 250 * market.table["social_spend"]
    (note,) = profile(market.load()).notes
    assert note.startswith("exposure proportional to spend: social")


def test_weekly_mediation(weekly_mediation):
    summary = profile(load(weekly_mediation))
    warnings = "\n".join(summary.warnings)
    assert "never off: facebook" in warnings
    assert all(f"{cause} (" in warnings for cause in ["facebook", "tiktok", "snapchat"])
    assert "google, the mediator, is off in 57% of rows" in warnings
    assert "the outcome is exactly 1 in 7.7% of rows" in warnings
    assert "the outcome has 2 modes" in warnings
    assert all(abs(c.r) <= 0.1 for c in summary.mediation.values())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_printing_keeps_to_the_width_and_to_the_text(market, width):
    market.description["channels"]["[bold]tv[/]"] = market.description["channels"].pop("social")
    del market.description["mediators"]
    console = Console(width=width, record=True, markup=False, highlight=False, quiet=False)
    with console.capture() as capture:
        show(profile(market.load()), console)
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    assert any("2023-01-01" in line for line in lines)
    if width > 40:
        assert any("[bold]tv[/]" in line for line in lines)


# The array core


def test_variance_inflation_agrees_with_statsmodels():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(80, 1, 4)) @ rng.normal(size=(4, 4))
    with_constant = np.column_stack([np.ones(80), columns[:, 0]])
    expected = [variance_inflation_factor(with_constant, i) for i in range(1, 5)]
    np.testing.assert_allclose(variance_inflation(columns), expected)


def test_correlations_ignore_differences_between_units():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(200, 2, 2)) + np.array([[0.0, 0.0], [50.0, 50.0]])
    assert abs(correlations(columns)[0, 1]) < 0.2


def test_interval_of_a_correlation_covers_despite_autocorrelation():
    rng = np.random.default_rng(0)

    def series() -> np.ndarray:
        noise, x = rng.normal(size=150), np.zeros(150)
        for week in range(1, 150):
            x[week] = 0.7 * x[week - 1] + noise[week]
        return x[50:, None]

    intervals = [correlation_with_interval(series(), series()) for _ in range(400)]
    covered = np.mean([interval.lower <= 0 <= interval.upper for interval in intervals])
    assert covered == pytest.approx(0.9, abs=0.05)


def test_count_modes_distinguishes_one_from_two():
    rng = np.random.default_rng(0)
    one = [count_modes(rng.standard_t(3, size=104)) for _ in range(100)]
    two = [count_modes(rng.normal(size=104) + 4 * (rng.random(104) < 0.5)) for _ in range(100)]
    assert np.mean(np.array(one) > 1) <= 0.02
    assert np.mean(np.array(two) == 2) >= 0.9


def test_skewness_of_an_exponential_is_two():
    quantiles = -np.log1p(-(np.arange(200_000) + 0.5) / 200_000)
    assert skewness(quantiles) == pytest.approx(2, abs=0.01)
