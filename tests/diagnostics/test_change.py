"""The test of constant effects: exact where theory says so, and named where an effect changes."""

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr
from oracle import response
from scipy.stats import kstest

from mmm_bayes.diagnostics.change import change_checks, slopes

WEEKS, LAGS = 120, 4
CHANNELS = ("social", "tv", "search")
ALPHA, KAPPA, SLOPE = (0.3, 0.5, 0.0), (1.0, 0.7, 1.5), (1.1, 1.3, 0.9)
BETA, SIGMA = np.array([0.15, 0.2, 0.2]), 0.02


class World:
    """Units with spends and known forms; `tree` is a fit by least squares, forms held at truth."""

    def __init__(self, seed: int, *, units: int = 1, log: bool = False) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.units, self.log = units, log
        path = rng.gamma(2.0, 0.5, (LAGS - 1 + WEEKS, units, len(CHANNELS)))
        self.lags = np.lib.stride_tricks.sliding_window_view(path, LAGS, axis=0)[..., ::-1]
        self.media = np.empty((WEEKS, units, len(CHANNELS)))
        for at, form in enumerate(zip(ALPHA, KAPPA, SLOPE, strict=True)):
            for unit in range(units):
                self.media[:, unit, at] = self.forms(unit, at, *form)
        self.covariates = rng.normal(size=(WEEKS, units, 2))

    def forms(self, unit: int, at: int, *form: float) -> np.ndarray:
        series = np.concatenate([self.lags[0, unit, at, :0:-1], self.lags[:, unit, at, 0]])
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
            found = np.linalg.lstsq(own, y[:, unit])[0]
            fitted[:, unit], beta[unit] = own @ found, found[3:]
        self.y = y

        def draws(values: Any, *dims: str) -> tuple[tuple[str, ...], np.ndarray]:
            return ("chain", "draw", *dims), np.broadcast_to(values, (2, 3, *np.shape(values)))

        posterior = {
            "adstock_alpha": draws(ALPHA, "channel"),
            "saturation_kappa": draws(KAPPA, "channel"),
            "saturation_slope": draws(SLOPE, "channel"),
            "beta": draws(beta.mean(0), "channel"),
            "unit_beta": draws(beta, "unit", "channel"),
            "outcome_mean": draws(np.exp(fitted) if self.log else fitted, "time", "unit"),
        }
        outcome = np.exp(y) if self.log else y
        tree = xr.DataTree.from_dict(
            {
                "posterior": xr.Dataset(posterior),
                "observed_data": xr.Dataset({"outcome": (("time", "unit"), outcome)}),
                "constant_data": xr.Dataset(
                    {
                        "exposure_lags": (("time", "unit", "channel", "lag"), self.lags),
                        "covariates": (("time", "unit", "covariate"), self.covariates),
                        "outcome_scale": ("unit", np.ones(self.units)),
                    },
                    coords={"channel": list(CHANNELS), "unit": np.arange(self.units)},
                ),
            }
        )
        tree.attrs = {"link": "log" if self.log else "identity", "likelihood": "normal"}
        return tree

    def regression(self, at: int) -> Any:
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
        slope = self.media[:, 0, at] * np.linspace(-1, 1, WEEKS)
        return sm.OLS(self.y[:, 0], np.column_stack([*columns, slope])).fit()


def test_it_is_the_t_test_of_a_regression_on_the_models_derivatives() -> None:
    world = World(1)
    found = {one.channel: one for one in slopes(world.tree())}
    assert list(found) == [*CHANNELS, ""]
    for at, channel in enumerate(CHANNELS):
        assert found[channel].p == pytest.approx(world.regression(at).pvalues[-1], rel=1e-3)


@pytest.mark.parametrize("kind", [{}, {"units": 3}, {"log": True}])
def test_p_values_of_constant_effects_are_uniform(kind: dict[str, Any]) -> None:
    world = World(2, **kind)
    tests = [slopes(world.tree()) for _ in range(150)]
    for at in range(len(CHANNELS) + 1):
        assert kstest([one[at].p for one in tests], "uniform").pvalue > 0.005


def test_a_check_of_constant_effects_fails_at_its_nominal_rate() -> None:
    world = World(3)
    status = [change_checks(world.tree())[0].status for _ in range(200)]
    # 1% and 5%, less what Holm's rule is too careful; beyond these lies a probability of 0.01.
    assert status.count("fail") <= 6
    assert 2 <= status.count("fail") + status.count("warn") <= 18


@pytest.mark.parametrize("kind", [{}, {"units": 3}, {"log": True}])
def test_a_channel_that_loses_effect_is_named_alone(kind: dict[str, Any]) -> None:
    left = np.ones((WEEKS, len(CHANNELS)))
    left[WEEKS // 2 :, 2] = 0.3
    tree = World(4, **kind).tree(left)
    (check,) = change_checks(tree)
    assert check.status == "fail"
    assert "search less late than early" in check.says
    assert "social" not in check.says
    assert "tv" not in check.says


def test_channels_that_change_together_are_found_together() -> None:
    left = np.linspace(0.6, 1.4, WEEKS)[:, None] * np.ones(len(CHANNELS))
    found = {one.channel: one for one in slopes(World(5).tree(left))}
    assert found[""].p == min(one.p for one in found.values())
    assert found[""].b == pytest.approx(0.4, abs=0.15)


def test_nothing_is_said_of_a_model_whose_effects_may_change() -> None:
    tree = World(6).tree()
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = xr.DataTree(posterior.assign(effectiveness=posterior["beta"]))
    assert change_checks(tree) == []


def test_a_channel_without_an_effect_is_left_out() -> None:
    tree = World(7).tree()
    posterior = tree["posterior"].to_dataset().drop_vars("unit_beta").copy(deep=True)
    beta = posterior["beta"].copy(data=posterior["beta"].values * np.array([0.0, 1.0, 1.0]))
    tree["posterior"] = xr.DataTree(posterior.assign(beta=beta))
    assert [one.channel for one in slopes(tree)] == ["tv", "search", ""]


def test_too_few_weeks_are_not_tested() -> None:
    tree = World(8).tree()
    short = tree.map_over_datasets(
        lambda group: group.isel(time=slice(0, 20)) if "time" in group.dims else group
    )
    short.attrs = tree.attrs
    assert change_checks(short) == []
