import json

import numpy as np
import pytest
import xarray as xr
from conjugate import fit, regressors
from scipy.stats import t as student

from mmm_bayes.diagnostics import (
    diagnose,
    identifiability_statistics,
    leave_one_out,
    power_scaling_sensitivity,
)
from mmm_bayes.diagnostics.loo import loo_checks


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(1)
    x = regressors(130, 8)
    y = 20 + x @ rng.normal(size=8) + rng.normal(size=130)
    return fit(y[:104], x[:104], rng, future=(x[104:], y[104:]), draws=500), x[:104], y[:104]


def test_leave_one_out_is_what_refitting_gives(regression):
    tree, x, y = regression
    brute = 0.0
    for t in range(len(y)):  # exact: a Student-t predictive for the week left out
        rest = np.arange(len(y)) != t
        xr_, yr = x[rest], y[rest]
        inverse = np.linalg.inv(xr_.T @ xr_)
        b = inverse @ xr_.T @ yr
        df = len(yr) - x.shape[1]
        scale = np.sqrt(((yr - xr_ @ b) ** 2).sum() / df * (1 + x[t] @ inverse @ x[t]))
        brute += student.logpdf(y[t], df, x[t] @ b, scale)
    loo = leave_one_out(tree)
    assert loo.elpd == pytest.approx(brute, abs=0.5)
    assert loo.share_unreliable == 0
    assert loo_checks(loo)[0].status == "pass"


def test_a_week_that_determines_the_fit_has_an_unreliable_estimate():
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(40), np.eye(40)[:, :6]])  # six weeks have a coefficient each
    y = 5 + rng.normal(size=40)
    check = loo_checks(leave_one_out(fit(y, x, rng)))[0]
    assert check.status == "warn"
    assert check.value >= 4 / 40  # a tail's shape is itself estimated
    assert "compare models by the holdout" in check.message


def test_no_usable_likelihood_no_leave_one_out(regression):
    tree = regression[0].copy(deep=True)
    tree["log_likelihood"]["outcome"].values[0, 0, 0] = -np.inf
    assert leave_one_out(tree) is None
    assert loo_checks(None) == []


def test_the_record_of_a_good_fit(regression):
    diagnosis = diagnose(regression[0], None, None)
    record = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    assert list(record) == [
        "verdict", "reasons", "checks", "scores", "evidence", "prior_sensitivity",
        "prior_predictive", "identifiability",
    ]  # fmt: skip
    assert record["verdict"] in {"pass", "warn"}
    assert {"group", "name", "value", "threshold", "status", "message"} == set(record["checks"][0])
    names = [(check["group"], check["name"]) for check in record["checks"]]
    assert len(names) == len(set(names))
    assert {group for group, _ in names} == {
        "convergence", "outcome_ppc", "residuals", "holdout", "loo",
    }  # fmt: skip
    assert set(record["scores"]) == {"in_sample", "holdout"}
    assert record["evidence"] == record["prior_sensitivity"] == []
    assert record["prior_predictive"] is None
    assert record["identifiability"] == {
        "pairs": [], "correlations": [], "channels": [], "together": {},
    }  # fmt: skip


def test_warnings_of_the_profile_are_reasons(regression):
    diagnosis = diagnose(regression[0], None, None, ["Half of the weeks are zero."])
    assert diagnosis.verdict == "warn"
    assert diagnosis.reasons[-1] == "Half of the weeks are zero."
    assert diagnosis.checks[-1].group == "data"


def test_failures_come_first_among_the_reasons():
    rng = np.random.default_rng(3)
    x = regressors(104, 6)
    y = np.exp(2 + x[:, 1:] @ np.full(5, 0.5) + 0.3 * rng.normal(size=104))
    tree = fit(y, x, rng)
    beta = tree["posterior"]["beta"].values
    beta[3, :, 2] += 50
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(beta.shape[:2], dtype=bool))})
    tree["sample_stats"] = xr.DataTree(stats)
    diagnosis = diagnose(tree, None, None, ["A remark."])
    assert diagnosis.verdict == "fail"
    assert "The chains disagree on beta[2]" in diagnosis.reasons[0]
    assert diagnosis.reasons[-1] == "A remark."


def test_priors_and_identifiability_are_checked_too(regression):
    """Two channels whose effects trade off, and priors under which they make the whole outcome."""
    tree = regression[0].copy(deep=True)
    rng = np.random.default_rng(4)
    dims = ("chain", "draw", "unit", "channel")
    summed = float(tree["observed_data"]["outcome"].sum())
    tv = summed * rng.normal(0.2, 0.02, (4, 500, 1))
    direct = np.stack([tv, 0.4 * summed - tv], -1)
    coords = {"unit": ["all"], "channel": ["tv", "radio"]}
    draws = xr.Dataset(dict.fromkeys(("total", "direct", "roas"), (dims, direct)), coords)
    draws["indirect"] = xr.zeros_like(draws["direct"])
    prior = draws * 5
    effects = {"draws": draws, "prior": prior.assign(together=prior["direct"].sum("channel"))}
    effects["identifiability"] = identifiability_statistics(tree, None, draws, prior)
    effects["sensitivity"] = power_scaling_sensitivity(tree, draws)  # no log prior: empty
    tree["prior_predictive"] = tree["posterior_predictive"]
    tree.attrs["outcome"] = "sales"
    diagnosis = diagnose(tree, xr.DataTree.from_dict(effects), None)
    record = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    status = {(check["group"], check["name"]): check["status"] for check in record["checks"]}
    assert status[("prior", "level")] == "pass"
    assert status[("prior", "together")] == "warn"
    assert status[("identifiability", "pairs")] == "warn"
    assert record["verdict"] == "warn"
    assert any("The data can't tell tv from radio" in message for message in record["reasons"])
    assert any("makes 200% to 200% of sales" in message for message in record["reasons"])
    assert record["identifiability"]["pairs"][0]["channels"] == ["tv", "radio"]
    assert record["prior_sensitivity"] == []
    assert [channel["prior_driven"] for channel in record["evidence"]] == [False, False]
