"""Lift tests are checked like the main table, and refused if they do not fit it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from mmm_bayes.data import load, profile, show
from mmm_bayes.data.experiments import experiment_periods
from mmm_bayes.errors import InputError

TESTS = pd.DataFrame(
    {
        "channel": ["search", "social"],
        "start": ["2023-03-05", "2023-06-04"],
        "end": ["2023-03-26", "2023-06-04"],
        "spend_change": [500.0, 40.0],
        "lift": [900.0, -3.5],
        "standard_error": [200.0, 10.0],
        "source": ["independent", "independent"],
    }
)


def with_tests(market: Any, tests: pd.DataFrame = TESTS, suffix: str = ".csv") -> Any:
    path = market.folder / f"lift_tests{suffix}"
    if suffix == ".csv":
        tests.to_csv(path, index=False)
    else:
        tests.to_parquet(path, index=False)
    market.description["experiments"] = {"file": path.name}
    return market


def changed(**cells: Any) -> pd.DataFrame:
    """`TESTS` with cells of the first row replaced."""
    tests = TESTS.astype(object)
    for column, value in cells.items():
        tests.loc[0, column] = value
    return tests


def refused(market: Any, tests: pd.DataFrame, match: str) -> None:
    path = with_tests(market, tests).write()
    with pytest.raises(InputError, match=match) as error:
        load(path)
    assert str(error.value).startswith(str(market.folder / "lift_tests.csv"))
    assert "\n" not in str(error.value)


def test_without_experiments_there_are_none(market):
    dataset = market.load()
    assert dataset.experiments.sizes["experiment"] == 0
    assert set(dataset.experiments) == set(with_tests(market).load().experiments)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_labels_and_numbers(market, suffix):
    experiments = with_tests(market, suffix=suffix).load().experiments
    assert list(experiments["experiment"].values) == [
        "search 2023-03-05 to 2023-03-26",
        "social 2023-06-04 to 2023-06-04",
    ]
    assert list(experiments["tested_channel"].values) == ["search", "social"]
    assert list(experiments["tested_unit"].values) == ["all", "all"]
    assert experiments["start"].values[0] == np.datetime64("2023-03-05")
    assert experiments["end"].dtype == "datetime64[ns]"
    for name in ("spend_change", "lift", "standard_error"):
        np.testing.assert_array_equal(experiments[name], TESTS[name])
    assert list(experiments["source"].values) == ["independent", "independent"]


def test_tests_of_the_tables_own_weeks_need_a_decision(market):
    tests = changed(source="these weeks")
    refused(
        market,
        tests,
        "column 'source' has 'these weeks' in row 2, but the fit already learns from the outcome "
        'of those weeks, which would count twice; .* write these_weeks = "leave_out" under',
    )
    market.description["experiments"]["these_weeks"] = "leave_out"
    dataset = load(market.write())
    assert list(dataset.experiments["source"].values) == ["these weeks", "independent"]


def test_other_columns_are_left_alone(market):
    dataset = with_tests(market, TESTS.assign(note="geo test")).load()
    assert "note" not in dataset.experiments


def test_places_in_the_table(market):
    dataset = with_tests(market).load()
    assert list(experiment_periods(dataset.experiments, dataset.data)) == [
        (slice(9, 13), 0, 1),
        (slice(22, 23), 0, 0),
    ]


def test_a_panels_tests_name_their_unit(panel):
    tests = TESTS.assign(unit=["NA", "EU"])
    dataset = with_tests(panel, tests).load()
    assert list(dataset.experiments["tested_unit"].values) == ["NA", "EU"]
    assert dataset.experiments["experiment"].values[0].endswith(" in NA")
    assert [unit for _, unit, _ in experiment_periods(dataset.experiments, dataset.data)] == [1, 0]


def test_a_panel_without_the_column(panel):
    refused(panel, TESTS, "column 'unit' not found; the table has channel, start")


def test_an_unknown_unit(panel):
    refused(
        panel,
        TESTS.assign(unit=["NA", "Eu"]),
        r"column 'unit' has 'Eu' in row 3, which is not a unit of the table; the units are EU, NA",
    )


def test_a_unit_outside_a_panel(market):
    refused(market, TESTS.assign(unit="all"), "column 'unit' is for a panel.*; remove the column")


def test_a_missing_file(market):
    market.description["experiments"] = {"file": "absent.csv"}
    path = market.write()
    with pytest.raises(InputError, match=r"absent\.csv: no such table; correct 'file' of \[exp"):
        load(path)


@pytest.mark.parametrize("text", ["", ",".join(TESTS.columns) + "\n"])
def test_an_empty_file(market, text):
    (market.folder / "lift_tests.csv").write_text(text)
    market.description["experiments"] = {"file": "lift_tests.csv"}
    path = market.write()
    with pytest.raises(InputError, match=r"lift_tests\.csv: the table is empty; it needs a header"):
        load(path)


def test_missing_and_repeated_columns(market):
    refused(
        market,
        TESTS.rename(columns={"standard_error": "std_error"}),
        r"column 'standard_error' \(did you mean 'std_error'\?\) not found; the table has channel",
    )
    twice = TESTS.copy()
    twice.insert(0, "lift", 1.0, allow_duplicates=True)
    refused(market, twice, "the header names column 'lift' more than once; rename or remove")


@pytest.mark.parametrize(
    "cells, match",
    [
        (
            {"channel": "serch"},
            r"column 'channel' has 'serch' in row 2, which is not a channel of the table \(did you "
            r"mean 'search'\?\); the channels are social, search",
        ),
        ({"channel": None}, "column 'channel' has a missing value in row 2; fill it in"),
        ({"start": "5 March"}, "column 'start' holds '5 March' in row 2; write days as YYYY-MM-DD"),
        (
            {"start": "2023-03-06"},
            "column 'start' has 2023-03-06 in row 2, which is not a date of the table, whose dates "
            "are 2023-01-01 to 2024-02-18 every week; write the table's dates",
        ),
        (
            {"end": "2024-02-25"},
            "column 'end' has 2024-02-25 in row 2, which is not a date of",
        ),
        ({"end": None}, "column 'end' has a missing value in row 2"),
        ({"start": "2023-04-02"}, "column 'start' is later than 'end' in row 2; swap the two"),
        (
            {"source": "geo test"},
            "column 'source' has 'geo test' in row 2; write 'independent' if the lift was measured "
            "with other data than this table, or 'these weeks' if",
        ),
        ({"source": None}, "column 'source' has a missing value in row 2; fill it in"),
        ({"spend_change": "a lot"}, "column 'spend_change' holds 'a lot' in row 2; write plain"),
        (
            {"spend_change": 0},
            "column 'spend_change' has a change of 0 in row 2; leave the row",
        ),
        ({"spend_change": np.inf}, "column 'spend_change' has a value that is not finite in row 2"),
        ({"lift": np.nan}, "column 'lift' has a missing value in row 2; fill it in"),
        ({"lift": -np.inf}, "column 'lift' has a value that is not finite in row 2"),
        ({"standard_error": 0}, "column 'standard_error' has a value that is not positive in row"),
        ({"standard_error": -1}, "column 'standard_error' has a value that is not positive in ro"),
        ({"standard_error": np.inf}, "column 'standard_error' has a value that is not finite"),
    ],
)
def test_invalid_cells(market, cells, match):
    refused(market, changed(**cells), match)


def test_months_of_a_monthly_table(market):
    """A test of two months ends with the second, whose row has the last day of the month."""
    dates = pd.date_range("2015-01-31", periods=60, freq="ME")
    market.table["week"] = dates.strftime("%Y-%m-%d")
    tests = changed(start="2015-03", end="2015-04").iloc[:1]
    found = with_tests(market, tests).load().experiments
    assert found["start"].values[0] == np.datetime64("2015-03-31")
    assert found["end"].values[0] == np.datetime64("2015-04-30")


def test_months_of_a_weekly_table(market):
    match = "column 'end' holds '2023-04' in row 2; the table is weekly, so write its dates as they"
    refused(market, changed(end="2023-04").iloc[:1], match)


def test_a_reduction_cannot_exceed_the_spend(market):
    spent = market.table["search_spend"][9:13].sum()
    for change in (-spent, -spent - 0.004):
        assert with_tests(market, changed(spend_change=change)).load().experiments.sizes
    refused(
        market,
        changed(spend_change=-spent - 1),
        r"column 'spend_change' has -\d+\.\d* in row 2, but the table has a spend of only \d+\.\d* "
        "over that time; a reduction cannot exceed it",
    )


def test_the_same_test_twice(market):
    refused(
        market,
        pd.concat([TESTS, TESTS.iloc[[0]].assign(lift=1.0)]),
        "columns 'channel', 'start' and 'end' are the same in rows 2, 4; keep one row, or pool",
    )


def test_experiments_are_shown(market):
    market.table.loc[22, ["social_spend", "social_views"]] = 0
    summary = profile(with_tests(market).load())
    assert list(summary.experiments["lift"]) == [900.0, -3.5]
    share = 500 / market.table["search_spend"][9:13].sum()
    assert summary.experiments["change"].iloc[0] == pytest.approx(share)
    assert np.isinf(summary.experiments["change"].iloc[1])
    console = Console(width=100, record=True, markup=False, highlight=False)
    with console.capture() as capture:
        show(summary, console)
    text = capture.get()
    assert "search 2023-03-05 to 2023-03-26" in text
    assert f"{share:+.0%}" in text
    assert text.count("independent") == 2
    assert "from 0" in text
