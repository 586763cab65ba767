"""Nothing is served unless all inputs are valid; an error is one sentence."""

import importlib.util
import socket

import pytest
from typer.testing import CliRunner

from mmm_bayes.cli import app
from mmm_bayes.dashboard.display import escape_markdown, round_step, step_format
from mmm_bayes.dashboard.runs import fingerprint
from mmm_bayes.dashboard.server import HOST, launch
from mmm_bayes.errors import InputError


def test_only_this_machine_is_served_by_default():
    assert HOST == "localhost"
    output = CliRunner().invoke(app, ["dashboard", "--help"]).output
    assert "localhost" in output
    assert "--rolling" in output


def test_a_folder_that_is_not_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is not a finished run: it lacks posterior\.nc"):
        launch(tmp_path)


def test_a_folder_that_is_not_a_rolling_job_is_refused(make_run, tmp_path):
    with pytest.raises(InputError, match=r"is not a finished rolling job: it lacks rolling\.json"):
        launch(make_run().folder, rolling=tmp_path)


def test_a_missing_package_is_named(make_run, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "streamlit" else find_spec(name)
    )
    with pytest.raises(InputError, match=r"pip install 'mmm-bayes\[dashboard\]'"):
        launch(make_run().folder)


def test_a_port_that_is_taken_is_refused(make_run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"--port {port}: can't serve there"):
            launch(make_run().folder, host="127.0.0.1", port=port)


def test_a_run_that_was_written_anew_is_another_run(tmp_path):
    (tmp_path / "a.csv").write_text("1")
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    (tmp_path / "a.csv").write_text("12")
    assert fingerprint(tmp_path) != before


def test_names_are_shown_as_they_are():
    assert escape_markdown("a_b*c [d] $e$") == r"a\_b\*c \[d\] \$e\$"


@pytest.mark.parametrize(
    "step, expected, shown", [(131.0, 100.0, "%.0f"), (0.07, 0.05, "%.2f"), (2.0, 2.0, "%.0f")]
)
def test_a_slider_moves_by_round_steps(step, expected, shown):
    assert round_step(step) == pytest.approx(expected)
    assert step_format(step) == shown
