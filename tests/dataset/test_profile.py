"""A profile's numbers against known ones, and each warning where it belongs and only there."""

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from statsmodels.stats.outliers_influence import variance_inflation_factor

from mmm_bayes.dataset import load, profile, show
from mmm_bayes.dataset.shape import (
    correlation_with_interval,
    correlations,
    modes,
    skewness,
    variance_inflation,
)


def test_numbers(market):
    found, table = profile(market.load()), market.table
    assert (found.dates, found.step_days, found.units) == (60, 7, ("all",))
    assert (found.first, found.last) == (pd.Timestamp("2023-01-01"), pd.Timestamp("2024-02-18"))
    search, spend = found.channels.loc["search"], table["search_spend"]
    assert search["zero_share"] == pytest.approx((spend == 0).mean())
    assert search["total"] == pytest.approx(spend.sum())
    assert search["mean_on"] == pytest.approx(spend[spend > 0].mean())
    assert found.channels["share"].sum() == pytest.approx(1)
    assert found.controls.loc["price", "sd"] == pytest.approx(table["price"].std())
    assert found.outcome.quantiles[2] == pytest.approx(table["sales"].median())
    assert found.correlation.loc["social", "price"] == pytest.approx(
        table["social_views"].corr(table["price"])
    )


def test_parameters_are_counted(market):
    # Two channels and a cause, four each; a control; two Fourier pairs; trend; intercept; sigma.
    assert profile(market.load()).parameters == 12 + 1 + 4 + 1 + 1 + 1
    market.description["calendar"] = {"fourier": 0, "trend": "quadratic", "holidays": "US"}
    assert profile(market.load()).parameters == 12 + 1 + 0 + 2 + 1 + 1 + 1


def warned(market, what):
    return any(what in sentence for sentence in profile(market.load()).warnings)


def test_never_off(market):
    assert not warned(market, "never off")
    market.table["social_spend"] += 1  # money without exposure is a week without the channel
    assert not warned(market, "never off")
    market.table["social_views"] += 1
    assert warned(market, "never off: social; the total effect of such a channel extrapolates")


def test_constant_channel(market):
    market.table["search_spend"] = 10
    assert warned(market, "never changing: search; such an effect rests on its prior alone")
    assert not warned(market, "never off")
    assert np.isnan(profile(market.load()).channels.loc["search", "vif"])


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
    assert not any("exactly" in says for says in profile(market.load(), floor=1.0).warnings)
    assert warned(market, "say floor = 1 under [model], or fit with --floor 1")


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
    found = profile(load(weekly_mediation))
    told = "\n".join(found.warnings)
    assert "never off: facebook" in told
    assert all(f"{cause} (" in told for cause in ["facebook", "tiktok", "snapchat"])
    assert "google, the mediator, is off in 57% of rows" in told
    assert "the outcome is exactly 1 in 7.7% of rows" in told
    assert "the outcome has 2 modes" in told
    assert all(abs(c.r) <= 0.1 for c in found.mediation.values())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_printing_keeps_to_the_width_and_to_the_text(market, width):
    market.description["channels"]["[bold]tv[/]"] = market.description["channels"].pop("social")
    del market.description["mediation"]
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


def test_modes_rarely_sees_two_in_one_and_mostly_sees_two_in_two():
    rng = np.random.default_rng(0)
    one = [modes(rng.standard_t(3, size=104)) for _ in range(100)]
    two = [modes(rng.normal(size=104) + 4 * (rng.random(104) < 0.5)) for _ in range(100)]
    assert np.mean(np.array(one) > 1) <= 0.02
    assert np.mean(np.array(two) == 2) >= 0.9


def test_skewness_of_an_exponential_is_two():
    quantiles = -np.log1p(-(np.arange(200_000) + 0.5) / 200_000)
    assert skewness(quantiles) == pytest.approx(2, abs=0.01)
