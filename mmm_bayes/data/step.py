"""Step of a table: how far its dates lie apart, and the words for it.

A table has a row for each day, week, so many days, calendar month or quarter. Whatever is stated
in days (a year, the carryover of a quarter) is converted here to a number of steps, and sentences
that are written for weekly tables are put into a table's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mmm_bayes.data.description import Description
from mmm_bayes.errors import InputError
from mmm_bayes.text import capitalised

DAYS_PER_YEAR = 365.25
#: Days of a quarter of a year, over which carryover acts and forecasts reach by default.
QUARTER_DAYS = 91
#: Day of the month that stands for its last one.
MONTH_END = 31

_WORDS = {
    (1, 0): ("day", "days", "daily"),
    (7, 0): ("week", "weeks", "weekly"),
    (14, 0): ("two-week period", "two-week periods", "two-weekly"),
    (28, 0): ("four-week period", "four-week periods", "four-weekly"),
    (0, 1): ("month", "months", "monthly"),
    (0, 3): ("quarter", "quarters", "quarterly"),
    (0, 6): ("half-year", "half-years", "half-yearly"),
    (0, 12): ("year", "years", "yearly"),
}


@dataclass(frozen=True)
class Step:
    """Distance between consecutive dates: a fixed number of days, or of calendar months.

    Attributes
    ----------
    days, months : int
        One of the two is 0.
    day : int
        Day of the month that all dates have, where the step is in months; a shorter month has its
        last day, so `MONTH_END` is the last day of every month.
    """

    days: int = 0
    months: int = 0
    day: int = 1

    @property
    def noun(self) -> str:
        """One step: "day", "week", "month"."""
        return self._words[0]

    @property
    def plural(self) -> str:
        """Several steps: "days", "weeks", "months"."""
        return self._words[1]

    @property
    def adjective(self) -> str:
        """Adverb of what happens at every step: "daily", "weekly", "monthly"."""
        return self._words[2]

    @property
    def _words(self) -> tuple[str, str, str]:
        of_days = (f"{self.days}-day period", f"{self.days}-day periods", f"{self.days}-day")
        of_months = (
            f"{self.months}-month period", f"{self.months}-month periods", f"{self.months}-month"
        )  # fmt: skip
        return _WORDS.get((self.days, self.months), of_days if self.days else of_months)

    @property
    def with_article(self) -> str:
        """One step with its article: "a week", "an 8-day period"."""
        return f"{'an' if re.match('8|11|18', self.noun) else 'a'} {self.noun}"

    def count(self, number: int) -> str:
        """A number of steps in words: "1 day", "52 weeks".

        Parameters
        ----------
        number : int
            Of steps.
        """
        return f"{number:,} {self.noun if number == 1 else self.plural}"

    @property
    def length(self) -> float:
        """Mean length in days."""
        return float(self.days) if self.days else self.months * DAYS_PER_YEAR / 12

    @property
    def per_year(self) -> int:
        """Steps in a year."""
        return self.within(DAYS_PER_YEAR)

    def within(self, days: float) -> int:
        """Steps in a span of time, at least one.

        Parameters
        ----------
        days : float
            Length of the span.
        """
        return max(1, round(days / self.length))

    def dates(self, first: pd.Timestamp, number: int) -> pd.DatetimeIndex:
        """Consecutive dates.

        Parameters
        ----------
        first : pandas.Timestamp
            The first of them.
        number : int
            How many.
        """
        if self.days:
            return pd.date_range(first, periods=number, freq=f"{self.days}D")
        months = pd.period_range(first, periods=number * self.months, freq="M")[:: self.months]
        days = np.minimum(self.day, months.days_in_month) - 1
        return months.to_timestamp() + pd.to_timedelta(days, unit="D")

    def period(self, date: pd.Timestamp) -> pd.DatetimeIndex:
        """All days of the row at a date, which is their first day.

        A row at the end of a month (`MONTH_END`) has the months that end there.

        Parameters
        ----------
        date : pandas.Timestamp
            A date of the table.
        """
        if self.days:
            return pd.date_range(date, periods=self.days)
        if self.day == MONTH_END:
            first = (date.to_period("M") - self.months + 1).to_timestamp()
            return pd.date_range(first, date)
        return pd.date_range(date, self.dates(date, 2)[1], inclusive="left")


WEEK = Step(days=7)


def step_of(dates: ArrayLike) -> Step:
    """Step of some dates: the most frequent distance between neighbours.

    It is in calendar months if all dates have the same day of the month (or the last day, in a
    shorter month), and no two the same month.

    Parameters
    ----------
    dates : array of datetime64, shape (time,)
        In any order; repeated ones count once. A week is taken to lie between fewer than two.
    """
    ordered = pd.DatetimeIndex(np.unique(np.asarray(dates, dtype="datetime64[ns]")))
    if len(ordered) < 2:
        return WEEK
    day = int(ordered.day.max())
    months = np.diff(12 * ordered.year.to_numpy() + ordered.month.to_numpy())
    if (ordered.day == np.minimum(day, ordered.days_in_month)).all() and months.min() > 0:
        return Step(months=_most_frequent(months), day=day)
    return Step(days=_most_frequent(np.diff(ordered.to_numpy()) // np.timedelta64(1, "D")))


def _most_frequent(distances: np.ndarray) -> int:
    lengths, counts = np.unique(distances, return_counts=True)
    return int(lengths[counts.argmax()])


def with_step_defaults(description: Description, step: Step) -> Description:
    """Description with the defaults that depend on the table's step, where it does not set them.

    Carryover lasts a quarter of a year, at least one step beyond the first. The season has two
    sine-cosine pairs, or as many as the steps of a year can tell apart. A daily table has a season
    of weekdays.

    Raises
    ------
    InputError
        If the calendar has what the step cannot show: weekdays in a table that is not daily, more
        pairs than the steps of a year determine.
    """
    calendar, model = description.calendar, description.model
    most = (step.per_year - 1) // 2
    if calendar.weekdays and step.days != 1:
        raise InputError(
            f"calendar.weekdays is true, but the table is {step.adjective}; remove it, because "
            "only a daily table shows differences between weekdays"
        )
    if "fourier" in calendar.model_fields_set and calendar.fourier > most:
        raise InputError(
            f"calendar.fourier is {calendar.fourier}, but a {step.adjective} table has "
            f"{step.count(step.per_year)} a year, which determine at most {most} sine-cosine "
            f"pairs; set it to {most} or less"
        )
    defaults = {"fourier": min(calendar.fourier, most), "weekdays": step.days == 1}
    lags = {"max_lag": max(2, step.within(QUARTER_DAYS))}

    def missing(values: dict[str, int], given: set[str]) -> dict[str, int]:
        return {key: value for key, value in values.items() if key not in given}

    return description.model_copy(
        update={
            "calendar": calendar.model_copy(update=missing(defaults, calendar.model_fields_set)),
            "model": model.model_copy(update=missing(lags, model.model_fields_set)),
        }
    )


_QUOTED = r"(?<!\w)(?P<quote>['\"`]|&#3[49];)(?:(?!(?P=quote)).)*?(?P=quote)(?!\w)"
_WEEK = r"(?P<article>\b[Aa] )?(?<![\w-])(?P<word>[Ww]eek(?:s|ly)?)\b"


@dataclass(frozen=True)
class Wording:
    """Words of a table: sentences that are written for weekly tables, in those of its own step.

    Attributes
    ----------
    step : Step
        Step of the table that the sentences are about.
    names : tuple of str
        Names of columns, channels and files, which stay as they are.

    Examples
    --------
    >>> Wording(Step(days=1))("Weekly spend: 143 a week for 52 weeks.")
    'Daily spend: 143 a day for 52 days.'
    >>> Wording(Step(months=1))("It ran in 3 weeks of 'promo week'.")
    "It ran in 3 months of 'promo week'."
    """

    step: Step = WEEK
    names: tuple[str, ...] = ()

    def __call__(self, sentence: str) -> str:
        """A sentence with its "week", "weeks" and "weekly" replaced, except in quotes."""
        if self.step == WEEK:
            return sentence
        # A name that is nothing but one of the words is left alone in quotes only.
        own = [
            name
            for name in self.names
            if re.search(r"\bweek", name, re.IGNORECASE) and not re.fullmatch(_WEEK, name)
        ]
        kept = [re.escape(name) for name in sorted(own, key=len, reverse=True)]
        return re.sub("|".join([*kept, _QUOTED, _WEEK]), self._replace, sentence)

    def of_record(self, value: Any) -> Any:
        """All sentences in the values of a record, as JSON has them.

        Parameters
        ----------
        value : dict, list or anything else
            A record, or a value in it.
        """
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {key: self.of_record(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of_record(item) for item in value]
        return value

    def _replace(self, match: re.Match[str]) -> str:
        if match["word"] is None:
            return match[0]
        step = self.step
        words = {"week": step.noun, "weeks": step.plural, "weekly": step.adjective}
        word, article = words[match["word"].lower()], match["article"] or ""
        if article and word == step.noun:
            article = article[0] + step.with_article.removesuffix(word)[1:]
        capital = match["word"][0].isupper()
        return article + (capitalised(word) if capital else word)


def wording(description: Mapping[str, Any], step: Step) -> Wording:
    """Words of a table with a description, as JSON has it, and a step.

    Parameters
    ----------
    description : mapping
        All names that it gives stay as they are: of columns, channels and files.
    """
    return Wording(step, tuple(dict.fromkeys(_strings(description))))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (str(key), *_strings(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
