"""Bad input to optimize: one sentence, status 2, nothing written."""

import sys

import pytest

from mmm_bayes.cli import main


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["absent"], "not a finished run"),
        (["absent", "--mediator", "both"], "--mediator 'both'"),
        (["absent", "--objective", "median"], "--objective 'median'"),
        (["absent", "--lower", "tv=low"], "'low' is not a number"),
        (["absent", "--upper", "tv="], "'' is not a number"),
    ],
)
def test_bad_input_is_told_in_one_sentence(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", "optimize", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("mmm-bayes: error: ")
    assert told.count("\n") == 1
    assert says in told
    assert not list(tmp_path.iterdir())
