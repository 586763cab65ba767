"""Returns of a channel without spend in all units of a panel, or in one of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from builds import CHANNELS, Built, with_column

from mmm_bayes.data.design import arrange
from mmm_bayes.estimands import channel_effects, estimand_table
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.counterfactual import abduct


def without_tv(built: Built, units: list[int]) -> Built:
    """The same draws with a table in which some units never use television."""
    data = built.design.dataset
    spend = data.data["spend"].values.copy()
    spend[:, units, CHANNELS.index("tv")] = 0.0
    changed = with_column(with_column(data, "spend", spend), "exposure", spend)
    changed = with_column(changed, "exposure", np.where(spend == 0, 0.0, data.data["exposure"]))
    design = arrange(changed, built.design.form, built.design.scaling)
    draws = compute_deterministics(CompiledModel(built.model, None, 0.0), design, built.free)
    return replace(built, design=design, draws=draws)


def test_no_spend_no_return(build: Callable[..., Built]) -> None:
    built = without_tv(build("partial_mediation"), [0])
    # What earlier, unknown weeks carried in is not the table's spend: take it away too.
    lags = built.design.arrays["exposure_lags"].copy()
    lags[:, :, CHANNELS.index("tv")] = 0.0
    design = replace(built.design, arrays=built.design.arrays.assign(exposure_lags=lags))
    draws = compute_deterministics(CompiledModel(built.model, None, 0.0), design, built.free)
    rows = estimand_table(channel_effects(abduct(built.model, design, draws)).draws)
    tv = rows[rows["channel"] == "tv"].set_index("estimand")
    assert set(tv.index) == {"total", "direct", "indirect", "contribution_share"}
    assert (tv.loc[["total", "direct", "indirect"], ["mean", "lower", "upper"]] == 0).all(axis=None)
    others = rows[rows["channel"] != "tv"]
    assert (others.groupby("channel").size() == 6).all()


def test_returns_with_one_unit_without_spend(build: Callable[..., Built]) -> None:
    built = without_tv(build("no_mediation", link="log", units=2), [1])
    effects = channel_effects(abduct(built.model, built.design, built.draws)).draws
    rows = estimand_table(effects)
    tv = rows[(rows["channel"] == "tv") & (rows["estimand"] == "roas")]
    assert list(tv["unit"]) == ["r0", "all"]
    spend = built.design.dataset.data["spend"].sel(channel="tv").values.sum()
    total = effects["total"].sel(unit="all", channel="tv")
    np.testing.assert_allclose(effects["roas"].sel(unit="all", channel="tv"), total / spend)
