"""The arrays a model gets: scaled, lagged, orthonormal, and back again."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import holidays
import numpy as np
import pandas as pd
import pytest
from builds import CHANNELS, MAX_LAG, WEEKS, dataset, description, table, with_column, write

from mmm_bayes.dataset import Dataset, load
from mmm_bayes.design import Form, arrange, columns, design, form_for
from mmm_bayes.errors import InputError

IDENTITY = Form("identity", "normal", "normal", MAX_LAG)
LOG = Form("log", "normal", "normal", MAX_LAG)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("panel"), units=2)


def test_one_is_the_mean_and_zero_its_logarithm(panel: Dataset) -> None:
    outcome = panel.data["outcome"].values
    plain, log = design(panel, IDENTITY), design(panel, LOG)
    for unit in range(2):
        series = list(outcome[:, unit])
        assert plain.scaling.outcome[unit] == pytest.approx(sum(series) / len(series))
        product = np.prod([np.longdouble(y) for y in series]) ** (np.longdouble(1) / len(series))
        assert log.scaling.outcome[unit] == pytest.approx(float(product))
    np.testing.assert_array_equal(plain.arrays["outcome_observed"], outcome)
    np.testing.assert_array_equal(plain.arrays["outcome_scale"], plain.scaling.outcome)
    relative = outcome / plain.scaling.outcome
    assert plain.scaling.spread == pytest.approx(np.sqrt(np.mean((relative - 1) ** 2)))
    logs = np.log(outcome / log.scaling.outcome)
    assert log.scaling.spread == pytest.approx(np.sqrt(np.mean(logs**2)))
    np.testing.assert_array_equal(
        plain.arrays["yardstick"], [plain.scaling.spread, plain.scaling.mediator_spread]
    )


def test_exposure_comes_back_from_active_means(panel: Dataset) -> None:
    arranged = design(panel, IDENTITY)
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
    arranged = design(with_column(single, "exposure", exposure), IDENTITY)
    assert arranged.scaling.exposure[0, 3] == 1.0
    assert (arranged.arrays["exposure_lags"].values[:, :, 3] == 0).all()


def test_weeks_before_the_table_are_average_weeks(single: Dataset) -> None:
    arranged = design(single, IDENTITY)
    exposure = single.data["exposure"].values[:, 0]
    lags = arranged.arrays["exposure_lags"].values[:, 0] * arranged.scaling.exposure[0][:, None]
    for week in range(WEEKS):
        for lag in range(MAX_LAG):
            real = week - lag >= 0
            expected = exposure[week - lag] if real else exposure.mean(0)
            np.testing.assert_allclose(lags[week, :, lag], expected, rtol=1e-12)


def test_a_window_inside_the_table_has_its_real_history(single: Dataset) -> None:
    arranged = design(single, IDENTITY, slice(2, 20))
    assert arranged.weeks == slice(2, 20)
    exposure = single.data["exposure"].values[:, 0]
    lags = arranged.arrays["exposure_lags"].values[:, 0] * arranged.scaling.exposure[0][:, None]
    for week in range(18):
        for lag in range(MAX_LAG):
            row = 2 + week - lag
            # Unknown weeks have the mean of the fitted ones, not of the whole table.
            expected = exposure[row] if row >= 0 else exposure[2:20].mean(0)
            np.testing.assert_allclose(lags[week, :, lag], expected, rtol=1e-12)


def test_covariates_are_orthonormal_and_lead_back_to_the_columns(panel: Dataset) -> None:
    arranged = design(panel, IDENTITY, slice(3, 28))
    covariates = arranged.arrays["covariates"].values.reshape(-1, 5)
    np.testing.assert_allclose(covariates.T @ covariates / len(covariates), np.eye(5), atol=1e-10)
    raw = columns(panel, arranged.scaling.start, arranged.scaling.end)
    assert list(raw["column"].values) == [
        "price", "promotion", "trend", "season_sin_1", "season_cos_1",
    ]  # fmt: skip
    scaling = arranged.scaling
    back = arranged.arrays["covariates"].values @ np.linalg.inv(scaling.unmix)
    np.testing.assert_allclose(back * scaling.scale + scaling.centre, raw[3:28], atol=1e-10)


def test_effects_of_standardised_columns_are_unmix_times_the_orthonormal_ones(
    panel: Dataset,
) -> None:
    """The same predictor either way; and the model's control_effect is that product."""
    arranged = design(panel, IDENTITY)
    theta = np.random.default_rng(0).normal(size=5)
    raw = columns(panel, arranged.scaling.start, arranged.scaling.end).values
    standardised = (raw - raw.mean(0)) / arranged.scaling.scale
    each = np.array(
        [sum(arranged.scaling.unmix[row, k] * theta[k] for k in range(5)) for row in range(5)]
    )
    np.testing.assert_allclose(
        standardised @ np.array(each), arranged.arrays["covariates"].values @ theta, atol=1e-10
    )


def test_units_are_centred_apart_and_scaled_together(panel: Dataset) -> None:
    arranged = design(panel, IDENTITY)
    price = np.log(panel.data["controls"].sel(control="price").values)
    np.testing.assert_allclose(arranged.scaling.centre[:, 0], price.mean(0))
    deviations = (price - price.mean(0)).ravel()
    assert arranged.scaling.scale[0] == pytest.approx(np.sqrt(np.mean(deviations**2)))


def test_later_weeks_keep_the_training_scaling(single: Dataset) -> None:
    """Nothing learned from the future, and nothing of the past moved by it."""
    train = design(single, IDENTITY, slice(0, 20))
    future = {
        name: np.concatenate([single.data[name].values[:20], 1.7 * single.data[name].values[20:]])
        for name in ("outcome", "spend", "exposure", "controls")
    }
    changed = single
    for name, values in future.items():
        changed = with_column(changed, name, values)
    again = design(changed, IDENTITY, slice(0, 20))
    for name in train.arrays:
        np.testing.assert_array_equal(train.arrays[name], again.arrays[name])
    for name, value in vars(train.scaling).items():
        np.testing.assert_array_equal(value, getattr(again.scaling, name))

    test = arrange(single, IDENTITY, train.scaling, slice(20, WEEKS))
    np.testing.assert_array_equal(test.arrays["outcome_scale"], train.arrays["outcome_scale"])
    exposure = single.data["exposure"].values[:, 0] / train.scaling.exposure[0]
    for week in range(WEEKS - 20):
        for lag in range(MAX_LAG):
            np.testing.assert_allclose(
                test.arrays["exposure_lags"].values[week, 0, :, lag], exposure[20 + week - lag]
            )
    raw = columns(single, train.scaling.start, train.scaling.end).values[20:]
    expected = (raw - train.scaling.centre) / train.scaling.scale @ train.scaling.unmix
    np.testing.assert_allclose(test.arrays["covariates"], expected, atol=1e-12)
    whole = arrange(single, IDENTITY, train.scaling)
    np.testing.assert_allclose(whole.arrays["covariates"][:20], train.arrays["covariates"])


def test_trend_is_zero_at_the_first_fitted_week_and_one_at_the_last(tmp_path: Path) -> None:
    data = dataset(tmp_path, calendar={"fourier": 0, "trend": "quadratic"})
    time = data.data["time"].values
    raw = columns(data, time[5], time[15])
    elapsed = (np.arange(WEEKS) - 5) / 10
    np.testing.assert_allclose(raw.sel(column="trend")[:, 0], elapsed, atol=1e-12)
    np.testing.assert_allclose(raw.sel(column="trend_squared")[:, 0], elapsed**2, atol=1e-12)


def test_a_trend_bends_at_fixed_weeks_and_goes_on_after_the_fit(tmp_path: Path) -> None:
    data = dataset(tmp_path, calendar={"fourier": 0, "trend": "changepoints"})
    train = design(data, IDENTITY, slice(0, 21))
    whole = arrange(data, IDENTITY, train.scaling)
    assert list(whole.dataset.description.controls) == ["price", "promotion"]
    assert whole.arrays.sizes["covariate"] == 3  # the straight part of the trend is one of them
    hinges = whole.arrays["hinges"].values
    np.testing.assert_array_equal(hinges[:21], train.arrays["hinges"])
    at = whole.arrays["changepoint"].values
    np.testing.assert_allclose(at, [k / 10 for k in range(1, 17)])
    for week in range(WEEKS):
        for bend, begin in enumerate(at):
            rise = max(0.0, week / 20 - begin)
            mean = (
                max(0.0, 1 - begin) ** 2 / 2
            )  # over the fitted weeks, seen as one stretch of time
            assert hinges[week, bend] == pytest.approx(rise - mean, abs=1e-12)
    assert (np.abs(hinges[:21, at > 1]) < 1e-12).all()  # no data speak of these
    assert "hinges" not in design(dataset(tmp_path / "straight"), IDENTITY).arrays


def test_no_covariates_at_all(tmp_path: Path) -> None:
    data = dataset(tmp_path, controls={}, calendar={"fourier": 0, "trend": "none"})
    arranged = design(data, IDENTITY)
    assert arranged.arrays["covariates"].shape == (WEEKS, 1, 0)


def test_transforms(tmp_path: Path) -> None:
    controls = {
        "a": {"column": "price", "transform": "growth"},
        "b": {"column": "promotion", "transform": "log1p"},
    }
    data = dataset(tmp_path, controls=controls)
    raw = columns(data, *data.data["time"].values[[0, -1]])
    price, promotion = table()["price"], table()["promotion"]
    assert raw.sel(column="a").values[0, 0] == 0.0
    for week in range(1, WEEKS):
        expected = np.log((1 + price[week]) / (1 + price[week - 1]))
        assert raw.sel(column="a").values[week, 0] == pytest.approx(expected, abs=1e-14)
        assert raw.sel(column="b").values[week, 0] == pytest.approx(np.log(1 + promotion[week]))


def test_growth_of_a_window_looks_at_the_real_week_before(tmp_path: Path) -> None:
    controls = {"a": {"column": "price", "transform": "growth"}}
    arranged = design(dataset(tmp_path, controls=controls), IDENTITY, slice(10, 25))
    price = table()["price"].to_numpy()
    growth = np.log1p(price[10:25]) - np.log1p(price[9:24])
    assert arranged.scaling.centre[0, 0] == pytest.approx(growth.mean(), abs=1e-14)


def test_holidays_are_counted_by_hand(tmp_path: Path) -> None:
    data = dataset(tmp_path, calendar={"fourier": 0, "trend": "none", "holidays": "US"})
    count = columns(data, *data.data["time"].values[[0, -1]]).sel(column="holidays").values[:, 0]
    # 2023: weeks from Monday 2 January. New Year observed, King, Washington, Memorial, Juneteenth,
    # Independence.
    by_hand = dict.fromkeys(range(WEEKS), 0)
    for month, day in [(1, 2), (1, 16), (2, 20), (5, 29), (6, 19), (7, 4)]:
        by_hand[(datetime.date(2023, month, day) - datetime.date(2023, 1, 2)).days // 7] += 1
    assert list(count) == list(by_hand.values())
    assert count.sum() == 6
    known = holidays.country_holidays("US", years=2023)
    assert datetime.date(2023, 7, 4) in known


def test_seasons_repeat_after_a_year_and_twice_a_year(tmp_path: Path) -> None:
    frame = pd.concat([table()] * 12, ignore_index=True)
    frame["week"] = pd.date_range("2020-01-01", periods=len(frame), freq="D").strftime("%Y-%m-%d")
    told = description(calendar={"fourier": 2, "trend": "none"})
    data = load(write(tmp_path, frame, told))
    raw = columns(data, *data.data["time"].values[[0, -1]])
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
    told: dict[str, Any] = description()
    told["controls"] = told["controls"] | {"extra": {"column": "extra"}}
    data = load(write(tmp_path, frame, told))
    with pytest.raises(InputError, match=message) as refusal:
        design(data, IDENTITY)
    assert "remove them from [controls] or [interactions], or simplify" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_control_that_is_constant_in_the_window_only_is_refused(tmp_path: Path) -> None:
    frame = table()
    frame["extra"] = (np.arange(WEEKS) >= 25).astype(int)
    told: dict[str, Any] = description()
    told["controls"] = told["controls"] | {"extra": {"column": "extra"}}
    data = load(write(tmp_path, frame, told))
    design(data, IDENTITY)
    with pytest.raises(InputError, match="over the fitted weeks the covariates 'extra' are const"):
        design(data, IDENTITY, slice(0, 25))


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
    arranged = design(data, form)
    spent = data.data["exposure"].values[..., CHANNELS.index("search")]
    logs = []
    for unit in range(2):
        on = np.log([x for x in spent[:, unit] if x > 0])
        assert arranged.scaling.mediator[unit] == pytest.approx(np.exp(on.mean()))
        logs += list(on - on.mean())
    assert arranged.scaling.mediator_spread == pytest.approx(np.sqrt(np.mean(np.square(logs))))


def test_positions_of_mediator_and_causes(single: Dataset) -> None:
    arranged = design(single, IDENTITY)
    assert arranged.mediator == "search"
    assert arranged.mediator_at == 2
    assert arranged.causes == ("video", "social")
    assert list(arranged.causes_at) == [1, 0]


def test_a_table_without_mediation(tmp_path: Path) -> None:
    frame, told = table(), description()
    del told["mediation"]
    data = load(write(tmp_path, frame, told))
    arranged = design(data)
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


def test_the_callers_choice_goes_before_the_descriptions(single: Dataset) -> None:
    told = single.description.model_copy(
        update={"model": single.description.model.model_copy(update={"link": "log"})}
    )
    data = replace(single, description=told)
    assert form_for(data).link == "log"
    assert form_for(data, link="identity").link == "identity"
    assert form_for(data).max_lag == MAX_LAG
