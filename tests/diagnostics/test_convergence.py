import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics.convergence import convergence_checks

CHANNELS = ["tv", "tiktok"]


def tree_of(*, chains=4, draws=500, beta=None, diverging=0, energy=None, deepest=0, prior=None):
    rng = np.random.default_rng(1)
    beta = rng.standard_normal((chains, draws, 2)) if beta is None else beta
    flags = np.zeros(chains * draws, dtype=bool)
    flags[:diverging] = True
    deep = np.zeros(chains * draws, dtype=bool)
    deep[:deepest] = True
    sample = ("chain", "draw")
    coords = {"channel": CHANNELS}
    path = rng.standard_normal((chains, 1, 1)) * np.ones((chains, draws, 3))  # never mixes
    groups = {
        "posterior": xr.Dataset(
            {
                "beta": ((*sample, "channel"), beta),
                "sigma": (sample, rng.gamma(3, size=(chains, draws))),
                "outcome_location": ((*sample, "time"), path),
                "ceiling_mean": (sample, np.ones((chains, draws))),
            },
            coords,
        ),
        "sample_stats": xr.Dataset(
            {
                "diverging": (sample, flags.reshape(chains, draws)),
                "energy": (
                    sample,
                    rng.standard_normal((chains, draws)) if energy is None else energy,
                ),
                "maxdepth_reached": (sample, deep.reshape(chains, draws)),
            }
        ),
    }
    if prior is not None:
        groups["prior"] = xr.Dataset({"beta": ((*sample, "channel"), prior)}, coords)
    return xr.DataTree.from_dict(groups)


def by_name(tree):
    return {check.name: check for check in convergence_checks(tree)}


def test_independent_chains_pass_whatever_paths_and_constants_do():
    checks = by_name(tree_of())
    assert set(checks) == {"rhat", "ess_bulk", "ess_tail", "divergences", "bfmi", "tree_depth"}
    assert {check.status for check in checks.values()} == {"pass"}
    assert {check.group for check in checks.values()} == {"convergence"}


def test_a_chain_in_another_place_fails_and_names_the_parameter():
    beta = np.random.default_rng(2).standard_normal((4, 500, 2))
    beta[3, :, 1] += 3
    checks = by_name(tree_of(beta=beta))
    assert checks["rhat"].status == "fail"
    assert "beta[tiktok]" in checks["rhat"].message
    assert checks["ess_bulk"].status == "fail"


def test_a_chain_that_never_moves_fails_and_names_the_parameter():
    beta = np.random.default_rng(3).standard_normal((4, 500, 2))
    beta[0, :, 0] = 0.1
    checks = by_name(tree_of(beta=beta))
    assert checks["rhat"].status == "fail"
    assert "beta[tv]" in checks["rhat"].message


def test_an_effect_that_the_model_rules_out_is_no_trouble():
    """Full mediation has the direct effects of some channels at 0, those of others unknown."""
    rng = np.random.default_rng(5)
    beta, prior = rng.standard_normal((4, 500, 2)), rng.standard_normal((1, 50, 2))
    beta[..., 0] = prior[..., 0] = 0.0
    checks = by_name(tree_of(beta=beta, prior=prior))
    assert {check.status for check in checks.values()} == {"pass"}
    assert np.isfinite(checks["rhat"].value)


def test_a_parameter_stuck_in_every_chain_fails_if_its_prior_moves():
    rng = np.random.default_rng(4)
    beta = rng.standard_normal((4, 500, 2))
    beta[..., 1] = 0.5
    checks = by_name(tree_of(beta=beta, prior=rng.standard_normal((1, 50, 2))))
    assert checks["rhat"].status == "fail"
    assert "beta[tiktok]" in checks["rhat"].message


def test_draws_that_are_not_numbers_fail():
    beta = np.random.default_rng(5).standard_normal((4, 500, 2))
    beta[2, 7, 0] = np.nan
    assert by_name(tree_of(beta=beta))["rhat"].status == "fail"


def test_autocorrelated_draws_have_few_effective_ones():
    rng = np.random.default_rng(6)
    noise = rng.standard_normal((4, 500, 2))
    beta = noise.copy()
    for t in range(1, 500):  # an AR(1) of 0.9: about 2000 * 0.1 / 1.9 = 105 effective draws
        beta[:, t] = 0.9 * beta[:, t - 1] + noise[:, t]
    check = by_name(tree_of(beta=beta))["ess_bulk"]
    assert check.status == "fail"
    assert 50 < check.value < 220


@pytest.mark.parametrize("number, status", [(0, "pass"), (1, "warn"), (20, "warn"), (21, "fail")])
def test_divergences(number, status):  # of 2000 draws
    check = by_name(tree_of(diverging=number))["divergences"]
    assert (check.status, check.value) == (status, number)


def test_a_slow_walk_of_the_energy_warns():
    # Of a random walk, the changes have variance 1 and the values far more.
    walk = np.random.default_rng(7).standard_normal((4, 500)).cumsum(axis=1)
    check = by_name(tree_of(energy=walk))["bfmi"]
    assert check.status == "warn"
    brute = min((np.diff(chain) ** 2).mean() / chain.var() for chain in walk)
    assert check.value == pytest.approx(brute, rel=0.05)


@pytest.mark.parametrize("number, status", [(20, "pass"), (21, "warn")])
def test_deepest_trajectories(number, status):
    assert by_name(tree_of(deepest=number))["tree_depth"].status == status


def test_one_chain_cannot_be_compared():
    check = by_name(tree_of(chains=1, draws=2000))["rhat"]
    assert (check.status, check.value) == ("warn", None)
    assert "only one chain" in check.message


@pytest.mark.parametrize("worst, shown", [(1.0103, "1.011"), (1.2, "1.200"), (np.inf, "inf")])
def test_an_rhat_that_fails_is_shown_above_its_threshold(monkeypatch, worst, shown):
    tree = tree_of()
    monkeypatch.setattr(
        "mmm_bayes.diagnostics.convergence.azs.rhat",
        lambda draws: draws.max(("chain", "draw")) * 0 + worst,
    )
    (check,) = (check for check in convergence_checks(tree) if check.name == "rhat")
    assert check.status == "fail"
    assert f"(R-hat {shown}, above 1.01)" in check.message
