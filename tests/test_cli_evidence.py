"""Bad input to compare, calibrate and sensitivity: one sentence, status 2, nothing written."""

import sys
from pathlib import Path

import pytest

from mmm_bayes.cli import main


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["compare", "one"], "two"),
        (["compare", "one", "other", "--out", "."], "never overwritten"),
        (["compare", "one", "other"], "not a finished run"),
        (["calibrate", "direct", "--simulations", "3"], "--simulations 3"),
        (["calibrate", "nothing"], "'nothing'"),
        (["calibrate", "direct", "--truth", "other"], "--truth 'other'"),
        (["calibrate", "direct", "--data", "absent.toml"], "absent.toml"),
        (["sensitivity", "one"], "not a finished run"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("mmm-bayes: error: ")
    assert told.count("\n") == 1
    assert says in told
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
