"""Information in a lift test, on markets with a known truth.

A truthful test measures the response curve between the observed spend and the tested one, so the
interval of the channel's total effect must come out narrower, and still hold the truth as often as
it says; a test that never happened must be told apart from the data.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from truth import truthful_experiments

from mmm_bayes.data import load
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.data.lifts import NO_EVIDENCE
from mmm_bayes.diagnostics.experiments import conflict_scores
from mmm_bayes.estimands import summed_effects
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    compile_model,
    compute_deterministics,
    sample,
)
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member
from mmm_bayes.studies.simulate import save, simulate

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=400, tune=400, chains=2)
MARKETS = 3
#: Two months of silence each: of the mediator, and of a channel that raises it.
TESTS = [("google", 60, 67, -1.0), ("facebook", 90, 97, -1.0)]
ERROR = 0.1


@dataclass(frozen=True)
class Fitted:
    """Fit of a market: total effects (sample, channel), their truth, and each test's conflict."""

    totals: np.ndarray
    truth: np.ndarray
    conflict: np.ndarray

    @property
    def interval(self) -> np.ndarray:
        return np.quantile(self.totals, [0.05, 0.95], axis=0)

    @property
    def width(self) -> np.ndarray:
        return np.ptp(self.interval, axis=0)

    @property
    def covered(self) -> np.ndarray:
        lower, upper = self.interval
        return (lower <= self.truth) & (self.truth <= upper)


def fitted(compiled: CompiledModel, arranged: Design, truth: np.ndarray, seed: int) -> Fitted:
    tree = sample(compiled, arranged, replace(SETTINGS, seed=seed + 1))
    draws = compute_deterministics(compiled, arranged, tree["posterior"].to_dataset())
    total = summed_effects(abduct(compiled.model, arranged, draws))["total"].isel(unit=-1)
    tested = total.sel(channel=[channel for channel, *_ in TESTS])
    lifts = draws["lift_mean"].transpose(..., "experiment").values.reshape(-1, len(TESTS))
    arrays = arranged.arrays
    return Fitted(
        tested.transpose(..., "channel").values.reshape(-1, len(TESTS)),
        truth,
        conflict_scores(arrays["lift_observed"].values, arrays["lift_error"].values, lifts),
    )


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Fitted]]:
    """Fits of each market without its tests, with them, and with a false one."""
    compiled, by_kind = None, {"without": [], "with": [], "false": []}
    for seed in range(MARKETS):
        market, folder = simulate("mediated", seed=seed), tmp_path_factory.mktemp("market")
        _, toml, _ = save(market, Path(folder) / "market.csv")
        truthful_experiments(market, TESTS, ERROR).to_csv(folder / "lift_tests.csv", index=False)
        with toml.open("a") as description:
            description.write('\n[experiments]\nfile = "lift_tests.csv"\n')
        arranged = make_design(load(toml))
        compiled = compiled or compile_model(load_member("partial_mediation"), arranged)
        total = {
            row["channel"]: row["value"]
            for row in market.truth["effects"]
            if row["estimand"] == "total"
        }
        truth = np.array([total[channel] for channel, *_ in TESTS])
        arrays = arranged.arrays
        reversed_first = xr.DataArray([-1.0, 1.0], dims="experiment")
        for kind, changed in (
            ("without", {"lift_error": xr.full_like(arrays["lift_error"], NO_EVIDENCE)}),
            ("with", {}),
            ("false", {"lift_observed": arrays["lift_observed"] * reversed_first}),
        ):
            chosen = replace(arranged, arrays=arrays.assign(changed))
            by_kind[kind].append(fitted(compiled, chosen, truth, seed))
    return by_kind


def test_a_truthful_test_narrows_the_interval_of_its_channel(
    fits: dict[str, list[Fitted]],
) -> None:
    ratio = np.array(
        [
            tested.width / untested.width
            for untested, tested in zip(fits["without"], fits["with"], strict=True)
        ]
    )
    assert (ratio < 1).all()
    assert (ratio.mean(0) < 0.65).all()


def test_the_narrower_interval_holds_the_truth(fits: dict[str, list[Fitted]]) -> None:
    """Of six 90% intervals at least four: fewer happen by chance once in sixty times."""
    assert sum(fit.covered.sum() for fit in fits["with"]) >= 4


def test_only_a_false_test_disagrees(fits: dict[str, list[Fitted]]) -> None:
    truthful = np.abs([fit.conflict for fit in fits["with"]])
    assert (truthful < 2.6).all()  # 99% of a normal; six of them
    assert all(abs(fit.conflict[0]) > 1.96 for fit in fits["false"])
