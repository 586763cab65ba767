"""Commands that judge a fit: bad input gives one sentence, status 2 and no file; the verdict."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmm_bayes.cli import main


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["compare", "one"], "two"),
        (["compare", "one", "other", "--out", "."], "never overwritten"),
        (["compare", "one", "other"], "not a finished run"),
        (["calibrate", "no_mediation", "--simulations", "3"], "--simulations 3"),
        (["calibrate", "nothing"], "'nothing'"),
        (["calibrate", "no_mediation", "--truth", "other"], "--truth 'other'"),
        (["calibrate", "no_mediation", "--data", "absent.toml"], "absent.toml"),
        (["sensitivity", "one"], "not a finished run"),
    ],
)
def test_bad_input_gives_one_sentence(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", *arguments])
    with pytest.raises(SystemExit) as exit_info:
        main()
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("mmm-bayes: error: ")
    assert error.count("\n") == 1
    assert message in error
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("command", ["demo", "sensitivity"])
def test_the_verdict_is_printed_with_the_result(
    command: str,
    panel_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is fitted is made up; the command's own lines are real."""
    folder = tmp_path / "run"
    shutil.copytree(panel_run, folder)

    def run_demo(out: Path, say: Callable[[str], None]) -> Path:
        return out.rename(tmp_path / "elsewhere") / "report.html"

    def analyse(run: Path, **_: object) -> None:
        """As with placebos that were found to have effects."""
        path = run / "diagnostics.json"
        diagnostics = json.loads(path.read_text("utf-8"))
        diagnostics["reasons"].insert(0, "Two of five placebos have an effect.")
        path.write_text(json.dumps(diagnostics), encoding="utf-8")

    monkeypatch.setattr("mmm_bayes.demo.run_demo", run_demo)
    monkeypatch.setattr("mmm_bayes.sensitivity.job.analyse_sensitivity", analyse)
    arguments = ["demo", "--out", str(folder)] if command == "demo" else [command, str(folder)]
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", *arguments])
    with pytest.raises(SystemExit, match="0"):
        main()
    *_, last = capsys.readouterr().err.splitlines()
    reason = {
        "demo": "Two channels move together.",
        "sensitivity": "Two of five placebos have an effect.",
    }
    assert last == (
        "verdict fail: the checks of the fit failed, so the numbers must not be used for "
        f"decisions. {reason[command]}"
    )
