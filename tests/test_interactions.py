"""Interactions as arrays and as a term, against sums over weeks written out."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytest
from builds import CHANNELS, OWNED, WEEKS, dataset, draws_of
from pytensor.compile.mode import Mode
from scipy import stats

from mmm_bayes.dataset import Dataset
from mmm_bayes.design import Form, arrange, data_names, design
from mmm_bayes.errors import InputError
from mmm_bayes.evaluation import evaluation, flat, parameters
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, follow
from mmm_bayes.sensitivity.placebo import placebo_design
from mmm_bayes.terms.priors import refuse_ignored, refuse_unknown, used

PLAIN = Mode(linker="py", optimizer="fast_compile")
FORM = Form("identity", "normal", "normal", 4)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("table"), units=2, **OWNED)


def by_hand(data: Dataset, name: str, unit: int, train: range) -> list[float]:
    """A covariate less its mean over the training weeks in this unit, all weeks."""
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
    arranged = design(data, FORM, weeks)
    later = arrange(data, FORM, arranged.scaling)
    assert arranged.scaling.columns[-1] == "promotion_at_price"
    columns = later.arrays["covariates"].values @ np.linalg.inv(arranged.scaling.unmix)
    products = [
        [p * q for p, q in zip(by_hand(data, "price", unit, train),
                               by_hand(data, "promotion", unit, train), strict=True)]
        for unit in range(2)
    ]  # fmt: skip
    means = [sum(product[week] for week in train) / len(train) for product in products]
    away = [[x - mean for x in p] for p, mean in zip(products, means, strict=True)]
    spread = math.sqrt(np.mean([one[week] ** 2 for one in away for week in train]))
    np.testing.assert_allclose(columns[..., -1], np.array(away).T / spread, atol=1e-9)


@pytest.mark.parametrize("weeks", [slice(0, WEEKS), slice(4, 24)])
def test_what_changes_a_channel_is_in_standard_deviations_of_the_fitted_weeks(
    data: Dataset, weeks: slice
) -> None:
    train = range(weeks.start, weeks.stop)
    arranged = design(data, FORM, weeks)
    later = arrange(data, FORM, arranged.scaling).arrays
    for place, name in enumerate(("promotion", "price", "sin", "cos")):
        away = [by_hand(data, name, unit, train) for unit in range(2)]
        spread = math.sqrt(np.mean([one[week] ** 2 for one in away for week in train]))
        expected = np.array(away).T / spread
        np.testing.assert_allclose(later["modulators"][..., place], expected, atol=1e-9)
        np.testing.assert_allclose(
            arranged.arrays["modulators"][..., place], expected[weeks], atol=1e-9
        )
    assert list(later["modulation"].values) == [
        "tv_at_promotion", "social_at_price",
        "social_by_season: season_sin_1", "social_by_season: season_cos_1",
    ]  # fmt: skip
    changed = {CHANNELS[at] for at in np.flatnonzero(later["modulated"].values[0])}
    assert changed == {"tv"}
    assert (later["modulated"].values[1:].sum(0) == [3, 0, 0, 0]).all()


def test_beta_stays_the_mean_contribution(data: Dataset) -> None:
    """The sum over weeks and units of what each channel adds, by a loop, is beta's."""
    arranged = design(data, FORM)
    model = member("direct").build(arranged)
    free = draws_of(model)
    draws = follow(Compiled(model, None, 0.0), arranged, free)
    mean = (draws["outcome_mean"].values / arranged.scaling.outcome).mean((2, 3))
    np.testing.assert_allclose(mean, free["intercept"].values.mean(-1), rtol=1e-7)
    without = evaluation(model, given=parameters(model), wanted=["outcome_mean"])
    for at in range(4):
        arrays = {name: arranged.arrays[name].values for name in data_names(arranged)}
        lags = arrays["exposure_lags"].copy()
        lags[:, :, at] = 0.0
        none = without.labelled(draws, arrays | {"exposure_lags": lags})["outcome_mean"]
        added = ((draws["outcome_mean"] - none).values / arranged.scaling.outcome).mean((2, 3))
        np.testing.assert_allclose(added, free["beta"].values[..., at], rtol=1e-6)


def test_weeks_that_were_not_fitted_have_their_own_levels(data: Dataset) -> None:
    """A later week is changed by its own promotion, in the training's units."""
    arranged = design(data, FORM, slice(0, 22))
    model = member("direct").build(arranged)
    draws = follow(Compiled(model, None, 0.0), arranged, draws_of(model))
    later = arrange(data, FORM, arranged.scaling, slice(22, WEEKS))
    arrays = {name: later.arrays[name].values for name in data_names(later)}
    function = evaluation(model, given=parameters(model), wanted=["outcome_mean"])
    lags = arrays["exposure_lags"].copy()
    lags[:, :, 3] = 0.0
    added = flat(function.labelled(draws, arrays)["outcome_mean"]) - flat(
        function.labelled(draws, arrays | {"exposure_lags": lags})["outcome_mean"]
    )
    spots = data.data["exposure"].values[..., 3]
    for unit in range(2):
        away = by_hand(data, "promotion", unit, range(22))
        both = [by_hand(data, "promotion", u, range(22))[:22] for u in range(2)]
        spread = math.sqrt(np.mean(np.square(both)))
        active = np.mean([x for x in spots[:22, unit] if x > 0])
        for draw in range(4):
            one = {name: flat(values)[draw] for name, values in draws.items()}
            alpha, kappa, slope = (
                float(one[name][3])
                for name in ("adstock_alpha", "saturation_kappa", "saturation_slope")
            )
            for week in range(22, WEEKS):
                weights = [alpha**lag for lag in range(4)]
                stock = sum(
                    weight * spots[week - lag, unit] / active for lag, weight in enumerate(weights)
                ) / sum(weights)
                response = stock**slope / (kappa**slope + stock**slope) if stock > 0 else 0.0
                factor = math.exp(one["modulation_effect"][0] * away[week] / spread)
                expected = arranged.scaling.outcome[unit] * one["ceiling"][3] * response * factor
                assert added[draw, week - 22, unit] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["direct", "full_mediation", "partial_mediation", "panel"])
def test_every_member_has_them(data: Dataset, name: str) -> None:
    arranged = design(data, FORM)
    model = member(name).build(arranged)
    refuse_unknown(arranged, model)
    refuse_ignored(arranged, model)
    assert tuple(model.named_vars_to_dims["modulation_effect"]) == ("modulation",)
    value = np.array([0.1, -0.2, 0.3, 0.05])
    # Two Fourier columns share the variance of one interaction.
    scale = np.array([0.3, 0.3, 0.3 / math.sqrt(2), 0.3 / math.sqrt(2)])
    np.testing.assert_allclose(
        pm.logp(model["modulation_effect"], value).eval(mode=PLAIN),
        stats.norm.logpdf(value, 0, scale),
        rtol=1e-10,
    )
    assert used(arranged, model)["modulation_effect"] == (
        "Normal", {"mu": 0.0, "sigma": scale.tolist()}
    )  # fmt: skip


def test_its_prior_can_be_overridden(tmp_path: Path) -> None:
    told: dict[str, Any] = {"modulation_effect": {"dist": "Normal", "mu": 0.1, "sigma": 0.05}}
    arranged = design(dataset(tmp_path, priors=told, **OWNED), FORM)
    model = member("direct").build(arranged)
    value = np.array([0.1, -0.2, 0.3, 0.05])
    np.testing.assert_allclose(
        pm.logp(model["modulation_effect"], value).eval(mode=PLAIN),
        stats.norm.logpdf(value, 0.1, 0.05),
        rtol=1e-10,
    )


def test_a_model_that_leaves_them_out_is_refused(data: Dataset, tmp_path: Path) -> None:
    source = member("direct").source
    assert " * terms.modulation(design)" in source
    path = tmp_path / "without.py"
    path.write_text(source.replace(" * terms.modulation(design)", ""), encoding="utf-8")
    arranged = design(data, FORM)
    with pytest.raises(
        InputError,
        match=r"\[interactions\] tv_at_promotion, social_at_price, social_by_season changes a "
        r"channel, which this model does not have; multiply .* by terms.modulation\(design\)",
    ):
        refuse_ignored(arranged, member(str(path)).build(arranged))


def test_without_interactions_the_media_are_what_they_were(tmp_path: Path) -> None:
    arranged = design(dataset(tmp_path), FORM)
    model = member("direct").build(arranged)
    assert "modulation_effect" not in model.named_vars
    assert not {"modulators", "modulated"} & {node.name for node in model.data_vars}
    assert "modulation" not in model.coords


def test_a_placebo_of_an_owned_channel_costs_nothing(data: Dataset) -> None:
    real = design(data, FORM)
    for channel, paid in (("tv", False), ("social", True)):
        made = placebo_design(real, channel, 8)
        assert ("placebo" in made.dataset.paid) is paid
        moved = np.roll(data.data["exposure"].sel(channel=channel).values, 8, axis=0)
        np.testing.assert_array_equal(made.dataset.data["exposure"].sel(channel="placebo"), moved)
        assert made.arrays["modulated"].shape == (4, 5)
        assert (made.arrays["modulated"].values[:, 4] == 0).all()
        member("partial_mediation").build(made)
