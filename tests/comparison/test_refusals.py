"""Runs that can't be compared raise one sentence, before anything is written."""

import re

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.comparison import compare
from mmm_bayes.comparison.runs import load_comparable
from mmm_bayes.errors import InputError


def changed(tree, group, **coords):
    """The tree with one group's labels replaced."""
    other = tree.copy()
    other[group] = xr.DataTree(tree[group].to_dataset().assign_coords(**coords))
    return other


def without(tree, *groups):
    return xr.DataTree.from_dict(
        {name: node.to_dataset() for name, node in tree.children.items() if name not in groups}
    )


def refused(folders, tmp_path, message):
    with pytest.raises(InputError, match=re.escape(message)):
        compare(folders, tmp_path / "out", say=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_one_run(good, tmp_path):
    refused([good], tmp_path, f"needs two or more runs, but only {good} was given; name another")


def test_no_run(tmp_path):
    refused([], tmp_path, "needs two or more runs, but none was given")


def test_the_same_folder_twice_under_two_spellings(good, same, tmp_path):
    again = same / ".." / ".." / good.parent.name / "good"
    refused([good, same, again], tmp_path, f"{again} is given twice; name each run once")


def test_not_a_run(good, tmp_path):
    refused([good, tmp_path], tmp_path, "is not a finished run")


def test_different_data(good, market, saved, tmp_path):
    other = saved("other", market.tree(range(5), draws=10), data_sha256="0123456789" * 6)
    refused(
        [good, other],
        tmp_path,
        "good and other were fitted to different data (SHA-256 abababab... and 01234567...)",
    )


@pytest.mark.parametrize("dim, what", [("time", "dates"), ("unit", "units")])
def test_other_weeks_or_units(good, market, saved, tmp_path, dim, what):
    tree = market.tree(range(5), draws=10)
    labels = tree["observed_data"][dim].values
    other = np.roll(labels, 1) if dim == "time" else np.array(["north"])
    other = saved("one", changed(tree, "observed_data", **{dim: other}))
    refused([good, other], tmp_path, f"good and one score different {what} of the same table")


def test_other_outcome(good, market, saved, tmp_path):
    tree = market.tree(range(5), draws=10)
    tree["observed_data"] = xr.DataTree(tree["observed_data"].to_dataset() + 1)
    other = saved("other", tree, description={"outcome": "orders"})
    refused([good, other], tmp_path, "different outcomes of the same table ('sales' and 'orders')")


def test_other_holdout(good, market, saved, tmp_path):
    tree = market.tree(range(5), draws=10)
    later = tree["predictions_observed"]["time"].values + np.timedelta64(7, "D")
    tree = changed(tree, "predictions_observed", time=later)
    refused([good, saved("late", tree)], tmp_path, "good and late have different holdouts")


def test_no_log_likelihood(good, market, saved, tmp_path):
    bare = saved("bare", without(market.tree(range(5), draws=10), "log_likelihood"))
    refused([good, bare], tmp_path, "bare has no log-likelihood of the outcome")


def test_an_impossible_week(good, market, saved, tmp_path):
    tree = market.tree(range(5), draws=10)
    tree["log_likelihood"]["outcome"].values[0, 0, 7] = -np.inf
    refused([good, saved("inf", tree)], tmp_path, "inf has draws under which an observed outcome")


def test_a_taken_folder_is_refused_first(good, tmp_path):
    with pytest.raises(InputError, match="already exists and is never overwritten"):
        compare([], good)


def test_runs_of_one_name_get_as_much_of_the_path_as_tells_them_apart(market, saved):
    tree = market.tree(range(5), draws=10)
    folders = [saved(name, tree) for name in ("a/x/run", "b/x/run", "other")]
    assert list(load_comparable(folders)) == ["a/x/run", "b/x/run", "other"]
