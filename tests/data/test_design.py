"""Arrays of a design: scaled, lagged and orthonormal, and the way back to original units."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import holidays
import numpy as np
import pandas as pd
import pytest
from builds import CHANNELS, MAX_LAG, WEEKS, dataset, description, table, with_column, write

from mmm_bayes.data import Dataset, load
from mmm_bayes.data.covariates import covariate_columns
from mmm_bayes.data.design import arrange, make_design, missing_phrases
from mmm_bayes.data.form import Form, form_for
from mmm_bayes.errors import InputError

IDENTITY = Form("identity", "normal", "normal", MAX_LAG)
LOG = Form("log", "normal", "normal", MAX_LAG)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("panel"), units=2)


def test_outcome_is_scaled_by_its_standard_deviation_or_geometric_mean(panel: Dataset) -> None:
    outcome = panel.data["outcome"].values
    plain, log = make_design(panel, IDENTITY), make_design(panel, LOG)
    for unit in range(2):
        series = list(outcome[:, unit])
        mean = sum(series) / len(series)
        variance = sum((y - mean) ** 2 for y in series) / len(series)
        assert plain.scaling.outcome[unit] == pytest.approx(4 * variance**0.5)
        assert plain.scaling.mean[unit] == pytest.approx(mean)
        product = np.prod([np.longdouble(y) for y in series]) ** (np.longdouble(1) / len(series))
        assert log.scaling.outcome[unit] == pytest.approx(float(product))
    np.testing.assert_array_equal(plain.arrays["outcome_observed"], outcome)
    np.testing.assert_array_equal(plain.arrays["outcome_scale"], plain.scaling.outcome)
    assert plain.scaling.spread == 1 / 4
    logs = np.log(outcome / log.scaling.outcome)
    assert log.scaling.spread == pytest.approx(np.sqrt(np.mean(logs**2)))
    np.testing.assert_array_equal(
        plain.arrays["prior_scale"], [plain.scaling.spread, plain.scaling.mediator_spread]
    )


def test_exposure_is_scaled_by_active_means(panel: Dataset) -> None:
    arranged = make_design(panel, IDENTITY)
    exposure = panel.data["exposure"].values
    np.testing.assert_allclose(
        arranged.arrays["exposure_lags"][..., 0] * arranged.scaling.exposure, exposure, rtol=1e-12
    )
    for unit in range(2):
        for channel in range(len(CHANNELS)):
            on = [x for x in exposure[:, unit, channel] if x > 0]
            assert arranged.scaling.exposure[unit, channel] == pytest.approx(sum(on) / len(on))


def test_a_channel_never_on_is_left_at_zero(single: Dataset) -> None:
    exposure = single.data["exposure"].values.copy()
    exposure[..., 3] = 0.0
    arranged = make_design(with_column(single, "exposure", exposure), IDENTITY)
    assert arranged.scaling.exposure[0, 3] == 1.0
    assert (arranged.arrays["exposure_lags"].values[:, :, 3] == 0).all()


def test_weeks_before_the_table_are_average_weeks(single: Dataset) -> None:
    arranged = make_design(single, IDENTITY)
    exposure = single.data["exposure"].values[:, 0]
    lags = arranged.arrays["exposure_lags"].values[:, 0] * arranged.scaling.exposure[0][:, None]
    for week in range(WEEKS):
        for lag in range(MAX_LAG):
            real = week - lag >= 0
            expected = exposure[week - lag] if real else exposure.mean(0)
            np.testing.assert_allclose(lags[week, :, lag], expected, rtol=1e-12)


@pytest.mark.parametrize(
    "off, starts",
    [
        (slice(0, 9), True),  # longer than any later pause
        (slice(0, 1), True),  # never off later
        (slice(0, 0), False),
        ([0, 1, 10, 11], False),  # it pauses as long later, and may have run before
        ([0, 1, 10], True),
        (slice(0, WEEKS - 1), True),
        ([0, *range(20, WEEKS)], True),  # what ends is no pause
        ([*range(MAX_LAG), *range(MAX_LAG + 1, 2 * MAX_LAG + 3)], True),  # off for all of max_lag
    ],
)
def test_a_channel_that_starts_inside_the_table_did_not_run_before(
    single: Dataset, off: slice | list[int], starts: bool
) -> None:
    exposure = np.abs(single.data["exposure"].values) + 1.0
    exposure[off, :, 3] = 0.0
    arranged = make_design(with_column(single, "exposure", exposure), IDENTITY)
    before = arranged.arrays["exposure_lags"].values[0, 0, :, 1:] * arranged.scaling.exposure.T
    np.testing.assert_allclose(before[3], 0.0 if starts else exposure[:, 0, 3].mean())
    np.testing.assert_allclose(before[0], exposure[:, 0, 0].mean())
    # Units are compared by what ran in the fitted weeks.
    assert arranged.scaling.mean_exposure[0] == pytest.approx(exposure[:, 0].mean(0))


def test_what_comes_after_a_span_does_not_change_its_history(single: Dataset) -> None:
    exposure = np.abs(single.data["exposure"].values) + 1.0
    exposure[:2, :, 3] = exposure[25:29, :, 3] = 0.0
    late = with_column(single, "exposure", exposure)
    lags = make_design(late, IDENTITY, slice(0, 20)).arrays["exposure_lags"].values
    assert (lags[0, :, 3, 1:] == 0).all()


def test_a_window_inside_the_table_has_its_observed_history(single: Dataset) -> None:
    arranged = make_design(single, IDENTITY, slice(2, 20))
    assert arranged.weeks == slice(2, 20)
    exposure = single.data["exposure"].values[:, 0]
    lags = arranged.arrays["exposure_lags"].values[:, 0] * arranged.scaling.exposure[0][:, None]
    for week in range(18):
        for lag in range(MAX_LAG):
            row = 2 + week - lag
            # Unknown weeks have the mean of the fitted ones, not of the whole table.
            expected = exposure[row] if row >= 0 else exposure[2:20].mean(0)
            np.testing.assert_allclose(lags[week, :, lag], expected, rtol=1e-12)


def test_covariates_are_orthonormal_and_can_be_inverted(panel: Dataset) -> None:
    arranged = make_design(panel, IDENTITY, slice(3, 28))
    covariates = arranged.arrays["covariates"].values.reshape(-1, 5)
    np.testing.assert_allclose(covariates.T @ covariates / len(covariates), np.eye(5), atol=1e-10)
    raw = covariate_columns(panel, arranged.scaling.start, arranged.scaling.end)
    assert list(raw["column"].values) == [
        "price", "promotion", "trend", "season_sin_1", "season_cos_1",
    ]  # fmt: skip
    scaling = arranged.scaling
    back = arranged.arrays["covariates"].values @ np.linalg.inv(scaling.r_inverse)
    np.testing.assert_allclose(back * scaling.scale + scaling.centre, raw[3:28], atol=1e-10)


def test_effects_of_standardised_columns_are_r_inverse_times_the_orthonormal_ones(
    panel: Dataset,
) -> None:
    """Both give the same predictor; the model's control_effect is that product."""
    arranged = make_design(panel, IDENTITY)
    theta = np.random.default_rng(0).normal(size=5)
    raw = covariate_columns(panel, arranged.scaling.start, arranged.scaling.end).values
    standardised = (raw - raw.mean(0)) / arranged.scaling.scale
    effects = np.array(
        [sum(arranged.scaling.r_inverse[row, k] * theta[k] for k in range(5)) for row in range(5)]
    )
    np.testing.assert_allclose(
        standardised @ np.array(effects), arranged.arrays["covariates"].values @ theta, atol=1e-10
    )


def test_units_are_centred_apart_and_scaled_together(panel: Dataset) -> None:
    arranged = make_design(panel, IDENTITY)
    price = np.log(panel.data["controls"].sel(control="price").values)
    np.testing.assert_allclose(arranged.scaling.centre[:, 0], price.mean(0))
    deviations = (price - price.mean(0)).ravel()
    assert arranged.scaling.scale[0] == pytest.approx(np.sqrt(np.mean(deviations**2)))


def test_later_weeks_keep_the_training_scaling(single: Dataset) -> None:
    """Nothing is learned from later weeks, and they change no earlier array."""
    train = make_design(single, IDENTITY, slice(0, 20))
    future = {
        name: np.concatenate([single.data[name].values[:20], 1.7 * single.data[name].values[20:]])
        for name in ("outcome", "spend", "exposure", "controls")
    }
    changed = single
    for name, values in future.items():
        changed = with_column(changed, name, values)
    retrained = make_design(changed, IDENTITY, slice(0, 20))
    for name in train.arrays:
        np.testing.assert_array_equal(train.arrays[name], retrained.arrays[name])
    for before, after in ((train.scaling, retrained.scaling),
                          (train.scaling.spends, retrained.scaling.spends)):  # fmt: skip
        for name, value in vars(before).items():
            if name != "spends":
                np.testing.assert_array_equal(value, getattr(after, name))

    test = arrange(single, IDENTITY, train.scaling, slice(20, WEEKS))
    np.testing.assert_array_equal(test.arrays["outcome_scale"], train.arrays["outcome_scale"])
    exposure = single.data["exposure"].values[:, 0] / train.scaling.exposure[0]
    for week in range(WEEKS - 20):
        for lag in range(MAX_LAG):
            np.testing.assert_allclose(
                test.arrays["exposure_lags"].values[week, 0, :, lag], exposure[20 + week - lag]
            )
    raw = covariate_columns(single, train.scaling.start, train.scaling.end).values[20:]
    expected = (raw - train.scaling.centre) / train.scaling.scale @ train.scaling.r_inverse
    np.testing.assert_allclose(test.arrays["covariates"], expected, atol=1e-12)
    whole_table = arrange(single, IDENTITY, train.scaling)
    np.testing.assert_allclose(whole_table.arrays["covariates"][:20], train.arrays["covariates"])


def test_trend_is_zero_at_the_first_fitted_week_and_one_at_the_last(tmp_path: Path) -> None:
    data = dataset(tmp_path, calendar={"fourier": 0, "trend": "quadratic"})
    time = data.data["time"].values
    raw = covariate_columns(data, time[5], time[15])
    elapsed = (np.arange(WEEKS) - 5) / 10
    np.testing.assert_allclose(raw.sel(column="trend")[:, 0], elapsed, atol=1e-12)
    np.testing.assert_allclose(raw.sel(column="trend_squared")[:, 0], elapsed**2, atol=1e-12)


def test_a_trend_has_changepoints_at_fixed_weeks_and_beyond_the_fit(tmp_path: Path) -> None:
    data = dataset(tmp_path, calendar={"fourier": 0, "trend": "changepoints"})
    train = make_design(data, IDENTITY, slice(0, 21))
    whole_table = arrange(data, IDENTITY, train.scaling)
    assert list(whole_table.dataset.description.controls) == ["price", "promotion"]
    assert whole_table.arrays.sizes["covariate"] == 3  # one of them the linear trend
    hinges = whole_table.arrays["hinges"].values
    np.testing.assert_array_equal(hinges[:21], train.arrays["hinges"])
    changepoints = whole_table.arrays["changepoint"].values
    np.testing.assert_allclose(changepoints, [k / 10 for k in range(1, 17)])
    for week in range(WEEKS):
        for bend, begin in enumerate(changepoints):
            rise = max(0.0, week / 20 - begin)
            mean = (
                max(0.0, 1 - begin) ** 2 / 2
            )  # over the fitted weeks, seen as one stretch of time
            assert hinges[week, bend] == pytest.approx(rise - mean, abs=1e-12)
    assert (np.abs(hinges[:21, changepoints > 1]) < 1e-12).all()  # no data speak of these
    assert "hinges" not in make_design(dataset(tmp_path / "straight"), IDENTITY).arrays


def test_no_covariates_at_all(tmp_path: Path) -> None:
    data = dataset(tmp_path, controls={}, calendar={"fourier": 0, "trend": "none"})
    arranged = make_design(data, IDENTITY)
    assert arranged.arrays["covariates"].shape == (WEEKS, 1, 0)


def test_transforms(tmp_path: Path) -> None:
    controls = {
        "a": {"column": "price", "transform": "growth"},
        "b": {"column": "promotion", "transform": "log1p"},
    }
    data = dataset(tmp_path, controls=controls)
    raw = covariate_columns(data, *data.data["time"].values[[0, -1]])
    price, promotion = table()["price"], table()["promotion"]
    assert raw.sel(column="a").values[0, 0] == 0.0
    for week in range(1, WEEKS):
        expected = np.log((1 + price[week]) / (1 + price[week - 1]))
        assert raw.sel(column="a").values[week, 0] == pytest.approx(expected, abs=1e-14)
        assert raw.sel(column="b").values[week, 0] == pytest.approx(np.log(1 + promotion[week]))


def test_growth_of_a_window_uses_the_observed_week_before(tmp_path: Path) -> None:
    controls = {"a": {"column": "price", "transform": "growth"}}
    arranged = make_design(dataset(tmp_path, controls=controls), IDENTITY, slice(10, 25))
    price = table()["price"].to_numpy()
    growth = np.log1p(price[10:25]) - np.log1p(price[9:24])
    assert arranged.scaling.centre[0, 0] == pytest.approx(growth.mean(), abs=1e-14)


def test_holidays_are_counted_by_hand(tmp_path: Path) -> None:
    data = dataset(tmp_path, calendar={"fourier": 0, "trend": "none", "holidays": "US"})
    count = (
        covariate_columns(data, *data.data["time"].values[[0, -1]])
        .sel(column="holidays")
        .values[:, 0]
    )
    # 2023: weeks from Monday 2 January. New Year observed, King, Washington, Memorial, Juneteenth,
    # Independence.
    by_hand = dict.fromkeys(range(WEEKS), 0)
    for month, day in [(1, 2), (1, 16), (2, 20), (5, 29), (6, 19), (7, 4)]:
        by_hand[(datetime.date(2023, month, day) - datetime.date(2023, 1, 2)).days // 7] += 1
    assert list(count) == list(by_hand.values())
    assert count.sum() == 6
    calendar = holidays.country_holidays("US", years=2023)
    assert datetime.date(2023, 7, 4) in calendar


@pytest.mark.parametrize("first", ["2021-06-28", "2021-12-20", "2022-12-19", "2022-12-25"])
def test_an_observed_holiday_and_its_day_count_once(tmp_path: Path, first: str) -> None:
    frame = table()
    frame["week"] = pd.date_range(first, periods=len(frame), freq="7D").strftime("%Y-%m-%d")
    toml = description(calendar={"fourier": 0, "trend": "none", "holidays": "US"})
    data = load(write(tmp_path, frame, toml))
    raw = covariate_columns(data, *data.data["time"].values[[0, -1]])
    # Federal holidays on their own days: the fixed ones here, the movable ones below.
    fixed = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)]
    days = [pd.Timestamp(year, m, d) for year in (2021, 2022, 2023) for m, d in fixed]
    mondays = [
        "2021-09-06",
        "2021-10-11",
        "2022-01-17",
        "2022-02-21",
        "2022-05-30",
        "2022-09-05",
        "2022-10-10",
        "2023-01-16",
        "2023-02-20",
        "2023-05-29",
        "2023-09-04",
        "2023-10-09",
    ]
    thursdays = ["2021-11-25", "2022-11-24", "2023-11-23"]
    days += map(pd.Timestamp, mondays + thursdays)
    for week, count in zip(data.data["time"].values, raw.sel(column="holidays")[:, 0], strict=True):
        inside = [day for day in days if 0 <= (day - pd.Timestamp(week)).days < 7]
        assert count == len(inside), week


def test_seasons_repeat_after_a_year_and_twice_a_year(tmp_path: Path) -> None:
    frame = pd.concat([table()] * 12, ignore_index=True)
    frame["week"] = pd.date_range("2020-01-01", periods=len(frame), freq="D").strftime("%Y-%m-%d")
    toml = description(calendar={"fourier": 2, "trend": "none"})
    data = load(write(tmp_path, frame, toml))
    raw = covariate_columns(data, *data.data["time"].values[[0, -1]])
    days = (data.data["time"].values - np.datetime64("2000-01-01")) / np.timedelta64(1, "D")
    for pair in (1, 2):
        for name, wave in (("sin", np.sin), ("cos", np.cos)):
            np.testing.assert_allclose(
                raw.sel(column=f"season_{name}_{pair}")[:, 0],
                wave(2 * np.pi * pair * days / 365.25),
                atol=1e-9,
            )


@pytest.mark.parametrize(
    "control, message",
    [
        ("flat", "the covariates 'extra' are constant, so their effects cannot be told apart"),
        ("double", "the covariates 'extra' are a combination of the others"),
    ],
)
def test_covariates_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, control: str, message: str
) -> None:
    frame = table()
    frame["extra"] = 4.0 if control == "flat" else 3 * frame["promotion"] - 1
    toml: dict[str, Any] = description()
    toml["controls"] = toml["controls"] | {"extra": {"column": "extra"}}
    data = load(write(tmp_path, frame, toml))
    with pytest.raises(InputError, match=message) as refusal:
        make_design(data, IDENTITY)
    assert "remove them from [controls] or [interactions], or simplify" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def with_extra(folder: Path, extra: Any) -> Dataset:
    """The small table with one more control, the last one."""
    toml: dict[str, Any] = description()
    toml["controls"] = toml["controls"] | {"extra": {"column": "extra"}}
    return load(write(folder, table().assign(extra=extra), toml))


def test_a_window_goes_on_without_a_control_that_is_constant_in_it(tmp_path: Path) -> None:
    later = (np.arange(WEEKS) >= 25).astype(int)
    data = with_extra(tmp_path, later)
    assert make_design(data, IDENTITY).scaling.unidentified == {}
    window = make_design(data, IDENTITY, slice(0, 25))
    assert window.scaling.unidentified == {"extra": "constant"}
    assert missing_phrases(window) == ["extra is constant"]
    without = make_design(dataset(tmp_path / "without"), IDENTITY, slice(0, 25))
    covariates = window.arrays["covariates"].values[:, 0]
    names = list(window.scaling.columns)
    others = [names.index(name) for name in without.scaling.columns]
    np.testing.assert_allclose(
        covariates[:, others], without.arrays["covariates"].values[:, 0], atol=1e-10
    )
    extra = names.index("extra")
    assert (covariates[:, extra] == 0).all()
    # Later it is itself, in standard deviations of the whole table: one step is not an explosion.
    ahead = arrange(data, IDENTITY, window.scaling, slice(25, WEEKS))
    np.testing.assert_allclose(ahead.arrays["covariates"].values[:, 0, extra], 1 / later.std())


def test_a_window_goes_on_without_a_control_that_follows_from_others_in_it(tmp_path: Path) -> None:
    promotion = table()["promotion"].to_numpy()
    fresh = np.where(np.arange(WEEKS) < 22, 3.0 * promotion - 1.0, np.arange(WEEKS) % 3)
    window = make_design(with_extra(tmp_path, fresh), IDENTITY, slice(0, 22))
    assert window.scaling.unidentified == {"extra": "a combination of the others"}
    covariates = window.arrays["covariates"].values[:, 0]
    free = [k for k, name in enumerate(window.scaling.columns) if name != "extra"]
    np.testing.assert_allclose(
        covariates[:, free].T @ covariates[:, free] / 22, np.eye(len(free)), atol=1e-9
    )
    extra = list(window.scaling.columns).index("extra")
    np.testing.assert_allclose(covariates[:, extra], 0.0, atol=1e-9)
    # Later it is the part that promotion does not predict, in the window's standard deviations.
    ahead = arrange(window.dataset, IDENTITY, window.scaling, slice(22, WEEKS))
    surprise = fresh[22:] - (3.0 * promotion[22:] - 1.0)
    np.testing.assert_allclose(
        ahead.arrays["covariates"].values[:, 0, extra], surprise / fresh[:22].std(), atol=1e-6
    )


def test_a_window_in_which_a_price_hardly_moves_does_not_explode_later(tmp_path: Path) -> None:
    """Its unit is not the rounding error of the window."""
    price = np.where(np.arange(WEEKS) < 25, 20.0 + 1e-6 * (np.arange(WEEKS) % 2), 22.0)
    data = with_extra(tmp_path, price)
    window = make_design(data, IDENTITY, slice(0, 25))
    ahead = arrange(data, IDENTITY, window.scaling, slice(25, WEEKS)).arrays["covariates"]
    assert np.abs(ahead.values).max() < 50


def test_a_channel_that_starts_after_the_window_has_the_unit_of_its_own_weeks(
    single: Dataset,
) -> None:
    exposure = single.data["exposure"].values.copy()
    exposure[:20, :, 3] = 0.0
    data = with_column(single, "exposure", exposure)
    window = make_design(data, IDENTITY, slice(0, 20))
    assert (window.arrays["exposure_lags"].values[:, :, 3] == 0).all()
    on = [x for x in exposure[20:, 0, 3] if x > 0]
    assert window.scaling.exposure[0, 3] == pytest.approx(sum(on) / len(on))
    assert missing_phrases(window) == ["tv is off"]
    assert missing_phrases(make_design(data, IDENTITY)) == []


def test_a_unit_without_the_channel_has_the_unit_of_the_others(panel: Dataset) -> None:
    exposure = panel.data["exposure"].values.copy()
    exposure[:, 1, 3] = 0.0
    arranged = make_design(with_column(panel, "exposure", exposure), IDENTITY)
    assert arranged.scaling.exposure[1, 3] == pytest.approx(arranged.scaling.exposure[0, 3])
    # Its intensity is that of an active week: a return like that of the others.
    rate = exposure[:, 0, 3].mean() / arranged.scaling.outcome[0]
    active = arranged.scaling.exposure[1, 3] / arranged.scaling.outcome[1]
    assert arranged.scaling.intensity[1, 3] == pytest.approx(active / (rate / 2))


def test_a_mediator_that_is_off_in_the_window_keeps_the_tables_scale(tmp_path: Path) -> None:
    data = dataset(tmp_path, hurdle=True)
    exposure = data.data["exposure"].values.copy()
    exposure[:12, :, CHANNELS.index("search")] = 0.0
    data = with_column(data, "exposure", exposure)
    form = form_for(data)
    whole, window = make_design(data, form), make_design(data, form, slice(0, 12))
    assert window.scaling.mediator == pytest.approx(whole.scaling.mediator)
    assert window.scaling.mediator_spread == pytest.approx(whole.scaling.mediator_spread)


def test_weeks_in_which_the_outcome_never_changes_are_refused(panel: Dataset) -> None:
    outcome = panel.data["outcome"].values.copy()
    outcome[:12, 1] = 500.0
    data = with_column(panel, "outcome", outcome)
    make_design(data, IDENTITY)
    message = "the outcome 'sales' never changes in unit 'r1' from 2023-01-02 to 2023-03-20"
    with pytest.raises(InputError, match=message):
        make_design(data, IDENTITY, slice(0, 12))


@pytest.mark.parametrize(
    "off, chosen", [(0, "normal"), (1, "normal"), (2, "hurdle"), (9, "hurdle")]
)
def test_a_hurdle_from_five_per_cent_of_zeros(single: Dataset, off: int, chosen: str) -> None:
    """Of 30 weeks, 1 is 3.3% and 2 are 6.7%."""
    exposure = single.data["exposure"].values.copy()
    exposure[:off, 0, CHANNELS.index("search")] = 0.0
    assert form_for(with_column(single, "exposure", exposure)).mediator_likelihood == chosen


def test_exactly_five_per_cent_is_a_hurdle(tmp_path: Path) -> None:
    frame = pd.concat([table(seed=seed) for seed in (1, 2)], ignore_index=True).iloc[:40]
    frame["week"] = pd.date_range("2023-01-02", periods=40, freq="7D").strftime("%Y-%m-%d")
    frame.loc[[4, 30], "search_spend"] = 0.0
    assert form_for(load(write(tmp_path, frame, description()))).mediator_likelihood == "hurdle"


def test_a_hurdles_scale_is_the_geometric_mean_when_on(tmp_path: Path) -> None:
    data = dataset(tmp_path, hurdle=True, units=2)
    form = form_for(data)
    arranged = make_design(data, form)
    spent = data.data["exposure"].values[..., CHANNELS.index("search")]
    logs = []
    for unit in range(2):
        on = np.log([x for x in spent[:, unit] if x > 0])
        assert arranged.scaling.mediator[unit] == pytest.approx(np.exp(on.mean()))
        logs += list(on - on.mean())
    assert arranged.scaling.mediator_spread == pytest.approx(np.sqrt(np.mean(np.square(logs))))


def test_positions_of_mediator_and_causes(single: Dataset) -> None:
    arranged = make_design(single, IDENTITY)
    assert arranged.mediator == "search"
    assert arranged.mediator_index == 2
    assert arranged.causes == ("video", "social")
    assert list(arranged.cause_indices) == [1, 0]


def test_a_table_without_mediation(tmp_path: Path) -> None:
    frame, toml = table(), description()
    del toml["mediators"]
    data = load(write(tmp_path, frame, toml))
    arranged = make_design(data)
    assert arranged.form.mediator_likelihood == "normal"
    assert arranged.causes == ()
    assert (arranged.arrays["mediator_observed"] == 0).all()


@pytest.mark.parametrize(
    "link, likelihood", [("log", "normal"), ("log", "student_t"), ("identity", "lognormal")]
)
def test_logarithm_of_an_outcome_that_is_not_positive_is_refused(
    single: Dataset, link: Any, likelihood: Any
) -> None:
    outcome = single.data["outcome"].values.copy()
    outcome[4] = 0.0
    outcome[9] = -2.0
    data = with_column(single, "outcome", outcome)
    with pytest.raises(InputError, match="2 values of the outcome 'sales' are zero or negative"):
        form_for(data, link=link, likelihood=likelihood)
    assert form_for(data, likelihood="student_t").likelihood == "student_t"


def test_the_callers_choice_overrides_the_description(single: Dataset) -> None:
    log_description = single.description.model_copy(
        update={"model": single.description.model.model_copy(update={"link": "log"})}
    )
    data = replace(single, description=log_description)
    assert form_for(data).link == "log"
    assert form_for(data, link="identity").link == "identity"
    assert form_for(data).max_lag == MAX_LAG


@pytest.mark.parametrize("controls", [27, 40])
def test_more_covariates_than_rows_are_refused_with_their_numbers(
    tmp_path: Path, controls: int
) -> None:
    rng = np.random.default_rng(0)
    frame = table().assign(**{f"x{i}": rng.normal(size=WEEKS) for i in range(controls)})
    described = description(controls={f"x{i}": {"column": f"x{i}"} for i in range(controls)})
    data = load(write(tmp_path, frame, described))
    message = (
        rf"there are {controls + 3} covariates \({controls} of \[controls\], 3 of \[calendar\]\) "
        rf"and only {WEEKS} rows"
    )
    with pytest.raises(InputError, match=message):
        make_design(data)


def test_carryover_beyond_the_table_is_refused(tmp_path: Path) -> None:
    form_for(dataset(tmp_path / "all", model={"max_lag": WEEKS}))
    with pytest.raises(InputError, match=f"max_lag = {WEEKS + 1} is longer than the table"):
        form_for(dataset(tmp_path / "more", model={"max_lag": WEEKS + 1}))
