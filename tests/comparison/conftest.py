"""Run folders built from exact posteriors, without sampling."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

# The helper of the diagnostics' tests; the tests are not a package.
sys.path.insert(0, str(Path(__file__).parents[1] / "diagnostics"))

import conjugate

from mmm_bayes.inference import runs

WEEKS, KEPT, COLUMNS = 120, 24, 6
HASH = "ab" * 32


class Market:
    """One linear market, with the columns of it that a model is given."""

    def __init__(self, seed=3):
        rng = np.random.default_rng(seed)
        self.x = conjugate.regressors(WEEKS + KEPT, COLUMNS, seed)
        effects = np.array([50.0, 4.0, 2.0, -2.0, 1.5, 0.05])
        self.y = self.x @ effects + rng.standard_normal(WEEKS + KEPT)

    def tree(self, columns, seed=0, draws=400):
        """The exact fit on some columns, with the groups that a comparison reads."""
        x = self.x[:, columns]
        future = (x[WEEKS:], self.y[WEEKS:])
        rng = np.random.default_rng(seed)
        tree = conjugate.fit(self.y[:WEEKS], x[:WEEKS], rng, future=future, draws=draws)
        groups = {name: node.to_dataset() for name, node in tree.children.items()}
        groups["posterior"] = groups["posterior"][["beta", "sigma"]]
        del groups["posterior_predictive"]
        slim = xr.DataTree.from_dict(groups)
        slim.attrs = tree.attrs
        return slim


@pytest.fixture(scope="session")
def market():
    return Market()


def save(folder, tree, *, verdict="pass", **changes):
    record = {
        "model": folder.name,
        "seed": 1,
        "data_sha256": HASH,
        "form": {"link": "identity", "likelihood": "normal"},
        "description": {"outcome": "sales"},
    }
    runs.save(
        folder,
        draws=tree,
        effects=xr.DataTree(),
        estimands=pd.DataFrame({"unit": ["all"]}),
        diagnostics={"verdict": verdict},
        record=record | changes,
        model="",
    )
    return folder


@pytest.fixture
def saved(tmp_path):
    """Saves a run folder around a tree, with its record changed."""
    return lambda name, tree, **changes: save(tmp_path / name, tree, **changes)


@pytest.fixture(scope="session")
def good(market, tmp_path_factory):
    """A run with every column that matters."""
    return save(tmp_path_factory.mktemp("runs") / "good", market.tree(range(5)))


@pytest.fixture(scope="session")
def same(market, tmp_path_factory):
    """A run with one more column, which does next to nothing."""
    return save(tmp_path_factory.mktemp("runs") / "same", market.tree(range(6), seed=1))


@pytest.fixture(scope="session")
def poor(market, tmp_path_factory):
    """A run without the column that matters most."""
    tree = market.tree([0, 2, 3, 5], seed=2)
    return save(tmp_path_factory.mktemp("runs") / "poor", tree, verdict="fail")
