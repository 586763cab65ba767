"""Selection of units and aggregation of repeated rows, against pandas and by hand."""

import numpy as np
import pandas as pd
import pytest

from mmm_bayes.data import load, profile
from mmm_bayes.errors import InputError


@pytest.fixture
def twice(panel):
    """A panel in which EU has each week twice, with other prices and sales the second time."""
    eu = panel.table[panel.table["region"] == "EU"]
    second = eu.assign(sales=eu["sales"] / 2, price=eu["price"] + 1, search_spend=7.0)
    panel.table = pd.concat([panel.table, second], ignore_index=True)
    return panel


def test_summing_adds_media_and_outcome_and_averages_controls(twice):
    twice.description["duplicates"] = "sum"
    dataset = twice.load()
    eu = dataset.data.sel(unit="EU")
    first, second = _halves(twice)
    np.testing.assert_allclose(eu["outcome"], first["sales"] + second["sales"])
    np.testing.assert_allclose(
        eu["spend"].sel(channel="search"), first["search_spend"] + second["search_spend"]
    )
    np.testing.assert_allclose(
        eu["exposure"].sel(channel="social"), first["social_views"] + second["social_views"]
    )
    np.testing.assert_allclose(
        eu["controls"].sel(control="price"), (first["price"] + second["price"]) / 2
    )
    unrepeated = twice.table[twice.table["region"] == "NA"]
    np.testing.assert_array_equal(dataset.data["outcome"].sel(unit="NA"), unrepeated["sales"])


def test_mean_averages_every_column(twice):
    twice.description["duplicates"] = "mean"
    eu = twice.load().data.sel(unit="EU")
    first, second = _halves(twice)
    np.testing.assert_allclose(eu["outcome"], (first["sales"] + second["sales"]) / 2)
    np.testing.assert_allclose(
        eu["spend"].sel(channel="search"), (first["search_spend"] + second["search_spend"]) / 2
    )
    np.testing.assert_allclose(
        eu["controls"].sel(control="price"), (first["price"] + second["price"]) / 2
    )


@pytest.mark.parametrize(
    "policy, rule",
    [
        ("sum", "outcome, spends and exposures summed, controls averaged"),
        ("mean", "every column averaged"),
    ],
)
def test_the_profile_reports_aggregated_rows(twice, policy, rule):
    twice.description["duplicates"] = policy
    assert profile(twice.load()).notes[0] == (
        f"aggregated, because duplicates is '{policy}': 120 rows that share their unit and date "
        f"with another became 60 ({rule})."
    )


def test_repeated_dates_of_a_single_market_are_summed(market):
    expected = market.load().data["outcome"]
    market.table = pd.concat([market.table] * 3)
    market.description["duplicates"] = "sum"
    dataset = market.load()
    np.testing.assert_allclose(dataset.data["outcome"], 3 * expected)
    assert "180 rows that share their date with another became 60" in dataset.notes[0]


def test_without_repeated_rows_nothing_changes(panel):
    expected = panel.load()
    panel.description["duplicates"] = "sum"
    dataset = panel.load()
    assert dataset.notes == ()
    assert dataset.data.identical(expected.data)


def test_an_outcome_that_only_aggregating_makes_constant(market):
    second = market.table.assign(sales=100_000 - market.table["sales"])
    market.table = pd.concat([market.table, second])
    market.description["duplicates"] = "sum"
    with pytest.raises(InputError, match=r"outcome 'sales' is 100000\.0 in every row"):
        load(market.write())


def test_other_units_are_left_out_before_any_rule(panel):
    panel.put(5, "sales", "not a number")  # the first sixty rows are those of NA
    panel.put(6, "search_spend", -3)
    panel.table = panel.table.drop(index=[10, 11])
    panel.description["units"] = ["EU"]
    dataset = panel.load()
    assert list(dataset.data["unit"].values) == ["EU"]
    assert profile(dataset).notes[0] == (
        "left out, because units does not name them: 58 of 118 rows, of unit NA."
    )


def test_rows_keep_their_numbers(panel):
    panel.description["units"] = ["EU"]
    panel.put(70, "price", None)
    with pytest.raises(InputError, match="column 'price' has a missing value in row 70;"):
        load(panel.write())


def test_a_row_without_a_unit_is_refused_all_the_same(panel):
    panel.description["units"] = ["EU"]
    panel.put(5, "region", "")
    with pytest.raises(InputError, match="column 'region' has a missing value in row 5"):
        load(panel.write())


def test_naming_all_units_is_the_same_as_naming_none(panel):
    expected = panel.load()
    panel.description["units"] = ["NA", "EU"]
    dataset = panel.load()
    assert dataset.notes == ()
    assert dataset.data.identical(expected.data)


def test_an_unknown_unit(panel):
    panel.description["units"] = ["EU", "na"]
    with pytest.raises(
        InputError, match=r"units names 'na', which column 'region' does not have.*units are EU, NA"
    ):
        load(panel.write())


def test_units_of_a_column_that_is_not_there(panel):
    panel.description |= {"unit": "areas", "units": ["EU"]}
    with pytest.raises(InputError, match="column 'areas' not found"):
        load(panel.write())


def test_a_repeated_division_can_be_summed(division_weekly):
    text = division_weekly.read_text()
    division_weekly.write_text('duplicates = "sum"\n' + text)
    dataset = load(division_weekly)
    assert dict(dataset.data.sizes)["unit"] == 26
    raw = pd.read_csv(dataset.path.parent / dataset.description.file)
    by_week = raw[raw["division"] == "Z"].groupby("calendar_week")
    summed = dataset.data.sel(unit="Z")
    np.testing.assert_allclose(summed["outcome"], by_week["sales"].sum())
    np.testing.assert_allclose(summed["spend"].sel(channel="google"), by_week["spend_google"].sum())
    assert dataset.notes == (
        "aggregated, because duplicates is 'sum': 226 rows that share their unit and date with "
        "another became 113 (outcome, spends and exposures summed, controls averaged).",
    )


def test_a_repeated_division_can_be_left_out(division_weekly):
    text = division_weekly.read_text()
    division_weekly.write_text('units = ["A", "B"]\n' + text)
    dataset = load(division_weekly)
    assert list(dataset.data["unit"].values) == ["A", "B"]
    assert "left out, because units does not name them: 2,825 of 3,051 rows" in dataset.notes[0]


def _halves(market):
    """Rows of EU's first and second occurrence of each week."""
    eu = market.table[market.table["region"] == "EU"]
    return (half.reset_index() for half in (eu.iloc[:60], eu.iloc[60:]))
