"""A fit that is made once and known again, and what a notebook shows of it."""

import importlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mmm_bayes
from mmm_bayes.errors import InputError
from mmm_bayes.studies.simulate import compare_with_truth, save, simulate

SHORT = {"draws": 200, "tune": 200, "chains": 2, "say": None}


def test_every_name_of_the_package_can_be_imported():
    for name in mmm_bayes.__all__:
        assert getattr(mmm_bayes, name).__doc__, name
        assert name in dir(mmm_bayes)
    with pytest.raises(AttributeError, match="no attribute 'fits'"):
        mmm_bayes.fits  # noqa: B018


def test_no_name_of_the_package_hides_a_module():
    for name in mmm_bayes.__all__:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"mmm_bayes.{name}")


def test_a_market_and_a_table_say_what_they_are(tmp_path):
    market = simulate("panel", weeks=40, seed=1)
    assert repr(market) == "<Market panel, seed 1: 320 rows>"
    _, toml, _ = save(market, tmp_path / "m.csv")
    assert repr(mmm_bayes.load_data(toml)) == (
        "<Dataset m.csv: 40 dates from 2022-01-03 to 2022-10-03, 8 units, 5 channels>"
    )


def test_estimates_stand_beside_the_truth(tmp_path):
    _, _, truth = save(simulate("mediated", seed=3), tmp_path / "m.csv")
    true = simulate("mediated", seed=3).truth["effects"]
    rows = pd.DataFrame(true).rename(columns={"value": "mean"})
    rows = rows[rows["estimand"].isin(["total", "direct", "indirect"])]
    off = {"total": 0.0, "direct": 2.0, "indirect": 0.0}  # direct effects are missed
    shift = rows["estimand"].map(off)
    told = rows.assign(
        median=0.0, sd=1.0, lower=rows["mean"] + shift - 1, upper=rows["mean"] + shift + 1
    )
    told.loc[(told["channel"] == "tv") & (told["estimand"] == "indirect"), "sd"] = 0.0
    found = compare_with_truth(told.assign(unit="all"), truth)
    assert len(found) == len(rows)
    # The file has ten significant digits.
    np.testing.assert_allclose(found["truth"], found["mean"], rtol=5e-10)
    by = found.set_index(["channel", "estimand"])["inside"]
    assert by[:, "total"].all()
    assert not by[:, "direct"].any()
    assert pd.isna(by["tv", "indirect"])
    assert by[["facebook"]][:, "indirect"].all()


def test_a_folder_that_holds_something_else_is_refused_before_sampling(tmp_path, monkeypatch):
    _, toml, _ = save(simulate("direct_only", weeks=80), tmp_path / "m.csv")
    monkeypatch.setattr("mmm_bayes.notebook.run_fit", lambda *_: pytest.fail("it sampled"))
    with pytest.raises(InputError, match="already exists"):
        mmm_bayes.fit("no_mediation", toml, tmp_path)


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    _, toml, _ = save(simulate("direct_only", weeks=80), tmp_path_factory.mktemp("i") / "m.csv")
    return toml


@pytest.fixture(scope="module")
def run(toml):
    return mmm_bayes.fit("no_mediation", toml, toml.parent / "run", **SHORT)


@pytest.mark.slow
class TestFit:
    def test_the_same_fit_is_read_and_not_made_again(self, run, toml):
        before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
        again = mmm_bayes.fit("no_mediation", toml, run.folder, **SHORT)
        assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")} == before
        assert again.draws.identical(run.draws)

    def test_a_key_that_an_earlier_version_did_not_have_makes_no_other_description(
        self, run, toml, tmp_path
    ):
        folder = shutil.copytree(run.folder, tmp_path / "run")
        record = json.loads((folder / "run.json").read_text("utf-8"))
        for channel in record["description"]["channels"].values():
            del channel["national"]
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
        again = mmm_bayes.fit("no_mediation", toml, folder, **SHORT)
        assert again.draws.identical(run.draws)

    @pytest.mark.parametrize(
        "change, named",
        [({"seed": 2}, "seed"), ({"draws": 300}, "draws"), ({"link": "log"}, "form"),
         ({"model": "partial_mediation"}, "model")],
    )  # fmt: skip
    def test_another_fit_is_refused(self, run, toml, change, named):
        asked = {"model": "no_mediation"} | SHORT | change
        with pytest.raises(InputError, match=f"holds a run with another {named}; choose another"):
            mmm_bayes.fit(data=toml, folder=run.folder, **asked)

    def test_another_table_is_refused(self, run, toml):
        csv = toml.with_suffix(".csv")
        before = csv.read_text()
        csv.write_text(before.replace(before.splitlines()[1].split(",")[1], "1234.5", 1))
        try:
            with pytest.raises(InputError, match="another table"):
                mmm_bayes.fit("no_mediation", toml, run.folder, **SHORT)
        finally:
            csv.write_text(before)

    def test_a_run_says_what_it_is_in_a_line(self, run):
        assert repr(run).startswith(
            f"<Run {run.folder}: no_mediation of m.csv, 2 x 200 draws, verdict "
        )

    def test_a_picture_shows_itself(self, run):
        pictures = mmm_bayes.pictures(run)
        assert {"graph", "effects", "response", "fit", "prior-effects"} <= set(pictures)
        png, told = pictures["effects"]._repr_png_()
        assert png.startswith(b"\x89PNG")
        assert told["alt"] == pictures["effects"].alt
        assert repr(pictures["effects"]) == pictures["effects"].caption
