"""A rolling job is shown if it is given or lies beside the run; else the commands to run one."""

import os
import shlex
import shutil
import sys
from pathlib import Path

import pages
import pytest
from builds import description, table, write

sys.path.insert(0, str(Path(__file__).parent.parent / "studies" / "rolling"))
from fakes import fake_subsets, fake_window


@pytest.fixture(scope="module")
def rolled(tmp_path_factory):
    from mmm_bayes.studies.rolling import job

    place = tmp_path_factory.mktemp("rolled")
    data = write(place / "data", table(), description())
    plan = job.plan_rolling("partial_mediation", data, window=26, step=1, horizon=2)

    def run_piece(plan, cores, piece):
        return fake_subsets(plan) if isinstance(piece, str) else fake_window(plan, piece)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "run_piece", run_piece)
        return job.roll(plan, place / "out", say=lambda _: None)


def test_without_one_the_commands_are_shown(make_run, open_page):
    app = open_page("Rolling stability", make_run().folder)
    first, second = app.code[0].value.splitlines()
    folder = shlex.split(first)[-1]
    assert first.startswith("mmm-bayes rolling partial_mediation weekly.toml --out")
    assert shlex.split(second)[-2:] == ["--rolling", folder]


def test_one_that_is_given_is_shown(make_run, open_page, rolled):
    app = open_page("Rolling stability", make_run().folder, rolled)
    text = pages.page_text(app)
    assert "another table" not in text
    assert "5 windows, the first from" in text
    assert "coefficient of variation" in text
    assert "channel" in app.table[-1].value.index.names


def test_one_beside_the_run_is_found(make_run, open_page, rolled, tmp_path):
    shutil.copytree(make_run().folder, tmp_path / "run")
    shutil.copytree(rolled, tmp_path / "windows")
    text = pages.page_text(open_page("Rolling stability", tmp_path / "run"))
    assert "windows: 5 windows" in text
    pages.change_json(tmp_path / "run", "run.json", data_sha256="of another table")
    assert "5 windows" not in pages.page_text(open_page("Rolling stability", tmp_path / "run"))
    text = pages.page_text(open_page("Rolling stability", tmp_path / "run", tmp_path / "windows"))
    assert "used another table than the run" in text


@pytest.mark.parametrize(
    "damage, problem",
    [
        (lambda place: (place / "rolling.csv").unlink(), "lacks rolling.csv"),
        (lambda place: (place / "stability.csv").write_text("\n"), "stability.csv can't be read"),
        (lambda place: (place / "rolling.csv").write_text("a\n1\n"), "rolling.csv can't be read"),
        (lambda place: (place / "rolling.json").write_text("[1]"), "rolling.json can't be read"),
        (lambda place: (place / "rolling.json").write_text('{"inputs": null}'), "has no inputs"),
        (lambda place: (place / "rolling.json").write_bytes(b""), "rolling.json can't be read"),
    ],
)
def test_a_damaged_neighbour_hides_no_run(make_run, rolled, tmp_path, damage, problem):
    """The run is opened, with a line on the folder beside it; an older whole one is shown."""
    from mmm_bayes.dashboard.runs import open_run

    run = make_run().folder
    shutil.copytree(run, tmp_path / "run")
    shutil.copytree(rolled, tmp_path / "windows")
    damage(tmp_path / "windows")
    opened = open_run(tmp_path / "run")
    assert opened.rolling is None
    assert "windows" in opened.rolling_problem
    assert problem in opened.rolling_problem
    assert open_run(tmp_path / "run", rolling=tmp_path / "windows").rolling is None
    shutil.copytree(rolled, tmp_path / "older")
    os.utime(tmp_path / "older" / "rolling.json", (0, 0))
    assert open_run(tmp_path / "run").rolling.folder.name == "older"


def test_the_page_of_a_run_tells_of_a_damaged_neighbour(make_run, open_page, tmp_path):
    shutil.copytree(make_run().folder, tmp_path / "run")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "rolling.json").write_text("[1]")
    (tmp_path / "other" / "stability.csv").touch()
    app = open_page("Effects", tmp_path / "run")
    assert "it holds a list instead of an object" in pages.page_text(app)
    assert app.title[0].value == "run"
