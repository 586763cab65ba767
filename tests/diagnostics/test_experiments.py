"""Conflict between a lift test and the rest of the data, where both are normal and known."""

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics.experiments import conflict_scores, experiment_checks


def posterior(
    rng: np.random.Generator, rest: float, spread: float, measured: float, error: float
) -> np.ndarray:
    """Draws given a normal prior, which stands for all other data, and one test."""
    variance = 1 / (1 / spread**2 + 1 / error**2)
    mean = variance * (rest / spread**2 + measured / error**2)
    return rng.normal(mean, np.sqrt(variance), 4000)


def tree_of(draws: np.ndarray, measured: np.ndarray, error: np.ndarray) -> xr.DataTree:
    names = {"experiment": [f"tv {number}" for number in range(len(measured))]}
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {"lift_mean": (("chain", "draw", "experiment"), draws[None])}, coords=names
            ),
            "observed_data": xr.Dataset({"lift": ("experiment", measured)}, coords=names),
            "constant_data": xr.Dataset({"lift_error": ("experiment", error)}, coords=names),
        }
    )


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_conflict_is_the_distance_from_the_rest(spread: float) -> None:
    """(measured - rest) / sqrt(spread^2 + error^2), as if the test had been left out."""
    rng = np.random.default_rng(1)
    for measured in (-3.0, 0.4, 6.0):
        draws = posterior(rng, 1.0, spread, measured, 1.0)[:, None]
        score = conflict_scores(np.array([measured]), np.array([1.0]), draws)[0]
        expected = (measured - 1.0) / np.sqrt(spread**2 + 1.0)
        assert score == pytest.approx(expected, rel=0.1, abs=0.1)


def test_truthful_tests_warn_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(2)
    scores = []
    for _ in range(400):
        spread = rng.uniform(0.3, 20.0)
        truth = rng.normal(0.0, spread)
        measured = rng.normal(truth, 1.0)
        draws = posterior(rng, 0.0, spread, measured, 1.0)[:, None]
        scores.append(conflict_scores(np.array([measured]), np.array([1.0]), draws)[0])
    assert np.mean(np.abs(scores) > 1.96) < 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / 400)


def test_checks_name_the_test_that_disagrees() -> None:
    rng = np.random.default_rng(3)
    measured, error = np.array([1.2, 9.0]), np.array([1.0, 1.0])
    draws = np.stack([posterior(rng, 1.0, 1.0, lift, 1.0) for lift in measured], axis=1)
    agrees, disagrees = experiment_checks(tree_of(draws, measured, error))
    assert (agrees.group, agrees.name, agrees.status) == ("experiments", "lift_1", "pass")
    assert "Experiment tv 0: measured 1.2 (standard error 1)" in agrees.message
    assert agrees.message.endswith("the two agree.")
    assert disagrees.status == "warn"
    assert "the experiment and the rest of the data disagree (p = " in disagrees.message
    assert disagrees.value is not None
    assert disagrees.value < disagrees.threshold


def test_without_experiments_there_is_nothing_to_check() -> None:
    assert experiment_checks(xr.DataTree.from_dict({"posterior": xr.Dataset()})) == []


def test_tests_that_contradict_each_other_are_not_blamed_on_other_events() -> None:
    rng = np.random.default_rng(4)
    measured, error = np.array([9.0, -9.0]), np.array([1.0, 1.0])
    draws = rng.normal(0.0, 0.5, (4000, 2))
    tree = tree_of(draws, measured, error)
    weeks = {"start": "2023-03-05", "end": "2023-03-26"}
    constant = (
        tree["constant_data"]
        .to_dataset()
        .assign(
            tested_channel=("experiment", ["tv", "tv"]),
            tested_unit=("experiment", ["all", "all"]),
            spend_change=("experiment", [10.0, 10.0]),
            lift=("experiment", measured),
            standard_error=("experiment", error),
            **{
                key: ("experiment", np.array([day] * 2, "datetime64[ns]"))
                for key, day in weeks.items()
            },
        )
    )
    tree["constant_data"] = xr.DataTree(constant)
    first, second = experiment_checks(tree)
    assert "tv 1" in first.message
    assert "tv 0" in second.message
    for check in (first, second):
        assert check.status == "warn"
        assert "The two can't both be true: correct or remove one of them" in check.message
        assert "other events" not in check.message
