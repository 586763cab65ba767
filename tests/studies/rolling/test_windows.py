"""A window's design, quantities and forecasts against loops; subsets of weeks against loops."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from builds import CHANNELS, MAX_LAG, WEEKS, Built, dataset, table, with_column
from oracle import active_mean, history, response, shares

from mmm_bayes.data.design import arrange, make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.data.splits import Split, blocked_splits
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.inference.forecast import append_total, forecast_table, predict
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.studies.rolling.subsets import DIFFERENCE, split_weeks, subset_effects
from mmm_bayes.studies.rolling.windows import window_design, window_quantities


def split(start: int, stop: int) -> Split:
    return Split(slice(start, stop), slice(stop, stop))


class TestDesign:
    def test_exposure_keeps_the_unit_of_the_first_window_that_had_the_channel(
        self, tmp_path: Path
    ) -> None:
        data = dataset(tmp_path)
        exposure = data.data["exposure"].copy()
        exposure[:16, :, 1] = 0.0  # video begins in week 16
        data = replace(data, data=data.data.assign(exposure=exposure))
        splits = [split(0, 14), split(8, 22), split(16, 30)]
        form = form_for(data)
        units = [window_design(data, form, splits, k).scaling.exposure[0] for k in range(3)]

        def active(first: int, last: int, channel: int) -> float:
            values = [x for x in exposure.values[first:last, 0, channel] if x > 0]
            return sum(values) / len(values)

        for channel in (0, 2, 3):
            assert [u[channel] for u in units] == pytest.approx([active(0, 14, channel)] * 3)
        assert units[0][1] == pytest.approx(active(0, 30, 1))  # the prior of weeks to come
        assert [u[1] for u in units[1:]] == pytest.approx([active(8, 22, 1)] * 2)

    def test_the_unit_follows_a_channel_that_nearly_stops(self, tmp_path: Path) -> None:
        data = dataset(tmp_path)
        exposure = data.data["exposure"].copy()
        exposure[14:, :, 1] = 0.001 * exposure[14:, :, 1]
        data = replace(data, data=data.data.assign(exposure=exposure))
        window = window_design(data, form_for(data), [split(0, 14), split(14, 30)], 1)
        active = exposure.values[14:, 0, 1].mean()  # video is never off
        assert window.scaling.exposure[0, 1] == pytest.approx(10 * active)

    def test_all_else_is_scaled_by_the_windows_own_weeks(self, tmp_path: Path) -> None:
        data = dataset(tmp_path)
        splits = [split(0, 20), split(10, 30)]
        later = window_design(data, form_for(data), splits, 1)
        own = make_design(data, form_for(data), slice(10, 30))
        for name in (
            "covariates", "outcome_scale", "mean_outcome", "mediator_scale", "prior_scale",
            "intensity", "money",
        ):  # fmt: skip
            np.testing.assert_array_equal(later.arrays[name], own.arrays[name])
        centred = later.arrays["covariates"].values[:, 0]
        np.testing.assert_allclose(centred.mean(0), 0, atol=1e-12)
        np.testing.assert_allclose(centred.T @ centred / 20, np.eye(centred.shape[1]), atol=1e-9)

    def test_carryover_comes_from_the_real_weeks_before(self, tmp_path: Path) -> None:
        data = dataset(tmp_path)
        window = window_design(data, form_for(data), [split(0, 20), split(10, 30)], 1)
        exposure = data.data["exposure"].values / window.scaling.exposure
        for lag in range(MAX_LAG):
            np.testing.assert_allclose(
                window.arrays["exposure_lags"].values[0, :, :, lag], exposure[10 - lag]
            )

    def test_no_window_knows_a_later_week(self, tmp_path: Path) -> None:
        data, splits = dataset(tmp_path), blocked_splits(WEEKS, window=26, step=1, horizon=1)
        designs = [window_design(data, form_for(data), splits, k) for k in range(len(splits))]
        changed = data.data.copy(deep=True)
        for name in ("outcome", "spend", "exposure", "controls"):
            changed[name][splits[1].train.stop :] *= 1.7
        other = replace(data, data=changed)
        for k in (0, 1):
            redone = window_design(other, form_for(data), splits, k)
            xr.testing.assert_identical(redone.arrays, designs[k].arrays)


@pytest.mark.parametrize("model", ["no_mediation", "partial_mediation"])
@pytest.mark.parametrize("units", [1, 2])
def test_window_quantities(build: Callable[..., Built], model: str, units: int) -> None:
    built = build(model, units=units)
    result = window_quantities(abduct(built.model, built.design, built.draws))
    np.testing.assert_allclose(result["contribution"], result["total"] / WEEKS)
    together = result["total"].sel(channel="all_media")  # what each adds directly, in sum
    np.testing.assert_allclose(
        together, result["direct"].sel(channel=list(CHANNELS)).sum("channel"), rtol=1e-9
    )
    exposure = built.design.dataset.data["exposure"].values
    for k, name in enumerate(CHANNELS):
        for u, unit in enumerate(built.design.arrays["unit"].values):
            on = [x for x in exposure[:, u, k] if x > 0]
            row = result.sel(unit=unit, channel=name)
            expected = built.free["saturation_kappa"].values[..., k] * (sum(on) / len(on))
            np.testing.assert_allclose(row["half_saturation"], expected)
            np.testing.assert_array_equal(
                row["retention"], built.free["adstock_alpha"].values[..., k]
            )
    if units == 2:
        assert np.isnan(result["half_saturation"].sel(unit="all")).all()
        np.testing.assert_allclose(
            result["contribution"].sel(unit="all"),
            result["contribution"].sel(unit=["r0", "r1"]).sum("unit"),
        )


def test_a_channel_that_is_off_in_the_window_has_no_curve_there(
    build: Callable[..., Built],
) -> None:
    built = build("no_mediation")
    exposure = built.design.dataset.data["exposure"].values.copy()
    exposure[..., CHANNELS.index("tv")] = 0.0
    design = replace(built.design, dataset=with_column(built.design.dataset, "exposure", exposure))
    result = window_quantities(abduct(built.model, design, built.draws)).isel(unit=0)
    for name in ("retention", "half_saturation"):
        assert np.isnan(result[name].sel(channel="tv")).all()
        assert np.isfinite(result[name].drop_sel(channel=["tv", "all_media"])).all()


def test_a_form_without_these_parameters_has_none(build: Callable[..., Built]) -> None:
    built = build("no_mediation", adstock="weibull_cdf", saturation="root")
    result = window_quantities(abduct(built.model, built.design, built.draws))
    assert np.isnan(result["retention"]).all()
    assert np.isnan(result["half_saturation"]).all()
    assert np.isfinite(result["total"]).all()


@pytest.mark.parametrize("units", [1, 2])
def test_subsets(build: Callable[..., Built], units: int) -> None:
    built = build("partial_mediation", units=units)
    fitted = abduct(built.model, built.design, built.draws)
    result = subset_effects(fitted).set_index(["control", "subset", "unit", "channel", "estimand"])
    names = [str(unit) for unit in built.design.arrays["unit"].values]
    frame = table(units=units)
    for channel, effects in zip(CHANNELS, weekly_effects(fitted), strict=True):
        for estimand in ("total", "indirect"):
            weekly = effects[estimand]
            for control, subset in (("promotion", "on"), ("price", "low")):
                total = np.zeros(len(weekly))
                for u, unit in enumerate(names):
                    rows = frame[frame["region"] == f"r{u}"]
                    if control == "promotion":
                        chosen = [w for w, x in enumerate(rows["promotion"]) if x == 1]
                    else:
                        middle = rows["price"].median()
                        chosen = [w for w, x in enumerate(rows["price"]) if x <= middle]
                    mean = sum(weekly[:, w, u] for w in chosen) / len(chosen)
                    total += mean
                    row = result.loc[(control, subset, unit, channel, estimand)]
                    assert row["mean"] == pytest.approx(mean.mean())
                    assert row["median"] == pytest.approx(np.median(mean))
                    assert row["weeks"] == len(chosen)
                if units == 2:
                    row = result.loc[(control, subset, "all", channel, estimand)]
                    assert row["mean"] == pytest.approx(total.mean())
    on, off = (result.xs(name, level="subset")["mean"] for name in ("on", "off"))
    gap = result.xs(DIFFERENCE, level="subset")["mean"]
    pd.testing.assert_series_equal(gap.loc[["promotion"]], on - off, check_names=False)


def test_a_control_that_does_not_split_the_weeks_is_left_out(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    controls = data.data["controls"].copy()
    controls[..., 1] = 1.0
    held = replace(data, data=data.data.assign(controls=controls))
    assert [weeks.control for weeks in split_weeks(held)] == ["price"]


def test_forecasts_lie_around_the_equations(build: Callable[..., Built]) -> None:
    """Without noise a forecast is the outcome's location, by the scaling of the fitted weeks."""
    built = build("no_mediation", weeks=(0, 20))
    whole = built.design
    ahead = arrange(whole.dataset, whole.form, whole.scaling, slice(20, 30))
    quiet = built.draws.assign(sigma=built.draws["sigma"] * 0 + 1e-9)
    predicted = predict(built.model, quiet, ahead, seed=1)["outcome"]
    assert predicted.sizes["time"] == 10
    np.testing.assert_array_equal(predicted["time"], whole.dataset.data["time"].values[20:30])
    draws = predicted.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)
    later = replace(built, design=ahead)
    for index, sample in enumerate(built.samples):
        expected = expected_location(built, later, sample)
        np.testing.assert_allclose(draws.values[index], expected, rtol=1e-6)


def expected_location(built: Built, later: Built, sample: dict) -> np.ndarray:
    """The location of the later weeks, in units of the first ones, in plain loops."""
    exposure = built.design.dataset.data["exposure"].values
    outcome = built.design.dataset.data["outcome"].values[:20]
    share = shares(built, sample)
    covariates = later.design.arrays["covariates"].values
    predictor = np.full((10, 1), sample["intercept"][0])
    predictor += (covariates * sample["covariate_effect"]).sum(-1)
    for k in range(len(CHANNELS)):
        shape = (
            sample["adstock_alpha"][k],
            sample["saturation_kappa"][k],
            sample["saturation_slope"][k],
        )
        unit = active_mean(built, 0, k)
        then = response(history(built)[:, 0, k], *shape, MAX_LAG)
        now = response(exposure[20 - MAX_LAG + 1 : 30, 0, k] / unit, *shape, MAX_LAG)
        predictor[:, 0] += share[k] * (now / then.mean() - 1)
    return outcome.mean(0) + 4 * outcome.std(0) * predictor


def test_the_table_of_a_forecast() -> None:
    rng = np.random.default_rng(0)
    draws = xr.DataArray(
        rng.normal(10, 1, (500, 2, 2)),
        dims=("sample", "horizon", "unit"),
        coords={"unit": ["a", "b"]},
    )
    rows = forecast_table(append_total(draws), None, start="2024-01-01", dates=["x", "y"])
    whole = rows[rows["unit"] == "all"].set_index("horizon")
    np.testing.assert_allclose(whole.loc[2, "mean"], draws.values[:, 1].sum(1).mean())
    np.testing.assert_allclose(whole.loc[1, "upper"], np.quantile(draws.values[:, 0].sum(1), 0.95))
    assert rows["observed"].isna().all()
