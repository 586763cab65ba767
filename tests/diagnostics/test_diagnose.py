import json

import numpy as np
import pytest
import xarray as xr
from conjugate import fit, regressors
from scipy.stats import t as student

from mmm_bayes.diagnostics import diagnose, identifiability, leave_one_out, sensitivity
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
    found = leave_one_out(tree)
    assert found.elpd == pytest.approx(brute, abs=0.5)
    assert found.share_unreliable == 0
    assert loo_checks(found)[0].status == "pass"


def test_a_week_that_rules_the_fit_has_an_unreliable_estimate():
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(40), np.eye(40)[:, :6]])  # six weeks have a coefficient each
    y = 5 + rng.normal(size=40)
    check = loo_checks(leave_one_out(fit(y, x, rng)))[0]
    assert check.status == "warn"
    assert check.value >= 4 / 40  # a tail's shape is itself estimated
    assert "compare models by the holdout" in check.says


def test_no_usable_likelihood_no_leave_one_out(regression):
    tree = regression[0].copy(deep=True)
    tree["log_likelihood"]["outcome"].values[0, 0, 0] = -np.inf
    assert leave_one_out(tree) is None
    assert loo_checks(None) == []


def test_the_file_of_a_good_fit(regression):
    found = diagnose(regression[0], None)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert list(told) == [
        "verdict", "reasons", "checks", "scores", "evidence", "prior_sensitivity",
        "prior_predictive", "identifiability",
    ]  # fmt: skip
    assert told["verdict"] in {"pass", "warn"}
    assert {"group", "name", "value", "threshold", "status", "says"} == set(told["checks"][0])
    names = [(check["group"], check["name"]) for check in told["checks"]]
    assert len(names) == len(set(names))
    assert {group for group, _ in names} == {
        "convergence", "outcome_ppc", "residuals", "holdout", "loo",
    }  # fmt: skip
    assert set(told["scores"]) == {"in_sample", "holdout"}
    assert told["evidence"] == told["prior_sensitivity"] == []
    assert told["prior_predictive"] is None
    assert told["identifiability"] == {"pairs": [], "correlations": [], "channels": []}


def test_what_the_table_warned_of_is_a_reason(regression):
    found = diagnose(regression[0], None, ["Half of the weeks are zero."])
    assert found.verdict == "warn"
    assert found.reasons[-1] == "Half of the weeks are zero."
    assert found.checks[-1].group == "data"


def test_a_bad_fit_fails_and_says_so_first():
    rng = np.random.default_rng(3)
    x = regressors(104, 6)
    y = np.exp(2 + x[:, 1:] @ np.full(5, 0.5) + 0.3 * rng.normal(size=104))
    tree = fit(y, x, rng)
    beta = tree["posterior"]["beta"].values
    beta[3, :, 2] += 50
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(beta.shape[:2], dtype=bool))})
    tree["sample_stats"] = xr.DataTree(stats)
    found = diagnose(tree, None, ["A remark."])
    assert found.verdict == "fail"
    assert "The chains disagree on beta[2]" in found.reasons[0]
    assert found.reasons[-1] == "A remark."


def test_what_the_priors_say_and_who_cannot_be_told_apart_are_checks_too(regression):
    """Two channels whose effects trade off, under a prior that expects them to make everything."""
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
    effects["identifiability"] = identifiability(tree, draws, prior)
    effects["sensitivity"] = sensitivity(tree, draws)  # no log prior: nothing is said
    tree["prior_predictive"] = tree["posterior_predictive"]
    tree.attrs["outcome"] = "sales"
    found = diagnose(tree, xr.DataTree.from_dict(effects))
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    status = {(check["group"], check["name"]): check["status"] for check in told["checks"]}
    assert status[("prior", "level")] == "pass"
    assert status[("prior", "together")] == "warn"
    assert status[("identifiability", "pairs")] == "warn"
    assert told["verdict"] == "warn"
    assert any("The data can't tell tv from radio" in says for says in told["reasons"])
    assert any("makes 200% to 200% of sales" in says for says in told["reasons"])
    assert told["identifiability"]["pairs"][0]["channels"] == ["tv", "radio"]
    assert told["prior_sensitivity"] == []
    assert [one["prior_driven"] for one in told["evidence"]] == [False, False]
