"""Power scaling against a normal model whose scaled posterior is known."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from mmm_bayes.diagnostics.sensitivity import of_the_prior, says, sensitivity, to_list

CHANNELS = ["tv", "tiktok"]
WEEKS = 20
PRIOR_SD = np.array([2.0, 0.1])  # vague, and far stronger than the data
MEAN = np.array([0.3, -0.2])  # of the data
SAMPLE = ("chain", "draw")


def posterior(prior_power=1.0, data_power=1.0):
    """Mean and sd of theta | y for theta ~ N(0, PRIOR_SD), y ~ N(theta, 1), each to a power."""
    precision = prior_power / PRIOR_SD**2 + data_power * WEEKS
    return data_power * WEEKS * MEAN / precision, precision**-0.5


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(1)
    mean, sd = posterior()
    theta = mean + sd * rng.standard_normal((4, 2000, 2))
    noise = rng.standard_normal((WEEKS, 2))
    y = MEAN + noise - noise.mean(0)
    coords = {"channel": CHANNELS}
    dims = (*SAMPLE, "channel")
    zero = np.zeros_like(theta)
    effects = {"total": theta, "direct": theta, "indirect": zero, "roas": theta * [1.0, np.nan]}
    tree = xr.DataTree.from_dict(
        {
            "log_prior": xr.Dataset(
                {
                    "beta": (dims, stats.norm.logpdf(theta, 0, PRIOR_SD)),
                    # A prior that is not the media's: power-scaling it would change everything.
                    "intercept": ((*SAMPLE, "unit"), 50 * theta[..., :1]),
                },
                coords,
            ),
            "log_likelihood": xr.Dataset(
                {
                    name: (
                        (*SAMPLE, "time", "unit"),
                        stats.norm.logpdf(y[:, at], theta[..., at, None], 1)[..., None],
                    )
                    for at, name in enumerate(("outcome", "mediator"))
                }
            ),
        }
    )
    draws = xr.Dataset(
        {name: ((*SAMPLE, "unit", "channel"), v[:, :, None]) for name, v in effects.items()},
        coords | {"unit": ["all"]},
    )
    return tree, draws, theta


def distance(first, second, edges):
    """Normalised cumulative Jensen-Shannon distance of two normals, over a range."""
    x = np.linspace(*edges, 20_001)
    found = []
    for sign in (1, -1):
        p, q = (stats.norm.cdf(sign * (x - mean) / sd) for mean, sd in (first, second))
        middle = (p + q) / 2
        entropies = p * np.log2(p / middle) + q * np.log2(q / middle)
        found.append(np.sqrt(entropies.sum() / (p + q).sum()))  # the linear parts cancel
    return max(found)


def expected(at, component, theta):
    edges = theta[..., at].min(), theta[..., at].max()
    base = [one[at] for one in posterior()]
    rates = []
    for power in (0.99, 1.01):
        powers = {"prior_power": power} if component == "prior" else {"data_power": power}
        moved = [one[at] for one in posterior(**powers)]
        rates.append(distance(base, moved, edges) / abs(np.log2(power)))
    return np.mean(rates)


@pytest.mark.parametrize("component", ["prior", "likelihood"])
def test_it_is_the_move_of_the_exact_power_scaled_posterior(fit, component):
    tree, draws, theta = fit
    found = sensitivity(tree, draws)["sensitivity"].sel(component=component)
    for at, channel in enumerate(CHANNELS):
        for effect in ("total", "direct"):
            got = float(found.sel(channel=channel, effect=effect))
            assert got == pytest.approx(expected(at, component, theta), rel=0.15, abs=0.004)


def test_a_normal_that_the_data_decide_moves_with_them_at_about_a_tenth(fit):
    """Where the rule's 0.05 stands: half of it."""
    tree, draws, _ = fit
    value = sensitivity(tree, draws)["sensitivity"].sel(
        component="likelihood", channel="tv", effect="total"
    )
    assert float(value) == pytest.approx(0.1, abs=0.03)


def test_only_what_varies_has_a_sensitivity(fit):
    tree, draws, _ = fit
    found = sensitivity(tree, draws)["sensitivity"]
    assert found.sel(effect="indirect").isnull().all()
    assert found.sel(effect="roas").isnull().values.tolist() == [[False, True]] * 2
    records = to_list(sensitivity(tree, draws))
    assert {(one["channel"], one["estimand"]) for one in records} == {
        ("tv", "total"), ("tv", "direct"), ("tv", "roas"),
        ("tiktok", "total"), ("tiktok", "direct"),
    }  # fmt: skip


def test_the_strong_prior_is_named_and_the_vague_one_is_not(fit):
    tree, draws, _ = fit
    found = sensitivity(tree, draws)
    driven = of_the_prior(found).sel(effect="total")
    assert driven.values.tolist() == [False, True]
    assert says(found, "tv") == ()
    (sentence,) = says(found, "tiktok")
    assert sentence.startswith("What is said of tiktok's total effect (sensitivity 0.1")
    assert "leans on the prior more than on the data" in sentence
    assert "direct" not in sentence


def table(prior, data):
    """Sensitivities of one channel's total, direct and indirect effect."""
    values = np.array([prior, data])[:, :, None]
    return xr.Dataset(
        {"sensitivity": (("component", "effect", "channel"), values)},
        {"component": ["prior", "likelihood"], "effect": ["total", "direct", "indirect"],
         "channel": ["tv"]},
    )  # fmt: skip


def test_the_rule():
    found = table([0.10, 0.04, 0.02], [0.12, 0.06, 0.03])
    assert of_the_prior(found).values[:, 0].tolist() == [False, False, True]
    assert says(found, "tv") == (
        "The data hardly speak of tv's indirect effect (sensitivity 0.02 to the prior, 0.03 to the "
        "data).",
    )
    found = table([0.10, 0.09, 0.20], [0.08, 0.04, 0.04])
    assert of_the_prior(found).values[:, 0].tolist() == [True, True, True]
    (sentence,) = says(found, "tv")
    assert sentence.startswith(
        "What is said of tv's total effect (sensitivity 0.10 to the prior, 0.08 to the data), "
        "direct effect (0.09, 0.04) and indirect effect (0.20, 0.04) leans on the prior"
    )


@pytest.mark.parametrize("bad", [-np.inf, np.nan])
def test_a_density_that_is_not_finite_leaves_nothing_to_weigh(fit, bad):
    tree, draws, _ = fit
    tree = tree.copy(deep=True)
    tree["log_likelihood"]["outcome"].values[1, 7, 3] = bad
    assert not sensitivity(tree, draws)
    assert to_list(sensitivity(tree, draws)) == []


def test_flat_priors_and_ties_are_no_error(fit):
    tree, draws, _ = fit
    tree = tree.copy(deep=True)
    tree["log_prior"]["beta"].values[:] = -1.5
    tied = draws.copy(deep=True)
    tied["total"].values[:] = np.maximum(tied["total"].values, float(tied["total"].median()))
    found = sensitivity(tree, tied)["sensitivity"].sel(effect="total")
    np.testing.assert_allclose(found.sel(component="prior"), 0, atol=2e-3)
    assert (found.sel(component="likelihood") > 0).all()


def test_without_a_log_prior_nothing_is_said(fit):
    tree, draws, _ = fit
    tree = tree.copy()
    del tree["log_prior"]
    assert not sensitivity(tree, draws)
