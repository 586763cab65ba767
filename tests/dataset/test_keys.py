"""Which rows a panel's keys leave, against pandas and by hand, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from mmm_bayes.dataset import load, profile
from mmm_bayes.errors import InputError


@pytest.fixture
def twice(panel):
    """EU has each week twice, the second time dearer and selling less."""
    eu = panel.table[panel.table["region"] == "EU"]
    second = eu.assign(sales=eu["sales"] / 2, price=eu["price"] + 1, search_spend=7.0)
    panel.table = pd.concat([panel.table, second], ignore_index=True)
    return panel


def test_summing_adds_media_and_outcome_and_averages_controls(twice):
    twice.description["duplicates"] = "sum"
    found = twice.load()
    eu = found.data.sel(unit="EU")
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
    other = twice.table[twice.table["region"] == "NA"]
    np.testing.assert_array_equal(found.data["outcome"].sel(unit="NA"), other["sales"])


def test_averaging_averages_all(twice):
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
    "how, told",
    [
        ("sum", "outcome, spends and exposures summed, controls averaged"),
        ("mean", "every column averaged"),
    ],
)
def test_the_profile_says_how_many_rows_and_how(twice, how, told):
    twice.description["duplicates"] = how
    assert profile(twice.load()).notes[0] == (
        f"aggregated, because duplicates is '{how}': 120 rows that share their unit and date with "
        f"another became 60 ({told})."
    )


def test_a_single_market_has_dates_twice_too(market):
    expected = market.load().data["outcome"]
    market.table = pd.concat([market.table] * 3)
    market.description["duplicates"] = "sum"
    found = market.load()
    np.testing.assert_allclose(found.data["outcome"], 3 * expected)
    assert "180 rows that share their date with another became 60" in found.notes[0]


def test_without_repeated_rows_nothing_is_done_or_said(panel):
    expected = panel.load()
    panel.description["duplicates"] = "sum"
    found = panel.load()
    assert found.notes == ()
    assert found.data.identical(expected.data)


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
    found = panel.load()
    assert list(found.data["unit"].values) == ["EU"]
    assert profile(found).notes[0] == (
        "left out, because units names the others: 58 of 118 rows, of unit NA."
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


def test_all_units_named_is_as_none_named(panel):
    expected = panel.load()
    panel.description["units"] = ["NA", "EU"]
    found = panel.load()
    assert found.notes == ()
    assert found.data.identical(expected.data)


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


def test_the_division_that_stands_twice(division_weekly):
    text = division_weekly.read_text()
    division_weekly.write_text('duplicates = "sum"\n' + text)
    found = load(division_weekly)
    assert dict(found.data.sizes)["unit"] == 26
    raw = pd.read_csv(found.path.parent / found.description.file)
    own = raw[raw["division"] == "Z"].groupby("calendar_week")
    both = found.data.sel(unit="Z")
    np.testing.assert_allclose(both["outcome"], own["sales"].sum())
    np.testing.assert_allclose(both["spend"].sel(channel="google"), own["spend_google"].sum())
    assert found.notes == (
        "aggregated, because duplicates is 'sum': 226 rows that share their unit and date with "
        "another became 113 (outcome, spends and exposures summed, controls averaged).",
    )


def test_the_division_that_stands_twice_is_left_out(division_weekly):
    text = division_weekly.read_text()
    division_weekly.write_text('units = ["A", "B"]\n' + text)
    found = load(division_weekly)
    assert list(found.data["unit"].values) == ["A", "B"]
    assert "left out, because units names the others: 2,825 of 3,051 rows" in found.notes[0]


def _halves(market):
    """The rows of EU that came first, and those that came second."""
    eu = market.table[market.table["region"] == "EU"]
    return (half.reset_index() for half in (eu.iloc[:60], eu.iloc[60:]))
