"""The command from a table to its folder: contents, repeatability, refusals."""

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from baselines.markets import CHANNELS, table, write

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.job import baselines
from mmm_bayes.baselines.members import kind_of, make
from mmm_bayes.baselines.rows import FACTOR, layout_of, rows_of
from mmm_bayes.cli import main
from mmm_bayes.dataset import load
from mmm_bayes.errors import InputError
from mmm_bayes.report.baselines import render_baselines
from mmm_bayes.simulate import save, simulate

MODELS = ("ols", "lagged_ridge", "elastic_net", "lightgbm", "two_stage_ols")


def silent(_: str) -> None:
    return None


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    said = write(folder, table(weeks=82))
    return baselines(
        said, folder / "out", models=MODELS, trials=2, bootstrap=20, seed=3, say=silent
    )


def rows(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv")


def test_the_table_has_every_model_on_every_split(done):
    found = rows(done, "baselines")
    assert list(found.columns) == ["model", "split", "metric", "value"]
    record = json.loads((done / "baselines.json").read_text())
    for model in MODELS:
        for split in record["splits"]:
            one = found[(found["model"] == model) & (found["split"] == split)]
            assert {"r2", "rmse", "mape", "seconds"} <= set(one["metric"])
            assert ("crps" in set(one["metric"])) == model.endswith("ols")
            assert ("mediator_r2" in set(one["metric"])) == model.startswith("two_stage")
    assert len(rows(done, "summary")) == len(MODELS)


def test_a_score_can_be_had_again_from_the_predictions(done):
    found = rows(done, "baselines").query("split == 'holdout' and metric == 'rmse'")
    predictions = rows(done, "predictions").query("split == 'holdout'")
    for model, one in predictions.groupby("model"):
        error = np.sqrt(((one["observed"] - one["predicted"]) ** 2).mean())
        told = found[found["model"] == model]["value"].item()
        assert error == pytest.approx(told, rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_an_effect_can_be_had_again_from_the_record(done, model):
    """The recorded choice, fitted anew, and a table in which the channel never spent."""
    record = json.loads((done / "baselines.json").read_text())
    choice = record["choices"][kind_of(model)]["all"]
    whole = load(done.parent / "small.toml")
    X, y = rows_of(whole), whole.data["outcome"].values.ravel()
    fitted = make(model, layout_of(whole), choice, link="identity", seed=3).fit(X, y)
    found = rows(done, "contributions").query("estimand == 'total' and model == @model")
    for channel in CHANNELS:
        off = whole.data.copy(deep=True)
        off["exposure"].loc[{"channel": channel}] = 0.0
        without = rows_of(dataclasses.replace(whole, data=off))
        if model.startswith("two_stage") and channel == "search":
            without[:, FACTOR] = 0.0
        expected = (fitted.predict(X) - fitted.predict(without)).sum()
        told = found[found["channel"] == channel]["value"].item()
        assert told == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_the_same_seed_gives_the_same_numbers(done, tmp_path):
    again = baselines(
        done.parent / "small.toml", tmp_path / "again",
        models=("lightgbm", "two_stage_ols"), trials=2, bootstrap=20, seed=3, say=silent,
    )  # fmt: skip
    for name in ("contributions", "reallocation", "importance"):
        one, other = (
            rows(folder, name).sort_values("model", kind="stable") for folder in (done, again)
        )
        one = one[one["model"].isin(other["model"])]
        pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_the_page_stands_alone_and_says_what_was_measured(done):
    page = render_baselines(done).read_text()
    assert "<script src" not in page
    assert 'src="http' not in page
    assert "Classical models of sales" in page
    best = rows(done, "summary").set_index("model")["rmse_blocked"].idxmin()
    assert best in page
    for picture in ("errors", "shares", "windows", "coefficients", "dependence", "residuals"):
        assert f'id="figure-{picture}"' in page
        assert (done / "figures" / f"{picture}.png").stat().st_size > 5000


@pytest.mark.slow
def test_a_member_of_the_family_answers_on_the_same_splits(tmp_path):
    """Its table of effects is that of its own report, and its forecast has a distribution."""
    save(simulate("unmediated", weeks=104, seed=4), tmp_path / "market.csv")
    done = baselines(
        tmp_path / "market.toml", tmp_path / "out", models=["ols", "two_stage_ols"],
        bayes=["partial_mediation"], trials=1, bootstrap=20, say=silent,
    )  # fmt: skip
    found = rows(done, "baselines")
    splits = json.loads((done / "baselines.json").read_text())["splits"]
    own = found[found["model"] == "partial_mediation"]
    for split in splits:
        assert {"r2", "rmse", "crps", "coverage_90"} <= set(own[own["split"] == split]["metric"])
    inside = own[own["metric"].eq("coverage_90") & own["split"].ne("truth")]["value"].mean()
    assert 0.75 <= inside <= 1.0
    effects = rows(done, "contributions").query("model == 'partial_mediation'")
    wide = effects.pivot(index="channel", columns="estimand", values="value")
    alone = wide.loc[["google", "tv"]]
    assert (alone["indirect"] == 0).all()
    assert alone["direct"].to_numpy() == pytest.approx(alone["total"])
    money = pd.read_csv(tmp_path / "market.csv")[[f"{name}_spend" for name in wide.index]].sum()
    assert wide["roas"].to_numpy() == pytest.approx(
        (wide["total"].to_numpy() / money).to_numpy(), rel=1e-3
    )
    truth = rows(done, "truth").query("model == 'partial_mediation'")
    assert (truth["lower"].le(truth["truth"]) & truth["truth"].le(truth["upper"])).sum() >= 4
    moves = rows(done, "reallocation").query("model == 'partial_mediation'")
    assert len(moves) == 5 * 4 * 2
    assert (moves["lower"] <= moves["upper"]).all()
    page = render_baselines(done).read_text()
    assert "Partial_mediation (Bayesian) estimates both paths: of 3 indirect effects" in page


def test_an_unfinished_folder_has_no_page(tmp_path):
    with pytest.raises(InputError, match=r"lacks baselines\.json"):
        render_baselines(tmp_path)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"models": ["olz"]}, "--models names 'olz'; they are ols, ridge"),
        ({"bayes": ["nope"]}, "nope"),
        ({"trials": 0}, "--trials 0 is too few"),
        ({"bootstrap": 3}, "--bootstrap 3 is too few"),
    ],
)
def test_refusals_leave_nothing(tmp_path, options, says):
    said = write(tmp_path, table())
    with pytest.raises(InputError, match=says):
        baselines(said, tmp_path / "out", say=silent, **options)
    assert not (tmp_path / "out").exists()


def test_models_with_two_stages_need_a_mediator(tmp_path):
    said = write(tmp_path, table(), mediation=None)
    with pytest.raises(InputError, match="names 'two_stage_ols'"):
        baselines(said, tmp_path / "out", models=["two_stage_ols"], say=silent)


def test_zeros_have_no_logarithm(tmp_path):
    frame = table()
    frame.loc[3, "sales"] = 0.0
    said = write(tmp_path, frame)
    with pytest.raises(InputError, match="zero"):
        baselines(said, tmp_path / "out", link="log", say=silent)


def test_without_the_extra_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    whole = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "lightgbm" else whole(name)
    )
    said = write(tmp_path, table())
    arguments = ["mmm-bayes", "baselines", str(said), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "")
    (line,) = err.splitlines()
    assert "need LightGBM; install mmm-bayes[baselines]" in line
    assert not (tmp_path / "out").exists()
