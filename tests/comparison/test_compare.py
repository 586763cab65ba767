"""From run folders to tables, JSON and a figure, with exact posteriors and no sampling."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from mmm_bayes.cli import main
from mmm_bayes.comparison import compare
from mmm_bayes.comparison.loo import leave_one_out
from mmm_bayes.comparison.words import notes, ranking_sentences
from mmm_bayes.errors import InputError
from mmm_bayes.inference import runs
from mmm_bayes.text import log_units

FILES = {"compare.csv", "compare.json", "pointwise.csv", "compare.png", "compare.svg"}
COLUMNS = [
    "run", "elpd", "elpd_se", "elpd_diff", "diff_se", "weight",
    "crps", "r2", "rmse", "mape", "coverage_90",
]  # fmt: skip
WEEKS = 120


@pytest.fixture(scope="module")
def comparison(good, same, poor, tmp_path_factory):
    out = tmp_path_factory.mktemp("comparison") / "out"
    lines: list[str] = []
    table = compare([poor, same, good], out, say=lines.append)
    return out, table, lines


@pytest.fixture(scope="module")
def record(comparison):
    return json.loads((comparison[0] / "compare.json").read_text(encoding="utf-8"))


def known(market, columns):
    """Leave-one-out densities of a regression under the reference prior: Student-t."""
    x, y = market.x[:WEEKS, columns], market.y[:WEEKS]
    hat = np.diag(x @ np.linalg.inv(x.T @ x) @ x.T)
    error = (y - x @ np.linalg.lstsq(x, y)[0]) / (1 - hat)  # of the fit to the other weeks
    degrees = WEEKS - 1 - x.shape[1]
    rss = ((y - x @ np.linalg.lstsq(x, y)[0]) ** 2).sum() - error**2 * (1 - hat)
    return scipy.stats.t.logpdf(error, degrees, 0, np.sqrt(rss / degrees / (1 - hat)))


def test_the_folder_is_complete_and_the_table_has_its_columns(comparison):
    out, table, lines = comparison
    assert {path.name for path in out.iterdir()} == FILES
    written = pd.read_csv(out / "compare.csv")
    assert list(written.columns) == COLUMNS
    pd.testing.assert_frame_equal(written, table)
    assert lines == [f"leave-one-out of {name}" for name in ("poor", "same", "good")]


def test_densities_and_differences_are_the_exact_ones(comparison, market):
    table = comparison[1].set_index("run")
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


def test_scores_are_those_of_the_holdout(comparison, market):
    table = comparison[1].set_index("run")
    tree = market.tree(range(5))
    draws = tree["predictions"]["outcome"].values.reshape(-1, 24)
    y = market.y[WEEKS:]
    median = np.median(draws, axis=0)
    row = table.loc["good"]
    assert row["rmse"] == pytest.approx(np.sqrt(((y - median) ** 2).mean()))
    assert row["mape"] == pytest.approx(np.abs((y - median) / y).mean())
    assert row["r2"] == pytest.approx(1 - ((y - median) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
    assert row["coverage_90"] == pytest.approx(((lower <= y) & (y <= upper)).mean())
    pairs = np.abs(draws[:400, None] - draws[None, 400:800]).mean((0, 1)) / 2
    crps = np.abs(draws - y).mean(0) - pairs
    assert row["crps"] == pytest.approx(crps.mean(), rel=0.05)


def test_the_rest_is_in_the_json(comparison, record):
    assert record["best"] == comparison[1]["run"][0]
    assert list(record["runs"]) == list(comparison[1]["run"])
    assert record["runs"]["poor"]["verdict"] == "fail"
    assert record["runs"]["good"]["pareto_k"]["bad"] == 0
    assert record["runs"]["good"]["reliable"]
    assert 4 < record["runs"]["good"]["p_loo"] < 8
    assert record["leave_future_out"] is None
    assert record["holdout"]["good"]["weeks"] == 24


def test_the_sentences_agree_with_the_numbers(comparison, record):
    text = " ".join(record["sentences"])
    best = comparison[1]["run"][0]
    assert f"{best} and {comparison[1]['run'][1]} can't be distinguished" in text
    assert f"{best} predicts better than poor, by" in text
    assert "over 120 unseen weeks: a clear difference." in text
    assert "poor failed its own checks (verdict: fail), so do not rely on its results" in text
    assert "good failed" not in text
    assert any("prediction alone does not identify the graph" in note for note in record["notes"])
    assert "no holdout scores" not in " ".join(record["notes"])


def test_a_run_without_a_holdout_leaves_all_without_scores(good, market, saved, tmp_path):
    tree = market.tree(range(6), seed=1)
    del tree["predictions"]
    table = compare([good, saved("short", tree)], tmp_path / "out", say=lambda line: None)
    assert table[COLUMNS[6:]].isna().all(axis=None)
    record = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert record["holdout"] is None
    assert any(note.startswith("There are no holdout scores") for note in record["notes"])


@pytest.fixture(scope="module")
def unreliable(market):
    """A tree in which three weeks influence the fit too much."""
    tree = market.tree(range(5))
    values = tree["log_likelihood"]["outcome"].values
    tail = np.random.default_rng(1).pareto(0.8, values.shape[:2])
    values[:, :, [5, 50, 70]] = -np.log1p(tail)[..., None]
    return tree


def test_without_enough_refits_a_run_is_reported_as_unreliable(good, unreliable, saved, tmp_path):
    """Nothing is compiled: the folder of this run has no model."""
    swaying = saved("swaying", unreliable)
    compare([good, swaying], tmp_path / "out", refits=2, say=lambda line: None)
    record = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    run = record["runs"]["swaying"]
    assert run["pareto_k"]["bad"] == run["pareto_k"]["left_bad"] == 3
    assert not run["reliable"]
    assert any(
        "swaying: 3 of 120 weeks influence the fit too much" in note
        and "needs 3 refits where 2 are allowed" in note
        for note in record["notes"]
    )
    assert any("the leave-one-out of swaying is unreliable" in line for line in record["sentences"])
    assert not any("a clear difference" in line for line in record["sentences"])


def test_a_run_that_cannot_be_fitted_again_is_refused(good, unreliable, saved, tmp_path):
    with pytest.raises(InputError, match=r"not a member of the family.*--model PATH; or compare"):
        compare([good, saved("swaying", unreliable)], tmp_path / "out", say=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_imprecise_refits_are_noted(good, poor):
    loaded = {"good": runs.load(good), "poor": runs.load(poor)}
    loo = leave_one_out(loaded["good"].draws)
    text = " ".join(
        notes(
            {"good": loo, "poor": loo},
            loaded,
            {"poor": 1.2},
            {"good": 0.2, "poor": 1.4},
            refits=20,
            has_holdout=True,
        )
    )
    assert "poor: the chains of a refit disagree (R-hat 1.20)" in text
    assert "poor: the refitted weeks lie so far from its predictions" in text
    assert "good: the refitted weeks" not in text
    table = pd.DataFrame(
        {"run": ["good", "poor"], "elpd_diff": [0.0, -30.0], "diff_se": [0.0, 20.0],
         "weight": [0.7, 0.3]}
    )  # fmt: skip
    sentences = ranking_sentences(table, {"good": loo, "poor": loo}, loaded)
    assert sentences[0] == (
        "good and poor can't be distinguished: the former leads by 30.0 log units (SE 20.0) over "
        "120 unseen weeks, within its error."
    )
    assert sentences[1].startswith(
        "The mixture that predicts best is 70% good and 30% poor (stacking"
    )


def test_weeks_at_a_floor_that_only_some_runs_have_are_left_out(market, saved, tmp_path):
    """A probability and a density are not comparable; two probabilities at one floor are."""
    trees = {name: market.tree(range(5), seed=seed) for seed, name in enumerate(("one", "two"))}
    outcome = trees["one"]["observed_data"]["outcome"]
    for tree in trees.values():
        tree.attrs = tree.attrs | {"floor": float(outcome.min()), "at_floor": "censored"}
    plain = market.tree(range(5), seed=2)
    folders = [saved(name, tree) for name, tree in {**trees, "plain": plain}.items()]

    def compared(*names):
        out = tmp_path / "-".join(("out", *names))
        table = compare([f for f in folders if f.name in names], out, say=lambda line: None)
        record = json.loads((out / "compare.json").read_text(encoding="utf-8"))
        return table.set_index("run"), record

    table, record = compared("one", "plain")
    assert record["weeks"] == WEEKS - 1
    assert any(note.startswith("1 weeks are at a floor that not all") for note in record["notes"])
    lowest = int(outcome.values.argmin())
    expected = leave_one_out(plain).elpd.elpd_i.values.ravel()
    assert table.loc["plain", "elpd"] == pytest.approx(np.delete(expected, lowest).sum())
    _, record = compared("one", "two")
    assert record["weeks"] == WEEKS
    assert not any("floor that" in note for note in record["notes"])
    with pytest.raises(InputError, match="runs that differ in their floors"):
        compare([folders[0], folders[2]], tmp_path / "future", future=True, say=lambda line: None)
    assert not (tmp_path / "future").exists()


def test_the_command_prints_densities_to_a_tenth(good, poor, tmp_path, monkeypatch, capsys):
    """Differences of a few log units decide, so thousands have no prefix."""
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", "compare", str(good), str(poor),
                                      "--out", str(out)])  # fmt: skip
    with pytest.raises(SystemExit, match="0"):
        main()
    head, *lines = capsys.readouterr().out.splitlines()
    written = pd.read_csv(out / "compare.csv")
    for line, (_, row) in zip(lines, written.iterrows(), strict=False):
        shown = dict(zip(head.split(), line.split(), strict=True))
        for column in ("elpd", "elpd_se", "elpd_diff", "diff_se"):
            assert shown[column] == log_units(row[column])
