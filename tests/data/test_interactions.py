"""Arrays and model term of interactions, against explicit sums over weeks."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytest
from builds import CHANNELS, OWNED, PLAIN, WEEKS, dataset, random_draws
from scipy import stats

from mmm_bayes.data import Dataset
from mmm_bayes.data.design import arrange, data_names, make_design
from mmm_bayes.data.form import Form
from mmm_bayes.errors import InputError
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.evaluation import flatten_draws, graph_function, static_nodes
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.priors import check_interactions, check_overrides, model_priors
from mmm_bayes.sensitivity.placebo import placebo_design

FORM = Form("identity", "normal", "normal", 4)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("table"), units=2, **OWNED)


def by_hand(data: Dataset, name: str, unit: int, train: range) -> list[float]:
    """A covariate in all weeks of a unit, less its mean over the training weeks."""
    if name in ("sin", "cos"):
        days = (data.data["time"].values - np.datetime64("2000-01-01")) / np.timedelta64(1, "D")
        raw = [getattr(math, name)(2 * math.pi * day / 365.25) for day in days]
    else:
        values = data.data["controls"].sel(control=name).values[:, unit]
        raw = [math.log(x) if name == "price" else x for x in values]
    mean = sum(raw[week] for week in train) / len(train)
    return [x - mean for x in raw]


@pytest.mark.parametrize("weeks", [slice(0, WEEKS), slice(4, 24)])
def test_a_product_is_of_deviations_from_the_fitted_weeks_means(
    data: Dataset, weeks: slice
) -> None:
    train = range(weeks.start, weeks.stop)
    arranged = make_design(data, FORM, weeks)
    later = arrange(data, FORM, arranged.scaling)
    assert arranged.scaling.columns[-1] == "promotion_at_price"
    columns = later.arrays["covariates"].values @ np.linalg.inv(arranged.scaling.r_inverse)
    products = [
        [p * q for p, q in zip(by_hand(data, "price", unit, train),
                               by_hand(data, "promotion", unit, train), strict=True)]
        for unit in range(2)
    ]  # fmt: skip
    means = [sum(product[week] for week in train) / len(train) for product in products]
    deviations = [[x - mean for x in p] for p, mean in zip(products, means, strict=True)]
    spread = math.sqrt(np.mean([values[week] ** 2 for values in deviations for week in train]))
    np.testing.assert_allclose(columns[..., -1], np.array(deviations).T / spread, atol=1e-9)


@pytest.mark.parametrize("weeks", [slice(0, WEEKS), slice(4, 24)])
def test_modulators_are_in_standard_deviations_of_the_fitted_weeks(
    data: Dataset, weeks: slice
) -> None:
    train = range(weeks.start, weeks.stop)
    arranged = make_design(data, FORM, weeks)
    later = arrange(data, FORM, arranged.scaling).arrays
    for place, name in enumerate(("promotion", "price", "sin", "cos")):
        deviations = [by_hand(data, name, unit, train) for unit in range(2)]
        spread = math.sqrt(np.mean([values[week] ** 2 for values in deviations for week in train]))
        expected = np.array(deviations).T / spread
        np.testing.assert_allclose(later["modulators"][..., place], expected, atol=1e-9)
        np.testing.assert_allclose(
            arranged.arrays["modulators"][..., place], expected[weeks], atol=1e-9
        )
    assert list(later["modulation"].values) == [
        "tv_at_promotion", "social_at_price",
        "social_by_season: season_sin_1", "social_by_season: season_cos_1",
    ]  # fmt: skip
    changed = {CHANNELS[index] for index in np.flatnonzero(later["modulated"].values[0])}
    assert changed == {"tv"}
    assert (later["modulated"].values[1:].sum(0) == [3, 0, 0, 0]).all()


def test_beta_stays_the_mean_contribution(data: Dataset) -> None:
    """Each channel's mean contribution over weeks and units equals its beta; all have the share."""
    arranged = make_design(data, FORM)
    scaling = arranged.scaling
    model = load_member("no_mediation").build(arranged)
    free = random_draws(model)
    draws = compute_deterministics(CompiledModel(model, None, 0.0), arranged, free)
    location = (draws["outcome_location"].values - scaling.mean) / scaling.outcome
    np.testing.assert_allclose(
        location.mean((2, 3)), free["intercept"].values.mean(-1), rtol=1e-7, atol=1e-12
    )
    added = np.zeros((*location.shape[:2], 4))
    without = graph_function(model, inputs=static_nodes(model), outputs=["outcome_location"])
    for channel in range(4):
        arrays = {name: arranged.arrays[name].values for name in data_names(arranged)}
        lags = arrays["exposure_lags"].copy()
        lags[:, :, channel] = 0.0
        none = without.to_dataset(draws, arrays | {"exposure_lags": lags})["outcome_location"]
        change = (draws["outcome_location"] - none).values / scaling.outcome
        added[..., channel] = change.mean((2, 3))
    np.testing.assert_allclose(added, draws["beta"].values, rtol=1e-6)
    np.testing.assert_allclose(added.sum(-1), draws["media_share"].values, rtol=1e-6)


def test_weeks_that_were_not_fitted_have_their_own_levels(data: Dataset) -> None:
    """A later week is modulated by its own promotion, scaled as in training."""
    arranged = make_design(data, FORM, slice(0, 22))
    model = load_member("no_mediation").build(arranged)
    draws = compute_deterministics(CompiledModel(model, None, 0.0), arranged, random_draws(model))
    later = arrange(data, FORM, arranged.scaling, slice(22, WEEKS))
    arrays = {name: later.arrays[name].values for name in data_names(later)}
    function = graph_function(model, inputs=static_nodes(model), outputs=["outcome_location"])
    lags = arrays["exposure_lags"].copy()
    lags[:, :, 3] = 0.0
    added = flatten_draws(function.to_dataset(draws, arrays)["outcome_location"]) - flatten_draws(
        function.to_dataset(draws, arrays | {"exposure_lags": lags})["outcome_location"]
    )
    spots = data.data["exposure"].values[..., 3]
    for unit in range(2):
        deviations = by_hand(data, "promotion", unit, range(22))
        training = [by_hand(data, "promotion", u, range(22))[:22] for u in range(2)]
        spread = math.sqrt(np.mean(np.square(training)))
        active = np.mean([x for x in spots[:22, unit] if x > 0])
        for draw in range(4):
            sample = {name: flatten_draws(values)[draw] for name, values in draws.items()}
            alpha, kappa, slope = (
                float(sample[name][3])
                for name in ("adstock_alpha", "saturation_kappa", "saturation_slope")
            )
            for week in range(22, WEEKS):
                weights = [alpha**lag for lag in range(4)]
                stock = sum(
                    weight * spots[week - lag, unit] / active for lag, weight in enumerate(weights)
                ) / sum(weights)
                response = stock**slope / (kappa**slope + stock**slope) if stock > 0 else 0.0
                factor = math.exp(sample["modulation_effect"][0] * deviations[week] / spread)
                expected = arranged.scaling.outcome[unit] * sample["ceiling"][3] * response * factor
                assert added[draw, week - 22, unit] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["no_mediation", "full_mediation", "partial_mediation", "panel"])
def test_every_member_has_interactions(data: Dataset, name: str) -> None:
    arranged = make_design(data, FORM)
    model = load_member(name).build(arranged)
    check_overrides(arranged, model)
    check_interactions(arranged, model)
    assert tuple(model.named_vars_to_dims["modulation_effect"]) == ("modulation",)
    value = np.array([0.1, -0.2, 0.3, 0.05])
    # Two Fourier columns share the variance of one interaction.
    scale = np.array([0.3, 0.3, 0.3 / math.sqrt(2), 0.3 / math.sqrt(2)])
    np.testing.assert_allclose(
        pm.logp(model["modulation_effect"], value).eval(mode=PLAIN),
        stats.norm.logpdf(value, 0, scale),
        rtol=1e-10,
    )
    assert model_priors(arranged, model)["modulation_effect"] == (
        "Normal", {"mu": 0.0, "sigma": scale.tolist()}
    )  # fmt: skip


def test_the_prior_of_interactions_can_be_overridden(tmp_path: Path) -> None:
    override: dict[str, Any] = {"modulation_effect": {"dist": "Normal", "mu": 0.1, "sigma": 0.05}}
    arranged = make_design(dataset(tmp_path, priors=override, **OWNED), FORM)
    model = load_member("no_mediation").build(arranged)
    value = np.array([0.1, -0.2, 0.3, 0.05])
    np.testing.assert_allclose(
        pm.logp(model["modulation_effect"], value).eval(mode=PLAIN),
        stats.norm.logpdf(value, 0.1, 0.05),
        rtol=1e-10,
    )


def test_a_model_without_its_interactions_is_refused(data: Dataset, tmp_path: Path) -> None:
    source = load_member("no_mediation").source
    assert " * terms.modulation(design)" in source
    path = tmp_path / "without.py"
    path.write_text(source.replace(" * terms.modulation(design)", ""), encoding="utf-8")
    arranged = make_design(data, FORM)
    with pytest.raises(
        InputError,
        match=r"leaves out \[interactions\] tv_at_promotion, social_at_price, social_by_season, "
        r"which modulate a channel; multiply .* by terms.modulation\(design\)",
    ):
        check_interactions(arranged, load_member(str(path)).build(arranged))


def test_without_interactions_the_model_has_no_modulation(tmp_path: Path) -> None:
    arranged = make_design(dataset(tmp_path), FORM)
    model = load_member("no_mediation").build(arranged)
    assert "modulation_effect" not in model.named_vars
    assert not {"modulators", "modulated"} & {node.name for node in model.data_vars}
    assert "modulation" not in model.coords


def test_a_placebo_of_an_owned_channel_costs_nothing(data: Dataset) -> None:
    real = make_design(data, FORM)
    for channel, paid in (("tv", False), ("social", True)):
        placebo = placebo_design(real, channel, 8)
        assert ("placebo" in placebo.dataset.paid) is paid
        shifted = np.roll(data.data["exposure"].sel(channel=channel).values, 8, axis=0)
        np.testing.assert_array_equal(
            placebo.dataset.data["exposure"].sel(channel="placebo"), shifted
        )
        assert placebo.arrays["modulated"].shape == (4, 5)
        assert (placebo.arrays["modulated"].values[:, 4] == 0).all()
        load_member("partial_mediation").build(placebo)
