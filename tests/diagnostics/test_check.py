import json

import numpy as np
import pytest

from mmm_bayes.diagnostics import Check, verdict


def check(status, says="", value=1.0):
    return Check("convergence", "rhat", value, 1.01, status, says)


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


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None])
def test_what_json_cannot_hold_is_null(value):
    assert (
        json.loads(json.dumps(check("warn", value=value).to_dict(), allow_nan=False))["value"]
        is None
    )
