"""The command from a table to its folder: contents, repeatability, refusals."""

import dataclasses
import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from baselines.markets import CHANNELS, table, write

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.job import run_baselines
from mmm_bayes.baselines.members import make_model, regressor_name
from mmm_bayes.baselines.rows import MEDIATOR_FACTOR, build_rows, row_layout
from mmm_bayes.cli import main
from mmm_bayes.data import load
from mmm_bayes.errors import InputError
from mmm_bayes.report.baselines import render_baselines
from mmm_bayes.studies.simulate import save, simulate

MODELS = ("ols", "lagged_ridge", "elastic_net", "lightgbm", "two_stage_ols")


def silent(_: str) -> None:
    return None


@pytest.fixture(scope="module")
def job_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    toml = write(folder, table(weeks=82))
    return run_baselines(
        toml, folder / "out", models=MODELS, trials=2, bootstrap=20, seed=3, say=silent
    )


def rows(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv")


def test_the_table_has_every_model_on_every_split(job_folder):
    metrics = rows(job_folder, "baselines")
    assert list(metrics.columns) == ["model", "split", "metric", "value"]
    record = json.loads((job_folder / "baselines.json").read_text())
    for model in MODELS:
        for split in record["splits"]:
            split_rows = metrics[(metrics["model"] == model) & (metrics["split"] == split)]
            assert {"r2", "rmse", "mape", "seconds"} <= set(split_rows["metric"])
            assert ("crps" in set(split_rows["metric"])) == model.endswith("ols")
            assert ("mediator_r2" in set(split_rows["metric"])) == model.startswith("two_stage")
    assert len(rows(job_folder, "summary")) == len(MODELS)


def test_a_score_can_be_had_again_from_the_predictions(job_folder):
    scores = rows(job_folder, "baselines").query("split == 'holdout' and metric == 'rmse'")
    predictions = rows(job_folder, "predictions").query("split == 'holdout'")
    for model, model_rows in predictions.groupby("model"):
        error = np.sqrt(((model_rows["observed"] - model_rows["predicted"]) ** 2).mean())
        reported = scores[scores["model"] == model]["value"].item()
        assert error == pytest.approx(reported, rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_an_effect_can_be_had_again_from_the_record(job_folder, model):
    """The recorded hyperparameters, fitted again, and a table in which the channel never ran."""
    record = json.loads((job_folder / "baselines.json").read_text())
    params = record["choices"][regressor_name(model)]["all"]
    whole = load(job_folder.parent / "small.toml")
    X, y = build_rows(whole), whole.data["outcome"].values.ravel()
    fitted = make_model(model, row_layout(whole), params, link="identity", seed=3).fit(X, y)
    contributions = rows(job_folder, "contributions").query(
        "estimand == 'total' and model == @model"
    )
    for channel in (*CHANNELS, "all_media"):
        off = whole.data.copy(deep=True)
        off["exposure"].loc[{"channel": list(CHANNELS) if channel == "all_media" else channel}] = 0
        without = build_rows(dataclasses.replace(whole, data=off))
        if model.startswith("two_stage") and channel in ("search", "all_media"):
            without[:, MEDIATOR_FACTOR] = 0.0
        expected = (fitted.predict(X) - fitted.predict(without)).sum()
        reported = contributions[contributions["channel"] == channel]["value"].item()
        assert reported == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_the_same_seed_gives_the_same_numbers(job_folder, tmp_path):
    again = run_baselines(
        job_folder.parent / "small.toml", tmp_path / "again",
        models=("lightgbm", "two_stage_ols"), trials=2, bootstrap=20, seed=3, say=silent,
    )  # fmt: skip
    for name in ("contributions", "reallocation", "importance"):
        first, second = (
            rows(path, name).sort_values("model", kind="stable") for path in (job_folder, again)
        )
        first = first[first["model"].isin(second["model"])]
        pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))


def test_the_page_stands_alone_and_says_what_was_measured(job_folder):
    page = render_baselines(job_folder).read_text()
    assert "<script src" not in page
    assert 'src="http' not in page
    assert "Classical models of sales" in page
    assert page.count("all media together</th>") == 1
    share = rows(job_folder, "contributions").query(
        "model == 'ols' and channel == 'all_media' and estimand == 'contribution_share'"
    )
    assert re.search(rf"{round(100 * share['value'].item())}(\.\d+)?%", page)
    assert "All media together make" in page
    best = rows(job_folder, "summary").set_index("model")["rmse_blocked"].idxmin()
    assert best in page
    for picture in ("errors", "shares", "windows", "coefficients", "dependence", "residuals"):
        assert f'id="figure-{picture}"' in page
        assert (job_folder / "figures" / f"{picture}.png").stat().st_size > 5000


def test_a_comparison_without_the_joint_effect_has_its_page(job_folder, tmp_path):
    """As one was before that effect was computed."""
    folder = tmp_path / "out"
    shutil.copytree(job_folder, folder)
    kept = rows(folder, "contributions").query("channel != 'all_media'")
    kept.to_csv(folder / "contributions.csv", index=False)
    page = render_baselines(folder).read_text()
    assert "Share of the outcome that each model attributes to a channel" in page
    assert "all media together</th>" not in page
    assert "all media together make" not in page


@pytest.mark.slow
def test_a_member_of_the_family_answers_on_the_same_splits(tmp_path):
    """Its effects are those of its own report, and its forecasts have a distribution."""
    save(simulate("unmediated", weeks=104, seed=4), tmp_path / "market.csv")
    folder = run_baselines(
        tmp_path / "market.toml", tmp_path / "out", models=["ols", "two_stage_ols"],
        bayes=["partial_mediation"], trials=1, bootstrap=20, say=silent,
    )  # fmt: skip
    metrics = rows(folder, "baselines")
    splits = json.loads((folder / "baselines.json").read_text())["splits"]
    member = metrics[metrics["model"] == "partial_mediation"]
    for split in splits:
        assert {"r2", "rmse", "crps", "coverage_90"} <= set(
            member[member["split"] == split]["metric"]
        )
    coverage = member[member["metric"].eq("coverage_90") & member["split"].ne("truth")][
        "value"
    ].mean()
    assert 0.75 <= coverage <= 1.0
    effects = rows(folder, "contributions").query("model == 'partial_mediation'")
    wide = effects.pivot(index="channel", columns="estimand", values="value")
    joint = effects.query("channel == 'all_media'").set_index("estimand")["value"]
    assert set(joint.index) == {"total", "contribution_share", "roas"}
    # Medians of sums are not sums of medians, but nearly so.
    assert joint["total"] == pytest.approx(wide["direct"].sum(), rel=0.1)
    wide = wide.drop(index="all_media")
    alone = wide.loc[["google", "tv"]]
    assert (alone["indirect"] == 0).all()
    assert alone["direct"].to_numpy() == pytest.approx(alone["total"])
    spend = pd.read_csv(tmp_path / "market.csv")[[f"{name}_spend" for name in wide.index]].sum()
    assert wide["roas"].to_numpy() == pytest.approx(
        (wide["total"].to_numpy() / spend).to_numpy(), rel=1e-3
    )
    truth = rows(folder, "truth").query("model == 'partial_mediation'")
    assert set(truth["channel"]) == {*wide.index, "all_media"}
    truth = truth[truth["channel"] != "all_media"]
    assert (truth["lower"].le(truth["truth"]) & truth["truth"].le(truth["upper"])).sum() >= 4
    budget_transfers = rows(folder, "reallocation").query("model == 'partial_mediation'")
    assert len(budget_transfers) == 5 * 4 * 2
    assert (budget_transfers["lower"] <= budget_transfers["upper"]).all()
    page = render_baselines(folder).read_text()
    assert "Partial_mediation (Bayesian) estimates both paths: of 3 indirect effects" in page


def test_an_unfinished_folder_has_no_page(tmp_path):
    with pytest.raises(InputError, match=r"lacks baselines\.json"):
        render_baselines(tmp_path)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"models": ["olz"]}, "--models names 'olz', which is not one of ols, ridge"),
        ({"bayes": ["nope"]}, "nope"),
        ({"trials": 0}, "--trials 0 is too few"),
        ({"bootstrap": 3}, "--bootstrap 3 is too few"),
    ],
)
def test_refusals_leave_nothing(tmp_path, options, message):
    toml = write(tmp_path, table())
    with pytest.raises(InputError, match=message):
        run_baselines(toml, tmp_path / "out", say=silent, **options)
    assert not (tmp_path / "out").exists()


def test_models_with_two_stages_need_a_mediator(tmp_path):
    toml = write(tmp_path, table(), mediators=None)
    with pytest.raises(InputError, match="names 'two_stage_ols'"):
        run_baselines(toml, tmp_path / "out", models=["two_stage_ols"], say=silent)


def test_zeros_have_no_logarithm(tmp_path):
    frame = table()
    frame.loc[3, "sales"] = 0.0
    toml = write(tmp_path, frame)
    with pytest.raises(InputError, match="zero"):
        run_baselines(toml, tmp_path / "out", link="log", say=silent)


def test_without_the_extra_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    whole = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "lightgbm" else whole(name)
    )
    toml = write(tmp_path, table())
    arguments = ["mmm-bayes", "baselines", str(toml), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as exit_info:
        main()
    out, err = capsys.readouterr()
    assert (exit_info.value.code, out) == (2, "")
    (line,) = err.splitlines()
    assert "need LightGBM; install mmm-bayes[baselines]" in line
    assert not (tmp_path / "out").exists()
