"""Power scaling against a normal model whose scaled posterior is known."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from mmm_bayes.diagnostics.sensitivity import (
    is_prior_driven,
    power_scaling_sensitivity,
    sensitivity_messages,
    sensitivity_records,
)

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
                        stats.norm.logpdf(y[:, index], theta[..., index, None], 1)[..., None],
                    )
                    for index, name in enumerate(("outcome", "mediator"))
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
    distances = []
    for sign in (1, -1):
        p, q = (stats.norm.cdf(sign * (x - mean) / sd) for mean, sd in (first, second))
        middle = (p + q) / 2
        entropies = p * np.log2(p / middle) + q * np.log2(q / middle)
        distances.append(np.sqrt(entropies.sum() / (p + q).sum()))  # the linear parts cancel
    return max(distances)


def expected(index, component, theta):
    edges = theta[..., index].min(), theta[..., index].max()
    base = [moment[index] for moment in posterior()]
    rates = []
    for power in (0.99, 1.01):
        powers = {"prior_power": power} if component == "prior" else {"data_power": power}
        scaled = [moment[index] for moment in posterior(**powers)]
        rates.append(distance(base, scaled, edges) / abs(np.log2(power)))
    return np.mean(rates)


@pytest.mark.parametrize("component", ["prior", "likelihood"])
def test_it_is_the_distance_to_the_exact_power_scaled_posterior(fit, component):
    tree, draws, theta = fit
    values = power_scaling_sensitivity(tree, draws)["sensitivity"].sel(component=component)
    for index, channel in enumerate(CHANNELS):
        for effect in ("total", "direct"):
            value = float(values.sel(channel=channel, effect=effect))
            assert value == pytest.approx(expected(index, component, theta), rel=0.15, abs=0.004)


def test_a_normal_quantity_with_a_flat_prior_has_a_sensitivity_of_about_a_tenth(fit):
    """The threshold of 0.05 is half of it."""
    tree, draws, _ = fit
    value = power_scaling_sensitivity(tree, draws)["sensitivity"].sel(
        component="likelihood", channel="tv", effect="total"
    )
    assert float(value) == pytest.approx(0.1, abs=0.03)


def test_only_what_varies_has_a_sensitivity(fit):
    tree, draws, _ = fit
    sensitivities = power_scaling_sensitivity(tree, draws)
    values = sensitivities["sensitivity"]
    assert values.sel(effect="indirect").isnull().all()
    assert values.sel(effect="roas").isnull().values.tolist() == [[False, True]] * 2
    records = sensitivity_records(sensitivities)
    assert {(record["channel"], record["estimand"]) for record in records} == {
        ("tv", "total"), ("tv", "direct"), ("tv", "roas"),
        ("tiktok", "total"), ("tiktok", "direct"),
    }  # fmt: skip


def test_all_media_together_have_a_total(fit):
    """A joint effect that is the first channel's moves with the powers as that channel's does."""
    tree, draws, theta = fit
    together = xr.Dataset(
        {"total": ((*SAMPLE, "unit"), np.stack([np.zeros_like(theta[..., 0]), theta[..., 0]], -1))},
        {"unit": ["north", "all"]},
    )
    sensitivities = power_scaling_sensitivity(tree, draws, together)
    values = sensitivities["sensitivity"]
    assert values["channel"].values.tolist() == [*CHANNELS, "all_media"]
    joint = values.sel(channel="all_media", effect="total")
    for component in ("prior", "likelihood"):
        value = float(joint.sel(component=component))
        assert value == pytest.approx(expected(0, component, theta), rel=0.15, abs=0.004)
    records = sensitivity_records(sensitivities)
    assert records[:-1] == sensitivity_records(power_scaling_sensitivity(tree, draws))
    assert (records[-1]["channel"], records[-1]["estimand"]) == ("all_media", "total")
    assert records[-1]["prior_driven"] is False


def test_the_strong_prior_is_named_and_the_vague_one_is_not(fit):
    tree, draws, _ = fit
    sensitivities = power_scaling_sensitivity(tree, draws)
    driven = is_prior_driven(sensitivities).sel(effect="total")
    assert driven.values.tolist() == [False, True]
    assert sensitivity_messages(sensitivities, "tv") == ()
    (sentence,) = sensitivity_messages(sensitivities, "tiktok")
    assert sentence.startswith("The prior influences tiktok's total effect (sensitivity 0.1")
    assert sentence.endswith("more than the data do.")
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
    sensitivities = table([0.10, 0.04, 0.02], [0.12, 0.06, 0.03])
    assert is_prior_driven(sensitivities).values[:, 0].tolist() == [False, False, True]
    assert sensitivity_messages(sensitivities, "tv") == (
        "The data say little about tv's indirect effect (sensitivity 0.02 to the prior, 0.03 to "
        "the data).",
    )
    sensitivities = table([0.10, 0.09, 0.20], [0.08, 0.04, 0.04])
    assert is_prior_driven(sensitivities).values[:, 0].tolist() == [True, True, True]
    (sentence,) = sensitivity_messages(sensitivities, "tv")
    assert sentence.startswith(
        "The prior influences tv's total effect (sensitivity 0.10 to the prior, 0.08 to the data), "
        "direct effect (0.09, 0.04) and indirect effect (0.20, 0.04) more than the data"
    )


@pytest.mark.parametrize("bad", [-np.inf, np.nan])
def test_without_finite_densities_there_are_no_sensitivities(fit, bad):
    tree, draws, _ = fit
    tree = tree.copy(deep=True)
    tree["log_likelihood"]["outcome"].values[1, 7, 3] = bad
    assert not power_scaling_sensitivity(tree, draws)
    assert sensitivity_records(power_scaling_sensitivity(tree, draws)) == []


def test_flat_priors_and_ties_are_no_error(fit):
    tree, draws, _ = fit
    tree = tree.copy(deep=True)
    tree["log_prior"]["beta"].values[:] = -1.5
    tied = draws.copy(deep=True)
    tied["total"].values[:] = np.maximum(tied["total"].values, float(tied["total"].median()))
    values = power_scaling_sensitivity(tree, tied)["sensitivity"].sel(effect="total")
    np.testing.assert_allclose(values.sel(component="prior"), 0, atol=2e-3)
    assert (values.sel(component="likelihood") > 0).all()


def test_without_a_log_prior_there_are_no_sensitivities(fit):
    tree, draws, _ = fit
    tree = tree.copy()
    del tree["log_prior"]
    assert not power_scaling_sensitivity(tree, draws)
