"""Differences, their errors and the weights, against their definitions."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from arviz_stats.utils import ELPDDataLOO

from mmm_bayes.comparison.ranking import are_distinguishable, rank_runs


def elpd(values):
    values = np.asarray(values, dtype=float)
    return ELPDDataLOO(
        elpd=values.sum(), se=np.sqrt(values.size * values.var()), p=3.0, n_samples=1000,
        n_data_points=values.size, scale="log", warning=False, good_k=0.7,
        elpd_i=xr.DataArray(values, dims="time"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def values():
    """Each of three runs predicts other weeks well; the last none."""
    rng = np.random.default_rng(5)
    shared = rng.normal(-3, 1, 200)
    return {
        "a": shared + rng.normal(0.0, 1.0, 200),
        "b": shared + rng.normal(-0.2, 1.0, 200),
        "c": shared - 3,
    }


@pytest.fixture(scope="module")
def table(values):
    return rank_runs({name: elpd(run) for name, run in values.items()})


def test_best_first_with_differences_and_their_errors(values, table):
    assert list(table["run"]) == ["a", "b", "c"]
    assert list(table.columns) == ["run", "elpd", "elpd_se", "elpd_diff", "diff_se", "weight"]
    for row in table.itertuples():
        own, lag = values[row.run], values[row.run] - values["a"]
        assert row.elpd == pytest.approx(own.sum())
        assert row.elpd_se == pytest.approx(np.sqrt(200) * own.std())
        assert row.elpd_diff == pytest.approx(lag.sum())
        assert row.diff_se == pytest.approx(np.sqrt(200) * lag.std())


def test_weights_are_those_of_the_best_mixture(values, table):
    """A grid over all shares of a, the rest b, finds no better mixture."""
    share = np.linspace(0, 1, 2001)[:, None]
    mixture = np.logaddexp(
        values["a"] + np.log(np.maximum(share, 1e-300)),
        values["b"] + np.log(np.maximum(1 - share, 1e-300)),
    ).sum(axis=1)
    weight = table.set_index("run")["weight"]
    assert weight["a"] == pytest.approx(share[mixture.argmax(), 0], abs=0.01)
    assert weight["c"] == pytest.approx(0, abs=1e-3)
    assert weight.sum() == pytest.approx(1)


def test_a_value_that_is_all_but_impossible_under_every_model(values, table):
    """exp of its log density is 0: it must count for the totals, not for the weights."""
    extended = rank_runs({name: elpd([*run, -5e5]) for name, run in values.items()})
    np.testing.assert_allclose(extended["weight"], table["weight"], atol=1e-3)
    np.testing.assert_allclose(extended["elpd_diff"], table["elpd_diff"])
    np.testing.assert_allclose(extended["elpd"], table["elpd"] - 5e5)


@pytest.mark.parametrize(
    "difference, error, expected",
    [(-12.3, 4.1, True), (-3.9, 0.1, False), (-8.0, 4.1, False), (0.0, 0.0, False)],
)
def test_only_large_and_certain_differences_are_distinguishable(difference, error, expected):
    assert are_distinguishable(difference, error) == expected


def test_runs_come_in_order(table):
    assert all(left >= right for left, right in pairwise(table["elpd"]))
