"""A rolling job is shown if it is given or lies beside the run; else how to make one is said."""

import shlex
import shutil
import sys
from pathlib import Path

import pages
import pytest
from builds import description, table, write

sys.path.insert(0, str(Path(__file__).parent.parent / "rolling"))
from fakes import fake_subsets, fake_window


@pytest.fixture(scope="module")
def rolled(tmp_path_factory):
    from mmm_bayes.rolling import job

    place = tmp_path_factory.mktemp("rolled")
    data = write(place / "data", table(), description())
    plan = job.plan_for("partial_mediation", data, window=26, step=1, horizon=2)

    def work(plan, cores, piece):
        return fake_subsets(plan) if isinstance(piece, str) else fake_window(plan, piece)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "work", work)
        return job.roll(plan, place / "out", say=lambda _: None)


def test_it_says_how_to_make_one(make_run, open_page):
    app = open_page("Rolling stability", make_run().folder)
    first, second = app.code[0].value.splitlines()
    folder = shlex.split(first)[-1]
    assert first.startswith("mmm-bayes rolling partial_mediation weekly.toml --out")
    assert shlex.split(second)[-2:] == ["--rolling", folder]


def test_one_that_is_given_is_shown(make_run, open_page, rolled):
    app = open_page("Rolling stability", make_run().folder, rolled)
    text = pages.said(app)
    assert "another table" not in text
    assert "5 windows, the first from" in text
    assert "coefficient of variation" in text
    assert "channel" in app.table[-1].value.index.names


def test_one_beside_the_run_is_found(make_run, open_page, rolled, tmp_path):
    shutil.copytree(make_run().folder, tmp_path / "run")
    shutil.copytree(rolled, tmp_path / "windows")
    text = pages.said(open_page("Rolling stability", tmp_path / "run"))
    assert "windows: 5 windows" in text
    pages.change(tmp_path / "run", "run.json", data_sha256="of another table")
    assert "5 windows" not in pages.said(open_page("Rolling stability", tmp_path / "run"))
    text = pages.said(open_page("Rolling stability", tmp_path / "run", tmp_path / "windows"))
    assert "of another table than the run" in text
