"""Each transformer against a loop or a closed form; none learns from what it should not."""

from datetime import date, timedelta

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from sklearn.base import clone

from mmm_bayes.baselines.transformers import (
    Adstock,
    CentredProduct,
    LevelIndicators,
    ModulatedResponse,
    Saturation,
    Season,
    Trend,
)

RNG = np.random.default_rng(3)


def test_adstock_is_the_weighted_mean_of_the_weeks_before():
    lags = RNG.gamma(2.0, 1.0, (5, 2, 4))  # row, channel, lag
    rows = np.hstack([lags.reshape(5, 8), np.zeros((5, 1))])
    transformed = Adstock(("a", "b"), (0.5, 0.0)).fit(rows).transform(rows)
    for row in range(5):
        for channel, alpha in enumerate((0.5, 0.0)):
            weights = [alpha**lag for lag in range(4)]
            total = sum(w * x for w, x in zip(weights, lags[row, channel], strict=True))
            assert transformed[row, channel] == pytest.approx(total / sum(weights))


@pytest.mark.parametrize("shape", ["hill", "log1p", "sqrt"])
def test_saturation_in_multiples_of_each_units_mean_when_on(shape):
    x = np.array([[0.0], [10.0], [30.0], [100.0]])
    rows = np.hstack([x, [[0.0], [0.0], [0.0], [1.0]]])
    transformed = Saturation(("a",), shape, 2.0, 1.5).fit(rows).transform(rows)[:, 0]
    for value, multiple in zip(transformed, [0.0, 10 / 20, 30 / 20, 100 / 100], strict=True):
        expected = {
            "hill": multiple**1.5 / (2.0**1.5 + multiple**1.5),
            "log1p": np.log(1 + multiple),
            "sqrt": multiple**0.5,
        }[shape]
        assert value == pytest.approx(expected)


def test_saturation_remembers_the_rows_of_its_fit():
    rows = np.hstack([RNG.gamma(2.0, 1.0, (20, 1)), np.zeros((20, 1))])
    fitted = Saturation(("a",)).fit(rows[:10])
    before = fitted.transform(rows[:10])
    assert np.array_equal(before, fitted.transform(rows)[:10])
    assert not np.allclose(before, clone(fitted).fit(rows).transform(rows)[:10])


def test_a_unit_never_on_takes_the_scale_of_all():
    rows = np.array([[4.0, 0.0], [0.0, 1.0]])
    fitted = Saturation(("a",), "sqrt").fit(rows)
    assert fitted.transform(np.array([[4.0, 1.0]]))[0, 0] == pytest.approx(1.0)
    assert fitted.transform(np.array([[4.0, 7.0]]))[0, 0] == pytest.approx(1.0)


def days(number: int) -> tuple[list[date], np.ndarray]:
    dates = [date(2023, 1, 2) + timedelta(weeks=week) for week in range(number)]
    return dates, np.array([[(day - date(1970, 1, 1)).days] for day in dates], dtype=float)


def test_months_and_quarters_are_those_of_the_calendar():
    dates, column = days(60)
    month = Season("month").fit(column).transform(column)
    quarter = Season("quarter").fit(column).transform(column)
    for row, day in enumerate(dates):
        assert [k + 2 for k in np.flatnonzero(month[row])] == ([day.month] * (day.month > 1))
        part = (day.month - 1) // 3 + 1
        assert [k + 2 for k in np.flatnonzero(quarter[row])] == ([part] * (part > 1))


def test_fourier_pairs_come_back_after_a_year():
    day = np.array([[0.0], [365.25], [91.3125]])
    transformed = Season("fourier", 2).fit(day).transform(day)
    assert transformed.shape == (3, 4)
    # Days are whole, so a quarter of a day may be lost.
    np.testing.assert_allclose(transformed[0], transformed[1], atol=0.02)
    assert np.abs(transformed[:, 0] ** 2 + transformed[:, 1] ** 2 - 1).max() < 1e-12


def test_the_trend_is_fixed_by_the_weeks_of_its_fit():
    _, column = days(11)
    transformed = Trend(2).fit(column[:6]).transform(column)
    np.testing.assert_allclose(transformed[:, 0], np.arange(11) / 5)
    np.testing.assert_allclose(transformed[:, 1], (np.arange(11) / 5) ** 2)


def test_controls_with_a_few_whole_values_become_levels():
    kind = np.array([0.0, 1, 2, 1, 0, 2])
    price = np.array([5.0, 5.5, 5.1, 5.2, 5.3, 5.4])
    encoder = LevelIndicators(("kind", "price", "on")).fit(np.stack([kind, price, kind > 0], 1))
    transformed = encoder.transform(np.array([[2.0, 9.9, 1.0], [7.0, 9.9, 0.0]]))
    assert list(encoder.get_feature_names_out()) == ["kind_1", "kind_2", "price", "on"]
    assert transformed.tolist() == [[0, 1, 9.9, 1], [0, 0, 9.9, 0]]


def test_products_are_of_deviations_from_the_means_of_the_fit():
    X = RNG.normal(size=(8, 2))
    transformed = CentredProduct("a x b").fit(X[:5]).transform(X)
    centre = X[:5].mean(0)
    for row in range(8):
        assert transformed[row, 0] == pytest.approx(
            (X[row, 0] - centre[0]) * (X[row, 1] - centre[1])
        )


def test_a_channel_is_changed_by_a_control():
    lags, by = RNG.gamma(2.0, 1.0, (6, 2)), RNG.normal(size=6)
    rows = np.column_stack([by, lags, np.zeros(6)])
    transformed = ModulatedResponse("a x b", 0.5, "sqrt").fit(rows).transform(rows)
    stock = [(lag_pair[0] + 0.5 * lag_pair[1]) / 1.5 for lag_pair in lags]
    scale = sum(stock) / 6
    for row in range(6):
        expected = (stock[row] / scale) ** 0.5 * (by[row] - by.mean())
        assert transformed[row, 0] == pytest.approx(expected)
