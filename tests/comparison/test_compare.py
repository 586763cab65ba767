"""From run folders to tables, JSON and a picture, with exact posteriors and nothing sampled."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from mmm_bayes import runs
from mmm_bayes.comparison import compare
from mmm_bayes.comparison.loo import leave_one_out
from mmm_bayes.comparison.words import notes, sentences
from mmm_bayes.errors import InputError

FILES = {"compare.csv", "compare.json", "pointwise.csv", "compare.png", "compare.svg"}
COLUMNS = [
    "run", "elpd", "elpd_se", "elpd_diff", "diff_se", "weight",
    "crps", "r2", "rmse", "mape", "coverage_90",
]  # fmt: skip
WEEKS = 120


@pytest.fixture(scope="module")
def done(good, same, poor, tmp_path_factory):
    out = tmp_path_factory.mktemp("comparison") / "out"
    told: list[str] = []
    table = compare([poor, same, good], out, say=told.append)
    return out, table, told


@pytest.fixture(scope="module")
def found(done):
    return json.loads((done[0] / "compare.json").read_text(encoding="utf-8"))


def known(market, columns):
    """Leave-one-out densities of a regression under the reference prior: Student-t."""
    x, y = market.x[:WEEKS, columns], market.y[:WEEKS]
    hat = np.diag(x @ np.linalg.inv(x.T @ x) @ x.T)
    error = (y - x @ np.linalg.lstsq(x, y)[0]) / (1 - hat)  # of the fit to the other weeks
    degrees = WEEKS - 1 - x.shape[1]
    rss = ((y - x @ np.linalg.lstsq(x, y)[0]) ** 2).sum() - error**2 * (1 - hat)
    return scipy.stats.t.logpdf(error, degrees, 0, np.sqrt(rss / degrees / (1 - hat)))


def test_the_folder_is_whole_and_the_table_is_that_of_the_contract(done):
    out, table, told = done
    assert {path.name for path in out.iterdir()} == FILES
    written = pd.read_csv(out / "compare.csv")
    assert list(written.columns) == COLUMNS
    pd.testing.assert_frame_equal(written, table)
    assert told == [f"leave-one-out of {name}" for name in ("poor", "same", "good")]


def test_densities_and_differences_are_the_exact_ones(done, market):
    table = done[1].set_index("run")
    exact = {
        "good": known(market, [0, 1, 2, 3, 4]),
        "same": known(market, [0, 1, 2, 3, 4, 5]),
        "poor": known(market, [0, 2, 3, 5]),
    }
    for name, values in exact.items():
        assert table.loc[name, "elpd"] == pytest.approx(values.sum(), abs=0.3)
        assert table.loc[name, "elpd_se"] == pytest.approx(np.sqrt(WEEKS) * values.std(), abs=0.3)
    lag = exact["poor"] - exact[table.index[0]]
    assert table.loc["poor", "elpd_diff"] == pytest.approx(lag.sum(), abs=0.5)
    assert table.loc["poor", "diff_se"] == pytest.approx(np.sqrt(WEEKS) * lag.std(), abs=0.3)
    assert table.index[-1] == "poor"


def test_scores_are_those_of_the_holdout(done, market):
    table = done[1].set_index("run")
    tree = market.tree(range(5))
    draws = tree["predictions"]["outcome"].values.reshape(-1, 24)
    y = market.y[WEEKS:]
    middle = np.median(draws, axis=0)
    rows = table.loc["good"]
    assert rows["rmse"] == pytest.approx(np.sqrt(((y - middle) ** 2).mean()))
    assert rows["mape"] == pytest.approx(np.abs((y - middle) / y).mean())
    assert rows["r2"] == pytest.approx(1 - ((y - middle) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
    assert rows["coverage_90"] == pytest.approx(((lower <= y) & (y <= upper)).mean())
    pairs = np.abs(draws[:400, None] - draws[None, 400:800]).mean((0, 1)) / 2
    crps = np.abs(draws - y).mean(0) - pairs
    assert rows["crps"] == pytest.approx(crps.mean(), rel=0.05)


def test_the_rest_is_in_the_json(done, found):
    assert found["best"] == done[1]["run"][0]
    assert list(found["runs"]) == list(done[1]["run"])
    assert found["runs"]["poor"]["verdict"] == "fail"
    assert found["runs"]["good"]["pareto_k"]["bad"] == 0
    assert found["runs"]["good"]["reliable"]
    assert 4 < found["runs"]["good"]["p_loo"] < 8
    assert found["leave_future_out"] is None
    assert found["holdout"]["good"]["weeks"] == 24


def test_the_sentences_say_what_the_numbers_say(done, found):
    said = " ".join(found["sentences"])
    best = done[1]["run"][0]
    assert f"{best} and {done[1]['run'][1]} can't be told apart" in said
    assert f"{best} predicts better than poor, by" in said
    assert "over 120 unseen weeks: the data tell them apart." in said
    assert "poor failed its own checks (verdict: fail), so do not rely on its results" in said
    assert "good failed" not in said
    assert any("prediction alone does not choose a graph" in note for note in found["notes"])
    assert "No scores of a holdout" not in " ".join(found["notes"])


def test_a_run_without_a_holdout_leaves_all_without_scores(good, market, saved, tmp_path):
    tree = market.tree(range(6), seed=1)
    del tree["predictions"]
    table = compare([good, saved("short", tree)], tmp_path / "out", say=lambda line: None)
    assert table[COLUMNS[6:]].isna().all(axis=None)
    found = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert found["holdout"] is None
    assert any(note.startswith("No scores of a holdout are given") for note in found["notes"])


@pytest.fixture(scope="module")
def swayed(market):
    """A tree in which three weeks sway the fit too much."""
    tree = market.tree(range(5))
    values = tree["log_likelihood"]["outcome"].values
    tail = np.random.default_rng(1).pareto(0.8, values.shape[:2])
    values[:, :, [5, 50, 70]] = -np.log1p(tail)[..., None]
    return tree


def test_more_refits_than_allowed_are_not_made_and_it_is_said(good, swayed, saved, tmp_path):
    """Nothing is compiled: the folder of this run holds no model at all."""
    swaying = saved("swaying", swayed)
    compare([good, swaying], tmp_path / "out", refits=2, say=lambda line: None)
    found = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    run = found["runs"]["swaying"]
    assert run["pareto_k"]["bad"] == run["pareto_k"]["left_bad"] == 3
    assert not run["reliable"]
    assert any(
        "swaying: 3 of 120 weeks sway the fit too much" in note
        and "takes 3 refits where 2 are allowed" in note
        for note in found["notes"]
    )
    assert any("the leave-one-out of swaying is unreliable" in line for line in found["sentences"])
    assert not any("tell them apart." in line and "does not" not in line
                   for line in found["sentences"])  # fmt: skip


def test_a_run_that_cannot_be_fitted_again_is_refused(good, swayed, saved, tmp_path):
    with pytest.raises(InputError, match=r"not a member of the family.*--model PATH; or compare"):
        compare([good, saved("swaying", swayed)], tmp_path / "out", say=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_rough_refits_are_noted(good, poor):
    loaded = {"good": runs.load(good), "poor": runs.load(poor)}
    one = leave_one_out(loaded["good"].draws)
    said = " ".join(
        notes(
            {"good": one, "poor": one},
            loaded,
            {"poor": 1.2},
            {"good": 0.2, "poor": 1.4},
            refits=20,
            scored=True,
        )
    )
    assert "poor: the chains of a refit disagree (R-hat 1.20)" in said
    assert "poor: the weeks refitted lie so far from what it predicts" in said
    assert "good: the weeks" not in said
    table = pd.DataFrame(
        {"run": ["good", "poor"], "elpd_diff": [0.0, -30.0], "diff_se": [0.0, 20.0],
         "weight": [0.7, 0.3]}
    )  # fmt: skip
    told = sentences(table, {"good": one, "poor": one}, loaded)
    assert told[0] == (
        "good and poor can't be told apart: the former leads by 30.0 log units (SE 20.0) over 120 "
        "unseen weeks, within its error."
    )
    assert told[1].startswith("The blend that predicts best is 70% good and 30% poor (stacking")


def test_weeks_at_a_floor_that_only_some_runs_have_are_left_out(market, saved, tmp_path):
    """A probability and a density have no common measure; two floors at the same value have."""
    trees = {name: market.tree(range(5), seed=seed) for seed, name in enumerate(("one", "two"))}
    outcome = trees["one"]["observed_data"]["outcome"]
    for tree in trees.values():
        tree.attrs = tree.attrs | {"floor": float(outcome.min()), "at_floor": "censored"}
    plain = market.tree(range(5), seed=2)
    folders = [saved(name, tree) for name, tree in {**trees, "plain": plain}.items()]

    def compared(*names):
        out = tmp_path / "-".join(("out", *names))
        table = compare([f for f in folders if f.name in names], out, say=lambda line: None)
        told = json.loads((out / "compare.json").read_text(encoding="utf-8"))
        return table.set_index("run"), told

    table, told = compared("one", "plain")
    assert told["weeks"] == WEEKS - 1
    assert any(note.startswith("1 weeks stand at a floor that not all") for note in told["notes"])
    lowest = int(outcome.values.argmin())
    expected = leave_one_out(plain).elpd.elpd_i.values.ravel()
    assert table.loc["plain", "elpd"] == pytest.approx(np.delete(expected, lowest).sum())
    _, told = compared("one", "two")
    assert told["weeks"] == WEEKS
    assert not any("floor that" in note for note in told["notes"])
    with pytest.raises(InputError, match="runs that differ in their floors"):
        compare([folders[0], folders[2]], tmp_path / "future", future=True, say=lambda line: None)
    assert not (tmp_path / "future").exists()
