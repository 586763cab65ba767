import json

import numpy as np
import pytest

from mmm_bayes.diagnostics import Check, verdict
from mmm_bayes.diagnostics.check import verdict_line, verdict_record


def check(status, message="", value=1.0):
    return Check("convergence", "rhat", value, 1.01, status, message)


@pytest.mark.parametrize(
    "statuses, worst",
    [
        ([], "pass"),
        (["pass", "pass"], "pass"),
        (["pass", "warn"], "warn"),
        (["warn", "fail", "pass"], "fail"),
    ],
)
def test_the_verdict_is_the_worst_status(statuses, worst):
    assert verdict([check(status) for status in statuses])[0] == worst


def test_reasons_come_worst_first_and_keep_their_order():
    checks = [
        check("warn", "w1"), check("pass", "p"), check("fail", "f1"),
        check("warn", "w2"), check("fail", "f2"),
    ]  # fmt: skip
    assert verdict(checks)[1] == ("f1", "f2", "w1", "w2")


@pytest.mark.parametrize(
    "diagnostics, line",
    [
        (
            {"verdict": "pass", "reasons": []},
            "verdict pass: the checks of the fit found no problem",
        ),
        (
            {"verdict": "fail", "reasons": ["R-hat is 2.", "And more."]},
            "verdict fail: the checks of the fit failed, so the numbers must not be used for "
            "decisions. R-hat is 2.",
        ),
        (
            {},
            "verdict fail: the checks of the fit failed, so the numbers must not be used for "
            "decisions. The run has not been checked: it has no verdict.",
        ),
    ],
)
def test_a_verdict_in_one_line(diagnostics, line):
    assert verdict_line(verdict_record(diagnostics)) == line


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None])
def test_what_json_cannot_hold_is_null(value):
    assert (
        json.loads(json.dumps(check("warn", value=value).to_dict(), allow_nan=False))["value"]
        is None
    )
