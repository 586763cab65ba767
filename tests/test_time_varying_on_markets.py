"""Effects that change, and effects that do not, in markets whose truth is known; one compile."""

import dataclasses
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.design import Design, arrange, data_names, design
from mmm_bayes.estimands import late_over_early, relative_effectiveness
from mmm_bayes.evaluation import evaluation, parameters
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, Settings, compile_model, follow, sample
from mmm_bayes.simulate import Market, as_dataset, simulate

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=500, tune=500, chains=4)
OVER = ("chain", "draw")
SEEDS = (1, 2, 3)


@dataclasses.dataclass(frozen=True)
class Fit:
    market: Market
    compiled: Compiled
    design: Design
    draws: xr.Dataset
    divergences: int

    @property
    def truth(self) -> xr.DataArray:
        """Effectiveness by week."""
        weeks = self.design.arrays.sizes["time"]
        known = self.market.truth["parameters"].get("effectiveness", np.ones(weeks))
        return xr.DataArray(known, dims="time")


@pytest.fixture(scope="module")
def fit() -> Callable[..., Fit]:
    compiled: list[Compiled] = []

    @cache
    def fitted(scenario: str, seed: int, weeks: int | None = None) -> Fit:
        market = simulate(scenario, seed=seed)
        arranged = design(as_dataset(market), weeks=slice(0, weeks))
        if not compiled:
            compiled.append(compile_model(member("time_varying"), arranged))
        tree = sample(compiled[0], arranged, dataclasses.replace(SETTINGS, seed=seed))
        draws = follow(compiled[0], arranged, tree["posterior"].to_dataset())
        wrong = int(tree["sample_stats"]["diverging"].sum())
        return Fit(market, compiled[0], arranged, draws, wrong)

    return fitted


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fall_to_a_half_is_seen_and_measured(fit: Callable[..., Fit], seed: int) -> None:
    one = fit("changing_effect", seed)
    left = late_over_early(one.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    truth = float(late_over_early(one.truth))
    assert 0.5 < truth < 0.6
    assert (left[1] < 1).sum() >= 4  # of five channels
    assert ((left[0] <= truth) & (truth <= left[1])).sum() >= 4
    path = relative_effectiveness(one.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    level = relative_effectiveness(one.truth)
    assert ((path[0] <= level) & (level <= path[1])).mean() > 0.75
    assert one.divergences < 20  # of 2,000


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_constant_effects_stay_constant(fit: Callable[..., Fit], seed: int) -> None:
    one = fit("mediated", seed)
    left = late_over_early(one.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    assert ((left[0] <= 1) & (left[1] >= 1)).all()
    path = relative_effectiveness(one.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    assert ((path[0] <= 1) & (path[1] >= 1)).mean() > 0.95


def test_weeks_after_the_fit_are_less_and_less_sure(fit: Callable[..., Fit]) -> None:
    one = fit("changing_effect", 1, 125)
    whole = arrange(one.design.dataset, one.design.form, one.design.scaling)
    model = one.compiled.model
    path = evaluation(model, given=parameters(model), wanted=["effectiveness"])
    data = {name: whole.arrays[name].values for name in data_names(whole)}
    log = np.log(path(one.draws[parameters(model)], data)["effectiveness"])
    fitted = np.log(one.draws["effectiveness"].values.reshape(log.shape[0], 125, -1))
    np.testing.assert_allclose(log[:, :125], fitted, rtol=1e-6, atol=1e-9)
    moved = (log[:, 125:] - log[:, [124]]).std(0)
    assert (np.diff(moved[::8], axis=0) > 0).all()
    centre = (log[:, -1] - log[:, 124]).mean(0)
    assert (np.abs(centre) < 0.2 * moved[-1]).all()  # the last level is the best guess
