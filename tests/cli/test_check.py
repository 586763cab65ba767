"""Exit statuses, one-line errors and light imports of the command line."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from places import ROOT

from mmm_bayes.cli import main

TOML = """
file = "weekly.csv"
date = "week"
outcome = "sales"
[channels.search]
spend = "search"
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a new process, after some code of the test's."""
    command = [sys.executable, "-c", f"{code}; from mmm_bayes.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    weeks = [date(2023, 1, 1) + timedelta(weeks=week) for week in range(30)]
    rows = [f"{week},{number % 7},{100 + number % 11}" for number, week in enumerate(weeks)]
    (tmp_path / "weekly.csv").write_text("\n".join(["week,search,sales", *rows]))
    (tmp_path / "weekly.toml").write_text(TOML)
    return tmp_path / "weekly.toml"


def test_check_prints_a_profile(toml, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", "check", str(toml)])
    with pytest.raises(SystemExit) as exit_info:
        main()
    out, err = capsys.readouterr()
    assert (exit_info.value.code, err) == (0, "")
    assert "30 dates, 2023-01-01 to 2023-07-23" in out
    assert "search" in out
    assert "\x1b" not in out


def test_bad_input_is_one_line_and_status_two(toml, monkeypatch, capsys):
    toml.write_text(TOML.replace('"search"', '"serch"'))
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", "check", str(toml)])
    with pytest.raises(SystemExit) as exit_info:
        main()
    out, err = capsys.readouterr()
    assert (exit_info.value.code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("mmm-bayes: error: ")
    assert "column 'serch' (did you mean 'search'?) not found" in line


@pytest.mark.parametrize("arguments", [["check"], ["chekc"], ["check", "--nope", "x.toml"]])
def test_a_mistyped_command_gives_status_two(arguments):
    process = run("pass", *arguments)
    assert process.returncode == 2
    assert "Traceback" not in process.stderr


def test_a_bug_keeps_its_traceback_and_gives_status_one():
    bug = "import mmm_bayes.data as d; d.load = d.profile = d.show = lambda path: 1 / 0"
    process = run(bug, "check", "x.toml")
    assert process.returncode == 1
    assert "ZeroDivisionError" in process.stderr


def test_help_imports_nothing_heavy():
    heavy = {"pandas", "xarray", "pymc", "scipy", "matplotlib", "rich", "pydantic"}
    at_exit = f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    process = run(f"import atexit, sys; atexit.register(lambda: {at_exit})", "--help")
    assert process.returncode == 0
    assert "check" in process.stdout
    assert process.stderr == "[]\n"
