"""Bad input to optimize gives one sentence, exit status 2, and no file."""

import sys

import pytest

from mmm_bayes.cli import main


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["absent"], "not a finished run"),
        (
            ["absent", "--mediator", "both"],
            "'--mediator': 'both' is not one of 'planner', 'caused'",
        ),
        (
            ["absent", "--objective", "median"],
            "'--objective': 'median' is not one of 'mean', 'quantile', 'cvar'",
        ),
        (["absent", "--lower", "tv=low"], "'low' is not a number"),
        (["absent", "--upper", "tv="], "'' is not a number"),
        (["absent", "--upper", "tv=much/step"], "'much' is not a number"),
        (["absent", "--upper", "tv=2000/step"], "not a finished run"),
    ],
)
def test_bad_input_gives_one_sentence(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", "optimize", *arguments])
    with pytest.raises(SystemExit) as exit_info:
        main()
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("mmm-bayes: error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not list(tmp_path.iterdir())
