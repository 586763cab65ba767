"""The prior of all media together, and its division among channels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from builds import Built, dataset, with_column

from mmm_bayes.data.dataset import Dataset
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.estimands import channel_effects
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics, prior_draws
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member

NUMBER = 4000


def market(channels: int, seed: int = 1) -> Dataset:
    """A table of many channels, of which the first takes half of the money."""
    from mmm_bayes.studies.simulate import as_dataset, simulate

    table = as_dataset(simulate("unmediated", weeks=60, seed=seed))
    rng = np.random.default_rng(seed)
    names = [f"channel_{index}" for index in range(channels)]
    spend = rng.gamma(2.0, 1000.0, (60, 1, channels))
    spend[..., 0] *= channels - 1
    time, unit = (table.data[name] for name in ("time", "unit"))
    dims = ("time", "unit", "channel")
    media = xr.Dataset(
        {"spend": (dims, spend), "exposure": (dims, spend), "designed": (dims, 0 * spend)},
        {"time": time, "unit": unit, "channel": names},
    )
    kept = table.data.drop_dims("channel")
    described = table.description.model_copy(
        update={
            "channels": dict.fromkeys(names, next(iter(table.description.channels.values()))),
            "mediators": {},
            "interactions": {},
        }
    )
    return replace(table, data=kept.merge(media), description=described)


def prior_shares(data: Dataset) -> xr.DataArray:
    """Draws of the prior of ``beta``, shape (draw, channel)."""
    design = make_design(data)
    model = load_member("no_mediation").build(design)
    built = CompiledModel(model, None, 0.0)
    draws = compute_deterministics(built, design, prior_draws(built, NUMBER, 1))
    return draws["beta"].isel(chain=0)


@pytest.mark.parametrize("channels", [3, 25])
def test_the_prior_of_the_sum_does_not_depend_on_the_number_of_channels(channels: int) -> None:
    total = prior_shares(market(channels)).sum("channel")
    # 2% to 70% of four standard deviations of the outcome.
    np.testing.assert_allclose(np.quantile(total, [0.05, 0.95]), [0.020, 0.70], rtol=0.12)


def test_channels_have_the_same_prior_of_the_return_on_their_money() -> None:
    data = market(13)
    money = data.data["spend"].sum(("time", "unit"))
    returns = prior_shares(data) / (money / money.sum())
    typical = np.log(returns).median("draw")
    assert float(typical.max() - typical.min()) < 0.25
    ratio = np.log(returns.isel(channel=1) / returns.isel(channel=2))
    assert float(ratio.std()) == pytest.approx(0.9 * np.sqrt(2), rel=0.05)


def test_a_channel_without_spend_counts_as_an_average_one() -> None:
    data = market(5)
    spend = data.data["spend"].values.copy()
    spend[..., 3] = 0.0
    money = make_design(with_column(data, "spend", spend)).scaling.money
    paid = np.delete(spend.sum((0, 1)), 3)
    assert money[3] / np.delete(money, 3).mean() == pytest.approx(1.0)
    np.testing.assert_allclose(np.delete(money, 3) / money[3], paid / paid.mean())
    assert money.sum() == pytest.approx(1.0)


def shifted(design: Design, constant: float) -> Design:
    values = design.dataset.data["outcome"].values + constant
    return make_design(with_column(design.dataset, "outcome", values), design.form)


@pytest.mark.parametrize("name", ["no_mediation", "partial_mediation", "time_varying", "panel"])
@pytest.mark.parametrize("means", [0.01, 0.0, -3.0])
def test_a_constant_added_to_the_outcome_changes_no_effect_and_no_density(
    build: Callable[..., Built], name: str, means: float
) -> None:
    """The outcome's new mean is this multiple of the old one."""
    built = build(name, units=1 + (name == "panel"))
    mean = built.design.dataset.data["outcome"].values.mean()
    moved = shifted(built.design, (means - 1) * mean)
    model = load_member(name).build(moved)
    draws = compute_deterministics(CompiledModel(model, None, 0.0), moved, built.free)
    before = channel_effects(abduct(built.model, built.design, built.draws))
    after = channel_effects(abduct(model, moved, draws))
    for effect in ("total", "direct", "indirect", "roas", "mroas"):
        scale = float(np.abs(before.draws[effect]).max())
        np.testing.assert_allclose(
            after.draws[effect], before.draws[effect], rtol=1e-6, atol=1e-8 * scale
        )
    np.testing.assert_allclose(after.combined["total"], before.combined["total"], rtol=1e-6)
    point = built.model.initial_point()
    assert _density(model, point) == pytest.approx(_density(built.model, point), rel=1e-9)


def _density(model: pm.Model, point: dict[str, Any]) -> float:
    parts = model.compile_fn(model.logp(sum=False), mode="FAST_COMPILE")(point)
    return sum(float(np.sum(part)) for part in parts)


def test_no_channel_may_have_the_name_of_all_media(tmp_path: Path) -> None:
    from mmm_bayes.errors import InputError

    channels = {"all_media": {"spend": "video_spend"}, "tv": {"spend": "tv_spend"}}
    with pytest.raises(InputError, match="'all_media', which is that of all channels together"):
        dataset(tmp_path, channels=channels, mediators=None)
