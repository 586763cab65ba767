"""A table's step is known from its dates, and what is stated in days or weeks follows it."""

import calendar
import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from mmm_bayes.data import load, profile
from mmm_bayes.data.covariates import covariate_columns
from mmm_bayes.data.days import day_of
from mmm_bayes.data.design import make_design
from mmm_bayes.data.splits import blocked_splits
from mmm_bayes.data.step import MONTH_END, Step, Wording, step_of
from mmm_bayes.errors import InputError
from mmm_bayes.model.transforms.adstock.geometric import HALF_LIFE, priors_at


def month_by_month(first, number, months, day):
    """Dates so many months apart, by the calendar of the standard library."""
    dates = []
    for index in range(number):
        years, month = divmod(first.month - 1 + index * months, 12)
        year = first.year + years
        last = calendar.monthrange(year, month + 1)[1]
        dates.append(datetime.date(year, month + 1, min(day, last)))
    return pd.DatetimeIndex(dates)


SPACINGS = {
    "day": (pd.date_range("2023-01-01", periods=60), Step(days=1)),
    "week": (pd.date_range("2023-01-01", periods=60, freq="7D"), Step(days=7)),
    "four-week period": (pd.date_range("2023-01-01", periods=60, freq="28D"), Step(days=28)),
    "month": (month_by_month(datetime.date(2015, 1, 1), 60, 1, 1), Step(months=1)),
    "quarter": (month_by_month(datetime.date(2001, 4, 1), 60, 3, 1), Step(months=3)),
}
MONTH_ENDS = month_by_month(datetime.date(2015, 1, 31), 60, 1, 31)
QUARTER_ENDS = month_by_month(datetime.date(2001, 3, 31), 60, 3, 31)


def dated(market, dates):
    market.table["week"] = dates.strftime("%Y-%m-%d")
    return market


@pytest.mark.parametrize("noun", SPACINGS)
def test_the_step_is_known_from_the_dates(market, noun):
    dates, step = SPACINGS[noun]
    found = dated(market, dates).load().step
    assert (found, found.noun) == (step, noun)


@pytest.mark.parametrize(
    "dates, step",
    [
        (MONTH_ENDS, Step(months=1, day=31)),
        (QUARTER_ENDS, Step(months=3, day=31)),
        (month_by_month(datetime.date(2015, 1, 30), 60, 1, 30), Step(months=1, day=30)),
        (pd.DatetimeIndex(["2023-01-02"]), Step(days=7)),
    ],
)
def test_ends_of_months_are_calendar_months(dates, step):
    assert step_of(dates) == step


@pytest.mark.parametrize("dates", [*(d for d, _ in SPACINGS.values()), MONTH_ENDS, QUARTER_ENDS])
def test_dates_continue(dates):
    np.testing.assert_array_equal(step_of(dates).dates(dates[1], 59), dates[1:])


@pytest.mark.parametrize("dates", [*(d for d, _ in SPACINGS.values()), MONTH_ENDS, QUARTER_ENDS])
def test_every_day_belongs_to_one_period(dates):
    days = [day for date in dates for day in step_of(dates).period(date)]
    assert np.all(np.diff(pd.DatetimeIndex(days)) == np.timedelta64(1, "D"))
    whole_months = step_of(dates).months > 0
    assert not whole_months or days[-1].is_month_end


def refused(market, match):
    with pytest.raises(InputError, match=match) as error:
        load(market.write())
    assert "\n" not in str(error.value)


def test_a_missing_month(market):
    market = dated(market, SPACINGS["month"][0])
    market.table = market.table.drop(index=[10])
    refused(market, r"no row for 2015-11-01 \(the step is a month\); add the missing dates")


@pytest.mark.parametrize("noun", ["month", "quarter"])
def test_months_that_begin_on_other_days(market, noun):
    dates = SPACINGS[noun][0].to_numpy().copy()
    dates[::7] += np.timedelta64(1, "D")
    match = f"a {noun} apart, but not on the same day of the month .*; give every {noun} its first"
    refused(dated(market, pd.DatetimeIndex(dates)), match)


# Months and quarters that are written as such


def quarters(dates, form="{}Q{}"):
    return [form.format(date.year, (date.month + 2) // 3) for date in dates]


MONTHS, QUARTERS = SPACINGS["month"][0], SPACINGS["quarter"][0]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize(
    "cells, dates",
    [
        (MONTHS.strftime("%Y-%m"), MONTHS),
        (" " + QUARTERS.strftime("%Y-%m") + " ", QUARTERS),
        (quarters(QUARTERS), QUARTERS),
        (quarters(QUARTERS, "{}-Q{}"), QUARTERS),
        (quarters(QUARTERS, "{}-q{}"), QUARTERS),
    ],
)
def test_a_month_is_its_first_day(market, cells, dates, suffix):
    market.table["week"] = cells
    found = market.load(suffix)
    np.testing.assert_array_equal(found.data["time"], dates)
    assert found.step.months == (1 if dates is MONTHS else 3)


@pytest.mark.parametrize(
    "changed, match",
    [
        (
            {2: "2015-03-01", 5: "2015-06-01"},
            r"weekly.csv: column 'week' holds a month \('2015-01'\) in rows 2, 3, 5, 6, 8 and 53 "
            r"more, and a day \('2015-03-01'\) in rows 4, 7; write all of them as days",
        ),
        ({0: "2015Q1"}, r"holds a quarter \('2015Q1'\) in row 2, and a month \('2015-02'\) in"),
        ({1: ""}, "column 'week' has a missing value in row 3"),
        ({1: "2015-13"}, "column 'week' holds '2015-13' in row 3; write days as .*, or months as"),
        ({1: "2015Q5"}, "column 'week' holds '2015Q5' in row 3; .*, or quarters as YYYY-Q1"),
        ({1: "2015-01"}, "date 2015-01-01 is in rows 2, 3"),
        ({1: "0215-02"}, "column 'week' holds '0215-02' in row 3"),
    ],
)
def test_dates_of_several_forms(market, changed, match):
    cells = list(MONTHS.strftime("%Y-%m"))
    for row, cell in changed.items():
        cells[row] = cell
    market.table["week"] = cells
    refused(market, match)


def test_a_day_of_a_workbook_among_months(market):
    market.table["week"] = list(MONTHS.strftime("%Y-%m"))
    market.put(3, "week", pd.Timestamp("2015-02-01"))
    with pytest.raises(InputError, match=r"and a day \(the date 2015-02-01\) in row 3; write all"):
        market.load(".xlsx")


@pytest.mark.parametrize(
    "cell, step, day",
    [
        ("2016-02", Step(months=1), "2016-02-01"),
        ("2016-02", Step(months=1, day=MONTH_END), "2016-02-29"),
        ("2016-02", Step(months=1, day=15), "2016-02-15"),
        ("2016Q2", Step(months=3), "2016-04-01"),
        ("2016Q2", Step(months=3, day=MONTH_END), "2016-06-30"),
        ("2016-06", Step(months=3, day=MONTH_END), "2016-06-30"),
        ("2016-05-17", Step(days=1), "2016-05-17"),
        ("2016-05", Step(days=1), None),
        ("2016Q2", Step(months=1), None),
    ],
)
def test_months_of_another_table_are_dates_of_the_main_one(cell, step, day):
    """A month is no day of a daily table: of a test that ends in May, 1 May would be the end."""
    if day is None:
        with pytest.raises(ValueError, match="is a date of a"):
            day_of(cell, step)
    else:
        assert day_of(cell, step) == np.datetime64(day)


# Defaults


@pytest.mark.parametrize(
    "noun, max_lag, fourier, weekdays",
    [
        ("day", 91, 2, True),
        ("week", 13, 2, False),
        ("four-week period", 3, 2, False),
        ("month", 3, 2, False),
        ("quarter", 2, 1, False),
    ],
)
def test_defaults_follow_the_step(market, noun, max_lag, fourier, weekdays):
    description = dated(market, SPACINGS[noun][0]).load().description
    assert description.model.max_lag == max_lag
    assert (description.calendar.fourier, description.calendar.weekdays) == (fourier, weekdays)


def test_what_is_described_is_kept(market):
    market.description |= {
        "calendar": {"fourier": 3, "weekdays": False, "trend": "none"}, "model": {"max_lag": 20}
    }  # fmt: skip
    description = dated(market, SPACINGS["day"][0]).load().description
    assert description.model.max_lag == 20
    assert (description.calendar.fourier, description.calendar.weekdays) == (3, False)


def test_a_calendar_that_the_step_cannot_show(market):
    market.description["calendar"] = {"weekdays": True}
    refused(dated(market, SPACINGS["month"][0]), "but the table is monthly; remove it")
    market.description["calendar"] = {"fourier": 2}
    refused(dated(market, SPACINGS["quarter"][0]), "4 quarters a year, .* at most 1 sine-cosine")


@pytest.mark.parametrize("noun", SPACINGS)
def test_every_default_table_is_identified(market, noun):
    # Two years, so that no season is a trend.
    number = {"day": 730, "week": 104}.get(noun, 60)
    step = SPACINGS[noun][1]
    rows = np.random.default_rng(1).integers(0, len(market.table), number)
    market.table = market.table.iloc[rows].reset_index(drop=True)
    dataset = dated(market, step.dates(pd.Timestamp("2010-01-01"), number)).load()
    columns = make_design(dataset).arrays["covariates"].values[:, 0]
    np.testing.assert_allclose(columns.T @ columns / number, np.eye(columns.shape[1]), atol=1e-8)


def test_weekdays(market):
    dataset = dated(market, SPACINGS["day"][0]).load()
    time = dataset.data["time"].values
    table = covariate_columns(dataset, time[0], time[-1]).isel(unit=0)
    for name, number in (("tuesday", 1), ("saturday", 5), ("sunday", 6)):
        expected = [pd.Timestamp(day).weekday() == number for day in time]
        np.testing.assert_array_equal(table.sel(column=name), expected)
    assert "monday" not in table["column"].values


def test_holidays_of_months(market):
    market.description["calendar"] = {"holidays": "US"}
    counts = []
    for day in (1, 31):
        dates = month_by_month(datetime.date(2015, 1, day), 60, 1, day)
        dataset = dated(market, dates).load()
        time = dataset.data["time"].values
        table = covariate_columns(dataset, time[0], time[-1]).isel(unit=0)
        counts.append(table.sel(column="holidays").values)
    # The same months, whether their first or their last day dates them. New Year and Martin Luther
    # King Day are in January, no federal holiday is in March.
    np.testing.assert_array_equal(counts[0], counts[1])
    assert (counts[0][0], counts[0][2]) == (2, 0)


@pytest.mark.parametrize(
    "step, window, horizon",
    [(Step(days=1), 730, 91), (Step(days=7), 104, 13), (Step(months=1), 24, 3)],
)
def test_windows_are_of_two_years_and_predict_a_quarter(step, window, horizon):
    first = blocked_splits(10 * step.per_year, spacing=step)[0]
    assert abs(first.train.stop - first.train.start - window) <= 1
    assert first.test.stop - first.test.start == horizon


def test_windows_are_counted_in_steps():
    with pytest.raises(InputError, match="--window 100 is too small; take 182 days or more"):
        blocked_splits(700, window=100, spacing=Step(days=1))


# The prior of retention


@pytest.mark.parametrize("days", [1.0, 7.0])
def test_retention_has_the_same_half_lives_at_short_steps(days):
    prior = beta(*priors_at(days)["alpha"][1].values())
    half_lives = days * np.log(0.5) / np.log(prior.ppf([0.05, 0.5, 0.95]))
    np.testing.assert_allclose(half_lives, [HALF_LIFE[0], 7, HALF_LIFE[1]], rtol=0.02)


@pytest.mark.parametrize("days", [28.0, 365.25 / 12, 365.25 / 4])
def test_retention_is_no_longer_at_long_steps(days):
    parameters = priors_at(days)["alpha"][1]
    longest = days * np.log(0.5) / np.log(beta(*parameters.values()).ppf(0.95))
    np.testing.assert_allclose(longest, HALF_LIFE[1], rtol=0.02)
    assert parameters["alpha"] == 1


# Words


@pytest.mark.parametrize(
    "step, sentence",
    [
        (Step(days=1), "Daily spend a day, over days; each day's own."),
        (Step(months=3), "Quarterly spend a quarter, over quarters; each quarter's own."),
        (Step(days=8), "8-day spend an 8-day period, over 8-day periods; each 8-day period's own."),
        (Step(days=7), "Weekly spend a week, over weeks; each week's own."),
    ],
)
def test_sentences_are_in_steps(step, sentence):
    words = Wording(step)
    assert words("Weekly spend a week, over weeks; each week's own.") == sentence
    assert words(words(sentence)) == words(sentence)


def test_names_stay_as_they_are():
    words = Wording(Step(days=1), ("week of promo", "week_2", "weekly"))
    for kept in ("week of promo", "week_2", "column 'weekly'", "weekend"):
        assert words(f"{kept} of a week") == f"{kept} of a day"
    record = {"weeks": ["a week", 1, {"message": "weeks"}]}
    assert words.of_record(record) == {"weeks": ["a day", 1, {"message": "days"}]}


def test_a_profile_speaks_of_the_table(market):
    market.table["search_spend"] += 1.0
    warnings = " ".join(profile(dated(market, SPACINGS["month"][0]).load()).warnings)
    assert "an extrapolation to months without it" in warnings
    assert "week" not in warnings
