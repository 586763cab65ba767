import numpy as np
import pytest
from conjugate import arrange, fit, regressors

from mmm_bayes.diagnostics.residuals import residual_checks, standardised_residuals


def tree_of(noise, *, level=100.0, attrs=None):
    """A tree whose fitted curve is exactly known, so that the residuals are the noise."""
    weeks = len(noise)
    curve = level + np.linspace(-20, 20, weeks)
    mean = np.broadcast_to(curve, (2, 50, weeks))
    return arrange(curve + noise, mean, mean, attrs=attrs)


def status(tree):
    return {check.name: check.status for check in residual_checks(tree)}


def test_independent_normal_residuals_pass():
    warned = 0
    for seed in range(50):
        found = status(tree_of(np.random.default_rng(seed).normal(size=104)))
        assert set(found) == {"ljung_box", "breusch_pagan", "shapiro_wilk"}
        warned += "warn" in found.values()
    assert warned <= 5  # nominally 1.5 of 50


def test_each_fault_is_named_and_never_more_than_a_warning():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=156)
    walk = noise.copy()
    for t in range(1, 156):
        walk[t] += 0.6 * walk[t - 1]
    assert status(tree_of(walk))["ljung_box"] == "warn"
    assert status(tree_of(noise * np.linspace(0.2, 3, 156)))["breusch_pagan"] == "warn"
    assert status(tree_of(rng.standard_t(2, 156)))["shapiro_wilk"] == "warn"
    assert "shapiro_wilk" not in status(tree_of(walk, attrs={"likelihood": "student_t"}))


def test_memory_that_was_not_asked_for_is_a_warning():
    tree = tree_of(np.random.default_rng(1).normal(size=104))
    assert "memory" not in status(tree)
    tree.attrs["errors_reason"] = "independent disturbances leave something"
    found = {check.name: check for check in residual_checks(tree)}
    assert found["memory"].status == "warn"
    assert found["memory"].message.startswith("Independent disturbances leave something; in this ")
    assert {"ljung_box", "breusch_pagan"} <= set(found)


def test_residuals_are_differences_of_logarithms_under_the_log_link():
    rng = np.random.default_rng(2)
    x = regressors(80, 5)
    y = np.exp(x @ np.full(5, 0.3) + 0.2 * rng.normal(size=80))
    tree = fit(y, x, rng, link="log")
    found = standardised_residuals(tree)
    expected = np.log(y) - np.log(tree["posterior"]["outcome_location"].values[..., 0]).mean((0, 1))
    np.testing.assert_allclose(
        found["residual"].values[:, 0], expected / np.sqrt(np.mean(expected**2))
    )


def test_acf_is_its_definition():
    noise = np.random.default_rng(3).normal(size=60)
    found = standardised_residuals(tree_of(noise))
    r = found["residual"].values[:, 0]
    r = r - r.mean()
    for lag in (0, 1, 5):
        brute = sum(r[t] * r[t + lag] for t in range(60 - lag)) / sum(r**2)
        assert found["acf"].values[lag, 0] == pytest.approx(brute)


def test_too_few_weeks_are_not_tested():
    assert residual_checks(tree_of(np.random.default_rng(4).normal(size=8))) == []
