"""The test of constant effects: exact where theory says so, and named where an effect changes."""

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr
from oracle import response
from scipy.stats import kstest

from mmm_bayes.diagnostics.change import change_checks, slope_tests
from mmm_bayes.model.media import Media

WEEKS, LAGS = 120, 4
CHANNELS = ("social", "tv", "search")
ALPHA, KAPPA, SLOPE = (0.3, 0.5, 0.0), (1.0, 0.7, 1.5), (1.1, 1.3, 0.9)
BETA, SIGMA = np.array([0.15, 0.2, 0.2]), 0.02


class Simulated:
    """Units with spends and known forms; `tree` is a fit by least squares, forms held at truth."""

    def __init__(self, seed: int, *, units: int = 1, log: bool = False) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.units, self.log = units, log
        path = rng.gamma(2.0, 0.5, (LAGS - 1 + WEEKS, units, len(CHANNELS)))
        self.lags = np.lib.stride_tricks.sliding_window_view(path, LAGS, axis=0)[..., ::-1]
        self.media = np.empty((WEEKS, units, len(CHANNELS)))
        for index, form in enumerate(zip(ALPHA, KAPPA, SLOPE, strict=True)):
            for unit in range(units):
                self.media[:, unit, index] = self.forms(unit, index, *form)
        self.covariates = rng.normal(size=(WEEKS, units, 2))

    def forms(self, unit: int, index: int, *form: float) -> np.ndarray:
        series = np.concatenate([self.lags[0, unit, index, :0:-1], self.lags[:, unit, index, 0]])
        return response(series, *form, LAGS)

    def tree(self, left: np.ndarray | None = None) -> xr.DataTree:
        """A table in which effects are multiplied by `left` (time, channel), and its fit."""
        effect = np.ones((WEEKS, 1)) if left is None else left
        share = self.media / self.media.mean(0) * BETA
        noise = self.rng.normal(0, SIGMA, (WEEKS, self.units))
        y = 1 + (share * effect[:, None]).sum(-1) + 0.1 * self.covariates.sum(-1) + noise
        fitted, beta = np.empty_like(y), np.empty((self.units, len(CHANNELS)))
        for unit in range(self.units):
            own = np.column_stack([np.ones(WEEKS), self.covariates[:, unit], share[:, unit] / BETA])
            coefficients = np.linalg.lstsq(own, y[:, unit])[0]
            fitted[:, unit], beta[unit] = own @ coefficients, coefficients[3:]
        self.y = y

        def draws(values: Any, *dims: str) -> tuple[tuple[str, ...], np.ndarray]:
            return ("chain", "draw", *dims), np.broadcast_to(values, (2, 3, *np.shape(values)))

        self.beta = beta
        posterior = {
            "outcome_location": draws(np.exp(fitted) if self.log else fitted, "time", "unit"),
        }
        outcome = np.exp(y) if self.log else y
        tree = xr.DataTree.from_dict(
            {
                "posterior": xr.Dataset(posterior),
                "observed_data": xr.Dataset({"outcome": (("time", "unit"), outcome)}),
                "constant_data": xr.Dataset(
                    {
                        "outcome_scale": ("unit", np.ones(self.units)),
                    },
                    coords={"unit": np.arange(self.units)},
                ),
            }
        )
        tree.attrs = {"link": "log" if self.log else "identity", "likelihood": "normal"}
        return tree

    def media_terms(self, acting: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Media:
        """What the fitted model says of its media, those that do not act with no contribution."""
        scale = self.beta / self.media.mean(0) * acting
        moved = []
        for place in range(3):
            response = np.empty_like(self.media)
            for index, form in enumerate(zip(ALPHA, KAPPA, SLOPE, strict=True)):
                near = [value * (1 + 1e-6) if k == place else value for k, value in enumerate(form)]
                for unit in range(self.units):
                    response[:, unit, index] = self.forms(unit, index, *near)
            moved.append((response - self.media) / 1e-6 * scale)
        dims, coords = ("time", "unit", "channel"), {"channel": list(CHANNELS)}
        return Media(
            responses={},
            contribution=xr.DataArray(self.media * scale, dims=dims, coords=coords),
            derivatives=xr.DataArray(np.stack(moved), dims=("parameter", *dims), coords=coords),
            covariates=xr.DataArray(self.covariates, dims=("time", "unit", "covariate")),
        )

    def regression(self, index: int) -> Any:
        """The t-test of one channel's slope in the regression on everything, by statsmodels."""
        forms = zip(ALPHA, KAPPA, SLOPE, strict=True)
        columns = [np.ones(WEEKS), np.arange(WEEKS), *self.covariates[:, 0].T]
        for channel, (alpha, kappa, slope) in enumerate(forms):
            near = [(alpha + 1e-6, kappa, slope), (alpha, kappa + 1e-6, slope)]
            near.append((alpha, kappa, slope + 1e-6))
            here = self.media[:, 0, channel]
            # Without retention the logit has no derivative, and the model none to fit.
            moved = [(self.forms(0, channel, *form) - here) / 1e-6 for form in near]
            columns += [here, *(moved if alpha > 0 else moved[1:])]
        slope = self.media[:, 0, index] * np.linspace(-1, 1, WEEKS)
        return sm.OLS(self.y[:, 0], np.column_stack([*columns, slope])).fit()


def test_it_is_the_t_test_of_a_regression_on_the_models_derivatives() -> None:
    market = Simulated(1)
    tests = {test.channel: test for test in slope_tests(market.tree(), market.media_terms())}
    assert list(tests) == [*CHANNELS, ""]
    for index, channel in enumerate(CHANNELS):
        expected = market.regression(index).pvalues[-1]
        assert tests[channel].p_value == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("kind", [{}, {"units": 3}, {"log": True}])
def test_p_values_of_constant_effects_are_uniform(kind: dict[str, Any]) -> None:
    market = Simulated(2, **kind)
    tests = [slope_tests(market.tree(), market.media_terms()) for _ in range(150)]
    for index in range(len(CHANNELS) + 1):
        p_values = [channels[index].p_value for channels in tests]
        assert kstest(p_values, "uniform").pvalue > 0.005


def test_a_check_of_constant_effects_fails_at_its_nominal_rate() -> None:
    market = Simulated(3)
    status = [change_checks(market.tree(), market.media_terms())[0].status for _ in range(200)]
    # 1% and 5%, or less since Holm's method is conservative; more has a probability of 0.01.
    assert status.count("fail") <= 6
    assert 2 <= status.count("fail") + status.count("warn") <= 18


@pytest.mark.parametrize("kind", [{}, {"units": 3}, {"log": True}])
def test_a_channel_that_loses_effect_is_named_alone(kind: dict[str, Any]) -> None:
    left = np.ones((WEEKS, len(CHANNELS)))
    left[WEEKS // 2 :, 2] = 0.3
    market = Simulated(4, **kind)
    (check,) = change_checks(market.tree(left), market.media_terms())
    assert check.status == "fail"
    assert "The effect of search seems to have fallen over the weeks (p = " in check.message
    assert "social" not in check.message
    assert "tv" not in check.message


def test_channels_that_change_together_are_found_together() -> None:
    left = np.linspace(0.6, 1.4, WEEKS)[:, None] * np.ones(len(CHANNELS))
    market = Simulated(5)
    tests = {test.channel: test for test in slope_tests(market.tree(left), market.media_terms())}
    assert tests[""].p_value == min(test.p_value for test in tests.values())
    assert tests[""].slope == pytest.approx(0.4, abs=0.15)


def test_nothing_is_said_of_a_model_whose_effects_may_change() -> None:
    market = Simulated(6)
    tree = market.tree()
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = xr.DataTree(posterior.assign(effectiveness=posterior["outcome_location"]))
    assert change_checks(tree, market.media_terms()) == []


def test_nothing_is_said_of_media_that_are_not_known() -> None:
    assert change_checks(Simulated(6).tree(), None) == []


def test_a_channel_without_an_effect_is_left_out() -> None:
    market = Simulated(7)
    tests = slope_tests(market.tree(), market.media_terms((0.0, 1.0, 1.0)))
    assert [test.channel for test in tests] == ["tv", "search", ""]


def test_too_few_weeks_are_not_tested() -> None:
    market = Simulated(8)
    tree, media = market.tree(), market.media_terms()
    short = tree.map_over_datasets(
        lambda group: group.isel(time=slice(0, 20)) if "time" in group.dims else group
    )
    short.attrs = tree.attrs
    weeks = {"time": slice(0, 20)}
    media = Media(
        {},
        media.contribution.isel(weeks),
        media.derivatives.isel(weeks),
        media.covariates.isel(weeks),
    )
    assert change_checks(short, media) == []
