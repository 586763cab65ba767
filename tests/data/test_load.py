"""A valid table gives the same labelled arrays in every format; invalid ones are refused."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.data import load
from mmm_bayes.data.step import Step
from mmm_bayes.errors import InputError


def refused(market, match, suffix=".csv"):
    path = market.write(suffix)
    with pytest.raises(InputError, match=match) as error:
        load(path)
    assert str(error.value).startswith(str(path.with_suffix(suffix)))
    assert "\n" not in str(error.value)


def refused_text(market, text, match):
    path = market.write_text(text)
    with pytest.raises(InputError, match=match):
        load(path)


def test_labels(market):
    dataset = market.load()
    data = dataset.data
    assert data["exposure"].dims == ("time", "unit", "channel")
    assert list(data["channel"].values) == ["social", "search"] == list(dataset.channels)
    assert list(data["role"].values) == ["social", "media"]
    assert list(data["unit"].values) == ["all"]
    assert data["time"].dtype == "datetime64[ns]"
    assert dataset.step == Step(days=7)
    assert (dataset.mediator, dataset.causes) == ("search", ("social",))
    assert all(variable.dtype == float for variable in data.data_vars.values())


def test_numbers_are_the_tables_own(market):
    data, table = market.load().data, market.table
    social = data.sel(channel="social", unit="all")
    np.testing.assert_array_equal(social["spend"], table["social_spend"])
    np.testing.assert_array_equal(social["exposure"], table["social_views"])
    np.testing.assert_array_equal(
        data["exposure"].sel(channel="search")[:, 0], table["search_spend"]
    )
    np.testing.assert_array_equal(data["controls"].sel(control="price")[:, 0], table["price"])
    np.testing.assert_array_equal(data["outcome"][:, 0], table["sales"])


def test_sha256_is_of_the_table(market):
    dataset = market.load()
    table = (market.folder / "weekly.csv").read_bytes()
    assert dataset.sha256 == hashlib.sha256(table).hexdigest()


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
@pytest.mark.parametrize("as_dates", [True, False])
def test_formats_agree(market, suffix, as_dates):
    expected = market.load(".csv").data
    if as_dates:
        market.table["week"] = pd.to_datetime(market.table["week"])
    xr.testing.assert_identical(market.load(suffix).data, expected)


def test_a_parquet_index_is_a_column_too(market):
    expected = market.load().data
    market.write()
    market.table.set_index("week").to_parquet(market.folder / "weekly.parquet")
    path = market.write_description({"file": "weekly.parquet"} | market.description)
    xr.testing.assert_identical(load(path).data, expected)


def test_rows_may_come_in_any_order(market):
    expected = market.load().data
    market.table = market.table.sample(frac=1, random_state=3)
    xr.testing.assert_identical(market.load().data, expected)


def test_blank_lines_are_not_rows_but_count_as_lines(market):
    expected = market.load().data
    lines = (market.folder / "weekly.csv").read_text().splitlines()
    lines[5:5] = ["", ",,,,,"]
    text = "\n".join(lines) + "\n\n"
    xr.testing.assert_identical(load(market.write_text(text)).data, expected)
    lines[-1] = lines[-1].replace("2024", "spring 2024")
    refused_text(market, "\n".join(lines), "in row 63; write days as YYYY-MM-DD")


def test_no_controls_leaves_an_empty_dimension(market):
    del market.description["controls"]
    assert market.load().data["controls"].shape == (60, 1, 0)


def test_no_mediation(market):
    del market.description["mediators"]
    dataset = market.load()
    assert (dataset.mediator, dataset.causes) == (None, ())


def test_panel(panel):
    data = panel.load().data
    assert list(data["unit"].values) == ["EU", "NA"]
    for unit, rows in panel.table.groupby("region"):
        np.testing.assert_array_equal(data["outcome"].sel(unit=unit), rows["sales"])
        spend = data["spend"].sel(unit=unit, channel="search")
        np.testing.assert_array_equal(spend, rows["search_spend"])


def test_daily_tables_have_a_step_of_one_day(market):
    market.table["week"] = pd.date_range("2023-01-01", periods=60).strftime("%Y-%m-%d")
    assert market.load().step == Step(days=1)


# Files


def test_unknown_format(market):
    path = market.write_description({"file": "weekly.sas"} | market.description)
    with pytest.raises(InputError, match=r"ends in \.csv, \.xlsx, \.parquet, not '\.sas'"):
        load(path)


def test_missing_table(market):
    path = market.write_description({"file": "absent.csv"} | market.description)
    with pytest.raises(InputError, match=r"absent\.csv: no such table; correct 'file'"):
        load(path)


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_broken_file(market, suffix):
    path = market.write_description({"file": f"broken{suffix}"} | market.description)
    (market.folder / f"broken{suffix}").write_bytes(b"not a table")
    with pytest.raises(InputError, match=f"not a readable {suffix} file"):
        load(path)


@pytest.mark.parametrize("content", ["", "\n", "week,sales\n"])
def test_empty_table(market, content):
    refused_text(market, content, "the table is empty")


def test_undecodable_csv(market):
    path = market.write()
    (market.folder / "weekly.csv").write_bytes("week,Umsätze\n".encode("latin-1"))
    with pytest.raises(InputError, match="byte 8 is not UTF-8 text; save the table as UTF-8"):
        load(path)


def test_ragged_csv(market):
    refused_text(
        market, "week,sales\n2023-01-01,1,000\n", "row 2 has 3 fields and the header has 2"
    )


# Columns


def test_missing_columns_are_all_named_with_near_names(market):
    market.table = market.table.rename(columns={"price": "prices"}).drop(columns="social_views")
    refused(market, r"columns 'social_views'.*, 'price' \(did you mean 'prices'\?\) not found; the")


def test_a_header_of_one_column(market):
    refused_text(market, "Media plan\nweek: sales\n", "single column 'Media plan'; put the names")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_repeated_header(market, suffix):
    market.table.insert(0, "price", 1.0, allow_duplicates=True)
    refused(market, "the header names column 'price' more than once", suffix)


# Cells


@pytest.mark.parametrize("cell", ["12_000", "high", "True"])
def test_wrong_type(market, cell):
    market.put(9, "sales", cell)
    refused(market, f"column 'sales' holds '{cell}' in row 9; write plain numbers")


def test_wrong_type_in_excel(market):
    market.put(9, "price", pd.Timestamp("2024-01-05"))
    market.put(11, "price", True)
    refused(market, r"column 'price' holds the date .* in rows 9, 11; write plain", ".xlsx")


@pytest.mark.parametrize(
    "cell", ["07/01/2023", "2023-01-01 10:00", "2023-01-01T00:00+01:00", "0203-01-01"]
)
def test_dates_that_are_not_iso_days(market, cell):
    market.put(2, "week", cell)
    refused(market, "column 'week' holds .* in row 2; write days as YYYY-MM-DD")


def test_numbers_are_not_dates(market):
    market.table["week"] = range(44927, 44987)
    refused(market, "column 'week' holds 44927 in rows 2, 3, 4, 5, 6 and 55 more", ".xlsx")


@pytest.mark.parametrize("cell", ["", "NA", "nan", None])
@pytest.mark.parametrize("column", ["search_spend", "price", "sales", "week"])
def test_missing_value(market, cell, column):
    market.put(5, column, cell)
    refused(market, f"column '{column}' has a missing value in row 5; fill it in")


def test_missing_unit(panel):
    panel.put(5, "region", "")
    refused(panel, "column 'region' has a missing value in row 5")


@pytest.mark.parametrize("cell", ["inf", "-inf"])
@pytest.mark.parametrize("column", ["search_spend", "price", "sales"])
def test_value_that_is_not_finite(market, cell, column):
    market.put(5, column, cell)
    refused(market, f"column '{column}' has a value that is not finite in row 5")


@pytest.mark.parametrize("cell", ["1e51", "1e-300", "2e50"])
@pytest.mark.parametrize("column", ["search_spend", "price", "sales"])
def test_value_whose_square_overflows_or_vanishes(market, cell, column):
    market.put(5, column, cell)
    refused(
        market, f"column '{column}' has a value that is too large or too small.* in row 5; give"
    )


@pytest.mark.parametrize("column", ["search_spend", "social_views"])
def test_negative_media(market, column):
    for row in range(4, 14, 2):
        market.put(row, column, -1)
    market.put(3, column, -0.01)
    refused(market, f"column '{column}' has a negative value in rows 3, 4, 6, 8, 10 and 1 more;")


def test_problems_in_other_columns_are_listed(market):
    market.put(5, "search_spend", -1)
    market.put(6, "price", None)
    refused(market, r"\(other columns with problems: 'price'\)")


def test_channel_that_never_ran(market):
    market.table["search_spend"] = 0
    refused(market, "column 'search_spend' has 0 in every row; a channel that never ran")


@pytest.mark.parametrize(
    "transform,value", [("log", 0), ("log", -1), ("log1p", -1), ("growth", -1)]
)
def test_transform_outside_its_domain(market, transform, value):
    market.description["controls"]["price"]["transform"] = transform
    market.put(7, "price", value)
    refused(market, f"column 'price' has a value whose {transform}.* is not defined in row 7; use")


@pytest.mark.parametrize("transform,value", [("log1p", 0), ("growth", 0), ("none", -3)])
def test_transform_inside_its_domain(market, transform, value):
    market.description["controls"]["price"]["transform"] = transform
    market.put(7, "price", value)
    assert market.load().data["controls"][5, 0, 0] == value


def test_constant_outcome(market):
    market.table["sales"] = 5
    refused(market, "outcome 'sales' is 5.0 in every row; there is nothing to explain")


@pytest.mark.parametrize(
    "amounts, where", [(3.0, "every row"), ([0, 3.5], "every row in which it is on")]
)
def test_constant_mediator(market, amounts, where):
    market.table["search_spend"] = np.resize(amounts, len(market.table))
    refused(
        market,
        rf"weekly.csv: the mediator 'search' \(column 'search_spend'\) has 3(\.5)? in {where}; "
        r"nothing raises it, so remove \[mediators\.search\]",
    )
    del market.description["mediators"]
    market.load()


def test_constant_mediator_in_every_unit(panel):
    """One unit in which it changes is enough; an amount of its own in each unit is no change."""
    panel.table["search_spend"] = panel.table["region"].map({"NA": 3.0, "EU": 4.0})
    refused(panel, r"mediator 'search' .* has one amount in every row, within each unit; nothing")
    panel.put(5, "search_spend", 9.0)
    panel.load()


def test_constant_outcome_in_a_unit(panel):
    panel.table.loc[panel.table["region"] == "NA", "sales"] = 5
    refused(panel, "outcome 'sales' never changes in unit 'NA'; leave such units out")


def test_the_unit_all_is_reserved(panel):
    panel.table["region"] = panel.table["region"].replace("NA", "all")
    refused(
        panel,
        "column 'region' has the unit 'all' in rows 2, .*; that name is reserved for the total",
    )


# Dates


def test_repeated_date(market):
    market.table.loc[4, "week"] = market.table.loc[7, "week"]
    refused(
        market,
        r"date 2023-02-19 is in rows 6, 9; remove or aggregate the repeated rows \(duplicates "
        r"= 'sum' or 'mean' aggregates them\), or name the column of units if the table is a panel",
    )


def test_repeated_unit_and_date(panel):
    twice = panel.table[panel.table["region"] == "EU"]
    panel.table = pd.concat([panel.table, twice.assign(sales=1.0)])
    refused(
        panel,
        r"unit 'EU' has 120 rows for 60 dates, every date 2 times \(rows 62, 63, 64, 65, 66 and "
        r"115 more\); remove or aggregate the repeated rows \(duplicates = 'sum' or 'mean' "
        r"aggregates them\), or give them a distinct unit name, or leave the unit out",
    )


def test_gap(market):
    market.table = market.table.drop(index=[10, 11])
    refused(
        market, r"no row for 2023-03-12, 2023-03-19 \(the step is a week\); add the missing dates"
    )


def test_irregular_step(market):
    market.put(12, "week", "2023-03-13")
    refused(
        market,
        "2023-03-13 is 8 days after 2023-03-05 where the step is a week "
        r"\(one of 2 such places\); give the dates one fixed step",
    )


def test_too_few_dates(market):
    market.table = market.table.head(19)
    refused(market, "the table has 19 dates; add more, at least 20 are needed")


def test_unit_that_starts_later_or_ends_earlier(panel):
    whole = panel.table
    eu, dates = whole["region"] == "EU", whole["week"]
    panel.table = whole[~eu | (dates >= "2023-07-02")]
    refused(
        panel, r"unit 'EU' starts on 2023-07-02, but the table on 2023-01-01; .* leave such units "
        r"out \(units = \[...\]\), or remove the rows of all units before 2023-07-02"
    )  # fmt: skip
    panel.table = whole[~eu | (dates <= "2023-07-02")]
    refused(panel, "unit 'EU' ends on 2023-07-02, but the table on 2024-02-18")
    panel.table = whole[dates >= "2023-07-02"]  # as advised
    assert panel.load().data.sizes["time"] == 34


def test_national_channel(panel):
    panel.table["search_spend"] = np.tile(panel.table["search_spend"].to_numpy()[:60], 2)
    panel.description["channels"]["search"]["national"] = True
    data = panel.load().data.sel(channel="search")
    for name in ("spend", "exposure"):
        np.testing.assert_allclose(data[name].values[:, 0], panel.table["search_spend"][:60] / 2)
        np.testing.assert_allclose(data[name].values[:, 1], panel.table["search_spend"][:60] / 2)
    panel.table.loc[63, "search_spend"] += 1
    refused(panel, r"column 'search_spend' differs between the units on 2023-01-22 \(rows 5, 65\)")


def test_national_channel_without_units(market):
    market.description["channels"]["search"]["national"] = True
    with pytest.raises(InputError, match=r"channels\.search\.national is for a panel; remove it"):
        market.load()


def test_unit_that_lacks_dates(panel):
    panel.table = panel.table.drop(index=[70, 71, 72])
    refused(panel, r"unit 'EU' lacks 3 of 60 dates \(2023-03-12, 2023-03-19, 2023-03-26\); add the")


# The real tables


def test_weekly_mediation(weekly_mediation):
    data = load(weekly_mediation).data
    assert dict(data.sizes) == {"time": 104, "unit": 1, "channel": 5, "control": 3, "shifter": 0}
    assert int((data["spend"].sel(channel="google") == 0).sum()) == 59
    assert int((data["outcome"] == 1).sum()) == 8


def test_division_weekly(division_weekly):
    with pytest.raises(InputError, match="unit 'Z' has 226 rows for 113 dates, every date 2 times"):
        load(division_weekly)
