"""Changing and constant effects on markets with a known truth, with one compiled model."""

import dataclasses
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.data.design import Design, arrange, data_names, make_design
from mmm_bayes.estimands import late_early_ratio, relative_effectiveness
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    compile_model,
    compute_deterministics,
    sample,
)
from mmm_bayes.model.evaluation import graph_function, static_nodes
from mmm_bayes.model.family import load_member
from mmm_bayes.studies.simulate import Market, as_dataset, simulate

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=500, tune=500, chains=4)
OVER = ("chain", "draw")
SEEDS = (1, 2)


@dataclasses.dataclass(frozen=True)
class Fit:
    market: Market
    compiled: CompiledModel
    design: Design
    draws: xr.Dataset
    divergences: int

    @property
    def truth(self) -> xr.DataArray:
        """Effectiveness by week."""
        weeks = self.design.arrays.sizes["time"]
        effectiveness = self.market.truth["parameters"].get("effectiveness", np.ones(weeks))
        return xr.DataArray(effectiveness, dims="time")


@pytest.fixture(scope="module")
def fit() -> Callable[..., Fit]:
    compiled: list[CompiledModel] = []

    @cache
    def fitted(scenario: str, seed: int, weeks: int | None = None) -> Fit:
        market = simulate(scenario, seed=seed)
        arranged = make_design(as_dataset(market), weeks=slice(0, weeks))
        if not compiled:
            compiled.append(compile_model(load_member("time_varying"), arranged))
        tree = sample(compiled[0], arranged, dataclasses.replace(SETTINGS, seed=seed))
        draws = compute_deterministics(compiled[0], arranged, tree["posterior"].to_dataset())
        wrong = int(tree["sample_stats"]["diverging"].sum())
        return Fit(market, compiled[0], arranged, draws, wrong)

    return fitted


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fall_to_a_half_is_detected_and_estimated(fit: Callable[..., Fit], seed: int) -> None:
    fitted = fit("changing_effect", seed)
    change = late_early_ratio(fitted.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    truth = float(late_early_ratio(fitted.truth))
    assert 0.5 < truth < 0.6
    assert (change[1] < 1).sum() >= 4  # of five channels
    assert ((change[0] <= truth) & (truth <= change[1])).sum() >= 4
    path = relative_effectiveness(fitted.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    level = relative_effectiveness(fitted.truth)
    assert ((path[0] <= level) & (level <= path[1])).mean() > 0.75


def test_the_sampler_follows_the_posterior(fit: Callable[..., Fit]) -> None:
    """Over the markets together: that a single chain adapted badly is for the fit's own check."""
    divergences = [fit("changing_effect", seed).divergences for seed in SEEDS]
    assert sum(divergences) < 0.01 * len(SEEDS) * SETTINGS.draws * SETTINGS.chains


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_constant_effects_stay_constant(fit: Callable[..., Fit], seed: int) -> None:
    fitted = fit("mediated", seed)
    change = late_early_ratio(fitted.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    assert ((change[0] <= 1) & (change[1] >= 1)).all()
    path = relative_effectiveness(fitted.draws["effectiveness"]).quantile([0.05, 0.95], dim=OVER)
    assert ((path[0] <= 1) & (path[1] >= 1)).mean() > 0.95


def test_uncertainty_grows_with_the_weeks_after_the_fit(fit: Callable[..., Fit]) -> None:
    result = fit("changing_effect", 1, 125)
    whole_table = arrange(result.design.dataset, result.design.form, result.design.scaling)
    model = result.compiled.model
    path = graph_function(model, inputs=static_nodes(model), outputs=["effectiveness"])
    data = {name: whole_table.arrays[name].values for name in data_names(whole_table)}
    log = np.log(path(result.draws[static_nodes(model)], data)["effectiveness"])
    fitted = np.log(result.draws["effectiveness"].values.reshape(log.shape[0], 125, -1))
    np.testing.assert_allclose(log[:, :125], fitted, rtol=1e-6, atol=1e-9)
    spread = (log[:, 125:] - log[:, [124]]).std(0)
    assert (np.diff(spread[::8], axis=0) > 0).all()
    centre = (log[:, -1] - log[:, 124]).mean(0)
    assert (np.abs(centre) < 0.2 * spread[-1]).all()  # the last level is the best guess
